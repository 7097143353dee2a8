"""What `nofb reproduce deep_targets` leaves behind: test errors beside published ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nofb.experiments.deep_targets import PUBLISHED, TITLE, found
from nofb.report.failures import failure, failures
from nofb.report.folder import put
from nofb.report.origin import page_head
from nofb.report.study import short
from nofb.text import columns, markdown

Record = Mapping[str, Any]
Rows = list[list[str]]
NOTE = (
    "Means over seeds, ± the standard deviation of one. Published: Meulemans et al. 2020, 10 "
    "seeds, and for sdtp Bartunov et al. 2018; quoted from memory. Settings: {settings}."
)


def rows_of(records: Sequence[Record]) -> Rows:
    """Return a row for each data set and rule."""
    rows = [["data", "rule", "seeds", "epochs", "test error %", "published %",
             "step to gradient", "to Gauss-Newton"]]  # fmt: skip
    cases: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for record in records:
        if not failure(record):
            task = record["task"]
            cases.setdefault((task["data"], task["rule"]), []).append(record["result"])
    for (data, rule), results in cases.items():
        errors = np.array([result["test_error"][-1] for result in results])
        spread = f" ± {errors.std(ddof=1):.2f}" if len(errors) > 1 else ""
        angles = [
            " ".join(
                f"{each:.0f}°" for each in np.mean([run[name] for run in results], axis=0)[:-1]
            )
            for name in ("step_angle", "gauss_newton_angle")
        ]
        epochs = str(len(results[0]["test_error"]))
        published = _published(PUBLISHED.get((data, rule)))
        mean = f"{errors.mean():.2f}{spread}"
        rows.append([data, rule, str(len(results)), epochs, mean, published, *angles])
    return rows


def _published(number: tuple[float, float | None] | None) -> str:
    if number is None:
        return "-"
    mean, spread = number
    return f"{mean:.2f}" if spread is None else f"{mean:.2f} ± {spread:.2f}"


def table(records: Sequence[Record]) -> str:
    """Return the table as plain text for the terminal."""
    return "\n\n".join([columns(rows_of(records)), *failures(records)])


def write(records: Sequence[Record], folder: Path, command: str) -> Path:
    """Write `deep_targets.md` and every error as `deep_targets.csv`; return the page's path."""
    settings = "; ".join(
        f"{rule} {', '.join(f'{name} {value:g}' for name, value in values.items())}"
        for rule, values in found().items()
    )
    texts = [
        *page_head(TITLE, command, records),
        markdown(rows_of(records)),
        NOTE.format(settings=settings),
    ]
    texts += failures(records)
    lines = [["data", "rule", "seed", "epoch", "test_error"]]
    for record in records:
        if not failure(record):
            task = record["task"]
            lines += [
                [task["data"], task["rule"], short(task["seed"]), short(epoch), short(error)]
                for epoch, error in enumerate(record["result"]["test_error"], 1)
            ]
    files = {
        "deep_targets.csv": ("\n".join(",".join(row) for row in lines) + "\n").encode(),
        "deep_targets.md": ("\n\n".join(texts) + "\n").encode(),
    }
    put(files, folder)
    return folder / "deep_targets.md"
