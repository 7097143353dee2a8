"""What `nofb reproduce bengio2020` leaves behind: contraction, anatomy, training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nofb.experiments.bengio2020 import TITLE
from nofb.experiments.inverse_anatomy import ITERATIONS, MEASURES
from nofb.experiments.inverse_training import KEPT
from nofb.report.study import Part, Record, Rows, Study, short


def contraction_table(records: Sequence[Record]) -> Rows:
    """Return a row for each inverse: its constant, what is left of the error, and the bound."""
    rows = [["layer, inverse", "Lip(g ∘ f - id)", "error after 1", "after 4", "after 12 (bound)"]]
    for record in records:
        task, result = record["task"], record["result"]
        learned = "lessons" in task
        name = (
            f"tanh, {task['lessons']} inverse steps" if learned else "linear, wrong by a rotation"
        )
        error, constant = result["error"], result["constant"]
        last = f"{error[12]:.2g} ({constant**12:.2g})"
        rows.append([name, f"{constant:.3f}", f"{error[1]:.3g}", f"{error[4]:.3g}", last])
    return rows


def anatomy_table(records: Sequence[Record]) -> Rows:
    """Return rows of what iterating does to targets, hidden layers from the input side up."""
    rows = [["inverses learn by", "iterations", "angle to Gauss-Newton", "to the gradient",
             "unnoticed share", "length / Gauss-Newton's"]]  # fmt: skip
    for record in records:
        name, result = record["task"]["inverses"], record["result"]
        for place, k in enumerate(ITERATIONS):
            found = {m: result["iterated"][m][place] for m in MEASURES}
            rows.append([name, str(k), *_cells(found)])
        condition = " ".join(f"{each:.0e}" for each in result["condition"])
        rows.append([f"exact (condition {condition})", "∞", *_cells(result["exact"])])
    return rows


def _cells(found: dict[str, list[float]]) -> list[str]:
    return [
        " ".join(f"{each:.0f}°" for each in found["gauss_newton_angle"]),
        " ".join(f"{each:.0f}°" for each in found["bp_angle"]),
        " ".join(f"{each:.2f}" for each in found["null_space_share"]),
        " ".join(f"{each:.2g}" for each in found["length"]),
    ]


def training_table(records: Sequence[Record]) -> Rows:
    """Return a row for each form: its test error and what its steps were like, over seeds."""
    from nofb.plots.inverse_training import by_form, hidden_mean  # late: matplotlib loads slowly

    rows = [["targets", "seeds", "epochs", "test error %", "step to gradient", "to Gauss-Newton",
             "unnoticed share", "Lipschitz constant"]]  # fmt: skip
    for form, results in by_form(records).items():
        errors = [result["test_error"][-1] for result in results]
        means = [hidden_mean(results, measure) for measure in
                 ("step_angle", "gauss_newton_angle", "null_space_share", "lipschitz")]  # fmt: skip
        cells = [
            "-" if mean is None else f"{mean[-1]:{form_}}"
            for mean, form_ in zip(means, (".1f", ".1f", ".2f", ".2f"), strict=True)
        ]
        epochs = str(len(results[0]["test_error"]))
        rows.append([form, str(len(results)), epochs, f"{np.mean(errors):.2f}", *cells])
    return rows


def contraction_lines(records: Sequence[Record]) -> Rows:
    """Return every error and residual."""
    rows = [["constant", "lessons", "lipschitz", "iteration", "error", "residual"]]
    for record in records:
        task, result = record["task"], record["result"]
        for k, (error, residual) in enumerate(
            zip(result["error"], result["residual"], strict=True)
        ):
            values = [task.get("constant"), task.get("lessons"), result["constant"], k]
            rows.append([short(value) for value in [*values, error, residual]])
    return rows


def anatomy_lines(records: Sequence[Record]) -> Rows:
    """Return every measure of every layer; exact inverses have no number of iterations."""
    rows = [["inverses", "iterations", "layer", *MEASURES]]
    for record in records:
        name, result = record["task"]["inverses"], record["result"]
        looks = [(k, {m: result["iterated"][m][i] for m in MEASURES})
                 for i, k in enumerate(ITERATIONS)]  # fmt: skip
        for k, found in [*looks, ("exact", result["exact"])]:
            for layer in range(len(found["length"])):
                values = [found[measure][layer] for measure in MEASURES]
                rows.append([short(value) for value in [name, k, layer + 1, *values]])
    return rows


def training_lines(records: Sequence[Record]) -> Rows:
    """Return every number of the training runs: a line for each form, seed, epoch and layer."""
    rows = [["form", "seed", "epoch", "layer", "test_error", *KEPT]]
    for record in records:
        task, result = record["task"], record["result"]
        for epoch, layer in np.ndindex(np.shape(result["step_angle"])):
            values = [result[m][epoch][layer] if m in result else None for m in KEPT]
            place = [f'"{task["form"]}"', task["seed"], epoch + 1, layer + 1]
            rows.append([short(v) for v in [*place, result["test_error"][epoch], *values]])
    return rows


def draw_contraction(records: Sequence[Record]) -> Any:
    """Return the figure of the contraction."""
    from nofb.plots.inverse_contraction import inverse_contraction  # late: matplotlib loads slowly

    return inverse_contraction(records)


def draw_anatomy(records: Sequence[Record]) -> Any:
    """Return the figure of the anatomy."""
    from nofb.plots.inverse_anatomy import inverse_anatomy  # late, as above

    return inverse_anatomy(records)


def draw_training(records: Sequence[Record]) -> Any:
    """Return the figure of the training runs."""
    from nofb.plots.inverse_training import inverse_training  # late, as above

    return inverse_training(records)


STUDY = Study(
    "bengio2020",
    TITLE,
    {
        "contraction": Part(
            "An iterated inverse contracts by its Lipschitz constant, and diverges beyond 1",
            "inverse_contraction",
            contraction_table,
            contraction_lines,
            draw_contraction,
        ),
        "anatomy": Part(
            "What more exact inverses do to a target, by hidden layer from the input side up",
            "inverse_anatomy",
            anatomy_table,
            anatomy_lines,
            draw_anatomy,
        ),
        "training": Part(
            "When iterating helps to learn: 784-5x256-10 on MNIST",
            "inverse_training",
            training_table,
            training_lines,
            draw_training,
        ),
    },
)
