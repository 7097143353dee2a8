"""The first part of chapter 8: pooling, and the patches of a convolution."""

from __future__ import annotations

import numpy as np

from nofb.course.chapters.draws import normal, sizes, whole
from nofb.course.task import Answer, Arguments, Item, Task, Wrong


def pool_arguments(rng: np.random.Generator) -> Arguments:
    N, C = sizes(rng, 2)
    return normal(rng, N, 4, 6, C), (2, 3), (2, 3), np.zeros((N, 2, 2, C))


def windows_arguments(rng: np.random.Generator) -> Arguments:
    N, C = sizes(rng, 2)
    return normal(rng, N, 2, 2, C), (2, 3), (2, 3), np.zeros((N, 4, 6, C))


def is_the_transpose_of_pooling(kernel: Answer, rng: np.random.Generator) -> str | None:
    """⟨to_windows(s), m⟩ = ⟨s, avg_pool(m)⟩."""
    s, size, stride, maps = windows_arguments(rng)
    m = normal(rng, *maps.shape)
    pooled = m.reshape(len(m), 2, 2, 2, 3, -1).mean(axis=(2, 4))
    back = kernel(s, size, stride, maps.copy())[-1]
    if not np.isclose((back * m).sum(), (s * pooled).sum()):
        return "⟨back(s), m⟩ and ⟨s, pool(m)⟩ differ: this is not the transpose of average pooling"
    return None


def scatter_arguments(rng: np.random.Generator) -> Arguments:
    N, C = sizes(rng, 2)
    return normal(rng, N, 3, 3, 2, 2 * C), 1, C, np.zeros((N, 4, 4 * C))


ITEMS: list[Item] = [
    Task(
        number="8.1",
        title="Average pooling",
        hole="nofb.kernels.pooling:avg_pool",
        equation="the mean of each window",
        minutes=20,
        points=3,
        needs=("1.7",),
        story="Maps are (N, H, W, C). There is nothing in pooling to transport: no weight.",
        hints=(
            "Window (y, x) begins at pixel (y · stride, x · stride).",
            "Loops over n, y and x are fine; the channels stay as they are.",
            "pooled[n, y, x] = maps[n, top:top + size[0], left:left + size[1]].mean((0, 1))",
        ),
        draw=pool_arguments,
        writes=("pooled",),
        example=lambda rng: (whole(rng, 1, 2, 4, 1), (2, 2), (2, 2), np.zeros((1, 1, 2, 1))),
        wrong=(
            Wrong(
                "for y in range(pooled.shape[1]):\n    for x in range(pooled.shape[2]):\n"
                "        t, l = y * stride[0], x * stride[1]\n"
                "        pooled[:, y, x] = maps[:, t:t + size[0], l:l + size[1]].sum((1, 2))",
                "this is the sum of a window, not its mean",
            ),
            Wrong(
                "for y in range(pooled.shape[1]):\n    for x in range(pooled.shape[2]):\n"
                "        t, l = y * stride[0], x * stride[1]\n"
                "        pooled[:, y, x] = maps[:, t:t + size[0], l:l + size[1]].max((1, 2))",
                "this is the largest of a window, not its mean",
            ),
            Wrong(
                "for y in range(pooled.shape[1]):\n    for x in range(pooled.shape[2]):\n"
                "        pooled[:, y, x] = maps[:, y:y + size[0], x:x + size[1]].mean((1, 2))",
                "the windows do not lie side by side: multiply by the stride",
            ),
        ),
    ),
    Task(
        number="8.2",
        title="A signal goes back through pooling",
        hole="nofb.kernels.pooling:to_windows",
        equation="an equal part to every pixel of the window",
        minutes=20,
        points=3,
        needs=("8.1",),
        story="The transpose of a mean. Where windows overlap, parts add up.",
        hints=(
            "maps must be 0 first: it may hold something old.",
            "Each of size[0] · size[1] pixels gets one part in so many.",
            "maps[n, top:top + size[0], left:left + size[1]] += pooled[n, y, x] / "
            "(size[0] * size[1])",
        ),
        draw=windows_arguments,
        writes=("maps",),
        example=lambda rng: (4 * whole(rng, 1, 1, 2, 1), (2, 2), (2, 2), np.zeros((1, 2, 4, 1))),
        properties=(is_the_transpose_of_pooling,),
        wrong=(
            Wrong(
                "maps[:] = 0\nfor y in range(pooled.shape[1]):\n    for x in "
                "range(pooled.shape[2]):\n"
                "        t, l = y * stride[0], x * stride[1]\n"
                "        maps[:, t:t + size[0], l:l + size[1]] += pooled[:, y:y + 1, x:x + 1]",
                "every pixel gets the whole signal: it must get one part of it",
            ),
            Wrong(
                "maps[:] = 0\nfor y in range(pooled.shape[1]):\n    for x in "
                "range(pooled.shape[2]):\n"
                "        maps[:, y * stride[0], x * stride[1]] = pooled[:, y, x]",
                "only the first pixel of a window gets the signal",
            ),
            Wrong(
                "maps[:] = 0\nfor y in range(pooled.shape[1]):\n    for x in "
                "range(pooled.shape[2]):\n"
                "        t, l = y * stride[0], x * stride[1]\n"
                "        maps[:, t:t + size[0], l:l + size[1]] += pooled[:, y:y + 1, x:x + "
                "1] / size[0]",
                "the signal is divided by one side of the window: divide by both",
            ),
        ),
    ),
    Task(
        number="8.3",
        title="Patches go back to where they were taken",
        hole="nofb.kernels.patches:scatter",
        equation="the transpose of gathering patches",
        minutes=25,
        points=4,
        needs=("8.2",),
        story="A convolution is a dense layer on every patch. Its signal comes back patch "
        "by patch, and patches overlap. maps is (N, H, W · C); a patch is (rows, "
        "columns · C), and begins `step` numbers further right for each x.",
        hints=(
            "maps must be 0 first, and what overlaps adds up: +=, not =.",
            "Row i of the patch at (y, x) lies in row y · stride + i of the map.",
            "maps[:, y * stride + i, x * step : x * step + run] += patches[:, y, x, i]",
        ),
        draw=scatter_arguments,
        writes=("maps",),
        example=lambda rng: (whole(rng, 1, 1, 2, 1, 2), 1, 1, np.zeros((1, 1, 3))),
        wrong=(
            Wrong(
                "maps[:] = 0\nrun = patches.shape[4]\nfor y in range(patches.shape[1]):\n"
                "    for x in range(patches.shape[2]):\n        for i in range(patches.shape[3]):\n"
                "            maps[:, y * stride + i, x * step:x * step + run] = patches[:, "
                "y, x, i]",
                "patches overlap, and what overlaps must add up: +=, not =",
            ),
            Wrong(
                "maps[:] = 0\nrun = patches.shape[4]\nfor y in range(patches.shape[1]):\n"
                "    for x in range(patches.shape[2]):\n        for i in range(patches.shape[3]):\n"
                "            maps[:, y * stride, x * step:x * step + run] += patches[:, y, x, i]",
                "all rows of a patch land in one row of the map: add i",
            ),
            Wrong(
                "maps[:] = 0\nrun = patches.shape[4]\nfor y in range(patches.shape[1]):\n"
                "    for x in range(patches.shape[2]):\n        for i in range(patches.shape[3]):\n"
                "            maps[:, y * stride + i, x:x + run] += patches[:, y, x, i]",
                "a pixel has several channels: the next patch begins `step` numbers further right",
            ),
        ),
    ),
]
