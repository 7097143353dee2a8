"""What nofb computes, written again: slow, naive, and independent of it.

The oracles follow the papers, which write samples as *columns*: `h` is (n, N) and a weight matrix
is (n_out, n_in). nofb writes samples as rows, so each side checks the other's transposes.
Images are (N, channels, height, width) here, as users give them.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.special import ndtr
from stated import stated

from nofb import (
    Activation,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    MaxPool2D,
    Network,
    Trace,
    Update,
    rules,
)
from nofb.layers import Layer, WeightedLayer
from nofb.rules import Rule
from nofb.rules.targets import TargetRule

Array = np.ndarray[Any, Any]

# -- functions, as in a textbook -----------------------------------------------------------------


def gelu_weight(a: Array) -> tuple[Array, Array]:
    """Return σ(2 u) and its derivative, for u = √(2/π) (a + 0.044715 a³)."""
    u, slope_u = a + 0.044715 * a**3, 1 + 3 * 0.044715 * a**2
    steep = 2 * np.sqrt(2 / np.pi)
    weight = 1 / (1 + np.exp(-steep * u))
    return weight, weight * (1 - weight) * steep * slope_u


def normal_density(a: Array) -> Array:
    """Return the density of a normal number at a, the derivative of its distribution ndtr."""
    return np.exp(-(a**2) / 2) / np.sqrt(2 * np.pi)


ACTIVATIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "identity": (lambda a: a, lambda a: np.ones_like(a)),
    "tanh": (np.tanh, lambda a: 1 / np.cosh(a) ** 2),
    "logistic": (lambda a: 1 / (1 + np.exp(-a)), lambda a: np.exp(-a) / (1 + np.exp(-a)) ** 2),
    "relu": (lambda a: np.where(a > 0, a, 0), lambda a: np.where(a > 0, 1.0, 0.0)),
    "leaky_relu": (lambda a: np.where(a > 0, a, 0.01 * a), lambda a: np.where(a > 0, 1.0, 0.01)),
    "exact_gelu": (lambda a: a * ndtr(a), lambda a: ndtr(a) + a * normal_density(a)),
    "gelu": (lambda a: a * gelu_weight(a)[0], lambda a: gelu_weight(a)[0] + a * gelu_weight(a)[1]),
}

OUTPUT_UNITS: dict[str, Callable[[Array], Array]] = {
    "cross_entropy": lambda a: np.exp(a) / np.exp(a).sum(axis=0),
    "binary_cross_entropy": ACTIVATIONS["logistic"][0],
    "squared_error": ACTIVATIONS["identity"][0],
}

LOSSES: dict[str, Callable[[Array, Array], float]] = {
    "cross_entropy": lambda output, y: -(y * np.log(output)).sum(),
    "binary_cross_entropy": lambda output, y: (
        -(y * np.log(output) + (1 - y) * np.log(1 - output)).sum()
    ),
    "squared_error": lambda output, y: 0.5 * ((output - y) ** 2).sum(),
}


def convolve(
    x: Array, filters: Array, b: Array, stride: tuple[int, int], padding: tuple[int, int]
) -> Array:
    """Cross-correlate x (N, C, H, W) with filters (K, C, rows, columns), one product at a time."""
    rows, columns = filters.shape[2:]
    x = np.pad(x, [(0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2])
    height = (x.shape[2] - rows) // stride[0] + 1
    width = (x.shape[3] - columns) // stride[1] + 1
    a = np.zeros((len(x), len(filters), height, width))
    for n, k, i, j in np.ndindex(*a.shape):
        top, left = i * stride[0], j * stride[1]
        a[n, k, i, j] = b[k] + (
            sum(
                x[n, c, top + u, left + v] * filters[k, c, u, v]
                for c, u, v in np.ndindex(*filters.shape[1:])
            )
        )
    return a


def max_pool(x: Array, size: tuple[int, int], stride: tuple[int, int]) -> Array:
    """Keep the largest value of every window of x (N, C, H, W)."""
    height = (x.shape[2] - size[0]) // stride[0] + 1
    width = (x.shape[3] - size[1]) // stride[1] + 1
    pooled = np.zeros((*x.shape[:2], height, width))
    for n, c, i, j in np.ndindex(*pooled.shape):
        top, left = i * stride[0], j * stride[1]
        pooled[n, c, i, j] = x[n, c, top : top + size[0], left : left + size[1]].max()
    return pooled


def normal(*shape: int, seed: int = 0) -> Array:
    """Return normal numbers, always the same for a shape and a seed."""
    return np.random.default_rng((seed, *shape)).normal(size=shape)


# Rules whose targets pass through dense layers only; every other rule takes any layers.
DENSE_ONLY = tuple(name for name, kind in rules.RULES.items() if issubclass(kind, TargetRule))
# Inverses that start at zero send no signal before they have learned.
AWAKE = {"itp_drl": {"inverse_init": "xavier"}}


# -- whole networks of dense layers, with samples as columns -------------------------------------


def columns_forward(net: Network, x: Array) -> tuple[list[Array], list[Array]]:
    """Return the pre-activations a_1 ... a_L and the activations h_0 ... h_L, as columns."""
    a, h = [], [x.T]
    for layer in net.weighted:
        b = np.zeros(layer.n_out) if layer.b is None else layer.b
        a.append(layer.W.T @ h[-1] + b[:, None])
        f = ACTIVATIONS[layer.activation.name][0]
        h.append((OUTPUT_UNITS[net.head.name] if layer is net.weighted[-1] else f)(a[-1]))
    return a, h


def columns_loss(net: Network, x: Array, target: Array) -> float:
    """Return the mean loss of a network of dense layers."""
    return LOSSES[net.head.name](columns_forward(net, x)[1][-1], target.T) / len(x)


def columns_updates(name: str, net: Network, x: Array, target: Array) -> list[Update]:
    """Return the updates of the rule called `name`, from its paper's equations."""
    if name in (own := stated("EQUATIONS")):
        return own[name](net, x, target)
    a, h = columns_forward(net, x)
    layers, top, y = net.weighted, len(net.weighted) - 1, target.T
    e = h[-1] - y
    delta = {top: e}
    changes = columns_changes(name, net, a, h, e) if name in (*DENSE_ONLY, "gnt") else {}

    def arriving(i: int) -> Array:
        layer, above = layers[i], layers[i + 1]
        match name:
            case "bp":
                return above.W @ delta[i + 1]
            case "fa" | "wm" | "wm_released" | "kp" | "kp_released" | "sa" | "ia" | "np_feedback":
                return above.B.T @ delta[i + 1]
            case "usf" | "brsf" | "frsf":
                return (np.abs(above.B).T * np.sign(above.W)) @ delta[i + 1]
            case "dfa" | "dfa_blocks" | "dkp":
                return layer.D.T @ e
            case "sdfa":
                return layer.D.T @ np.sign(e)
            case "drtp":
                return layer.D.T @ y
            case "ifa":
                return layer.D.T @ e if i == 0 else layer.W.T @ delta[i - 1]
            case "shallow":
                return np.zeros_like(a[i])
        if i in changes:
            return changes[i]
        raise KeyError(f"EQUATIONS of the rule {name!r}, which its own tests must state")

    for i in range(top) if name == "ifa" else range(top - 1, -1, -1):
        delta[i] = arriving(i) * ACTIVATIONS[layers[i].activation.name][1](a[i])
    return [
        Update(
            dW=(delta[i] @ h[i].T / len(x)).T,
            db=None if layer.b is None else delta[i].sum(axis=1) / len(x),
        )
        for i, layer in enumerate(layers)
    ]


def columns_changes(
    name: str, net: Network, a: list[Array], h: list[Array], e: Array
) -> dict[int, Array]:
    """Return (h - t) / η̂ of every layer below the output, from the equations of its paper.

    Inverses are those attached to the network, with the hyper-parameters of its rule, for targets
    that are activations.
    """
    rule: Any = net.rule
    layers, top = net.weighted, len(net.weighted) - 1
    if name == "gnt":
        return columns_gauss_newton(net, a, e, rule.damping)
    eta, state = rule.step_size, dict(enumerate(h[1:]))
    if name != "sdtp":
        state[top] = a[top]

    def f(i: int, x: Array) -> Array:
        b = np.zeros(layers[i].n_out) if layers[i].b is None else layers[i].b
        z = layers[i].W.T @ x + b[:, None]
        if i < top:
            return ACTIVATIONS[layers[i].activation.name][0](z)
        return OUTPUT_UNITS[net.head.name](z) if name == "sdtp" else z

    def g(i: int, z: Array) -> Array:
        direct = name == "ddtp"
        s = rule.inverse_activation or layers[i if direct else i - 1].activation.name
        matrix = layers[i].D if direct else layers[i].B
        return ACTIVATIONS[s][0](matrix.T @ z + layers[i].inverse.c[:, None])

    def below(i: int, t: Array) -> Array:
        match name:
            case "tp":
                return g(i, t)
            case "dtp" if i == top:
                return h[i] - eta * layers[i].W @ e
            case "ddtp":
                return h[i] + g(i - 1, target[top]) - g(i - 1, a[top])
            case "itp" | "itp_drl":
                x = h[i]
                for _ in range(rule.iterations):
                    x = x + rule.damping * (g(i, t) - g(i, f(i, x)))
                return x
        return h[i] + g(i, t) - g(i, state[i])

    target = {top: state[top] - eta * e}
    for i in range(top, 0, -1):
        target[i - 1] = below(i, target[i])
    changes = {i: (state[i] - target[i]) / eta for i in range(top)}
    if name == "itp" and rule.layer_norm:  # ‖Δ_L‖² / ‖Δ_l‖², where Δ is η̂ times these
        changes = {i: d * (e**2).sum(axis=0) / (d**2).sum(axis=0) for i, d in changes.items()}
    return changes


def columns_gauss_newton(
    net: Network, a: list[Array], e: Array, damping: float
) -> dict[int, Array]:
    """Return argmin_Δ ‖J Δ - e‖² + c ‖Δ‖² of every layer below the output, for every sample."""
    layers, top = net.weighted, len(net.weighted) - 1
    changes = {i: np.zeros_like(a[i]) for i in range(top)}
    for n in range(e.shape[1]):
        J = np.eye(len(e))
        for i in range(top - 1, -1, -1):
            J = J @ layers[i + 1].W.T
            tall = np.concatenate([J, np.sqrt(damping) * np.eye(J.shape[1])])
            wanted = np.concatenate([e[:, n], np.zeros(J.shape[1])])
            changes[i][:, n] = np.linalg.lstsq(tall, wanted, rcond=None)[0]
            J = J * ACTIVATIONS[layers[i].activation.name][1](a[i][:, n])
    return changes


# -- central finite differences ------------------------------------------------------------------


def differences(
    f: Callable[[], float], array: Array, entries: Sequence[int], step: float = 1e-5
) -> Array:
    """Return the derivative of f with respect to some entries of an array, changed in place."""
    slopes, flat = [], array.reshape(-1)
    assert np.shares_memory(flat, array)
    for entry in entries:
        value = flat[entry]
        flat[entry] = value + step
        above = f()
        flat[entry] = value - step
        slopes.append((above - f()) / (2 * step))
        flat[entry] = value
    return np.array(slopes)


def mean_loss(net: Network, x: Array, y: Array) -> float:
    """Return the mean loss of one training pass, with the dropout masks of `same_masks`."""
    same_masks(net)
    trace = net.forward(x, train=True)
    return trace.set_target(net.as_target(y, len(x))).loss()


def assert_gradient(net: Network, x: Array, y: Array, updates: list[Update], most: int) -> None:
    """Compare updates to finite differences, in at most `most` entries of each W and b."""
    rng = np.random.default_rng(0)
    for layer, update in zip(net.weighted, updates, strict=True):
        for parameter, slope in ((layer.W, update.dW), (layer.b, update.db)):
            if parameter is None:
                assert slope is None
                continue
            entries = rng.permutation(parameter.size)[:most]
            measured = differences(lambda: mean_loss(net, x, y), parameter, entries)
            np.testing.assert_allclose(slope.reshape(-1)[entries], measured, rtol=0, atol=1e-7)


# -- small networks ------------------------------------------------------------------------------


def dense_net(
    sizes: Sequence[int] = (5, 4, 6, 3), activation: str = "tanh", **arguments: Any
) -> Network:
    """Return a stack of dense layers; `bias`, `init` and `dropout` are for all hidden layers.

    With `apart` the activations are layers of their own.
    """
    bias, init = arguments.pop("bias", True), arguments.pop("init", "xavier")
    apart = arguments.pop("apart", False)
    dropout = arguments.pop("dropout", None)
    masks: list[float] = [] if dropout is None else [dropout]
    layers: list[Layer] = [Dropout(rate) for rate in masks]
    for n_in, n_out in pairwise(sizes[:-1]):
        layers.append(Dense(n_in, n_out, None if apart else activation, init=init, bias=bias))
        layers += [Activation(activation)] if apart else []
        layers += [Dropout(rate) for rate in masks]
    layers.append(Dense(sizes[-2], sizes[-1], init=init, bias=bias))
    return roughened(Network(layers, **({"dtype": np.float64, "seed": 2} | arguments)))


def image_net(
    layers: Sequence[Layer], input_shape: tuple[int, int, int], **arguments: Any
) -> Network:
    """Return the layers with a Flatten and a Dense of three outputs on top."""
    channels, height, width = input_shape
    shape: tuple[int, ...] = (height, width, channels)
    for layer in layers:
        layer.infer_shapes(shape)
        shape = layer.shape_out
    top = [Flatten(), Dense(int(np.prod(shape)), 3)]
    return roughened(
        Network([*layers, *top], input_shape=input_shape, **({"dtype": np.float64} | arguments))
    )


def conv_net(activation: str = "tanh", **arguments: Any) -> Network:
    """Return convolution, pooling, convolution, flattening, and two dense layers."""
    layers = [
        Conv2D(2, 3, (3, 2), stride=(1, 2), padding=1, activation=activation),
        MaxPool2D(2, stride=1),
        Conv2D(3, 4, 2, activation=activation),
        Flatten(),
        Dense(24, 5, activation=activation),
    ]
    return image_net(layers, (2, 5, 6), **arguments)


def shallow_conv_net(**arguments: Any) -> Network:
    """Return convolution, pooling and one dense layer: one hidden layer, of maps."""
    layers = [Conv2D(2, 3, (3, 2), padding=1, activation="tanh"), MaxPool2D(2)]
    return image_net(layers, (2, 5, 6), **arguments)


NETS = {"dense": dense_net, "conv": conv_net}
RULES_AND_NETS = [
    (name, net_name)
    for name in rules.RULES
    for net_name in NETS
    if net_name == "dense" or name not in DENSE_ONLY
]


def layer_of(W: Array, b: Array | None = None, activation: str | None = None) -> Dense:
    """Return a dense layer with these weights, of no network."""
    layer = Dense(*W.shape, activation, bias=b is not None)
    layer.draw(np.random.default_rng(0), np.float64)
    layer.W = W
    if b is not None:
        layer.b = b
    return layer


def roughened(net: Network) -> Network:
    """Give every bias a value, so that no unit is at the kink of a ReLU, and none is inactive."""
    rng = np.random.default_rng(7)
    for layer in net.weighted:
        if layer.b is not None:
            layer.b[:] = rng.uniform(-0.5, 0.5, layer.n_out)
    return net


def batch(net: Network, samples: int = 7, seed: int = 0) -> tuple[Array, Array]:
    """Return random samples of the right shape for the network, and labels."""
    rng = np.random.default_rng((seed, 99))
    x = rng.normal(size=(samples, *net.input_shape))
    return x, rng.integers(0, net.n_outputs, samples)


def same_masks(net: Network, seed: int = 5) -> None:
    """Make the next training pass draw the same masks as every pass after this call."""
    for index, layer in enumerate(net.layers):
        if isinstance(layer, Dropout):
            layer.rng = np.random.default_rng((seed, index))


# -- rules on networks ---------------------------------------------------------------------------


def attached(name: str | Rule, net: Network, seed: int = 3, **attributes: Any) -> Rule:
    """Return a rule, or the one called `name`, attached to the network."""
    known = isinstance(name, str)
    rule = rules.make(name, **(AWAKE.get(name, {}) | attributes)) if known else name
    rule.attach(net, seed=seed)
    return rule


def taught_trace(net: Network, x: Array, y: Array) -> Trace:
    """Return the trace of a training pass, with its target."""
    same_masks(net)
    return net.forward(x, train=True).set_target(net.as_target(y, len(x)))


def signals(rule: Rule, net: Network, trace: Trace) -> dict[WeightedLayer, Array]:
    """Return every layer's teaching signal, shaped like its pre-activation, each a copy."""
    return {
        layer: delta.reshape(trace[layer].a.shape).copy()
        for layer, delta, *_ in rule.signals(net, trace)
    }


def hidden_signals(rule: Rule, net: Network, trace: Trace) -> list[Array]:
    """Return the teaching signals of all layers below the output, from the first layer up."""
    found = signals(rule, net, trace)
    return [found[layer] for layer in net.weighted[:-1]]


def teach(rule: Rule, net: Network, trace: Trace) -> list[Update]:
    """Return the updates of a rule, in new arrays."""
    return [
        Update(update.dW.copy(), None if update.db is None else update.db.copy())
        for update in rule.teach(net, trace)
    ]


def descend(net: Network, updates: list[Update], lr: float) -> None:
    """Take one plain gradient step, without changing the feedback path."""
    for layer, update in zip(net.weighted, updates, strict=True):
        layer.W -= lr * update.dW
        if layer.b is not None:
            layer.b -= lr * update.db


def learn(rule: Rule, net: Network, x: Array, y: Array, steps: int, lr: float = 0.1) -> None:
    """Take some steps, and let the rule change its feedback path after each."""
    for _ in range(steps):
        trace = net.forward(x, train=True).set_target(net.as_target(y, len(x)))
        rule.before_step(net, trace)
        descend(net, rule.teach(net, trace), lr)
        rule.after_step(net)


def arrays_of(net: Network) -> dict[str, Array]:
    """Return a copy of every array that the network and its rule keep."""
    kept = {
        f"{name} of layer {index}": getattr(layer, name)
        for index, layer in enumerate(net.weighted)
        for name in ("W", "b", "B", "D")
    }
    for index, layer in enumerate(net.weighted):
        if layer.inverse is not None:
            kept[f"c of layer {index}"] = layer.inverse.c
        if layer.rule_state is not None:  # M or R, for instance
            kept |= {f"{name} for layer {index}": it for name, it in vars(layer.rule_state).items()}
    return {name: array.copy() for name, array in kept.items() if isinstance(array, np.ndarray)}


# -- comparing -----------------------------------------------------------------------------------


def parts(updates: list[Update]) -> Iterator[Array]:
    """Yield every array of some updates."""
    for update in updates:
        yield update.dW
        if update.db is not None:
            yield update.db


def assert_same(left: list[Update], right: list[Update]) -> None:
    """Assert that the updates are equal to the last bit."""
    for one, other in zip(parts(left), parts(right), strict=True):
        np.testing.assert_array_equal(one, other)


def assert_close(
    left: list[Update], right: list[Update], rtol: float = 1e-9, atol: float = 1e-12
) -> None:
    """Assert that the updates are equal up to rounding."""
    for one, other in zip(parts(left), parts(right), strict=True):
        np.testing.assert_allclose(one, other, rtol=rtol, atol=atol)


def angle(one: Array, other: Array) -> float:
    """Return the angle between two arrays, in degrees."""
    cosine = (one * other).sum() / np.linalg.norm(one) / np.linalg.norm(other)
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def relative(one: Array, other: Array) -> float:
    """Return the length of the difference of two arrays, relative to the second."""
    return float(np.linalg.norm(one - other) / np.linalg.norm(other))


def unlike(left: Array, right: Array) -> bool:
    """Return whether two arrays differ anywhere by more than rounding; NaN differs from numbers."""
    return not np.allclose(left, right, rtol=1e-9, atol=1e-12, equal_nan=True)
