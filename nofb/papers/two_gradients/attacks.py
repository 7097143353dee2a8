"""How much of its accuracy does a network keep under the fast gradient sign, along three signals?

A network that learned by random feedback seems robust to an attack through that feedback. The true
gradient shows whether it is. The true gradient can be masked too, by units that are saturated. So a
third attack follows the gradient of another network, which learned by backprop: if this blind
attack does more harm than the network's own gradient, that gradient was masked (Athalye, Carlini &
Wagner 2018, arXiv 1802.00420, section 3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from nofb.papers.study import Part, Record, Rows, Task, short
from nofb.runs.specification import Specification
from nofb.runs.train import train as trained
from nofb.training import Run
from nofb.training.adversarial import FastGradientSign
from nofb.training.callbacks import AfterEpoch
from nofb.types import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nofb.plots import Picture

RULES = ("bp", "wm", "kp", "usf", "fa", "dfa", "ifa", "drtp", "shallow")
EPSILONS = (0.0, 0.02, 0.04, 0.06, 0.08, 0.1, 0.15, 0.2)
SHOWN = (0.0, 0.04, 0.1)
ATTACKED, SEEDS = 2000, 3
RUN = Specification(data="mnist", centred=False, hidden=(200, 200), input_dropout=0.0,
                    samples=20_000, epochs=15, batch_size=64, probe=0)  # fmt: skip
HEADING = (
    "Accuracy in per cent on attacked test images: along the true gradient / its own feedback / "
    "another network's gradient"
)
NAMES = {
    "gradient": "along the true gradient",
    "feedback": "along the rule's own feedback",
    "other": "along another network's gradient",
}
OTHER = 100  # the seed of the other network


def tasks(epochs: int | None = None) -> list[dict[str, Any]]:
    """Return every run, none longer than `epochs`.

    Examples
    --------
    >>> tasks()[0]
    {'rule': 'bp', 'seed': 0, 'epochs': 15}
    """
    longest = min(epochs or RUN.epochs, RUN.epochs)
    return [
        {"rule": rule, "seed": seed, "epochs": longest} for seed in range(SEEDS) for rule in RULES
    ]


def train(task: Task, callbacks: Sequence[AfterEpoch] = ()) -> dict[str, Any]:
    """Train once; return the accuracy at each strength of attack, along each gradient."""
    chosen = RUN.replace(**{name: task[name] for name in ("rule", "seed", "epochs")})
    data = chosen.load()
    run = trained(chosen, data=data, callbacks=callbacks)
    if run.stopped:
        return {"stopped": run.stopped}
    other = backprop(task["epochs"])
    attackers = {"gradient": (run, "gradient"), "feedback": (run, "feedback"),
                 "other": (other, "gradient")}  # fmt: skip
    x, y = data.x_test[:ATTACKED], data.y_test[:ATTACKED]
    left = {way: accuracies(run, attack(*attacker, x, y), y) for way, attacker in attackers.items()}
    return {"stopped": run.stopped, **left}


@cache
def backprop(epochs: int) -> Run:
    """Return the other network, after as many epochs."""
    return trained(RUN.replace(rule="bp", seed=OTHER, epochs=epochs))


def attack(attacker: Run, along: str, x: Array, y: Array) -> Callable[[float], Array]:
    """Return a function that changes the samples by a strength, along a signal of the attacker."""
    net = attacker.net
    trace = net.forward(x).set_target(net.as_target(y, len(y)))

    def changed(strength: float) -> Array:
        return FastGradientSign(strength, along)(attacker.rule, net, trace) if strength else x

    return changed


def accuracies(run: Run, changed: Callable[[float], Array], y: Array) -> list[float]:
    """Return the fraction of test samples with the right class at each strength of attack."""
    return [round(run.net.accuracy(changed(strength), y), 4) for strength in EPSILONS]


def by_rule(records: Sequence[Record]) -> dict[str, dict[str, Array]]:
    """Return for each rule and way the accuracies (seeds, strengths)."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for record in records:
        found.setdefault(record["task"]["rule"], []).append(record["result"])
    return {
        rule: {way: np.array([run[way] for run in runs]) for way in NAMES}
        for rule, runs in found.items()
    }


def tables(records: Sequence[Record]) -> dict[str, Rows]:
    """Return a row for each rule, a column for each of some strengths."""
    rows = [["rule", "seeds", *(f"ε = {epsilon:g}" for epsilon in SHOWN)]]
    for rule, ways in by_rule(records).items():
        columns = [EPSILONS.index(epsilon) for epsilon in SHOWN]
        cells = [
            " / ".join(f"{100 * ways[way][:, column].mean():.1f}" for way in NAMES)
            for column in columns
        ]
        rows.append([rule, str(len(ways["gradient"])), *cells])
    return {HEADING: rows}


def lines(records: Sequence[Record]) -> Rows:
    """Return every accuracy."""
    rows = [["rule", "seed", "along", "epsilon", "accuracy"]]
    for record in records:
        for way in NAMES:
            for epsilon, accuracy in zip(EPSILONS, record["result"][way], strict=True):
                place = [record["task"]["rule"], record["task"]["seed"], way]
                rows.append([short(each) for each in [*place, epsilon, accuracy]])
    return rows


def figure(records: Sequence[Record]) -> Picture:
    """Draw accuracy against the strength of the attack, a panel for each signal."""
    from nofb.plots.picture import Picture  # late: matplotlib loads slowly
    from nofb.plots.style import full_name, using

    with using("light") as colours:
        picture = Picture(12.4, 4.8, colours)
        panels = picture.subplots(1, 3, sharey=True)
        for axes, way in zip(panels, NAMES, strict=True):
            _panel(axes, by_rule(records), way, colours)
            axes.set(title=NAMES[way], xlabel="ε, by which every pixel moves", ylim=(0, 1.02))
        panels[0].set_ylabel("accuracy on attacked test images")
        panels[0].yaxis.set_major_formatter(lambda fraction, _: f"{fraction:.0%}")
        handles, names = panels[0].get_legend_handles_labels()
        titles = [full_name(name) for name in names]
        picture.legend(handles, titles, loc="outside lower center", ncols=3, handlelength=3.2)
    return picture


def _panel(axes: Axes, found: Mapping[str, Mapping[str, Array]], way: str, colours: Any) -> None:
    from nofb.plots.style import look

    for place, (rule, ways) in enumerate(found.items()):
        seen, mean = look(rule, colours), ways[way].mean(axis=0)
        axes.plot(EPSILONS, mean, color=seen.colour, linestyle=seen.line, linewidth=seen.width,
                  marker=seen.marker, markevery=(place % 3, 3), label=rule)  # fmt: skip


PART = Part(
    "attacks",
    tasks,
    train,
    tables,
    lines,
    numbers="two_gradients",
    figure=figure,
    image="two_gradients",
)
