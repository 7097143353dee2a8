"""What ResNet-18 on ImageNet would cost, from the measured cost of a step of ResNet-8 on CIFAR-10.

    hours  = seconds(step) / M_8 · M_18 · samples · epochs / 3600     (1)
    memory = 4 ((2 + k) P + F + N Σ c_l n_l)                          (2)   bytes

M is the number of multiply-adds of one sample in the forward pass, seconds(step) is measured for
one sample of ResNet-8, k is the number of the optimizer's averages, P counts weights, F feedback, N
the batch, n_l units, and c_l what a layer keeps of each: see docs/speed.md.
`python -m nofb.papers.residual.cluster` measures again, and writes step.json.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from functools import cache
from importlib import resources
from math import prod
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from nofb import Adam, threads
from nofb.layers import Dense, MaxPool2D
from nofb.network import Network
from nofb.networks.resnet import ResNet
from nofb.papers.residual.errors import RULES
from nofb.papers.residual.imagenet import BATCH, EPOCHS, SAMPLES, resnet18
from nofb.rules import make
from nofb.text import markdown
from nofb.trace import Trace
from nofb.training.step import step

FILE = "step.json"  # beside this file
STEPS, MEASURED_BATCH = 9, 64
SIDES = (224, 64)  # of ImageNet's images, and of the small version of Chrabaszcz et al. 2017
AVERAGES = 1  # of SGD with momentum


@cache
def resnet8() -> Network:
    """Return ResNet-8 for CIFAR-10: one for all that is counted."""

    class Shape:  # all that the builder reads of a data set
        x_train = np.empty((0, 3, 32, 32))
        n_outputs = 10

    return Network(ResNet(blocks=1).layers(Shape()), input_shape=(3, 32, 32))  # type: ignore[arg-type]


def seconds_of_step(rule: str) -> float:
    """Return the processor time of one step for one sample: the median of some steps."""
    rng = np.random.default_rng(0)
    x = rng.random((MEASURED_BATCH, 3, 32, 32), np.float32)
    y = rng.integers(0, 10, MEASURED_BATCH)
    net, made, optimizer = resnet8(), make(rule), Adam(lr=0.001)
    made.attach(net)
    trace, taken = Trace(net, MEASURED_BATCH), []
    with threads.team(1):
        for _ in range(STEPS + 1):
            started = time.process_time()
            trace.fill(net.as_input(x), train=True).set_target(net.as_target(y, MEASURED_BATCH))
            step(net, made, optimizer, trace)
            taken.append(time.process_time() - started)
    return median(taken[1:]) / MEASURED_BATCH  # the first one compiles


def parameters(net: Network) -> int:
    """Return the number of weights and biases."""
    return sum(each.size for node in net.nodes for each in node.parameters().values())


def feedback(net: Network, rule: str) -> int:
    """Return the number of entries of a rule's feedback, without drawing it: it can be 20 GB.

    A tiny network tells which kind it is: a D of each hidden layer, a B of each layer but the
    first, or none.
    """
    small, made = Network([Dense(2, 2), Dense(2, 2), Dense(2, 2)]), make(rule)
    made.attach(small)
    if any(layer.D is not None for layer in small.weighted):
        return net.last.n_out * sum(net.units_shown(layer) for layer in net.weighted[:-1])
    if any(layer.B is not None for layer in small.weighted):
        return sum(layer.W.size for layer in net.weighted if net.has_weights_below(layer))
    return 0


def memory(net: Network, rule: str, batch: int = BATCH) -> float:
    """Return the bytes that a run keeps without its data, eq. 2."""
    kept = sum(
        (3 if node.weighted else 2 if node.learns or isinstance(node, MaxPool2D) else 1)
        * prod(node.shape_out)
        for node in net.nodes
    )
    return 4.0 * ((2 + AVERAGES) * parameters(net) + feedback(net, rule) + batch * kept)


def hours(seconds: float, work: int) -> float:
    """Return the hours of all epochs on ImageNet on one core, eq. 1."""
    return seconds / resnet8().work * work * SAMPLES * EPOCHS / 3600


def measured() -> dict[str, Any]:
    """Return the committed measurement."""
    text = resources.files(__package__).joinpath(FILE).read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def page(found: Mapping[str, Any] | None = None) -> str:
    """Return the tables of the cost, as Markdown."""
    steps = (measured() if found is None else found)["seconds"]
    small = resnet8()
    nets = {side: resnet18(side) for side in SIDES}
    sizes = [["network", "weights", "multiply-adds of a sample", "data in memory"]]
    sizes.append(["ResNet-8, 32 x 32", f"{parameters(small):,}", f"{small.work / 1e6:,.1f} M", "-"])
    for side, net in nets.items():
        data = f"{4e-9 * SAMPLES * 3 * side**2:,.0f} GB"
        name, work = f"ResNet-18, {side} x {side}", f"{net.work / 1e6:,.0f} M"
        sizes.append([name, f"{parameters(net):,}", work, data])
    rows = [["rule", "ResNet-8, ms a sample"]]
    for side in SIDES:
        rows[0] += [f"hours on one core, {side}", f"GB without data, {side}"]
    for rule, seconds in steps.items():
        row = [rule, f"{1000 * seconds:.2f}"]
        for net in nets.values():
            row += [f"{hours(seconds, net.work):,.0f}", f"{memory(net, rule) / 1e9:.1f}"]
        rows.append(row)
    return f"{markdown(sizes)}\n\n{markdown(rows)}\n"


def main() -> None:
    """Measure a step of each rule, and write the file."""
    content = {
        "what": "seconds of processor time of one step for one sample, ResNet-8 on 3 x 32 x 32",
        "batch": MEASURED_BATCH,
        "seconds": {rule: float(f"{seconds_of_step(rule):.4g}") for rule in RULES},
    }
    path = Path(__file__).with_name(FILE)
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
