"""Every number of a comparison, as JSON and as a tidy table in CSV.

Epoch 0 is before the first step; layers are numbered from 1, first to last.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import asdict
from itertools import chain
from typing import Any

import numpy as np

from nofb.diagnosis import MEANINGS
from nofb.report.origin import Origin
from nofb.report.summary import summarise
from nofb.runs.compare import Comparison
from nofb.runs.train import Result
from nofb.strict_json import plain
from nofb.text import csv_lines

COLUMNS = ("rule", "seed", "epoch", "measure", "layer", "value")


def meanings(comparison: Comparison) -> dict[str, str]:
    """Return the meaning of each measure of a comparison."""
    held = {name for result in comparison.results for name in result.history}
    return {name: meaning for name, meaning in MEANINGS.items() if name in held}


def as_json(comparison: Comparison, about: Origin) -> str:
    """Return strict JSON: NaN and infinity are null."""
    document = {
        **asdict(about),
        "settings": comparison.settings.settings,
        "seeds": comparison.seeds,
        "units": comparison.units,
        "classes": comparison.classes,
        "measures": meanings(comparison),
        "rules": [asdict(row) for row in summarise(comparison)],
        "runs": [_run(result) for result in comparison.results],
    }
    return json.dumps(plain(document), allow_nan=False, ensure_ascii=False) + "\n"


def as_csv(comparison: Comparison) -> str:
    """Return one line for each rule, seed, epoch, measure and layer; a value of NaN is empty."""
    lines = (line for result in comparison.results for line in _lines(result))
    return csv_lines(chain([COLUMNS], lines))


def _run(result: Result) -> dict[str, Any]:
    return {
        "rule": result.rule,
        "seed": result.seed,
        "lr": result.lr,
        "stopped": result.stopped,
        "start": result.history.start,
        "history": dict(result.history),
    }


def _lines(result: Result) -> Iterator[tuple[object, ...]]:
    """Yield the lines of one run, the start first."""
    start = {name: np.asarray([value]) for name, value in result.history.start.items()}
    for first, measures in ((0, start), (1, dict(result.history))):
        for measure, values in measures.items():
            for (epoch, *layer), value in np.ndenumerate(np.asarray(values, np.float64)):
                at = layer[0] + 1 if layer else ""
                shown = "" if math.isnan(value) else repr(float(value))
                yield result.rule, result.seed, first + epoch, measure, at, shown
