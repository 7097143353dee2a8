"""A residual network and two transformers, written again from their papers with NumPy alone.

Each step returns its output and a function for the backward pass: from the gradient of the loss
with respect to its output, it returns that with respect to its input, and those of its parameters.
"""

from functools import partial

import numpy as np

EPSILON = 1e-5


def chain(x, *steps):
    """Apply one step after the other; the gradients are in the order of the steps."""
    backs = []
    for step in steps:
        x, back = step(x)
        backs.append(back)

    def back(s):
        gradients = []
        for each in reversed(backs):
            s, found = each(s)
            gradients[:0] = found
        return s, gradients

    return x, back


def residual(branch, shortcut, x):
    """F(x) + x, or F(x) + S(x): He et al. 2016, eqs. 1 and 2."""
    (f, back_f), (s, back_s) = chain(x, *branch), chain(x, *shortcut)

    def back(signal):
        (from_f, found_f), (from_s, found_s) = back_f(signal), back_s(signal)
        return from_f + from_s, found_f + found_s

    return f + s, back


def dense(p, x):
    """Multiply every row, or token, with W."""
    W, rows = p["W"], x.reshape(-1, len(p["W"]))

    def back(s):
        d = s.reshape(-1, W.shape[1])
        return s @ W.T, [{"W": rows.T @ d, "b": d.sum(0)}]

    return x @ W + p["b"], back


def convolution(p, x, size, stride=1):
    """Cross-correlate maps (N, H, W, C) with filters, over a border of zeros; no bias."""
    filters = p["W"].reshape(size, size, x.shape[3], -1)
    border = size // 2
    padded = np.pad(x, ((0, 0), (border, border), (border, border), (0, 0)))
    rows, columns = ((side + 2 * border - size) // stride + 1 for side in x.shape[1:3])
    offsets = [(i, j) for i in range(size) for j in range(size)]

    def seen(maps, i, j):
        """Return what the filters' pixel i, j meets at each place."""
        return maps[:, i : i + stride * rows : stride, j : j + stride * columns : stride]

    def back(s):
        below, dW = np.zeros_like(padded), np.zeros_like(filters)
        for i, j in offsets:
            seen(below, i, j)[...] += s @ filters[i, j].T
            dW[i, j] = np.einsum("nhwc,nhwd->cd", seen(padded, i, j), s)
        inside = slice(border, border + x.shape[1]), slice(border, border + x.shape[2])
        return below[:, inside[0], inside[1]], [{"W": dW.reshape(p["W"].shape)}]

    return sum(seen(padded, i, j) @ filters[i, j] for i, j in offsets), back


def normalise(p, x, axes):
    """Subtract the mean and divide by the standard deviation, over some axes: γ z + β."""
    count = np.prod([x.shape[axis] for axis in axes])
    deviation = np.sqrt(x.var(axes, keepdims=True) + EPSILON)
    z = (x - x.mean(axes, keepdims=True)) / deviation

    def back(s):
        others = tuple(range(x.ndim - 1))
        dz = s * p["gamma"]
        # Ioffe & Szegedy 2015, section 3: through x itself, through the variance, through the mean
        through_variance = z * (dz * z).sum(axes, keepdims=True) / count
        through_mean = dz.sum(axes, keepdims=True) / count
        below = (dz - through_variance - through_mean) / deviation
        return below, [{"gamma": (s * z).sum(others), "beta": s.sum(others)}]

    return p["gamma"] * z + p["beta"], back


def batch_norm(p, x):
    """Each channel, over all samples and pixels: Ioffe & Szegedy 2015, algorithm 1."""
    return normalise(p, x, tuple(range(x.ndim - 1)))


def batch_norm_in_use(p, x):
    """Each channel by its running averages, which are constants: their algorithm 2."""
    deviation = np.sqrt(p["running_variance"] + EPSILON)
    z, axes = (x - p["running_mean"]) / deviation, tuple(range(x.ndim - 1))

    def back(s):
        found = {"gamma": (s * z).sum(axes), "beta": s.sum(axes)}
        return s * p["gamma"] / deviation, [found]

    return p["gamma"] * z + p["beta"], back


def layer_norm(p, x):
    """Each token by itself: Ba et al. 2016, eq. 4."""
    return normalise(p, x, (x.ndim - 1,))


def relu(x):
    """max(0, x)."""
    return np.maximum(x, 0), lambda s: (s * (x > 0), [])


def gelu(x):
    """x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2: Hendrycks & Gimpel 2016."""
    c = np.sqrt(2 / np.pi)
    t = np.tanh(c * (x + 0.044715 * x**3))
    slope = (1 + t) / 2 + x / 2 * (1 - t**2) * c * (1 + 3 * 0.044715 * x**2)
    return x * (1 + t) / 2, lambda s: (s * slope, [])


def attention(query, key, value, output, heads, causal, x):
    """Softmax(Q Kᵀ / √d) V for each head, then W_o: Vaswani et al. 2017, eq. 1 and 3.2.2."""
    (Q, back_q), (K, back_k), (V, back_v) = (dense(p, x) for p in (query, key, value))
    h, back_h = mixed(Q, K, V, heads, causal)
    given, back_o = dense(output, h)

    def back(s):
        on_h, found_o = back_o(s)
        signals = back_h(on_h)
        (from_q, dq), (from_k, dk), (from_v, dv) = (
            each(on) for each, on in zip((back_q, back_k, back_v), signals, strict=True)
        )
        return from_q + from_k + from_v, [*dq, *dk, *dv, *found_o]

    return given, back


def mixed(Q, K, V, heads, causal):
    """Return the output of attention, one head and one sample after the other."""
    samples, tokens, units = Q.shape
    d = units // heads
    places = [(n, slice(k * d, (k + 1) * d)) for n in range(samples) for k in range(heads)]
    hidden = np.triu(np.ones((tokens, tokens), bool), 1) if causal else np.zeros((1, 1), bool)
    h, weights = np.empty_like(V), []
    for n, own in places:
        scores = np.where(hidden, -np.inf, Q[n, :, own] @ K[n, :, own].T / np.sqrt(d))
        A = np.exp(scores - scores.max(1, keepdims=True))
        weights.append(A / A.sum(1, keepdims=True))
        h[n, :, own] = weights[-1] @ V[n, :, own]

    def back(s):
        dQ, dK, dV = np.empty_like(Q), np.empty_like(K), np.empty_like(V)
        for (n, own), A in zip(places, weights, strict=True):
            dA, part = s[n, :, own] @ V[n, :, own].T, np.empty_like(A)
            for i, a in enumerate(A):
                part[i] = (np.diag(a) - np.outer(a, a)) @ dA[i] / np.sqrt(d)  # softmax's Jacobian
            dV[n, :, own] = A.T @ s[n, :, own]
            dQ[n, :, own], dK[n, :, own] = part @ K[n, :, own], part.T @ Q[n, :, own]
        return dQ, dK, dV

    return h, back


def patches(size, x):
    """Return each square of maps (N, H, W, C) as a row; images have no layer below."""
    squares = [
        x[:, i : i + size, j : j + size].reshape(len(x), -1)
        for i in range(0, x.shape[1], size)
        for j in range(0, x.shape[2], size)
    ]
    return np.stack(squares, 1), lambda s: (None, [])


def class_token(p, x):
    """Add one more token in front: Dosovitskiy et al. 2021, eq. 1."""
    first = np.tile(p["token"], (len(x), 1, 1))
    return np.hstack([first, x]), lambda s: (s[:, 1:], [{"token": s[:, 0].sum(0)}])


def positions(p, x):
    """Add a learned vector for each position."""
    return x + p["positions"], lambda s: (s, [{"positions": s.sum(0)}])


def embedding(p, x):
    """Look up a row of a table for each token."""

    def back(s):
        dW = np.zeros_like(p["W"])
        np.add.at(dW, x, s)
        return None, [{"W": dW}]

    return p["W"][x], back


def whole_maps(x):
    """Take the mean of each map."""
    pixels = x.shape[1] * x.shape[2]
    spread = np.ones((1, *x.shape[1:3], 1)) / pixels
    return x.mean((1, 2)), lambda s: (s[:, None, None] * spread, [])


def first_token(x):
    """Take the class token alone."""

    def back(s):
        below = np.zeros_like(x)
        below[:, 0] = s
        return below, []

    return x[:, 0], back


def resnet8(layers, x, norm=batch_norm):
    """ResNet-8 on images (N, C, H, W): He et al. 2016, section 4.2 with n = 1."""
    own = iter(layers)
    conv = lambda size=3, stride=1: [  # noqa: E731
        partial(convolution, next(own), size=size, stride=stride),
        partial(norm, next(own)),
    ]
    steps = [*conv(), relu]
    for stride in (1, 2, 2):
        branch = [*conv(stride=stride), relu, *conv()]
        shortcut = conv(size=1, stride=stride) if stride == 2 else []
        steps += [partial(residual, branch, shortcut), relu]
    return chain(x.transpose(0, 2, 3, 1), *steps, whole_maps, partial(dense, next(own)))


def block(own, heads, causal):
    """Return one block of a transformer whose branches are normalised first."""
    attend = [partial(layer_norm, next(own))]
    matrices = [next(own) for _ in range(4)]
    attend.append(lambda x: attention(*matrices, heads, causal, x))
    norm, up, down = (next(own) for _ in range(3))
    feed = [partial(layer_norm, norm), partial(dense, up), gelu, partial(dense, down)]
    return [partial(residual, branch, []) for branch in (attend, feed)]


def vision_transformer(layers, x, patch, heads, blocks):
    """Dosovitskiy et al. 2021, eqs. 1 to 4, on images (N, C, H, W)."""
    own = iter(layers)
    steps = [partial(patches, patch), partial(dense, next(own)),
             partial(class_token, next(own)), partial(positions, next(own))]  # fmt: skip
    for _ in range(blocks):
        steps += block(own, heads, causal=False)
    last = [partial(layer_norm, next(own)), first_token, partial(dense, next(own))]
    return chain(x.transpose(0, 2, 3, 1), *steps, *last)


def language_model(layers, x, heads, blocks):
    """Vaswani et al. 2017, the decoder alone, with learned positions, on tokens (N, T)."""
    own = iter(layers)
    steps = [partial(embedding, next(own)), partial(positions, next(own))]
    for _ in range(blocks):
        steps += block(own, heads, causal=True)
    return chain(x, *steps, partial(layer_norm, next(own)), partial(dense, next(own)))


def cross_entropy(given, y):
    """Return softmax and loss, a mean over all rows, and the gradient with respect to `given`."""
    rows, y = given.reshape(-1, given.shape[-1]), y.ravel()
    p = np.exp(rows - rows.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    right = np.arange(len(y)), y
    loss = -np.log(p[right]).mean()
    s = p.copy()
    s[right] -= 1
    return p, loss, s.reshape(given.shape) / len(y)
