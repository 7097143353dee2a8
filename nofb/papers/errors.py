"""Test errors as tables of papers have them: mean ± deviation, beside the published ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from nofb.papers.published import Published
from nofb.papers.study import Record, Rows, short
from nofb.training import Run

Results = Sequence[Mapping[str, Any]]

LEARNED = 0.01  # per cent: a smaller training error is not shown
SPENT = ["seeds", "epochs", "minutes"]  # the columns of `spent`


def errors_of(run: Run) -> dict[str, Any]:
    """Return training and test errors in per cent over epochs, why a run stopped, and its seconds.

    The training error is met on the way through an epoch, with dropout on.
    """
    errors = {
        f"{split}_error": (100 * (1 - run.history[f"{split}_accuracy"])).round(3).tolist()
        for split in ("train", "test")
        if run.history.epochs
    }
    seconds = float(np.round(run.history["seconds"].sum(), 1)) if run.history.epochs else 0.0
    nothing: dict[str, list[float]] = {"train_error": [], "test_error": []}
    return {"stopped": run.stopped, **(errors or nothing), "seconds": seconds}


def results_of(records: Iterable[Record], **wanted: Any) -> list[Mapping[str, Any]]:
    """Return the results of the runs whose task has these values, without those of no epoch."""
    return [
        record["result"]
        for record in records
        if all(record["task"].get(name) == value for name, value in wanted.items())
        and record["result"]["test_error"]
    ]


def lines_of(records: Iterable[Record], *names: str) -> Rows:
    """Return both errors of every epoch, after the values in the run's task that have these names.

    Commas in a value are left out, since they separate columns.

    Examples
    --------
    >>> result = {"train_error": [4.0, 2.0], "test_error": [5.0, 3.5]}
    >>> lines_of([{"task": {"rule": "fa", "seed": 0}, "result": result}], "rule", "seed")[1:]
    [['fa', '0', '1', '4', '5'], ['fa', '0', '2', '2', '3.5']]
    """
    rows = [[*names, "epoch", "train_error", "test_error"]]
    for record in records:
        place = [short(record["task"][name]).replace(",", "") for name in names]
        errors = (record["result"][f"{split}_error"] for split in ("train", "test"))
        for epoch, pair in enumerate(zip(*errors, strict=True), 1):
            rows.append([*place, *map(short, (epoch, *pair))])
    return rows


def cell(results: Results, theirs: Published | None) -> str:
    """Return "ours / theirs", see `ours`; "-" if there is neither."""
    if not results and theirs is None:
        return "-"
    return f"{ours(results)} / {'-' if theirs is None else theirs}"


def ours(results: Results) -> str:
    """Return the mean test error ± the deviation over seeds, and (training error) if it is left.

    Examples
    --------
    >>> runs = [{"test_error": [3.0, 2.0], "train_error": [1.0, 0.0]},
    ...         {"test_error": [3.0, 1.0], "train_error": [1.0, 0.5]}]
    >>> ours(runs), ours([])
    ('1.50 ± 0.71 (0.25)', '-')
    """
    if not results:
        return "-"
    last = np.array([run["test_error"][-1] for run in results])
    spread = f" ± {last.std(ddof=1):.2f}" if len(last) > 1 else ""
    left = np.mean([run["train_error"][-1] for run in results])
    rest = f" ({left:.2f})" if left > LEARNED else ""
    return f"{last.mean():.2f}{spread}{rest}"


def epochs_of(results: Results) -> str:
    """Return how many epochs the runs took: the fewest and the most, if they differ."""
    lengths = sorted(len(run["test_error"]) for run in results)
    if not lengths:
        return "-"
    return str(lengths[0]) if lengths[0] == lengths[-1] else f"{lengths[0]}-{lengths[-1]}"


def minutes_of(results: Results) -> str:
    """Return how long a run took in the mean, without its evaluations.

    Examples
    --------
    >>> minutes_of([{"seconds": 90}, {"seconds": 30}]), minutes_of([])
    ('1.0', '-')
    """
    if not results:
        return "-"
    return f"{np.mean([run['seconds'] for run in results]) / 60:.1f}"


def spent(by_rule: Iterable[Results]) -> list[str]:
    """Return the cells of `SPENT` for the runs of each rule.

    Examples
    --------
    >>> one = {"test_error": [3.0, 2.0], "seconds": 60}
    >>> spent([[one, one], [one]]), spent([[one]])
    (['2 1', '2', '1.0'], ['1', '2', '1.0'])
    """
    each = list(by_rule)
    return [of_each(map(count, each)) for count in (seeds_of, epochs_of, minutes_of)]


def seeds_of(results: Results) -> str:
    """Return how many runs there are."""
    return str(len(results))


def of_each(cells: Iterable[str]) -> str:
    """Return the cells of several rules as one: a single value if all have the same.

    Examples
    --------
    >>> of_each(["3", "3", "3"]), of_each(["3", "1", "-"])
    ('3', '3 1 -')
    """
    listed = list(cells)
    return listed[0] if len(set(listed)) == 1 else " ".join(listed)
