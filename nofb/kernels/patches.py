"""Convolution as a matrix product: gather the patches of the maps, and scatter signals back.

A map is (N, height, width, channels), with the channels of a pixel side by side and a border of
zeros as padding. A patch is the input of a filter at one position, so a convolution is a dense
layer that is applied to every patch. Here a row of a map is one sequence of numbers,
(N, height, width · channels), and so is a row of a patch; `step` is the distance in numbers from a
patch to the next, `stride · channels`.

Each row of a patch is first cut out of its map: loops from zero over two short arrays need no check
for negative indices, which would take as long as the copy itself.
"""

from nofb.kernels.jit import kernel
from nofb.types import Array


@kernel
def gather(maps: Array, stride: int, step: int, patches: Array) -> None:
    """Copy from maps (N, H, W·C) every patch into patches (N, H', W', rows, columns·C)."""
    run = patches.shape[4]
    for n in range(patches.shape[0]):
        for y in range(patches.shape[1]):
            for i in range(patches.shape[3]):
                row = maps[n, y * stride + i]
                for x in range(patches.shape[2]):
                    patch, seen = patches[n, y, x, i], row[x * step : x * step + run]
                    if run == 5:  # one channel: a loop over five numbers takes five times as long
                        a, b, c, d, e = seen[0], seen[1], seen[2], seen[3], seen[4]
                        patch[0], patch[1], patch[2], patch[3], patch[4] = a, b, c, d, e
                    elif run == 3:
                        a, b, c = seen[0], seen[1], seen[2]
                        patch[0], patch[1], patch[2] = a, b, c
                    else:
                        for j in range(run):  # patch[:] = seen
                            patch[j] = seen[j]


@kernel
def scatter(patches: Array, stride: int, step: int, maps: Array) -> None:
    """Add every patch back to the pixels it was gathered from: the transpose of `gather`."""
    maps[:] = 0
    run = patches.shape[4]
    for n in range(patches.shape[0]):
        for y in range(patches.shape[1]):
            for i in range(patches.shape[3]):
                row = maps[n, y * stride + i]
                for x in range(patches.shape[2]):
                    patch, seen = patches[n, y, x, i], row[x * step : x * step + run]
                    for j in range(run):  # seen += patch
                        seen[j] += patch[j]
