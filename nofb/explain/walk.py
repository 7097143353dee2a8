"""A walk through one update: each line of a rule's or a method's arithmetic, with its result.

It shows kernels, and all other functions of its files that implement an equation. In a student's
file it shows every function. If a function runs for every layer, it shows one call.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from nofb.explain.moments import Moment, Steps
from nofb.explain.reader import Function, Reader
from nofb.explain.running import Ran
from nofb.explain.settings import Setting, settings_for
from nofb.explain.subjects import Subject, word_for
from nofb.explain.values import Block, Value, of_values
from nofb.rules import Rule
from nofb.transfer import Transferred


@dataclass(frozen=True)
class Walk:
    """One update of a small network, line by line."""

    reader: Reader  # has the rule or the method, and its header
    setting: Setting  # the network
    ran: Ran  # the values before and after
    moments: tuple[Moment, ...]  # the lines of the rule or the method, in order
    calls: Counter[Function]  # the number of calls of each; one is shown
    others: tuple[Moment, ...] = ()  # further lines, which yield a signal or change a layer

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
    steps = Steps(reader)
    ran = setting.run(subject, seed, steps.watch)  # type: ignore[arg-type]
    for each in steps.moments:
        each.values = tuple(_filled(value, ran) for value in each.values)
        each.makes = tuple(_filled(value, ran) for value in each.makes)
    moments = tuple(each for each in steps.moments if each.says_something)
    others = tuple(each for each in steps.moments if each.acts and not each.says_something)
    return Walk(reader, setting, ran, moments, steps.calls, others)


def _filled(value: Value, ran: Ran) -> Value:
    """Return the output of a layer in the forward pass, if a value represents a layer."""
    if value.gives is None:
        return value
    return Value(value.name, ran.trace[value.gives].h.copy())
