"""BioTorch 0.0.16, the field's own PyTorch package (`pip install --no-deps biotorch`)."""

from __future__ import annotations

import warnings
from contextlib import redirect_stdout
from itertools import pairwise

import torch
from biotorch.module.biomodule import BioModule
from torch import nn

from benchmarks.cases import CLASSES, LR, MOMENTUM, Case, Step
from benchmarks.contenders import Contender
from benchmarks.contenders.pytorch import threads

# PyTorch has deprecated this kind of backward hooks, which has no effect on the time.
warnings.filterwarnings("ignore", message="Using a non-full backward hook")


def make(case: Case, rule: str) -> Step | None:
    if case.convolutional or rule == "bp":
        return None
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    for sizes in pairwise(case.sizes):
        layers += [nn.Linear(*sizes), nn.Tanh()]
    with redirect_stdout(None):  # it prints what it converts
        net = BioModule(nn.Sequential(*layers[:-1]), mode=rule, output_dim=CLASSES)
    loss = nn.CrossEntropyLoss()
    x, y = map(torch.from_numpy, case.samples())
    learned = [p for p in net.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(learned, lr=LR, momentum=MOMENTUM)

    def take() -> None:
        optimizer.zero_grad()
        loss(net(x, y, loss), y).backward()
        optimizer.step()

    return take


CONTENDERS = [Contender("BioTorch", make, threads)]
