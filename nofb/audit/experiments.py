"""The audit: experiments that measure which information a rule really uses.

A rule is run twice, in two trials that differ in one thing. If its updates differ too, then they
depend on this thing.

A rule can get information about weights in three ways: from the forward pass, which is never
changed; from the response of units to signals of the rule, like a weight mirror; and from W itself.
To measure the third alone, the weights of one layer are replaced while the rule computes its
updates, and the outputs of this layer are held constant.

The audit cannot distinguish a rule that infers W from activities over many steps, like a weight
mirror, from a rule that does this in a single step. A rule that computes the response of units with
its own formula reads W. To avoid this, call the layer, or `layer.activation`, `layer.forward` or
`layer.affine`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np

from nofb.audit.findings import Findings
from nofb.audit.stage import CALLS, EARLIER, LAST, LAYERS, Taught, Trial, run
from nofb.rules import Rule, Uses, make
from nofb.trace import Trace
from nofb.types import Array

TOLERANCE = 1e-9  # of the length of a step: larger than rounding errors
SEED = 7  # of what replaces weights, outputs and labels
HIDDEN = LAYERS[:-1]

Replacement = Callable[[Array], Array]


def audit(rule: str | Rule) -> Findings:
    """Measure what a rule uses.

    Parameters
    ----------
    rule
        A short name, or a rule, which is not changed.

    Returns
    -------
    Findings
        Its `uses` can be compared with the claim of the rule.

    Raises
    ------
    ValueError
        If two equal trials of the rule differ, so that nothing can be measured.

    Examples
    --------
    >>> audit("fa").uses == make("fa").uses
    True
    >>> audit("fa").activations, audit("dfa").activations
    (('own', 'above'), ('own',))
    """
    trials = Trials(make(rule) if isinstance(rule, str) else rule)
    read = trials.reads(otherwise)
    sizes = trials.reads(resized) if read.any() else read
    stored = np.array([trials.last(Trial(spoil=Respond(k))) for k in HIDDEN])
    changes = {**weights_read(read, sizes), **trials.inputs(), "activations": largest(stored)}
    return Findings(
        Uses(**{use.name: changes[use.name] > 0 for use in fields(Uses)}),
        changes,
        when=trials.when(read),
        layers=tuple(int(k) for k in np.flatnonzero(sizes.diagonal(-1))),
        others=where(above=np.tril(read, -2), below=np.triu(read, 1)),
        phases=where(**{"to learn": trials.constant(EARLIER), "to teach": trials.constant(LAST)}),
        activations=where(
            own=np.tril(np.triu(stored), 1), above=np.tril(stored, -1), below=np.triu(stored, 2)
        ),
    )


def weights_read(read: Array, sizes: Array) -> dict[str, float]:
    """Return which weights are used, from the changes [k, l] of layer l by those of layer k."""
    above = sizes.diagonal(-1)
    return {
        "transport": largest(above),
        "signs": 0.0 if above.any() else largest(read.diagonal(-1)),
        "forward_weights": largest(read.diagonal()),
        "others": largest(np.tril(read, -2) + np.triu(read, 1)),
    }


class Trials:
    """The trials of one rule, each compared with another that differs in one thing."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.unchanged = run(rule, Trial())
        if change(self.unchanged, run(rule, Trial())).any():
            raise ValueError(
                f"{rule!r} cannot be audited: from the same start it teaches something else each "
                "time; let all that is random come from the generator that draw_feedback gets"
            )

    def inputs(self) -> dict[str, float]:
        """Return how much the updates depend on error, labels, random numbers and earlier steps."""
        learned = largest(self.last(Trial(past=2)))
        noise = None if self.rule.uses.feedback else 0  # what is drawn anew in each step
        return {
            "error": largest(self.last(Trial(spoil=change_output))),
            "labels": min(largest(self.last(Trial(spoil=f))) for f in (change_labels, swap_labels)),
            "feedback": 0.0 if learned else largest(self.last(Trial(1, noise))),
            "learned_feedback": learned,
            "second_phase": largest(self.constant(EARLIER)),
            "second_pass": largest(self.last(Trial(constant_again=True))),
        }

    def constant(self, part: str) -> Array:
        """Return by how much the last step differs if all outputs are constant in one part.

        Further forward passes of the whole network are excluded; another question measures them.
        """
        trial = Trial(constant=tuple(LAYERS), constant_in=(part,), constant_again=False)
        return self.last(trial)

    def last(self, trial: Trial) -> Array:
        """Return by how much the last step differs from the unchanged one, layer by layer."""
        return change(self.unchanged[-1:], run(self.rule, trial)[-1:])

    def reads(self, replacement: Replacement) -> Array:
        """Return by how much layer l changes when the weights of layer k are replaced: [k, l]."""
        return np.array([self.read(k, replacement) for k in LAYERS])

    def read(self, k: int, replacement: Replacement, calls: tuple[str, ...] = CALLS) -> Array:
        """Return by how much each hidden layer changes with W_k, while the output of k is held."""
        kept = Trial(constant=(k,))
        other = Trial(constant=(k,), replaced={k: replacement}, calls=calls)
        return change(run(self.rule, kept), run(self.rule, other))

    def when(self, read: Array) -> tuple[str, ...]:
        """Return the calls in which the rule reads the weights above."""
        above = [k for k in LAYERS[1:] if read[k, k - 1]]
        return tuple(c for c in CALLS if any(self.read(k, otherwise, (c,)).any() for k in above))


def change(one: Taught, other: Taught) -> Array:
    """Return by which fraction of its length each hidden layer's step changes, at most."""
    steps = zip(one, other, strict=True)
    return np.max([[fraction(u[k], v[k]) for k in HIDDEN] for u, v in steps], axis=0)


def fraction(u: Array, v: Array) -> float:
    """Return ‖u - v‖ over the longer length; 0 if it is within rounding errors."""
    length = max(np.linalg.norm(u), np.linalg.norm(v))
    far = float(np.linalg.norm(u - v) / length) if length else 0.0
    return far if far > TOLERANCE else 0.0


def largest(changes: Array) -> float:
    """Return the largest change."""
    return float(np.max(changes))


def where(**changes: Array) -> tuple[str, ...]:
    """Return the places where there is any change."""
    return tuple(place for place, found in changes.items() if found.any())


# -- what can be changed -----------------------------------------------------------------------


def otherwise(array: Array) -> Array:
    """Return random numbers in the shape of an array, independent of it."""
    return np.random.default_rng(SEED).normal(size=array.shape)


def resized(W: Array) -> Array:
    """Return a matrix with the signs of W and other magnitudes."""
    return W * np.random.default_rng(SEED).uniform(0.2, 2.0, W.shape)


def change_output(trace: Trace) -> None:
    """Change ŷ, and the error with it, but not y."""
    set_output(trace, trace.output + otherwise(trace.output))
    trace.set_target(trace.target)


def change_labels(trace: Trace) -> None:
    """Change only y; the error does not change."""
    trace.target = trace.target + otherwise(trace.target)


def swap_labels(trace: Trace) -> None:
    """Change y and ŷ in such a way that the error does not change."""
    target = trace.target + otherwise(trace.target)
    set_output(trace, trace.output + target - trace.target)
    trace.set_target(target)


def set_output(trace: Trace, output: Array) -> None:
    """Replace the linear outputs that the forward pass left."""
    record = trace[trace.net.weighted[-1]]
    record.a[:] = record.h[:] = output


@dataclass(frozen=True)
class Respond:
    """Replaces the response of a layer's units in the trace of the forward pass."""

    layer: int

    def __call__(self, trace: Trace) -> None:
        record = trace[trace.net.weighted[self.layer]]
        record.a[:] = otherwise(record.a)
        record.h[:] = np.tanh(record.a)
