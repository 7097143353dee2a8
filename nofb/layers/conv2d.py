"""A convolution: a dense layer that is applied to every patch of the maps below.

The patches are gathered once, as the rows of one matrix P, and the equations are then those of a
dense layer: a = P W + b, signal = δ B (added back to where the patches came from), dW = Pᵀ δ / N.
"""

from math import prod

import numpy as np

from nofb import checks
from nofb.initialisers import Initialiser
from nofb.kernels import patches
from nofb.layers.base import Record, WeightedLayer
from nofb.types import Array, Shape


def pair(name: str, given: int | tuple[int, int], least: int = 1) -> tuple[int, int]:
    """Return (rows, columns), from a pair or from one number that stands for both."""
    both = given if isinstance(given, tuple) else (given, given)
    if len(both) != 2:
        raise ValueError(f"{name} must be a number or a pair (rows, columns), but is {given}")
    return checks.whole(name, both[0], least), checks.whole(name, both[1], least)


def count_windows(extent: int, size: int, stride: int, padding: int = 0) -> int:
    """Return how many windows of `size` fit into `extent` pixels, `stride` apart."""
    return (extent + 2 * padding - size) // stride + 1


class Conv2D(WeightedLayer):
    """h = f(P W + b), where P holds every patch of the maps below as a row.

    The maps inside a network are (N, height, width, channels); `Network.forward` takes images as
    (N, channels, height, width). W is (rows · columns · channels_in, channels_out); `filters`
    shows it as images. Its feedback matrix B has the shape of Wᵀ: feedback filters.

    Parameters
    ----------
    channels_in, channels_out
        Maps below and maps of this layer.
    kernel_size
        The patch, in pixels: a number or (rows, columns).
    stride, padding
        Pixels between patches, and rows and columns of zeros around the maps; numbers or pairs.
    activation, init, bias
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
    ) -> None:
        self.channels_in = checks.whole("channels_in", channels_in)
        self.kernel_size = pair("kernel_size", kernel_size)
        self.stride = pair("stride", stride)
        self.padding = pair("padding", padding, least=0)
        n_in = self.kernel_size[0] * self.kernel_size[1] * channels_in
        super().__init__(n_in, checks.whole("channels_out", channels_out), activation, init, bias)

    def infer_shapes(self, shape_in: Shape) -> None:
        """Work out the size of the maps, or refuse maps that do not fit."""
        if len(shape_in) != 3 or shape_in[2] != self.channels_in:
            raise ValueError(
                f"{self!r} takes maps (height, width, {self.channels_in}), but receives {shape_in}"
            )
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
        P = self._gather(record, record.h_below, self._patches(record))  # (N H' W', n_in)
        self.affine_rows(P, record.a.reshape(-1, self.n_out))

    def received(self, record: Record) -> Array:
        return self._patches(record).reshape(-1, self.n_in)  # (N H' W', n_in)

    def _patches(self, record: Record) -> Array:
        """Return the patches of the forward pass."""
        return record.array("patches", self._patch_shape)

    def scatter(self, record: Record, rows: Array) -> Array:
        on_patches = record.as_rows(self, rows).reshape(record.samples, *self._patch_shape)
        signal = np.empty((record.samples, *self.shape_in), rows.dtype)
        bordered, inside = self._bordered(record, signal, "bordered_signal")
        patches.scatter(on_patches, *self._steps, bordered)
        if inside is not signal:
            signal[:] = inside
        return signal  # (N, H, W, channels_in)

    def gather(self, record: Record, h_below: Array) -> Array:
        maps = record.signal(self, h_below, self.shape_in)
        P = np.empty((record.samples, *self._patch_shape), maps.dtype)
        return self._gather(record, maps, P)

    def _gather(self, record: Record, maps: Array, P: Array) -> Array:
        """Copy every patch of the maps into P, and return it as rows (N H' W', n_in)."""
        bordered, inside = self._bordered(record, maps, "bordered")
        if inside is not maps:
            inside[:] = maps
        patches.gather(bordered, *self._steps, P)
        return P.reshape(-1, self.n_in)

    @property
    def _patch_shape(self) -> Shape:
        """The patches of one sample: (H', W', rows, columns · channels_in)."""
        height, width, _ = self.shape_out
        rows, columns = self.kernel_size
        return height, width, rows, columns * self.channels_in

    def _bordered(self, record: Record, maps: Array, name: str) -> tuple[Array, Array]:
        """Return a buffer for the maps and their border, as rows of pixels, and the maps in it."""
        (height, width, channels), (top, left) = self.shape_in, self.padding
        buffer = maps
        if top or left:
            buffer = record.array(name, (height + 2 * top, width + 2 * left, channels))
            maps = buffer[:, top : top + height, left : left + width]
        return buffer.reshape(*buffer.shape[:2], -1), maps

    @property
    def _steps(self) -> tuple[int, int]:
        """From a patch to the next: rows down, and numbers along a row."""
        return self.stride[0], self.stride[1] * self.channels_in

    def __repr__(self) -> str:
        return (
            f"Conv2D({self.channels_in}, {self.n_out}, {self.kernel_size}, stride={self.stride}, "
            f"padding={self.padding}, activation={self.activation.name!r})"
        )
