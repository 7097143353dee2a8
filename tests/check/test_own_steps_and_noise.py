"""Rules with steps of their own form, and rules that draw noise: what the checker says of them."""

from dataclasses import replace

import pytest

from nofb.audit import audit, contradictions
from nofb.check import check
from nofb.rules import FeedbackAlignment, Rule, Uses


class Nodes(Rule):
    """Node perturbation: the noise of a unit, times the change of the loss."""

    name = "nodes"
    uses = Uses(error=True, labels=True, second_pass=True)
    width = 0.01

    def draw_feedback(self, net, rng):
        for layer in net.weighted[:-1]:
            layer.rule_state = self.kept(rng)

    def kept(self, rng):
        return rng

    def noise(self, layer, shape):
        return self.width * layer.rule_state.standard_normal(shape)

    def signals(self, net, trace):
        yield net.weighted[-1], trace.error
        before = trace.losses()
        for layer, above in zip(net.weighted, net.weighted[1:], strict=False):
            noise = self.noise(layer, trace[layer].h.shape).astype(net.dtype)
            change = (trace.again({above: noise}).losses() - before) / self.width**2
            yield layer, trace.times_slope(layer, change[:, None] * noise)


class Wrapped(Nodes):
    """The same with the generator in an object, as nofb's own rules keep it."""

    name = "wrapped"

    class State:
        def __init__(self, rng):
            self.both = [rng, {"again": rng}]

    def kept(self, rng):
        return self.State(rng)

    def noise(self, layer, shape):
        return self.width * layer.rule_state.both[1]["again"].standard_normal(shape)


class OnItself(Nodes):
    """The same with the generator on the rule."""

    name = "on_itself"

    def draw_feedback(self, net, rng):
        self.rng = rng

    def noise(self, layer, shape):
        return self.width * self.rng.standard_normal(shape)


class Secret(Nodes):
    """Node perturbation whose noise goes through a matrix that was drawn once."""

    name = "secret"

    def draw_feedback(self, net, rng):
        for layer in net.weighted[:-1]:
            layer.rule_state = rng, rng.normal(size=(layer.n_out, layer.n_out))

    def noise(self, layer, shape):
        rng, M = layer.rule_state
        return self.width * rng.standard_normal(shape) @ M


@pytest.mark.parametrize("rule", [Nodes, Wrapped, OnItself])
def test_noise_is_not_taken_for_random_feedback(rule):
    """A noisy rule would have to claim matrices that it does not have."""
    assert contradictions(rule.uses, audit(rule())) == []


def test_a_fixed_matrix_beside_noise_is_still_found():
    """Otherwise a generator would hide any random feedback."""
    (found,) = contradictions(Secret.uses, audit(Secret()))
    assert found.startswith("it uses random feedback and does not say so")


def test_numbers_drawn_anew_may_be_claimed_as_feedback():
    """Random magnitudes for each batch are feedback to the paper that uses them."""
    assert audit("brsf").uses.feedback

    class Claimed(Nodes):
        name = "claimed"
        uses = replace(Nodes.uses, feedback=True)

    assert contradictions(Claimed.uses, audit(Claimed())) == []


class Pruned(FeedbackAlignment):
    """Feedback alignment in which the weights of the first input of each layer stay as they are."""

    name = "pruned"

    def teach(self, net, trace):
        found = super().teach(net, trace)
        for update in found:
            update.dW[0] = 0
        return found


def test_a_rule_with_steps_of_its_own_is_told_so():
    """ "Yield ... and change neither" is no help to an author who did."""
    verdicts = dict(check(Pruned()))
    for name in ("the output layer", "backprop if B is Wᵀ"):
        verdict = verdicts[name]
        assert verdict.word == "FAILED"
        assert "the rule overrides teach" in verdict.sentence and name in verdict.sentence
        assert "change neither" not in verdict.sentence and "known here" not in verdict.sentence
