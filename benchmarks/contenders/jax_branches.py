"""ResNet-8 and a block of a transformer in JAX: a step of backprop, completely jitted."""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.branch_cases import HEADS, UNITS, samples
from benchmarks.cases import CLASSES, LR, MOMENTUM, Step
from benchmarks.contenders import Contender

WIDTHS = (16, 16), (16, 32), (32, 64)


def norm(x, p, axes):
    mean, variance = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    return (x - mean) * jax.lax.rsqrt(variance + 1e-5) * p["gamma"] + p["beta"]


def conv(x, p, stride=1):
    dims = ("NHWC", "HWIO", "NHWC")
    pad = [(p["W"].shape[0] // 2,) * 2] * 2
    a = jax.lax.conv_general_dilated(x, p["W"], (stride, stride), pad, dimension_numbers=dims)
    return norm(a, p, (0, 1, 2))


def resnet(params, x):
    x = jax.nn.relu(conv(x, params["first"]))
    for (below, width), p in zip(WIDTHS, params["blocks"], strict=True):
        stride = 1 if width == below else 2
        h = conv(jax.nn.relu(conv(x, p["lower"], stride)), p["upper"])
        x = jax.nn.relu(h + (x if width == below else conv(x, p["shortcut"], stride)))
    return x.mean((1, 2)) @ params["W"] + params["b"]


def dense(x, p):
    return x @ p["W"] + p["b"]


def block(params, x):
    x = dense(x, params["below"])
    N, T, units = x.shape
    h = norm(x, params["first"], -1)
    split = lambda a: a.reshape(N, T, HEADS, -1)  # noqa: E731
    q, k, v = (split(dense(h, params[name])) for name in ("q", "k", "v"))
    found = jax.nn.dot_product_attention(q, k, v).reshape(N, T, units)
    x = x + dense(found, params["out"])
    h = dense(norm(x, params["second"], -1), params["up"])
    x = x + dense(jax.nn.gelu(h, approximate=True), params["down"])
    return dense(x[:, 0], params["top"])


def parameters(case: str):
    rng = np.random.default_rng(0)
    draw = lambda *shape: jnp.asarray(0.05 * rng.normal(size=shape), jnp.float32)  # noqa: E731
    scales = lambda n: {"gamma": jnp.ones(n), "beta": jnp.zeros(n)}  # noqa: E731
    filters = lambda m, n, size=3: {"W": draw(size, size, m, n), **scales(n)}  # noqa: E731
    linear = lambda m, n: {"W": draw(m, n), "b": jnp.zeros(n)}  # noqa: E731
    if case == "ResNet-8":
        found = [
            {"lower": filters(m, n), "upper": filters(n, n)}
            | ({} if m == n else {"shortcut": filters(m, n, 1)})
            for m, n in WIDTHS
        ]
        return {"first": filters(1, 16), "blocks": found, **linear(64, CLASSES)}
    n = UNITS
    square = {name: linear(n, n) for name in ("below", "q", "k", "v", "out")}
    norms = {"first": scales(n), "second": scales(n)}
    return square | norms | {
        "up": linear(n, 4 * n), "down": linear(4 * n, n), "top": linear(n, CLASSES)
    }  # fmt: skip


def make(case: str) -> Step:
    x, labels = samples(case)
    forward = resnet if case == "ResNet-8" else block
    x = jnp.asarray(x.transpose(0, 2, 3, 1) if x.ndim == 4 else x)
    target = jax.nn.one_hot(jnp.asarray(labels), CLASSES)

    def loss(params):
        return -(target * jax.nn.log_softmax(forward(params, x))).sum(1).mean()

    @partial(jax.jit, donate_argnums=(0, 1))
    def step(params, v):
        updates = jax.grad(loss)(params)
        v = jax.tree.map(lambda v, dW: MOMENTUM * v + dW, v, updates)
        return jax.tree.map(lambda W, v: W - LR * v, params, v), v

    params = parameters(case)
    state = [params, jax.tree.map(jnp.zeros_like, params)]

    def take() -> None:
        state[:] = step(*state)
        jax.block_until_ready(state)

    return take


def players(case: str) -> dict[str, tuple[Contender, Step]]:
    contender = Contender("JAX, jitted", make, lambda count: nullcontext())  # type: ignore[arg-type]
    return {"JAX, jitted bp": (contender, make(case))}
