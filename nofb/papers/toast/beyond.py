"""Does steering win with four times as many tokens, or where a task costs only ξ and a head?

`python -m nofb.papers.toast.beyond tokens` pretrains the transformer on patches of 7 pixels, 32
instead of 8, pre-tunes a feedback path, and compares methods of transfer there. It may be stopped:
pretraining resumes after the last finished epoch, and the pre-tuned path is kept.

`python -m nofb.papers.toast.beyond targets` takes what nofb ships and lets each of two tasks, the
digit and the garment, learn few numbers: only ξ on the shared pre-tuned path, one prompt in each
block, or a change of rank 1 of a single matrix.

Both print a line for each run.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nofb import datasets, networks, seeds, transfer
from nofb.datasets import Dataset, composites
from nofb.layers import Layer
from nofb.network import Network
from nofb.papers.toast.pretrain import pretrain
from nofb.papers.toast.pretune import pretune, samples
from nofb.papers.toast.settings import (
    CASES,
    RATES,
    Case,
    N,
    data,
    model,
    on_garment,
    splits,
    train,
)
from nofb.transfer import LoRA, Toast, Transferred, pretrained
from nofb.types import Array

COMMAND = "python -m nofb.papers.toast.beyond"
CHECKPOINT, PRETUNED = Path("nofb-patch-7.npz"), Path("nofb-patch-7-toast.npz")
PRETRAINING_EPOCHS, PRETUNING_EPOCHS, PRETUNING_SAMPLES, EPOCHS = 2, 2, 20_000, 12
SAMPLES = 1_000  # of the test samples, for attention
RATE = RATES["linear"]  # of the tasks that learn few numbers, as a linear head does
METHODS = {
    "linear": CASES["linear"],
    "linear on all tokens": CASES["linear on all tokens"],
    "LoRA": CASES["LoRA"],
    "TOAST, A frozen": replace(CASES["TOAST"], options={"train_a": False}),
    "TOAST": CASES["TOAST"],
}


# -- more tokens -----------------------------------------------------------------------------------


def fine() -> Network:
    """Return the transformer with patches of 7 pixels, pretrained as the one that nofb ships."""
    given = datasets.load(composites.PRETRAINING)
    options = {**pretrained.OPTIONS["vision"], "patch": 7}
    net = networks.make("vision_transformer", given.as_images(), 0, **options)
    run = pretrain(given, CHECKPOINT, PRETRAINING_EPOCHS, net)
    print(f"pretrained: {run.history['test_accuracy'][-1]:.4f}", flush=True)
    return run.net


def fine_path(net: Network) -> Toast:
    """Return a TOAST with a path that was pre-tuned on that transformer."""
    given = samples(PRETUNING_SAMPLES)
    if PRETUNED.exists():
        start = Toast(net, given.n_outputs, stage="pretune")
        start.load(PRETUNED)
        return start
    start, run = pretune(net, given, PRETUNING_EPOCHS)
    print(f"pre-tuned: {run.history['test_accuracy'][-1]:.4f}", flush=True)
    start.save(PRETUNED)
    return start


def tokens(seed: int) -> Iterator[dict[str, Any]]:
    """Transfer with 32 tokens by each method."""
    net = fine()
    start = fine_path(net)
    for name, case in METHODS.items():
        made = transfer.make(case.method, net, 10, seed, start if case.pretuned else None,
                             **case.options)  # fmt: skip
        given = data(N, seed)
        found = taught(made, case.lr, given, seed)
        _, after = made.attention(given.x_test[:SAMPLES])
        yield {"method": name, **found, "attention": on_garment(coarse(after))}


def coarse(attention: Array) -> Array:
    """Return how much the class token attends to patches of 14 pixels: four of 7 each, 4 x 8.

    Examples
    --------
    >>> import numpy as np
    >>> coarse(np.full((1, 1, 33, 33), 1 / 33))[0, 0, 0] * 33
    array([4., 4., 4., 4., 4., 4., 4., 4.])
    """
    patches = attention[:, :, 0, 1:].reshape(*attention.shape[:2], 2, 2, 4, 2)
    return patches.sum(axis=(3, 5)).reshape(*attention.shape[:2], 1, 8)


def taught(net: Transferred, lr: float, given: Dataset, seed: int) -> dict[str, Any]:
    """Train once; return the accuracies at the end and how many numbers learned."""
    history = train(net, given, lr, "bp", seed, EPOCHS, probe=0).history
    return {
        "seed": seed,
        "parameters": net.trained_parameters,
        "test_accuracy": round(float(history["test_accuracy"][-1]), 4),
        "train_accuracy": round(float(history["train_accuracy"][-1]), 4),
    }


# -- a task on a shared path -----------------------------------------------------------------------


def on_path(seed: int) -> Transferred:
    """Only ξ and the head learn; A and C are as pre-tuned."""
    net = model(Case("toast", 0, pretuned=True), seed)
    return only(net, "ξ")


def on_random_path(seed: int) -> Transferred:
    """Only ξ and the head learn; A and C are random."""
    return only(model(Case("toast", 0), seed), "ξ")


def rank_one(projection: int, block: int) -> Callable[[int], Transferred]:
    """Return what makes a LoRA of one matrix: of queries (0), keys (1) or values (2)."""

    def build(seed: int) -> Transferred:
        net = model(Case("lora", 0, {"rank": 1, "fused": False}), seed)
        assert isinstance(net, LoRA)
        branch = net.adapted.branches[block][projection]
        return freed(net, [branch.down, branch.up])

    return build


def only(net: Transferred, group: str) -> Transferred:
    """Freeze all but one group and the head."""
    return freed(net, net.groups()[group])


def freed(net: Transferred, layers: Sequence[Layer]) -> Transferred:
    """Freeze all but some layers and the head."""
    for node in net.nodes:
        node.frozen = node not in [*layers, net.last]
    return net


BUILDS: dict[str, Callable[[int], Transferred]] = {
    "head": lambda seed: model(Case("linear", 0), seed),
    "ξ on the pre-tuned path": on_path,
    "ξ on a random path": on_random_path,
    "LoRA of rank 1, values of block 1": rank_one(2, 0),
    "LoRA of rank 1, queries of block 1": rank_one(0, 0),
    "LoRA of rank 1, queries of block 4": rank_one(0, 3),
    "a prompt in each block": lambda seed: model(Case("prompts", 0, {"count": 1}), seed),
}


def images(target: str, n: int, seed: int) -> Dataset:
    """Return the samples of `settings.data`, named by their "digits" or their "garments"."""
    given, (known, test) = data(n, seed), splits()
    rows = seeds.generator(seed, "order", 1).permutation(len(known.images))[:n]
    return replace(given, y_train=getattr(known, target)[rows], y_test=getattr(test, target))


def targets(seed: int) -> Iterator[dict[str, Any]]:
    """Transfer to each task with few numbers that learn."""
    for target in ("garments", "digits"):
        given = images(target, N, seed)
        for name, build in BUILDS.items():
            yield {"target": target, "what": name, **taught(build(seed), RATE, given, seed)}


def main(arguments: list[str] | None = None) -> None:
    """Run one of the two comparisons, and print a line for each run."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("what", choices=("tokens", "targets"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1], metavar="S")
    given = parser.parse_args(arguments)
    for seed in given.seeds:
        for line in (tokens if given.what == "tokens" else targets)(seed):
            print(json.dumps(line, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
