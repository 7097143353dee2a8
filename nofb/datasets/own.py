"""A data set of one's own at an address: a function in a module of the user."""

from __future__ import annotations

import inspect

from nofb.datasets.dataset import Dataset
from nofb.modules import found_at, made


def is_address(name: str) -> bool:
    """Return whether a name is an address of a function.

    Examples
    --------
    >>> is_address("my_data:build"), is_address("digits")
    (True, False)
    """
    return ":" in name


def built(address: str) -> Dataset:
    """Return the data set of the function at an address such as "my_data:build".

    Raises
    ------
    ValueError
        If there is no such module or function, or it needs an argument, fails, or returns
        something else.
    """
    make = found_at(address, "data", "my_data:build")
    if not callable(make) or isinstance(make, type):
        raise ValueError(f"{address} must be a function that returns a data set, but is {make!r}")
    call = f"{address.rpartition(':')[2]}()"
    try:
        inspect.signature(make).bind()
    except TypeError as error:
        raise ValueError(
            f"{address} is called as {call}, so every argument needs a default: {error}"
        ) from error
    data = made(make, f"the data set {address}")
    if not isinstance(data, Dataset):
        kind = type(data).__name__
        raise ValueError(f"{call} must return a nofb.datasets.Dataset, but its type is {kind}")
    return data
