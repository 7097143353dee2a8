"""Other ways to call kernels: as plain Python, or with clear error messages.

A compiled kernel reads past the end of an array without an error, and its errors name no arguments.
"""

from __future__ import annotations

import linecache
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from types import ModuleType
from typing import Any, NoReturn

import numpy as np
from numba.core.errors import NumbaError
from numba.core.registry import CPUDispatcher

from nofb.kernels.jit import refused

NO_B = "the first layer has no B: send a signal further `if layer.sends`"
ONE_TYPE = (
    "`@` needs arrays of one type: a Python number makes float32 into float64, so write "
    "`delta.dtype.type(0.5) * delta`, and make other arrays with `.astype(net.dtype)`"
)
TOLD = (TypeError, ValueError, IndexError, AttributeError)


class PlainKernel(CPUDispatcher):
    """A kernel that runs as its plain Python function, which checks every index."""

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return run_plain(self.py_func, arguments, named)


class ToldKernel(CPUDispatcher):
    """A compiled kernel whose errors name it, its arguments and the cure."""

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        try:
            return super().__call__(*arguments, **named)
        except (*TOLD, NumbaError) as error:
            given = by_name(self.py_func, arguments, named)
            if not isinstance(error, NumbaError):
                run_plain(self.py_func, arguments, named)  # NumPy's error says what does not fit
                stopped(self.py_func, given, error)
            raise TypeError(
                f"kernel {self.py_func.__name__} cannot be compiled for {listed(given)}: "
                f"{reason(given, error)}"
            ) from None


def kernels_in(modules: Iterable[str]) -> list[CPUDispatcher]:
    """Return the compiled kernels in some modules, and in the modules that these import."""
    found = [
        each for name in modules if name in sys.modules for each in vars(sys.modules[name]).values()
    ]
    inside = (vars(each).values() for each in found if isinstance(each, ModuleType))
    return [each for each in chain(found, *inside) if isinstance(each, CPUDispatcher)]


@contextmanager
def called_as(kind: type[CPUDispatcher], kernels: Iterable[CPUDispatcher]) -> Iterator[None]:
    """Call kernels in the way of `kind`, within this context.

    Examples
    --------
    >>> import numpy as np
    >>> from nofb.rules.feedback_alignment import send_back
    >>> with called_as(PlainKernel, kernels_in(["nofb.rules.feedback_alignment"])):
    ...     send_back(np.ones((2, 3)), np.ones((3, 4))).shape
    (2, 4)
    """
    kernels = list(kernels)
    try:
        for each in kernels:
            each.__class__ = kind
        yield
    finally:
        for each in kernels:
            each.__class__ = CPUDispatcher


def retell(work: Callable[[], object], modules: Iterable[str]) -> None:
    """Repeat work that failed, so that the error of a kernel names its arguments."""
    try:
        with called_as(ToldKernel, kernels_in(modules)):
            work()
    except (*TOLD, NumbaError) as error:
        raise error from None


def run_plain(function: Any, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> Any:
    """Call the plain Python function of a kernel; its errors name the line and the arguments."""
    try:
        return function(*arguments, **named)
    except TOLD as error:
        stopped(function, by_name(function, arguments, named), error)


def by_name(function: Any, arguments: tuple[Any, ...], named: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call by their names; surplus arguments are left out."""
    return dict(zip(function.__code__.co_varnames, arguments, strict=False)) | dict(named)


def stopped(function: Any, given: Mapping[str, Any], error: Exception) -> NoReturn:
    """Raise an error of the same kind that names the kernel, the line and the arguments."""
    if str(error).startswith("kernel "):  # a kernel that this one calls has already named them
        raise error
    kind = next(kind for kind in TOLD if isinstance(error, kind))
    none = next((f"; {NO_B}" for value in given.values() if value is None), "")
    raise kind(
        f"kernel {function.__name__} stops{_at(function, error)}, given {listed(given)}: "
        f"{str(error).splitlines()[0]}{none}"
    ).with_traceback(error.__traceback__) from None


def reason(given: Mapping[str, Any], error: NumbaError) -> str:
    """Return why a kernel cannot be compiled for its arguments, and the cure."""
    for name, value in given.items():
        if value is None:
            return f"{name} is None, and {NO_B}"
        if not isinstance(value, np.ndarray | np.generic | bool | int | float | complex | tuple):
            cure = f": pass `{name}.W`" if hasattr(value, "W") else ""
            what = type(value).__name__
            return f"a kernel takes arrays and numbers, but `{name}` is a {what}{cure}"
    return ONE_TYPE if "must all have the same dtype" in str(error) else refused(error)


def listed(given: Mapping[str, Any]) -> str:
    """Return a description of arguments.

    Examples
    --------
    >>> listed({"delta": np.ones((7, 3)), "B": None, "scale": 0.5})
    'delta (7, 3) of float64, B None, scale 0.5'
    """
    return ", ".join(f"{name} {_worded(value)}" for name, value in given.items())


def _worded(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.shape} of {value.dtype}"
    short = value is None or isinstance(value, np.generic | bool | int | float | complex)
    return str(value) if short else f"a {type(value).__name__}"


def _at(function: Any, error: Exception) -> str:
    """Return the source of the line in a function where an error occurred, or ""."""
    trace, text = error.__traceback__, ""
    while trace is not None:
        if trace.tb_frame.f_code is function.__code__:
            text = linecache.getline(function.__code__.co_filename, trace.tb_lineno).strip()
        trace = trace.tb_next
    return f" at `{text.partition('#')[0].strip()}`" if text else ""
