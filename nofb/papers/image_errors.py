"""A table of test errors of rules on one network, beside published ones, with angles at each layer.

Several studies ask this question of different networks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nofb.diagnosis import ALIGNMENT, Probe
from nofb.papers.compared import Compared, last_errors
from nofb.papers.errors import SPENT, cell, errors_of, lines_of, ours, results_of, spent
from nofb.papers.published import Published
from nofb.papers.study import Part, Record, Rows, Task, grouped, short
from nofb.runs.search import Search
from nofb.runs.specification import Specification
from nofb.runs.train import train
from nofb.training.callbacks import AfterEpoch

ANGLE = "delta_angle_end_to_end"
RATES = 0.0003, 0.001, 0.003  # that are searched
PROBE = Probe(100, [measure for measure in ALIGNMENT if measure.name == ANGLE])


@dataclass(frozen=True)
class ImageErrors:
    """What is trained, and what it is compared with.

    Attributes
    ----------
    heading
        Of a table; {data} stands for the data set.
    run
        What is the same in all runs, but for the learning rate.
    data, rules, seeds
        Every combination is run.
    published
        Published errors by data set and rule.
    rate
        Returns the learning rate of a rule on a data set.
    network
        Its name.
    least
        How far from a published error ours may be, by data set, in points.
    searched
        The number of training samples of a search, a fifth of them held out.
    """

    heading: str
    run: Specification
    data: tuple[str, ...]
    rules: tuple[str, ...]
    seeds: int
    published: Mapping[tuple[str, ...], Published]
    rate: Callable[[str, str], float]
    network: str
    least: Mapping[str, float] = field(default_factory=dict)
    searched: int = 10_000

    def tasks(self, epochs: int | None = None) -> list[dict[str, Any]]:
        """Return every run, none longer than `epochs`; the first seed of all first."""
        longest = min(epochs or self.run.epochs, self.run.epochs)
        return [
            {"data": data, "rule": rule, "seed": seed, "epochs": longest,
             "lr": self.rate(data, rule)}
            for seed in range(self.seeds)
            for data in self.data
            for rule in self.rules
        ]  # fmt: skip

    def searches(self) -> dict[str, Search]:
        """Return the search of each rule's rate, with some of the training samples held out."""
        short = self.run.replace(samples=self.searched, epochs=3, validation=0.2, probe=0)
        return {rule: Search(short.replace(rule=rule), {"lr": RATES}) for rule in self.rules}

    def train(self, task: Task, callbacks: Sequence[AfterEpoch]) -> dict[str, Any]:
        """Train once; return errors over epochs, and the angle at each layer at the end."""
        chosen = {name: task[name] for name in ("data", "rule", "seed", "epochs", "lr")}
        run = train(self.run.replace(**chosen), probe=PROBE, callbacks=callbacks)
        angles = run.history[ANGLE][-1][:-1] if run.history.epochs else []
        return errors_of(run) | {
            "angle": [None if np.isnan(each) else round(float(each), 2) for each in angles]
        }

    def tables(self, records: Sequence[Record]) -> dict[str, Rows]:
        """Return a table for each data set, with a row for each rule."""
        made: dict[str, Rows] = {}
        for data in self.data:
            error = "test error %" + ": nofb / published" * bool(self.published)
            rows = [["rule", "rate", *SPENT, error, "angle of signal to backprop's"]]
            for rule in self.rules:
                if results := results_of(records, data=data, rule=rule):
                    theirs = self.published.get((data, rule))
                    mine = cell(results, theirs) if self.published else ours(results)
                    rate = short(self.rate(data, rule))
                    angles = np.array([run["angle"] for run in results], float)
                    degrees = " ".join(
                        "-" if np.isnan(each) else f"{each:.0f}°" for each in angles.mean(axis=0)
                    )
                    rows.append([rule, rate, *spent([results]), mine, degrees])
            if len(rows) > 1:
                made[self.heading.format(data=data)] = rows
        return made

    def compared(self, records: Sequence[Record]) -> Iterator[Compared]:
        """Yield the errors that were published too."""
        found = grouped(records, "data", "rule")
        for data, least in self.least.items():
            names = [(key, f"{self.network}, {data}", key[1])
                     for key in self.published if key[0] == data]  # fmt: skip
            yield from last_errors(self.published, found, names, least)

    def lines(self, records: Sequence[Record]) -> Rows:
        """Return every error of every epoch."""
        return lines_of(records, "data", "rule", "seed", "lr")

    def part(self, run: Callable[..., dict[str, Any]], name: str) -> Part:
        """Return the part of a study; `run` is a function of the study's own."""
        return Part("errors", self.tasks, run, self.tables, self.lines, numbers=name,
                    by_epoch=("train_error", "test_error"), compared=self.compared)  # fmt: skip
