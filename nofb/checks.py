"""Sentences for bad input: each names the argument, what was given and what is allowed."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from nofb.suggestions import did_you_mean
from nofb.text import unprintable
from nofb.types import Array, FloatType


def choice(
    name: str, given: object, allowed: Iterable[str], others: Mapping[str, str] | None = None
) -> None:
    """Refuse a name that is not in a table: suggest the nearest one, and list the table.

    `others` are further names of some of them, which are suggested and not accepted.

    Examples
    --------
    >>> choice("activation", "tahn", ["relu", "tanh"])
    Traceback (most recent call last):
    ...
    ValueError: activation is 'tahn' (did you mean 'tanh'?), but must be one of: relu, tanh
    """
    allowed = list(allowed)
    if given not in allowed:
        near = did_you_mean(given, allowed, others)
        raise ValueError(f"{name} is {given!r}{near}, but must be one of: {', '.join(allowed)}")


def kind(given: object, load: str) -> str:
    """Return the type of what was given; for a name also the call of `load` that was meant.

    Examples
    --------
    >>> kind(("x", "y"), "load"), kind("digits", "load")
    ('tuple', "str: give load('digits')")
    """
    called = f": give {load}({given!r})" if isinstance(given, str) else ""
    return f"{type(given).__name__}{called}"


def whole(name: str, given: Any, least: int = 1) -> int:
    """Return `given` as an int, or refuse it when it is not a whole number of at least `least`."""
    if isinstance(given, bool) or not isinstance(given, int | np.integer):
        raise TypeError(f"{name} must be a whole number, but is {given!r}")
    if given < least:
        raise ValueError(f"{name} must be at least {least}, but is {given}")
    return int(given)


def number(
    name: str, given: Any, *, above: float | None = None, least: float | None = None,
    below: float | None = None,
) -> float:  # fmt: skip
    """Return `given` as a float, or refuse it when it is not a finite number in the bounds."""
    if isinstance(given, bool) or not isinstance(given, int | float | np.integer | np.floating):
        raise TypeError(f"{name} must be a number, but is {given!r}")
    holds = (
        (above is None or given > above)
        and (least is None or given >= least)
        and (below is None or given < below)
    )
    if not np.isfinite(given) or not holds:
        rule = " and ".join(["finite", *bounds_in_words(above=above, least=least, below=below)])
        raise ValueError(f"{name} must be {rule}, but is {given}")
    return float(given)


def bounds_in_words(
    *, above: float | None = None, least: float | None = None, below: float | None = None
) -> list[str]:
    """Return the bounds of `number` in words.

    Examples
    --------
    >>> bounds_in_words(least=0, below=1)
    ['at least 0', 'less than 1']
    """
    bounds = {"greater than": above, "at least": least, "less than": below}
    return [f"{text} {bound:g}" for text, bound in bounds.items() if bound is not None]


def line(name: str, given: Any, most: int = 80) -> str:
    """Return `given` if it is one line of text that tables, figures and terminals can show.

    Examples
    --------
    >>> line("title", "my rule\\n")
    Traceback (most recent call last):
    ...
    ValueError: title must be one line of printable signs, but holds '\\n'
    """
    if not isinstance(given, str):
        raise TypeError(f"{name} must be a string, but is {given!r}")
    if not given.strip():
        raise ValueError(f"{name} must not be empty, but is {given!r}")
    if len(given) > most:
        raise ValueError(f"{name} must have at most {most} signs, but has {len(given)}")
    if odd := unprintable(given):
        raise ValueError(f"{name} must be one line of printable signs, but holds {odd[0]!r}")
    return given


def unmasked(name: str, values: Any) -> None:
    """Refuse a masked array that hides values: NumPy drops its mask, and they would be used.

    Examples
    --------
    >>> unmasked("x", np.ma.masked_invalid([1.0, np.nan]))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: x is a masked array that hides 1 value, but every value must be there: x.filled(...
    """
    if np.ma.is_masked(values):
        hidden = int(np.ma.getmaskarray(values).sum())
        raise ValueError(
            f"{name} is a masked array that hides {hidden} value{'s' * (hidden > 1)}, but every "
            f"value must be there: {name}.filled(value) puts values in"
        )


def real(name: str, array: Array) -> None:
    """Refuse an array that does not hold real numbers, and name what it holds."""
    if not np.issubdtype(array.dtype, np.number) or np.iscomplexobj(array):
        raise TypeError(f"{name} must hold real numbers, but has dtype {array.dtype}")


def finite(name: str, array: Array) -> None:
    """Refuse an array with a NaN or an infinity, and say where the first one is."""
    if np.isfinite(array).all():
        return
    where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
    raise ValueError(f"{name} holds {array[where]} at index {where}; every value must be finite")


def cast(name: str, array: Array, dtype: FloatType) -> Array:
    """Return real, finite numbers as a C-contiguous array of `dtype`, or name the first bad one.

    Examples
    --------
    >>> cast("x", np.array([1.0, 1e300]), np.float32)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: x holds 1e+300 at index (1,), which float32 cannot hold: scale the values, ...
    """
    real(name, array)
    with np.errstate(over="ignore"):
        numbers = np.ascontiguousarray(array, dtype)
    if np.isfinite(numbers).all():
        return numbers
    finite(name, array)
    where = tuple(int(i) for i in np.argwhere(~np.isfinite(numbers))[0])
    raise ValueError(
        f"{name} holds {array[where]:g} at index {where}, which {np.dtype(dtype)} cannot hold: "
        "scale the values, or use Network(..., dtype=numpy.float64)"
    )


def tokens(name: str, x: Array, vocabulary: int, cure: str = "") -> Array:
    """Return tokens, checked to be whole numbers below the vocabulary size.

    Examples
    --------
    >>> tokens("x", np.array([[0, 7]]), 5)
    Traceback (most recent call last):
    ...
    ValueError: x holds the token 7 at index (0, 1), but the vocabulary has 5: tokens are 0 to 4
    """
    if not np.issubdtype(x.dtype, np.integer):
        raise TypeError(f"{name} must hold tokens, whole numbers, but has dtype {x.dtype}{cure}")
    wrong = np.argwhere((x < 0) | (x >= vocabulary))
    if wrong.size:
        where = tuple(int(i) for i in wrong[0])
        raise ValueError(
            f"{name} holds the token {x[where]} at index {where}, but the vocabulary has "
            f"{vocabulary}: tokens are 0 to {vocabulary - 1}"
        )
    return np.ascontiguousarray(x, np.int64)


def by_token(name: str, y: Any, tokens: int) -> Array:
    """Return labels (N, tokens), or rows (N, tokens, n), with one row for each token."""
    y = np.asarray(y)
    if y.ndim not in (2, 3) or y.shape[1] != tokens:
        raise ValueError(
            f"{name} has shape {y.shape}, but every token has outputs: it must be labels "
            f"(N, {tokens}), or targets (N, {tokens}, outputs)"
        )
    return y.reshape(-1, *y.shape[2:])


def switch(name: str, given: Any) -> bool:
    """Return `given`, or refuse it when it is neither `True` nor `False`."""
    if not isinstance(given, bool | np.bool_):
        raise TypeError(f"{name} must be True or False, but is {given!r}")
    return bool(given)


def same(file: str, held: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Refuse settings that are not those a file was written with, and name the first that differs.

    Examples
    --------
    >>> same("run.npz", {"rule": "FeedbackAlignment"}, {"rule": "Backprop"})
    Traceback (most recent call last):
    ...
    ValueError: rule is 'Backprop', but run.npz was written with 'FeedbackAlignment'
    """
    for name in [*given, *held]:
        if name not in held or name not in given or given[name] != held[name]:
            here, there = (repr(it[name]) if name in it else "missing" for it in (given, held))
            raise ValueError(f"{name} is {here}, but {file} was written with {there}")


def table(name: str, given: Any, known: Collection[str] | None = None) -> Mapping[str, Any]:
    """Return a mapping; refuse anything else, and a name in it that is not known.

    Examples
    --------
    >>> table("settings", {"epoch": 3}, ["data", "epochs"])
    Traceback (most recent call last):
    ...
    ValueError: settings has no 'epoch'; it has: data, epochs
    """
    if not isinstance(given, Mapping):
        raise TypeError(f"{name} must be a table of names and values, but is {given!r}")
    for key in given:
        if known is not None and key not in known:
            raise ValueError(f"{name} has no {key!r}; it has: {', '.join(known) or 'nothing'}")
    return given


def listed(name: str, values: Any) -> tuple[Any, ...]:
    """Return the values of a list; refuse anything else, and an empty list."""
    if isinstance(values, np.ndarray):
        values = values.tolist()
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise TypeError(f"{name} must be a list, but is {values!r}")
    if not values:
        raise ValueError(f"{name} is an empty list, but must hold at least one value")
    return tuple(values)


def distinct(name: str, values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the values, or refuse a value that occurs twice."""
    seen: set[Any] = set()
    for value in values:
        if value in seen:
            raise ValueError(f"{name} holds {value!r} twice")
        seen.add(value)
    return values


def grey_cure(argument: str, shape: tuple[int, ...]) -> str:
    """Return a hint for grey images without a channel axis, which many files hold.

    Examples
    --------
    >>> print(grey_cure("x", (60000, 28, 28)))
    : for grey images x[:, None], or x.reshape(len(x), -1) for dense layers
    """
    if len(shape) != 3:
        return ""
    flat = f"{argument}.reshape(len({argument}), -1)"
    return f": for grey images {argument}[:, None], or {flat} for dense layers"
