"""The findings of the audit on dense layers hold for a residual block and attention."""

from dataclasses import replace

import numpy as np
import pytest

from nofb import Attention, Flatten, Network, Residual
from nofb.audit import audit, experiments, stage
from nofb.audit.stage import SAMPLES
from nofb.audit.units import Units
from nofb.rules import RULES, make
from nofb.rules.targets import TargetRule

NEEDS_A_CHAIN = [name for name in RULES if issubclass(RULES[name], TargetRule) or name == "gnt"]
TOKENS, UNITS, OUTPUTS = 3, 4, 3
LAYERS = range(6)  # one for all tokens, four of the attention, one for the outputs


def branching(seed=0):
    """Return a network in which all weights can be changed."""
    attention = Attention(UNITS, heads=2)
    for name in ("query", "key", "value", "output"):
        setattr(attention, name, Units(UNITS, UNITS))
    last = Units(TOKENS * UNITS, OUTPUTS)
    net = Network(
        [Units(5, UNITS, "tanh"), Residual([attention], activation="tanh"), Flatten(), last],
        loss="squared_error", seed=seed, dtype=np.float64, input_shape=(TOKENS, 5),
    )  # fmt: skip
    net.head = replace(net.head, unit=last.switchable(net.head.unit))
    return net


def batch(seed):
    """Return random samples (N, tokens, units) and one-hot targets."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(OUTPUTS, size=SAMPLES)
    return rng.normal(size=(SAMPLES, TOKENS, 5)), np.eye(OUTPUTS)[labels]


@pytest.mark.parametrize("name", [name for name in RULES if name not in NEEDS_A_CHAIN])
def test_a_rule_uses_the_same_where_the_network_branches(name, monkeypatch):
    """If a branch used a weight, or lost the error, the rule would be another one."""
    found = audit(name)
    monkeypatch.setattr(stage, "build", branching)
    monkeypatch.setattr(stage, "draw_batch", batch)
    for name_of, value in (("LAYERS", LAYERS), ("HIDDEN", LAYERS[:-1])):
        monkeypatch.setattr(experiments, name_of, value)
    assert audit(name).uses == found.uses == make(name).uses
