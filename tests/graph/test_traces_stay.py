"""The arrays of a forward pass do not change; updates that a rule did not make are zero."""

from itertools import product

import numpy as np
import pytest
from oracles import DENSE_ONLY, NETS, attached, batch, dense_net, taught_trace

import nofb
from nofb import SGD, rules
from nofb.rules import Rule, Uses
from nofb.training.step import step

FLAGS = (False, True)
TARGETS = {"inverse_activation": (None, "identity", "tanh")}
DIFFERENCES = {**TARGETS, "gradient_at_top": FLAGS}
# Options that change how a rule teaches; numbers that only scale it keep their defaults.
OPTIONS = {
    "dfa": {"shared": FLAGS, "entries": (None, 1)},
    "wm": {
        "renormalise": FLAGS,
        "noise": ("gaussian", "uniform"),
        "centred": FLAGS,
        "bias": FLAGS,
    },
    "tp": TARGETS,
    "dtp": DIFFERENCES,
    "itp": {"layer_norm": FLAGS, "minimum_norm": FLAGS, "residual": (0.0, 0.5)},
    "sdtp": TARGETS,
}
VARIANTS = {"ifa_random": rules.RandomRelay()}


def choices(name):
    """Return every combination of the options of a rule."""
    options = OPTIONS.get(name, {})
    return [dict(zip(options, chosen, strict=True)) for chosen in product(*options.values())]


def networks(name):
    """Return networks for a rule, one of them with activations as separate layers."""
    others = [] if name in DENSE_ONLY else [NETS["conv"]()]
    return [dense_net(), dense_net(apart=True), *others]


def left_behind(trace):
    """Return copies of all arrays of the forward pass in a trace."""
    kept = {"error": trace.error, "target": trace.target}
    for index, layer in enumerate(trace.net.layers):
        record = trace[layer]
        kept |= {f"h_below {index}": record.h_below, f"h {index}": record.h}
        if layer in trace.net.weighted:
            kept[f"a {index}"] = record.a
        kept |= {f"{name} {index}": record.arrays[name] for name in ("mask", "winners")
                 if name in record.arrays}  # fmt: skip
    return {name: array.copy() for name, array in kept.items()}


@pytest.mark.parametrize("name", [*rules.RULES, "ifa_random"])
def test_no_rule_changes_the_arrays_of_a_trace_with_any_options(name):
    """`itp` with the minimum norm divided the error itself: hidden steps were too short."""
    for options in choices(name):
        for net in networks(name):
            rule = attached(VARIANTS.get(name, name), net, **options)
            trace = taught_trace(net, *batch(net))
            before = left_behind(trace)
            for work in (rule.learn_feedback, rule.before_step, rule.teach, rule.teach):
                work(net, trace)
                for key, array in left_behind(trace).items():
                    where = f"{work.__name__} of {name} with {options} changed {key}"
                    np.testing.assert_array_equal(array, before[key], err_msg=where)


def test_the_minimum_norm_divides_only_the_signals():
    """Each δ is divided by ‖h_below‖² + 1; the targets must not change with it."""
    net = dense_net()
    trace = taught_trace(net, *batch(net))
    for layer_norm in FLAGS:
        found = {}
        for minimum_norm in FLAGS:
            rule = attached("itp", net, layer_norm=layer_norm, minimum_norm=minimum_norm)
            found[minimum_norm] = {k: delta.copy() for k, delta in rule.signals(net, trace)}
        for layer, delta in found[True].items():
            length = (trace[layer].h_below ** 2).sum(axis=1, keepdims=True) + 1
            np.testing.assert_allclose(delta, found[False][layer] / length, rtol=1e-12)


# -- updates that were not made ------------------------------------------------------------------


class Sometimes(Rule):
    """Backprop that teaches hidden layers only in every other batch, and B never or sometimes."""

    name, uses = "sometimes", Uses(error=True, transport=True)

    def __init__(self):
        self.batches = 0

    def draw_feedback(self, net, rng):
        self.batches = 0
        net.weighted[1].B = np.zeros(net.weighted[1].feedback_shape)

    def signals(self, net, trace):
        last, hidden = net.weighted[1], net.weighted[0]
        yield last, trace.error
        if self.batches % 2 == 0:
            yield hidden, trace.times_slope(hidden, trace.error @ last.W.T)

    def feedback_updates(self, net, trace):
        last = net.weighted[1]
        return [(last, np.ones_like(last.B))] if self.batches % 2 == 0 else []

    def after_step(self, net):
        self.batches += 1


def two_layers():
    return nofb.Network([nofb.Dense(5, 4, "tanh"), nofb.Dense(4, 3)], dtype=np.float64)


def test_an_update_that_was_not_made_is_zero():
    """The hidden layer's last update was applied again at every step in which it had no signal."""
    net, rule = two_layers(), Sometimes()
    rule.attach(net)
    trace, optimizer = taught_trace(net, *batch(net)), SGD(lr=0.1)
    x, target = trace[net.layers[0]].h_below, trace.target
    hidden, last = net.weighted
    for number in range(4):
        before = [array.copy() for array in (hidden.W, hidden.b, last.W, last.B)]
        step(net, rule, optimizer, trace.fill(x, train=True).set_target(target))
        after = (hidden.W, hidden.b, last.W, last.B)
        moved = [bool((one != two).any()) for one, two in zip(before, after, strict=True)]
        told = number % 2 == 0
        assert moved == [told, told, True, told]


def test_an_update_that_was_not_made_is_zero_in_a_smaller_batch_too():
    """The last batch of an epoch is a part of the memory of the larger ones."""
    net, rule = two_layers(), Sometimes()
    rule.attach(net)
    large = taught_trace(net, *batch(net, 7))
    assert rule.teach(net, large)[0].dW.any()
    rule.batches = 1
    x, y = batch(net, 3)
    small = large.rows(3).fill(net.as_input(x), train=True).set_target(net.as_target(y, 3))
    first, second = rule.teach(net, small)
    assert not first.dW.any() and not first.db.any() and second.dB is None
    assert second.dW.any()


def test_a_layer_without_updates_does_not_change_without_momentum():
    """Shallow learning trains only the last layer."""
    net = two_layers()
    trace = taught_trace(net, *batch(net))
    assert rules.make("bp").teach(net, trace)[0].dW.any()
    assert not rules.make("shallow").teach(net, trace)[0].dW.any()
