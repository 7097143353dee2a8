"""Pretrained backbones in the package, and feedback paths that were pre-tuned on them.

"vision" is a transformer of four blocks that classifies the digit beside a garment, or a garment
alone (see `nofb.datasets.composites`). nofb trained it: `python -m nofb.papers.toast.pretrain`
makes its weights, `python -m nofb.papers.toast.pretune` the feedback path. "language" is a
transformer of four blocks that was trained on Shakespeare to predict the next character. It has the
characters of `nofb.datasets.PRINTABLE`, which are also those of source code. `about("language")`
has its command. All files are in half precision, and `about` returns how they were made.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from nofb import archive, checks, networks
from nofb.datasets import PRINTABLE, Dataset
from nofb.network import Network
from nofb.transfer.backbone import Backbone
from nofb.transfer.toast import Toast

FOLDER = "data"  # in this package
SHAPE, N_CLASSES = (1, 28, 56), 20
LENGTH = 64  # characters in a sequence
NETWORKS = {"vision": "vision_transformer", "language": "language_model"}
OPTIONS: dict[str, dict[str, Any]] = {
    "vision": {"patch": 14, "units": 64, "heads": 4, "blocks": 4},
    "language": {"units": 64, "heads": 4, "blocks": 4},
}
BACKBONES = tuple(NETWORKS)
PRETUNED = ("vision",)


def backbone(name: str = "vision", dtype: str = "float32") -> Network:
    """Return a pretrained network.

    Parameters
    ----------
    name
        "vision", for images of 1 x 28 x 56 pixels in [0, 1]; or "language", for 64 tokens of
        `nofb.datasets.PRINTABLE`.
    dtype
        "float32", or "float64" for checking.

    Examples
    --------
    >>> from nofb import datasets
    >>> net = backbone("vision")
    >>> digits = datasets.composites.load("composites_small")[1].digits[:100]
    >>> images = datasets.load("composites_small").as_images().x_test[:100]
    >>> bool((net.predict(images) == digits).mean() > 0.5)
    True
    """
    if str(name).lower() == "minilm":
        raise ValueError(
            f"name is {name!r}, but must be one of: {', '.join(BACKBONES)}; MiniLM is a package of "
            "its own, which nofb.networks.minilm.load() reads"
        )
    checks.choice("name", name, BACKBONES)
    with file_of(name) as path:
        return empty(dtype=dtype, name=name).load(path)


def pretuned(net: Network | Backbone, name: str = "vision") -> Toast:
    """Return the TOAST whose feedback path was pre-tuned on a backbone, as a start for others.

    Parameters
    ----------
    net
        A network from `backbone`.
    name
        The backbone's name; only "vision" has such a path.

    Examples
    --------
    >>> from nofb import transfer
    >>> net = backbone("vision")
    >>> transfer.make("toast_lite", net, n_outputs=10, start=pretuned(net)).trained_parameters
    8906
    """
    checks.choice("name", name, PRETUNED)
    model = Toast(net, N_CLASSES, stage="pretune")
    with file_of(f"{name}_toast") as path:
        model.load(path)
    return model


def about(name: str) -> dict[str, Any]:
    """Return how a file was made: command, seed, minutes, accuracy.

    Examples
    --------
    >>> about("vision")["command"]
    'python -m nofb.papers.toast.pretrain'
    """
    with file_of(name) as path:
        found: dict[str, Any] = archive.read(path, "weights", "transfer")[0]["made"]
    return found


def empty(seed: int = 0, dtype: str = "float32", name: str = "vision") -> Network:
    """Return a network without its training."""
    data = _shaped_like(name)
    return networks.make(NETWORKS[name], data, seed, dtype=dtype, **OPTIONS[name])


def _shaped_like(name: str) -> Dataset:
    """Return the smallest data with the shapes of a network."""
    if name == "language":
        tokens = np.zeros((1, LENGTH), np.int64)
        return Dataset(tokens, tokens, tokens, tokens, "shakespeare", vocabulary=PRINTABLE)
    labels = np.arange(N_CLASSES)
    images = np.zeros((N_CLASSES, *SHAPE), np.float32)
    return Dataset(images, labels, images, labels, "composites_pretraining")


@contextmanager
def file_of(name: str) -> Iterator[Path]:
    """Within this context, the path is that of a file with weights."""
    with resources.as_file(resources.files(__package__) / FOLDER / f"{name}.npz") as path:
        yield path


def keep(kept: Path, target: Path, made: dict[str, Any]) -> None:
    """Write the weights of a file in half precision, and how they were made."""
    known, arrays = archive.read(kept, "weights", "transfer")
    halves = {name: array.astype(np.float16) for name, array in arrays.items()}
    rest = {name: known[name] for name in known.keys() - {"kind", "format", "arrays"}}
    archive.write(target, known["kind"], {**rest, "made": made}, halves)
