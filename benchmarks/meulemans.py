"""A step of difference target propagation in Meulemans et al.'s PyTorch code and in nofb.

`python -m benchmarks.meulemans CHECKOUT` takes a checkout of
github.com/meulemansalex/theoretical_framework_for_target_propagation, whose code needs PyTorch,
pandas and tensorboardX. A step is theirs: forward, targets, one inverse step, both optimizers.
"""

from __future__ import annotations

import importlib
import os
import sys
from argparse import Namespace
from typing import Any

import numpy as np

from benchmarks.cases import Case, Step, mlp
from benchmarks.contenders import Contender
from benchmarks.contenders.ours import network
from benchmarks.measure import Timed, take_turns
from benchmarks.report import table
from nofb import Adam, Trace, rules, threads
from nofb.training.step import step

CASE = Case("784-5x256-10", mlp(*[256] * 5), 128)
ROUNDS = 15  # of short turns, so that other load slows all of them
LR, LR_INVERSE, NOISE, STEP_SIZE = 2.8e-4, 1.96e-3, 0.0837, 0.2195
DTP = {
    "gradient_at_top": False, "inverse_steps": 1, "inverse_optimizer": "adam", "epochs_before": 0,
    "epochs_between": 0, "inverse_init": "xavier", "inverse_lr": LR_INVERSE, "noise": NOISE,
    "step_size": STEP_SIZE,
}  # fmt: skip
THEIR_STEP_SIZE = STEP_SIZE * CASE.batch  # it multiplies the gradient of a mean
ATTRIBUTES: dict[str, dict[str, Any]] = {"bp": {}, "dtp": DTP}
PRECISIONS = ("float32", "float64")


def ours(case: Case, name: str) -> Step:
    """Return nofb's step, the same as in `nofb.fit`, with Adam."""
    net, rule = network(case), rules.make(name, **ATTRIBUTES[name])
    rule.attach(net)
    optimizer, trace = Adam(lr=LR), Trace(net, case.batch)
    x, labels = case.samples()
    x, target = net.as_input(x), net.as_target(labels, case.batch)
    return lambda: step(net, rule, optimizer, trace.fill(x, train=True).set_target(target))


def their_network(case: Case, precision: str) -> Any:
    """Return their network in this precision."""
    import torch

    inputs, *hidden, outputs = case.sizes
    net = importlib.import_module("lib.networks").DTPNetwork(
        inputs, hidden, outputs, activation="tanh", fb_activation="tanh", sigma=NOISE,
        initialization="xavier_normal",
    )  # fmt: skip
    return net.to(getattr(torch, precision))


def theirs(case: Case, precision: str) -> Step:
    """Return the step of their training loop, without its bookkeeping."""
    import torch

    net = their_network(case, precision)
    learn_inverses = importlib.import_module("lib.train").train_feedback_parameters
    options = Namespace(diff_rec_loss=False, direct_fb=False)
    optimizer = torch.optim.Adam(net.get_forward_parameter_list(), lr=LR)
    inverse_optimizer = torch.optim.Adam(net.get_feedback_parameter_list(), lr=LR_INVERSE)
    x, y = map(torch.from_numpy, case.samples())
    x, loss_function = x.to(getattr(torch, precision)), torch.nn.CrossEntropyLoss()

    def take() -> None:
        output = net.forward(x)
        optimizer.zero_grad()
        net.backward(loss_function(output, y), THEIR_STEP_SIZE)
        learn_inverses(options, net, inverse_optimizer)
        optimizer.step()

    return take


def distance(case: Case) -> float:
    """Return the difference between their weight step and ours, from the same start."""
    import torch

    x, labels = case.samples()
    net, rule, other = network(case), rules.make("dtp", **DTP), their_network(case, "float32")
    rule.attach(net)
    for layer, twin in zip(net.weighted, other.layers, strict=True):
        twin.weights.data[:] = torch.from_numpy(layer.W.T)
        if layer.inverse is not None:
            twin.feedbackweights.data[:] = torch.from_numpy(layer.inverse.B.T)
    output = other.forward(torch.from_numpy(x))
    other.backward(torch.nn.CrossEntropyLoss()(output, torch.from_numpy(labels)), THEIR_STEP_SIZE)
    pairs = [
        (update.dW, twin.weights.grad.numpy().T / (2 * STEP_SIZE))  # a factor that Adam hides
        for update, twin in zip(rule.updates(net, x, labels), other.layers, strict=True)
    ]
    return max(float(np.abs(mine - found).max() / np.abs(mine).max()) for mine, found in pairs)


def players() -> dict[str, tuple[Contender, Step]]:
    """Return the steps, by name."""
    from benchmarks.contenders.pytorch import threads as torch_threads

    nofb = Contender("nofb", ours, threads.team)
    code = Contender("their code", theirs, torch_threads)
    return {
        **{f"nofb {name}": (nofb, ours(CASE, name)) for name in ATTRIBUTES},
        **{f"theirs {name}": (code, theirs(CASE, name)) for name in PRECISIONS},
    }


def row(count: int, timed: dict[str, Timed]) -> list[str]:
    """Return the times in milliseconds, and their ratios to nofb's."""
    seconds = {name: each["seconds"] for name, each in timed.items()}
    bp, dtp = seconds["nofb bp"], seconds["nofb dtp"]
    times = [f"{1000 * each:.2f}" for each in seconds.values()]
    ratios = [f"{seconds[f'theirs {name}'] / dtp:.2f}" for name in PRECISIONS]
    spread = max(each["spread"] for each in timed.values())
    others = max(0.0, os.getloadavg()[0] - 1)
    found = [f"{dtp / bp:.2f}", *ratios, f"{100 * spread:.0f} %", f"{others:.0f}"]
    return [str(count), *times, *found]


def main(checkout: str) -> None:
    """Print the median times of a step, and their ratios, for each number of threads."""
    sys.path.insert(0, checkout)
    try:
        apart = distance(CASE)
    except ImportError as missing:
        sys.exit(f"benchmarks.meulemans needs their code and what it imports: {missing}")
    print(f"weight steps from the same start differ by {apart:.1g} of their largest entry\n")
    names = [*(f"nofb {name}, ms" for name in ATTRIBUTES), *(f"theirs {p}, ms" for p in PRECISIONS)]
    ratios = ["nofb dtp ÷ bp", *(f"theirs {p} ÷ nofb dtp" for p in PRECISIONS)]
    heading = ["threads", *names, *ratios, "spread", "others that ran meanwhile"]
    rows = [row(count, take_turns(players(), count, ROUNDS)) for count in (1, 2)]
    print("\n".join(table(heading, rows)))


if __name__ == "__main__":
    main(sys.argv[1])
