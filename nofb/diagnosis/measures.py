"""The measures of a network and its rule: small objects with a name and a meaning.

A measure has a name, a meaning as text, and the quantities that it compares. `nofb.fit` computes
only what the requested measures need.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nofb.diagnosis import targets
from nofb.diagnosis.angles import angles_of, norm_ratios_of, products
from nofb.diagnosis.view import View
from nofb.rules import Rule
from nofb.rules.targets import TargetRule
from nofb.types import Array

Pairs = list[tuple[Array, ...]]  # of each layer, and nothing where one of the two is missing
Squares = list[Array]  # of each layer, what `products` gave


@dataclass(frozen=True)
class Measure(ABC):
    """One number for each layer with weights.

    A batch may be divided into pieces, so a measure is summed up over views.

    Parameters
    ----------
    name
        Its name in a `History`.
    meaning
        What it compares, as text.
    """

    name: str
    meaning: str

    def applies_to(self, rule: Rule) -> bool:
        """Return whether the measure has a meaning for a rule."""
        return True

    @property
    def total(self) -> tuple[str, ...]:
        """The key of the total; measures with the same key have one total."""
        return (self.name,)

    @abstractmethod
    def add(self, total: Any, view: View) -> Any:
        """Return the total with this view added; it is `None` before the first one."""

    def finish(self, total: Any) -> Any:
        """Return the argument of `result`, from the total of all views."""
        return total

    @abstractmethod
    def result(self, finished: Any) -> Array:
        """Return the measure of all views, one entry for each layer, NaN where it has none."""


@dataclass(frozen=True)
class Comparison(Measure):
    """Compares two quantities of every layer.

    Parameters
    ----------
    compare
        Takes the products of two arrays, see `nofb.diagnosis.angles.products`, and returns a value
        for each row.
    left, right
        The quantities of a `View`.
    """

    compare: Callable[[Array], Array]
    left: str
    right: str

    @property
    def total(self) -> tuple[str, ...]:
        return type(self).__name__, self.left, self.right


@dataclass(frozen=True)
class SignalMeasure(Comparison):
    """Compares two teaching signals (N, ...) sample by sample: the mean over samples."""

    def add(self, total: Squares | None, view: View) -> Squares:
        pairs = view.pairs(self.left, self.right)
        found = [products(*pair) if pair else np.empty((3, 0)) for pair in pairs]
        if total is None:
            return found
        return [np.concatenate(both, axis=1) for both in zip(total, found, strict=True)]

    def result(self, finished: Squares) -> Array:
        values = map(self.compare, finished)
        numbers = [each[~np.isnan(each)] for each in values]
        return np.array([each.mean() if each.size else np.nan for each in numbers])


@dataclass(frozen=True)
class MatrixMeasure(Comparison):
    """Compares two matrices of every layer, such as the feedback with Wᵀ."""

    def add(self, total: Pairs | None, view: View) -> Pairs:
        return view.pairs(self.left, self.right)

    def finish(self, total: Pairs) -> Squares:
        rows = (tuple(each.reshape(1, -1) for each in pair) for pair in total)
        return [products(*pair) if pair else np.full((3, 1), np.nan) for pair in rows]

    def result(self, finished: Squares) -> Array:
        return np.array([self.compare(each)[0] for each in finished])


@dataclass(frozen=True)
class StepMeasure(MatrixMeasure):
    """Compares two weight steps of every layer, means over all samples."""

    def add(self, total: Pairs | None, view: View) -> Pairs:
        pairs = super().add(total, view)
        if total is None:
            return pairs
        return [tuple(map(np.add, *both)) for both in zip(total, pairs, strict=True)]


@dataclass(frozen=True)
class TargetMeasure(Measure):
    """Measures targets and inverses, for the whole batch at once.

    Parameters
    ----------
    of_batch
        Takes a `View` and returns one value for each layer with weights.
    """

    of_batch: Callable[[View], Array]

    def applies_to(self, rule: Rule) -> bool:
        return isinstance(rule, TargetRule)

    def add(self, total: None, view: View) -> Array:
        return self.of_batch(view)

    def result(self, finished: Array) -> Array:
        return finished


# fmt: off
ALIGNMENT: tuple[Measure, ...] = (
    MatrixMeasure("weight_angle",
        "feedback matrix against Wᵀ, or against the product of the Wᵀ above it",
        angles_of, "feedback", "transport"),
    SignalMeasure("delta_angle_local",
        "teaching signal against Wᵀ's, given the same signal from above",
        angles_of, "delta", "local_delta"),
    SignalMeasure("delta_angle_end_to_end",
        "teaching signal against backprop's",
        angles_of, "delta", "true_delta"),
    StepMeasure("step_angle",
        "weight step against the true gradient",
        angles_of, "step", "true_step"),
    MatrixMeasure("weight_norm_ratio",
        "length of the feedback matrix / length of the matrix that it replaces",
        norm_ratios_of, "feedback", "transport"),
    SignalMeasure("delta_norm_ratio",
        "length of the teaching signal / length of backprop's",
        norm_ratios_of, "delta", "true_delta"),
    StepMeasure("step_norm_ratio",
        "length of the weight step / length of the true gradient",
        norm_ratios_of, "step", "true_step"),
)
GAUSS_NEWTON: tuple[Measure, ...] = (
    StepMeasure("gauss_newton_angle",
        "weight step against that of damped Gauss-Newton targets",
        angles_of, "step", "newton_step"),
)
TARGETS: tuple[Measure, ...] = (
    TargetMeasure("reconstruction_loss",
        "the loss that the inverse learns from",
        targets.reconstruction_losses),
    TargetMeasure("lipschitz",
        "of inverse ∘ layer - identity: iterating it helps where this is below 1",
        targets.lipschitz_constants),
    TargetMeasure("inverse_residual",
        "how far the target below misses the one above / how far that one is",
        targets.inverse_residuals),
    TargetMeasure("null_space_share",
        "the share of the target's change that the output does not notice",
        targets.null_space_fractions),
)
# fmt: on
DEFAULT = ALIGNMENT + TARGETS
