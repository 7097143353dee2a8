"""One row per rule: its final score, its alignment, and its time."""

from __future__ import annotations

import textwrap
from dataclasses import astuple, dataclass

import numpy as np

from nofb.rules import RULES
from nofb.runs.compare import Comparison
from nofb.runs.specification import default_rates
from nofb.text import columns
from nofb.types import Array

WIDTH = 100  # of a terminal
NOTHING = "–"
MOST_ANGLES = 5  # in a row of a terminal
LEGEND = (
    "signal: angle of each hidden layer's teaching signal to backprop's; matrix: angle of each "
    "feedback matrix to the Wᵀ that it replaces; both at the end, input side first, 90° is chance"
)


@dataclass(frozen=True)
class Row:
    """The row of a rule in a table, as text.

    Attributes
    ----------
    rule, title, paper
        As in `nofb.rules.RULES`; the last two are empty for an unknown rule.
    score
        Test accuracy in per cent, for a regression test loss: mean ± standard deviation over seeds.
    signal, matrix
        The angle of each hidden layer's signal, and of each feedback matrix, at the end: means
        over seeds.
    seconds
        Of training alone, a mean over seeds. The first run is left out, if there are others: it
        compiles the kernels.
    lr
        The learning rate.
    """

    rule: str
    title: str
    paper: str
    score: str
    signal: str
    matrix: str
    seconds: str
    lr: str


def summarise(comparison: Comparison) -> list[Row]:
    """Return a row for each rule, in the given order."""
    return [_row(comparison, rule) for rule in comparison.rules]


def table(comparison: Comparison) -> str:
    """Return the rows as plain text of at most 100 columns, with the stopped runs below.

    Examples
    --------
    >>> from nofb.runs.compare import compare
    >>> from nofb.runs.specification import Specification
    >>> comparison = compare(["bp"], Specification(hidden=(8,), epochs=1), seeds=1)
    >>> print(table(comparison).splitlines()[0])
    rule  full name        test accuracy  signal  matrix  s/run  lr
    """
    heading = Row(
        "rule", "full name", "", score_name(comparison), "signal", "matrix", "s/run", "lr"
    )
    rows = [
        [row.rule, row.title, *map(_ends, astuple(row)[3:])]
        for row in (heading, *summarise(comparison))
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    room = WIDTH - sum(widths) - 2 * (len(widths) - 1) + widths[1]
    for row in rows:
        row[1] = textwrap.shorten(row[1], max(room, 12), placeholder=" …")
    sentences = (
        f"{LEGEND}; s/run: {timed(comparison)}",
        *remarks(comparison),
        *without_signal(comparison),
        *stopped(comparison),
        *rates_used(comparison),
    )
    notes = [textwrap.fill(each, WIDTH) for each in sentences]
    return "\n".join([columns(rows), "", *notes])


def rows(comparison: Comparison) -> list[list[str]]:
    """Return the table as words for Markdown or LaTeX, the names of the columns first."""
    heading = ["rule", "full name", score_name(comparison), "signal's angle", "matrix's angle",
               "seconds per run", "learning rate"]  # fmt: skip
    return [heading, *([row.rule, row.title, *astuple(row)[3:]] for row in summarise(comparison))]


def remarks(comparison: Comparison) -> list[str]:
    """Return the remarks on the angles of the compared rules."""
    said = (vars(RULES[rule]).get("remark") for rule in comparison.rules if rule in RULES)
    return [remark for remark in said if remark]


def without_signal(comparison: Comparison) -> list[str]:
    """Return a sentence for each rule with hidden layers that have no angle at the end.

    A layer that gets a signal of zeros has none, and a layer that gets no signal never had one.
    """
    found = []
    for rule in comparison.rules:
        angles = comparison.curves(rule, "delta_angle_end_to_end", start=True)
        missing = np.isnan(angles[:, -1, :-1]) if angles.size else np.zeros((0, 0), bool)
        if missing.size and np.isnan(angles[..., :-1]).all():
            found.append(f"{rule}: no signal is sent to the hidden layers, so there is no angle.")
        elif missing.any():
            layers = ", ".join(str(k + 1) for k in np.flatnonzero(missing.any(axis=0)))
            seeds = f"{missing.any(axis=1).sum()} of {len(missing)} runs"
            found.append(
                f"{rule}: at the end hidden layer {layers} had no angle in {seeds}, since its "
                "signal, or that of backprop, was zero."
            )
    return found


def stopped(comparison: Comparison) -> list[str]:
    """Return a sentence for each run that ended early; all means exclude them."""
    return [f"Seed {r.seed}: {r.stopped}." for r in comparison.results if r.stopped is not None]


def rates_used(comparison: Comparison) -> list[str]:
    """Return a sentence for each rule with a default learning rate."""
    return default_rates(comparison.settings.replace(rule=rule) for rule in comparison.rules)


def score_name(comparison: Comparison) -> str:
    """Return the name of `Row.score`."""
    return "test loss" if comparison.classes is None else "test accuracy"


def score(comparison: Comparison, rule: str) -> str:
    """Return a rule's final score, with its spread if several runs finished."""
    regression = comparison.classes is None
    mean, spread = comparison.final(rule, "test_loss" if regression else "test_accuracy")
    if np.isnan(mean):
        return "stopped"
    form, scale, unit = ("{:.4g}", 1, "") if regression else ("{:.1f}", 100, " %")
    numbers = [form.format(scale * number) for number in (mean, spread) if not np.isnan(number)]
    return " ± ".join(numbers) + unit


def _row(comparison: Comparison, rule: str) -> Row:
    known = RULES.get(rule)
    return Row(
        rule,
        getattr(known, "title", ""),
        getattr(known, "paper", ""),
        score(comparison, rule),
        _degrees(np.atleast_1d(comparison.final(rule, "delta_angle_end_to_end")[0])[:-1]),
        _degrees(np.atleast_1d(comparison.final(rule, "weight_angle")[0])),
        _seconds(comparison, rule),
        next(f"{result.lr:g}" for result in comparison.results if result.rule == rule),
    )


def timed(comparison: Comparison) -> str:
    """Return what the seconds of a run are, in words."""
    first = "without" if len(comparison.seeds) > 1 else "with only one seed including"
    return f"seconds of training, {first} the first run, which compiles the kernels"


def _seconds(comparison: Comparison, rule: str) -> str:
    """Return the mean time of training, without the run that may have compiled the kernels."""
    seconds = comparison.curves(rule, "seconds").sum(axis=-1)
    return (
        f"{(seconds[1:] if len(seconds) > 1 else seconds).mean():.2f}" if seconds.size else NOTHING
    )


def _degrees(angles: Array) -> str:
    """Return the angles that are not NaN, as text."""
    return " ".join(f"{angle:.0f}°" for angle in angles if not np.isnan(angle)) or NOTHING


def _ends(words: str) -> str:
    """Return the first and the last of many angles, or all of a few."""
    each = words.split(" ")
    return words if len(each) <= MOST_ANGLES else f"{each[0]} … {each[-1]}"
