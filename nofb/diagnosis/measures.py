"""What can be measured of a network and its rule: small objects that say what they mean.

A measure has a name, a meaning in words, and says what it compares. `nofb.fit` takes those that it
is asked for, and works out nothing that no measure needs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nofb.diagnosis import targets
from nofb.diagnosis.angles import angle, angles, norm_ratio, norm_ratios
from nofb.diagnosis.view import View
from nofb.rules import Rule
from nofb.rules.targets import TargetRule
from nofb.types import Array

Pairs = list[tuple[Array, ...]]  # of each layer, and nothing where one of the two is missing


@dataclass(frozen=True)
class Measure(ABC):
    """One number for each layer with weights.

    A batch may come in pieces, so a measure adds up what it needs, view by view.

    Parameters
    ----------
    name
        What it is called in a `History`.
    meaning
        What it compares, in words.
    """

    name: str
    meaning: str

    def applies_to(self, rule: Rule) -> bool:
        """Say whether the measure means anything for a rule."""
        return True

    @abstractmethod
    def add(self, total: Any, view: View) -> Any:
        """Return the total with this view added; it is `None` before the first one."""

    @abstractmethod
    def result(self, total: Any) -> Array:
        """Return the measure of all views, one entry for each layer, NaN where it has none."""


@dataclass(frozen=True)
class SignalMeasure(Measure):
    """Compares two teaching signals sample by sample; the result is the mean over samples.

    Parameters
    ----------
    compare
        Takes two signals (N, ...) and returns one value for each sample (N,).
    left, right
        The signals, quantities of a `View`.
    """

    compare: Callable[[Array, Array], Array]
    left: str
    right: str

    def add(self, total: list[Array] | None, view: View) -> list[Array]:
        values = [
            self.compare(*pair) if pair else np.empty(0)
            for pair in view.pairs(self.left, self.right)
        ]
        if total is None:
            return values
        return [np.concatenate(both) for both in zip(total, values, strict=True)]

    def result(self, total: list[Array]) -> Array:
        numbers = [values[~np.isnan(values)] for values in total]
        return np.array([each.mean() if each.size else np.nan for each in numbers])


@dataclass(frozen=True)
class MatrixMeasure(Measure):
    """Compares two matrices of every layer, such as the feedback with Wᵀ.

    Parameters
    ----------
    compare
        Takes two matrices and returns a number.
    left, right
        The matrices, quantities of a `View`.
    """

    compare: Callable[[Array, Array], float]
    left: str
    right: str

    def add(self, total: Pairs | None, view: View) -> Pairs:
        return view.pairs(self.left, self.right)

    def result(self, total: Pairs) -> Array:
        return np.array([self.compare(*pair) if pair else np.nan for pair in total])


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
    """Says something of targets and inverses, of the whole batch at once.

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

    def result(self, total: Array) -> Array:
        return total


# fmt: off
ALIGNMENT: tuple[Measure, ...] = (
    MatrixMeasure("weight_angle",
        "feedback matrix against Wᵀ, or against the product of the Wᵀ above it",
        angle, "feedback", "transport"),
    SignalMeasure("delta_angle_local",
        "teaching signal against Wᵀ's, given the same signal from above",
        angles, "delta", "local_delta"),
    SignalMeasure("delta_angle_end_to_end",
        "teaching signal against backprop's",
        angles, "delta", "true_delta"),
    StepMeasure("step_angle",
        "weight step against the true gradient",
        angle, "step", "true_step"),
    MatrixMeasure("weight_norm_ratio",
        "length of the feedback matrix / length of the matrix that it replaces",
        norm_ratio, "feedback", "transport"),
    SignalMeasure("delta_norm_ratio",
        "length of the teaching signal / length of backprop's",
        norm_ratios, "delta", "true_delta"),
    StepMeasure("step_norm_ratio",
        "length of the weight step / length of the true gradient",
        norm_ratio, "step", "true_step"),
)
GAUSS_NEWTON: tuple[Measure, ...] = (
    StepMeasure("gauss_newton_angle",
        "weight step against that of damped Gauss-Newton targets",
        angle, "step", "newton_step"),
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
        targets.unnoticed_shares),
)
# fmt: on
DEFAULT = ALIGNMENT + TARGETS
