"""Rules and updates as objects: their names, their comparison, and their settings."""

from dataclasses import FrozenInstanceError, dataclass, field

import numpy as np
import oracles
import pytest

from nofb import Activation, Conv2D, Dense, Dropout, Flatten, MaxPool2D, Network, rules
from nofb.clock import Clock
from nofb.losses import times_softmax_jacobian
from nofb.updates import updates

TARGETS = [name for name in rules.TARGETS if name != "gnt"]


@pytest.mark.parametrize("name", rules.RULES)
def test_two_rules_of_one_kind_are_different_rules_with_a_short_name(name):
    """A network compares its rule by identity: equal settings do not make two rules one."""
    one, other = rules.make(name), rules.make(name)
    assert one != other
    assert len({one, other}) == 2
    assert repr(one) == f"{type(one).__name__}()"


UNLISTED = [rules.IteratedFromInverse, rules.IteratedInOutputSpace, rules.RandomRelay]


def test_a_random_relay_uses_only_the_error_and_fixed_feedback():
    """So it differs from the relay through W, which uses forward weights."""
    uses = rules.RandomRelay().uses
    assert uses.error and uses.feedback
    assert not (uses.forward_weights or uses.transport or uses.learned_feedback or uses.signs)


@pytest.mark.parametrize("kind", UNLISTED)
def test_two_custom_rules_of_one_kind_are_different_rules_too(kind):
    """Otherwise the network of one would accept the other as its own."""
    assert kind() != kind()
    assert repr(kind()) == f"{kind.__name__}()"
    with pytest.raises(TypeError, match="positional"):
        kind("xavier")


@pytest.mark.parametrize("name", rules.RULES)
def test_the_settings_of_a_rule_are_given_by_name(name):
    """A reader could not understand a dozen numbers in a row."""
    with pytest.raises(TypeError, match="positional"):
        rules.RULES[name](0.5)


def test_the_settings_of_a_paper_are_those_of_its_authors():
    """Meulemans et al. 2020, plain difference targets on MNIST, from their configurations."""
    presets = {name: rule.presets for name, rule in rules.RULES.items() if rule.presets}
    assert presets["dtp"]["meulemans2020"] == {
        "gradient_at_top": False, "step_size": 0.2195, "noise": 0.0837, "inverse_lr": 1.96e-3,
        "inverse_optimizer": "adam", "inverse_init": "xavier", "inverse_steps": 1,
        "epochs_before": 0, "epochs_between": 0,
    }  # fmt: skip


def test_a_signal_at_a_softmax_is_sent_back_through_its_jacobian():
    """diag(h) - hᵀ h, sample by sample: a sum over samples would mix them."""
    rng = np.random.default_rng(0)
    a, signal = rng.normal(size=(5, 3)), rng.normal(size=(5, 3))
    h = np.exp(a) / np.exp(a).sum(axis=1, keepdims=True)
    expected = [row @ (np.diag(p) - np.outer(p, p)) for row, p in zip(signal, h, strict=True)]
    found = times_softmax_jacobian(signal, h)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("bias", [True, False])
def test_the_update_of_a_layer_without_a_signal_is_zero(bias):
    """The update of an earlier batch must not be applied again."""
    net = oracles.dense_net(bias=bias)
    trace = oracles.taught_trace(net, *oracles.batch(net))
    first, second, last = oracles.attached("bp", net).teach(net, trace)
    assert first.dW.any() and second.dW.any() and last.dW.any()
    signal = net.weighted[1], trace.deltas[net.weighted[1]]
    first, same, last = updates(trace, lambda part: [signal], by_sample=False)
    for update in (first, last):
        assert not update.dW.any()
        assert update.db is None if not bias else not update.db.any()
    np.testing.assert_array_equal(same.dW, second.dW)


def test_feedback_without_an_update_in_a_batch_has_none():
    """A rule that updates its feedback only sometimes must not repeat the last update."""
    net = oracles.dense_net()
    trace = oracles.taught_trace(net, *oracles.batch(net))
    assert oracles.attached("kp", net).teach(net, trace)[1].dB.any()
    assert oracles.attached("fa", net).teach(net, trace)[1].dB is None


def test_the_residual_of_an_iteration_is_not_negative():
    """A residual is the fraction of the change that remains."""
    with pytest.raises(ValueError, match="residual must be finite and at least 0"):
        rules.make("itp", residual=-0.5)


@pytest.mark.parametrize(
    ("apart", "expected"),
    [(False, ["tanh", "relu"]), (True, ["identity", "identity"])],
)
def test_a_direct_inverse_uses_the_activation_of_the_side_where_it_is_applied(apart, expected):
    """Applied last it is that of its own layer; applied first it is that of the output."""
    fused = [Dense(4, 5, "tanh"), Dense(5, 6, "relu"), Dense(6, 3)]
    split = [Dense(4, 5), Activation("tanh"), Dense(5, 6), Activation("relu"), Dense(6, 3)]
    net = Network(split if apart else fused)
    rule = rules.make("ddtp", inverse_activation=None)
    rule.attach(net)
    assert [layer.inverse.activation.name for layer in net.weighted[:-1]] == expected
    assert not any(layer.inverse.before.parts for layer in net.weighted[:-1])


@pytest.mark.parametrize("name", ["fa", "kp", "wm", "dfa"])
def test_a_rule_starts_with_the_full_rate_each_time_it_is_attached(name):
    """The schedule of an earlier run must not affect the next one."""
    rule, net = rules.make(name), oracles.dense_net()
    assert rule.clock == Clock(epoch=0.0, epochs=1, factor=1.0)
    rule.clock = Clock(epoch=3.0, epochs=5, factor=0.25)
    rule.attach(net)
    assert rule.clock == Clock(epoch=0.0, epochs=1, factor=1.0)


def test_the_claims_of_a_rule_cannot_be_changed_afterwards():
    """All objects of a class share its claims: a change would make the table of rules wrong."""
    with pytest.raises(FrozenInstanceError):
        rules.make("fa").uses.transport = True
    assert not rules.make("fa").uses.transport


def test_a_rule_is_attached_with_seed_zero_by_default():
    """An example without a seed must give the documented numbers."""
    unnamed, named = oracles.dense_net(), oracles.dense_net()
    rules.make("fa").attach(unnamed)
    rules.make("fa").attach(named, seed=0)
    np.testing.assert_array_equal(unnamed.weighted[1].B, named.weighted[1].B)


def test_only_rules_that_need_it_get_a_pass_over_the_samples_before_an_epoch():
    """Such a pass takes as long as a forward pass over the whole data set."""
    assert [rules.make(name).feedback_passes(0) for name in ("bp", "fa", "wm", "kp")] == [0] * 4


def test_the_updates_of_a_batch_are_those_of_a_training_pass():
    """With dropout off, units that were set to zero would be taught."""
    net = oracles.dense_net((5, 8, 7, 3), dropout=0.5)
    x, y = oracles.batch(net)
    rule = oracles.attached("bp", net)
    oracles.same_masks(net)
    expected = oracles.teach(rule, net, oracles.taught_trace(net, x, y))
    oracles.same_masks(net)
    oracles.assert_same(rule.updates(net, x, y), expected)


@pytest.mark.parametrize("name", TARGETS)
def test_a_rule_of_targets_names_the_first_layer_that_it_cannot_invert(name):
    """No paper defines a target for a pooled map."""
    pooled = [Conv2D(1, 2, 2, activation="tanh"), MaxPool2D(2), Flatten(), Dense(8, 3)]
    dropped = [Dense(4, 5, "tanh"), Dropout(0.5), Dense(5, 3)]
    for layers, shape, culprit in ((pooled, (1, 5, 5), "Conv2D"), (dropped, None, "Dropout")):
        net = Network(layers, **({"input_shape": shape} if shape else {}))
        with pytest.raises(
            ValueError, match=f"{name} sends .* from its first weights up the network has {culprit}"
        ):
            rules.make(name).attach(net)


@pytest.mark.parametrize("name", TARGETS)
def test_a_rule_of_targets_accepts_any_layer_below_its_first_layer_with_weights(name):
    """Images are flattened before the first dense layer, where no target is needed."""
    layers = [Flatten(), Dense(8, 5, "tanh"), Dense(5, 3)]
    net = Network(layers, input_shape=(2, 2, 2), dtype=np.float64)
    rule = oracles.attached(name, net)
    updates = rule.updates(net, *oracles.batch(net))
    assert [update.dW.shape for update in updates] == [(8, 5), (5, 3)]
    assert updates[-1].dW.any()


class Needy(rules.FeedbackAlignment):
    """A custom rule with a required argument."""

    name = "needy"

    def __init__(self, shape):
        super().__init__()
        self.shape = shape


@dataclass(kw_only=True, repr=False, eq=False)
class Stated(rules.FeedbackAlignment):
    """A custom rule with fields, one of them without a default."""

    name = "stated"

    scale: float
    marks: list = field(default_factory=list)


def test_a_custom_rule_has_a_short_name_with_any_arguments():
    """Errors name the rule: they must not fail because of its arguments."""
    assert repr(Needy((2, 3))) == "Needy()"
    assert repr(Stated(scale=2.0)) == "Stated(scale=2.0)"
    assert repr(Stated(scale=2.0, marks=[1])) == "Stated(scale=2.0, marks=[1])"
    assert repr(rules.make("dfa", shared=True, entries=2)) == (
        "DirectFeedbackAlignment(shared=True, entries=2)"
    )


@pytest.mark.parametrize("name", ["kp_released", "wm_released"])
def test_a_released_variant_cannot_be_changed(name):
    """With a decay it would be the rule of the paper with the name of the released code."""
    with pytest.raises(ValueError, match=r"no attribute 'decay'; it has: .*feedback_init"):
        rules.make(name, decay=0.1)
    with pytest.raises(TypeError, match="decay"):
        rules.RULES[name](decay=0.1)
