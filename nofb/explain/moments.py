"""The lines of one update, in order: a tracer that keeps each line of a rule with its results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from itertools import count
from types import CodeType, FrameType
from typing import Any

from nofb.explain.method_example import arrays_of
from nofb.explain.reader import Function, Line, Reader
from nofb.explain.reads import read_by
from nofb.explain.running import Watcher, layer_arrays, watching
from nofb.explain.values import Value, changed, is_array, layer_of, named, returned
from nofb.graph import Graph
from nofb.layers import Layer
from nofb.network import Network
from nofb.trace import Trace
from nofb.transfer import Transferred
from nofb.types import Array

ROUNDS = 2  # rounds of a loop that are shown
ON = Line(0, "...", note="and so on")


@dataclass(frozen=True)
class Signal:
    """A teaching signal that a rule yields, and the input that it is multiplied with."""

    layer: int  # 1 for the first layer with weights
    delta: Array
    h_below: Array
    second: bool  # whether the input is that of another pass


@dataclass
class Moment:
    """The lines of one statement that was run; a loop of a kernel is one statement."""

    function: Function
    depth: int  # the number of its callers among the shown functions
    lines: tuple[Line, ...]
    values: tuple[Value, ...] = ()  # its results; at the head of a kernel, its arguments
    layer: str = ""  # the layer of the call: ", layer 2"
    caller: Moment | None = None  # the line that called its function
    reads: tuple[Value, ...] = ()  # the arrays that its lines read
    makes: tuple[Value, ...] = ()  # its results, also where `values` has words for them
    sends: Signal | None = None  # the teaching signal that it yields
    before: tuple[Value, ...] = ()  # the arrays of the layers when it starts
    after: tuple[Value, ...] = ()  # and when it ends
    statement: tuple[Line, ...] = ()  # its lines, also where `lines` is cut
    started: int = 0
    ended: int = 0  # a line ends after the functions that it calls

    @property
    def returns(self) -> bool:
        """Whether the function ends here."""
        return bool(self.lines) and self.lines[-1].code.strip().startswith("return")

    @property
    def acts(self) -> bool:
        """Whether it yields a teaching signal, or changes an array of a layer."""
        return bool(self.sends or changed(self.before, self.after))

    @property
    def is_head(self) -> bool:
        """Whether it is the call of a kernel, with its arguments."""
        return self.function.kernel and any("def " in each.code for each in self.lines)

    @property
    def yields(self) -> bool:
        """Whether the function pauses here and yields something."""
        return bool(self.lines) and self.lines[-1].code.strip().startswith("yield")

    @property
    def says_something(self) -> bool:
        """Whether it has results, implements an equation, or represents further rounds."""
        return bool(self.values) or any(x.equations or x is ON for x in self.lines)


@dataclass
class _Running:
    """A running function: its current line, and the values of its names before this line."""

    function: Function
    depth: int
    layer: str
    names: tuple[Value, ...]
    now: Moment | None = None
    caller: Moment | None = None
    rounds: Counter[tuple[Line, ...]] = field(default_factory=Counter)


class Steps:
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
        self.clock = count(1)  # of starts and ends of lines

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
        running = _Running(function, depth, layer, names, caller=self.calling(frame))
        self.running[frame] = running
        if function.kernel:
            given = {name: float(each) if type(each) is int else each
                     for name, each in frame.f_locals.items()}  # fmt: skip
            head = self.start(running, _head(function), frame)
            head.values = head.makes = named(given, self.net)
            head.after, head.ended = head.before, next(self.clock)
            self.shown.add(function)
        return self.follow

    def calling(self, frame: FrameType) -> Moment | None:
        """Return the line that waits for a call, if its function is traced, too."""
        waiting = frame.f_back
        while waiting and waiting not in self.running:
            waiting = waiting.f_back
        return self.running[waiting].now if waiting else None

    def start(self, running: _Running, lines: tuple[Line, ...], frame: FrameType) -> Moment:
        """Start a line: note what it reads, and the arrays of the layers."""
        names = frame.f_locals
        layer = running.layer if not running.function.kernel else ""
        moment = Moment(running.function, running.depth, lines, layer=layer, caller=running.caller)
        moment.reads, moment.before = read_by(lines, names, self.net), arrays_on(self.net)
        moment.statement, moment.started = lines, next(self.clock)
        self.moments.append(moment)
        return moment

    def follow(self, frame: FrameType, event: str, argument: Any) -> Watcher:
        """End a line when the next line starts, or when the function ends or pauses."""
        running = self.running[frame]
        lines = running.function.statements.get(frame.f_lineno, ())
        if running.now and (event == "return" or lines != running.now.lines):
            self.end(running, running.now, frame, argument)
            running.now = None
        if not running.now and event == "line" and lines:
            running.now = self.start(running, lines, frame)
        return self.follow

    def end(self, running: _Running, now: Moment, frame: FrameType, given: Any) -> None:
        """Note the values that the lines have changed, or else their return value."""
        names = named(frame.f_locals, self.net)
        now.values = changed(running.names, names)
        running.names = names
        if now.returns:
            now.values = returned(given, self.net)
        now.values = now.makes = tuple(self.new(now.values, frame.f_locals.get("graph")))
        now.after, now.ended = arrays_on(self.net), next(self.clock)
        now.sends = signal_in(given, frame, self.net) if now.yields else None
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


def arrays_on(net: Network | None) -> tuple[Value, ...]:
    """Return a copy of the arrays of all layers, or of those that a method adds."""
    if net is None:
        return ()
    return named(arrays_of(net) if isinstance(net, Transferred) else layer_arrays(net), net)


def signal_in(given: Any, frame: FrameType, net: Network | None) -> Signal | None:
    """Return the teaching signal in what a generator yields, with the pass that it belongs to."""
    if not (net and isinstance(given, tuple) and len(given) > 1 and given[0] in net.weighted):
        return None
    layer, delta, *other = given
    trace = other[0] if other else frame.f_locals.get("trace")
    if not (isinstance(trace, Trace) and is_array(delta)):
        return None
    h_below = trace.h_below(layer).copy()
    if delta.shape != (len(h_below), layer.n_out):  # an update of its feedback
        return None
    return Signal(net.weighted.index(layer) + 1, delta.copy(), h_below, bool(other))


def _head(function: Function) -> tuple[Line, ...]:
    """Return the lines of a function's name and arguments."""
    start = next(i for i, line in enumerate(function.lines) if "def " in line.code)
    stop = next(i for i, line in enumerate(function.lines[start:]) if line.code.endswith(":"))
    return function.lines[start : start + stop + 1]
