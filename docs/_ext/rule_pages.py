"""A page for each rule, and the gallery, written from the rules themselves."""

from __future__ import annotations

import inspect
from pathlib import Path

from anatomy import KINDS, dissect
from picture import draw

from nofb.rules import RULES


def pages(folder: Path) -> dict[Path, Path]:
    """Return the page that stands for each rule's file, and for the folder of rules."""
    found = {Path(inspect.getfile(Rule)).parent: folder / "index.md" for Rule in RULES.values()}
    for name, rule in RULES.items():
        found.setdefault(Path(inspect.getfile(rule)), folder / f"{name}.md")
    return found


def contents(folder: Path) -> dict[Path, str]:
    """Return the text of every page."""
    written = {folder / "index.md": gallery()}
    for name in RULES:
        written[folder / f"{name}.md"] = page(name)
    return written


def gallery():
    names = "\n".join(RULES)
    return f"# Gallery of rules\n\n```{{toctree}}\n:hidden:\n\n{names}\n```\n"

def page(name):
    rule = RULES[name]
    return f"# {name}: {rule.title}\n\n{draw(dissect(rule), rule.title)}\n"
