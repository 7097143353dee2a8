"""Does another hidden layer help under feedback alignment? Two networks learn from a deeper one.

Lillicrap et al. 2016 (Nature Communications 7:13276), figure 3: the teacher has layers of 30, 20,
10 and 10 units, tanh in the hidden ones. A network of 30, 20 and 10 units cannot represent it
exactly. In the paper, feedback alignment in the deeper network is better than backprop in the
shallower one. This is possible only if both hidden layers learn useful features.

Each network, rule and rate has the same seeds. Table and figure show the rate with the smaller
training loss; test samples are not used to choose. The paper takes single samples at a rate of
0.001, for millions of steps; here a step is the mean of eight.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nofb.papers.compared import Claim
from nofb.papers.study import Part, Record, Rows, Task, short
from nofb.runs.specification import Specification
from nofb.runs.train import train
from nofb.training.callbacks import AfterEpoch

if TYPE_CHECKING:
    from nofb.plots import Picture

HEADING = "Remaining variance of the targets on test samples, at the end"
NETWORKS = {"30-20-10": (20,), "30-20-10-10": (20, 10)}
RULES = ("bp", "fa", "shallow")
RATES = (0.02, 0.05)
SEEDS = 3
LEAST = 0.03  # of what the figure shows
RUN = Specification(
    data="nonlinear_teacher",
    optimizer="sgd",
    optimizer_options={"momentum": 0.0},
    epochs=60,
    batch_size=8,
    input_dropout=0.0,
    probe=0,
)

Runs = dict[tuple[str, str], list[Record]]


def tasks(epochs: int | None = None) -> list[dict[str, Any]]:
    """Return a run for each network, rule, rate and seed, none longer than `epochs`.

    Examples
    --------
    >>> tasks(epochs=2)[0]
    {'network': '30-20-10', 'rule': 'bp', 'lr': 0.02, 'seed': 0, 'epochs': 2}
    """
    longest = min(epochs or RUN.epochs, RUN.epochs)
    return [
        {"network": network, "rule": rule, "lr": lr, "seed": seed, "epochs": longest}
        for network in NETWORKS
        for rule in RULES
        for lr in RATES
        for seed in range(SEEDS)
    ]


def learn(task: Task, callbacks: Sequence[AfterEpoch] = ()) -> dict[str, Any]:
    """Train one network; return its training loss and the remaining variance on test samples.

    The remaining variance is the test loss divided by that of the mean target, from 1 to 0 for an
    exact network. Both are lists over epochs.
    """
    chosen = RUN.replace(
        hidden=NETWORKS[task["network"]],
        rule=task["rule"],
        lr=task["lr"],
        seed=task["seed"],
        epochs=task["epochs"],
    )
    data = chosen.load()
    of_the_mean = 0.5 * ((data.y_test - data.y_train.mean(axis=0)) ** 2).sum(axis=1).mean()
    run = train(chosen, data=data, callbacks=callbacks)
    if not run.history.epochs:  # diverged in the first one
        return {"stopped": run.stopped}
    left = run.history.from_start("test_loss") / of_the_mean
    return {"stopped": run.stopped, "loss": run.history["loss"].tolist(), "left": left.tolist()}


def chosen(records: Sequence[Record]) -> Runs:
    """Return the runs of each network and rule, with the rate of the smaller training loss."""
    found: Runs = {}
    by_rate: dict[tuple[str, str, float], list[Record]] = {}
    for record in records:
        task = record["task"]
        by_rate.setdefault((task["network"], task["rule"], task["lr"]), []).append(record)
    for (network, rule, _), seeds in by_rate.items():
        best = found.get((network, rule))
        if best is None or final_loss(seeds) < final_loss(best):
            found[network, rule] = seeds
    return found


def final_loss(seeds: Sequence[Record]) -> float:
    """Return the mean loss in the last epoch of training."""
    return float(np.mean([record["result"]["loss"][-1] for record in seeds]))


def tables(records: Sequence[Record]) -> dict[str, Rows]:
    """Return a row for each network and rule: mean and sample deviation over seeds."""
    rows = [["network", "rule", "rate", "seeds", "epochs", "left %", "± over seeds"]]
    for (network, rule), seeds in chosen(records).items():
        left = [100 * record["result"]["left"][-1] for record in seeds]
        spread = f"{np.std(left, ddof=1):.2f}" if len(left) > 1 else "-"
        task = seeds[0]["task"]
        place = [network, rule, short(task["lr"]), str(len(seeds)), str(task["epochs"])]
        rows.append([*place, f"{np.mean(left):.2f}", spread])
    return {HEADING: rows}


def ends(records: Sequence[Record]) -> tuple[float, float] | None:
    """Return what is left in the shallower network with backprop, and in the deeper one with FA."""
    left = {
        place: float(np.mean([record["result"]["left"][-1] for record in seeds]))
        for place, seeds in chosen(records).items()
    }
    shallower, deeper = left.get(("30-20-10", "bp")), left.get(("30-20-10-10", "fa"))
    return None if shallower is None or deeper is None else (shallower, deeper)


def note(records: Sequence[Record]) -> str:
    """Return whether feedback alignment in the deeper network was better than backprop."""
    found = ends(records)
    if found is None:
        return "The two runs that the paper compares are not both here."
    shallower, deeper = found
    word = "less" if deeper < shallower else "not less"
    return (
        f"With feedback alignment, the deeper network has {100 * deeper:.2f} % left, {word} than "
        f"the shallower one with backprop, {100 * shallower:.2f} %. The paper finds that it is "
        "less (figure 3: curves, no numbers). The distribution of the teacher's weights, the "
        "batches and the schedule are our choice."
    )


def claims(records: Sequence[Record]) -> Iterator[Claim]:
    """Yield the order that the paper's figure has."""
    if found := ends(records):
        shallower, deeper = found
        yield Claim(
            "A non-linear teacher: fa in 30-20-10-10 leaves less than bp in 30-20-10",
            f"{100 * deeper:.2f} % and {100 * shallower:.2f} % are left",
            deeper < shallower,
        )


def lines(records: Sequence[Record]) -> Rows:
    """Return every number: a line for each network, rule, rate, seed and epoch."""
    rows = [["network", "rule", "lr", "seed", "epoch", "loss", "left"]]
    for record in records:
        task, result = record["task"], record["result"]
        place = [task[name] for name in ("network", "rule", "lr", "seed")]
        for epoch, left in enumerate(result["left"]):
            loss = result["loss"][epoch - 1] if epoch else None
            rows.append([short(value) for value in [*place, epoch, loss, left]])
    return rows


def figure(records: Sequence[Record]) -> Picture:
    """Draw the remaining variance over epochs: a panel for each network, a curve for each rule.

    Lines are means over seeds; bands are from the lowest to the highest seed. The curve of backprop
    in the deeper network falls to zero, below the figure.
    """
    from nofb.plots.curves import draw_rule, epoch_axis, logarithmic  # late: matplotlib is slow
    from nofb.plots.picture import Picture
    from nofb.plots.style import THEMES, using

    runs = chosen(records)
    with using("light") as colours:
        picture = Picture(8.4, 4.0, colours)
        panels = picture.subplots(1, len(NETWORKS), sharey=True)
        for axes, network in zip(panels, NETWORKS, strict=True):
            axes.set_title(network)
            for (of, rule), seeds in runs.items():
                if of == network:
                    values = np.array([record["result"]["left"] for record in seeds])
                    draw_rule(axes, rule, values, THEMES["light"], positive=True)
                    epoch_axis(axes, values.shape[1] - 1)
            logarithmic(axes)
            axes.set_ylim(LEAST, 1.5)
        panels[0].set_ylabel("remaining variance, test samples")
        panels[0].legend()
    return picture


PART = Part(
    "depth",
    tasks,
    learn,
    tables,
    lines,
    numbers="nonlinear_teacher",
    figure=figure,
    image="nonlinear_teacher",
    note=note,
    by_epoch=("loss", "left"),
    claims=claims,
)
