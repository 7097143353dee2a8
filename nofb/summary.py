"""A network as a table: each layer with its shape, its parameters and its feedback."""

from __future__ import annotations

from nofb.graph import Graph
from nofb.layers.base import Layer
from nofb.text import columns
from nofb.types import Array

HEADINGS = "layer", "gives", "parameters", "feedback"


def table(net: Graph) -> str:
    """Return the layers of a network as a table; the layers of a block follow its name.

    Examples
    --------
    >>> from nofb import Dense, Network, rules
    >>> net = Network([Dense(4, 3, activation="tanh"), Dense(3, 2)])
    >>> rules.FeedbackAlignment().attach(net)
    >>> print(table(net))
    layer                               gives  parameters  feedback
    ----------------------------------  -----  ----------  --------
    Dense(4, 3, activation='tanh')      3      15
    Dense(3, 2, activation='identity')  2      8           B 2 x 3
    total                                      23          6
    """
    rows = [HEADINGS]
    for part, layers in zip(net.layers, net.parts(), strict=True):
        alone = layers == [part]
        if not alone:
            rows.append((type(part).__name__, "", "", ""))
        rows += [_row(layer, "" if alone else "  ") for layer in layers]
    total = sum(_size(layer) for layer in net.nodes)
    feedback = sum(array.size for layer in net.weighted for _, array in _feedback(layer))
    return columns([*rows, ("total", "", f"{total:,}", f"{feedback:,}" if feedback else "")])


def _row(layer: Layer, indent: str) -> tuple[str, str, str, str]:
    size = _size(layer)
    frozen = " (frozen)" if layer.frozen else ""
    feedback = ", ".join(f"{name} {_by(array.shape)}" for name, array in _feedback(layer))
    return f"{indent}{layer!r}", _by(layer.shape_out), f"{size:,}{frozen}" if size else "", feedback


def _size(layer: Layer) -> int:
    return sum(array.size for array in layer.parameters().values())


def _feedback(layer: Layer) -> list[tuple[str, Array]]:
    arrays = [(name, getattr(layer, name, None)) for name in ("B", "D")]
    return [(name, array) for name, array in arrays if array is not None]


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
