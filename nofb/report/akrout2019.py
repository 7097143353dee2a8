"""What `nofb reproduce akrout2019` leaves behind: figures, every number, and a page of tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nofb.experiments.akrout2019 import EPOCHS, MEASURES, RULES, TITLE, published
from nofb.report.failures import failure, failures
from nofb.report.folder import put
from nofb.report.origin import page_head
from nofb.text import columns, markdown

Record = Mapping[str, Any]
Curves = Mapping[str, Sequence[float]]

SHOWN = (1, 2, 5, 10, 20, 50, 100, 200, 400)  # epochs
NAMES = {
    "loss": "training loss",
    "test_accuracy": "test accuracy %",
    "weight_angle": "B to Wᵀ",
    "delta_angle": "signal to backprop's",
}


def write(records: Sequence[Record], folder: Path, command: str) -> Path:
    """Write figures, `akrout2019.csv` and `akrout2019.md` into a folder; return the page's path."""
    from nofb.plots.akrout2019 import akrout2019  # late: matplotlib loads slowly

    files: dict[str, bytes] = {}
    for form in EPOCHS:
        runs = of_form(records, form)
        logs = {rule: published(rule) for rule in RULES} if form == "released" else None
        if runs:
            picture = akrout2019(runs, logs)
            files |= {f"{form}.{kind}": picture.to_bytes(kind) for kind in ("png", "svg")}
    files["akrout2019.csv"] = as_csv(records).encode()
    files["akrout2019.md"] = page(records, command).encode()
    put(files, folder)
    return folder / "akrout2019.md"


def of_form(records: Iterable[Record], form: str) -> dict[str, list[Curves]]:
    """Return the curves of one form by rule, of the runs that came to their end."""
    runs: dict[str, list[Curves]] = {}
    for record in records:
        if record["task"]["form"] == form and not failure(record):
            runs.setdefault(record["task"]["rule"], []).append(record["result"])
    return {rule: runs[rule] for rule in RULES if rule in runs}


def table(records: Sequence[Record]) -> str:
    """Return the tables as plain text for the terminal."""
    parts = []
    if released := of_form(records, "released"):
        parts.append("released form, authors' log / nofb\n\n" + columns(against_log(released)))
    if paper := of_form(records, "paper"):
        parts.append("paper's form\n\n" + columns(ends(paper)))
    return "\n\n".join(parts + failures(records))


def page(records: Sequence[Record], command: str) -> str:
    """Return the tables as Markdown, with what ran and where."""
    parts = page_head(TITLE, command, records)
    if released := of_form(records, "released"):
        title = f"## As released, {_extent(released)}: the authors' log / nofb"
        parts += [title, markdown(against_log(released)), "![as released](released.png)"]
    if paper := of_form(records, "paper"):
        title = f"## As the paper describes it, {_extent(paper)}"
        parts += [title, markdown(ends(paper)), "![the paper's form](paper.png)"]
    return "\n\n".join(parts + failures(records)) + "\n"


def against_log(runs: Mapping[str, Sequence[Curves]]) -> list[list[str]]:
    """Return a row for each rule and shown epoch: the authors' value / ours, of each measure."""
    rows = [["rule", "epoch", *(NAMES[measure] for measure in MEASURES)]]
    for rule, seeds in runs.items():
        log, run = published(rule), seeds[0]
        for epoch in SHOWN:
            if epoch <= len(run["loss"]):
                pairs = [_pair(measure, log, run, epoch) for measure in MEASURES]
                rows.append([rule, str(epoch), *pairs])
    return rows


def ends(runs: Mapping[str, Sequence[Curves]]) -> list[list[str]]:
    """Return a row for each rule: mean ± sample standard deviation over seeds at the end."""
    rows = [["rule", "seeds", "epochs", *(NAMES[measure] for measure in MEASURES)]]
    for rule, seeds in runs.items():
        last = [[run[m][-1] for run in seeds] if m in seeds[0] else [] for m in MEASURES]
        spread = [_mean(measure, values) for measure, values in zip(MEASURES, last, strict=True)]
        rows.append([rule, str(len(seeds)), str(len(seeds[0]["loss"])), *spread])
    return rows


def as_csv(records: Iterable[Record]) -> str:
    """Return every number: a line for each form (or "authors"), rule, seed and epoch."""
    lines = [f"form,rule,seed,epoch,{','.join(MEASURES)}"]
    forms = {form: of_form(records, form) for form in EPOCHS}
    runs: list[tuple[str, str, int, Curves]] = []
    runs += [("authors", rule, 0, published(rule)) for rule in RULES]
    for form, rules in forms.items():
        for rule, seeds in rules.items():
            runs += [(form, rule, seed, run) for seed, run in enumerate(seeds)]
    for form, rule, seed, run in runs:
        for epoch in range(len(run["loss"])):
            values = [f"{run[m][epoch]:.6g}" if m in run else "" for m in MEASURES]
            lines.append(",".join([form, rule, str(seed), str(epoch + 1), *values]))
    return "\n".join(lines) + "\n"


def _value(measure: str, value: float) -> str:
    """Return one number as a reader wants it."""
    forms = {"loss": "{:.3g}", "test_accuracy": "{:.2f}"}
    scale = 100 if measure == "test_accuracy" else 1
    return forms.get(measure, "{:.1f}°").format(scale * value)


def _pair(measure: str, log: Curves, run: Curves, epoch: int) -> str:
    pair = [_value(measure, each[measure][epoch - 1]) for each in (log, run) if measure in each]
    return " / ".join(pair) if len(pair) == 2 else "-"


def _mean(measure: str, values: Sequence[float]) -> str:
    if not values:
        return "-"
    spread = [np.std(values, ddof=1)] if len(values) > 1 else []
    return " ± ".join(_value(measure, float(each)) for each in [np.mean(values), *spread])


def _extent(runs: Mapping[str, Sequence[Curves]]) -> str:
    """Say how many seeds and epochs ran; a shortened reproduction must look like one."""
    epochs = sorted({len(run["loss"]) for seeds in runs.values() for run in seeds})
    seeds = max(map(len, runs.values()))
    ran = " or ".join(map(str, epochs))
    return f"{seeds} seed{'s' * (seeds > 1)}, {ran} epoch{'s' * (ran != '1')}"
