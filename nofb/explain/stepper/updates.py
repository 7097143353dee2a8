"""The last steps of an update: ΔW of each layer, and the step of the optimizer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import numpy as np

from nofb.explain.moments import Moment, Signal
from nofb.explain.reader import Function
from nofb.explain.running import RATE
from nofb.explain.stepper.events import Call, Event, State
from nofb.explain.values import Value
from nofb.explain.walk import Walk
from nofb.kernels.dense import weight_update
from nofb.kernels.steps import descend
from nofb.types import Array

UPDATE = re.compile(r"d(?:[WbBD]_\d+|\S+|[Wb] of .*)")
PHASE = "The update"


class UpdateSteps:
    """The steps of the weights; they come before the lines that a rule runs after them."""

    def __init__(self, walk: Walk, state: State) -> None:
        self.walk = walk
        self.state = state
        before = {each.name for each in walk.ran.start}
        self.updates = {each.name: each for each in walk.ran.end
                        if each.name not in before and UPDATE.fullmatch(each.name)}  # fmt: skip
        others = [each for each in walk.ran.end if each.name not in self.updates]
        self.last = tuple(each for each in others if each.name in before)
        self.results = tuple(each for each in others if each.name not in before)
        self.signals: list[Signal] = []
        self.done = False

    def sent(self, moment: Moment) -> tuple[Value, ...]:
        """Note the signal that a line yields, and return it as an array of the network."""
        if moment.sends is None:
            return ()
        self.signals.append(moment.sends)
        return (Value(f"δ_{moment.sends.layer}", moment.sends.delta),)

    def is_step(self, sets: Sequence[Value]) -> bool:
        """Return whether these changes are the step of the optimizer."""
        return not self.done and any(f"d{each.name}" in self.updates for each in sets)

    def rest(self) -> Iterator[Event]:
        """Yield the remaining steps, after which all arrays are those after the update."""
        if self.results:
            yield self._made(Event(PHASE, "What the model computes", sets=self.results,
                                   makes=self.state.making((), self.results, {})))  # fmt: skip
        sets = self.state.changed(self.last)
        if not self.done:
            yield from self.step(sets)
        elif sets:
            yield self._made(Event(PHASE, "After the step", sets=sets,
                                   makes=self.state.making((), sets, {})))  # fmt: skip

    def step(self, sets: tuple[Value, ...]) -> Iterator[Event]:
        """Yield the updates of each layer, and then the step that applies them."""
        self.done = True
        if self.walk.word == "rule":
            for number in sorted({int(name.rpartition("_")[2]) for name in self.updates}):
                yield self._made(self.update_of(number))
        else:
            updates = tuple(self.updates.values())
            makes = self.state.making(updates, updates, {})
            yield self._made(Event(PHASE, "The updates", makes=makes, sets=updates))
        moved = [self.updates[f"d{each.name}"] for each in sets if f"d{each.name}" in self.updates]
        yield self._made(Event(
            PHASE, f"The step W ← W - η ΔW, with η = {RATE}", "The same for all arrays that learn.",
            self._descend, reads=self.state.reading(moved),
            makes=self.state.making((), sets, {}), sets=sets))  # fmt: skip

    def update_of(self, number: int) -> Event:
        """Return the step that shows the update of one layer, with the arrays that give it."""
        updates = tuple(each for name, each in self.updates.items() if name.endswith(f"_{number}"))
        signals = self.signals_of(number)
        delta = () if f"δ_{number}" in self.state.held else signals[:1]  # no line has shown it
        sets = (*(Value(f"δ_{number}", each.delta) for each in delta), *updates)
        makes = self.state.making(updates, updates, {})
        self.state.set(sets)
        call = self._shared if signals else None
        reads = self.state.reading(
            Value(name, content) for index, each in enumerate(signals, 1)
            for name, content in _pair(each, index if len(signals) > 1 else 0))  # fmt: skip
        says = "The sum over all passes." if len(signals) > 1 else ""
        title = f"The update of layer {number}"
        return Event(PHASE, title, says, call, (), reads, makes, sets, number)

    def signals_of(self, number: int) -> list[Signal]:
        """Return the signals that give the update of a layer as h_belowᵀ δ / N; or none."""
        signals = [each for each in self.signals if each.layer == number]
        trace = self.walk.ran.trace
        layer = trace.net.weighted[number - 1]
        if not signals and layer in trace.deltas:
            delta = trace.deltas[layer].copy()
            signals = [Signal(number, delta, trace.h_below(layer).copy(), second=False)]
        dW = cast(Array, self.updates[f"dW_{number}"].content)
        total = sum(each.h_below.T @ each.delta for each in signals) / trace.samples
        return signals if np.shape(total) == dW.shape and np.allclose(total, dW) else []

    @property
    def _shared(self) -> Call:
        """The line that computes every ΔW."""
        function = _read(self.walk, weight_update)
        return Call(function, function.lines[-1:])

    @property
    def _descend(self) -> Call:
        """The line that takes the step of SGD."""
        function = _read(self.walk, descend)
        return Call(function, function.lines[-1:])

    def _made(self, event: Event) -> Event:
        self.state.set(event.sets)
        return event


def _read(walk: Walk, kernel: Callable[..., Any]) -> Function:
    """Return the source of a kernel."""
    plain = getattr(kernel, "py_func", kernel)
    return walk.reader.function(plain.__code__, plain.__module__)


def _pair(signal: Signal, index: int) -> Iterator[tuple[str, Array]]:
    """Yield the two factors of an update; the passes of a rule with several have numbers."""
    mark = f" (pass {index})" if index else ""
    yield f"{'h̃' if signal.second else 'h'}_{{l-1}}{mark}", signal.h_below
    yield f"δ_l{mark}", signal.delta
