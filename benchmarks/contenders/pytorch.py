"""PyTorch on the CPU: with its defaults, and with oneDNN for the products of linear layers.

Backprop is autograd's. Feedback alignment replaces the gradient of each layer's input. Direct
feedback alignment cuts the graph below each layer and uses the projected error as the gradient of
its output, which gives each layer exactly its own update.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise

import torch
from torch import nn

from benchmarks.cases import CLASSES, CONVOLUTIONS, DENSE, LR, MOMENTUM, Case, Step
from benchmarks.contenders import Contender

Layer = Callable[..., nn.Module]


@contextmanager
def threads(count: int) -> Iterator[None]:
    torch.set_num_threads(count)
    yield


def blocks(case: Case, linear: Layer, conv: Layer) -> list[nn.Sequential]:
    """Return the network divided at its layers with weights, each with the layers after it."""
    found = []
    if case.convolutional:
        for channels_in, channels_out, padding in CONVOLUTIONS:
            layer = conv(channels_in, channels_out, 5, padding=padding)
            found.append(nn.Sequential(layer, nn.Tanh(), nn.MaxPool2d(2)))
        found[-1].append(nn.Flatten())
    sizes = DENSE if case.convolutional else case.sizes
    found += [nn.Sequential(linear(m, n), nn.Tanh()) for m, n in pairwise(sizes[:-1])]
    return [*found, nn.Sequential(linear(*sizes[-2:]))]


class _ThroughB(torch.autograd.Function):
    """The layer's forward pass and weight gradient, and another matrix in the backward pass."""

    @staticmethod
    def forward(ctx, x, weight, bias, feedback, padding):
        ctx.save_for_backward(x, weight, feedback)
        ctx.padding = padding
        if padding is None:
            return nn.functional.linear(x, weight, bias)
        return nn.functional.conv2d(x, weight, bias, padding=padding)

    @staticmethod
    def backward(ctx, delta):
        x, weight, feedback = ctx.saved_tensors
        needs_signal = ctx.needs_input_grad[0]
        if ctx.padding is None:
            signal = delta @ feedback if needs_signal else None
            return signal, delta.T @ x, delta.sum(0), None, None
        grad, pad = nn.grad, ctx.padding
        signal = grad.conv2d_input(x.shape, feedback, delta, padding=pad) if needs_signal else None
        step = grad.conv2d_weight(x, weight.shape, delta, padding=pad)
        return signal, step, delta.sum((0, 2, 3)), None, None


class FeedbackLinear(nn.Linear):
    def __init__(self, *sizes: int) -> None:
        super().__init__(*sizes)
        self.register_buffer("feedback", torch.randn_like(self.weight) * 0.05)

    def forward(self, x):
        return _ThroughB.apply(x, self.weight, self.bias, self.feedback, None)


class FeedbackConv(nn.Conv2d):
    def __init__(self, *sizes: int, padding: int) -> None:
        super().__init__(*sizes, padding=padding)
        self.register_buffer("feedback", torch.randn_like(self.weight) * 0.05)

    def forward(self, x):
        return _ThroughB.apply(x, self.weight, self.bias, self.feedback, self.padding)


def _onednn(x, weight):
    return torch.ops.mkldnn._linear_pointwise(x, weight, None, "none", [], "")


class _OneDNN(torch.autograd.Function):
    """A linear layer with oneDNN for its three products, instead of the default library."""

    @staticmethod
    def forward(ctx, x, weight, bias):
        ctx.save_for_backward(x, weight)
        return torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")

    @staticmethod
    def backward(ctx, delta):
        x, weight = ctx.saved_tensors
        signal = _onednn(delta, weight.T.contiguous()) if ctx.needs_input_grad[0] else None
        return signal, _onednn(delta.T.contiguous(), x.T.contiguous()), delta.sum(0)


class OneDNNLinear(nn.Linear):
    def forward(self, x):
        return _OneDNN.apply(x, self.weight, self.bias)


def make(case: Case, rule: str, linear: Layer = nn.Linear, channels_last: bool = False) -> Step:
    torch.manual_seed(0)
    if rule == "fa":
        stack = blocks(case, FeedbackLinear, FeedbackConv)
    else:
        stack = blocks(case, linear, nn.Conv2d)
    net = nn.Sequential(*stack)
    x, y = map(torch.from_numpy, case.samples())
    if channels_last:
        net, x = (each.to(memory_format=torch.channels_last) for each in (net, x))
    optimizer = torch.optim.SGD(net.parameters(), lr=LR, momentum=MOMENTUM)
    loss = nn.CrossEntropyLoss()

    def take() -> None:
        optimizer.zero_grad()
        loss(net(x), y).backward()
        optimizer.step()

    return _direct(stack, optimizer, x, y) if rule == "dfa" else take


def _direct(stack: list[nn.Sequential], optimizer, x, y) -> Step:
    with torch.no_grad():
        h, shapes = x, []
        for block in stack[:-1]:
            h = block(h)
            shapes.append(h.shape[1:])
    D = [torch.rand(CLASSES, shape.numel()) * 2 - 1 for shape in shapes]
    target = nn.functional.one_hot(y, CLASSES).float()

    def take() -> None:
        optimizer.zero_grad()
        outputs, h = [], x
        for block in stack:
            outputs.append(block(h))
            h = outputs[-1].detach()
        e = (torch.softmax(h, 1) - target) / len(x)
        pulls = [(e @ d).view_as(out) for d, out in zip(D, outputs, strict=False)]
        torch.autograd.backward(outputs, [*pulls, e])
        optimizer.step()

    return take


def make_onednn(case: Case, rule: str) -> Step | None:
    return None if case.convolutional or rule == "fa" else make(case, rule, OneDNNLinear)


def make_channels_last(case: Case, rule: str) -> Step | None:
    return make(case, rule, channels_last=True) if case.convolutional else None


CONTENDERS = [
    Contender("PyTorch", partial(make), threads),
    Contender("PyTorch, oneDNN", make_onednn, threads),
    Contender("PyTorch, channels last", make_channels_last, threads),
]
