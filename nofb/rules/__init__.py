"""The learning rules, one file each, and their short names.

`RULES` maps each short name to its class; `make("fa")` builds one.
"""

import inspect

from nofb import checks
from nofb.rules.backprop import Backprop
from nofb.rules.base import Rule, Signals, Uses
from nofb.rules.direct_feedback_alignment import DirectFeedbackAlignment
from nofb.rules.direct_random_target_projection import DirectRandomTargetProjection
from nofb.rules.error_sign import ErrorSignFeedbackAlignment
from nofb.rules.feedback_alignment import FeedbackAlignment
from nofb.rules.indirect_feedback_alignment import IndirectFeedbackAlignment
from nofb.rules.information_alignment import InformationAlignment
from nofb.rules.kolen_pollack import KolenPollack, KolenPollackReleased
from nofb.rules.node_perturbation_feedback import NodePerturbationFeedback
from nofb.rules.shallow import Shallow
from nofb.rules.sign_symmetry import (
    BatchwiseRandomSignSymmetry,
    FixedRandomSignSymmetry,
    UniformSignSymmetry,
)
from nofb.rules.symmetric_alignment import SymmetricAlignment
from nofb.rules.weight_mirror import WeightMirror, WeightMirrorReleased

__all__ = [
    "COMPARED",
    "CONTROLS",
    "NEIGHBOURS",
    "RELEASED",
    "RULES",
    "Backprop",
    "BatchwiseRandomSignSymmetry",
    "DirectFeedbackAlignment",
    "DirectRandomTargetProjection",
    "ErrorSignFeedbackAlignment",
    "FeedbackAlignment",
    "FixedRandomSignSymmetry",
    "IndirectFeedbackAlignment",
    "InformationAlignment",
    "KolenPollack",
    "KolenPollackReleased",
    "NodePerturbationFeedback",
    "Rule",
    "Shallow",
    "Signals",
    "SymmetricAlignment",
    "UniformSignSymmetry",
    "Uses",
    "WeightMirror",
    "WeightMirrorReleased",
    "make",
]

RULES: dict[str, type[Rule]] = {
    rule.name: rule
    for rule in (
        Backprop,
        FeedbackAlignment,
        DirectFeedbackAlignment,
        IndirectFeedbackAlignment,
        UniformSignSymmetry,
        BatchwiseRandomSignSymmetry,
        FixedRandomSignSymmetry,
        WeightMirror,
        WeightMirrorReleased,
        KolenPollack,
        KolenPollackReleased,
        SymmetricAlignment,
        InformationAlignment,
        NodePerturbationFeedback,
        DirectRandomTargetProjection,
        ErrorSignFeedbackAlignment,
        Shallow,
    )
}

CONTROLS = ("bp", "shallow")  # the ceiling and the floor of every comparison
RELEASED = ("wm_released", "kp_released")  # as their authors' code has them, flaws and all
NEIGHBOURS = ("sa", "ia", "np_feedback")  # of the mirror: for those who look at it closely
COMPARED = tuple(name for name in RULES if name not in RELEASED + NEIGHBOURS)  # unless asked for


def make(name: str, **attributes: object) -> Rule:
    """Build the rule with this short name.

    Parameters
    ----------
    name
        A key of `RULES`.
    attributes
        The rule's hyper-parameters.

    Raises
    ------
    ValueError
        If no rule has this name, or the rule has no such attribute; both list what there is.

    Examples
    --------
    >>> make("dfa", entries=1)
    DirectFeedbackAlignment()
    >>> make("bq")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: rule is 'bq', but must be one of: bp, fa, dfa, ifa, ...
    """
    checks.choice("rule", name, RULES)
    known = list(inspect.signature(RULES[name]).parameters)
    for attribute in attributes:
        if attribute not in known:
            has = ", ".join(known) or "none"
            raise ValueError(f"rule {name!r} has no attribute {attribute!r}; it has: {has}")
    return RULES[name](**attributes)
