"""What a figure of several rules takes: a comparison, or runs of `nofb.fit`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from nofb.runs.compare import Comparison, comparison_of
from nofb.runs.own_networks import OwnSettings
from nofb.runs.train import Result
from nofb.training import Run

Runs = Run | Sequence[Run] | Mapping[str, Run | Sequence[Run]]
Given = Comparison | Runs


def as_comparison(given: Given) -> Comparison:
    """Return a comparison as it is, and runs as a comparison.

    Parameters
    ----------
    given
        A comparison; a run; a list of runs, which are put together by their rules' names; or a run
        or a list of runs for each name. Several runs of one name are its seeds.

    Raises
    ------
    TypeError
        If it is something else.
    ValueError
        If there is no run, or the runs have different numbers of epochs, or only some have classes.
    """
    if isinstance(given, Comparison):
        return given
    given = [given] if isinstance(given, Run) else given
    named = list(_named(given))
    if not named:
        raise ValueError("runs is empty: give at least one run of nofb.fit")
    lengths = sorted({run.history.epochs for _, run in named if run.stopped is None})
    if len(lengths) > 1:
        raise ValueError(
            f"runs have {' and '.join(map(str, lengths))} epochs, and must have the same number"
        )
    seeds: dict[str, int] = {}
    results = []
    for name, run in named:
        seeds[name] = seeds.get(name, -1) + 1
        results.append(Result(name, seeds[name], run.optimizer.lr, run.history, run.stopped))
    results.sort(key=lambda result: list(seeds).index(result.rule))
    classes, *others = {bool(np.isfinite(run.history.start["test_accuracy"])) for _, run in named}
    if others:
        raise ValueError("runs have classes in part, and others are regressions: draw them apart")
    first = named[0][1]
    net, optimizer = first.net, first.optimizer
    settings = OwnSettings(
        "runs of nofb.fit", repr(net), repr(optimizer), optimizer.lr, max(lengths, default=1), 0
    )
    return comparison_of(net, settings, tuple(results), max(2, net.n_outputs) if classes else None)


def _named(given: object) -> Iterable[tuple[str, Run]]:
    """Yield each run with its name."""
    if isinstance(given, str) or not isinstance(given, Sequence | Mapping):
        raise TypeError(
            "what is drawn must be a comparison, or runs of nofb.fit in a list or by name, but is "
            f"{given!r}"
        )
    table = given.items() if isinstance(given, Mapping) else [(None, given)]
    for name, runs in table:
        for run in [runs] if not isinstance(runs, Sequence) or isinstance(runs, str) else runs:
            if not isinstance(run, Run):
                raise TypeError(f"what is drawn must hold runs of nofb.fit, but holds {run!r}")
            yield name or run.rule.name, run
