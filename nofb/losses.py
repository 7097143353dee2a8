"""The losses, each with the output unit that belongs to it.

Paired like this, the gradient of every loss with respect to the last pre-activation is the output
error e = ŷ - y, so that no rule needs to know which loss is in use.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nofb import checks
from nofb.activations import ACTIVATIONS
from nofb.kernels import losses as kernels
from nofb.types import Array, FloatType


@dataclass(frozen=True)
class Loss:
    """A loss and its output unit.

    Parameters
    ----------
    name
        Its name in `LOSSES`.
    unit
        `unit(a, output)` writes ŷ into `output`; both are (N, n_outputs).
    total
        `total(a, target)` is the loss summed over the samples of the batch.
    shares
        Whether the targets of a sample must sum to one, without which its gradient is not ŷ - y.
    """

    name: str
    unit: Callable[[Array, Array], object]
    total: Callable[[Array, Array], float]
    shares: bool = False

    def mean(self, a: Array, target: Array) -> float:
        """Return the loss as a mean over samples, from the last pre-activation (N, n_outputs)."""
        return float(self.total(a, target)) / len(a)

    def __reduce__(self) -> str | tuple[Any, ...]:
        """Pickle and copy a loss of the table by its name: kernels cannot be pickled."""
        known = LOSSES.get(self.name) is self
        return (get, (self.name,)) if known else super().__reduce__()


# fmt: off
LOSSES = {loss.name: loss for loss in [
    #     name                    ŷ                            loss
    Loss("cross_entropy",         kernels.softmax,             kernels.cross_entropy, shares=True),
    Loss("binary_cross_entropy",  ACTIVATIONS["logistic"].f,   kernels.binary_cross_entropy),
    Loss("squared_error",         ACTIVATIONS["identity"].f,   kernels.squared_error),
]}
# fmt: on


def get(name: str) -> Loss:
    """Return the loss called `name`."""
    checks.choice("loss", name, LOSSES)
    return LOSSES[name]


def check_shares(target: Array, name: str = "y") -> None:
    """Refuse target rows (N, n_outputs) that do not sum to one, and say which.

    Examples
    --------
    >>> check_shares(np.array([[0.5, 0.5], [1.0, 1.0]]))
    Traceback (most recent call last):
    ...
    ValueError: y sums to 2 at sample 1, but cross_entropy needs targets that sum to 1
    """
    sums = target.sum(axis=1)
    wrong = np.flatnonzero(np.abs(sums - 1) > 1e-3)
    if wrong.size:
        raise ValueError(
            f"{name} sums to {sums[wrong[0]]:g} at sample {wrong[0]}, but cross_entropy needs "
            "targets that sum to 1"
        )


def as_targets(y: Array, n_outputs: int, dtype: FloatType, name: str = "y") -> Array:
    """Return targets (N, n_outputs): labels become one-hot rows, target rows stay what they are.

    Parameters
    ----------
    y
        Labels, integers (N,), or targets (N, n_outputs).
    n_outputs
        How many outputs the network has.
    dtype
        The network's floating-point type.
    name
        What an error calls y.

    Raises
    ------
    TypeError
        If labels are not integers.
    ValueError
        If a label has no output, a shape does not fit, or a target is not finite.

    Examples
    --------
    >>> as_targets(np.array([1, 0]), 2, np.float32).tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    y = np.asarray(y)
    if y.ndim == 1:
        return _one_hot(y, n_outputs, dtype, name)
    if y.ndim != 2 or y.shape[1] != n_outputs:
        raise ValueError(
            f"{name} has shape {y.shape}, but must be labels (N,) or targets (N, {n_outputs})"
        )
    checks.real(name, y)
    checks.finite(name, y)
    return np.ascontiguousarray(y, dtype)


def _one_hot(labels: Array, n_outputs: int, dtype: FloatType, name: str) -> Array:
    if not np.issubdtype(labels.dtype, np.integer):
        raise TypeError(f"labels must be integers, but {name} has dtype {labels.dtype}")
    wrong = np.flatnonzero((labels < 0) | (labels >= n_outputs))
    if wrong.size:
        raise ValueError(
            f"{name} holds the label {labels[wrong[0]]} at sample {wrong[0]}, but the network has "
            f"{n_outputs} outputs: labels are 0 to {n_outputs - 1}"
        )
    target = np.zeros((len(labels), n_outputs), dtype)
    target[np.arange(len(labels)), labels] = 1
    return target
