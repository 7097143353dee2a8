r"""Unicode mathematics as LaTeX: each construct, and then everything in the headers."""

import re

import pytest

from nofb.explain import header, latex
from nofb.rules import RULES


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("δ_L", r"\delta_{L}"),
        ("δ_{l-1}", r"\delta_{l-1}"),
        ("W_out", r"W_{\text{out}}"),
        ("η_B ΔB_l", r"\eta_{B} \Delta B_{l}"),
        ("2α B", r"2\alpha B"),
        ("W_lᵀ", r"W_{l}^{\top}"),
        ("J⁻¹ J⁺ J† J^†", r"J^{-1} J^{+} J^{\dagger} J^{\dagger}"),
        ("x₁ h^{(k+1)}", r"x_{1} h^{(k+1)}"),
        ("h^(k+1) Lip(r)^k", r"h^{(k+1)} \operatorname{Lip}(r)^{k}"),
        ("f'(a)", "f'(a)"),
        ("½ν", r"\tfrac{1}{2}\nu"),
        ("ŷ h̃ z̄ η̂", r"\hat{y} \tilde{h} \bar{z} \hat{\eta}"),
        ("y\u0302", r"\hat{y}"),
        ("a ∘ b · c", r"a \circ b \cdot c"),
        ("‖δ_l B‖² - ‖x‖", r"\lVert \delta_{l} B\rVert^{2} - \lVert x\rVert"),
        ("|s ξ|", r"\lvert s \xi\rvert"),
        ("√(2 / (n_l + 1)) x", r"\sqrt{2 / (n_{l} + 1)} x"),
        ("½ / √ν", r"\tfrac{1}{2} / \sqrt{\nu}"),
        ("Σ_l ξ_l · g_l", r"\sum_{l} \xi_{l} \cdot g_{l}"),
        ("-∂R/∂B", r"-\partial R/\partial B"),
        ("B ← B", r"B \leftarrow B"),
        ("1 < l < L", r"1 \lt l \lt L"),
        ("ξ ~ N(0, σ²)", r"\xi \sim N(0, \sigma^{2})"),
        ("sign(e) tr(B W)", r"\operatorname{sign}(e) \operatorname{tr}(B W)"),
        ("loss(h̃)", r"\operatorname{loss}(\tilde{h})"),
        ("argmin_x", r"\operatorname{argmin}_{x}"),
        ("for every hidden l", r"\text{for every hidden }l"),
        ("ξ ~ mean 0", r"\xi \sim\text{ mean }0"),
        ("zB", "zB"),
        ("100 %", r"100 \%"),
        ("a ☃", r"a \text{☃}"),
    ],
)  # fmt: skip
def test_each_construct_is_translated_to_latex(text, expected):
    """A construct that is parsed wrongly gives a wrong equation on a page that looks right."""
    assert latex(text) == expected


@pytest.mark.parametrize("name", RULES)
def test_every_equation_of_every_rule_is_translated_completely(name):
    """A sign that is not translated would be a box, or a red error, in the equation."""
    for equation in header(name).equations:
        for text in [equation.text, *([equation.where] if equation.number else [])]:
            written = latex(text)
            assert written.isascii(), (text, written)
            assert written.count("{") == written.count("}")
            assert not re.search(r"[_^](?!\{)", written), (text, written)
            plain = re.sub(r"\\[A-Za-z]+|\{[^{}]*\}", "", written)
            assert not re.search("[A-Za-z]{3,}", plain), (text, written)
