"""The same step as in a textbook, in NumPy: dense layers only."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.cases import CLASSES, LR, MOMENTUM, Case, Step
from benchmarks.contenders import Contender

Arrays = list[np.ndarray]


def make(case: Case, rule: str) -> Step | None:
    if case.convolutional:
        return None
    rng = np.random.default_rng(0)
    pairs = list(pairwise(case.sizes))
    W = [(rng.normal(size=p) * np.sqrt(2 / sum(p))).astype(np.float32) for p in pairs]
    b = [np.zeros(n, np.float32) for _, n in pairs]
    B = [rng.uniform(-1, 1, (n, m)).astype(np.float32) / np.float32(m) ** 0.5 for m, n in pairs]
    D = [rng.uniform(-1, 1, (CLASSES, n)).astype(np.float32) for _, n in pairs]
    v = [np.zeros_like(array) for array in W + b]
    x, labels = case.samples()
    target = np.eye(CLASSES, dtype=np.float32)[labels]

    def take() -> None:
        h = forward(x, W, b)
        e = (h[-1] - target) / np.float32(len(x))
        delta = signals(rule, h, e, W, B, D)
        updates = [below.T @ d for below, d in zip(h, delta, strict=False)]
        updates += [d.sum(0) for d in delta]
        for array, velocity, update in zip(W + b, v, updates, strict=True):
            velocity *= np.float32(MOMENTUM)
            velocity += update
            array -= np.float32(LR) * velocity

    return take


def forward(x: np.ndarray, W: Arrays, b: Arrays) -> Arrays:
    h = [x]
    for weights, biases in zip(W[:-1], b[:-1], strict=True):
        h.append(np.tanh(h[-1] @ weights + biases))
    a = h[-1] @ W[-1] + b[-1]
    exp = np.exp(a - a.max(1, keepdims=True))
    return [*h, exp / exp.sum(1, keepdims=True)]


def signals(rule: str, h: Arrays, e: np.ndarray, W: Arrays, B: Arrays, D: Arrays) -> Arrays:
    if rule == "dfa":
        return [*(e @ d * (1 - g * g) for d, g in zip(D, h[1:-1], strict=False)), e]
    back = [weights.T for weights in W] if rule == "bp" else B
    delta = [e]
    for matrix, g in zip(back[:0:-1], h[-2:0:-1], strict=True):
        delta.insert(0, delta[0] @ matrix * (1 - g * g))
    return delta


CONTENDERS = [Contender("NumPy", make, partial(threadpool_limits, user_api="blas"))]
