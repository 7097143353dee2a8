"""The audit: which information a rule really uses, found by experiment and not by its own claim.

A rule lives twice, with one difference between its lives. If the steps that it asks for differ too,
then what was different has reached them.

What the weights are gets to a rule in three ways: by the forward pass, which nobody touches; by
what units say when the rule lets them answer once more, as a mirror does; and by looking at W. To
see the third alone, the weights of one layer are others while the rule works, and the units of that
layer are deaf: whatever reaches them, they answer the same.

What it can not tell: a rule that works out W from activities, as mirrors do, from one that does so
in a single step. And a rule that works out with a formula of its own what units would answer has
looked at W; it lets them answer by `layer.activation`, `layer.forward` or `layer.affine`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np

from nofb.audit.findings import Findings
from nofb.audit.stage import CALLS, EARLIER, LAST, LAYERS, Life, Taught, live
from nofb.rules import Rule, Uses, make
from nofb.trace import Trace
from nofb.types import Array

TOLERANCE = 1e-9  # of a step's length: what rounding could do
FALSE = 7  # seeds what takes the place of the truth
HIDDEN = LAYERS[:-1]

Falsehood = Callable[[Array], Array]


def audit(rule: str | Rule) -> Findings:
    """Find out what a rule uses.

    Parameters
    ----------
    rule
        A rule's short name, or a rule, which stays as it is.

    Returns
    -------
    Findings
        With `uses` in the terms of the rule's claim.

    Raises
    ------
    ValueError
        If two lives of the rule differ by themselves, so that nothing can be found out.

    Examples
    --------
    >>> audit("fa").uses == make("fa").uses
    True
    >>> audit("fa").activations, audit("dfa").activations
    (('own', 'above'), ('own',))
    """
    lives = Lives(make(rule) if isinstance(rule, str) else rule)
    looks = lives.looks(otherwise)
    sizes = lives.looks(resized) if looks.any() else looks
    stored = np.array([lives.last(Life(spoil=Reply(k))) for k in HIDDEN])
    changes = {**weights_read(looks, sizes), **lives.told(), "activations": largest(stored)}
    return Findings(
        Uses(**{use.name: changes[use.name] > 0 for use in fields(Uses)}),
        changes,
        when=lives.when(looks),
        layers=tuple(int(k) for k in np.flatnonzero(sizes.diagonal(-1))),
        others=where(above=np.tril(looks, -2), below=np.triu(looks, 1)),
        phases=where(**{"to learn": lives.deaf(EARLIER), "to teach": lives.deaf(LAST)}),
        activations=where(
            own=np.tril(np.triu(stored), 1), above=np.tril(stored, -1), below=np.triu(stored, 2)
        ),
    )


def weights_read(looks: Array, sizes: Array) -> dict[str, float]:
    """Return the answers about weights, from the changes [k, l] of layer l by those of layer k."""
    above = sizes.diagonal(-1)
    return {
        "transport": largest(above),
        "signs": 0.0 if above.any() else largest(looks.diagonal(-1)),
        "forward_weights": largest(looks.diagonal()),
        "others": largest(np.tril(looks, -2) + np.triu(looks, 1)),
    }


class Lives:
    """The lives of one rule, each compared with another that differs in one thing."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.truth = live(rule, Life())
        if change(self.truth, live(rule, Life())).any():
            raise ValueError(
                f"{rule!r} can not be audited: from the same start it teaches something else each "
                "time; let all that is random come from the generator that draw_feedback gets"
            )

    def told(self) -> dict[str, float]:
        """Return the answers about what a rule is told, draws and remembers."""
        learned = largest(self.last(Life(past=2)))
        return {
            "error": largest(self.last(Life(spoil=answer_otherwise))),
            "labels": min(largest(self.last(Life(spoil=lie))) for lie in (mislabel, swap_labels)),
            "feedback": 0.0 if learned else largest(self.last(Life(seed=1))),
            "learned_feedback": learned,
            "second_phase": largest(self.deaf(EARLIER)),
        }

    def deaf(self, part: str) -> Array:
        """Return by how much the last lesson differs if all units are deaf in one part of life."""
        return self.last(Life(deaf=tuple(LAYERS), deaf_in=(part,)))

    def last(self, life: Life) -> Array:
        """Return by how much the last lesson differs from the true one, for each hidden layer."""
        return change(self.truth[-1:], live(self.rule, life)[-1:])

    def looks(self, falsehood: Falsehood) -> Array:
        """Return by how much layer l changes when the weights of layer k are false: [k, l]."""
        return np.array([self.look(k, falsehood) for k in LAYERS])

    def look(self, k: int, falsehood: Falsehood, calls: tuple[str, ...] = CALLS) -> Array:
        """Return by how much each hidden layer changes when W_k is false, and its units deaf."""
        honest, lying = Life(deaf=(k,)), Life(deaf=(k,), false={k: falsehood}, calls=calls)
        return change(live(self.rule, honest), live(self.rule, lying))

    def when(self, looks: Array) -> tuple[str, ...]:
        """Return the calls in which the rule looks at the weights above."""
        read = [k for k in LAYERS[1:] if looks[k, k - 1]]
        return tuple(c for c in CALLS if any(self.look(k, otherwise, (c,)).any() for k in read))


def change(one: Taught, other: Taught) -> Array:
    """Return by which share of its length each hidden layer's step changes, at most."""
    lessons = zip(one, other, strict=True)
    return np.max([[share(u[k], v[k]) for k in HIDDEN] for u, v in lessons], axis=0)


def share(u: Array, v: Array) -> float:
    """Return ‖u - v‖ over the longer length; 0 for what rounding explains."""
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
    """Return random numbers in the shape of an array, which have nothing to do with it."""
    return np.random.default_rng(FALSE).normal(size=array.shape)


def resized(W: Array) -> Array:
    """Return W with all its signs, and other sizes."""
    return W * np.random.default_rng(FALSE).uniform(0.2, 2.0, W.shape)


def answer_otherwise(trace: Trace) -> None:
    """Change ŷ, and the error with it, but not y."""
    shout(trace, trace.output + otherwise(trace.output))
    trace.set_target(trace.target)


def mislabel(trace: Trace) -> None:
    """Change y alone, and let the error be what it was."""
    trace.target = trace.target + otherwise(trace.target)


def swap_labels(trace: Trace) -> None:
    """Change y and ŷ, so that the error stays what it was."""
    target = trace.target + otherwise(trace.target)
    shout(trace, trace.output + target - trace.target)
    trace.set_target(target)


def shout(trace: Trace, output: Array) -> None:
    """Let the linear outputs have been others."""
    record = trace[trace.net.weighted[-1]]
    record.a[:] = record.h[:] = output


@dataclass(frozen=True)
class Reply:
    """Lets a layer's units have answered otherwise."""

    layer: int

    def __call__(self, trace: Trace) -> None:
        record = trace[trace.net.weighted[self.layer]]
        record.a[:] = otherwise(record.a)
        record.h[:] = np.tanh(record.a)
