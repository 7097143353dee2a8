"""A header as data: its question, its papers, its equations and their explanations.

The header is the docstring of the file of a rule, or of a method of transfer. `nofb explain` and
the pages of the site read it here, so their text is always that of the file.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from nofb.explain.subjects import Subject, as_class
from nofb.rules import Rule
from nofb.transfer import Transferred

NUMBERED = re.compile(r" +(?P<text>\S.*?) +\((?P<number>\d+)\)(?: +(?P<remark>\S.*))?")
ALIGNED = re.compile(r"(?<=,) {2,}| {2,}(?=[=←~≈∝] )")
RELATION = re.compile("[=←~≈∝]")
FOLDED = re.compile(r"\n {5,}(?=\S)")  # where an equation continues in the next line
GAP = re.compile(r" {2,}")
LABEL = re.compile(r"(?P<label>[A-Z][^:]*):(?: |$)")


@dataclass(frozen=True)
class Equation:
    """One line of mathematics."""

    number: int | None  # `None` for a line that only defines a symbol in one variant
    text: str  # in Unicode: "δ_L = ŷ - y"
    where: str = ""  # for which layers, or in which variant, it holds: "1 < l < L"
    remark: str = ""  # the text beside it in the header
    phase: str = ""  # its heading: "Mirror mode, without data or error"


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of text in a header."""

    label: str  # "Uses", "Released code", "Why it works" and so on; "" for none
    text: str


@dataclass(frozen=True)
class Header:
    """A rule's header, its equations and paragraphs in order."""

    name: str
    title: str
    summary: str  # the difference to other rules in its file: its class's first line
    subject: str  # "Feedback alignment"
    question: str  # the question in the header's first line
    paper: str
    equations: tuple[Equation, ...]
    paragraphs: tuple[Paragraph, ...]  # "Symbols" among them

    @property
    def numbered(self) -> dict[int, Equation]:
        """The equations that have a number, by this number."""
        return {each.number: each for each in self.equations if each.number is not None}

    @property
    def symbols(self) -> tuple[str, ...]:
        """The meaning of each symbol: "δ_l teaching signal (N, n_l)", ..."""
        return tuple(filter(None, self.says("Symbols").rstrip(".").split("; ")))

    def says(self, label: str) -> str:
        """Return the text of the paragraph with this label; "" if there is none."""
        return next((each.text for each in self.paragraphs if each.label == label), "")


def header(rule: str | Subject | Rule | Transferred) -> Header:
    """Return the header of a rule or a method, given as for `nofb.explain`.

    It is that of its file, or of its class, if the class's docstring has the equations. A rule
    without its own equations has the header of the rule on which it is built.

    Examples
    --------
    >>> fa = header("fa")
    >>> fa.question
    'what if the error came back through fixed random weights?'
    >>> fa.numbered[2].text, fa.numbered[2].remark
    ("δ_{l-1} = (δ_l B_l) ∘ f'(a_{l-1})", 'B_l fixed and random; backprop has W_lᵀ')
    >>> header("wm").numbered[6].phase
    'Mirror mode, without data or error; the weights do not change, and each layer learns alone'
    """
    kind = as_class(rule)
    return parse(_text(kind), kind)


def parse(text: str, kind: Subject) -> Header:
    """Return the header in a docstring; `kind` has the rule's names and its summary."""
    first, *lines = inspect.cleandoc(text).splitlines() or [""]
    subject, _, question = first.partition(": ")
    summary = inspect.cleandoc(kind.__doc__ or "").split("\n")[0]
    numbered = [index for index, line in enumerate(lines) if NUMBERED.fullmatch(line)]
    start, stop = (numbered[0], numbered[-1] + 1) if numbered else (0, 0)
    while start and lines[start - 1].strip():  # a heading belongs to the equations below it
        start -= 1
    while stop < len(lines) and numbered and not lines[stop][:1].strip():
        stop += 1
    return Header(
        name=getattr(kind, "name", kind.__name__),
        title=getattr(kind, "title", kind.__name__),
        summary="" if summary == first else summary,
        subject=subject,
        question=question,
        paper=_join(lines[:start]),
        equations=tuple(_equations(FOLDED.sub(" ", "\n".join(lines[start:stop])).splitlines())),
        paragraphs=tuple(_paragraphs(lines[stop:])),
    )


def _text(kind: Subject) -> str:
    """Return the nearest docstring with equations: of a class, or of its file."""
    for each in kind.__mro__:
        file = sys.modules.get(each.__module__)
        for text in (each.__dict__.get("__doc__"), getattr(file, "__doc__", None)):
            if text and any(map(NUMBERED.fullmatch, inspect.cleandoc(text).splitlines())):
                return text
    return kind.__doc__ or ""  # not that of a base class, which describes rules in general


def _equations(lines: Sequence[str]) -> Iterator[Equation]:
    heading: list[str] = []
    for line, above in zip(lines, ["", *lines], strict=False):
        if line[:1].strip():
            heading = [*heading, line] if above[:1].strip() else [line]
        elif line.strip():
            yield _equation(line, _join(heading).rstrip(":"))


def _equation(line: str, phase: str) -> Equation:
    """Read one line: an equation, a condition, its number and a remark, with gaps between."""
    if found := NUMBERED.fullmatch(line):
        text, *where = GAP.split(ALIGNED.sub(" ", found["text"]))
        if where and not RELATION.search(text):  # "ΔB_l    gradient of ..."
            text = f"{text} {where.pop(0)}"
        number, remark = int(found["number"]), found["remark"] or ""
        return Equation(number, text, " ".join(where), remark, phase)
    first, *parts = GAP.split(line.strip())
    if not parts:
        return Equation(None, first, phase=phase)
    return Equation(None, parts[0], first, " ".join(parts[1:]), phase)


def _paragraphs(lines: Iterable[str]) -> Iterator[Paragraph]:
    """Yield paragraphs: each starts at the margin, and continues indented."""
    for block in re.split(r"\n(?=\S)", "\n".join(lines)):
        if text := _join(block.splitlines()):
            found = LABEL.match(text)
            yield Paragraph(found["label"], text[found.end() :]) if found else Paragraph("", text)


def _join(lines: Iterable[str]) -> str:
    return " ".join(line.strip() for line in lines if line.strip())
