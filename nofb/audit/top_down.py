"""What the top-down path of TOAST depends on, found by experiment: `top_down("toast")`.

A steered transformer runs twice, and one quantity differs the second time. What moves depends on
it. Then rules teach the path, and the weights are replaced meanwhile, as in the audit of rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from nofb import checks
from nofb.audit.experiments import fraction, otherwise
from nofb.audit.stage import Trial, run
from nofb.audit.steered import METHODS, build, scene
from nofb.audit.top_down_changes import (
    BACK,
    CHANGES,
    COLUMNS,
    FIRST,
    LATER,
    Change,
    another_token,
    reorder,
    start,
)
from nofb.layers import WeightedLayer
from nofb.rules import make
from nofb.transfer import Toast
from nofb.types import Array

RULES = ("bp", "sa", "wm", "kp", "fa", "dfa")
OWNERS = ("backbone", "path", "head")

Seen = Mapping[str, Array]  # each column's array, with samples and tokens as its first axes


@dataclass(frozen=True)
class TopDown:
    """What an audit of a top-down path found.

    Attributes
    ----------
    method
        The method's short name.
    moved
        For each thing that was changed, by which fraction of its length each column moved.
    reads
        For each rule, and each part of the path, whose weights it reads to teach that part; `None`
        where it teaches nothing.
    """

    method: str
    moved: Mapping[str, Mapping[str, float]]
    reads: Mapping[str, Mapping[str, tuple[str, ...] | None]]

    def moves(self, change: str) -> set[str]:
        """Return the columns that a change moves."""
        return {column for column, far in self.moved[change].items() if far}


def top_down(method: str = "toast", rules: Sequence[str] = RULES) -> TopDown:
    """Find out what the top-down path of a method depends on.

    Parameters
    ----------
    method
        "toast" or "toast_lite".
    rules
        The rules that teach it.

    Raises
    ------
    ValueError
        If the method has no top-down path.

    Examples
    --------
    >>> found = top_down(rules=["bp", "fa"])
    >>> sorted(found.moves("the length of ξ")), sorted(found.moves("the head"))
    ([], ['output'])
    >>> found.reads["bp"]["C"], found.reads["fa"]["C"]
    (('backbone', 'head'), ())
    """
    checks.choice("method", method, METHODS)
    plain = start(method).seen()
    moved = {name: compared(name, plain, _changed(method, change), change)
             for name, change in CHANGES.items()}  # fmt: skip
    return TopDown(method, moved, {rule: reads(rule, method) for rule in rules})


def compared(name: str, plain: Seen, other: Seen, change: Change) -> dict[str, float]:
    """Return by which fraction of its length each column moved."""
    if change is another_token:  # what the others make of it
        plain, other = ({c: a if c == "output" else a[:, :-1] for c, a in seen.items()}
                        for seen in (plain, other))  # fmt: skip
    if change is reorder:
        other = {c: a if c == "output" else a[:, BACK] for c, a in other.items()}
        for column in (FIRST, LATER):  # both ends of it are tokens
            other[column] = other[column][..., BACK]
    return {column: fraction(plain[column], other[column]) for column in COLUMNS}


def reads(rule: str, method: str = "toast") -> dict[str, tuple[str, ...] | None]:
    """Return for each part that is taught whose weights the rule reads; `None` if it is not."""
    model = build(method)
    places, count = _places(model), len(model.weighted)
    taught = places | {"ξ": [count]}  # which comes after all layers with weights
    path = [k for name in ("P", "A", "C", "V", "U") for k in places.get(name, [])]
    backbone = [k for k in range(count) if k not in [*path, *places["head"]]]
    found: dict[str, tuple[str, ...] | None] = dict.fromkeys(taught, ())
    for owner, replaced in zip(OWNERS, (backbone, path, places["head"]), strict=True):
        trial = Trial(constant=tuple(replaced))
        other = replace(trial, replaced=dict.fromkeys(replaced, otherwise))
        one, two = (run(make(rule), each, scene(method))[-1] for each in (trial, other))
        for name, known in found.items():
            if all(k >= len(one) or not one[k].any() for k in taught[name]):
                found[name] = None
            elif any(fraction(one[k], two[k]) for k in taught[name]):
                found[name] = (*(known or ()), owner)
    return found


def _places(model: Toast) -> dict[str, list[int]]:
    """Return where the layers with weights stand that the method adds."""
    return {name: [model.weighted.index(each) for each in layers if isinstance(each, WeightedLayer)]
            for name, layers in model.groups().items()}  # fmt: skip


def _changed(method: str, change: Change) -> Seen:
    it = start(method)
    change(it)
    return it.seen()
