"""The notebook of a chapter, as a pair of .py and .ipynb that jupytext keeps together."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from nofb.course.task import Item, Question, Task

HEADER = """# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---
"""
BEGIN = """# `check` loads your file anew and judges it. Work in the files beside this notebook,
# and run its cell again.
from nofb.course.notebook import check, draw, hint"""

Cell = tuple[str, str]  # "markdown" or "code", and the text


def cells(number: int, title: str, items: Sequence[Item]) -> list[Cell]:
    """Return the cells of a chapter."""
    minutes, points = (sum(getattr(item, name) for item in items) for name in ("minutes", "points"))
    found: list[Cell] = [
        ("markdown", f"# {number} {title}\n\n{minutes} minutes, {points} points."),
        ("code", BEGIN),
    ]
    for item in items:
        found += _item(item)
    return found


def _item(item: Item) -> list[Cell]:
    after = f" After {', '.join(item.needs)}." if item.needs else ""
    what = f"*{item.minutes} minutes, {item.points} points.{after} Your file: `{item.file}`*"
    text = [f"## {item.number} {item.title}", what]
    if item.story:
        text.append(item.story)
    if isinstance(item, Task):
        text.append(f"`{item.name}`: {item.equation}")
    elif isinstance(item, Question):
        text.append("The question stands in the file, with numbers of your own.")
    made: list[Cell] = [("markdown", "\n\n".join(text)), ("code", f'check("{item.number}")')]
    if isinstance(item, Task):
        made.append(("code", f'draw("{item.number}")'))
    return made


def both(name: str, number: int, title: str, items: Sequence[Item]) -> dict[str, str]:
    """Return the texts of both files, by their names."""
    found = cells(number, title, items)
    return {f"{name}.py": as_script(found), f"{name}.ipynb": as_notebook(found)}


def as_script(found: Sequence[Cell]) -> str:
    """Return cells in jupytext's percent format."""
    parts = [HEADER]
    for kind, text in found:
        if kind == "markdown":
            lines = "\n".join(f"# {line}".rstrip() for line in text.splitlines())
            parts.append(f"# %% [markdown]\n{lines}\n")
        else:
            parts.append(f"# %%\n{text}\n")
    return "\n".join(parts)


def as_notebook(found: Sequence[Cell]) -> str:
    """Return cells as a notebook without outputs."""
    made: list[dict[str, Any]] = []
    for place, (kind, text) in enumerate(found):
        lines = text.splitlines(keepends=True)
        cell: dict[str, Any] = {
            "cell_type": kind,
            "id": f"c{place}",
            "metadata": {},
            "source": lines,
        }
        if kind == "code":
            cell |= {"execution_count": None, "outputs": []}
        made.append(cell)
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    content = {
        "cells": made,
        "metadata": {"jupytext": {"formats": "ipynb,py:percent"}, "kernelspec": kernel},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"
