"""JAX, with a completely jitted step. It uses one thread for each core of its process.

Each rule is the gradient of its own loss. Feedback alignment replaces the gradient of each layer's
input. In direct feedback alignment the loss is the product of each layer's output and the projected
error, and all other gradients are stopped.
"""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.cases import CLASSES, CONVOLUTIONS, DENSE, LR, MOMENTUM, Case, Step
from benchmarks.contenders import Contender

DIMENSIONS = ("NHWC", "HWIO", "NHWC")


def convolve(x, W, padding):
    pads = [(padding, padding)] * 2
    return jax.lax.conv_general_dilated(x, W, (1, 1), pads, dimension_numbers=DIMENSIONS)


def affine(x, W, padding):
    return x @ W if padding is None else convolve(x, W, padding)


@partial(jax.custom_vjp, nondiff_argnums=(3,))
def feedback_product(x, W, B, padding):
    """Go forward through W, and backward through B, which has the shape of W."""
    return affine(x, W, padding)


def _forth(x, W, B, padding):
    return affine(x, W, padding), (x, W, B)


def _back(padding, kept, delta):
    x, W, B = kept
    signal = jax.vjp(lambda h: affine(h, B, padding), x)[1](delta)[0]
    step = jax.vjp(lambda weights: affine(x, weights, padding), W)[1](delta)[0]
    return signal, step, jnp.zeros_like(B)


feedback_product.defvjp(_forth, _back)


def layers(case: Case):
    """Return the shape of W and the padding of each layer; dense layers have none."""
    found = [((5, 5, m, n), pad) for m, n, pad in CONVOLUTIONS] if case.convolutional else []
    pairs = pairwise(DENSE if case.convolutional else case.sizes)
    return found + [(pair, None) for pair in pairs]


def shown(a, padding, last):
    """Return the input of the next layer."""
    if last:
        return a
    h = jnp.tanh(a)
    if padding is not None:
        window = (1, 2, 2, 1)
        h = jax.lax.reduce_window(h, -jnp.inf, jax.lax.max, window, window, "VALID")
    return h


def outputs(params, B, x, plan, rule):
    """Return the output of each layer, first to last."""
    found, h = [], x
    for index, ((W, b), (_, padding)) in enumerate(zip(params, plan, strict=True)):
        h = h.reshape(len(h), -1) if padding is None else h
        if rule == "dfa":
            h = jax.lax.stop_gradient(h)
        a = feedback_product(h, W, B[index], padding) if rule == "fa" else affine(h, W, padding)
        h = shown(a + b, padding, index == len(plan) - 1)
        found.append(h)
    return found


def make(case: Case, rule: str) -> Step:
    plan, rng = layers(case), np.random.default_rng(0)
    draw = lambda shape, scale: jnp.asarray((scale * rng.normal(size=shape)).astype(np.float32))  # noqa: E731
    params = [(draw(shape, 0.05), draw(shape[-1:], 0.0)) for shape, _ in plan]
    B = [draw(shape, 0.05) for shape, _ in plan] if rule == "fa" else [None] * len(plan)
    x, labels = case.samples()
    x = jnp.asarray(x.transpose(0, 2, 3, 1) if case.convolutional else x)
    target = jax.nn.one_hot(jnp.asarray(labels), CLASSES)
    sizes = [h[0].size for h in outputs(params, B, x, plan, "bp")[:-1]]
    D = [draw((CLASSES, size), 0.3) for size in sizes]

    def loss(params):
        found = outputs(params, B, x, plan, rule)
        value = -(target * jax.nn.log_softmax(found[-1])).sum(1).mean()
        if rule == "dfa":
            e = jax.lax.stop_gradient(jax.nn.softmax(found[-1]) - target) / len(target)
            value += sum(
                ((e @ d) * h.reshape(len(h), -1)).sum() for d, h in zip(D, found, strict=False)
            )
        return value

    @partial(jax.jit, donate_argnums=(0, 1))
    def step(params, v):
        updates = jax.grad(loss)(params)
        v = jax.tree.map(lambda v, dW: MOMENTUM * v + dW, v, updates)
        return jax.tree.map(lambda W, v: W - LR * v, params, v), v

    state = [params, jax.tree.map(jnp.zeros_like, params)]

    def take() -> None:
        state[:] = step(*state)
        jax.block_until_ready(state)

    return take


CONTENDERS = [Contender("JAX, jitted", make, lambda count: nullcontext())]
