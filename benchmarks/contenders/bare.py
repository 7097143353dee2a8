"""Only the matrix products of a step, into existing memory: no step can be faster.

With two threads there are two ways, and the limit is the faster one: the threads of BLAS; or BLAS
with one thread and each product divided into two, as in nofb.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import pairwise

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.cases import CONVOLUTIONS, DENSE, Case, Step
from benchmarks.contenders import Contender
from nofb import threads

Product = tuple[np.ndarray, np.ndarray, np.ndarray]


def products(case: Case) -> list[Product]:
    """Return (left, right, out) of each product: forward, backward, and for the weights."""
    shapes = list(weight_products(case))
    rng = np.random.default_rng(0)
    layers = []
    for rows, n_in, n_out in shapes:
        sizes = [(rows, n_in), (n_in, n_out), (rows, n_out)]
        h, W, delta = ((0.03 * rng.normal(size=s)).astype(np.float32) for s in sizes)
        layers.append((h, W, delta, *map(np.empty_like, (delta, h, W))))
    forward = [(h, W, a) for h, W, _, a, _, _ in layers]
    back = [(delta, W.T, signal) for _, W, delta, _, signal, _ in layers[:0:-1]]
    weights = [(h.T, delta, dW) for h, _, delta, _, _, dW in layers]
    return [*forward, *back, *weights]


def weight_products(case: Case) -> Iterator[tuple[int, int, int]]:
    """Yield for each layer the number of rows, and the two sizes of the weights."""
    if case.convolutional:
        pixels = 28
        for channels_in, channels_out, padding in CONVOLUTIONS:
            pixels += 2 * padding - 4
            yield case.batch * pixels**2, 25 * channels_in, channels_out
            pixels //= 2
    for n_in, n_out in pairwise(DENSE if case.convolutional else case.sizes):
        yield case.batch, n_in, n_out


def make(case: Case, rule: str) -> Step | None:
    if rule != "bp":
        return None
    factors = products(case)

    def take() -> None:
        for left, right, out in factors:
            np.matmul(left, right, out=out)

    return take


def make_cut(case: Case, rule: str) -> Step | None:
    if rule != "bp":
        return None
    factors = [(left, right, out, left.shape[1] * out.size) for left, right, out in products(case)]

    def take() -> None:
        for left, right, out, work in factors:
            rows = threads.cut(len(out), work)
            jobs = [partial(np.matmul, left[cut], right, out=out[cut]) for cut in rows]
            if len(jobs) > 1:
                threads.run(jobs)
            else:
                jobs[0]()

    return take


CONTENDERS = [
    Contender("bare products", make, partial(threadpool_limits, user_api="blas")),
    Contender("bare products, cut", make_cut, threads.team),
]
