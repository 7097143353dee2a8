"""The attention of the class token in an image, for each block, before and after steering."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize, to_rgb

from nofb.plots.picture import Picture
from nofb.plots.style import OKABE_ITO, literal, using
from nofb.types import Array

COLOURS = {"attention": OKABE_ITO["vermillion"], "mask": OKABE_ITO["blue"]}
INK = 0.75  # how dark the strokes of the image are
WIDE, TALL = 1.75, 1.15  # of a panel, in inches
LEAST = 0.05  # of attention: a smaller scale would show noise


def attention_maps(
    images: Array,
    before: Array,
    after: Array,
    grid: tuple[int, int],
    mask: Array | None = None,
    names: Sequence[str] = (),
    marks: Array | None = None,
    asked: str = "on it",
    most: float | None = None,
    passes: tuple[str, str] = ("pass 1", "pass 2"),
    theme: str | None = None,
) -> Picture:
    """Draw the attention of the class token in each block, with two passes as rows.

    Parameters
    ----------
    images
        Pixels in [0, 1] (samples, 1, height, width).
    before, after
        The attention of the class token on each patch (blocks, samples, patches); other tokens
        before the patches are left out.
    grid
        The numbers of rows and columns of patches.
    mask
        m of each patch (samples, patches), drawn below the image; left out for other methods.
    names
        The titles of the images.
    marks
        Which patches show the object of the question (samples, patches): the fraction of the
        attention on them is written above a panel.
    asked
        The name of this object, one word.
    most
        The attention that has the full colour; the largest one if left out.
    passes
        The names of the two rows of a sample.
    theme
        "light" or "dark"; by default that of `nofb.plots.use`.

    Raises
    ------
    ValueError
        If the theme is unknown.
    """
    patches = grid[0] * grid[1]
    before, after = before[..., -patches:], after[..., -patches:]
    if most is None:
        most = max(float(before.max()), float(after.max()), LEAST)
    blocks, samples = before.shape[:2]
    with using(theme) as colours:
        picture = Picture(WIDE * (1 + blocks) + 0.7, 2 * TALL * samples + 0.6, colours)
        places = picture.subplots(2 * samples, 1 + blocks, squeeze=False)
        for sample in range(samples):
            name = names[sample] if len(names) else ""
            rows = places[2 * sample : 2 * sample + 2]
            _show(rows[0, 0], tinted(images[sample, 0]), literal(name))
            _mask(rows[1, 0], images[sample, 0], None if mask is None else mask[sample], grid)
            for axes, weights, called in zip(rows, (before, after), passes, strict=True):
                _blocks(axes[1:], images[sample, 0], weights[:, sample] / most, grid)
                axes[1].set_ylabel(called)
                if marks is not None:
                    _shares(axes[1:], weights[:, sample], marks[sample], asked)
        for block, axes in enumerate(places[0, 1:], start=1):
            axes.set_title(f"block {block}\n{axes.get_title()}".rstrip())
        scale = ScalarMappable(Normalize(0, most), _map("attention"))
        bar = picture.colorbar(scale, ax=places, aspect=40, pad=0.01, shrink=0.5)
        bar.set_label("attention of the class token on a patch")
        bar.outline.set_visible(False)
    return picture


def tinted(
    image: Array,
    weights: Array | None = None,
    grid: tuple[int, int] = (1, 1),
    kind: str = "attention",
) -> Array:
    """Return an image (height, width, 3) whose patches are coloured by weights in [0, 1].

    Examples
    --------
    >>> colours = tinted(np.zeros((2, 4)), np.array([0.0, 1.0]), (1, 2))
    >>> colours[0, 0].tolist(), colours[0, 3].tolist() == list(to_rgb(COLOURS["attention"]))
    ([1.0, 1.0, 1.0], True)
    """
    weights = np.zeros(grid) if weights is None else weights.reshape(grid)
    height, width = (size // count for size, count in zip(image.shape, grid, strict=True))
    each = np.clip(np.kron(weights, np.ones((height, width))), 0, 1)[..., None]
    paper = (1 - each) + each * np.array(to_rgb(COLOURS[kind]))
    return paper * (1 - INK * image[..., None])


def _map(kind: str) -> LinearSegmentedColormap:
    return LinearSegmentedColormap.from_list(kind, ["#FFFFFF", COLOURS[kind]])


def _show(axes: Axes, image: Array, title: str = "") -> None:
    axes.imshow(image, interpolation="nearest", vmin=0, vmax=1)
    axes.set(xticks=[], yticks=[])
    axes.grid(visible=False)
    axes.spines[:].set_visible(True)
    axes.set_title(title, fontsize=9)


def _mask(axes: Axes, image: Array, mask: Array | None, grid: tuple[int, int]) -> None:
    """Draw the mask of the patches, if there is one."""
    if mask is None:
        axes.set_axis_off()
        return
    m = mask[-grid[0] * grid[1] :]
    most = max(float(m.max()), LEAST)
    _show(axes, tinted(image, m / most, grid, "mask"), f"mask m, up to {m.max():.2f}")


def _blocks(places: Sequence[Axes], image: Array, weights: Array, grid: tuple[int, int]) -> None:
    for axes, each in zip(places, weights, strict=True):
        _show(axes, tinted(image, each, grid))


def _shares(places: Sequence[Axes], weights: Array, marks: Array, asked: str) -> None:
    """Write the fraction of a block's attention that is on the object of the question."""
    for axes, each in zip(places, weights, strict=True):
        axes.set_title(f"{asked} {100 * each[marks].sum():.0f} %", fontsize=9)
