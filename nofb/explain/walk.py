"""A walk through one update, line by line, with every array that a line made or changed.

Python says which line comes next; what a line did is found by looking at all arrays in reach before
and after it. So it works for any rule, a student's too. The lines are those of the forward pass, of
the rules' files, and of the training step around them; what they call beyond is one step.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from nofb.explain.calls import BASE, Calls, has_name, module_of, stack
from nofb.explain.code import listing
from nofb.explain.reach import Memory, Value, given_arrays
from nofb.explain.reader import Function, Line, Reader
from nofb.explain.running import DEEP, SMALL, Example, Watcher, example, plain_python, watching
from nofb.rules import Rule

AROUND = {  # of these files only what a rule works within
    "nofb.layers.base": ("forward",),
    "nofb.trace": ("_forward", "set_target"),
    "nofb.training.step": ("step",),
    BASE: ("teach",),
}


@dataclass(frozen=True)
class Moment:
    """One line that was run.

    Attributes
    ----------
    function
        The function it stands in.
    lines
        The line; a statement may have several, and a loop of a kernel is one.
    depth
        How many of the functions that are shown wait for it.
    values
        What it made or changed.
    calls
        Whether the lines that follow are of a function that it calls; its values come after them.
    """

    function: Function
    lines: tuple[Line, ...]
    depth: int
    values: tuple[Value, ...] = ()
    calls: bool = False


@dataclass(frozen=True)
class Walk:
    """One update of a small network.

    Attributes
    ----------
    reader
        Knows the rule, and its header.
    units
        Of the network, from the inputs to the outputs.
    start
        The batch, and the arrays of the network, before it.
    moments
        In order.
    """

    reader: Reader
    units: tuple[int, ...]
    start: tuple[Value, ...]
    moments: tuple[Moment, ...]

    @property
    def shows(self) -> set[int | None]:
        """The numbers of the rule's equations that were come by."""
        lines = {line for moment in self.moments for line in moment.lines}
        return {mark.equation.number for line in lines for mark in line.marks if not mark.of}


def walk(rule: str | type[Rule] | Rule, seed: int = 0) -> Walk:
    """Return a walk through one update of a 2-3-2 network, with JIT off.

    It is a 2-3-5-2 network for a rule that has equations for what is between two hidden layers.

    Parameters
    ----------
    rule
        A short name of `nofb.rules.RULES`, a class, or a rule; of a rule, a copy takes the step.
    seed
        Of the weights, the feedback and the batch.

    Examples
    --------
    >>> lines = {moment.lines[0].code.strip(): moment for moment in walk("fa").moments}
    >>> [delta] = lines["delta = trace.times_slope(below, signal)"].values
    >>> delta.names, delta.content.shape
    (('delta', 'signal'), (4, 3))
    """
    small = _walk(rule, seed, SMALL)
    if small.shows == set(small.reader.header.numbered):
        return small
    deep = _walk(rule, seed, DEEP)
    return deep if deep.shows > small.shows else small


def _walk(rule: str | type[Rule] | Rule, seed: int, units: tuple[int, ...]) -> Walk:
    reader = Reader(rule)
    with plain_python(rule):
        small = example(rule, units, seed)
        steps = _Steps(reader, small)
        with watching(steps):
            small.forward()
            small.update()
    return Walk(reader, units, steps.start, tuple(steps.moments))


@dataclass
class _Running:
    """A function that is being run: the lines it is at, and what its names stood for before."""

    function: Function
    statements: dict[int, tuple[int, int]]
    names: dict[str, object]
    lines: tuple[Line, ...] = ()
    announced: bool = False  # as calling another function
    passed: set[tuple[Line, ...]] = field(default_factory=set)
    silent: list[Moment] = field(default_factory=list)  # until it makes something
    heard: bool = False

    def stands_for_equation(self) -> bool:
        """Say whether a line implements an equation."""
        return any(line.marks for line in self.lines)

    def says_nothing(self) -> bool:
        """Say whether the lines only end something: a function, or a loop."""
        code = self.lines[0].code.strip()
        if self.stands_for_equation():
            return False
        return code.startswith("return") or (code.startswith("for ") and self.lines in self.passed)


class _Steps:
    """Is told of every line, and keeps what each one did."""

    def __init__(self, reader: Reader, small: Example) -> None:
        self.reader, self.small = reader, small
        self.calls = Calls(reader.rule)
        self.memory = Memory(small)
        self.start = self.memory.start()
        self.running: dict[FrameType, _Running] = {}
        self.moments: list[Moment] = []

    def __call__(self, frame: FrameType, event: str, argument: Any) -> Watcher | None:
        """Follow a function line by line, if it is one that is shown."""
        if not self.is_shown(frame):
            return None
        self.pause(frame.f_back)
        if frame not in self.running:
            function = self.reader.function(frame.f_code, module_of(frame))
            statements = listing(frame.f_code).statements
            names = self.memory.names(frame.f_locals)
            self.running[frame] = _Running(function, statements, names)
        return self.follow

    def is_shown(self, frame: FrameType) -> bool:
        """Say whether a function is a rule's, or one that a rule works within."""
        around = AROUND.get(module_of(frame))
        if around is None:
            return has_name(frame) and self.calls.is_rules(frame)
        return frame.f_code.co_name in around

    def pause(self, frame: FrameType | None) -> None:
        """Keep what a line has changed so far, when a function that it calls begins or goes on."""
        waiting = next((each for each in stack(frame) if each in self.running), None)
        if waiting and self.running[waiting].lines and (values := self.changes(waiting)):
            self.keep(waiting, values, calls=True)

    def follow(self, frame: FrameType, event: str, argument: Any) -> Watcher:
        """End what was run when the next line begins, or the function ends or pauses."""
        running = self.running[frame]
        first, last = running.statements.get(frame.f_lineno, (0, 0))
        lines = tuple(each for each in running.function.lines if first <= each.number <= last)
        if event == "return" or lines != running.lines:
            if running.lines:
                self.end(frame, running, argument)
            running.lines = lines if event == "line" else ()
        return self.follow

    def end(self, frame: FrameType, running: _Running, given: Any) -> None:
        """Keep the lines that were run, with what they changed, or else with what they gave."""
        values = self.changes(frame)
        if running.stands_for_equation() and not values:
            values = given_arrays(given)
        if values or not (running.announced or running.says_nothing()):
            self.keep(frame, values)
        running.announced = False
        running.passed.add(running.lines)

    def changes(self, frame: FrameType) -> tuple[Value, ...]:
        """Return what its lines have changed; an array that an equation names is shown in full."""
        running = self.running[frame]
        whole = any(line.marks or line.note for line in running.lines)
        return self.memory.changes(running.names, frame.f_locals, whole)

    def keep(self, frame: FrameType, values: tuple[Value, ...], calls: bool = False) -> None:
        """Add a moment, after those that wait for it; a function that makes nothing is left out."""
        running = self.running[frame]
        running.silent.append(self.moment(frame, values, calls))
        if values or running.heard or running.stands_for_equation():
            self.announce(frame.f_back)
            self.speak(running)
            running.announced = calls

    def announce(self, frame: FrameType | None) -> None:
        """Add the lines that wait for another function, from the outermost on, once."""
        for each in reversed(list(stack(frame))):
            running = self.running.get(each)
            if running and running.lines and not running.announced:
                running.silent.append(self.moment(each, (), calls=True))
                self.speak(running)
                running.announced = True

    def speak(self, running: _Running) -> None:
        """Add what a function has run so far."""
        self.moments += running.silent
        running.silent, running.heard = [], True

    def moment(self, frame: FrameType, values: tuple[Value, ...], calls: bool) -> Moment:
        """Return where a function is, and what its lines did."""
        running = self.running[frame]
        depth = sum(each in self.running for each in stack(frame.f_back))
        return Moment(running.function, running.lines, depth, values, calls)
