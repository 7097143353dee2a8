"""Convolution as a matrix product: gather every patch of the maps once, and scatter signals back.

A map is (N, height, width, channels), a pixel's channels side by side. A patch is what one filter
sees at one position, so a convolution is a dense layer that is applied to every patch.
"""

from nofb.kernels.jit import kernel
from nofb.types import Array


@kernel
def gather(maps: Array, stride: tuple[int, int], padding: tuple[int, int], patches: Array) -> None:
    """Copy from maps (N, H, W, C) every patch into patches (N, H', W', kh, kw, C)."""
    for n in range(patches.shape[0]):
        for y in range(patches.shape[1]):
            for x in range(patches.shape[2]):
                for i in range(patches.shape[3]):
                    row = y * stride[0] + i - padding[0]
                    for j in range(patches.shape[4]):
                        column = x * stride[1] + j - padding[1]
                        inside = 0 <= row < maps.shape[1] and 0 <= column < maps.shape[2]
                        for c in range(patches.shape[5]):
                            patches[n, y, x, i, j, c] = maps[n, row, column, c] if inside else 0


@kernel
def scatter(patches: Array, stride: tuple[int, int], padding: tuple[int, int], maps: Array) -> None:
    """Add every patch back to where `gather` took it from: the transpose of `gather`."""
    maps[:] = 0
    for n in range(patches.shape[0]):
        for y in range(patches.shape[1]):
            for x in range(patches.shape[2]):
                for i in range(patches.shape[3]):
                    row = y * stride[0] + i - padding[0]
                    for j in range(patches.shape[4]):
                        column = x * stride[1] + j - padding[1]
                        if 0 <= row < maps.shape[1] and 0 <= column < maps.shape[2]:
                            for c in range(patches.shape[5]):
                                maps[n, row, column, c] += patches[n, y, x, i, j, c]
