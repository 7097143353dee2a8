"""Custom rules that go on working with what they gave away, or ask for more meanwhile."""

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
    """Changes its own array after it has been given away."""

    name, uses = "louder", Uses(error=True, transport=True)

    def signals(self, net, trace):
        for layer in trace.downward():
            delta = trace.delta(layer)
            yield layer, delta
            if layer.sends:
                delta /= 1.5
                trace.arrive(layer, delta @ layer.W.T)


class Asks(Backprop):
    """Asks for the network's loss while its signals are on their way."""

    name, uses = "asks", Uses(error=True, transport=True)

    def signals(self, net, trace):
        for layer, delta in super().signals(net, trace):
            yield layer, delta
            net.outputs(np.ones((200, 64)))


class Twice(Backprop):
    """Gives every layer two signals."""

    name, uses = "twice", Uses(error=True, transport=True)

    def signals(self, net, trace):
        for layer, delta in super().signals(net, trace):
            yield layer, 100 * delta
            yield layer, delta


def large() -> tuple[Network, np.ndarray, np.ndarray]:
    """Return a network whose steps two threads share, and a batch."""
    layers = [Dense(n, m, "tanh") for n, m in pairwise(LARGE[:-1])]
    net = Network([*layers, Dense(*LARGE[-2:])], seed=0)
    rng = np.random.default_rng(0)
    return net, rng.normal(size=(128, 64)), rng.integers(0, 10, 128)


def steps(kind, size: int) -> list[np.ndarray]:
    """Return the steps that a rule asks for, worked out by so many threads."""
    net, x, y = large()
    rule = kind()
    rule.attach(net)
    with threads.team(size):
        return [update.dW.copy() for update in rule.updates(net, x, y)]


@pytest.mark.parametrize("kind", [Louder, Asks])
def test_what_a_rule_does_after_a_signal_does_not_depend_on_the_threads(kind):
    """A job that still reads the rule's array, or waits for itself, would spoil or hang a run."""
    alone = steps(kind, 1)
    for _ in range(5):
        for one, other in zip(alone, steps(kind, 2), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("size", [1, 2])
def test_a_layer_that_gets_two_signals_is_named(size):
    """Which of the two counts would depend on the threads."""
    with pytest.raises(ValueError, match="a signal twice"):
        steps(Twice, size)


def test_a_loop_that_is_not_the_traces_finds_nothing_of_an_earlier_rule():
    """Signals of another rule would be taken for this one's without a word."""
    net = oracles.dense_net()
    trace = oracles.taught_trace(net, *oracles.batch(net))
    rules.Backprop().teach(net, trace)
    with pytest.raises(ValueError, match="no signal has arrived"):
        trace.delta(net.weighted[0])


# -- settings of rules that derive from nofb's ---------------------------------------------------


class Three(WeightMirror):
    """Gives a field another default, as one does for any class."""

    name, steps_before, feedback_init = "three", 3, "xavier"


class Bare(FeedbackAlignment):
    """Leaves out what its parent does in __init__."""

    name = "bare"

    def __init__(self, k=2):
        self.k = k


@dataclass(kw_only=True)
class Equal(IteratedInverses):
    """A dataclass as one writes it, which cannot be hashed."""

    name = "equal"


def test_a_plain_value_in_a_subclass_is_the_default():
    """A dataclass would go on with its parent's, and nobody would know."""
    assert Three().steps_before == 3 and Three(steps_before=5).steps_before == 5
    assert Three().feedback_init is rules.make("wm", feedback_init="xavier").feedback_init


@pytest.mark.parametrize("kind", [Bare, Equal])
def test_a_subclass_need_not_know_how_its_parent_is_made(kind):
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
def test_a_switch_takes_true_and_false_alone(name, field):
    """The string "False" is true in Python."""
    with pytest.raises(TypeError, match=f"{field} must be True or False"):
        rules.make(name, **{field: "False"})


def test_nesterov_is_a_switch_too():
    """Of an optimizer as of a rule."""
    with pytest.raises(TypeError, match="nesterov must be True or False"):
        SGD(momentum=0.9, nesterov="no")


@pytest.mark.parametrize("value", ["centred=maybe", "width=nan", "samples=1e999", "rate=x"])
def test_a_value_of_the_wrong_type_ends_a_command_with_a_sentence(value, capsys):
    """A traceback would look like a fault of nofb's."""
    assert main(["train", "wm", "--epochs", "1", "--set", value]) == 2
    assert "nofb: " in capsys.readouterr().err
