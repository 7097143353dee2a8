"""A backbone: a trained transformer and its parts, which are frozen while other layers learn.

It is recognised by its structure: first layers that make tokens; then blocks, each with attention
and dense layers; then layers that compute the outputs from the tokens.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nofb import checks
from nofb.layers import (
    Activation,
    Attend,
    Attention,
    Dense,
    FirstToken,
    Layer,
    LayerNorm,
    MeanToken,
    Residual,
    Sum,
    WeightedLayer,
)
from nofb.layers.base import Wiring
from nofb.layers.block import Part
from nofb.network import Network
from nofb.trace import Trace
from nofb.types import Array

FIRST, MEAN, EACH = "the first token", "the mean of all tokens", "each token"

# Adds the inputs of a block's attention, above its tokens: queries, keys and values.
Receive = Callable[[Wiring, Attention, Layer | None], Sequence[Layer]]


def plainly(graph: Wiring, attention: Attention, at: Layer | None) -> list[Layer]:
    """Compute queries, keys and values from the same tokens, as in the backbone alone."""
    return [graph.add(layer, at) for layer in (attention.query, attention.key, attention.value)]


@dataclass
class TransformerBlock:
    """One block of a transformer.

    Attributes
    ----------
    attention
        The attention, with its four dense layers.
    dense
        The layers after it, for each token.
    norms
        The two layers that normalise.
    norm_first
        Whether they are first in their branches, or else above the sums.
    """

    attention: Attention
    dense: list[Layer]
    norms: tuple[LayerNorm, LayerNorm]
    norm_first: bool

    def wire(
        self,
        graph: Wiring,
        at: Layer | None,
        receive: Receive = plainly,
        present: Layer | None = None,
    ) -> Layer:
        """Add the block to a graph, above the tokens X_l, and return the node of X_{l+1}.

        Parameters
        ----------
        graph, at
            The graph, and the node of X_l.
        receive
            A function that adds queries, keys and values.
        present
            The node of the mask of present tokens, for padded text.
        """
        first, second = self.norms
        below = graph.add(first, at) if self.norm_first else at
        beside = [] if present is None else [present]
        received = graph.add(self.attention.attend, *receive(graph, self.attention, below), *beside)
        middle = graph.add(Sum(), graph.add(self.attention.output, received), at)
        if not self.norm_first:
            middle = graph.add(first, middle)
        branch: Layer = graph.add(second, middle) if self.norm_first else middle
        for layer in self.dense:
            branch = graph.add(layer, branch)
        top = graph.add(Sum(), branch, middle)
        return top if self.norm_first else graph.add(second, top)


@dataclass
class Parts:
    """New copies of the parts of a backbone, which belong to no network yet.

    Attributes
    ----------
    embedding
        The layers that make tokens from samples.
    blocks
        The blocks.
    norm
        The normalisation of the last tokens, if there is one.
    pool
        The layer that makes one row from them: `FirstToken`, `MeanToken`, or nothing.
    """

    embedding: list[Part]
    blocks: list[TransformerBlock]
    norm: LayerNorm | None
    pool: Layer | None


class Backbone:
    """A copy of a trained network, whose layers are frozen, with its parts.

    Parameters
    ----------
    net
        A transformer of `nofb.networks`, or one with the same structure.

    Attributes
    ----------
    net
        The copy.
    tokens, units
        The number of tokens in each block, and the number of units of each token.
    rows
        The input of the head: `FIRST`, `MEAN` or `EACH`.
    inputs
        The nodes of the tokens X_l, the input of each block, and the node of the last block's
        output.
    final
        The node of the last tokens, after the normalisation if there is one.
    top
        The node of the head's input.
    present
        The node of the mask of present tokens, for padded text, or `None`.

    Raises
    ------
    TypeError, ValueError
        If it is not a network, or has another structure.

    Examples
    --------
    >>> from nofb import datasets, networks
    >>> net = networks.make("vision_transformer", datasets.load("digits"), patch=4, blocks=2)
    >>> backbone = Backbone(net)
    >>> backbone.tokens, backbone.units, len(backbone.blocks), backbone.rows
    (5, 64, 2, 'the first token')
    """

    def __init__(self, net: Network) -> None:
        if not isinstance(net, Network):
            raise TypeError(
                "backbone must be a nofb.Network, but is a "
                + checks.kind(net, "nofb.transfer.pretrained.backbone")
            )
        if net.input_shape is None:
            raise ValueError(
                "backbone does not know the shape of a sample yet: give Network(..., input_shape=…)"
            )
        self.net = _frozen_copy(net)
        self._places = _Places(self.net)
        places, tops = self._places, self.net.tops
        self.blocks = places.blocks
        self.inputs = [tops[start - 1] for start in places.starts] + [tops[places.end - 1]]
        self.final: Layer = self.inputs[-1] if places.norm is None else places.norm
        self.top: Layer = self.final if places.pool is None else places.pool
        self.rows = EACH
        if places.pool is not None:
            self.rows = FIRST if isinstance(places.pool, FirstToken) else MEAN
        self.tokens, self.units = self.inputs[0].shape_out
        self.present: Layer | None = getattr(self.blocks[0].attention, "present", None)

    @property
    def selected(self) -> Layer:
        """The node of z: the last tokens, not normalised if each has outputs, as in TOAST."""
        return self.inputs[-1] if self.rows == EACH else self.final

    def copies(self) -> Parts:
        """Return new copies of the parts, frozen as they are here."""
        layers = copy.deepcopy(self.net.layers)
        return _Places(self.net, layers).parts()

    def send(self, x: Array, *given: Layer) -> Array:
        """Return the outputs of some layers for samples, concatenated along the last axis.

        Parameters
        ----------
        x
            Samples as `net.as_input` returns them.
        given
            Layers of `net` with the same number of rows for a sample.
        """
        last = max(given, key=self.net.nodes.index)  # no layer after it is computed
        units = [layer.shape_out[-1] for layer in given]
        ends = np.cumsum(units)
        kept = np.empty((len(x), *given[0].shape_out[:-1], sum(units)), self.net.dtype)
        for trace, rows in self.net._pieces(x, last):
            for layer, end, width in zip(given, ends, units, strict=True):
                kept[rows][..., end - width : end] = trace[layer].h
        return kept

    def attention(self, x: Array) -> Array:
        """Return the attention weights (blocks, N, T, T), a mean over heads; x as for `send`."""
        return mean_attention(self.net, self.net._pieces(x), len(x))

    @property
    def digest(self) -> str:
        """The identity of this backbone: half of a SHA-256 of its layers and weights."""
        total = hashlib.sha256()
        for node in self.net.nodes[:-1]:  # its own head is not used
            total.update(repr(node).encode())
            for name, array in (node.parameters() | node.state()).items():
                total.update(f"{name} {array.dtype} {array.shape}".encode())
                total.update(np.ascontiguousarray(array).reshape(-1).data)
        return total.hexdigest()[:32]

    @property
    def size(self) -> int:
        """The number of parameters without its own head."""
        return sum(
            array.size for node in self.net.nodes[:-1] for array in node.parameters().values()
        )


def attends(net: Network) -> list[Attend]:
    """Return the attention layers of a network, from the first block to the last."""
    return [node for node in net.nodes if isinstance(node, Attend)]


def mean_attention(net: Network, passes: Iterator[tuple[Trace, slice]], samples: int) -> Array:
    """Return attention weights (blocks, N, T, T), each a mean over heads."""
    layers = attends(net)
    tokens = layers[0].shape_in[0]
    found = np.empty((len(layers), samples, tokens, tokens), net.dtype)
    for trace, rows in passes:
        for weights, layer in zip(found, layers, strict=True):
            weights[rows] = layer.weights(trace[layer]).mean(axis=1)
    return found


class _Places:
    """The positions of the parts of a backbone in the list of its layers."""

    def __init__(self, net: Network, layers: Sequence[Part] | None = None) -> None:
        self.layers = list(net.layers if layers is None else layers)
        self.starts: list[int] = []
        self.blocks: list[TransformerBlock] = []
        at = next((i for i, part in enumerate(self.layers) if _attention(part)), 0)
        if at == 0:
            raise _unlike("it has no block of attention above layers that make tokens")
        self.first = at
        self.norm: Any = None
        self.pool: Any = None
        while at < len(self.layers) and _attention(self.layers[at]):
            self.starts.append(at)
            at = self._read_block(at)
        self.end = at
        tail = self.layers[at:-1]
        if tail and isinstance(tail[0], LayerNorm):
            self.norm = tail.pop(0)
        if tail and isinstance(tail[0], FirstToken | MeanToken):
            self.pool = tail.pop(0)
        if tail or not isinstance(self.layers[-1], Dense):
            raise _unlike(f"above its blocks it has {self.layers[at:]}")

    def _read_block(self, at: int) -> int:
        """Read the block at a position, and return the position of the next one."""
        branch = self.layers[at].layers  # type: ignore[union-attr]
        norm_first = isinstance(branch[0], LayerNorm)
        length = 2 if norm_first else 4
        parts = self.layers[at : at + length]
        dense = parts[1 if norm_first else 2] if len(parts) == length else None
        if not isinstance(dense, Residual) or dense.shortcut or dense.activation:
            raise _unlike(f"its block {self.layers[at]!r} is followed by {self.layers[at + 1 :]}")
        norms = (branch[0], dense.layers[0]) if norm_first else (parts[1], parts[3])
        inside = dense.layers[1:] if norm_first else dense.layers
        if not all(isinstance(norm, LayerNorm) for norm in norms):
            raise _unlike(f"{norms} do not both normalise")
        if not inside or not all(isinstance(layer, Dense | Activation) for layer in inside):
            raise _unlike(f"{dense!r} holds more than dense layers")
        block = TransformerBlock(branch[-1], inside, norms, norm_first)  # type: ignore[arg-type]
        self.blocks.append(block)
        return at + length

    def parts(self) -> Parts:
        return Parts(self.layers[: self.first], self.blocks, self.norm, self.pool)


def _attention(part: Part) -> bool:
    """Return whether a part is a residual branch of attention, normalised first or not."""
    if not isinstance(part, Residual) or part.shortcut or part.activation:
        return False
    kinds = [type(layer) for layer in part.layers]
    return kinds in ([LayerNorm, Attention], [Attention])


def _unlike(reason: str) -> ValueError:
    return ValueError(
        f"backbone is not built like a transformer of nofb.networks: {reason}. It takes layers "
        "that make tokens, blocks of Residual([LayerNorm, Attention]) and Residual([LayerNorm, "
        "Dense, Dense]), or with the norms above the residuals, a LayerNorm, FirstToken "
        "or MeanToken if there is one row for each sample, and a Dense"
    )


def _frozen_copy(net: Network) -> Network:
    """Return a copy of a network, frozen and without any rule."""
    own = copy.deepcopy(net)
    own.rule = None
    for node in own.nodes:
        node.frozen = True
        if isinstance(node, WeightedLayer):
            node.B = node.D = node.inverse = node.rule_state = None
    return own
