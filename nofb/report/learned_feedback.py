"""What `nofb reproduce learned_feedback` leaves behind: figures, every number, and a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from nofb.experiments.deep_alignment import MEASURES
from nofb.experiments.learned_feedback import TITLE
from nofb.experiments.mirror_floor import FORMS
from nofb.report.study import Part, Record, Rows, Study, short


def by_rule(records: Iterable[Record]) -> dict[str, list[Mapping[str, Any]]]:
    """Return the results of each rule's seeds."""
    rules: dict[str, list[Mapping[str, Any]]] = {}
    for record in records:
        rules.setdefault(record["task"]["rule"], []).append(record["result"])
    return rules


def floor_table(records: Sequence[Record]) -> Rows:
    """Return a row for each mirror rate and number of samples, a column for each form."""
    cells: dict[tuple[float, int], dict[str, str]] = {}
    for record in records:
        task, result = record["task"], record["result"]
        text = f"{result['measured']:.1f}° ({result['predicted']:.1f}°)"
        cells.setdefault((task["share"], task["samples"]), {})[task["form"]] = text
    heading = ["new a step", "M", *(form.title for form in FORMS.values())]
    body = [
        [f"{share:g}", str(samples), *(row.get(form, "-") for form in FORMS)]
        for (share, samples), row in cells.items()
    ]
    return [heading, *body]


def law_table(records: Sequence[Record]) -> Rows:
    """Return a row for each decay: the output layer's gap, and the angle of every matrix."""
    rows = [["decay", "steps", "W - Bᵀ left, output layer", "angles, from the input side up"]]
    for record in records:
        result = record["result"]
        gap, law = result["gap"][-1][-1], result["predicted_gap"][-1][-1]
        angles = [
            f"{measured:.2f}° ({predicted:.2f}°)"
            for measured, predicted in zip(
                result["angle"][-1], result["predicted_angle"][-1], strict=True
            )
        ]
        steps = result["steps"] * (len(result["gap"]) - 1)
        decay = f"{record['task']['decay']:g}"
        rows.append([decay, str(steps), f"{gap:.2g} ({law:.2g})", " ".join(angles)])
    return rows


def depth_table(records: Sequence[Record]) -> Rows:
    """Return a row for each rule, means over seeds."""
    names = ["weight angle", "signal, one step back", "signal, the whole way"]
    rows = [["rule", "seeds", "epochs", "test accuracy %", *names]]
    for rule, seeds in by_rule(records).items():
        accuracy = 100 * np.mean([run["test_accuracy"][-1] for run in seeds])
        angles = [_angles(seeds, measure) for measure in MEASURES]
        epochs = str(len(seeds[0]["test_accuracy"]))
        rows.append([rule, str(len(seeds)), epochs, f"{accuracy:.1f}", *angles])
    return rows


def _angles(seeds: Sequence[Mapping[str, Any]], measure: str) -> str:
    if seeds[0][measure] is None:
        return "-"
    means = np.mean([run[measure][-1] for run in seeds], axis=0)
    return " ".join(f"{degrees:.1f}°" for degrees in means)


def floor_lines(records: Sequence[Record]) -> Rows:
    """Return every floor."""
    rows = [["form", "share", "samples", "measured", "predicted"]]
    for record in records:
        values = {**record["task"], **record["result"]}
        rows.append([short(values[name]) for name in rows[0]])
    return rows


def law_lines(records: Sequence[Record]) -> Rows:
    """Return every number of the law's runs: a line for each decay, epoch and matrix."""
    names = ["gap", "predicted_gap", "angle", "predicted_angle"]
    rows = [["decay", "step", "layer", *names]]
    for record in records:
        result = record["result"]
        for epoch, layer in np.ndindex(np.shape(result["gap"])):
            values = [result[name][epoch][layer] for name in names]
            place = [record["task"]["decay"], epoch * result["steps"], layer + 2]
            rows.append([short(value) for value in [*place, *values]])
    return rows


def depth_lines(records: Sequence[Record]) -> Rows:
    """Return every angle of the deep runs: a line for each rule, seed, epoch and hidden layer."""
    rows = [["rule", "seed", "epoch", "layer", *MEASURES]]
    for record in records:
        task, result = record["task"], record["result"]
        for epoch, layer in np.ndindex(np.shape(result[MEASURES[-1]])):
            values = [result[m][epoch][layer] if result[m] else "" for m in MEASURES]
            place = [task["rule"], task["seed"], epoch, layer + 1]
            rows.append([short(value) for value in [*place, *values]])
    return rows


def draw_floor(records: Sequence[Record]) -> Any:
    """Return the figure of the noise floor."""
    from nofb.plots.mirror_floor import mirror_floor  # late: matplotlib loads slowly

    return mirror_floor(records)


def draw_law(records: Sequence[Record]) -> Any:
    """Return the figure of Kolen-Pollack's law."""
    from nofb.plots.kolen_pollack_law import kolen_pollack_law  # late, as above

    return kolen_pollack_law(records)


def draw_depth(records: Sequence[Record]) -> Any:
    """Return the figure of the deep runs; backprop has no feedback matrix to be drawn."""
    from nofb.plots.deep_alignment import deep_alignment  # late, as above

    rules = by_rule(records)
    return deep_alignment({rule: runs for rule, runs in rules.items() if runs[0]["weight_angle"]})


STUDY = Study(
    "learned_feedback",
    TITLE,
    {
        "floor": Part(
            "The noise floor of a mirror: angle of B and Wᵀ, measured (predicted)",
            "mirror_floor",
            floor_table,
            floor_lines,
            draw_floor,
        ),
        "law": Part(
            "Kolen-Pollack at the end: what is left of W - Bᵀ, and its angle, measured (predicted)",
            "kolen_pollack_law",
            law_table,
            law_lines,
            draw_law,
        ),
        "depth": Part(
            "Four hidden layers: angles at the end by hidden layer, from the input side up",
            "deep_alignment",
            depth_table,
            depth_lines,
            draw_depth,
        ),
    },
)
