"""A walk through one update: each line of a rule's or a method's arithmetic, with its result.

It shows kernels, and all other functions of its files that implement an equation. In a student's
file it shows every function. If a function runs for every layer, it shows one call.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from itertools import groupby
from types import CodeType, FrameType
from typing import Any

from nofb.explain.reader import Function, Line, Reader
from nofb.explain.running import Ran, Watcher, watching
from nofb.explain.settings import Setting, settings_for
from nofb.explain.subjects import Subject, word_for
from nofb.explain.values import Block, Value, changed, layer_of, named, of_values, returned
from nofb.graph import Graph
from nofb.layers import Layer
from nofb.network import Network
from nofb.rules import Rule
from nofb.transfer import Transferred

ROUNDS = 2  # rounds of a loop that are shown
ON = Line(0, "...", note="and so on")


@dataclass
class Moment:
    """The lines of one statement that was run; a loop of a kernel is one statement."""

    function: Function
    depth: int  # the number of its callers among the shown functions
    lines: tuple[Line, ...]
    values: tuple[Value, ...] = ()  # its results; at the head of a kernel, its arguments
    layer: str = ""  # the layer of the call: ", layer 2"

    @property
    def returns(self) -> bool:
        """Whether the function ends here."""
        return bool(self.lines) and self.lines[-1].code.strip().startswith("return")

    @property
    def says_something(self) -> bool:
        """Whether it has results, implements an equation, or represents further rounds."""
        return bool(self.values) or any(x.equations or x is ON for x in self.lines)


@dataclass(frozen=True)
class Walk:
    """One update of a small network, line by line."""

    reader: Reader  # has the rule or the method, and its header
    setting: Setting  # the network
    ran: Ran  # the values before and after
    moments: tuple[Moment, ...]  # the lines of the rule or the method, in order
    calls: Counter[Function]  # the number of calls of each; one is shown

    @property
    def word(self) -> str:
        """The kind of its subject: "rule" or "method"."""
        return word_for(self.reader.kind)

    @property
    def shared(self) -> tuple[Function, ...]:
        """The lines of nofb with the equations that all rules share, or all methods."""
        return self.reader.shared()

    @property
    def shows(self) -> set[int]:
        """The numbers of the equations that it shows."""
        lines = [line for moment in self.moments for line in moment.lines]
        lines += [line for function in self.shared for line in function.lines]
        return {each.number for line in lines for each in line.equations if each.number}

    def blocks(self) -> Iterator[Block]:
        """Yield the blocks to show, in order."""
        yield of_values(self.ran.start, "Before the step", self.setting.says)
        yield of_values(self.ran.forward, self.setting.forward)
        yield Block(title=f"The {self.word}, line by line")
        calls = groupby(self.moments, lambda m: (m.function, m.depth, m.layer))
        for (function, depth, layer), moments in calls:
            where = "" if function.file == self.reader.file else f" in {function.file}"
            count = self.calls[function]
            times = f", one of {count} calls" if count > 1 else ""
            rows = [(line, each.values if line is each.lines[-1] else ())
                    for each in moments for line in each.lines]  # fmt: skip
            yield Block(tuple(rows), f"{function.name}{where}{times}{layer}", depth=depth)
        yield of_values(self.ran.end, "After the step")


def walk(subject: str | Subject | Rule | Transferred, seed: int = 0) -> Walk:
    """Return a walk through one update of a small network, as `nofb.explain` prints it.

    It is a 2-3-2 network, or a 2-3-5-2 network for a rule with equations between two hidden layers;
    for a method, a transformer of two blocks. A given rule object is copied first.

    Examples
    --------
    >>> lines = {moment.lines[0].code.strip(): moment for moment in walk("fa").moments}
    >>> [signal] = lines["return delta @ B"].values
    >>> signal.name, signal.content.shape
    ('returned', (4, 3))
    """
    first, *others = settings_for(subject)
    shown = _walk(subject, seed, first)
    for other in others:
        if shown.shows != set(shown.reader.header.numbered):
            further = _walk(subject, seed, other)
            shown = further if further.shows > shown.shows else shown
    return shown


def _walk(subject: str | Subject | Rule | Transferred, seed: int, setting: Setting) -> Walk:
    reader = Reader(subject)
    steps = _Steps(reader)
    ran = setting.run(subject, seed, steps.watch)  # type: ignore[arg-type]
    for each in steps.moments:
        each.values = tuple(_filled(value, ran) for value in each.values)
    moments = tuple(each for each in steps.moments if each.says_something)
    return Walk(reader, setting, ran, moments, steps.calls)


def _filled(value: Value, ran: Ran) -> Value:
    """Return the output of a layer in the forward pass, if a value represents a layer."""
    if value.gives is None:
        return value
    return Value(value.name, ran.trace[value.gives].h.copy())


@dataclass
class _Running:
    """A running function: its current line, and the values of its names before this line."""

    function: Function
    depth: int
    layer: str
    names: tuple[Value, ...]
    now: Moment | None = None
    rounds: Counter[tuple[Line, ...]] = field(default_factory=Counter)


class _Steps:
    """Traces every line in the files of a rule or a method, and keeps its results."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.net: Network | None = None
        self.functions: dict[CodeType, Function] = {}
        self.calls: Counter[Function] = Counter()
        self.shown: set[Function] = set()
        self.running: dict[FrameType, _Running] = {}
        self.moments: list[Moment] = []
        self.given: set[Layer] = set()  # layers whose array was shown

    def watch(self, net: Network | None) -> AbstractContextManager[None]:
        """Start to trace; the layers belong to a network, or to one that is being built."""
        self.net = net
        return watching(self, self.reader.kind)

    def __call__(self, frame: FrameType, event: str, argument: Any) -> Watcher | None:
        """Trace one call of a kernel, a function with an equation, or a student's function."""
        if frame in self.running:  # a generator that is resumed
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
        """End a line when the next line starts, or when the function ends or pauses."""
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
        """Note the values that the lines have changed, or else their return value."""
        names = named(frame.f_locals, self.net)
        now.values = changed(running.names, names)
        running.names = names
        if now.returns:
            now.values = returned(given, self.net)
        now.values = tuple(self.new(now.values, frame.f_locals.get("graph")))
        if not running.function.kernel:
            now.values = tuple(map(self.shortened, now.values))
        if running.function.is_students or any(line.equations for line in now.lines):
            self.shown.add(running.function)
        round_, lines = running.rounds[now.lines], now.lines
        running.rounds[lines] += now.says_something
        if round_ and (
            not now.values or round_ >= ROUNDS
        ):  # the loop ends, or enough rounds were shown
            cut = now.values and not running.rounds[()]
            now.lines, now.values = ((ON,) if cut else ()), ()
            running.rounds[()] += bool(cut)

    def new(self, values: Iterable[Value], graph: Graph | None) -> Iterator[Value]:
        """Yield values; of layers only those that are in a graph already, and each one once."""
        for value in values:
            layer = value.gives
            if layer is None:
                yield value
            elif graph and layer in graph.sources and layer not in self.given:
                self.given.add(layer)
                yield value

    def shortened(self, value: Value) -> Value:
        """Return a value, as text if a kernel was just shown to return it."""
        last = self.moments[-1]
        known = last.function.kernel and last.returns
        if not known or changed(last.values, [replace(value, name="returned")]):
            return value
        return replace(value, content=f"the result of {last.function.name}")


def _head(function: Function) -> tuple[Line, ...]:
    """Return the lines of a function's name and arguments."""
    start = next(i for i, line in enumerate(function.lines) if "def " in line.code)
    stop = next(i for i, line in enumerate(function.lines[start:]) if line.code.endswith(":"))
    return function.lines[start : start + stop + 1]
