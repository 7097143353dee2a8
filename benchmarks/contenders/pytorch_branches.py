"""ResNet-8 and a block of a transformer in PyTorch, with its fused attention; backprop."""

from __future__ import annotations

import shutil

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from benchmarks.branch_cases import HEADS, UNITS, samples
from benchmarks.cases import CLASSES, LR, MOMENTUM, Step
from benchmarks.contenders import Contender
from benchmarks.contenders.pytorch import threads


def conv(below: int, width: int, size: int = 3, stride: int = 1) -> nn.Sequential:
    layer = nn.Conv2d(below, width, size, stride, padding=size // 2, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(width))


class Residual(nn.Module):
    def __init__(self, below: int, width: int) -> None:
        super().__init__()
        stride = 1 if width == below else 2
        self.branch = nn.Sequential(conv(below, width, 3, stride), nn.ReLU(), conv(width, width))
        self.shortcut = nn.Identity() if width == below else conv(below, width, 1, stride)

    def forward(self, x):
        return F.relu(self.branch(x) + self.shortcut(x))


def resnet() -> nn.Module:
    blocks = [Residual(16, 16), Residual(16, 32), Residual(32, 64)]
    top = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, CLASSES)]
    return nn.Sequential(conv(1, 16), nn.ReLU(), *blocks, *top)


class Attention(nn.Module):
    def __init__(self, units: int, heads: int) -> None:
        super().__init__()
        self.heads, self.qkv, self.out = heads, nn.Linear(units, 3 * units), nn.Linear(units, units)

    def forward(self, x):
        N, T, units = x.shape
        qkv = self.qkv(x).view(N, T, 3, self.heads, units // self.heads)
        found = F.scaled_dot_product_attention(*qkv.permute(2, 0, 3, 1, 4))
        return self.out(found.transpose(1, 2).reshape(N, T, units))


class Block(nn.Module):
    def __init__(self, units: int, heads: int) -> None:
        super().__init__()
        self.below, self.top = nn.Linear(units, units), nn.Linear(units, CLASSES)
        self.attention = nn.Sequential(nn.LayerNorm(units), Attention(units, heads))
        wide = nn.Linear(units, 4 * units), nn.GELU(approximate="tanh"), nn.Linear(4 * units, units)
        self.dense = nn.Sequential(nn.LayerNorm(units), *wide)

    def forward(self, x):
        x = self.below(x)
        x = x + self.attention(x)
        return self.top((x + self.dense(x))[:, 0])


def make(case: str, channels_last: bool = False, compiled: bool = False) -> Step:
    torch.manual_seed(0)
    resnets = case == "ResNet-8"
    net = resnet() if resnets else Block(UNITS, HEADS)
    x, y = map(torch.from_numpy, samples(case))
    if channels_last:
        net, x = (each.to(memory_format=torch.channels_last) for each in (net, x))
    optimizer = torch.optim.SGD(net.parameters(), lr=LR, momentum=MOMENTUM)
    if compiled:
        net = torch.compile(net)

    def take() -> None:
        optimizer.zero_grad()
        F.cross_entropy(net(x), y).backward()
        optimizer.step()

    return take


def players(case: str) -> dict[str, tuple[Contender, Step]]:
    contender = Contender("PyTorch", make, threads)  # type: ignore[arg-type]
    found = {"PyTorch bp": (contender, make(case))}
    if case == "ResNet-8":
        found["PyTorch, channels last bp"] = contender, make(case, channels_last=True)
    elif shutil.which("c++"):
        found["PyTorch, compiled bp"] = contender, make(case, compiled=True)
    return found
