"""Differences between rules over the same seeds, with their confidence intervals.

All runs of a seed begin with the same weights and see the samples in the same order, so a rule is
compared with another one seed by seed: what the seed does to both is no part of the difference.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from textwrap import fill

import numpy as np

from nofb import checks
from nofb.report.summary import NOTHING, WIDTH
from nofb.runs.compare import Comparison
from nofb.text import columns, latex_table, markdown
from nofb.types import Array

CONFIDENCE = 0.95
FORMS: dict[str, Callable[[list[list[str]]], str]] = {
    "text": columns, "markdown": markdown, "latex": latex_table,
}  # fmt: skip
NOTE = (
    "difference: the score of the rule minus that of {reference}, the mean over the seeds that "
    "both have finished, and a point is 1 % of the test samples; interval: 95 % confidence, "
    "Student's t for paired differences"
)


@dataclass(frozen=True)
class Difference:
    """How much a rule ends above another one.

    Attributes
    ----------
    rule, reference
        Their short names.
    seeds
        The number of seeds that both have finished.
    mean, low, high
        The mean difference of the test accuracies, or of the test losses of a regression, and the
        ends of its confidence interval; they are NaN with fewer than two seeds.
    """

    rule: str
    reference: str
    seeds: int
    mean: float
    low: float
    high: float


def differences(comparison: Comparison, reference: str | None = None) -> list[Difference]:
    """Return the paired difference of each rule from a reference.

    Parameters
    ----------
    comparison
        The runs.
    reference
        A rule of the comparison; the first one if left out.

    Raises
    ------
    ValueError
        If the comparison does not have the reference.

    Examples
    --------
    >>> from nofb.runs.compare import compare
    >>> from nofb.runs.specification import Specification
    >>> found = compare(["bp", "shallow"], Specification(hidden=(16,), epochs=1), seeds=3)
    >>> (one,) = differences(found)
    >>> one.rule, one.reference, one.seeds, one.low < one.mean < one.high
    ('shallow', 'bp', 3, True)
    """
    reference = comparison.rules[0] if reference is None else reference
    checks.choice("reference", reference, comparison.rules)
    others = [rule for rule in comparison.rules if rule != reference]
    return [_difference(comparison, rule, reference) for rule in others]


def paired_interval(values: Array, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the confidence interval of the mean of some differences, by Student's t.

    Examples
    --------
    >>> low, high = paired_interval(np.array([0.0, 1.0, 2.0]))
    >>> round(low, 3), round(high, 3)  # 1 ± 4.303 / √3
    (-1.484, 3.484)
    """
    from scipy.special import stdtrit  # late: only this needs it

    n = len(values)
    if n < 2:
        return np.nan, np.nan
    half = stdtrit(n - 1, (1 + confidence) / 2) * values.std(ddof=1) / np.sqrt(n)
    return float(values.mean() - half), float(values.mean() + half)


def rows(comparison: Comparison, reference: str | None = None) -> list[list[str]]:
    """Return the differences as a table of words, the names of the columns first."""
    found = differences(comparison, reference)
    unit = "" if comparison.classes is None else " in points"
    table = [["rule", "minus", "seeds", f"difference{unit}", "95 % interval"]]
    for each in found:
        shown = [_shown(value, comparison) for value in (each.mean, each.low, each.high)]
        interval = NOTHING if np.isnan(each.low) else f"{shown[1]} to {shown[2]}"
        table.append([each.rule, each.reference, str(each.seeds), shown[0], interval])
    return table


def table(comparison: Comparison, reference: str | None = None, form: str = "text") -> str:
    """Return the differences as a table, with a note below it as plain text.

    Raises
    ------
    ValueError
        If the form is not one of "text", "markdown" and "latex", or there is no such reference.
    """
    checks.choice("form", form, FORMS)
    found = rows(comparison, reference)
    text = FORMS[form](found)
    note = NOTE.format(reference=found[1][1] if len(found) > 1 else "no other rule")
    return f"{text}\n\n{fill(note, WIDTH)}" if form == "text" else text


def _difference(comparison: Comparison, rule: str, reference: str) -> Difference:
    measure = "test_loss" if comparison.classes is None else "test_accuracy"
    ends = [
        {run.seed: float(run.history[measure][-1]) for run in comparison.of(name)}
        for name in (rule, reference)
    ]
    both = sorted(ends[0].keys() & ends[1].keys())
    each = np.array([ends[0][seed] - ends[1][seed] for seed in both])
    mean = float(each.mean()) if len(each) else np.nan
    return Difference(rule, reference, len(both), mean, *paired_interval(each))


def _shown(value: float, comparison: Comparison) -> str:
    if np.isnan(value):
        return NOTHING
    return f"{value:+.4g}" if comparison.classes is None else f"{100 * value:+.2f}"
