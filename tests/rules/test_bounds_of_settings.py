"""The ranges of the numbers of a rule and of an optimizer: what is allowed, and what is refused.

A number that can only be a mistake is refused where it is given, and one at the end of its range
is accepted. Each row of the table states for one name what the formulas allow.
"""

import inspect
import re

import numpy as np
import pytest
from stated import stated

from nofb import optimizers, rules, settings
from nofb.activations import ACTIVATIONS
from nofb.schedules import SCHEDULES

TINY = 1e-12
POSITIVE = (TINY, 1, 10), (0, -TINY)  # lengths, rates and widths
NOT_NEGATIVE = (0, TINY, 10), (-TINY,)
FRACTION = (0, TINY, 1 - 1e-9), (-TINY, 1, 2)  # fractions that are kept or lost in one step
COUNT = (1, 2, np.int64(7)), (0, -1)
COUNT_OR_NONE = (0, 1, 2), (-1,)
SWITCH = (True, False), (0, 1, "yes")
INITIALISER = ("xavier", "zeros", "uniform_fan_out"), ("xavyer", 3)

# For each name: allowed values, and refused values.
BOUNDS = {
    "lr": POSITIVE,
    "max_norm": POSITIVE,
    "max_gradient": POSITIVE,
    "layer_factors": (((0.0, 2.0), (1.0,)), ([-TINY], [], 0.5)),
    "momentum": FRACTION,
    "rho": FRACTION,
    "beta1": FRACTION,
    "beta2": FRACTION,
    "epsilon": POSITIVE,
    "nesterov": ((False,), (0, 1, "yes")),  # True needs momentum
    "decay": FRACTION,
    "feedback_init": INITIALISER,
    "shared": SWITCH,
    "entries": COUNT,
    "zero_weights": SWITCH,
    "scale": POSITIVE,
    "threshold": POSITIVE,
    "rate": POSITIVE,
    "pull": POSITIVE,
    "null": NOT_NEGATIVE,
    "renormalise": SWITCH,
    "centred": SWITCH,
    "bias": SWITCH,
    "width": POSITIVE,
    "samples": COUNT,
    "steps_before": COUNT_OR_NONE,
    "steps_between": COUNT_OR_NONE,
    "step_size": POSITIVE,
    "noise": NOT_NEGATIVE,
    "inverse_lr": POSITIVE,
    "inverse_optimizer": (list(optimizers.OPTIMIZERS), ("adma", "", None)),
    "inverse_schedule": (list(SCHEDULES), ("cosign", None)),
    "inverse_decay": FRACTION,
    "inverse_steps": COUNT_OR_NONE,
    "epochs_before": COUNT_OR_NONE,
    "epochs_between": COUNT_OR_NONE,
    "inverse_activation": (list(ACTIVATIONS), ("tahn", "")),
    "inverse_init": INITIALISER,
    "iterations": COUNT_OR_NONE,
    "damping": POSITIVE,
    "residual": FRACTION,
    "layer_norm": SWITCH,
    "minimum_norm": SWITCH,
    "gradient_at_top": SWITCH,
}
OPTIONAL = {  # they may be None
    "max_norm", "max_gradient", "layer_factors", "rate", "entries", "inverse_activation",
}  # fmt: skip
DIVIDES = (TINY, 1), (0, -TINY)  # a loss is divided by the width of this noise
# Where a rule, or an optimizer, takes another range for the same name.
OWN = {
    ("wm", "noise"): (("gaussian", "uniform"), ("gausian", 0.1)),
    ("wm", "samples"): ((2, 3), (1, 0)),  # the mean of a single response is the response itself
    ("ia", "samples"): ((2, 3), (1, 0)),
    ("ia", "decay"): ((TINY, 1 - 1e-9), (0, -TINY, 1)),  # the rate is decay / width²
    ("wm", "decay"): ((TINY, 1 - 1e-9), (0, -TINY, 1)),  # the same, where no rate is given
    ("sa", "decay"): POSITIVE,  # no fraction of B: it is multiplied by the rate
    ("sa", "rate"): ((TINY, 1 - 1e-9), (0, 1, None)),  # with decay 0.5, 2 rate decay is less than 1
    ("gnt", "damping"): NOT_NEGATIVE,  # 0 is the pseudo-inverse
    **{(name, "noise"): DIVIDES for name in ("ddtp", "dtp_drl", "itp_drl", "ldrl")},
} | stated("BOUNDS")
OTHER = {"schedule"}  # a name or a function, tested with the schedules


def fields():
    """Yield what is made, its short name, and each name of a setting."""
    for table in (rules.RULES, optimizers.OPTIMIZERS):
        for short, kind in table.items():
            if kind.__module__.startswith("nofb."):
                for name in inspect.signature(kind).parameters:
                    if name not in OTHER:
                        yield pytest.param(kind, short, name, id=f"{short}-{name}")


FIELDS = list(fields())


def bounds(short, name):
    """Return the allowed values, and the refused ones."""
    return OWN.get((short, name)) or BOUNDS[name]


@pytest.mark.parametrize(("kind", "short", "name"), FIELDS)
def test_a_setting_may_have_every_value_of_its_range_with_its_ends(kind, short, name):
    """A student must be able to set decay to 0."""
    for value in bounds(short, name)[0]:
        made = kind(**{name: value})
        if not name.endswith("_init"):
            assert getattr(made, name) == value


@pytest.mark.parametrize(("kind", "short", "name"), FIELDS)
def test_a_setting_outside_of_its_range_is_refused_by_name(kind, short, name):
    """A momentum of 1 never forgets, and a width of 0 would divide by zero after an hour."""
    for value in bounds(short, name)[1]:
        with pytest.raises((ValueError, TypeError), match=rf"\b{name}\b"):
            kind(**{name: value})


@pytest.mark.parametrize(("kind", "short", "name"), FIELDS)
def test_only_a_setting_with_a_meaning_for_none_may_be_none(kind, short, name):
    """None as a learning rate would fail only at the first step, in arithmetic."""
    if name in OPTIONAL and None not in bounds(short, name)[1]:
        assert getattr(kind(**{name: None}), name) is None
    else:
        with pytest.raises((ValueError, TypeError), match=rf"\b{name}\b"):
            kind(**{name: None})


@pytest.mark.parametrize(("kind", "short", "name"), FIELDS)
def test_no_setting_takes_infinity_or_not_a_number(kind, short, name):
    """Every comparison with NaN is false, so a wrong test of a bound would accept it."""
    for value in (float("nan"), float("inf")):
        with pytest.raises((ValueError, TypeError), match=rf"\b{name}\b"):
            kind(**{name: value})


def test_all_bounds_are_stated_in_one_sentence():
    """An error that names only one end would lead a student to the other one."""
    with pytest.raises(ValueError, match=re.escape("at least 0 and less than 1, but is 1")):
        rules.make("kp", decay=1)
    with pytest.raises(ValueError, match=re.escape("greater than 0 and less than 1, but is 0")):
        rules.make("ia", decay=0)


def test_a_number_is_converted_to_the_type_of_its_field():
    """An integer rate would divide as an integer, and a NumPy boolean is not `True`."""
    made = rules.make("wm", decay=np.float32(0.5), samples=np.int64(8), centred=np.bool_(True))
    assert type(made.decay) is float and type(made.samples) is int and made.centred is True
    assert type(optimizers.SGD(lr=1).lr) is float


def test_a_setting_at_its_default_is_not_listed_as_changed():
    """Otherwise the name of a run in a table would hold settings that the user did not give."""
    assert settings.changed(rules.make("wm")) == {}
    assert settings.changed(rules.make("wm", feedback_init="uniform_fan_out", decay=0.02)) == {}
    assert settings.changed(rules.make("wm", decay=0.5)) == {"decay": 0.5}
    assert settings.changed(optimizers.Adam(lr=0.5)) == {"lr": 0.5}


@pytest.mark.parametrize(
    "give",
    [
        lambda: settings.number(0.1, True),
        lambda: settings.whole(1, True),
        lambda: settings.choice("a", ["a"], True),
    ],
)
def test_a_bound_must_be_given_by_its_name(give):
    """In `number(0.1, 0, 1)` a reader could not see which end is open."""
    with pytest.raises(TypeError, match="positional"):
        give()
