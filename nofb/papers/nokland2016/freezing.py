"""Figure 4: does the first hidden layer learn anything that the layers above need?

The first layer rests for some epochs, and then it is released. If direct feedback taught only the
layers above, the release would change nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nofb.papers.errors import errors_of, lines_of
from nofb.papers.nokland2016.rows import Row
from nofb.papers.nokland2016.training import load, trained
from nofb.papers.study import Part, Record, Rows, Task
from nofb.training import Callback, Run
from nofb.training.callbacks import AfterEpoch

if TYPE_CHECKING:
    from nofb.plots import Picture

# All start uniform here: a first layer that rests at zero would leave nothing to learn from.
ROW = Row("mnist", (400,) * 3, rate=3e-4, rules=("bp", "fa", "dfa"), from_zero=(), longest=20)
REST = 10  # epochs
HEADING = "Figure 4: test error in per cent, 3x400 tanh, while the first layer rests and after"


def tasks(epochs: int | None = None) -> list[dict[str, Any]]:
    """Return every run, none longer than `epochs`.

    Examples
    --------
    >>> [(task["rule"], task["rest"]) for task in tasks()][:2]
    [('bp', 0), ('bp', 10)]
    """
    longest = min(epochs or ROW.longest, ROW.longest)
    return [
        {"part": "freezing", "rule": rule, "rest": rest, "seed": 0, "epochs": longest}
        for rule in ROW.rules
        for rest in (0, REST)
    ]


def train(task: Task, folder: Path, callbacks: Sequence[AfterEpoch] = ()) -> dict[str, Any]:
    """Train once; return test and training errors over epochs."""
    net = ROW.network(task["rule"], load(ROW), task["seed"])
    optimizer = ROW.optimizer(ROW.rate, "constant")
    run = trained(task, folder, ROW, net, optimizer, [*callbacks, FirstLayerRests(task["rest"])])
    return errors_of(run)


@dataclass
class FirstLayerRests(Callback):
    """Freezes the first layer for some epochs.

    It does so after the rule is attached, which draws no feedback to layers that are frozen then.
    """

    epochs: int

    def begin(self, run: Run) -> None:
        """Freeze it before the first step, or before the next one of a run that is resumed."""
        self(run)

    def __call__(self, run: Run) -> None:
        """Release it after its epochs."""
        run.net.weighted[0].frozen = run.history.epochs < self.epochs


def tables(records: Sequence[Record]) -> dict[str, Rows]:
    """Return a row for each rule: when the rest ends, and at the end of the run."""
    rows = [["rule", "first layer rests", f"test error % at epoch {REST}", "at the end"]]
    for record in records:
        task, errors = record["task"], record["result"]["test_error"]
        rest = f"{task['rest']} epochs" if task["rest"] else "-"
        middle = f"{errors[REST - 1]:.2f}" if len(errors) >= REST else "-"
        rows.append([task["rule"], rest, middle, f"{errors[-1]:.2f}"])
    return {HEADING: rows}


def lines(records: Sequence[Record]) -> Rows:
    """Return every error of every epoch."""
    return lines_of(records, "rule", "rest")


def figure(records: Sequence[Record]) -> Picture:
    """Draw test error over epochs, a panel for each rule."""
    from matplotlib.ticker import MaxNLocator  # late: matplotlib loads slowly

    from nofb.plots.curves import logarithmic
    from nofb.plots.picture import Picture
    from nofb.plots.style import full_name, look, using

    rules = list(dict.fromkeys(record["task"]["rule"] for record in records))
    every = [error for record in records for error in record["result"]["test_error"]]
    with using("light") as colours:
        picture = Picture(3.8 * len(rules), 3.8, colours)
        panels = picture.subplots(1, len(rules), sharey=True, squeeze=False)[0]
        for axes, rule in zip(panels, rules, strict=True):
            for record in [each for each in records if each["task"]["rule"] == rule]:
                rest, errors = record["task"]["rest"], record["result"]["test_error"]
                name = f"first layer rests for {rest} epochs" if rest else "all learn"
                axes.plot(np.arange(1, len(errors) + 1), errors, "--" if rest else "-",
                          color=look(rule, colours).colour, label=name)  # fmt: skip
            logarithmic(axes)
            axes.axvline(REST, color=colours.faint, linewidth=0.8, linestyle=":")
            axes.set(title=full_name(rule), xlabel="epoch")
            axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        panels[0].set_ylim(min(every) / 1.1, max(every) * 1.1)
        panels[0].set_ylabel("test error in per cent (logarithmic)")
        panels[0].legend()
    return picture


PART = Part(
    "freezing",
    tasks,
    train,
    tables,
    lines,
    numbers="freezing",
    figure=figure,
    image="freezing",
    by_epoch=("train_error", "test_error"),
    resumes=True,
    data=("mnist",),
)
