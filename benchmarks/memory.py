"""The memory of a run, by formula and measured, and the temporary memory of a step.

Run as `python -m benchmarks.memory`.
"""

from __future__ import annotations

import json
import resource
import tracemalloc
from math import prod

import numpy as np

from benchmarks.cases import CASES, LR, MOMENTUM, Step
from benchmarks.contenders import ours
from nofb import SGD, Conv2D, Dense, Flatten, MaxPool2D, Network, Trace, rules, threads
from nofb.layers import Attend, Dropout, Layer, LayerNorm
from nofb.training.step import step

STEPS = 1000
MAPS, HIDDEN = ((3, 96), (96, 128), (128, 256)), 2048  # of the network below


def table2() -> Network:
    """Return the convolutional network of Nøkland's Table 2, as in his code."""
    layers: list[Layer] = []
    for below, above in MAPS:
        layers += [Conv2D(below, above, 5, padding=2, activation="tanh"), MaxPool2D(3, stride=2)]
    layers += [Flatten(), Dense(3 * 3 * 256, HIDDEN, "tanh"), Dense(HIDDEN, HIDDEN, "tanh")]
    return Network([*layers, Dense(HIDDEN, 10)], input_shape=(3, 32, 32))


def formula(net: Network, batch: int, averages: int = 1) -> int:
    """Return the bytes that a network keeps during training, with its feedback.

    These are the update and the optimizer's averages for each W and b, only the averages for other
    parameters, the feedback, and for each sample the result of `numbers`, the outputs and the
    error.
    """
    kept = sum((2 + averages) * size(each.parameters().values()) for each in net.weighted)
    others = [each for each in net.nodes if not each.weighted]
    kept += sum(
        (1 + averages) * size(each.parameters().values()) + size(each.state().values())
        for each in others
    )
    kept += size(each for layer in net.weighted for each in (layer.B, layer.D) if each is not None)
    kept += batch * (sum(map(numbers, net.nodes)) + prod(net.last.shape_out))
    return int(kept * np.dtype(net.dtype).itemsize)


def numbers(layer: Layer) -> int:
    """Return how many numbers a layer keeps for a sample.

    A layer with weights keeps a, h and the signal. Any other layer keeps h, the signal if it
    learns, and what its backward pass needs: masks, positions of maxima, attention, moments of
    rows.
    """
    units = prod(layer.shape_out)
    if layer.weighted:
        return 3 * units
    if isinstance(layer, Flatten):
        return 0  # its output is its input
    if isinstance(layer, MaxPool2D | Dropout):
        return 2 * units
    if isinstance(layer, Attend):
        return units + layer.heads * layer.shape_in[0] ** 2
    moments = 2 * prod(layer.shape_in[:-1]) if isinstance(layer, LayerNorm) else 0
    return units + moments + (units if layer.learns else 0)  # type: ignore[attr-defined]


def size(arrays: object) -> int:
    """Return how many numbers arrays hold."""
    return sum(array.size for array in arrays)  # type: ignore[attr-defined]


def prepared(net: Network, batch: int, name: str = "fa") -> Step:
    """Return a step on random samples."""
    rule, rng = rules.make(name), np.random.default_rng(0)
    rule.attach(net)
    x = net.as_input(rng.normal(size=(batch, *(net.input_shape or ()))))
    target = net.as_target(np.arange(batch) % net.n_outputs, batch)
    optimizer, trace = SGD(lr=LR, momentum=MOMENTUM), Trace(net, batch)
    return lambda: step(net, rule, optimizer, trace.fill(x, train=True).set_target(target))


def table2_measured(batch: int = 64) -> dict[str, float]:
    """Return the same for the network of Nøkland's Table 2."""
    with threads.team(1):
        prepared(table2(), 2)()  # compiled kernels do not count
        net = table2()
        own = size(array for layer in net.weighted for array in layer.parameters().values())
        tracemalloc.start()
        take = prepared(net, batch)
        take()
        kept = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        take()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    given = 4 * batch * (prod(net.input_shape or ()) + net.n_outputs)
    return {"formula": formula(net, batch), "measured": kept + 4 * own - given,
            "peak of a step": peak - kept}  # fmt: skip


def main() -> dict[str, float]:
    """Return bytes: kept by formula, kept as measured, the peak of a step, and of the process."""
    case = CASES[1]
    ours.make(case, "fa")()  # compiled kernels and imports do not count
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    take = ours.make(case, "fa")
    take()
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    for _ in range(STEPS):
        take()
    after, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    given = 4 * case.batch * (case.sizes[0] + case.sizes[-1])  # the batch: samples and targets
    net = ours.network(case)
    rules.make("fa").attach(net)
    conv = {f"conv net of Nøkland's Table 2, {name}": v for name, v in table2_measured().items()}
    return {
        "formula": formula(net, case.batch),
        "measured": kept - before - given,
        f"grown over {STEPS} steps": after - kept,
        "peak of a step": peak - kept,
        **conv,
        "process": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }


if __name__ == "__main__":
    print(json.dumps(main(), ensure_ascii=False))
