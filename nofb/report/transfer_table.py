"""A comparison of methods of transfer as a table: plain text, Markdown, CSV."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from itertools import chain

import numpy as np

from nofb.report.origin import page_head
from nofb.runs.transfer import Transfers
from nofb.text import columns, csv_lines, markdown, percent
from nofb.transfer import METHODS
from nofb.transfer.tasks import ACCURACY, BITS, CASES

WIDTH = 100  # of a terminal
NOTHING = "–"
COLUMNS = ("method", "seed", "rule", "lr", "parameters", "cost", "epoch", "measure", "value")


def headings(found: Transfers) -> list[str]:
    """Return the names of the columns."""
    known = found.plan.known
    before = ["before"] if known.measure == BITS else []
    steered = "mask" if known.marks is None else "attention"
    return ["method", "", known.measure, *before, "learn", "of all", "cost", steered, "s/run",
            "rate"]  # fmt: skip


def cells(found: Transfers, case: str) -> list[str]:
    """Return the row of a case as text."""
    rate = next(each["task"]["lr"] for each in found.records if each["task"]["case"] == case)
    if case not in found.ended:
        blank = [NOTHING] * (len(headings(found)) - 4)
        return [case, CASES[case].title, "stopped", *blank, f"{rate:g}"]
    known = found.plan.known
    before = [at_start(found, case)] if known.measure == BITS else []
    steered = mask(found, case) if known.marks is None else attention(found, case)
    trained, total = found.mean(case, "trained"), found.mean(case, "all")
    return [
        case, CASES[case].title, score(found, case), *before, f"{trained:,.0f}",
        percent(trained / total), f"{found.mean(case, 'cost'):.2f}", steered,
        f"{found.seconds(case):.1f}", f"{rate:g}",
    ]  # fmt: skip


def score(found: Transfers, case: str) -> str:
    """Return a final score, with its spread if there are several seeds."""
    values = found.scores(case)
    accuracy = found.plan.known.measure == ACCURACY
    form, scale, unit = ("{:.1f}", 100, " %") if accuracy else ("{:.3f}", 1, "")
    numbers = [values.mean(), *([values.std(ddof=1)] if len(values) > 1 else [])]
    return " ± ".join(form.format(scale * number) for number in numbers) + unit


def attention(found: Transfers, case: str) -> str:
    """Return how much of the last block's attention is on the object, before and after."""
    before, after = found.mean(case, "on_before"), found.mean(case, "on_after")
    if before is None or np.array_equal(before, after):
        return NOTHING
    return f"{100 * before[-1]:.0f} → {100 * after[-1]:.0f} %"


def at_start(found: Transfers, case: str) -> str:
    """Return the score before training."""
    bits = found.before(case)
    return NOTHING if bits is None else f"{bits:.3f}"


def mask(found: Transfers, case: str) -> str:
    """Return the mean of the mask m over all tokens."""
    mean = found.mean(case, "mask")
    return NOTHING if mean is None else f"{mean:.3f}"


def over_seeds(found: Transfers) -> str:
    """Return a sentence on what a score is, with the number of seeds."""
    if found.plan.seeds == 1:
        return "Final values on test samples, of one seed: differences may be chance."
    return (
        f"Final values on test samples, the mean of {found.plan.seeds} seeds ± the standard "
        "deviation of one."
    )


def notes(found: Transfers) -> list[str]:
    """Return the notes below the table, without the sentence on seeds."""
    said = [
        "learn: trained parameters, with the head; cost: multiply-adds of a prediction, "
        "relative to the frozen backbone alone."
    ]
    if found.plan.known.marks is not None:
        said.append(
            "attention: how much of the class token's attention, in the last block, is on "
            "the object of the question, before and after; uniform attention has 44 %."
        )
    else:
        said += _of_text(found)
    if found.plan.rule != "bp" and found.plan.lr is None:
        said.append(f"The rates were found for backprop, not for {found.plan.rule}.")
    return [*said, *found.dead(), *found.stopped()]


def _of_text(found: Transfers) -> list[str]:
    """Return the notes on a task whose samples are text."""
    known, said = found.plan.known, []
    if known.measure == BITS:
        said.append(
            "bits per character: the loss on test sequences, smaller is better; before: the loss "
            "before training."
        )
    if any(case.startswith("toast") for case in found.plan.named):
        said.append(
            "mask: the mean of m over all tokens after training, padding included. There is no "
            "pre-tuned feedback path for this backbone, so TOAST starts from a random one."
        )
    if found.plan.lr is None:
        said.append(known.source)
    return said


def table(found: Transfers) -> str:
    """Return the rows as plain text of at most 100 columns, with the notes below."""
    rows = [headings(found), *(cells(found, case) for case in found.plan.named)]
    said = [over_seeds(found), *notes(found)]
    return "\n".join([columns(rows), "", *(textwrap.fill(each, WIDTH) for each in said)])


def as_markdown(found: Transfers, title: str, outcome: str, command: str) -> str:
    """Return the table as a page in Markdown, with the command that repeats it."""
    rows = [headings(found), *(cells(found, case) for case in found.plan.named)]
    said = "\n".join(f"- {each}" for each in [over_seeds(found), *notes(found)])
    return "\n\n".join([*page_head(title, command, ""), outcome, markdown(rows), said]) + "\n"


def as_csv(found: Transfers) -> str:
    """Return one line for each run, epoch and measure; then the measures at the end."""
    return csv_lines(chain([COLUMNS], _lines(found)))


def _lines(found: Transfers) -> Iterator[tuple[object, ...]]:
    for record in found.records:
        if "result" not in record:
            continue
        task, run = record["task"], record["result"]
        who = [task["case"], task["seed"], task["rule"], task["lr"], run["trained"], run["cost"]]
        for measure, values in run["history"].items():
            for epoch, value in enumerate(values, start=1):
                yield *who, epoch, measure, value
        for measure in ("mask", "on_before", "on_after", "td"):
            for block, value in enumerate(np.atleast_1d(run.get(measure) or []), start=1):
                named = measure if measure == "mask" else f"{measure}, block {block}"
                yield *who, task["epochs"], named, value


def paper(case: str) -> str:
    """Return the source of a case."""
    return METHODS[CASES[case].method].paper
