"""Which classes a network takes for which, as a picture."""

from __future__ import annotations

import numpy as np

from nofb.datasets import Dataset
from nofb.diagnosis.confusion import confusion_matrix
from nofb.network import Network
from nofb.plots.picture import Picture
from nofb.plots.style import fading, literal, using

MOST = 30  # classes: the numbers of more would overlap


def confusion(net: Network, data: Dataset, theme: str | None = None) -> Picture:
    """Draw how many test samples of each class get each class; the diagonal is right.

    Parameters
    ----------
    net
        A trained network.
    data
        Its data set, with at most 30 classes.
    theme
        "light" or "dark"; by default that of `nofb.plots.use`.

    Returns
    -------
    Picture
        Row i, column j has the number of samples of class i that the network gives class j. Colours
        show the errors, the most frequent one in full colour; right ones have none.

    Raises
    ------
    TypeError, ValueError
        If these are not a network and a data set, or the samples do not fit the network, or they
        have no classes or more than 30.

    Examples
    --------
    >>> import nofb
    >>> data = nofb.datasets.load("digits")
    >>> net = nofb.Network([nofb.Dense(64, 10)])
    >>> confusion(net, data).axes[0].get_xlabel()
    'class given by the network'
    """
    for name, given, kind in (("net", net, Network), ("data", data, Dataset)):
        if not isinstance(given, kind):
            raise TypeError(f"{name} must be a {kind.__name__}, but is a {type(given).__name__}")
    if data.n_classes is None or data.n_classes > MOST or data.y_test.ndim > 1:
        raise ValueError(f"data has {data.n_classes or 'no'} classes, but must have 2 to {MOST}")
    counts = confusion_matrix(net, data.x_test, data.y_test)
    wrong = counts * (1 - np.eye(len(counts), dtype=int))
    names = [literal(name) for name in data.class_names or ()]
    with using(theme) as colours:
        side = 2.2 + 0.42 * len(counts)
        picture = Picture(side + 0.6, side, colours)
        axes = picture.subplots()
        axes.imshow(wrong, cmap=fading("vermillion"), vmin=0, vmax=max(1, wrong.max()))
        for (row, column), count in np.ndenumerate(counts):
            weight = "bold" if row == column else "normal"
            axes.text(column, row, str(count) if count else "·", ha="center", va="center",
                      color=colours.ink if count else colours.faint, fontweight=weight,
                      fontsize=9)  # fmt: skip
        turned = 45 if max(map(len, names)) > 2 else 0
        axes.set_xticks(
            range(len(names)), names, rotation=turned, ha="right" if turned else "center"
        )
        axes.set_yticks(range(len(names)), names)
        axes.grid(visible=False)
        right = np.trace(counts) / counts.sum()
        axes.set(xlabel="class given by the network", ylabel="true class")
        axes.set_title(f"{len(data.y_test):,} test samples, {100 * right:.1f} % right")
    return picture
