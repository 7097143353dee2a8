"""Images as tokens: each square patch of the maps becomes one token."""

import numpy as np

from nofb import checks
from nofb.layers.base import Record, WeightlessLayer
from nofb.layers.maps import check_maps
from nofb.types import Array, Shape


class CutPatches(WeightlessLayer):
    """Turn maps (N, height, width, channels) into tokens (N, patches, size · size · channels).

    The patches do not overlap and are ordered row by row.

    Parameters
    ----------
    size
        The side of a patch, in pixels.

    Raises
    ------
    TypeError, ValueError
        If the size is not a positive whole number, or does not divide the maps.

    Examples
    --------
    >>> cut = CutPatches(2)
    >>> cut.infer_shapes((4, 6, 3))
    >>> cut.shape_out
    (6, 12)
    """

    makes_tokens = True
    SIZES = (*WeightlessLayer.SIZES, "size")

    def __init__(self, size: int) -> None:
        self.size = checks.whole("size", size)

    def infer_shapes(self, shape_in: Shape) -> None:
        """Compute the number of patches, or refuse maps whose sides `size` does not divide."""
        check_maps(self, shape_in)
        height, width, channels = shape_in
        if height % self.size or width % self.size:
            raise ValueError(
                f"{self!r} cannot cut maps of {height} x {width} pixels into squares of "
                f"{self.size}: take a size that divides both"
            )
        patches = (height // self.size) * (width // self.size)
        self.set_shapes(shape_in, (patches, self.size**2 * channels))

    def forward(self, record: Record) -> None:
        self._patches(record.h)[...] = self._squares(record.h_below)

    def back(self, record: Record, signal: Array) -> Array:
        signal = record.signal(self, signal, self.shape_out)
        below = np.empty((len(signal), *self.shape_in), signal.dtype)
        self._squares(below)[...] = self._patches(signal)
        return below

    transport = back

    def relay(self, record: Record, signal: Array) -> Array:
        signal = record.signal(self, signal, self.shape_in)
        relayed = np.empty((len(signal), *self.shape_out), signal.dtype)
        self._patches(relayed)[...] = self._squares(signal)
        return relayed

    def _squares(self, maps: Array) -> Array:
        """Return a view (N, patches down, patches across, size, size · channels) of maps."""
        height, width, channels = self.shape_in
        down, across, size = height // self.size, width // self.size, self.size
        return maps.reshape(-1, down, size, across, size * channels).swapaxes(2, 3)

    def _patches(self, tokens: Array) -> Array:
        """Return the same view of tokens."""
        height, width, channels = self.shape_in
        down, across, size = height // self.size, width // self.size, self.size
        return tokens.reshape(-1, down, across, size, size * channels)

    def __repr__(self) -> str:
        return f"CutPatches({self.size})"
