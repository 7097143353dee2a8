"""A walk through one update: the arithmetic of a rule, line by line, with what each line makes.

It shows kernels, and all other functions of the rule's files that implement an equation; of a
student's file it shows every function. Of a function that runs for every layer, it shows one call.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import groupby
from types import CodeType, FrameType
from typing import Any

from nofb.explain.reader import Function, Line, Reader
from nofb.explain.running import DEEP, SETTING, SMALL, Example, Watcher, example, watching
from nofb.explain.values import Block, Value, changed, layer_of, named, of_values, returned
from nofb.rules import Rule

ROUNDS = 2  # of a loop are shown
ON = Line(0, "...", note="and so on")


@dataclass
class Moment:
    """A line that was run; a statement may have several, and a loop of a kernel is one."""

    function: Function
    depth: int  # how many of the functions that are shown have called it
    lines: tuple[Line, ...]
    values: tuple[Value, ...] = ()  # what it made; at the head of a kernel, what that was given
    layer: str = ""  # that the function was called for: ", layer 2"

    @property
    def returns(self) -> bool:
        """Whether the function ends here."""
        return bool(self.lines) and self.lines[-1].code.strip().startswith("return")

    @property
    def says_something(self) -> bool:
        """Whether it made something, implements an equation, or stands for further rounds."""
        return bool(self.values) or any(x.equations or x is ON for x in self.lines)


@dataclass(frozen=True)
class Walk:
    """One update of a small network, line by line."""

    reader: Reader  # knows the rule, and its header
    units: tuple[int, ...]  # of the network, from the inputs to the outputs
    start: tuple[Value, ...]  # the batch, and the arrays of the layers
    forward: tuple[Value, ...]  # what the layers give, and the output error
    end: tuple[Value, ...]  # the updates, and those arrays that have changed
    moments: tuple[Moment, ...]  # the lines of the rule, in order
    calls: Counter[Function]  # how often each one was called; one call is shown

    @property
    def shared(self) -> tuple[Function, ...]:
        """The lines of nofb with the equations that all rules share."""
        return self.reader.shared()

    @property
    def shows(self) -> set[int]:
        """The numbers of the rule's equations that it shows."""
        lines = [line for moment in self.moments for line in moment.lines]
        lines += [line for function in self.shared for line in function.lines]
        return {each.number for line in lines for each in line.equations if each.number}

    def blocks(self) -> Iterator[Block]:
        """Give what is shown of it, in order."""
        units = "-".join(map(str, self.units))
        yield of_values(self.start, "Before the step", f"A {units} network of {SETTING}.")
        yield of_values(self.forward, "The forward pass")
        yield Block(title="The rule, line by line")
        calls = groupby(self.moments, lambda m: (m.function, m.depth, m.layer))
        for (function, depth, layer), moments in calls:
            where = "" if function.file == self.reader.file else f" in {function.file}"
            count = self.calls[function]
            times = f", one of {count} calls" if count > 1 else ""
            rows = [(line, each.values if line is each.lines[-1] else ())
                    for each in moments for line in each.lines]  # fmt: skip
            yield Block(tuple(rows), f"{function.name}{where}{times}{layer}", depth=depth)
        yield of_values(self.end, "After the step")


def walk(rule: str | type[Rule] | Rule, seed: int = 0) -> Walk:
    """Return a walk through one update of a 2-3-2 network, as `nofb.explain` prints it.

    It is a 2-3-5-2 network for a rule with equations for what lies between two hidden layers. A
    rule that is given is copied first.

    Examples
    --------
    >>> lines = {moment.lines[0].code.strip(): moment for moment in walk("fa").moments}
    >>> [signal] = lines["return delta @ B"].values
    >>> signal.name, signal.content.shape
    ('returned', (4, 3))
    """
    small = _walk(rule, seed, SMALL)
    if small.shows == set(small.reader.header.numbered):
        return small
    deep = _walk(rule, seed, DEEP)
    return deep if deep.shows > small.shows else small


def _walk(rule: str | type[Rule] | Rule, seed: int, units: tuple[int, ...]) -> Walk:
    reader, small = Reader(rule), example(rule, units, seed)
    before = small.arrays()
    forward = small.forward()
    steps = _Steps(reader, small)
    with watching(steps, reader.rule):
        updates = small.update()
    moments = tuple(each for each in steps.moments if each.says_something)
    end = (*updates, *changed(before, small.arrays()))
    return Walk(reader, units, before, forward, end, moments, steps.calls)


@dataclass
class _Running:
    """A function that is being run: the line it is at, and what its names stood for before."""

    function: Function
    depth: int
    layer: str
    names: tuple[Value, ...]
    now: Moment | None = None
    rounds: Counter[tuple[Line, ...]] = field(default_factory=Counter)


class _Steps:
    """Watches every line of a rule's files, and keeps what each one did."""

    def __init__(self, reader: Reader, small: Example) -> None:
        self.reader, self.net = reader, small.net
        self.functions: dict[CodeType, Function] = {}
        self.calls: Counter[Function] = Counter()
        self.shown: set[Function] = set()
        self.running: dict[FrameType, _Running] = {}
        self.moments: list[Moment] = []

    def __call__(self, frame: FrameType, event: str, argument: Any) -> Watcher | None:
        """Follow a kernel, an equation's function or a student's, until one call was shown."""
        if frame in self.running:  # a generator that goes on
            return self.follow
        if frame.f_code not in self.functions:
            module = frame.f_globals["__name__"]
            self.functions[frame.f_code] = self.reader.function(frame.f_code, module)
        function = self.functions[frame.f_code]
        if not (function.kernel or function.marked or function.is_students):
            return None
        self.calls[function] += 1
        if function in self.shown:
            return None
        names = named(frame.f_locals, self.net)
        depth, waiting = 0, frame.f_back
        while waiting:
            depth, waiting = depth + (waiting in self.running), waiting.f_back
        layer = "" if function.kernel else layer_of(frame.f_locals.values(), self.net)
        self.running[frame] = _Running(function, depth, layer, names)
        if function.kernel:
            given = {name: float(each) if type(each) is int else each
                     for name, each in frame.f_locals.items()}  # fmt: skip
            self.moments.append(Moment(function, depth, _head(function), named(given, self.net)))
            self.shown.add(function)
        return self.follow

    def follow(self, frame: FrameType, event: str, argument: Any) -> Watcher:
        """End what was run when the next line begins, or the function ends or pauses."""
        running = self.running[frame]
        lines = running.function.statements.get(frame.f_lineno, ())
        if running.now and (event == "return" or lines != running.now.lines):
            self.end(running, running.now, frame, argument)
            running.now = None
        if not running.now and event == "line" and lines:
            running.now = Moment(running.function, running.depth, lines, layer=running.layer)
            self.moments.append(running.now)
        return self.follow

    def end(self, running: _Running, now: Moment, frame: FrameType, given: Any) -> None:
        """Note what the lines have changed, or else what they return."""
        names = named(frame.f_locals, self.net)
        now.values = changed(running.names, names)
        running.names = names
        if now.returns:
            now.values = returned(given, self.net)
        if not running.function.kernel:
            now.values = tuple(map(self.shortened, now.values))
        if running.function.is_students or any(line.equations for line in now.lines):
            self.shown.add(running.function)
        round_, lines = running.rounds[now.lines], now.lines
        running.rounds[lines] += now.says_something
        if round_ and (not now.values or round_ >= ROUNDS):  # the loop ends, or is known by now
            cut = now.values and not running.rounds[()]
            now.lines, now.values = ((ON,) if cut else ()), ()
            running.rounds[()] += bool(cut)

    def shortened(self, value: Value) -> Value:
        """Return a value, in words if a kernel has just been shown to return it."""
        last = self.moments[-1]
        known = last.function.kernel and last.returns
        if not known or changed(last.values, [replace(value, name="returned")]):
            return value
        return replace(value, content=f"what {last.function.name} returns")


def _head(function: Function) -> tuple[Line, ...]:
    """Return the lines in which a function says its name and what it is given."""
    start = next(i for i, line in enumerate(function.lines) if "def " in line.code)
    stop = next(i for i, line in enumerate(function.lines[start:]) if line.code.endswith(":"))
    return function.lines[start : start + stop + 1]
