"""Every combination of a rule's options trains a step, or is refused where the rule is made."""

import inspect
from itertools import combinations, product

import numpy as np
import pytest

import nofb
from nofb import Activation, Conv2D, Dense, Flatten, Network, rules
from nofb.activations import ACTIVATIONS
from nofb.diagnosis import ALIGNMENT, GAUSS_NEWTON, TARGETS
from nofb.initialisers import INITIALISERS
from nofb.optimizers import OPTIMIZERS
from nofb.rules.weight_mirror import NOISES
from nofb.schedules import SCHEDULES

CHOICES = {
    "inverse_optimizer": list(OPTIMIZERS),
    "inverse_schedule": list(SCHEDULES),
    "inverse_activation": [None, *ACTIVATIONS],
    "inverse_init": list(INITIALISERS),
    "feedback_init": list(INITIALISERS),
    "relay": ["forward", "random"],
    "entries": [None, 1],
    "rate": [None, 0.5],
}
EVERY = ALIGNMENT + GAUSS_NEWTON + TARGETS  # measures
RNG = np.random.default_rng(0)


def values_of(parameter):
    """Return the values of an option for the tests; a new kind of option must be added here."""
    default = parameter.default
    if isinstance(default, bool):
        return [False, True]
    if parameter.name == "noise" and isinstance(default, str):
        return list(NOISES)  # of a mirror; in other rules the noise is a number
    if isinstance(default, str) or default is None:
        return CHOICES[parameter.name]
    if isinstance(default, int):
        return [default, 0 if default else 1]
    return [default, default / 2 or 0.3]


def options_of(rule):
    """Return every option of a rule with the values for the tests."""
    parameters = inspect.signature(rule).parameters.values()
    return {parameter.name: values_of(parameter) for parameter in parameters}


def all_of(options):
    """Yield every combination."""
    for values in product(*options.values()):
        yield dict(zip(options, values, strict=True))


def pairs_of(chosen):
    """Return every pair of options of a combination, with their values."""
    return set(combinations(sorted(chosen.items(), key=lambda item: item[0]), 2))


def paired(options):
    """Yield combinations that contain every pair of values of two options, by a greedy search."""
    pick = np.random.default_rng(0)
    missing = {
        tuple(sorted([(a, x), (b, y)], key=lambda item: item[0]))
        for a, b in combinations(options, 2)
        for x in options[a]
        for y in options[b]
    }
    while missing:
        wanted = dict(min(missing, key=repr))
        tries = [
            {name: values[pick.integers(len(values))] for name, values in options.items()} | wanted
            for _ in range(30)
        ]
        best = max(tries, key=lambda chosen: len(pairs_of(chosen) & missing))
        missing -= pairs_of(best)
        yield best


def combinations_of(rule):
    """Yield combinations: all of the options that change the computation, and pairs of all others.

    All of them would be 2²⁰ for the largest rule. Errors that need three options together are
    looked for only among options that are names or switches, in at most 64 combinations.
    """
    options = options_of(rule)
    switches = {
        name: values
        for name, values in options.items()
        if not isinstance(values[-1], float | int) or isinstance(values[0], bool)
        if not name.startswith(("inverse_", "feedback_"))
    }
    yield from all_of(switches)
    yield from paired(options)


def dense(apart=False):
    """Return two hidden layers, with activations as separate layers or not."""
    fused = [Dense(5, 4, "tanh"), Dense(4, 6, "tanh"), Dense(6, 3)]
    split = [Dense(5, 4), Activation("tanh"), Dense(4, 6), Activation("tanh"), Dense(6, 3)]
    return Network(split if apart else fused, seed=1)


def convolutional():
    layers = [Conv2D(1, 2, 3, activation="tanh"), Conv2D(2, 3, 2, activation="tanh")]
    return Network([*layers, Flatten(), Dense(12, 3)], seed=1, input_shape=(1, 5, 5))


def few_samples(*shape):
    x = RNG.normal(size=(12, *shape)).astype(np.float32)
    return nofb.datasets.Dataset(x, np.arange(12) % 3, x[:6], np.arange(6) % 3, name="few")


def train_one_epoch(net, name, chosen, data):
    """Return False if the rule is refused where it is made; otherwise train and return True."""
    try:
        rule = rules.make(name, **chosen)
    except (ValueError, TypeError):
        return False
    before = [layer.W.copy() for layer in net.weighted]
    run = nofb.fit(
        net, rule, data, 1, 6, nofb.SGD(lr=0.01), probe=nofb.Probe(measures=EVERY), progress=False
    )
    assert run.stopped is None, (chosen, run.stopped)
    assert all(np.isfinite(layer.W).all() for layer in net.weighted), chosen
    assert not np.array_equal(net.weighted[-1].W, before[-1]), chosen
    return True


@pytest.mark.parametrize("name", rules.RULES)
def test_every_combination_of_options_trains_or_is_refused_where_it_is_made(name):
    """A run that fails after its first epoch, or in its probe, costs a student an hour."""
    data = few_samples(5)
    trained = [
        train_one_epoch(dense(apart), name, chosen, data)
        for chosen in combinations_of(rules.RULES[name])
        for apart in ((False, True) if name in rules.TARGETS else (False,))
    ]
    assert any(trained)


@pytest.mark.parametrize("name", [name for name in rules.RULES if name not in rules.TARGETS])
def test_every_combination_of_options_trains_a_convolution_too(name):
    """An option that works only for dense layers must say so."""
    data = few_samples(1, 5, 5)
    for chosen in combinations_of(rules.RULES[name]):
        train_one_epoch(convolutional(), name, chosen, data)


def test_all_pairs_occur():
    """The test proves nothing about a pair that is missing."""
    options = {"a": [1, 2], "b": [1, 2, 3], "c": [1, 2], "d": [1, 2]}
    rows = list(paired(options))
    for one, other in combinations(options, 2):
        seen = {(row[one], row[other]) for row in rows}
        assert seen == set(product(options[one], options[other]))
    assert len(rows) < 2 * 3 * 2 * 2


@pytest.mark.parametrize("name", rules.RULES)
def test_a_refusal_names_the_option(name):
    """A student must know which of ten options to change."""
    for chosen in combinations_of(rules.RULES[name]):
        try:
            rules.make(name, **chosen)
        except (ValueError, TypeError) as error:
            assert any(option in str(error) for option in chosen), str(error)


@pytest.mark.parametrize("name", ["dtp_drl", "itp_drl", "itp", "ldrl", "fwdtp", "sdtp"])
def test_only_difference_target_propagation_works_without_its_last_inverse(name):
    """Two rules accepted it and failed with the first batch; others silently used W_Lᵀ."""
    with pytest.raises(ValueError, match=f"rule '{name}' has no attribute 'gradient_at_top'"):
        rules.make(name, gradient_at_top=True)


def test_a_rule_that_uses_the_weights_of_the_output_layer_says_so():
    """Otherwise the table of rules would call a step through W_Lᵀ free of weight transport."""
    for gradient in (False, True):
        assert rules.make("dtp", gradient_at_top=gradient).uses.transport is gradient


@pytest.mark.parametrize("kind", [rules.IteratedFromInverse, rules.IteratedInOutputSpace])
@pytest.mark.parametrize("apart", [False, True])
def test_every_way_to_iterate_trains_with_every_measure(kind, apart):
    """No list of rules holds these classes, so no other test uses them."""
    rule = kind(minimum_norm=True, residual=0.5)
    run = nofb.fit(dense(apart), rule, few_samples(5), 1, 6, nofb.SGD(lr=0.01), progress=False)
    assert run.stopped is None and run.history.epochs == 1
    assert rules.make("dtp", preset="meulemans2020").gradient_at_top is False


def test_a_preset_can_be_overridden_and_an_unknown_one_is_named():
    """A user starts from a paper's settings, and changes some of them."""
    assert rules.make("dtp", preset="meulemans2020", noise=0.5).noise == 0.5
    with pytest.raises(ValueError, match="preset of rule 'dtp' is 'lee', but must be one of"):
        rules.make("dtp", preset="lee")


def test_a_direct_inverse_has_no_lipschitz_constant_whatever_its_shape():
    """In a network of equal widths it was measured as if it were the inverse of one layer."""
    fused = [Dense(3, 3, "tanh"), Dense(3, 3, "tanh"), Dense(3, 3)]
    split = [Dense(3, 3), Activation("tanh"), Dense(3, 3), Activation("tanh"), Dense(3, 3)]
    for layers in (fused, split):
        net, rule = Network(layers, seed=1), rules.make("ddtp")
        run = nofb.fit(net, rule, few_samples(3), 1, 6, nofb.SGD(lr=0.01), progress=False)
        assert np.isnan(run.history["lipschitz"]).all()


def test_a_direct_target_for_a_pre_activation_is_the_error_through_its_inverse():
    """With η̂ → 0 and a linear inverse δ_l = e D_l; with f' too, it would count twice."""
    net = dense(apart=True)
    rule = rules.make("ddtp")
    rule.attach(net)
    trace = net.forward(few_samples(5).x_train).set_target(np.eye(3, dtype="f4")[np.arange(12) % 3])
    for layer, delta in rule.signals(net, trace):
        if layer.D is not None:
            np.testing.assert_allclose(delta, trace.error @ layer.D, rtol=1e-3, atol=1e-5)
