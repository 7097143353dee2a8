"""The defaults of rules, optimizers and layers: public numbers, each written down once.

Tables, sweeps and kept runs name only what differs from a default. If a default changed by
mistake, all of them would have another meaning.
"""

import dataclasses
import inspect

import pytest
from stated import stated

import nofb
from nofb import optimizers, rules, schedules
from nofb.diagnosis import DEFAULT

DRAWN = {"feedback_init": "uniform_fan_out"}
DIRECT = DRAWN | {"shared": False, "entries": None, "zero_weights": False}
MIRROR = DRAWN | {
    "decay": 0.02, "width": 0.1, "samples": 64, "steps_before": 200, "steps_between": 1,
}  # fmt: skip
TARGETS = {
    "step_size": 0.1, "noise": 0.1, "inverse_lr": 0.001, "inverse_optimizer": "adam",
    "inverse_schedule": "constant", "inverse_decay": 0.0, "inverse_steps": 1, "epochs_before": 0,
    "epochs_between": 0, "inverse_activation": None, "inverse_init": "xavier",
}  # fmt: skip
ITERATED = TARGETS | {
    "iterations": 3, "damping": 1.0, "residual": 0.0,
    "layer_norm": True, "minimum_norm": False,
}  # fmt: skip
MEULEMANS = {"step_size": 0.0686, "noise": 0.0569, "epochs_before": 1}  # theirs, on MNIST

RULES = {
    "bp": {},
    "shallow": {},
    "fa": DRAWN,
    "dfa": DIRECT,
    "dfa_blocks": DRAWN,
    "sdfa": DIRECT,
    "drtp": DIRECT,
    "ifa": DRAWN,
    "usf": {"scale": 1.0},
    "brsf": {"scale": 1.0},
    "frsf": {"scale": 1.0},
    "wm": MIRROR
    | {"rate": None, "renormalise": False, "noise": "gaussian", "centred": True, "bias": False},
    "wm_released": DRAWN | {"steps_before": 468},  # as many as an epoch of MNIST has batches of 128
    "ia": MIRROR | {"null": 1.0},
    "kp": DRAWN | {"decay": 0.001},
    "kp_released": DRAWN,
    "sa": DRAWN | {"rate": 0.02, "decay": 0.5, "pull": 1.0},
    "np_feedback": DRAWN | {"width": 0.01},
    "tp": TARGETS,
    "dtp": TARGETS
    | {
        "step_size": 0.003277, "noise": 0.3598, "inverse_lr": 0.005011, "inverse_steps": 0,
        "inverse_optimizer": "rmsprop", "epochs_before": 1, "epochs_between": 1,
        "inverse_init": "orthogonal", "gradient_at_top": True,
    },
    "sdtp": TARGETS | {"step_size": 1.0, "inverse_init": "orthogonal"},
    "itp": ITERATED,
    "itp_drl": TARGETS
    | MEULEMANS
    | {"inverse_init": "zeros", "iterations": 2, "damping": 0.5},
    "ddtp": TARGETS
    | {"step_size": 0.061, "noise": 0.0908, "epochs_before": 1, "inverse_activation": "identity"},
    "dtp_drl": TARGETS | MEULEMANS,
    "ldrl": TARGETS | {"step_size": 0.7, "inverse_steps": 5, "inverse_activation": "identity"},
    "fwdtp": TARGETS | {"inverse_steps": 0},
    "gnt": {"damping": 0.01},
} | stated("DEFAULTS")  # fmt: skip

OPTIMIZER = {
    "lr": 0.001, "schedule": "constant", "decay": 0.0, "max_norm": None, "max_gradient": None,
    "layer_factors": None,
}  # fmt: skip
ADAM = OPTIMIZER | {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
LAYER = {"activation": None, "init": "xavier", "bias": True, "bias_init": "zeros"}
OTHERS = {
    optimizers.SGD: OPTIMIZER | {"lr": 0.1, "momentum": 0.0, "nesterov": False},
    optimizers.RMSprop: OPTIMIZER | {"rho": 0.99, "epsilon": 1e-8},
    optimizers.Adam: ADAM,
    optimizers.AdamW: ADAM | {"decay": 1e-5},
    schedules.step: {"every": 30, "factor": 0.1},
    schedules.inverse_time: {"rate": 0.1},
    schedules.warmup: {"fraction": 0.1, "then": "cosine"},
    nofb.Dense: LAYER,
    nofb.Conv2D: LAYER | {"stride": 1, "padding": 0},
}

USES = {
    "shallow": "",
    "bp gnt": "error transport",
    "fa dfa dfa_blocks sdfa fwdtp": "error feedback",
    "drtp": "labels feedback",
    "ifa": "error forward_weights feedback",
    "usf": "error signs",
    "brsf frsf": "error signs feedback",
    "kp kp_released": "error learned_feedback",
    "np_feedback": "error learned_feedback second_pass",
    "sa": "error transport learned_feedback",
    "wm wm_released ia tp sdtp itp itp_drl ddtp dtp_drl ldrl": (
        "error learned_feedback second_phase"
    ),
    "dtp": "error transport learned_feedback second_phase",
} | stated("USES")


def defaults(of: object) -> dict[str, object]:
    """Return the default of each parameter that has one."""
    parameters = inspect.signature(of).parameters.items()
    return {name: each.default for name, each in parameters if each.default is not each.empty}


@pytest.mark.parametrize("name", RULES)
def test_a_rule_has_the_defaults_that_its_page_states(name):
    """A kept run that names no decay was made with this default."""
    assert defaults(rules.RULES[name]) == RULES[name]


@pytest.mark.parametrize("of", OTHERS)
def test_an_optimizer_a_schedule_and_a_layer_have_the_defaults_that_their_pages_state(of):
    """With another beta, Adam would not be the published one."""
    assert defaults(of) == OTHERS[of]


def test_a_run_has_the_defaults_that_its_page_states():
    """Every example uses these epochs, batches and probe."""
    stated = {
        "epochs": 20, "batch_size": 32, "seed": 0, "validation": 0.0, "probe": 100,
        "optimizer": "sgd", "shuffle": True, "progress": True, "checkpoint": None, "callbacks": (),
        "perturb": None,
    }  # fmt: skip
    assert defaults(nofb.fit) == stated
    assert defaults(nofb.Checkpoint) == {"every": 1, "resume": False}
    assert defaults(nofb.Probe) == {"samples": 100, "measures": DEFAULT}


@pytest.mark.parametrize("names", USES)
def test_a_rule_claims_to_use_what_the_literature_says_it_uses(names):
    """Rules differ in whether they use weight transport; the audit checks each claim."""
    for name in names.split():
        uses = dataclasses.asdict(rules.RULES[name].uses)
        assert " ".join(use for use, used in uses.items() if used) == USES[names]


def test_every_rule_is_in_these_tables():
    """A rule must be in these tables, or in its own tests; otherwise nothing checks its claims."""
    assert rules.RULES.keys() == RULES.keys() == set(" ".join(USES).split())
