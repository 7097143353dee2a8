"""The losses, each with the output unit that belongs to it.

With these pairs, the gradient of every loss with respect to the last pre-activation is the output
error e = ŷ - y. So a rule does not depend on the loss.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nofb import checks
from nofb.activations import ACTIVATIONS, Activation
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
    probabilities
        Whether outputs and targets are probabilities. One such output is enough for two classes.
    sums_to_one
        Whether the targets of a sample must sum to one; otherwise the gradient is not ŷ - y.
    """

    name: str
    unit: Callable[[Array, Array], object]
    total: Callable[[Array, Array], float]
    probabilities: bool = True
    sums_to_one: bool = False

    def mean(self, a: Array, target: Array) -> float:
        """Return the loss as a mean over samples, from the last pre-activation (N, n_outputs)."""
        return float(self.total(a, target)) / len(a)

    def __reduce__(self) -> str | tuple[Any, ...]:
        """Pickle and copy a loss of the table by its name: kernels cannot be pickled."""
        known = LOSSES.get(self.name) is self
        return (get, (self.name,)) if known else super().__reduce__()


ROUNDING = 1e-3  # how far a target may be outside its range
NUMBERING = "np.unique(y, return_inverse=True)[1]"

# fmt: off
LOSSES = {loss.name: loss for loss in [
    #     name                    ŷ                            loss
    Loss("cross_entropy",         kernels.softmax,             kernels.cross_entropy,
         sums_to_one=True),
    Loss("binary_cross_entropy",  ACTIVATIONS["logistic"].f,   kernels.binary_cross_entropy),
    Loss("squared_error",         ACTIVATIONS["identity"].f,   kernels.squared_error,
         probabilities=False),
]}
# fmt: on


def get(name: str) -> Loss:
    """Return the loss called `name`."""
    checks.choice("loss", name, LOSSES)
    return LOSSES[name]


def as_targets(y: Array, n_outputs: int, loss: Loss, dtype: FloatType, name: str = "y") -> Array:
    """Return targets (N, n_outputs): labels become one-hot rows, target rows stay unchanged.

    Labels 0 and 1 for one logistic output become a column.

    Parameters
    ----------
    y
        Labels, integers (N,), or targets (N, n_outputs).
    n_outputs
        The number of outputs of the network.
    loss
        The network's loss.
    dtype
        The network's floating-point type.
    name
        The name of y in an error.

    Returns
    -------
    Array
        A new array.

    Raises
    ------
    TypeError
        If labels are not integers.
    ValueError
        If a label has no output, a shape does not fit, or a target is not finite or not valid for
        this loss.

    Examples
    --------
    >>> as_targets(np.array([1, 0]), 2, get("cross_entropy"), np.float32).tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    >>> as_targets(np.array([1, 0]), 1, get("binary_cross_entropy"), np.float32).tolist()
    [[1.0], [0.0]]
    """
    y = np.asarray(y)
    if y.ndim == 1:
        return _from_labels(y, n_outputs, loss, dtype, name)
    if y.ndim != 2 or y.shape[1] != n_outputs:
        cure = "; for a column of labels: y.ravel().astype(int)" if y.shape[1:] == (1,) else ""
        raise ValueError(
            f"{name} has shape {y.shape}, but must be labels (N,) or targets (N, {n_outputs}){cure}"
        )
    target = checks.cast(name, y, dtype)
    check_rows(target, loss, name)
    return target.copy()


def check_rows(target: Array, loss: Loss, name: str = "y") -> None:
    """Refuse target rows (N, n_outputs) that are not valid for a loss, and name the first one.

    Examples
    --------
    >>> check_rows(np.array([[0.5, 0.5], [1.0, 1.0]]), get("cross_entropy"))
    Traceback (most recent call last):
    ...
    ValueError: y sums to 2 at sample 1, but cross_entropy needs targets that sum to 1
    >>> check_rows(np.array([[0.0], [2.0]]), get("binary_cross_entropy"))
    Traceback (most recent call last):
    ...
    ValueError: y holds 2 at sample 1, but binary_cross_entropy needs targets from 0 to 1
    """
    if loss.probabilities:
        outside = np.argwhere((target < -ROUNDING) | (target > 1 + ROUNDING))
        if outside.size:
            sample, output = outside[0]
            raise ValueError(
                f"{name} holds {target[sample, output]:g} at sample {sample}, but {loss.name} "
                "needs targets from 0 to 1"
            )
    sums = target.sum(axis=1)
    wrong = np.flatnonzero(np.abs(sums - 1) > ROUNDING)
    if loss.sums_to_one and wrong.size:
        raise ValueError(
            f"{name} sums to {sums[wrong[0]]:g} at sample {wrong[0]}, but {loss.name} needs "
            "targets that sum to 1"
        )


def _from_labels(labels: Array, n_outputs: int, loss: Loss, dtype: FloatType, name: str) -> Array:
    """Return one-hot rows, or the column of labels 0 and 1 for one logistic output."""
    if not np.issubdtype(labels.dtype, np.integer):
        raise TypeError(
            f"labels must be integers, but {name} has dtype {labels.dtype}: {_cure(labels)}"
        )
    if n_outputs == 1 and not loss.probabilities:
        raise ValueError(
            f"{name} is a vector of labels, but one output with {loss.name} takes real-valued "
            f"targets (N, 1): {name}.reshape(-1, 1)"
        )
    known = max(n_outputs, 2)
    wrong = np.flatnonzero((labels < 0) | (labels >= known))
    if wrong.size:
        served = "one output, for two classes" if n_outputs == 1 else f"{n_outputs} outputs"
        classes = len(np.unique(labels))
        cure = (
            f"{classes} classes need {classes} outputs"
            if labels.min() == 0 and labels.max() == classes - 1
            else f"{NUMBERING} numbers any labels from 0"
        )
        raise ValueError(
            f"{name} holds the label {labels[wrong[0]]} at sample {wrong[0]}, but the network has "
            f"{served}: labels are 0 to {known - 1}; {cure}"
        )
    if n_outputs == 1:
        return labels[:, None].astype(dtype)
    target = np.zeros((len(labels), n_outputs), dtype)
    target[np.arange(len(labels)), labels] = 1
    return target


def _cure(labels: Array) -> str:
    """Return a hint how to make labels integers."""
    if np.issubdtype(labels.dtype, np.floating):
        return "y.astype(int) for labels, y.reshape(-1, 1) for real-valued targets"
    return "y.astype(int)" if labels.dtype == bool else NUMBERING


def times_softmax_jacobian(signal: Array, h: Array) -> Array:
    """Return the signal times diag(h) - hᵀ h, which is its own transpose."""
    return (signal - (signal * h).sum(axis=1, keepdims=True)) * h


OUTPUT_UNITS = {  # as activations, for signals that pass back through them
    "cross_entropy": Activation("softmax", kernels.softmax, times_softmax_jacobian),
    "binary_cross_entropy": ACTIVATIONS["logistic"],
    "squared_error": ACTIVATIONS["identity"],
}
