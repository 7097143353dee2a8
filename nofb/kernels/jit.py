"""The one place that says how nofb's kernels are compiled, and why.

A kernel takes arrays and scalars, and returns its result or writes it into an array that it is
given. It is compiled when it is first called, and nofb's own are kept on disk; with
`NUMBA_DISABLE_JIT=1` it is the Python function it reads as.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar, overload

from numba import njit
from numba.core.errors import NumbaError

from nofb.kernels import cache
from nofb.modules import is_nofb

Function = TypeVar("Function", bound=Callable[..., object])

OPTIONS: dict[str, Any] = {
    # Division as NumPy does it; Python's check for zero costs ten times the division in a loop.
    "error_model": "numpy",
    # Sums may be reordered, so that they use the whole vector unit. NaN and infinity keep their
    # meaning: a diverged network must be seen.
    "fastmath": {"contract", "reassoc", "nsz", "arcp"},
    # Layers may be updated side by side by Python threads.
    "nogil": True,
}


EXACT = {"fastmath": False}  # where equal terms must cancel to the last bit


@overload
def kernel(function: Function) -> Function: ...
@overload
def kernel(*, exact: bool) -> Callable[[Function], Function]: ...
def kernel(function: Any = None, *, exact: bool = False) -> Any:
    """Compile a function on arrays with nofb's one set of options.

    `@kernel(exact=True)` keeps the order of its sums as they are written.

    Examples
    --------
    >>> import numpy as np
    >>> from nofb.kernels.slopes import times_relu_slope
    >>> times_relu_slope(np.array([5.0, 5.0]), np.array([0.0, 2.0])).tolist()
    [0.0, 5.0]
    """
    if function is None:
        return partial(kernel, exact=exact)
    compiled = njit(function, **OPTIONS | (EXACT if exact else {}))
    # Numba sees when a kernel's own file changes, and not when a global or a helper elsewhere does:
    # a kernel that somebody works on would go on computing what it once did.
    if compiled is not function and is_nofb(function.__module__):  # without a compiler they are one
        cache.attach(compiled, function)  # compile once for each machine, not once for each run
    return compiled


def refused(error: NumbaError) -> str:
    """Return what Numba cannot compile, from the many lines of its error.

    Examples
    --------
    >>> refused(NumbaError("No implementation of matmul:\\n >>> matmul(array(float64), none)"))
    'matmul(array(float64), none)'
    """
    first, *others = str(error).splitlines()
    calls = (line.partition(">>>")[2].strip() for line in others if ">>>" in line)
    return next(calls, others[0] if others else first)
