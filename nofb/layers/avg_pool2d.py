"""Average pooling: the mean of each window of a map, or of the whole map."""

import numpy as np

from nofb.kernels import pooling
from nofb.layers.base import Record, WeightlessLayer
from nofb.layers.conv2d import count_windows, pair
from nofb.layers.maps import check_maps
from nofb.types import Array, Shape


class AvgPool2D(WeightlessLayer):
    """Keep the mean of each window of `size` pixels; a signal goes back to all its pixels equally.

    Parameters
    ----------
    size
        The window in pixels: a number or (rows, columns). `None` takes the mean of each whole map,
        which leaves one number per channel.
    stride
        Pixels between windows; `None` puts them side by side. Pixels at the right and the bottom
        that do not fill a window are left out.

    Raises
    ------
    TypeError, ValueError
        If a size is not a positive whole number, a window does not fit the maps, or there is a
        stride without a size.

    Examples
    --------
    >>> pool, whole = AvgPool2D(2), AvgPool2D()
    >>> for layer in (pool, whole):
    ...     layer.infer_shapes((5, 4, 3))
    >>> pool.shape_out, whole.shape_out
    ((2, 2, 3), (3,))
    """

    SIZES = (*WeightlessLayer.SIZES, "size", "stride")

    def __init__(
        self,
        size: int | tuple[int, int] | None = None,
        stride: int | tuple[int, int] | None = None,
    ) -> None:
        if size is None and stride is not None:
            raise ValueError(
                f"stride is {stride}, but without a size the window is the whole map: give a size, "
                "or leave stride out"
            )
        self.size = None if size is None else pair("size", size)
        self.stride = self.size if stride is None else pair("stride", stride)

    def infer_shapes(self, shape_in: Shape) -> None:
        """Compute the size of the pooled maps, or refuse maps that are too small."""
        check_maps(self, shape_in)
        if self.size is None or self.stride is None:
            self.set_shapes(shape_in, shape_in[2:])
            return
        rows, columns = map(count_windows, shape_in[:2], self.size, self.stride)
        if rows < 1 or columns < 1:
            raise ValueError(f"{self!r} does not fit maps of {shape_in[0]} x {shape_in[1]} pixels")
        self.set_shapes(shape_in, (rows, columns, shape_in[2]))

    def forward(self, record: Record) -> None:
        self._pool(record.h_below, record.h)

    def back(self, record: Record, signal: Array) -> Array:
        signal = record.signal(self, signal, self.shape_out)
        below = np.empty((len(signal), *self.shape_in), signal.dtype)
        pooling.to_windows(self._maps(signal), *self._windows, below)
        return below

    transport = back

    def relay(self, record: Record, signal: Array) -> Array:
        signal = record.signal(self, signal, self.shape_in)
        relayed = np.empty((len(signal), *self.shape_out), signal.dtype)
        self._pool(signal, relayed)
        return relayed

    def _pool(self, maps: Array, pooled: Array) -> None:
        pooling.avg_pool(maps, *self._windows, self._maps(pooled))

    @property
    def _windows(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Size and stride; the whole map is one window."""
        height, width, _ = self.shape_in
        return self.size or (height, width), self.stride or (1, 1)

    def _maps(self, pooled: Array) -> Array:
        """Return the pooled values as maps (N, H', W', channels)."""
        return pooled if pooled.ndim == 4 else pooled[:, None, None]

    def __repr__(self) -> str:
        if self.size is None:
            return "AvgPool2D()"
        return f"AvgPool2D({self.size}, stride={self.stride})"
