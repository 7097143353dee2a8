"""Batch normalisation with several threads: pieces of a batch wait for each other at every norm."""

import numpy as np
import pytest

from nofb import (
    SGD,
    Activation,
    AvgPool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Network,
    Residual,
    rules,
    threads,
)
from nofb.rules import RULES, Rule, Uses
from nofb.rules.targets import TargetRule
from nofb.training.step import step
from nofb.updates import other_updates

SENDS_SIGNALS = [
    name for name in RULES if not issubclass(RULES[name], TargetRule) and name != "gnt"
]
STRICT = {"rtol": 1e-9, "atol": 1e-12}


@pytest.fixture(autouse=True)
def cut_everything(monkeypatch):
    """Set the smallest part to 1, so that small networks are cut between threads, too."""
    monkeypatch.setattr(threads, "SMALLEST_PART", 1)
    monkeypatch.setattr(threads, "ROWS", 1)


def rows():
    """Return a small network of dense layers with norms in a branch, beside it and at the top."""
    branch = [BatchNorm(6), Dense(6, 5, "tanh"), Dense(5, 6), BatchNorm(6)]
    layers = [Dense(4, 6), BatchNorm(6), Activation("relu"), Residual(branch, BatchNorm(6))]
    return Network([*layers, Dense(6, 3)], dtype=np.float64)


def maps():
    """Return a small network of convolutions with norms."""
    branch = [Conv2D(4, 4, 3, padding=1), BatchNorm(4), Activation("relu"), Conv2D(4, 4, 1)]
    layers = [Conv2D(2, 4, 3), BatchNorm(4), Residual(branch, activation="relu"), BatchNorm(4)]
    return Network([*layers, AvgPool2D(), Dense(4, 3)], dtype=np.float64, input_shape=(2, 6, 5))


NETWORKS = [rows, maps]


def batch(net, samples):
    rng = np.random.default_rng(samples)
    x = rng.standard_normal((samples, *net.input_shape))
    return x, rng.integers(0, net.n_outputs, samples)


def attached(rule, net):
    rule = rules.make(rule) if isinstance(rule, str) else rule
    if hasattr(rule, "steps_before"):
        rule.steps_before = 1
    rule.attach(net, seed=3)
    return rule


def taught(rule, net, x, y):
    """Return everything that a newly attached rule teaches all layers."""
    rule = attached(rule, net)
    trace = net.forward(x, train=True).set_target(net.as_target(y, len(x)))
    updates = rule.teach(net, trace)
    found = [array for each in updates for array in (each.dW, each.db, each.dB)]
    for update in other_updates(trace).values():
        found += update.values()
    return [array.copy() for array in found if array is not None]


def assert_alike(found, wanted):
    assert len(found) == len(wanted)
    for mine, its in zip(found, wanted, strict=True):
        np.testing.assert_allclose(mine, its, **STRICT)


@pytest.mark.parametrize("build", NETWORKS)
@pytest.mark.parametrize("name", SENDS_SIGNALS)
def test_several_threads_teach_what_one_thread_does(name, build):
    """Norms over half a batch would still train, only worse; 7 and 3 samples have a remainder."""
    net = build()
    for samples, size in ((8, 2), (7, 2), (3, 4)):
        x, y = batch(net, samples)
        alone = taught(name, net, x, y)
        with threads.team(size):
            assert_alike(taught(name, net, x, y), alone)


@pytest.mark.parametrize("build", NETWORKS)
def test_running_averages_are_updated_once_a_step_with_any_number_of_threads(build):
    """Each piece must not update them separately."""
    after = []
    for size in (1, 3):
        net = build()
        x, y = batch(net, 7)
        rule = attached("fa", net)
        with threads.team(size):
            for _ in range(3):
                trace = net.forward(x, train=True).set_target(net.as_target(y, len(x)))
                step(net, rule, SGD(lr=0.1), trace)
        after.append([array for layer in net.nodes for array in layer.state().values()])
    assert_alike(*after)


class Mine(Rule):
    """Feedback alignment, written by hand."""

    uses = Uses(error=True, feedback=True)

    def draw_feedback(self, net, rng):
        for layer in net.weighted[1:]:
            layer.B = rng.standard_normal(layer.feedback_shape)

    def signals(self, net, trace):
        for layer in trace.downward():
            delta = trace.delta(layer)
            yield layer, delta
            if layer.sends:
                trace.arrive(layer, delta @ layer.B)


class MineBySample(Mine):
    """The same rule, which may be cut."""

    by_sample = True


class Fails(MineBySample):
    """Raises an error in one piece, while the others wait for it at a norm."""

    def signals(self, net, trace):
        for number, pair in enumerate(super().signals(net, trace)):
            if number == 1 and trace.first > 0:
                raise KeyError("only in a later piece")
            yield pair


class FailsAtOnce(MineBySample):
    """Raises an error in every piece, before any norm."""

    def signals(self, net, trace):
        raise KeyError("at once")
        yield


class EndsEarly(MineBySample):
    """Stops sending where an error is small: some pieces never reach the lower norms."""

    def signals(self, net, trace):
        for number, pair in enumerate(super().signals(net, trace)):
            yield pair
            if number == 1 and trace.first > 0:
                return


class Skips(MineBySample):
    """Sends nothing down from the last layer in some pieces, and starts again further below."""

    def signals(self, net, trace):
        for layer in trace.downward():
            if trace.reached(layer):
                delta = trace.delta(layer)
                yield layer, delta
                if layer.sends and not (trace.first > 0 and layer is net.weighted[-2]):
                    trace.arrive(layer, delta @ layer.B)


class Compares(Mine):
    """Asks backprop for its updates while it computes its own."""

    def signals(self, net, trace):
        x = trace[net.weighted[0]].h_below
        shadow = rules.Backprop()
        for pair in super().signals(net, trace):
            feedback = [layer.B for layer in net.weighted]
            shadow.attach(net)
            shadow.updates(net, x.transpose(0, 3, 1, 2) if x.ndim == 4 else x, trace.target)
            for layer, B in zip(net.weighted, feedback, strict=True):
                layer.B = B
            yield pair
        net.rule = self


@pytest.mark.parametrize("build", NETWORKS)
@pytest.mark.parametrize("rule", [Mine, MineBySample])
def test_a_custom_rule_gives_the_same_updates_with_threads(rule, build):
    """It does not matter whether it declares that it may be cut."""
    net = build()
    x, y = batch(net, 7)
    alone = taught(rule(), net, x, y)
    with threads.team(2):
        assert_alike(taught(rule(), net, x, y), alone)


@pytest.mark.parametrize("build", NETWORKS)
def test_an_error_in_one_piece_frees_those_that_wait_for_it(build):
    """Otherwise a notebook would hang in front of a class."""
    net = build()
    x, y = batch(net, 8)
    for rule in (FailsAtOnce(), Fails()):
        with threads.team(2):
            try:
                taught(rule, net, x, y)
            except KeyError as error:
                assert "once" in str(error)
            else:
                assert type(rule) is Fails  # alone, it has no later piece to fail in
    with threads.team(2):  # the team can be used afterwards
        assert_alike(taught("fa", net, x, y), taught("fa", net, x, y))


@pytest.mark.parametrize("build", NETWORKS)
@pytest.mark.parametrize("rule", [EndsEarly, Skips])
def test_pieces_that_do_not_meet_at_the_same_norms_do_not_wait_forever(rule, build):
    """The signals of a rule may depend on the errors in its piece."""
    net = build()
    x, y = batch(net, 8)
    alone = taught(rule(), net, x, y)
    with threads.team(2):
        assert_alike(taught(rule(), net, x, y), alone)


def test_pieces_that_teach_different_layers_are_not_put_together():
    """Rows without a signal would hold the signals of an earlier batch."""
    net = Network([Dense(4, 6, "tanh"), Dense(6, 5, "tanh"), Dense(5, 3)], dtype=np.float64)
    x, y = batch(net, 8)
    alone = taught(EndsEarly(), net, x, y)
    with threads.team(2):
        assert_alike(taught(EndsEarly(), net, x, y), alone)


@pytest.mark.parametrize("build", NETWORKS)
def test_a_rule_may_ask_another_for_its_updates(build):
    """All threads are in use already: new pieces would wait for a thread forever."""
    net = build()
    x, y = batch(net, 8)
    alone = taught(Mine(), net, x, y)
    with threads.team(2):
        assert_alike(taught(Compares(), net, x, y), alone)
