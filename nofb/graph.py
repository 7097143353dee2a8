"""The graph below a network: its layers in the order of computation, and who sends to whom.

To the user a network is a list. A block in that list, such as `Residual`, adds several layers here.
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
    """A part of a network's list with weights, and the layers without any that follow it.

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
        """The layer whose values the block gives."""
        return self.nodes[-1]


class Graph:
    """Layers, each with the layers that it receives from.

    Parameters
    ----------
    layers
        Layers and blocks, from the input side up.
    head
        The loss with its output unit.
    dtype
        The floating-point type.

    Attributes
    ----------
    layers
        What was given.
    nodes
        All layers that compute something, in the order of computation.
    weighted
        Those with weights, in the same order.
    sources, receivers
        For each of them, the layers that it receives from, `None` for the network's input, and the
        layers that it sends to.
    weightless
        The others.
    by_sample
        Whether a sample can pass without the others of its batch.
    rows_per_sample
        How many output rows a sample has: one, or one for each token.
    work
        How many multiply-adds the forward pass of one sample takes, once the shapes are known.
    signal_bytes
        How much memory the largest signal of one sample takes, once the shapes are known.
    sample_bytes
        How much memory a trace keeps for one sample, about, once the shapes are known.

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
        self._frozen: list[bool] = []  # of all nodes, when it was worked out what can be taught
        self._founded: dict[Layer, bool] = {}  # whether weights stand below
        self._parts: list[list[Layer]] = []  # the layers of each part of the list
        self.tops: list[Layer] = []  # of each, what the next part receives from
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
        """Let a layer receive what its sources give, and return it.

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
        """Work out which layers a signal is of use to, if one was frozen or set free since."""
        frozen = [layer.frozen for layer in self.nodes]
        if frozen == self._frozen:
            return
        self._frozen = frozen
        for layer in self.nodes:
            layer.sends = any(map(self.teachable, self.sources[layer]))
            self._teachable[layer] = layer.sends or layer.is_taught

    def teachable(self, layer: Layer | None) -> bool:
        """Say whether a layer, or one below it, could learn from a signal on what it gives."""
        return layer is not None and self._teachable[layer]

    @property
    def senders(self) -> list[WeightedLayer]:
        """The layers with weights that have something below to teach: mostly all but the first."""
        self.find_teachable()
        return [layer for layer in self.weighted if layer.sends]

    # -- what stands where -----------------------------------------------------------------------

    @property
    def last(self) -> WeightedLayer:
        """The layer whose pre-activation goes into the output unit."""
        return self.weighted[-1]

    @property
    def takes_tokens(self) -> bool:
        """Whether samples are whole numbers, one for each token."""
        return self.nodes[0].takes == "tokens"

    @property
    def n_outputs(self) -> int:
        """The number of outputs, for each token if every token has some."""
        return self.last.n_out

    def below(self, layer: WeightedLayer) -> WeightedLayer:
        """Return the next layer with weights towards the input, where nothing branches.

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
        """Say whether a layer with weights stands anywhere below."""
        return self._founded[layer]

    def weightless_above(self, layer: WeightedLayer) -> list[WeightlessLayer]:
        """Return what only this layer sends to, such as its pooling, up to the next weights."""
        found: list[WeightlessLayer] = []
        receivers = self.receivers[layer]
        while len(receivers) == 1 and len(self.sources[receivers[0]]) == 1:
            if not isinstance(receivers[0], WeightlessLayer):
                break
            found.append(receivers[0])
            receivers = self.receivers[found[-1]]
        return found

    def shown(self, layer: WeightedLayer) -> Layer:
        """Return what gives the values that a layer shows to others, such as its pooling."""
        return [layer, *self.weightless_above(layer)][-1]

    def units_shown(self, layer: WeightedLayer) -> int:
        """Return how many numbers `layer` shows to others, after pooling, for each output row.

        That is all that it shows of a sample; or of one token, where each token has its outputs.

        Raises
        ------
        ValueError
            If the shapes are not known yet, or the layer has not as many tokens as there are
            output rows.
        """
        return self.units_of(self.shown(layer))

    @property
    def inputs(self) -> int:
        """How many numbers one sample has, for a rule that writes on samples.

        Raises
        ------
        ValueError
            If that is not known yet, if samples are tokens, which are no numbers, or if every
            token has outputs of its own.
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
        """Return how many numbers a layer gives for each output row, see `units_shown`."""
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
        """Return each part of the list with weights, with the parts without any that follow it."""
        found: list[BlockOf] = []
        for nodes, top in zip(self._parts, self.tops, strict=True):
            if top not in nodes:
                continue  # the part stands beside the others, as `Present` does
            weighted = [layer for layer in nodes if isinstance(layer, WeightedLayer)]
            if weighted:
                found.append(BlockOf([*nodes], weighted))
            elif found:
                found[-1].nodes.extend(nodes)
        return found

    def teaches(self, layer: WeightedLayer, among: Sequence[Layer]) -> bool:
        """Say whether what a layer sends back reaches one of some layers that learns."""
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
        """Work out the shape of every layer from the shape of one sample, or say what clashes."""
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
        except (TypeError, ValueError):  # half of the layers must not keep shapes of other images
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
        """Return the shape of one sample, if the first layers tell it."""
        for layer in self.nodes:
            if not layer.keeps_shape:
                return layer.shape_in or None
        return None
