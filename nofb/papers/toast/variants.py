"""Which parts of TOAST matter? The same task, with one option changed at a time.

If A learns to invert the blocks in pre-tuning, a frozen pre-tuned A is better than a frozen random
one. If steering late blocks is enough, earlier blocks need no feedback.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nofb.papers.study import Part, Record, Rows, Task, grouped, short
from nofb.papers.toast.methods import attended, last, means, spread
from nofb.papers.toast.settings import EPOCHS, RATES, Case, N, data, model, train
from nofb.training.callbacks import AfterEpoch

HEADING = "TOAST with one option changed: the same task, 2,000 samples"
RATE = RATES["toast"]
CASES = {
    "A frozen and pre-tuned": Case("toast", RATE, {"train_a": False}, pretuned=True),
    "A frozen and random": Case("toast", RATE, {"train_a": False}),
    "P learns too": Case("toast", RATE, {"train_p": True}, pretuned=True),
    "late: two blocks steered": Case("toast", RATE, {"late": 2}),
    "value bias twice": Case("toast", RATE, {"released": True}, pretuned=True),
    "start of 0.02": Case("toast", RATE, {"std": 0.02}),
    "half the rate": Case("toast", RATE / 2, pretuned=True),
    "twice the rate": Case("toast", RATE * 2, pretuned=True),
}
SEEDS = 2
SAMPLES = 1_000
NOTE = (
    "Means over seeds, ± the standard deviation of one. With a frozen A, only ξ, C and the head "
    "learn. Random paths start with a standard deviation of 0.02 √(768/64) = 0.07, unless the row "
    "has another one. The value bias twice is as in the released vision code."
)


def tasks(epochs: int | None = None) -> list[dict[str, Any]]:
    """Return a run for each variant and seed, none longer than `epochs`.

    Examples
    --------
    >>> tasks(epochs=2)[0]
    {'part': 'variants', 'variant': 'A frozen and pre-tuned', 'seed': 0, 'epochs': 2}
    """
    longest = min(epochs or EPOCHS, EPOCHS)
    return [
        {"part": "variants", "variant": variant, "seed": seed, "epochs": longest}
        for seed in range(SEEDS)
        for variant in CASES
    ]


def variants(task: Task, callbacks: Sequence[AfterEpoch] = ()) -> dict[str, Any]:
    """Train once; return the accuracies, and the attention of the class token."""
    case, given = CASES[task["variant"]], data(N, task["seed"])
    net = model(case, task["seed"])
    run = train(net, given, case.lr, "bp", task["seed"], task["epochs"], probe=0,
                callbacks=callbacks)  # fmt: skip
    if not run.history.epochs:  # diverged in the first one
        return {"stopped": run.stopped}
    accuracies = {
        name: run.history[name].round(5).tolist() for name in ("test_accuracy", "train_accuracy")
    }
    return {"stopped": run.stopped, "parameters": net.trained_parameters, **accuracies,
            **attended(net, given.x_test[:SAMPLES])}  # fmt: skip


def tables(records: Sequence[Record]) -> dict[str, Rows]:
    """Return a row for each variant."""
    rows = [["variant", "learn", "seeds", "test accuracy %", "attention after", "mask", "td"]]
    for variant, runs in grouped(records, "variant").items():
        rows.append([
            variant, f"{runs[0]['parameters']:,}", str(len(runs)), spread(last(runs)),
            means(runs, "after"), means(runs, "mask"), means(runs, "td", 1),
        ])  # fmt: skip
    return {HEADING: rows}


def note(records: Sequence[Record]) -> str:
    """Return a note on the numbers."""
    return NOTE


def lines(records: Sequence[Record]) -> Rows:
    """Return a line for each run."""
    rows = [["variant", "seed", "parameters", "test_accuracy", "train_accuracy", "mask"]]
    for record in records:
        task, result = record["task"], record["result"]
        ends = [result[name][-1] for name in ("test_accuracy", "train_accuracy")]
        place = [task["variant"], task["seed"], result["parameters"], *ends, result["mask"]]
        rows.append([short(value) for value in place])
    return rows


PART = Part(
    "variants",
    tasks,
    variants,
    tables,
    lines,
    numbers="variants",
    note=note,
    by_epoch=("test_accuracy", "train_accuracy"),
)
