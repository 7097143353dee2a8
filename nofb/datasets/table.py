"""The table of nofb's data sets: what each is, how to load it, and where it is now.

A new data set is one more entry in the table below.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from nofb.datasets import (
    cifar,
    composites,
    download,
    jpeg,
    reviews,
    sources,
    teachers,
    texts,
    toys,
)
from nofb.datasets.dataset import Dataset
from nofb.datasets.embedded import load_embedded
from nofb.datasets.idx import fetch_idx
from nofb.datasets.pixels import image_dataset

GARMENTS = ("T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker",
            "bag", "ankle boot")  # fmt: skip
THINGS = ("aeroplane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship",
          "lorry")  # fmt: skip
DIGITS = tuple("0123456789")


@dataclass(frozen=True)
class Description:
    """One row of the list of data sets; `n_classes` is None for regression."""

    name: str
    what: str
    n_train: int
    n_test: int
    shape: tuple[int, ...]
    n_classes: int | None
    licence: str
    load: Callable[[], Dataset] = field(repr=False)
    locate: Callable[[], str] = field(repr=False)
    is_published: bool = field(default=True, repr=False)  # so that it can be downloaded
    class_names: tuple[str, ...] | None = field(default=None, repr=False)

    @property
    def where(self) -> str:
        """Where the data is now, in words."""
        return self.locate()

    @property
    def is_shipped(self) -> bool:
        """Whether nofb has the data, or generates it, and needs no other file."""
        return self.locate in (_embedded, _generated, in_memory)


def _load_idx(source: sources.Source) -> Dataset:
    (x_train, y_train), (x_test, y_test) = fetch_idx(source)
    return image_dataset(source.name, (x_train[:, None], y_train), (x_test[:, None], y_test))


def _load_cifar10() -> Dataset:
    (file,) = sources.CIFAR10.files
    archive = download.fetch(sources.CIFAR10, file)
    return image_dataset(sources.CIFAR10.name, *cifar.parse_cifar10(archive, file.name))


def _load_cifar10_jpeg() -> Dataset:
    (file,) = sources.CIFAR10_JPEG.files
    archive = download.fetch(sources.CIFAR10_JPEG, file)
    return image_dataset(sources.CIFAR10_JPEG.name, *jpeg.parse_pictures(archive, file.name))


def _load_shakespeare() -> Dataset:
    (file,) = sources.SHAKESPEARE.files
    content = download.fetch(sources.SHAKESPEARE, file)
    return texts.from_text(texts.decoded(content, file.name), sources.SHAKESPEARE.name)


def _embedded() -> str:
    return "embedded"


def _generated() -> str:
    return "generated"


def in_memory() -> str:
    return "in memory"


_ROWS = (
    Description(
        name="digits",
        what="handwritten digits, the small ones of UCI optdigits",
        n_train=1438,
        n_test=359,
        shape=(1, 8, 8),
        n_classes=10,
        licence="CC BY 4.0",
        load=lambda: load_embedded("digits", white=16),
        locate=_embedded,
    ),
    Description(
        name="fashion_small",
        what="a balanced part of Fashion-MNIST",
        n_train=2000,
        n_test=500,
        shape=(1, 28, 28),
        n_classes=10,
        licence="MIT",
        load=lambda: load_embedded("fashion_small", white=255),
        locate=_embedded,
        class_names=GARMENTS,
    ),
    Description(
        name="composites_small",
        what="a small digit and a garment side by side, named by the garment",
        n_train=2000,
        n_test=500,
        shape=(1, 28, 56),
        n_classes=10,
        licence="CC BY 4.0, MIT",
        load=lambda: composites.dataset(composites.SMALL),
        locate=_embedded,
        class_names=GARMENTS,
    ),
    Description(
        name="xor",
        what="clouds on the corners of a square, labelled by XOR",
        n_train=800,
        n_test=200,
        shape=(2,),
        n_classes=2,
        licence="ours",
        load=toys.xor,
        locate=_generated,
    ),
    Description(
        name="two_moons",
        what="two interlocking half circles",
        n_train=800,
        n_test=200,
        shape=(2,),
        n_classes=2,
        licence="ours",
        load=toys.two_moons,
        locate=_generated,
    ),
    Description(
        name="spirals",
        what="three intertwined spiral arms",
        n_train=1200,
        n_test=300,
        shape=(2,),
        n_classes=3,
        licence="ours",
        load=toys.spirals,
        locate=_generated,
    ),
    Description(
        name="linear_teacher",
        what="regression on a random linear map, as Lillicrap et al. 2016",
        n_train=1600,
        n_test=400,
        shape=(30,),
        n_classes=None,
        licence="ours",
        load=toys.linear_teacher,
        locate=_generated,
    ),
    Description(
        name="nonlinear_teacher",
        what="regression on a random network of tanh units, as Lillicrap et al. 2016",
        n_train=8000,
        n_test=2000,
        shape=(30,),
        n_classes=None,
        licence="ours",
        load=teachers.nonlinear_teacher,
        locate=_generated,
    ),
    Description(
        name="text",
        what="three plays by Shakespeare, by characters",
        n_train=5934,
        n_test=659,
        shape=(texts.LENGTH,),
        n_classes=62,
        licence="public domain",
        load=texts.text,
        locate=_embedded,
    ),
    Description(
        name="mnist",
        what="handwritten digits",
        n_train=60000,
        n_test=10000,
        shape=(1, 28, 28),
        n_classes=10,
        licence="CC BY-SA 3.0",
        load=lambda: _load_idx(sources.MNIST),
        locate=lambda: download.where(sources.MNIST),
    ),
    Description(
        name="fashion_mnist",
        what="pictures of clothes and shoes",
        n_train=60000,
        n_test=10000,
        shape=(1, 28, 28),
        n_classes=10,
        licence="MIT",
        load=lambda: _load_idx(sources.FASHION_MNIST),
        locate=lambda: download.where(sources.FASHION_MNIST),
        class_names=GARMENTS,
    ),
    Description(
        name="composites",
        what="a digit and a garment side by side, named by the garment",
        n_train=8000,
        n_test=2000,
        shape=(1, 28, 56),
        n_classes=10,
        licence="CC BY-SA 3.0, MIT",
        load=lambda: composites.dataset(composites.TRANSFER),
        locate=lambda: download.where(sources.MNIST, sources.FASHION_MNIST),
        class_names=GARMENTS,
    ),
    Description(
        name="composites_pretraining",
        what="the same named by the digit, and garments alone",
        n_train=115_000,
        n_test=10_000,
        shape=(1, 28, 56),
        n_classes=20,
        licence="CC BY-SA 3.0, MIT",
        load=lambda: composites.dataset(composites.PRETRAINING),
        locate=lambda: download.where(sources.MNIST, sources.FASHION_MNIST),
        class_names=DIGITS + GARMENTS,
    ),
    Description(
        name="cifar10",
        what="small colour photographs of animals and vehicles",
        n_train=50000,
        n_test=10000,
        shape=(3, 32, 32),
        n_classes=10,
        licence="none stated; cite Krizhevsky 2009",
        load=_load_cifar10,
        locate=lambda: download.where(sources.CIFAR10),
        class_names=THINGS,
    ),
    Description(
        name="cifar10_jpeg",
        what="the same photographs re-encoded as JPEG, so not the original pixels",
        n_train=50000,
        n_test=10000,
        shape=(3, 32, 32),
        n_classes=10,
        licence="none stated; cite Krizhevsky 2009",
        load=_load_cifar10_jpeg,
        locate=lambda: download.where(sources.CIFAR10_JPEG),
        is_published=False,
    ),
    Description(
        name="shakespeare",
        what="nine plays by Shakespeare, by characters",
        n_train=15685,
        n_test=1743,
        shape=(texts.LENGTH,),
        n_classes=65,
        licence="public domain",
        load=_load_shakespeare,
        locate=lambda: download.where(sources.SHAKESPEARE),
    ),
    Description(
        name="movie_reviews",
        what="sentences on films, praise or blame, by word pieces (extra transfer)",
        n_train=reviews.TRAIN,
        n_test=reviews.TEST,
        shape=(reviews.LENGTH,),
        n_classes=2,
        licence="MIT",
        load=reviews.movie_reviews,
        locate=lambda: download.where(sources.MOVIE_REVIEWS),
        class_names=("blame", "praise"),
    ),
)

TABLE = {row.name: row for row in _ROWS}
