"""Custom rules that change an array after yielding it, or run other computations meanwhile."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import oracles
import pytest

from nofb import SGD, Dense, Network, rules, threads
from nofb.cli.main import main
from nofb.rules import FeedbackAlignment, IteratedInverses, Uses, WeightMirror
from nofb.rules.backprop import Backprop

LARGE = (64, 300, 300, 10)


class Louder(Backprop):
    """Changes its own array after yielding it."""

    name, uses = "louder", Uses(error=True, transport=True)

    def signals(self, net, trace):
        for layer in trace.downward():
            delta = trace.delta(layer)
            yield layer, delta
            if layer.sends:
                delta /= 1.5
                trace.arrive(layer, delta @ layer.W.T)


class Asks(Backprop):
    """Computes the network's loss before all its signals are used."""

    name, uses = "asks", Uses(error=True, transport=True)

    def signals(self, net, trace):
        for layer, delta in super().signals(net, trace):
            yield layer, delta
            net.outputs(np.ones((200, 64)))


class Twice(Backprop):
    """Yields two signals for each layer."""

    name, uses = "twice", Uses(error=True, transport=True)

    def signals(self, net, trace):
        for layer, delta in super().signals(net, trace):
            yield layer, 100 * delta
            yield layer, delta


def large() -> tuple[Network, np.ndarray, np.ndarray]:
    """Return a network that is cut between two threads, and a batch."""
    layers = [Dense(n, m, "tanh") for n, m in pairwise(LARGE[:-1])]
    net = Network([*layers, Dense(*LARGE[-2:])], seed=0)
    rng = np.random.default_rng(0)
    return net, rng.normal(size=(128, 64)), rng.integers(0, 10, 128)


def steps(kind, size: int) -> list[np.ndarray]:
    """Return the updates of a rule, computed by a number of threads."""
    net, x, y = large()
    rule = kind()
    rule.attach(net)
    with threads.team(size):
        return [update.dW.copy() for update in rule.updates(net, x, y)]


@pytest.mark.parametrize("kind", [Louder, Asks])
def test_a_change_after_a_signal_does_not_make_updates_depend_on_the_threads(kind):
    """A job that still reads the rule's array, or waits for itself, would be wrong or hang."""
    alone = steps(kind, 1)
    for _ in range(5):
        for one, other in zip(alone, steps(kind, 2), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("size", [1, 2])
def test_a_layer_with_two_signals_is_named(size):
    """Otherwise the threads would determine which of the two counts."""
    with pytest.raises(ValueError, match="a signal twice"):
        steps(Twice, size)


def test_a_custom_loop_over_layers_gets_no_signals_of_an_earlier_rule():
    """The signals of another rule would be used without an error."""
    net = oracles.dense_net()
    trace = oracles.taught_trace(net, *oracles.batch(net))
    rules.Backprop().teach(net, trace)
    with pytest.raises(ValueError, match="no signal has arrived"):
        trace.delta(net.weighted[0])


# -- settings of rules that derive from nofb's ---------------------------------------------------


class Three(WeightMirror):
    """Changes the default of a field, as in any class."""

    name, steps_before, feedback_init = "three", 3, "xavier"


class Bare(FeedbackAlignment):
    """Does not call the __init__ of its parent."""

    name = "bare"

    def __init__(self, k=2):
        self.k = k


@dataclass(kw_only=True)
class Equal(IteratedInverses):
    """A typical dataclass, which cannot be hashed."""

    name = "equal"


def test_a_plain_value_in_a_subclass_is_the_default():
    """A dataclass would silently use the default of its parent."""
    assert Three().steps_before == 3 and Three(steps_before=5).steps_before == 5
    assert Three().feedback_init is rules.make("wm", feedback_init="xavier").feedback_init


@pytest.mark.parametrize("kind", [Bare, Equal])
def test_a_subclass_may_have_any_constructor(kind):
    """Its own __init__ may leave out the parent's, and it may be a dataclass of any kind."""
    net = oracles.dense_net()
    rule = kind()
    rule.attach(net)
    x, y = oracles.batch(net)
    assert all(np.isfinite(update.dW).all() for update in rule.updates(net, x, y))


@pytest.mark.parametrize(
    ("name", "field"),
    [("itp", "layer_norm"), ("itp", "minimum_norm"), ("dtp", "gradient_at_top")],
)
def test_a_switch_accepts_only_true_and_false(name, field):
    """The string "False" is true in Python."""
    with pytest.raises(TypeError, match=f"{field} must be True or False"):
        rules.make(name, **{field: "False"})


def test_nesterov_is_a_switch_too():
    """Also the switch of an optimizer."""
    with pytest.raises(TypeError, match="nesterov must be True or False"):
        SGD(momentum=0.9, nesterov="no")


@pytest.mark.parametrize("value", ["centred=maybe", "width=nan", "samples=1e999", "rate=x"])
def test_a_value_of_the_wrong_type_ends_a_command_with_a_sentence(value, capsys):
    """A traceback would look like an error of nofb."""
    assert main(["train", "wm", "--epochs", "1", "--set", value]) == 2
    assert "nofb: " in capsys.readouterr().err
