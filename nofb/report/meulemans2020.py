"""What `nofb reproduce meulemans2020` leaves behind: tables of angles, a figure, every number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nofb.diagnosis.step_angles import GAUSS_NEWTON, YARDSTICKS
from nofb.experiments.meulemans2020 import PUBLISHED, RULES, SCALES, TITLE
from nofb.report.failures import failure, failures
from nofb.report.folder import put
from nofb.report.origin import page_head
from nofb.report.study import short
from nofb.text import columns, markdown
from nofb.types import Array

Record = Mapping[str, Any]
Rows = list[list[str]]
Runs = Mapping[str, Sequence[Mapping[str, Any]]]

HEADINGS = (
    "At the end, hidden layers from the input side up",
    "Targets and inverses at the end, layer by layer",
    "Mean angle of the hidden layers to Gauss-Newton, by its damping",
)
NOTE = (
    "Means over seeds, ± the standard deviation of one. Gauss-Newton is damped by {damping}; see "
    "the last table for others. Published errors: 10 seeds on all of Fashion-MNIST, 5 hidden "
    "layers of 256; quoted from memory{else_where}. Runs: {extent}."
)


def write(records: Sequence[Record], folder: Path, command: str) -> Path:
    """Write the figure, `meulemans2020.csv` and `meulemans2020.md`; return the page's path."""
    from nofb.plots.step_directions import step_directions  # late: matplotlib loads slowly

    runs, files = by_rule(records), dict[str, bytes]()
    if runs:
        picture = step_directions(paths(runs))
        files |= {f"meulemans2020.{kind}": picture.to_bytes(kind) for kind in ("png", "svg")}
    files["meulemans2020.csv"] = as_csv(records).encode()
    files["meulemans2020.md"] = page(records, command).encode()
    put(files, folder)
    return folder / "meulemans2020.md"


def by_rule(records: Sequence[Record]) -> dict[str, list[Mapping[str, Any]]]:
    """Return the results of each rule's seeds, of the runs that came to their end."""
    runs: dict[str, list[Mapping[str, Any]]] = {}
    for record in records:
        if not failure(record):
            runs.setdefault(record["task"]["rule"], []).append(record["result"])
    return {rule: runs[rule] for rule in RULES if rule in runs}


def paths(runs: Runs) -> dict[str, tuple[Array, Array]]:
    """Return each rule's mean angles to the gradient and to Gauss-Newton (epochs, layers)."""
    return {
        rule: (mean_angles(seeds, "gradient"), mean_angles(seeds, GAUSS_NEWTON))
        for rule, seeds in runs.items()
    }


def mean_angles(seeds: Sequence[Mapping[str, Any]], yardstick: str) -> Array:
    """Return the mean over seeds (epochs from the start on, hidden layers)."""
    angles: Array = np.mean([np.array(run["angles"][yardstick], float) for run in seeds], axis=0)
    return angles


def tables(records: Sequence[Record]) -> dict[str, Rows]:
    """Return the three tables by their headings."""
    runs = by_rule(records)
    found = (angles_table(runs), inverse_table(runs), damping_table(runs)) if runs else ()
    return dict(zip(HEADINGS, found, strict=False))


def table(records: Sequence[Record]) -> str:
    """Return the tables as plain text for the terminal."""
    texts = [f"{heading}\n\n{columns(rows)}" for heading, rows in tables(records).items()]
    return "\n\n".join(texts + failures(records))


def page(records: Sequence[Record], command: str) -> str:
    """Return the tables as Markdown, with what ran and where."""
    texts = page_head(TITLE, command, records)
    for heading, rows in tables(records).items():
        texts += [f"## {heading}", markdown(rows)]
    if by_rule(records):
        texts.insert(3, note(records))
        texts.append("![Each rule's way between the two directions](meulemans2020.png)")
    return "\n\n".join(texts + failures(records)) + "\n"


def note(records: Sequence[Record]) -> str:
    """Say what ran, and what the published numbers belong to."""
    name = records[0]["task"]["scale"]
    scale = SCALES[name]
    epochs = max(len(run["test_error"]) for seeds in by_rule(records).values() for run in seeds)
    extent = (
        f"{scale.data}, {len(scale.hidden)} hidden layers of {scale.hidden[0]}, {epochs} epochs"
    )
    other = "" if name == "full" else ", and not to be compared with errors at this scale"
    return NOTE.format(damping=GAUSS_NEWTON, else_where=other, extent=extent)


def angles_table(runs: Runs) -> Rows:
    """Return a row for each rule: its error beside the published one, and where its steps point."""
    rows = [["rule", "seeds", "test error %", "published %", "to the gradient", "to Gauss-Newton",
             "unnoticed share"]]  # fmt: skip
    for rule, seeds in runs.items():
        errors = np.array([run["test_error"][-1] for run in seeds])
        spread = f" ± {errors.std(ddof=1):.2f}" if len(errors) > 1 else ""
        published = "{:.2f} ± {:.2f}".format(*PUBLISHED[rule]) if rule in PUBLISHED else "-"
        angles = [
            _row(mean_angles(seeds, yardstick)[-1], "{:.0f}°")
            for yardstick in ("gradient", GAUSS_NEWTON)
        ]
        share = _row(_mean(seeds, "null_space_share"), "{:.2f}")
        error = f"{errors.mean():.2f}{spread}"
        rows.append([rule, str(len(seeds)), error, published, *angles, share])
    return rows


def inverse_table(runs: Runs) -> Rows:
    """Return a row for each rule that has inverses."""
    rows = [["rule", "residual of the inverse", "its reconstruction loss"]]
    for rule, seeds in runs.items():
        if "inverse_residual" in seeds[0]:
            residual, loss = (_mean(seeds, m) for m in ("inverse_residual", "reconstruction_loss"))
            rows.append([rule, _row(residual, "{:.2f}"), _row(loss, "{:.3g}")])
    return rows


def damping_table(runs: Runs) -> Rows:
    """Return a row for each rule, and a column for each damping."""
    names = [name for name in YARDSTICKS if name != "gradient"]
    body = [
        [rule, *(f"{mean_angles(seeds, name)[-1].mean():.0f}°" for name in names)]
        for rule, seeds in runs.items()
    ]
    return [["rule", *names], *body]


def as_csv(records: Sequence[Record]) -> str:
    """Return every number: a line for each rule, seed, epoch and hidden layer."""
    rows = [["rule", "seed", "epoch", "test_error", "layer", *YARDSTICKS]]
    for record in records:
        if failure(record):
            continue
        task, result = record["task"], record["result"]
        errors = [None, *result["test_error"]]  # of the start it was not measured
        for epoch, layer in np.ndindex(np.shape(result["angles"]["gradient"])):
            place = [task["rule"], task["seed"], epoch, errors[epoch], layer + 1]
            angles = [result["angles"][name][epoch][layer] for name in YARDSTICKS]
            rows.append([short(value) for value in [*place, *angles]])
    return "\n".join(",".join(row) for row in rows) + "\n"


def _mean(seeds: Sequence[Mapping[str, Any]], measure: str) -> Array:
    """Return the mean over seeds of what is measured at the end, NaN where there is nothing."""
    mean: Array = np.mean([np.array(run[measure], float) for run in seeds], axis=0)
    return mean


def _row(values: Array, form: str) -> str:
    return " ".join("-" if np.isnan(value) else form.format(value) for value in values)
