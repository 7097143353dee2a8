"""Generate text: a causal network reads some tokens, predicts the next one, and reads that too.

At each token a causal network predicts the next one. It does not see the tokens after it.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

from nofb import checks
from nofb.types import Array, Shape


class Readable(Protocol):
    """What a network needs for generating text; a `nofb.Network` has it."""

    input_shape: Shape | None

    @property
    def reads_tokens(self) -> bool: ...
    @property
    def last(self) -> Any: ...
    @property
    def head(self) -> Any: ...
    @property
    def n_outputs(self) -> int: ...
    def outputs(self, x: Array) -> Array: ...


def generate(
    net: Readable, start: ArrayLike, length: int, temperature: float = 1.0, seed: int = 0
) -> Array:
    """Return the start and `length` further tokens, see `Network.generate`."""
    length = checks.whole("length", length)
    temperature = checks.number("temperature", temperature, least=0)
    rng = np.random.default_rng(checks.whole("seed", seed, least=0))
    window = _window(net)
    written = _checked(net, start).tolist()
    for _ in range(length):
        context = written[-window:]
        x = np.zeros((1, window), dtype=np.int64)  # nothing sees what follows the context
        x[0, : len(context)] = context
        p = sharpened(net.outputs(x)[0, len(context) - 1], temperature)
        written.append(int(rng.choice(len(p), p=p)))
    return np.array(written)


def sharpened(p: Array, temperature: float) -> Array:
    """Return softmax probabilities at another temperature; 0 keeps the largest one only.

    Examples
    --------
    >>> p = np.array([0.2, 0.8])
    >>> sharpened(p, 0.5).round(4).tolist(), sharpened(p, 0).tolist()
    ([0.0588, 0.9412], [0.0, 1.0])
    """
    if temperature == 0:
        return np.eye(len(p))[p.argmax()]
    with np.errstate(divide="ignore"):  # log 0 is minus infinity, and its exponential 0 again
        log_p = np.log(p.astype(np.float64)) / temperature
    sharp = np.exp(log_p - log_p.max())
    return sharp / sharp.sum()


def _window(net: Readable) -> int:
    """Return how many tokens a network reads at once, or raise if it cannot generate."""
    tokens = net.input_shape[0] if net.input_shape else 0
    if not net.reads_tokens or net.last.shape_out[:-1] != (tokens,) or not net.head.sums_to_one:
        raise ValueError(
            "generate takes a network that reads tokens and names the next one at each, with the "
            'loss "cross_entropy", such as nofb.networks.make("language_model", data)'
        )
    x = np.zeros((2, tokens), dtype=np.int64)
    x[1, -1] = net.n_outputs - 1
    outputs = net.outputs(x)
    if not np.allclose(outputs[0, :-1], outputs[1, :-1], rtol=1e-4):
        raise ValueError(
            "generate takes a causal network, but what this one says at a token changes with the "
            "tokens after it: Attention(..., causal=True) sees earlier ones only"
        )
    return tokens


def _checked(net: Readable, start: ArrayLike) -> Array:
    """Return the first tokens, checked."""
    checks.unmasked("start", start)
    tokens = np.asarray(start)
    if tokens.ndim != 1 or tokens.size == 0:
        raise ValueError(
            f"start has shape {tokens.shape}, but must be tokens (n,), at least one: "
            'data.vocabulary.encode("some text") makes them'
        )
    return checks.tokens("start", tokens, net.n_outputs)
