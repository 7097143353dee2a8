"""A page for each rule, generated from the rule itself.

The mathematics is that of its header, as `nofb.explain` reads it; the picture is drawn from the
arrays that it puts on a network. Every rule in `nofb.rules.RULES` has such a page.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import fields
from html import escape
from itertools import chain
from pathlib import Path

from anatomy import dissect
from gallery import gallery, picture
from picture import draw
from taught import lesson_of, taught, title
from wording import mathematics, prose, remark, sentence

from nofb.audit import audit, table
from nofb.explain import header, latex, source
from nofb.explain.citation import linked
from nofb.explain.headers import Header
from nofb.explain.reader import Function, Line
from nofb.rules import CONTROLS, RULES, Rule, Uses
from nofb.text import markdown

LETTER = re.compile(r"[^\W\d_][\u0300-\u036f]*'?")
SHOWN_ELSEWHERE = ("Symbols", "Uses")


def pages(folder: Path) -> dict[Path, Path]:
    """Return the page of the folder of rules, and of each rule's file."""
    found: dict[Path, Path] = {}
    for name, rule in RULES.items():
        file = Path(inspect.getfile(rule))
        found.setdefault(file.parent, folder / "index.md")
        found.setdefault(file, folder / f"{name}.md")
    return found


def contents(folder: Path) -> dict[Path, str]:
    """Return the text of every page, every picture, and the table of the audit."""
    written = {folder / "index.md": "\n".join(gallery()), folder / "audit.txt": audited()}
    for name, rule in RULES.items():
        written[folder / f"{name}.md"] = "\n".join(page(name))
        written[folder / f"{name}.svg"] = draw(dissect(rule), rule.title)
    return written


def audited() -> str:
    """Return the table of the audit's findings for every rule."""
    return markdown(table.rows({name: audit(name) for name in RULES}))


def page(name: str) -> Iterator[str]:
    """Write the page of a rule."""
    rule, read = RULES[name], header(name)
    yield f"---\nhide-toc: true\n---\n# {name}: {read.title}\n"
    yield f":::{{container}} question\n{sentence(prose(read.question))}\n:::\n"
    yield ":::{container} at-a-glance"
    yield picture(name)
    yield uses(rule)
    yield ":::\n"
    yield f"{prose(read.summary)}\n"
    yield from further(name, rule)
    yield f"**Uses** {prose(read.says('Uses'))}\n"
    yield "## The equations\n"
    yield from equations(read)
    yield "\n### Symbols\n" if read.symbols else ""
    yield from symbols(read)
    yield from stepper(name, read.title)
    yield from code(name)
    yield from said(read)
    yield from use_it(name, rule)


def further(name: str, subject: type) -> Iterator[str]:
    """Write where to read more of a rule or a method: its paper, its lesson and its source."""
    paper = linked(prose(header(name).paper))
    yield f"{paper} BibTeX: `nofb cite {name}`.\n" if "](" in paper else f"{paper}\n"
    lesson = lesson_of(name)
    words = "It is the subject of" if name in taught().get(lesson, ()) else "Its family has"
    yield f"{words} [lesson {title(lesson)}](../notebooks/{lesson}.ipynb).\n" if lesson else ""
    module = subject.__module__.replace(".", "/")
    yield f'<p><a href="../_modules/{module}.html">Its whole source file</a></p>\n'


def uses(rule: type[Rule]) -> str:
    """Return everything that a backward pass can use, with marks for a rule."""
    marks = {field.name: getattr(rule.uses, field.name) for field in fields(Uses)}
    items = "".join(
        f'<li class="{"yes" if used else "no"}">{use.replace("_", " ")}</li>'
        for use, used in marks.items()
    )
    return f'<div class="uses">\n<p>Its backward pass uses</p><ul>{items}</ul>\n</div>\n'


def equations(read: Header) -> Iterator[str]:
    """Write the equations, each with its number and its remark in the header."""
    phase = ""
    yield "::::{container} equations"
    for equation in read.equations:
        if equation.phase != phase:
            yield f"\n{prose(equation.phase)}\n"
        phase = equation.phase
        yield ":::{container} equation"
        yield f"{mathematics(equation)}\n"
        yield f"{remark(equation)}\n" if equation.remark else ""
        yield ":::"
    yield "::::"


def symbols(read: Header) -> Iterator[str]:
    """Write the meaning of each symbol."""
    for symbol in read.symbols:
        letter, _, meaning = symbol.partition(" ")
        known = f"${latex(letter)}$" if LETTER.fullmatch(letter) else prose(letter)
        yield f"* {known} {prose(meaning)}"


def code(name: str) -> Iterator[str]:
    """Write a rule's source beside the equations; functions without equations are folded."""
    read = source(name)
    shown = [each for each in read.functions if each.marked]
    folded = [each for each in read.functions if not each.marked]
    yield "\n## The code\n"
    yield "Each equation is beside the line that computes it, kernels first.\n"
    yield from chain.from_iterable(map(listing, (*shown, *read.shared)))
    if folded:
        others = "function" if len(folded) == 1 else f"{len(folded)} functions"
        yield f"<details>\n<summary>The other {others} that it runs</summary>\n"
        yield from chain.from_iterable(map(listing, folded))
        yield "</details>\n"


def stepper(name: str, title: str) -> Iterator[str]:
    """Write the page of one update into a frame."""
    yield "\n## One update, step by step\n"
    yield (
        "Go through it with the buttons, the arrow keys, or by swiping. `nofb explain "
        f"{name} --step --html FILE` writes the same page; it needs no network.\n"
    )
    yield (
        f'<p><iframe class="stepper" src="../_static/steps/{name}.html" loading="lazy" '
        f'title="One update by {escape(title)}, step by step"></iframe>'
        f'<a href="../_static/steps/{name}.html">Open it on its own page</a></p>\n'
    )


def listing(function: Function) -> Iterator[str]:
    """Write a function in steps; each ends with a line that has an equation beside it."""
    yield ":::::{container} listing"
    says = f"\\\n{prose(function.says)}" if function.says else ""
    name = function.name.replace("_", r"\_")
    yield f"**{name}** in `{function.file}`{says}\n"
    lines: list[Line] = []
    for line in function.lines:
        lines.append(line)
        if line.equations or line is function.lines[-1]:
            yield from step(lines)
            lines = []
    yield ":::::\n"


def step(lines: list[Line]) -> Iterator[str]:
    """Write some lines, and the equation or shape beside the last one."""
    last = lines[-1]
    yield "::::{container} step\n```python"
    yield from (commented(line) for line in lines)
    yield "```"
    if last.equations:
        shape = f" $\\small {latex(last.shape)}$" if last.shape else ""
        beside = "\n\n".join(map(mathematics, last.equations))
        yield f":::{{container}} beside\n{beside}{shape}\n:::"
    yield "::::"


def commented(line: Line) -> str:
    """Return a line of code with its comment, unless the comment is shown beside it."""
    comment = "" if line.equations else "  ".join(filter(None, [line.note, line.shape]))
    return f"{line.code}  # {comment}" if comment else line.code


def said(read: Header) -> Iterator[str]:
    """Write all paragraphs of the header that are not elsewhere on the page."""
    for paragraph in read.paragraphs:
        if paragraph.label not in SHOWN_ELSEWHERE:
            title, _, rest = paragraph.label.partition(", ")
            yield f"\n## {prose(title)}\n" if title else ""
            yield f"{sentence(prose(rest and f'{rest}: ') + prose(paragraph.text))}\n"


def use_it(name: str, rule: type[Rule]) -> Iterator[str]:
    """Write how to build the rule, and commands to try."""
    yield "## Hyper-parameters\n"
    yield f"```{{eval-rst}}\n.. autoclass:: {rule.__module__}.{rule.__name__}\n```\n"
    beside = " ".join(dict.fromkeys([CONTROLS[0], name, *CONTROLS[1:]]))
    yield "## Try it\n\n```sh"
    yield f"nofb train {name}\nnofb compare --rules {beside}"
    yield f"nofb explain {name} --step\nnofb audit {name}\n```"
