"""A convolution: a dense layer, applied to every patch of the maps below.

The patches are the rows of a matrix P. The equations are those of a dense layer: a = P W + b,
signal = δ B (added back to the pixels of the patches), dW = Pᵀ δ / N. P is many times larger than
the maps, and building it again costs less than reading it from memory. So P is never stored: the
patches of a few samples are gathered and used while they are in the cache.
"""

from collections.abc import Iterator
from math import prod

import numpy as np
import numpy.typing as npt

from nofb import arguments, checks
from nofb.initialisers import Initialiser
from nofb.kernels import patches
from nofb.layers.base import Record, WeightedLayer
from nofb.layers.maps import check_maps
from nofb.types import Array, Shape

BLOCK = 2**17  # numbers in the patches of one block


def pair(name: str, given: int | tuple[int, int], least: int = 1) -> tuple[int, int]:
    """Return (rows, columns), from a pair or from one number for both."""
    both = given if isinstance(given, tuple) else (given, given)
    if len(both) != 2:
        raise ValueError(f"{name} must be a number or a pair (rows, columns), but is {given}")
    return checks.whole(name, both[0], least), checks.whole(name, both[1], least)


def count_windows(extent: int, size: int, stride: int, padding: int = 0) -> int:
    """Return how many windows of `size` fit into `extent` pixels, `stride` apart."""
    return (extent + 2 * padding - size) // stride + 1


@arguments.explained(
    kernel_size="Conv2D(channels_in, channels_out, kernel_size), such as Conv2D(1, 8, 5)"
)
class Conv2D(WeightedLayer):
    """h = f(P W + b), where each row of P is one patch of the maps below.

    The maps inside a network are (N, height, width, channels); `Network.forward` takes images as
    (N, channels, height, width). W is (rows · columns · channels_in, channels_out); `filters`
    shows it as images. The feedback matrix B has the shape of Wᵀ: it holds feedback filters.

    Parameters
    ----------
    channels_in, channels_out
        The number of maps below, and of maps of this layer.
    kernel_size
        The size of a patch in pixels: a number or (rows, columns).
    stride, padding
        Pixels between patches, and the width of the border of zeros; numbers or pairs.
    activation, init, bias, bias_init
        As for `Dense`.

    Raises
    ------
    TypeError, ValueError
        If a size is not a whole number, a name is not known, or a patch does not fit the maps.

    Examples
    --------
    >>> from nofb import Dense, Flatten, Network
    >>> layers = [Conv2D(1, 4, 3, padding=1, activation="relu"), Flatten(), Dense(256, 10)]
    >>> net = Network(layers, input_shape=(1, 8, 8))
    >>> net.layers[0].W.shape, net.layers[0].filters.shape
    ((9, 4), (4, 1, 3, 3))
    """

    SIZES = (*WeightedLayer.SIZES, "channels_in", "kernel_size", "stride", "padding")

    channels_in: int

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] = 0,
        activation: str | None = None,
        init: str | Initialiser = "xavier",
        bias: bool = True,
        bias_init: str | Initialiser = "zeros",
    ) -> None:
        self.channels_in = checks.whole("channels_in", channels_in)
        self.kernel_size = pair("kernel_size", kernel_size)
        self.stride = pair("stride", stride)
        self.padding = pair("padding", padding, least=0)
        n_in = self.kernel_size[0] * self.kernel_size[1] * channels_in
        n_out = checks.whole("channels_out", channels_out)
        super().__init__(n_in, n_out, activation, init, bias, bias_init)

    def infer_shapes(self, shape_in: Shape) -> None:
        """Compute the size of the maps, or refuse maps that do not fit."""
        check_maps(self, shape_in, self.channels_in)
        rows, columns = (
            count_windows(*sizes)
            for sizes in zip(shape_in, self.kernel_size, self.stride, self.padding, strict=False)
        )
        if rows < 1 or columns < 1:
            raise ValueError(f"{self!r} does not fit maps of {shape_in[0]} x {shape_in[1]} pixels")
        self.set_shapes(shape_in, (rows, columns, self.n_out))
        self.work = prod(self.shape_out) * self.n_in

    @property
    def filters(self) -> Array:
        """W as images: a view (channels_out, channels_in, rows, columns)."""
        return self.W.reshape(*self.kernel_size, self.channels_in, self.n_out).transpose(3, 2, 0, 1)

    def affine(self, record: Record) -> None:
        for rows, P in self._blocks(record.h_below, BLOCK):
            self.affine_rows(P, record.a[rows].reshape(-1, self.n_out))  # a = P W + b

    def weight_product(
        self, record: Record, delta: Array, dW: Array, units: slice = slice(None)
    ) -> None:
        delta = delta.reshape(record.samples, -1, self.n_out)
        dW, part = dW[units], np.empty_like(dW[units])
        dW[:] = 0
        for rows, P in self._blocks(record.h_below, max(BLOCK, 4 * dW.size)):
            np.matmul(P[:, units].T, delta[rows].reshape(-1, self.n_out), out=part)
            dW += part  # dW = Pᵀ δ

    def received(self, record: Record) -> Array:
        return self.gather(record, record.h_below)

    def gather(self, record: Record, h_below: Array) -> Array:
        maps = record.signal(self, h_below, self.shape_in)
        return next(P for _, P in self._blocks(maps, maps.size * self.n_in))  # (N H' W', n_in)

    def _blocks(self, maps: Array, size: int) -> Iterator[tuple[slice, Array]]:
        """Yield the patches of a few samples at a time, about `size` numbers, in one buffer."""
        N, (stride, step) = len(maps), self._steps
        each = min(N, max(1, size // self.signal_size))
        P = np.empty((each, *self._patch_shape), maps.dtype)
        bordered, inside = self._bordered(each, maps.dtype)
        seen, around = self._as_rows(maps), self._as_rows(bordered)
        for first in range(0, N, each):
            last = min(first + each, N)
            block, rows = P[: last - first], seen[first:last]
            if self._has_border:
                inside[: last - first], rows = maps[first:last], around[: last - first]
            patches.gather(rows, stride, step, block)
            yield slice(first, last), block.reshape(-1, self.n_in)

    def scatter(self, record: Record, rows: Array) -> Array:
        on_patches = record.as_rows(self, rows).reshape(record.samples, *self._patch_shape)
        signal = np.empty((record.samples, *self.shape_in), rows.dtype)
        if not self._has_border:
            patches.scatter(on_patches, *self._steps, self._as_rows(signal))
            return signal  # (N, H, W, channels_in)
        bordered, inside = self._bordered(1, rows.dtype)
        for n in range(record.samples):
            patches.scatter(on_patches[n : n + 1], *self._steps, self._as_rows(bordered))
            signal[n] = inside[0]
        return signal

    @property
    def _patch_shape(self) -> Shape:
        """The shape of the patches of one sample: (H', W', rows, columns · channels_in)."""
        height, width, _ = self.shape_out
        rows, columns = self.kernel_size
        return height, width, rows, columns * self.channels_in

    @property
    def _has_border(self) -> bool:
        return self.padding != (0, 0)

    def _bordered(self, samples: int, dtype: npt.DTypeLike) -> tuple[Array, Array]:
        """Return maps of zeros that include a border, and the view inside the border."""
        (height, width, channels), (top, left) = self.shape_in, self.padding
        maps = np.zeros((samples, height + 2 * top, width + 2 * left, channels), dtype)
        return maps, maps[:, top : top + height, left : left + width]

    def _as_rows(self, maps: Array) -> Array:
        """Return maps (N, H, W, channels) as rows of numbers (N, H, W · channels)."""
        return maps.reshape(*maps.shape[:2], -1)

    @property
    def _steps(self) -> tuple[int, int]:
        """The distance from a patch to the next: rows down, and numbers along a row."""
        return self.stride[0], self.stride[1] * self.channels_in

    def __repr__(self) -> str:
        return (
            f"Conv2D({self.channels_in}, {self.n_out}, {self.kernel_size}, stride={self.stride}, "
            f"padding={self.padding}, activation={self.activation.name!r})"
        )
