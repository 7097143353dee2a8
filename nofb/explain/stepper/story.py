"""All steps of one update, in the order in which they end: from the batch to the new weights.

`Walk.blocks` shows lines where they start. Here each step has the arrays as they are at that time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

from nofb.explain.moments import Moment
from nofb.explain.reader import Function
from nofb.explain.stepper.events import Call, Event, Operand, State, equal
from nofb.explain.stepper.updates import UpdateSteps
from nofb.explain.values import Value, is_array
from nofb.explain.walk import Walk
from nofb.layers import WeightedLayer
from nofb.trace import Trace

LAYER = re.compile(r"layer (\d+)")
BEFORE, FORWARD = "Before the step", "Forward pass"
UNSEEN = "Lines that are not shown here have changed these arrays."


class Story:
    """Turns a walk into events, one after the other."""

    def __init__(self, walk: Walk) -> None:
        self.walk = walk
        self.state = State()
        self.updates = UpdateSteps(walk, self.state)
        self.phase = f"The {walk.word}"
        self.focus: dict[Function, int] = {}  # the layer that each function is about
        self.latest: tuple[Operand, ...] = ()  # what the last line has made
        self.shown: set[str] = set()  # the equations of earlier lines
        self.ended = 0

    def events(self) -> Iterator[Event]:
        """Yield every step; the state is that after the last one."""
        start = [each for each in self.walk.ran.start if not isinstance(each.content, str)]
        yield self.made(Event(BEFORE, "The network and its batch", self.walk.setting.says,
                              sets=tuple(start)))  # fmt: skip
        yield from self.forward()
        for moment in self.moments():
            yield from self.meanwhile(moment)
            yield from self.line(moment)
        yield from self.updates.rest()

    def moments(self) -> list[Moment]:
        """Return the lines to show, in the order in which they end."""
        lines = [*self.walk.moments, *self.walk.others]
        return sorted((each for each in lines if shows(each)), key=lambda each: each.ended)

    # -- forward ---------------------------------------------------------------------------------

    def forward(self) -> Iterator[Event]:
        """Yield a step for every layer, and one for the error."""
        values = {each.name: each for each in self.walk.ran.forward}
        if self.walk.word != "rule":
            yield self.made(Event(FORWARD, self.walk.setting.forward, sets=tuple(values.values())))
            return
        for number in range(1, len(values) // 2 + 1):
            yield self.made(self.forward_of(number, values))
        error = (values["e"],)
        call = self.error_call
        yield self.made(Event(
            FORWARD, "The output error e = ŷ - y", "ŷ is the activation of the last layer.",
            call, (), self.state.reading(self.held(f"h_{number}", "y")),
            self.state.making(error, error, {}), error, number))  # fmt: skip

    def forward_of(self, number: int, values: dict[str, Value]) -> Event:
        """Return the step of one layer."""
        sets = (values[f"a_{number}"], values[f"h_{number}"])
        below = f"h_{number - 1}" if number > 1 else "x"
        reads = self.state.reading(self.held(below, f"W_{number}", f"b_{number}"))
        title, makes = (
            f"Layer {number}: a = h W + b, then h = f(a)",
            self.state.making(sets, sets, {}),
        )
        return Event(FORWARD, title, "", self.forward_call, (), reads, makes, sets, number)

    @cached_property
    def forward_call(self) -> Call:
        """The lines that compute one layer."""
        code = WeightedLayer.forward.__code__
        function = self.walk.reader.function(code, WeightedLayer.__module__)
        return Call(function, tuple(each for each in function.lines if "def " not in each.code))

    @cached_property
    def error_call(self) -> Call:
        """The line that computes the error."""
        code = Trace.set_target.__code__
        function = self.walk.reader.function(code, Trace.__module__)
        return Call(function, tuple(each for each in function.lines if "subtract(" in each.code))

    # -- lines -----------------------------------------------------------------------------------

    def meanwhile(self, moment: Moment) -> Iterator[Event]:
        """Yield what has changed since the last step without a line: the weights' step, or more."""
        if moment.started < self.ended:  # it called the lines of the last step
            return
        sets = self.state.changed(moment.before)
        if self.updates.is_step(sets):
            yield from self.updates.step(sets)
        elif sets:
            yield self.made(Event(self.phase, "Further lines", UNSEEN,
                                  makes=self.state.making((), sets, {}), sets=sets))  # fmt: skip

    def line(self, moment: Moment) -> Iterator[Event]:
        """Yield the step of a line."""
        self.look_at(moment)
        has_called, self.ended = moment.started < self.ended, moment.ended
        signal = (*self.updates.sent(moment), *self.delta_in(moment))
        sets = self.state.changed((*moment.after, *signal))
        call = Call(moment.function, moment.statement)
        if moment.is_head or not (sets or self.is_news(moment, call, has_called)):
            return
        old = {each.name: each.content for each in moment.reads}
        self.latest = self.state.making(moment.makes, sets, old)
        self.shown.update(each.text for each in call.equations)
        yield self.made(Event(
            self.phase, self.title(moment), words(moment),
            call, tuple(callers(moment)), self.state.reading(moment.reads),
            self.latest, sets, self.focus.get(moment.function, 0)))  # fmt: skip

    def delta_in(self, moment: Moment) -> Iterator[Value]:
        """Yield δ of a layer, if a line computes it as `trace.delta(layer)`."""
        layer = self.focus.get(moment.function, 0)
        if layer and any("trace.delta(" in each.code for each in moment.statement):
            made = (each.content for each in moment.makes if is_array(each.content))
            yield from (Value(f"δ_{layer}", each) for each in made)

    def title(self, moment: Moment) -> str:
        """Return the function of a line, the layer, and what the line does if it yields."""
        name = moment.function.name.rpartition(".")[2]
        layer = self.focus.get(moment.function, 0)
        if moment.sends:
            return f"{name}: the teaching signal of layer {layer}"
        return f"{name}, layer {layer}" if layer else name

    def is_news(self, moment: Moment, call: Call, has_called: bool) -> bool:
        """Return whether a line shows more than the lines of the functions that it has called."""
        if not has_called:
            return bool(call.equations or moment.makes)
        if any(each.text not in self.shown for each in call.equations):
            return True
        return not all(any(one.name == each.name and equal(one.content, each.content)
                           for one in self.latest) for each in moment.makes)  # fmt: skip

    def look_at(self, moment: Moment) -> None:
        """Note which layer the function of a line is about."""
        words = [each.content for each in moment.makes if isinstance(each.content, str)]
        found = LAYER.search(moment.layer) or LAYER.search(" ".join(words))
        if found:
            self.focus[moment.function] = int(found[1])
        elif moment.is_head and moment.caller:
            self.focus[moment.function] = self.focus.get(moment.caller.function, 0)
        if moment.sends:
            self.focus[moment.function] = moment.sends.layer

    def made(self, event: Event) -> Event:
        """Return an event, after its changes."""
        self.state.set(event.sets)
        return event

    def held(self, *names: str) -> list[Value]:
        """Return the arrays of the network with these names, those that there are."""
        return [Value(name, self.state.held[name]) for name in names if name in self.state.held]


def shows(moment: Moment) -> bool:
    """Return whether a line has its own step: not if it is a number of lines that are cut."""
    return bool(moment.sends or (moment.lines and moment.lines[0].number))


def callers(moment: Moment) -> list[Call]:
    """Return the lines that wait for a line's function, outermost first."""
    caller = moment.caller
    if caller is None:
        return []
    return [*callers(caller), Call(caller.function, caller.statement)]


def words(moment: Moment) -> str:
    """Return the comment of a line; in a kernel without one, what the kernel is for."""
    notes = "  ".join(each.note for each in moment.statement if each.note)
    return notes or (moment.function.says if moment.function.kernel else "")
