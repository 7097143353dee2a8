"""The probe: the samples and the measures that compare a rule with backprop after each epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nofb import checks
from nofb.diagnosis.measures import DEFAULT, Measure
from nofb.types import Array

Samples = tuple[Array, Array]


@dataclass(frozen=True, eq=False)
class Probe:
    """The measures that `nofb.fit` computes after each epoch, and their samples.

    Parameters
    ----------
    samples
        The number of test samples, the first ones of the split; 0 for none. Or other samples, as
        (x, y).
    measures
        The measures on these samples. `nofb.diagnosis` has `ALIGNMENT`, `GAUSS_NEWTON` and
        `TARGETS`, tuples of measures that can be added. Measures of `TARGETS` are left out for a
        rule that sends no targets.

    Raises
    ------
    TypeError, ValueError
        If the samples or the measures are invalid.

    Examples
    --------
    >>> from nofb.diagnosis import ALIGNMENT, GAUSS_NEWTON
    >>> probe = Probe(samples=200, measures=ALIGNMENT + GAUSS_NEWTON)
    >>> probe.measures[-1].meaning
    'weight step against that of damped Gauss-Newton targets'
    """

    samples: int | Samples = 100
    measures: Sequence[Measure] = DEFAULT

    def __post_init__(self) -> None:
        object.__setattr__(self, "samples", _checked_samples("samples", self.samples))
        object.__setattr__(self, "measures", _checked_measures(self.measures))

    @classmethod
    def of(cls, given: Probe | int | Samples) -> Probe:
        """Return the given probe, or one with the given samples."""
        return given if isinstance(given, Probe) else cls(_checked_samples("probe", given))


def _checked_samples(name: str, given: int | Samples) -> int | Samples:
    if isinstance(given, tuple) and len(given) == 2:
        return given
    if isinstance(given, int | np.integer):
        return checks.whole(name, given, least=0)
    raise TypeError(
        f"{name} must be a number of test samples, or a pair of other samples (x, y), but is a "
        f"{type(given).__name__}"
    )


def _checked_measures(given: Sequence[Measure]) -> tuple[Measure, ...]:
    if isinstance(given, str | Measure):
        raise TypeError(f"measures must be a list, but is {given!r}: put it in []")
    for measure in given:
        if not isinstance(measure, Measure):
            raise TypeError(
                "measures must hold measures of nofb.diagnosis, such as ALIGNMENT, "
                f"GAUSS_NEWTON and TARGETS have, but holds {measure!r}"
            )
    return tuple(given)
