"""One update as an object for JSON: the page contains it, and draws every step from it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from nofb.explain.headers import Equation
from nofb.explain.plain import number as number_of
from nofb.explain.reader import Function
from nofb.explain.rich import prose
from nofb.explain.stepper.drawing import drawing
from nofb.explain.stepper.events import Call, Content, Event, Operand, State
from nofb.explain.stepper.story import Story
from nofb.explain.values import is_array
from nofb.explain.walk import Walk
from nofb.types import Array

ROWS = 6  # of a larger array only the first ones are shown
EMPHASIS = re.compile(r"\*(\w[^*]*)\*")
INDEX = re.compile(r"(?<![\w.])([^\W\d_]+[\u0300-\u036f]*)_(\d+)\b")


class Tables:
    """Arrays and functions of all steps, each once; a step has their index."""

    def __init__(self) -> None:
        self.contents: dict[Any, dict[str, Any]] = {}
        self.functions: dict[Function, dict[str, Any]] = {}

    def content(self, content: Content) -> int:
        """Return the index of an array, a number or a text."""
        entry = described(content)
        key = repr(entry)
        self.contents.setdefault(key, entry)
        return list(self.contents).index(key)

    def function(self, function: Function) -> int:
        """Return the index of a function."""
        self.functions.setdefault(function, source_of(function))
        return list(self.functions).index(function)


def data(walk: Walk) -> dict[str, Any]:
    """Return everything that the page shows.

    Returns
    -------
    dict
        "steps", in order; each has the lines of a function in "functions", and the arrays that it
        reads and makes, in "contents". What it "sets" are arrays of the network: those at a step
        are all that the steps up to it have set. "network" is the picture.

    Examples
    --------
    >>> from nofb.explain import walk
    >>> [step["title"] for step in data(walk("fa"))["steps"]][6]
    'send_back, layer 2'
    """
    story, tables = Story(walk), Tables()
    steps = [step(each, tables) for each in story.events()]
    header = walk.reader.header
    question = f"{header.question[:1].upper()}{header.question[1:]}"
    return {
        "name": header.name,
        "title": header.title,
        "question": EMPHASIS.sub(r"<em>\1</em>", prose(question)),
        "steps": steps,
        "contents": list(tables.contents.values()),
        "functions": list(tables.functions.values()),
        "names": {name: written(name) for name in names_in(steps)},
        "groups": groups(walk, story.state),
        "network": drawing(walk, story.state.held),
    }


def step(event: Event, tables: Tables) -> dict[str, Any]:
    """Return one step."""
    return {
        "phase": event.phase,
        "title": event.title,
        "says": prose(event.says),
        "equations": [equation(each) for each in event.call.equations] if event.call else [],
        "call": call(event.call, tables) if event.call else None,
        "callers": [call(each, tables) for each in event.callers],
        "reads": [operand(each, tables) for each in event.reads],
        "makes": [operand(each, tables) for each in event.makes],
        "sets": {each.name: tables.content(each.content) for each in event.sets},
        "uses": event.uses,
        "layer": event.layer,
    }


def call(called: Call, tables: Tables) -> dict[str, Any]:
    """Return the index of a function, and the numbers of the lines that run."""
    numbers = [line.number for line in called.lines]
    return {"function": tables.function(called.function), "lines": numbers}


def operand(each: Operand, tables: Tables) -> dict[str, Any]:
    """Return an array in a step; an earlier content only if there is one."""
    found = {"name": each.name, "as": each.same_as, "content": tables.content(each.content)}
    if each.before is not None:
        found["before"] = tables.content(each.before)
    return found


def source_of(function: Function) -> dict[str, Any]:
    """Return the lines of a function, each with the numbers of its equations."""
    lines = [
        {"number": line.number, "code": line.code,
         "marks": " ".join(filter(None, map(number_of, line.equations)))}
        for line in function.lines
    ]  # fmt: skip
    return {"name": function.name, "file": function.file, "lines": lines}


def equation(each: Equation) -> str:
    """Return an equation as HTML."""
    return f"<b>{number_of(each)}</b> {prose(each.text)}" if each.number else prose(each.text)


def described(content: Content) -> dict[str, Any]:
    """Return an array with its shape, its first rows, and how its numbers are written.

    Examples
    --------
    >>> described(np.array([[0.5, -0.25]]))
    {'shape': [1, 2], 'rows': [[0.5, -0.25]], 'more': 0, 'power': 0, 'digits': 3, 'largest': 0.5}
    """
    if isinstance(content, str):
        return {"text": content}
    if not is_array(content):
        return {"text": f"{content:.4g}"}
    flat = content.reshape(-1, content.shape[-1]) if content.ndim else content.reshape(1, 1)
    rows = [[rounded(number) for number in row] for row in flat[:ROWS]]
    power, digits, largest = scale_of(content)
    return {"shape": list(content.shape), "rows": rows, "more": max(0, len(flat) - ROWS),
            "power": power, "digits": digits, "largest": rounded(largest)}  # fmt: skip


def scale_of(array: Array) -> tuple[int, int, float]:
    """Return the power of ten that numbers are written in, their decimals, and the largest one."""
    finite = array[np.isfinite(array)]
    largest = float(np.abs(finite).max(initial=0))
    if not (finite % 1).any():  # whole numbers
        return 0, 0, largest
    exponent = int(np.floor(np.log10(largest)))
    if -2 <= exponent <= 2:
        return 0, min(3, 2 - exponent), largest
    return exponent, 2, largest


def rounded(number: float) -> float | str:
    """Return a number with five digits; words for those that JSON does not have."""
    value = float(number)
    return float(f"{value:.5g}") + 0.0 if np.isfinite(value) else str(value)


def groups(walk: Walk, state: State) -> list[dict[str, Any]]:
    """Return all arrays of the network, grouped by layer; each with its last content's shape."""
    found: dict[str, list[str]] = {}
    for name, content in state.held.items():
        if is_array(content):
            found.setdefault(place(name, walk.word), []).append(name)
    shapes = {name: list(each.shape) for name, each in state.held.items() if is_array(each)}
    return [{"title": title, "names": names, "shapes": {name: shapes[name] for name in names}}
            for title, names in found.items()]  # fmt: skip


def place(name: str, word: str) -> str:
    """Return the title of the group of an array."""
    found = re.search(r"(?:_|block )(\d+)\b", name)
    unit = "Layer" if word == "rule" else "Block"
    return f"{unit} {found[1]}" if found else "Batch" if word == "rule" else "Others"


def names_in(steps: Iterable[Mapping[str, Any]]) -> dict[str, None]:
    """Return all names of arrays in the steps."""
    found: dict[str, None] = {}
    for each in steps:
        found |= dict.fromkeys(each["sets"])
        for one in (*each["reads"], *each["makes"]):
            found |= dict.fromkeys([one["name"], one["as"]])
    return found


def written(name: str) -> str:
    """Return a name as HTML, with its index below the line.

    Examples
    --------
    >>> written("dW_1"), written("h̃_{l-1}"), written("h_modulated")
    ('dW<sub>1</sub>', 'h̃<sub>l-1</sub>', 'h_modulated')
    """
    return INDEX.sub(r"\1<sub>\2</sub>", prose(name))
