"""The learning rules, one file each, and their short names.

`RULES` maps each short name to its class; `make("fa")` builds one. A rule of one's own joins them
by `enrol`, or where a command is given its address, module:Class.
"""

import inspect
from contextlib import suppress

from nofb import checks, fingerprint
from nofb.rules.backprop import Backprop
from nofb.rules.base import Rule, Uses
from nofb.rules.difference_reconstruction import DifferenceReconstruction
from nofb.rules.difference_target_propagation import DifferenceTargetPropagation
from nofb.rules.direct_difference_target_propagation import DirectDifferenceTargetPropagation
from nofb.rules.direct_feedback_alignment import DirectFeedbackAlignment
from nofb.rules.direct_feedback_to_blocks import DirectFeedbackToBlocks
from nofb.rules.direct_kolen_pollack import DirectKolenPollack
from nofb.rules.direct_random_target_projection import DirectRandomTargetProjection
from nofb.rules.error_sign import ErrorSignFeedbackAlignment
from nofb.rules.feedback_alignment import FeedbackAlignment
from nofb.rules.fixed_weight_difference_target_propagation import (
    FixedWeightDifferenceTargetPropagation,
)
from nofb.rules.forward_forward import ForwardForward
from nofb.rules.gauss_newton_targets import GaussNewtonTargets
from nofb.rules.indirect_feedback_alignment import IndirectFeedbackAlignment, RandomRelay
from nofb.rules.information_alignment import InformationAlignment
from nofb.rules.iterated_difference_reconstruction import IteratedDifferenceReconstruction
from nofb.rules.iterated_inverses import (
    IteratedFromInverse,
    IteratedInOutputSpace,
    IteratedInverses,
)
from nofb.rules.kolen_pollack import KolenPollack, KolenPollackReleased
from nofb.rules.local_difference_reconstruction import LocalDifferenceReconstruction
from nofb.rules.node_perturbation_feedback import NodePerturbationFeedback
from nofb.rules.own import address, checked, is_own, load
from nofb.rules.pepita import Pepita
from nofb.rules.shallow import Shallow
from nofb.rules.sign_symmetry import (
    BatchwiseRandomSignSymmetry,
    FixedRandomSignSymmetry,
    UniformSignSymmetry,
)
from nofb.rules.simplified_difference_target_propagation import (
    SimplifiedDifferenceTargetPropagation,
)
from nofb.rules.symmetric_alignment import SymmetricAlignment
from nofb.rules.target_propagation import TargetPropagation
from nofb.rules.weight_mirror import WeightMirror, WeightMirrorReleased
from nofb.text import printable
from nofb.updates import Signals

__all__ = [
    "COMPARED",
    "CONTROLS",
    "NEIGHBOURS",
    "RELEASED",
    "RULES",
    "TARGETS",
    "Backprop",
    "BatchwiseRandomSignSymmetry",
    "DifferenceReconstruction",
    "DifferenceTargetPropagation",
    "DirectDifferenceTargetPropagation",
    "DirectFeedbackAlignment",
    "DirectFeedbackToBlocks",
    "DirectKolenPollack",
    "DirectRandomTargetProjection",
    "ErrorSignFeedbackAlignment",
    "FeedbackAlignment",
    "FixedRandomSignSymmetry",
    "FixedWeightDifferenceTargetPropagation",
    "ForwardForward",
    "GaussNewtonTargets",
    "IndirectFeedbackAlignment",
    "InformationAlignment",
    "IteratedDifferenceReconstruction",
    "IteratedFromInverse",
    "IteratedInOutputSpace",
    "IteratedInverses",
    "KolenPollack",
    "KolenPollackReleased",
    "LocalDifferenceReconstruction",
    "NodePerturbationFeedback",
    "Pepita",
    "RandomRelay",
    "Rule",
    "Shallow",
    "Signals",
    "SimplifiedDifferenceTargetPropagation",
    "SymmetricAlignment",
    "TargetPropagation",
    "UniformSignSymmetry",
    "Uses",
    "WeightMirror",
    "WeightMirrorReleased",
    "enrol",
    "find",
    "make",
]

RULES: dict[str, type[Rule]] = {
    rule.name: rule
    for rule in (
        Backprop,
        FeedbackAlignment,
        DirectFeedbackAlignment,
        DirectFeedbackToBlocks,
        IndirectFeedbackAlignment,
        UniformSignSymmetry,
        BatchwiseRandomSignSymmetry,
        FixedRandomSignSymmetry,
        WeightMirror,
        WeightMirrorReleased,
        KolenPollack,
        KolenPollackReleased,
        DirectKolenPollack,
        SymmetricAlignment,
        InformationAlignment,
        NodePerturbationFeedback,
        DirectRandomTargetProjection,
        ErrorSignFeedbackAlignment,
        Pepita,
        ForwardForward,
        TargetPropagation,
        DifferenceTargetPropagation,
        SimplifiedDifferenceTargetPropagation,
        IteratedInverses,
        IteratedDifferenceReconstruction,
        DirectDifferenceTargetPropagation,
        DifferenceReconstruction,
        LocalDifferenceReconstruction,
        FixedWeightDifferenceTargetPropagation,
        GaussNewtonTargets,
        Shallow,
    )
}

CONTROLS = ("bp", "shallow")  # the ceiling and the floor of every comparison
RELEASED = ("wm_released", "kp_released")  # as their authors' code has them, flaws and all
# of the mirror, of direct feedback, and without a way back: for those who look closely
NEIGHBOURS = ("sa", "ia", "np_feedback", "dkp", "dfa_blocks", "pepita", "ff")
# what sends targets, and what they would best be
TARGETS = ("tp", "dtp", "sdtp", "itp", "itp_drl", "ddtp", "dtp_drl", "ldrl", "fwdtp", "gnt")
ASKED_FOR = RELEASED + NEIGHBOURS + TARGETS
COMPARED = tuple(name for name in RULES if name not in ASKED_FOR)  # where no rules are named
VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def enrol(rule: type[Rule]) -> type[Rule]:
    """Add a rule of one's own to `RULES`, so that all of nofb knows it by its short name.

    Parameters
    ----------
    rule
        The class. It replaces an earlier one from the same place, as when a cell of a notebook is
        run again.

    Raises
    ------
    ValueError
        If it is no class of a rule, does not say its name, what it uses, or what it teaches, or has
        the name of another rule.

    Examples
    --------
    >>> class Mine(FeedbackAlignment):
    ...     pass
    >>> enrol(Mine)
    Traceback (most recent call last):
    ...
    ValueError: Mine calls itself 'fa', as FeedbackAlignment does: give it a name of its own
    """
    name = checked(rule).name
    there = RULES.get(name, rule)
    if there is not rule and not is_own(there):
        raise ValueError(
            f"{rule.__name__} calls itself {name!r}, as {there.__name__} does: "
            "give it a name of its own"
        )
    if address(there) != address(rule):
        raise ValueError(
            f"{address(rule)} calls itself {name!r}, as {address(there)} does: give it a name of "
            f"its own, or take the other one off first with del nofb.rules.RULES[{name!r}]"
        )
    RULES[name] = rule
    with suppress(fingerprint.UnknownCodeError):  # it is said where it makes a difference
        fingerprint.of_class(rule)  # takes note of its files as they are now
    return rule


def find(word: str, argument: str = "rule") -> type[Rule]:
    """Return the rule with this short name, or the one at an address, which is then enrolled.

    Parameters
    ----------
    word
        A key of `RULES`, or module:Class.
    argument
        What an error calls it.

    Raises
    ------
    ValueError
        If there is none, or it is none that could be used.

    Examples
    --------
    >>> find("fa") is find("nofb.rules.feedback_alignment:FeedbackAlignment") is FeedbackAlignment
    True
    """
    if isinstance(word, str) and ":" in word:
        return enrol(load(word))
    if word not in RULES:
        own = word[:-3] if isinstance(word, str) and word.endswith(".py") else ""
        own = f"or module:Class, such as {own if own.isidentifier() else 'my_rule'}:MyRule"
        checks.choice(argument, word, [*RULES, own])
    return checked(RULES[word])


def make(name: str, **attributes: object) -> Rule:
    """Build the rule with this short name.

    Parameters
    ----------
    name
        A key of `RULES`, or module:Class.
    attributes
        The rule's hyper-parameters. `preset` is a name in the rule's `presets`, for the settings of
        a paper; what else is given counts instead of them.

    Raises
    ------
    ValueError
        If no rule has this name, or the rule has no such attribute; both list what there is. If
        an attribute without a default is left out, or a rule of one's own cannot be built.

    Examples
    --------
    >>> make("dfa", entries=1)
    DirectFeedbackAlignment(entries=1)
    >>> make("dtp", preset="meulemans2020").step_size
    0.2195
    >>> make("bq")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: rule is 'bq', but must be one of: bp, fa, dfa, ifa, ...
    """
    rule = find(name)
    if (preset := attributes.pop("preset", None)) is not None:
        if not rule.presets:
            raise ValueError(f"preset is {preset!r}, but rule {rule.name!r} has no presets")
        checks.choice(f"preset of rule {rule.name!r}", preset, rule.presets)
        attributes = rule.presets[str(preset)] | attributes
    parameters = inspect.signature(rule).parameters
    for attribute in attributes:
        if attribute not in parameters:
            has = ", ".join(parameters) or "none"
            raise ValueError(f"rule {rule.name!r} has no attribute {attribute!r}; it has: {has}")
    for parameter in parameters.values():
        optional = parameter.default is not parameter.empty or parameter.kind in VARIADIC
        if parameter.name not in attributes and not optional:
            raise ValueError(f"rule {rule.name!r} needs {parameter.name!r}: give it a default")
    try:
        return rule(**attributes)
    except (Exception, SystemExit) as error:  # whatever a stranger's __init__ does
        if not is_own(rule) or isinstance(error, ValueError | OSError):
            raise
        text = f"{type(error).__name__}: {printable(str(error))}"
        raise ValueError(f"{name} cannot be built: {text}") from error
