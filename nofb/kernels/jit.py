"""The decorator that compiles nofb's kernels, and the reason for each of its options.

A kernel takes arrays and scalars, and returns its result or writes it into an array argument. It
is compiled when it is first called; nofb's own kernels are stored on disk. With
`NUMBA_DISABLE_JIT=1` it is a plain Python function.
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
    # Division as in NumPy; Python's check for zero costs ten times the division in a loop.
    "error_model": "numpy",
    # Sums may be reordered, so that they use the whole vector unit. NaN and infinity keep their
    # meaning, because a diverged network must be noticed.
    "fastmath": {"contract", "reassoc", "nsz", "arcp"},
    # Python threads may update several layers in parallel.
    "nogil": True,
}


EXACT = {"fastmath": False}  # where equal terms must cancel to the last bit


@overload
def kernel(function: Function) -> Function: ...
@overload
def kernel(*, exact: bool) -> Callable[[Function], Function]: ...
def kernel(function: Any = None, *, exact: bool = False) -> Any:
    """Compile a function on arrays with nofb's one set of options.

    `@kernel(exact=True)` keeps the order of sums as written.

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
    # Numba notices a change of the kernel's own file, but not of a global or a helper elsewhere:
    # a cached kernel of a user would continue to compute the old result.
    if compiled is not function and is_nofb(function.__module__):  # equal without a compiler
        cache.attach(compiled, function)  # compile once per machine, not once per run
    return compiled


def refused(error: NumbaError) -> str:
    """Return from Numba's long error the expression that it cannot compile.

    Examples
    --------
    >>> refused(NumbaError("No implementation of matmul:\\n >>> matmul(array(float64), none)"))
    'matmul(array(float64), none)'
    """
    first, *others = str(error).splitlines()
    calls = (line.partition(">>>")[2].strip() for line in others if ">>>" in line)
    return next(calls, others[0] if others else first)
