r"""Converts the mathematics of a header from Unicode to LaTeX for KaTeX and MathJax.

The text is read from left to right and split into about a dozen forms: δ_{l-1} is a Greek letter
with an index, W_lᵀ ends in a superscript T, ‖x‖² is a norm with a superscript 2, ŷ a letter with
an accent.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

Writer = Callable[[re.Match[str]], str]

# fmt: off
GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "varepsilon", "ζ": "zeta",
    "η": "eta", "θ": "theta", "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu", "ξ": "xi",
    "π": "pi", "ρ": "rho", "σ": "sigma", "τ": "tau", "φ": "varphi", "χ": "chi", "ψ": "psi",
    "ω": "omega", "Γ": "Gamma", "Δ": "Delta", "Θ": "Theta", "Λ": "Lambda", "Ξ": "Xi", "Π": "Pi",
    "Φ": "Phi", "Ψ": "Psi", "Ω": "Omega",
}
SIGNS = {
    "Σ": "sum", "∑": "sum", "∏": "prod", "∂": "partial", "∇": "nabla", "∞": "infty", "ℓ": "ell",
    "∘": "circ", "⊙": "odot", "·": "cdot", "×": "times", "±": "pm", "∈": "in", "∝": "propto",
    "←": "leftarrow", "→": "to", "≈": "approx", "~": "sim", "≤": "le", "≥": "ge", "≠": "ne",
    "<": "lt", ">": "gt", "...": "dots", "…": "dots",
}
# fmt: on
ACCENTS = {"\u0302": "hat", "\u0303": "tilde", "\u0304": "bar", "\u0307": "dot", "\u030c": "check"}
RAISED = {"T": r"\top", "†": r"\dagger", "−": "-"}
OPERATORS = ("tr", "sign", "diag", "rank", "log", "exp", "min", "max", "cos", "Var", "Cov")


def latex(text: str) -> str:
    r"""Return an equation of a header as LaTeX, without the dollar signs.

    The result is ASCII. Unknown characters stay as they are, as text.

    Examples
    --------
    >>> print(latex("δ_{l-1} = (δ_l B_l) ∘ f'(a_{l-1})"))
    \delta_{l-1} = (\delta_{l} B_{l}) \circ f'(a_{l-1})
    >>> print(latex("ΔW_l = h_{l-1}ᵀ δ_l / N"))
    \Delta W_{l} = h_{l-1}^{\top} \delta_{l} / N
    >>> print(latex("½‖ŷ - y‖²"))
    \tfrac{1}{2}\lVert \hat{y} - y\rVert^{2}
    """
    written, position = "", 0
    while position < len(text):
        found, write = next(
            (found, write) for form, write in FORMS if (found := form.match(text, position))
        )
        part, position = write(found), found.end()
        glued = re.search(r"\\[A-Za-z]+$", written) and part[:1].isalpha()
        written += f" {part}" if glued else part
    return written


def _letter(found: re.Match[str]) -> str:
    """Return a letter with its accents, composed or combining characters."""
    letter, *accents = list(unicodedata.normalize("NFD", found[0]))
    written = rf"\{GREEK[letter]}" if letter in GREEK else letter
    for accent in accents:
        written = rf"\{ACCENTS[accent]}{{{written}}}" if accent in ACCENTS else written + accent
    return written


def _words(found: re.Match[str]) -> str:
    """Return words as text, with their spaces, which mathematics mode drops."""
    return rf"\text{{{found[0]}}}"


def _script(found: re.Match[str]) -> str:
    """Return a marked subscript (_l, _{l-1}) or superscript (^(k))."""
    return f"{found[1]}{{{latex(found[2] or found[3])}}}"


def _small(found: re.Match[str]) -> str:
    """Return superscript and subscript characters: ᵀ, ², ⁻¹, ⁺, ₁."""
    mark = "_" if unicodedata.decomposition(found[1][0]).startswith("<sub>") else "^"
    plain = unicodedata.normalize("NFKC", found[1])
    return f"{mark}{{{''.join(RAISED.get(sign, sign) for sign in plain)}}}"


def _fraction(found: re.Match[str]) -> str:
    above, below = unicodedata.normalize("NFKC", found[0]).split("⁄")
    return rf"\tfrac{{{above}}}{{{below}}}"


def _between(left: str, right: str) -> Writer:
    return lambda found: f"{left}{latex(found[1])}{right}"


def _signs_of(kind: str) -> str:
    """Return all characters that Unicode marks as <super>, <sub> or <fraction>."""
    blocks = map(chr, [*range(0xA0, 0x250), *range(0x1D00, 0x1DC0), *range(0x2070, 0x2160)])
    return "".join(s for s in blocks if unicodedata.decomposition(s).startswith(f"<{kind}>"))


def _nested(depth: int = 3) -> str:
    """Return a pattern for text in brackets, nested up to `depth` times."""
    return f"(?:[^()]|\\({_nested(depth - 1)}\\))*" if depth else "[^()]*"


WORD = "[A-Za-z][a-z]+(?![A-Za-z])"
LETTER = r"[^\W\d_][\u0300-\u036f]*"
INDEX = rf"(?:\{{([^{{}}]*)\}}|(\([^()]*\)|[A-Za-z]+|\d+|{LETTER}))"

FORMS: list[tuple[re.Pattern[str], Writer]] = [
    (re.compile(pattern), write)
    for pattern, write in [
        (rf"\^?([†{_signs_of('super')}]+)", _small),
        (rf"([{_signs_of('sub')}]+)", _small),
        (rf"[{_signs_of('fraction')}]", _fraction),
        (rf"([_^]){INDEX}", _script),
        (r"‖([^‖]*)‖", _between(r"\lVert ", r"\rVert")),
        (r"\|([^|]*)\|", _between(r"\lvert ", r"\rvert")),
        (rf"√\(({_nested()})\)", _between(r"\sqrt{", "}")),
        (rf"√({LETTER}(?:_{INDEX})?|\d+)", _between(r"\sqrt{", "}")),
        (
            rf"(?:{'|'.join(OPERATORS)})\b|{WORD}(?=[(_])",
            lambda found: rf"\operatorname{{{found[0]}}}",
        ),
        (rf" *{WORD}(?![(_])(?: {WORD}(?![(_]))* *", _words),
        ("|".join(map(re.escape, SIGNS)), lambda found: rf"\{SIGNS[found[0]]}"),
        (LETTER, _letter),
        (r"[{}%&#$]", lambda found: rf"\{found[0]}"),
        (r"[ -~]", lambda found: found[0]),
        (r"(?s:.)", _words),
    ]
]
