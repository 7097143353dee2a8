"""An epoch of 60,000 samples with shuffling: `nofb.fit` and PyTorch with its DataLoader.

Run as `python -m benchmarks.epoch THREADS`. The samples have MNIST's shape and random values, which
take the same time.
"""

from __future__ import annotations

import json
import statistics
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.cases import CASES, LR, MOMENTUM
from benchmarks.contenders import ours, pytorch
from nofb import SGD, rules, seeds, threads
from nofb.trace import Trace
from nofb.training.batches import Batches
from nofb.training.step import step

CASE, SAMPLES, EPOCHS = CASES[0], 60_000, 3


def samples() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.random((SAMPLES, CASE.sizes[0]), np.float32), rng.integers(0, 10, SAMPLES)


def nofb_epoch(count: int):
    x, labels = samples()
    net, rule, optimizer = ours.network(CASE), rules.make("bp"), SGD(lr=LR, momentum=MOMENTUM)
    rule.attach(net)
    order = seeds.generator(0, "order")
    batches = Batches(net.as_input(x), net.as_target(labels, SAMPLES), CASE.batch, order)
    trace = Trace(net, CASE.batch)

    def run() -> None:
        with threads.team(count):
            for batch, target in batches:
                now = trace.rows(len(batch)).fill(batch, train=True).set_target(target)
                step(net, rule, optimizer, now)
                now.loss()

    return run


def pytorch_epoch(count: int):
    data = TensorDataset(*map(torch.from_numpy, samples()))
    loader = DataLoader(data, batch_size=CASE.batch, shuffle=True)
    net = nn.Sequential(*pytorch.blocks(CASE, nn.Linear, nn.Conv2d))
    optimizer = torch.optim.SGD(net.parameters(), lr=LR, momentum=MOMENTUM)
    loss = nn.CrossEntropyLoss()

    def run() -> None:
        torch.set_num_threads(count)
        for x, y in loader:
            optimizer.zero_grad()
            value = loss(net(x), y)
            value.backward()
            optimizer.step()
            value.item()

    return run


def main(count: int) -> dict[str, float]:
    """Return the median seconds of an epoch, measured alternately."""
    players = {"nofb": nofb_epoch(count), "PyTorch, DataLoader": pytorch_epoch(count)}
    times: dict[str, list[float]] = {name: [] for name in players}
    for _ in range(EPOCHS):
        for name, run in players.items():
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
            time.sleep(0.1)
    return {name: statistics.median(found) for name, found in times.items()}


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
