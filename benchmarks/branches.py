"""Networks with branches: ResNet-8 on 28 x 28 pixels, and a block of a transformer.

`python -m benchmarks.branches THREADS` prints its measurements as JSON. Each library takes a full
step of backprop with momentum; nofb also one of feedback alignment and of direct feedback.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np

from benchmarks.branch_cases import BATCH, HEADS, SHAPES, UNITS, samples
from benchmarks.cases import CLASSES, LR, MOMENTUM, RULES, Step
from benchmarks.contenders import Contender
from benchmarks.measure import Timed, take_turns
from nofb import SGD, Dense, FirstToken, Network, Trace, networks, rules, threads
from nofb.datasets import Dataset
from nofb.networks.transformer_block import transformer_block
from nofb.training.step import step


def network(case: str) -> Network:
    """Return the network of a case."""
    if case == "ResNet-8":
        pixels = np.random.default_rng(0).random((2 * CLASSES, 784))
        labels = np.arange(2 * CLASSES) % CLASSES
        data = Dataset(pixels, labels, pixels, labels, image_shape=SHAPES[case])
        return networks.make("resnet", data)
    block = transformer_block(UNITS, HEADS)
    layers = [Dense(UNITS, UNITS), *block, FirstToken(), Dense(UNITS, CLASSES)]
    return Network(layers, input_shape=SHAPES[case])


def ours(case: str, name: str) -> Step:
    net, rule = network(case), rules.make(name)
    rule.attach(net)
    optimizer, trace = SGD(lr=LR, momentum=MOMENTUM), Trace(net, BATCH)
    x, labels = samples(case)
    x, target = net.as_input(x), net.as_target(labels, BATCH)
    return lambda: step(net, rule, optimizer, trace.fill(x, train=True).set_target(target))


def players(case: str) -> dict[str, tuple[Contender, Step]]:
    """Return the step of each library, by name."""
    nofb = Contender("nofb", ours, threads.team)  # type: ignore[arg-type]
    found = {f"nofb {name}": (nofb, ours(case, name)) for name in RULES}
    makers: dict[str, Callable[[str], dict[str, tuple[Contender, Step]]]] = {}
    if find_spec("torch"):
        from benchmarks.contenders import pytorch_branches

        makers["torch"] = pytorch_branches.players
    if find_spec("jax"):
        from benchmarks.contenders import jax_branches

        makers["jax"] = jax_branches.players
    for make in makers.values():
        found |= make(case)
    return found


def main(threads: int) -> dict[str, dict[str, Timed]]:
    """Measure both networks."""
    measured = {}
    for case in SHAPES:
        measured[f"{case}, batch {BATCH}"] = take_turns(players(case), threads)
        print(f"{threads} threads: {case}", file=sys.stderr, flush=True)
    return measured


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
