"""PEPITA, forward-forward and direct Kolen-Pollack on MNIST: the runs behind docs/neighbours.md.

`python -m benchmarks.neighbours FOLDER` trains everything that is not in FOLDER yet, one run after
the other. It may be stopped: the same command resumes it. `--only ff` runs one study, and `--table`
prints the table of docs/neighbours.md from the finished runs.
"""

from __future__ import annotations

import argparse
import json
import platform
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import nofb
from nofb import Adam, Dense, Dropout, Network, RMSprop, networks, rules
from nofb.datasets import Dataset
from nofb.optimizers import Optimizer

KEPT = Path(__file__).with_name("neighbours.json")
SEEDS = (0, 1, 2)


@dataclass(frozen=True)
class Study:
    """Some rules on one network.

    Attributes
    ----------
    rules
        Their short names.
    network
        A function that makes the network from the data and a seed.
    optimizer
        A function that makes the optimizer.
    epochs, batch_size
        As for `nofb.fit`.
    images
        Whether samples are images.
    samples
        The number of training samples, the first ones; `None` for all 60,000.
    attributes
        Names and values of the rules' attributes.
    """

    rules: tuple[str, ...]
    network: Callable[[Dataset, int], Network]
    optimizer: Callable[[], Optimizer]
    epochs: int
    batch_size: int
    images: bool = False
    samples: int | None = None
    attributes: tuple[tuple[str, Any], ...] = ()


def pepita(data: Dataset, seed: int) -> Network:
    """Return the network of the PEPITA paper for MNIST: 1024 ReLU units, dropout, no biases."""
    layers = [
        Dense(784, 1024, "relu", init="he", bias=False),
        Dropout(0.1),
        Dense(1024, 10, init="he", bias=False),
    ]
    return Network(layers, seed=seed)


def forward_forward(data: Dataset, seed: int) -> Network:
    """Return two hidden layers of 500 ReLU units."""
    hidden = [Dense(784, 500, "relu", init="he"), Dense(500, 500, "relu", init="he")]
    return Network([*hidden, Dense(500, 10)], seed=seed)


STUDIES = {
    "pepita": Study(
        ("pepita",), pepita, lambda: nofb.SGD(lr=0.1, momentum=0.9, schedule="cosine"), 40, 64
    ),
    "dkp": Study(
        ("bp", "dkp", "dfa"),
        lambda data, seed: networks.make("lenet", data, seed),
        lambda: RMSprop(lr=0.001, schedule="cosine"), 6, 32, images=True, samples=10_000,
    ),
    "ff": Study(
        ("ff",), forward_forward, lambda: Adam(lr=0.003, schedule="cosine"), 12, 100,
        attributes=(("threshold", 1.0),)
    ),
}  # fmt: skip


def main(arguments: list[str] | None = None) -> None:
    """Do the missing runs, or print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.neighbours", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", choices=STUDIES)
    parser.add_argument("--table", action="store_true")
    given = parser.parse_args(arguments)
    if given.table:
        print(table(kept(given.folder)))
        return
    given.folder.mkdir(parents=True, exist_ok=True)
    for seed in SEEDS:
        for name, study in STUDIES.items():
            for rule in study.rules if given.only in (None, name) else ():
                run(given.folder, name, rule, seed)
                print(name, rule, seed, flush=True)
    rows = json.dumps(kept(given.folder), indent=1)
    (given.folder / KEPT.name).write_text(f"{rows}\n")


def run(folder: Path, name: str, rule: str, seed: int) -> None:
    """Train one network, unless its row exists; resume a run that was stopped."""
    study, stem = STUDIES[name], f"{name}-{rule}-{seed}"
    file = folder / f"{stem}.row.json"
    if file.exists():
        return
    data = nofb.datasets.load("mnist")
    data = data.as_images() if study.images else data.flat()
    x, y = data.x_train[: study.samples], data.y_train[: study.samples]
    data = Dataset(x, y, data.x_test, data.y_test, data.name)
    taught = rules.make(rule, **dict(study.attributes))
    done = nofb.fit(
        study.network(data, seed), taught, data, epochs=study.epochs,
        batch_size=study.batch_size, optimizer=study.optimizer(), seed=seed, probe=0,
        checkpoint=nofb.Checkpoint(folder / f"{stem}.npz", every=5, resume=True),
    )  # fmt: skip
    row = {
        "study": name, "rule": rule, "seed": seed, "epochs": study.epochs,
        "samples": len(x), "attributes": dict(study.attributes),
        "test_accuracy": [round(float(each), 4) for each in done.history["test_accuracy"]],
        "stopped": done.stopped, "seconds": round(float(sum(done.history["seconds"]))),
        "nofb": nofb.__version__, "machine": platform.machine(),
    }  # fmt: skip
    file.write_text(json.dumps(row))


def kept(folder: Path) -> list[dict[str, Any]]:
    """Return the rows of finished runs, in the order of the studies."""
    rows = [json.loads(file.read_text()) for file in sorted(folder.glob("*.row.json"))]
    order = {(name, rule): i for i, (name, rule) in enumerate(
        (name, rule) for name, study in STUDIES.items() for rule in study.rules)}  # fmt: skip
    return sorted(rows, key=lambda row: (order[row["study"], row["rule"]], row["seed"]))


def table(rows: list[dict[str, Any]]) -> str:
    """Return the table: test error after the last epoch, mean and spread over the seeds."""
    lines = ["| study | rule | epochs | seeds | test error % |", "|---|---|---|---|---|"]
    for key in dict.fromkeys((row["study"], row["rule"]) for row in rows):
        mine = [row for row in rows if (row["study"], row["rule"]) == key]
        errors = [100 * (1 - row["test_accuracy"][-1]) for row in mine]
        spread = f" ± {stdev(errors):.2f}" if len(errors) > 1 else ""
        epochs = len(mine[0]["test_accuracy"])
        lines.append(
            f"| {key[0]} | `{key[1]}` | {epochs} | {len(mine)} | {mean(errors):.2f}{spread} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
