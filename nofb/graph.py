"""The graph of a network: its layers in the order of computation, and their connections.

The user gives a list. A block in that list, such as `Residual`, adds several layers to the graph.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import NamedTuple

import numpy as np

from nofb.layers.base import Layer, WeightedLayer, WeightlessLayer
from nofb.layers.block import Part
from nofb.losses import Loss
from nofb.types import FloatType, Shape

UNKNOWN_SIZE = (
    "images yet: give Network(..., input_shape=(channels, height, width)), or (tokens,) for text"
)


class BlockOf(NamedTuple):
    """A part of a network's list with weights, and the weightless layers that follow it.

    Attributes
    ----------
    nodes
        Its layers, in the order of computation.
    weighted
        Those with weights.
    """

    nodes: list[Layer]
    weighted: list[WeightedLayer]

    @property
    def top(self) -> Layer:
        """The layer whose values are the output of the block."""
        return self.nodes[-1]


class Graph:
    """Layers, each with the layers from which it receives.

    Parameters
    ----------
    layers
        Layers and blocks, first to last.
    head
        The loss with its output unit.
    dtype
        The floating-point type.

    Attributes
    ----------
    layers
        The layers and blocks that were given.
    nodes
        All layers, those in blocks too, in the order of computation.
    weighted
        Those with weights, in the same order.
    sources, receivers
        For each layer, the layers from which it receives (`None` is the network's input), and the
        layers to which it sends.
    weightless
        The layers without weights.
    by_sample
        Whether each sample can be computed without the others of its batch.
    rows_per_sample
        The number of output rows of a sample: one, or one for each token.
    work
        The number of multiply-adds in the forward pass of one sample, once the shapes are known.
    signal_bytes
        The bytes of the largest signal of one sample, once the shapes are known.
    sample_bytes
        The approximate bytes of a trace for one sample, once the shapes are known.

    Examples
    --------
    >>> from nofb import Dense, Residual, losses
    >>> branch = Dense(3, 3)
    >>> graph = Graph([Residual([branch]), Dense(3, 2)], losses.get("cross_entropy"), np.float32)
    >>> graph.nodes
    [Dense(3, 3, activation='identity'), Sum(), Dense(3, 2, activation='identity')]
    >>> graph.sources[graph.nodes[1]] == (branch, None)
    True
    """

    def __init__(self, layers: Sequence[Part], head: Loss, dtype: FloatType) -> None:
        self.layers, self.head, self.dtype = list(layers), head, dtype
        self.nodes: list[Layer] = []
        self.sources: dict[Layer, tuple[Layer | None, ...]] = {}
        self.receivers: dict[Layer, list[Layer]] = {}
        self._teachable: dict[Layer, bool] = {}
        self._frozen: list[bool] = []  # of all nodes, when `sends` was last computed
        self._founded: dict[Layer, bool] = {}  # whether a layer with weights is below
        self._parts: list[list[Layer]] = []  # the layers of each part of the list
        self.tops: list[Layer] = []  # for each part, the layer from which the next part receives
        at: Layer | None = None
        for part in self.layers:
            start = len(self.nodes)
            at = part.wire(self, at)
            self._parts.append(self.nodes[start:])
            self.tops.append(at)
        self.weighted = [layer for layer in self.nodes if isinstance(layer, WeightedLayer)]
        self.find_teachable()
        self.weightless = [layer for layer in self.nodes if isinstance(layer, WeightlessLayer)]
        self.by_sample = all(layer.by_sample for layer in self.nodes)
        self.rows_per_sample = 1
        self.input_shape: Shape | None = None
        self.shape_in: Shape = ()  # of one sample, as the layers take it
        self.work = self.signal_bytes = self.sample_bytes = 0

    def add(self, layer: Layer, *sources: Layer | None) -> Layer:
        """Connect a layer to its sources, and return it.

        Raises
        ------
        ValueError
            If it is in the graph already, if one of its sources is not, or if it reads tokens and
            receives something else.
        """
        if layer in self.sources:
            raise ValueError(
                f"layers holds the same layer twice, {layer!r}; every layer owns its own arrays"
            )
        for source in sources:
            if source is not None and source not in self.sources:
                raise ValueError(
                    f"{layer!r} receives from {source!r}, which is not in the network below it: "
                    "put it earlier in the list of layers"
                )
        if layer.takes == "tokens" and any(source is not None for source in sources):
            raise ValueError(
                f"{layer!r} reads tokens, which are whole numbers, and so it must be the first "
                f"layer, but it receives what {sources[0]!r} gives"
            )
        self.nodes.append(layer)
        self.sources[layer], self.receivers[layer] = sources, []
        for source in sources:
            if source is not None:
                self.receivers[source].append(layer)
        self._founded[layer] = any(
            source is not None and (source.weighted or self._founded[source]) for source in sources
        )
        return layer

    def find_teachable(self) -> None:
        """Find the layers for which a signal is useful, if `frozen` of a layer has changed."""
        frozen = [layer.frozen for layer in self.nodes]
        if frozen == self._frozen:
            return
        self._frozen = frozen
        for layer in self.nodes:
            layer.sends = any(map(self.teachable, self.sources[layer]))
            self._teachable[layer] = layer.sends or layer.is_taught

    def teachable(self, layer: Layer | None) -> bool:
        """Return whether a layer, or one below it, could learn from a signal on its output."""
        return layer is not None and self._teachable[layer]

    @property
    def senders(self) -> list[WeightedLayer]:
        """The layers with weights that have a learning layer below: usually all but the first."""
        self.find_teachable()
        return [layer for layer in self.weighted if layer.sends]

    # -- which layer is where --------------------------------------------------------------------

    @property
    def last(self) -> WeightedLayer:
        """The layer whose pre-activation enters the output unit."""
        return self.weighted[-1]

    @property
    def takes_tokens(self) -> bool:
        """Whether samples are whole numbers, one for each token."""
        return self.nodes[0].takes == "tokens"

    @property
    def n_outputs(self) -> int:
        """The number of outputs, for each token if every token has outputs."""
        return self.last.n_out

    def below(self, layer: WeightedLayer) -> WeightedLayer:
        """Return the next layer with weights towards the input, if the network has no branch there.

        Raises
        ------
        ValueError
            If there is none, or several.
        """
        source = self.sources[layer][0]
        while source is not None and len(self.sources[source]) == 1:
            if isinstance(source, WeightedLayer):
                return source
            source = self.sources[source][0]
        if source is None:
            raise ValueError(f"no layer with weights stands below {layer!r}")
        raise ValueError(
            f"several layers with weights stand below {layer!r}: they meet in "
            f"{source!r}, and this needs a network that does not branch"
        )

    def has_weights_below(self, layer: WeightedLayer) -> bool:
        """Return whether there is a layer with weights anywhere below."""
        return self._founded[layer]

    def weightless_above(self, layer: WeightedLayer) -> list[WeightlessLayer]:
        """Return the weightless layers, such as pooling, that receive from this layer alone."""
        found: list[WeightlessLayer] = []
        receivers = self.receivers[layer]
        while len(receivers) == 1 and len(self.sources[receivers[0]]) == 1:
            if not isinstance(receivers[0], WeightlessLayer):
                break
            found.append(receivers[0])
            receivers = self.receivers[found[-1]]
        return found

    def shown(self, layer: WeightedLayer) -> Layer:
        """Return the layer whose output others receive, such as the pooling above this one."""
        return [layer, *self.weightless_above(layer)][-1]

    def units_shown(self, layer: WeightedLayer) -> int:
        """Return how many numbers other layers receive from `layer`, after pooling, per output row.

        They are all numbers of one sample, or of one token if every token has its own outputs.

        Raises
        ------
        ValueError
            If the shapes are not known yet, or if the layer does not have as many tokens as there
            are output rows.
        """
        return self.units_of(self.shown(layer))

    @property
    def inputs(self) -> int:
        """How many numbers one sample has, for a rule that changes the samples.

        Raises
        ------
        ValueError
            If that is not known yet, if samples are tokens (which are not real numbers), or if
            every token has its own outputs.
        """
        if not self.shape_in:
            raise ValueError(f"the network does not know the size of its {UNKNOWN_SIZE}")
        if self.takes_tokens or self.rows_per_sample > 1:
            raise ValueError(
                "this rule changes each sample by its label or error, so that it needs samples of "
                "features or pixels, and one output row for each; but this network has tokens, or "
                "outputs for each token"
            )
        return prod(self.shape_in)

    def units_of(self, layer: Layer) -> int:
        """Return how many numbers a layer outputs for each output row, see `units_shown`."""
        shape, rows = layer.shape_out, self.rows_per_sample
        unknown = self.input_shape is None and any(each.makes_tokens for each in self.nodes)
        if not shape or unknown:
            raise ValueError(f"the network does not know the size of its {UNKNOWN_SIZE}")
        if rows > 1 and prod(shape[:-1]) != rows:
            raise ValueError(
                f"the network has {rows} output rows for a sample, but {layer!r} gives "
                f"{shape}, so that no row belongs to one of them"
            )
        return prod(shape) // rows

    def parts(self) -> list[list[Layer]]:
        """Return the layers of each part of the list, in the order of computation."""
        return self._parts

    def blocks(self) -> list[BlockOf]:
        """Return each part of the list with weights, and the weightless parts that follow it."""
        found: list[BlockOf] = []
        for nodes, top in zip(self._parts, self.tops, strict=True):
            if top not in nodes:
                continue  # the part is beside the others, like `Present`
            weighted = [layer for layer in nodes if isinstance(layer, WeightedLayer)]
            if weighted:
                found.append(BlockOf([*nodes], weighted))
            elif found:
                found[-1].nodes.extend(nodes)
        return found

    def teaches(self, layer: WeightedLayer, among: Sequence[Layer]) -> bool:
        """Return whether the signal that a layer sends back reaches one of `among` that learns."""
        (source,) = self.sources[layer]
        ahead = [source]
        while ahead:
            source = ahead.pop()
            if source is not None and source in among:
                if source.is_taught:
                    return True
                ahead += self.sources[source]
        return False

    # -- shapes ----------------------------------------------------------------------------------

    def infer_shapes(self, input_shape: Shape) -> None:
        """Compute the shape of every layer from that of one sample, or raise if they do not fit."""
        first = input_shape
        if len(input_shape) == 3:
            channels, height, width = input_shape
            first = (height, width, channels)
        before = [vars(layer).copy() for layer in self.nodes]
        try:
            for layer in self.nodes:
                sources = self.sources[layer]
                layer.infer_shapes(*(first if at is None else at.shape_out for at in sources))
            self._check_outputs()
        except (TypeError, ValueError):  # no layer must keep the shapes of other images
            for layer, attributes in zip(self.nodes, before, strict=True):
                vars(layer).clear()
                vars(layer).update(attributes)
            raise
        self.input_shape, self.shape_in = input_shape, first
        self.rows_per_sample = prod(self.last.shape_out[:-1])
        self.work = sum(layer.work for layer in self.weighted)
        largest = max(layer.signal_size for layer in self.weighted)
        self.signal_bytes = largest * np.dtype(self.dtype).itemsize
        kept = sum((1 + layer.weighted) * prod(layer.shape_out) for layer in self.nodes)  # h, a
        self.sample_bytes = kept * np.dtype(self.dtype).itemsize

    def _check_outputs(self) -> None:
        if len(self.last.shape_out) > 2:
            raise ValueError(
                f"the last layer gives maps of shape {self.last.shape_out}, but outputs are rows: "
                "put Flatten() or AvgPool2D() and a Dense at the end"
            )

    def natural_shape(self) -> Shape | None:
        """Return the shape of one sample, if the first layers determine it."""
        for layer in self.nodes:
            if not layer.keeps_shape:
                return layer.shape_in or None
        return None
