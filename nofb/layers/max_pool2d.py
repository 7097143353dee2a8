"""Max-pooling: the largest value of each window of a map."""

import numpy as np

from nofb.kernels import pooling
from nofb.layers.base import Record, WeightlessLayer
from nofb.layers.conv2d import count_windows, pair
from nofb.layers.maps import check_maps
from nofb.types import Array, Shape


class MaxPool2D(WeightlessLayer):
    """Keep the largest value of each window of `size` pixels; its pixel alone gets the signal.

    Parameters
    ----------
    size
        The window in pixels: a number or (rows, columns).
    stride
        Pixels between windows; `None` puts them side by side. Pixels at the right and the bottom
        that do not fill a window are left out.

    Raises
    ------
    TypeError, ValueError
        If a size is not a positive whole number, or a window does not fit the maps.

    Examples
    --------
    >>> pool = MaxPool2D(2)
    >>> pool.infer_shapes((5, 4, 3))
    >>> pool.shape_out
    (2, 2, 3)
    """

    SIZES = (*WeightlessLayer.SIZES, "size", "stride")

    def __init__(
        self, size: int | tuple[int, int], stride: int | tuple[int, int] | None = None
    ) -> None:
        self.size = pair("size", size)
        self.stride = self.size if stride is None else pair("stride", stride)

    def infer_shapes(self, shape_in: Shape) -> None:
        """Compute the size of the pooled maps, or refuse maps that are too small."""
        check_maps(self, shape_in)
        rows, columns = map(count_windows, shape_in[:2], self.size, self.stride)
        if rows < 1 or columns < 1:
            raise ValueError(f"{self!r} does not fit maps of {shape_in[0]} x {shape_in[1]} pixels")
        self.set_shapes(shape_in, (rows, columns, shape_in[2]))

    def _winners(self, record: Record) -> Array:
        return record.array("winners", self.shape_out, np.int32)

    def forward(self, record: Record) -> None:
        winners = self._winners(record)
        if self.size == self.stride == (2, 2):
            pooling.max_pool_of_four(record.h_below, record.h, winners)
        else:
            pooling.max_pool(record.h_below, self.size, self.stride, record.h, winners)

    def back(self, record: Record, signal: Array) -> Array:
        signal = record.signal(self, signal, self.shape_out)
        below = np.empty((len(signal), *self.shape_in), signal.dtype)
        pooling.to_winners(signal, self._winners(record), below)
        return below

    def relay(self, record: Record, signal: Array) -> Array:
        signal = record.signal(self, signal, self.shape_in)
        relayed = np.empty((len(signal), *self.shape_out), signal.dtype)
        pooling.from_winners(signal, self._winners(record), relayed)
        return relayed

    def __repr__(self) -> str:
        return f"MaxPool2D({self.size}, stride={self.stride})"
