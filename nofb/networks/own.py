"""A network of one's own by name: a function of the seed, registered or in a module of the user.

`make(seed)` returns a new network. Further arguments of the function, with defaults, are options of
the network, as the units of an mlp are: a sweep can vary them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from nofb import checks
from nofb.datasets import Dataset
from nofb.modules import found_at, made
from nofb.network import Network

MakeNetwork = Callable[..., Network]
PLAIN = (str, bool, int, float, type(None), tuple, list)  # what an option can be

_REGISTERED: dict[str, MakeNetwork] = {}


def register(make: MakeNetwork, name: str = "make_network") -> str:
    """Let a function that makes a network be found by a name; return the name.

    Parameters
    ----------
    make
        A function of the seed that returns a new network.
    name
        It replaces an earlier function of the same name.

    Raises
    ------
    TypeError
        If it is not such a function.

    Examples
    --------
    >>> from nofb import Dense
    >>> register(lambda seed: Network([Dense(4, 2)], seed=seed), "tiny")
    'tiny'
    >>> built("tiny", 0).layers
    [Dense(4, 2, activation='identity')]
    """
    checked(make, "make_network")
    _REGISTERED[name] = make
    return name


def function_of(given: object, name: str) -> MakeNetwork:
    """Return a function that makes a network, given as such or by its address."""
    return find(given) if isinstance(given, str) else checked(given, name)


def checked(make: object, name: str) -> MakeNetwork:
    """Return a function, if it can be called with the seed alone.

    Raises
    ------
    TypeError
        If it is not such a function; the sentence begins with the given name.
    """
    if not callable(make) or isinstance(make, type):
        raise TypeError(
            f"{name} must be a function of the seed that returns a new network, such as "
            f"lambda seed: nofb.Network([...], seed=seed), but is {make!r}"
        )
    takes = inspect.signature(make)
    try:
        takes.bind(0)
    except TypeError:
        raise TypeError(
            f"{name} must take the seed alone, and have a default for every other argument, but "
            f"is {getattr(make, '__name__', 'it')}{takes}"
        ) from None
    return make


def registered() -> dict[str, MakeNetwork]:
    """Return the functions that were registered, by their names."""
    return dict(_REGISTERED)


def is_own(name: object) -> bool:
    """Return whether a name is that of a network of the user.

    Examples
    --------
    >>> is_own("my_net:make"), is_own("lenet")
    (True, False)
    """
    return isinstance(name, str) and (":" in name or name in _REGISTERED)


def find(name: str) -> MakeNetwork:
    """Return the function of a name, or at an address such as "my_net:make" or "my_net.py:make".

    The current folder is searched too, and the module is run.

    Raises
    ------
    ValueError
        If there is no such module or function, or the function does not take the seed alone.

    Examples
    --------
    >>> find("make")
    Traceback (most recent call last):
    ...
    ValueError: network must be module:function, such as my_net:make, but is 'make'
    """
    if name in _REGISTERED:
        return _REGISTERED[name]
    try:
        return checked(found_at(name, "network", "my_net:make"), name)
    except TypeError as error:
        raise ValueError(str(error)) from error


def options(name: str) -> dict[str, Any]:
    """Return the options of a network of the user with their defaults.

    Examples
    --------
    >>> def make(seed, hidden=30):
    ...     ...
    >>> options(register(make, "mine"))
    {'hidden': 30}
    """
    _, *others = inspect.signature(find(name)).parameters.values()
    return {each.name: each.default for each in others if isinstance(each.default, PLAIN)}


def built(name: str, seed: int, **chosen: Any) -> Network:
    """Return a new network for a seed.

    Raises
    ------
    ValueError
        If the function returns something else, or a network that was trained, or fails.
    """
    net = made(find(name), f"the network {name}", seed, **chosen)
    try:
        return check_new(net, f"{name.rpartition(':')[2]}({seed})")
    except TypeError as error:
        raise ValueError(str(error)) from error


def check_new(net: object, call: str) -> Network:
    """Return what a call has made, if it is a network that was not trained.

    Raises
    ------
    TypeError, ValueError
        If it is not; the sentence names the call.
    """
    if not isinstance(net, Network):
        raise TypeError(f"{call} must return a nofb.Network, but returns {net!r}")
    if net.rule is not None:
        raise ValueError(f"{call} returns a network that was trained: make a new one in each call")
    return net


def prepared(name: str, data: Dataset) -> Dataset:
    """Return a data set in the shape for a network of the user, as `shaped` does."""
    return shaped(lambda: built(name, 0), data)


def shaped(make: Callable[[], Network], data: Dataset) -> Dataset:
    """Return a data set in the shape that a network takes: as it is, as images, or flat.

    Parameters
    ----------
    make
        Returns a new network at each call, since the first samples decide the shapes of some.
    data
        The data set.

    Raises
    ------
    ValueError
        If the network takes none of these shapes.
    """
    forms = [lambda: data, data.as_images, data.flat] if data.image_shape else [lambda: data]
    refusals = []
    for form in forms:
        try:
            found = form()
            make().as_input(found.x_test[:1])
        except ValueError as error:
            refusals.append(error)
        else:
            return found
    raise refusals[0]


def option_table(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return all options of a network of the user, with defaults for those that are left out.

    Raises
    ------
    ValueError
        If there is no such option.
    """
    known = options(name)
    checks.table(f"the network {name}", given, known)
    return {**known, **given}
