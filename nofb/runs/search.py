"""A grid search: it finds the best values on held-out samples, also outside the first grid.

If the best value of a setting is the first or the last one tried, the search continues beyond it. A
best value at an end may be far from the true optimum. If the grid of a control is too narrow, every
other rule looks better than it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice, product
from math import prod
from pathlib import Path
from statistics import mean
from typing import Any

from nofb.rules import RULES
from nofb.runs.run_tasks import run_all, work_for
from nofb.runs.specification import Specification
from nofb.runs.task import own_code, task_of
from nofb.strict_json import canonical
from nofb.training.progress import bar

LOWEST, HIGHEST = 1e-7, 100.0  # a search ends here, even if the last value is the best

Point = tuple[float, ...]  # a value for each axis


@dataclass(frozen=True)
class Score:
    """The score of a point: a measure of held-out samples at the end of a run.

    Attributes
    ----------
    measure
        Its name in a history.
    best
        `max` or `min`.
    digits
        The number of decimals that are compared.
    diverged
        The score of a run that diverged.
    """

    measure: str
    best: Callable[..., Point]
    digits: int
    diverged: float

    def of(self, result: Mapping[str, Any]) -> float:
        """Return the score of one run."""
        return self.diverged if result["stopped"] else float(result["history"][self.measure][-1])


ACCURACY = Score("validation_accuracy", max, 4, 0.0)
LOSS = Score("validation_loss", min, 5, 1e9)


@dataclass
class Search:
    """The search for one rule.

    Attributes
    ----------
    run
        The specification that is the same in all runs; it must hold out some training samples.
    grid
        The values of each axis: a setting, or an attribute of the rule.
    seeds
        The number of seeds of each point.
    score
        The score by which the points are compared.
    beyond
        How many points outside the grid may be tried; no limit if left out.
    found
        The mean score of each point that was tried so far.
    """

    run: Specification
    grid: Mapping[str, tuple[float, ...]]
    seeds: int = 1
    score: Score = ACCURACY
    beyond: int | None = None
    found: dict[Point, float] = field(default_factory=dict)

    @property
    def best(self) -> Point:
        """The point with the best score; in a tie, the one with the smaller values."""
        return self.score.best(sorted(self.found), key=self.found.__getitem__)

    def named(self, point: Point) -> dict[str, float]:
        """Return a point's values by their axes."""
        return dict(zip(self.grid, point, strict=True))

    def runs(self, point: Point) -> list[Specification]:
        """Return the runs of a point, one for each seed."""
        chosen, attributes = self.named(point), dict(self.run.attributes)
        for name in [name for name in chosen if name not in self.run.settings]:
            attributes[name] = chosen.pop(name)
        run = self.run.replace(**chosen, attributes=attributes)
        return [run.replace(seed=seed) for seed in range(self.seeds)]

    def next_points(self) -> list[Point]:
        """Return the points to try next: first the grid, then points beyond an end that is best."""
        if not self.found:
            return list(product(*self.grid.values()))
        tried = len(self.found) - prod(map(len, self.grid.values()))
        left = None if self.beyond is None else self.beyond - tried
        return list(islice(self._past_the_ends(), left))

    def _past_the_ends(self) -> Iterator[Point]:
        best = self.best
        for axis in range(len(best)):
            before, after = best[:axis], best[axis + 1 :]
            line = [p[axis] for p in self.found if p[:axis] == before and p[axis + 1 :] == after]
            value = past_the_end(line, best[axis])
            if value is not None:
                yield (*before, value, *after)


def search(
    searches: Iterable[Search], jobs: int = 1, log: str | Path | None = None, name: str = "search"
) -> None:
    """Try every point of every search that is not in the log, and continue beyond the ends.

    Parameters
    ----------
    searches
        The searches; their `found` is filled.
    jobs, log
        As for `nofb.runs.grid.run_grid`.
    name
        The label of the progress bar.

    Raises
    ------
    ValueError
        If a run fails.
    """
    searches = list(searches)
    rules = dict.fromkeys(each.run.rule for each in searches)
    own_codes = {rule: own_code(RULES[rule]) for rule in rules}
    data = {each.run.data: each.run.load() for each in searches}
    while pending := [(each, point) for each in searches for point in each.next_points()]:
        runs = [[task_of(run, own_codes) for run in each.runs(p)] for each, p in pending]
        tasks = [task for of_point in runs for task in of_point]
        results = {}
        with bar(len(tasks), name, "run") as shown:
            for record in run_all(work_for(rules), tasks, data, jobs, log=log):
                if "error" in record:
                    raise ValueError(f"the search stopped at {record['task']}: {record['error']}")
                results[canonical(record["task"])] = record["result"]
                shown.update()
        for (each, point), of_point in zip(pending, runs, strict=True):
            scores = [each.score.of(results[canonical(task)]) for task in of_point]
            each.found[point] = round(mean(scores), each.score.digits)


def past_the_end(tried: Iterable[float], best: float) -> float | None:
    """Return the next value to try, or `None` if values on both sides of the best one were tried.

    Parameters
    ----------
    tried
        Every value so far. A single value is not a search, so nothing follows.
    best
        The best of them.

    Returns
    -------
    float or None
        Twice the largest value, or half the smallest.

    Examples
    --------
    >>> past_the_end([0.01, 0.02, 0.04], best=0.04)
    0.08
    >>> past_the_end([0.01, 0.02, 0.04], best=0.01)
    0.005
    >>> past_the_end([0.01, 0.02, 0.04], best=0.02)
    """
    tried = set(tried)
    if len(tried) == 1 or min(tried) < best < max(tried):
        return None
    value = 2 * best if best == max(tried) else best / 2
    return value if LOWEST <= value <= HIGHEST else None
