"""The data sets by name: those of nofb, and those of its user."""

from __future__ import annotations

from collections.abc import Mapping

from nofb import checks
from nofb.datasets import own
from nofb.datasets.dataset import Dataset
from nofb.datasets.table import TABLE, Description, in_memory

_OWN: dict[str, Dataset] = {}  # registered by users


def load(name: str) -> Dataset:
    """Load a data set by its name; those that are not shipped are downloaded once, then cached.

    Downloads go to the system's cache folder or to NOFB_CACHE_DIR. Files in NOFB_DATA_DIR, in the
    folders mnist, fashion-mnist, cifar-10, cifar10-jpeg, text and vader, are used first and need no
    network.

    Parameters
    ----------
    name : str
        One of `names()`; or module:function of one's own, such as "my_data:build", a function
        without arguments that returns a `Dataset`. It is called once in a program.

    Returns
    -------
    Dataset
        x of shape (n, features); pixels are float32 in [0, 1], and `as_images()` gives
        (n, channels, height, width). Texts are integers, see `nofb.datasets.text`.

    Raises
    ------
    ValueError
        If the name is unknown, a file in NOFB_DATA_DIR is damaged, or one's own function fails.
    ConnectionError
        If no mirror returns a file.

    Examples
    --------
    >>> load("digits")
    Dataset('digits': 1438 training and 359 test samples of 1x8x8, 10 classes)
    """
    if is_own(name):
        return _OWN[name] if name in _OWN else _OWN.setdefault(name, own.built(name))
    checks.choice("the data set", name, names())
    row = TABLE[name]
    return row.load().with_class_names(row.class_names)


def found(given: object) -> Dataset:
    """Return a data set: the given one, or that of a name.

    Raises
    ------
    TypeError
        If it is neither.
    """
    if isinstance(given, str):
        return load(given)
    if not isinstance(given, Dataset):
        raise TypeError(
            f"data must be a nofb.datasets.Dataset, or the name of one, but is {given!r}"
        )
    return given


def names() -> list[str]:
    """Return the names of all data sets.

    Examples
    --------
    >>> "digits" in names()
    True
    """
    return [*TABLE, *_OWN]


def register(data: Dataset) -> Dataset:
    """Let a data set of one's own be found by its name, as those of nofb are.

    Then `load(data.name)`, `nofb.sweep` and `nofb.compare` take the name. The values stay as they
    are: pixels are not centred. A log keeps a hash of the arrays too, so that a run is not taken
    for one on other data of the same name.

    Parameters
    ----------
    data
        The data set. It replaces an earlier one of the same name.

    Returns
    -------
    Dataset
        The same object.

    Raises
    ------
    TypeError, ValueError
        If it is not a `Dataset`, or has the name of one of nofb's.

    Examples
    --------
    >>> import numpy as np
    >>> x, y = np.eye(4), np.arange(4) % 2
    >>> register(Dataset(x, y, x, y, name="corners"))
    Dataset('corners': 4 training and 4 test samples with 4 features, 2 classes)
    >>> load("corners").name
    'corners'
    """
    if not isinstance(data, Dataset):
        raise TypeError(f"data must be a nofb.datasets.Dataset, but is {data!r}")
    if data.name in TABLE:
        raise ValueError(
            f"name is {data.name!r}, which is a data set of nofb: give another one, such as "
            f"Dataset(..., name='my_{data.name}')"
        )
    _OWN[data.name] = data
    return data


def registered() -> dict[str, Dataset]:
    """Return one's own data sets by their names: those registered, and those at an address."""
    return dict(_OWN)


def take_over(others: Mapping[str, Dataset]) -> None:
    """Let this process know the data sets that are `registered()` in another one."""
    _OWN.update(others)


def is_own(name: object) -> bool:
    """Return whether a name is that of one's own data set, registered or at an address.

    Examples
    --------
    >>> is_own("my_data:build"), is_own("digits")
    (True, False)
    """
    return isinstance(name, str) and (name in _OWN or own.is_address(name))


def describe() -> list[Description]:
    """Describe every data set without downloading or reading any of them.

    Examples
    --------
    >>> row = describe()[0]
    >>> row.name, row.n_train, row.n_test, row.shape, row.where
    ('digits', 1438, 359, (1, 8, 8), 'embedded')
    """
    return [*TABLE.values(), *(_described(name, data) for name, data in _OWN.items())]


def _described(name: str, data: Dataset) -> Description:
    """Return the row of a data set that was registered."""
    return Description(
        name, "registered by this program", len(data.y_train), len(data.y_test),
        data.image_shape or data.x_train.shape[1:], data.n_classes, "not stated", lambda: data,
        in_memory,
    )  # fmt: skip
