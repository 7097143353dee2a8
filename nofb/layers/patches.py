"""Patches: an image becomes a sequence of tokens, one for each square of pixels."""

from __future__ import annotations

from nofb import checks
from nofb.layers.base import Layer, Wiring
from nofb.layers.block import Block
from nofb.layers.cut_patches import CutPatches
from nofb.layers.dense import Dense


class Patches(Block):
    """Cut images into square patches, and map each to `units` numbers by one dense layer.

    The output is (N, patches, units), with the patches in order, row by row.

    Parameters
    ----------
    size
        The side of a patch, in pixels; it must divide both sides of the images.
    units
        The number of units of a token.
    channels
        The number of channels of the images.

    Attributes
    ----------
    cut, dense
        The two layers.

    Raises
    ------
    TypeError, ValueError
        If an argument is not a positive whole number.

    Examples
    --------
    >>> from nofb import Flatten, Network
    >>> net = Network([Patches(4, 6), Flatten(), Dense(24, 10)], input_shape=(1, 8, 8))
    >>> net.weighted[0].shape_out
    (4, 6)
    """

    def __init__(self, size: int, units: int, channels: int = 1) -> None:
        self.cut = CutPatches(size)
        n_in = self.cut.size**2 * checks.whole("channels", channels)
        self.dense = Dense(n_in, checks.whole("units", units))

    def wire(self, graph: Wiring, at: Layer | None) -> Layer:
        return graph.add(self.dense, graph.add(self.cut, at))

    def __repr__(self) -> str:
        return f"Patches({self.cut.size}, {self.dense.n_out})"
