"""Does every rule train a language model? Bits per character of a small causal transformer.

It predicts the next character at each of 64 characters of three plays by Shakespeare. The rules are
compared with two counts without a network: the frequency of each character, and its frequency after
the previous one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from nofb.datasets import Dataset
from nofb.diagnosis import Probe
from nofb.papers.networks.settings import MEASURES, TEXT, TEXT_RULES, rate, run_for, run_of
from nofb.papers.study import Part, Record, Rows, Task, short
from nofb.runs.train import train
from nofb.training.callbacks import AfterEpoch

if TYPE_CHECKING:
    from nofb.plots import Picture

HEADING = "Text, language model: two blocks of 64 units, 64 characters at a time"
EPOCHS, SEEDS = 5, 1
PROBE = 16  # test sequences on which signals are compared with backprop's
NOTE = (
    "Test bits per character, the cross-entropy in bits; {seeds} seed{s}, so small "
    "differences mean nothing. Without a network: {alone:.2f} bits from the frequency of each "
    "character in the training text, {pairs:.2f} from its frequency after the previous one. The "
    "angle is that of teaching signals to backprop's at the end, on 16 test sequences: the mean "
    "over all layers with weights but the last, and the smallest and the largest of them."
)


def tasks(epochs: int | None = None) -> list[dict[str, Any]]:
    """Return a run for each rule and seed, none longer than `epochs`.

    Examples
    --------
    >>> task = tasks(epochs=2)[0]
    >>> task["network"], task["rule"], task["epochs"]
    ('language_model', 'bp', 2)
    """
    longest = min(epochs or EPOCHS, EPOCHS)
    return [
        {"part": "text", "network": TEXT, "rule": rule, "seed": seed, "epochs": longest,
         "lr": rate(TEXT, rule)}
        for rule in TEXT_RULES
        for seed in range(SEEDS)
    ]  # fmt: skip


def text(task: Task, callbacks: Iterable[AfterEpoch] = ()) -> dict[str, Any]:
    """Train once; return test bits per character, and the signal's angle at each layer."""
    run = train(run_for(task), probe=Probe(PROBE, MEASURES), callbacks=callbacks)
    history = run.history
    bits = history["test_loss"] / np.log(2) if history.epochs else np.array([])
    angles = history[MEASURES[0].name][-1][:-1] if history.epochs else []
    return {
        "stopped": run.stopped,
        "test_bits": bits.round(4).tolist(),
        "signal_angle": [None if np.isnan(each) else round(float(each), 2) for each in angles],
    }


@cache
def counted() -> tuple[float, float]:
    """Return the test bits per character of counts: of characters, and of pairs of them."""
    data = run_of(TEXT, "bp").load()
    n = data.n_outputs
    pairs = np.zeros((n, n))
    np.add.at(pairs, (data.x_train, data.y_train), 1)
    alone = pairs.sum(axis=0)
    return _bits(np.tile(alone, (n, 1)), data), _bits(pairs, data)


def _bits(counts: Any, data: Dataset) -> float:
    """Return the test bits of counts (n, n), each plus one, so that no probability is zero."""
    p = (counts + 1) / (counts + 1).sum(axis=1, keepdims=True)
    return float(-np.log2(p[data.x_test, data.y_test]).mean())


def tables(records: Sequence[Record]) -> dict[str, Rows]:
    """Return a row for each run."""
    rows = [
        ["rule", "rate", "seed", "epochs", "bits per character", "angle of signal to backprop's"]
    ]
    for record in records:
        task, result = record["task"], record["result"]
        angles = np.array(result["signal_angle"], float)
        shown = f"{angles.mean():.0f}° ({angles.min():.0f}° to {angles.max():.0f}°)"
        bits = result["test_bits"]
        rows.append([task["rule"], short(task["lr"]), str(task["seed"]), str(len(bits)),
                     f"{bits[-1]:.2f}", "-" if np.isnan(angles).all() else shown])  # fmt: skip
    return {HEADING: rows}


def note(records: Sequence[Record]) -> str:
    """Return a note on the numbers, with the bits of the two counts."""
    alone, pairs = counted()
    seeds = len({record["task"]["seed"] for record in records})
    return NOTE.format(seeds=seeds, s="s" * (seeds > 1), alone=alone, pairs=pairs)


def lines(records: Sequence[Record]) -> Rows:
    """Return the test bits of every run and epoch."""
    rows = [["rule", "seed", "lr", "epoch", "test_bits"]]
    for record in records:
        task: Mapping[str, Any] = record["task"]
        for epoch, bits in enumerate(record["result"]["test_bits"], 1):
            rows.append([short(v) for v in [task["rule"], task["seed"], task["lr"], epoch, bits]])
    return rows


def figure(records: Sequence[Record]) -> Picture:
    """Draw bits per character over epochs, with the levels of the two counts."""
    from nofb.plots.curves import draw_rule, level  # late: matplotlib loads slowly
    from nofb.plots.picture import Picture
    from nofb.plots.style import using

    alone, pairs = counted()
    rules = dict.fromkeys(record["task"]["rule"] for record in records)
    with using("light") as theme:
        picture = Picture(7.2, 4.4, theme)
        axes = picture.subplots()
        for rule in rules:
            bits = [r["result"]["test_bits"] for r in records if r["task"]["rule"] == rule]
            draw_rule(axes, rule, np.array(bits), theme, first=1)
        level(axes, alone, "counts of characters", theme)
        level(axes, pairs, "counts of pairs", theme)
        epochs = range(1, 1 + max(len(record["result"]["test_bits"]) for record in records))
        axes.set(xlabel="epoch", title="test bits per character", xticks=epochs)
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), handlelength=3.2)
    return picture


PART = Part("text", tasks, text, tables, lines, "text", figure, "text", note, ("test_bits",))
