"""The page that shows all rules, family by family, and what each one uses."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from anatomy import KINDS
from picture import sample
from wording import prose, sentence

from nofb.explain import header
from nofb.rules import FAMILIES, RULES, Uses
from nofb.text import markdown


def gallery() -> Iterator[str]:
    """Write the page that shows all rules."""
    yield "---\nhide-toc: true\n---\n# Gallery of rules\n"
    yield (
        "The upper part of each picture is the network, from x through W to ŷ. The lower part has "
        "the teaching signals of the layers and their paths; dashed lines show the use of forward "
        "weights in the feedback path. Click on a rule for its equations and its code.\n"
    )
    legend = "".join(f"<li>{sample(kind)} {words}</li>" for kind, words in KINDS.items())
    yield f'<ul class="legend">{legend}</ul>\n'
    for title, names in families().items():
        yield f"## {title}\n\n::::{{container}} gallery"
        for name in names:
            yield from card(name)
        yield "::::\n"
    yield "## What each rule uses\n"
    yield "These are the claims of the rules; `nofb audit` measures them, in more detail.\n"
    yield markdown(list(table_of_uses()))
    yield "\n## Classes and papers\n"
    yield markdown(list(table_of_names()))
    names = "\n".join(RULES)
    yield f"\n```{{toctree}}\n:hidden:\n\n{names}\n```"


def families() -> dict[str, list[str]]:
    """Return the names of the rules of each family, under its title."""
    found = {title: [name for name, rule in RULES.items() if rule.family == family]
             for family, title in FAMILIES.items()}  # fmt: skip
    return {title: names for title, names in found.items() if names}


def card(name: str) -> Iterator[str]:
    """Write the entry of a rule in the gallery."""
    read = header(name)
    yield ":::{container} card"
    yield picture(name)
    yield f"[**`{name}`** {read.title}]({name}.md)\n"
    yield f"{sentence(prose(read.question))}\n"
    yield ":::"


def table_of_uses() -> Iterator[list[str]]:
    """Return a row for each rule, with a mark for each thing that it uses."""
    names = [field.name for field in fields(Uses)]
    yield ["rule", *(name.replace("_", " ") for name in names)]
    for name, rule in RULES.items():
        yield [f"[`{name}`]({name}.md)", *("●" * getattr(rule.uses, use) for use in names)]


def table_of_names() -> Iterator[list[str]]:
    """Return a row for each rule, with its class, its file and its paper."""
    yield ["rule", "class, in `nofb.rules`", "file, in `nofb/rules`", "paper"]
    for name, rule in RULES.items():
        file = Path(inspect.getfile(rule)).name
        yield [f"[`{name}`]({name}.md)", f"`{rule.__name__}`", f"`{file}`", rule.paper]


def picture(name: str) -> str:
    """Return a rule's picture, which is in its own file."""
    return f"```{{raw}} html\n:file: {name}.svg\n```\n"
