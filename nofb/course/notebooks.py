"""The notebook of a chapter, as a pair of .py and .ipynb that jupytext keeps together."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from nofb.course.questions import text_of
from nofb.course.stories import STORIES, Scene
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
BEGIN = """from nofb.course.notebook import check, example, hint, prediction, yours
from nofb.course.pictures import chapter{number} as pictures"""
HOW = """**How to work.** Each task has a file of its own beside this notebook. Open it in another
tab, write the body of its function, save it, and run the cells of the task again: they read your
file anew. `example` prints small numbers to compute by hand, and what your function gives for them.
`check` judges your answer in one sentence. `hint("{first}")` prints a hint, and
`hint("{first}", 2)` a second one.

**What counts.** Only the files of the tasks are graded. Nothing that you write in this notebook
is."""

Cell = tuple[str, str]  # "markdown" or "code", and the text


def cells(number: int, title: str, items: Sequence[Item], seed: int = 0) -> list[Cell]:
    """Return the cells of a chapter."""
    minutes, points = (sum(getattr(item, name) for item in items) for name in ("minutes", "points"))
    story = STORIES[number]
    facts = f"*{minutes} minutes, {points} points. Read before: lesson {story.lessons}.*"
    found: list[Cell] = [
        ("markdown", f"# {number} {title}\n\n{facts}\n\n{story.opening}"),
        ("markdown", HOW.format(first=items[0].number)),
        ("code", BEGIN.format(number=number)),
    ]
    for item in items:
        found += _item(item, seed)
        for scene in story.scenes:
            if scene.after == item.number:
                found += _scene(scene)
    return found


def _item(item: Item, seed: int) -> list[Cell]:
    after = f" After {', '.join(item.needs)}." if item.needs else ""
    worth = f"{item.points} point{'s' if item.points != 1 else ''}"
    text = [
        f"## {item.number} {item.title}",
        f"*{item.minutes} minutes, {worth}.{after} Your file: `{item.file}`*",
        *([item.story] if item.story else []),
    ]
    if isinstance(item, Question):
        text.append(f"> {text_of(item, seed)}")
        text.append("Write your answer into the file, then check it.")
        return [("markdown", "\n\n".join(text)), ("code", f'check("{item.number}")')]
    assert isinstance(item, Task)
    text.append(f"`{item.name}`: {item.equation}   ({item.where})")
    return [
        ("markdown", "\n\n".join(text)),
        ("code", f'example("{item.number}")'),
        ("code", f'check("{item.number}")'),
    ]


def _scene(scene: Scene) -> list[Cell]:
    return [
        ("markdown", scene.text),
        ("code", scene.code),
        ("markdown", f"**Look, and think** (not graded): {scene.asks}"),
    ]


def both(
    name: str, number: int, title: str, items: Sequence[Item], seed: int = 0
) -> dict[str, str]:
    """Return the texts of both files, by their names."""
    found = cells(number, title, items, seed)
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
