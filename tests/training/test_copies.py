"""Networks, rules, optimizers and runs can be copied and pickled; copies share no state."""

import pickle
from copy import deepcopy
from functools import partial

import numpy as np
import pytest
from oracles import DENSE_ONLY, arrays_of

import nofb
from nofb import (
    SGD,
    Adam,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    MaxPool2D,
    Network,
    RMSprop,
    initialisers,
    rules,
    schedules,
)  # fmt: skip
from nofb.activations import ACTIVATIONS
from nofb.datasets import Dataset
from nofb.losses import LOSSES

DIGITS = nofb.datasets.load("digits")
PART = Dataset(
    *(DIGITS.x_train[:96], DIGITS.y_train[:96], DIGITS.x_test[:40], DIGITS.y_test[:40]),
    image_shape=(1, 8, 8),
)
WAYS = {"deepcopy": deepcopy, "pickle": lambda thing: pickle.loads(pickle.dumps(thing))}
MAPS = tuple(name for name in rules.RULES if name not in DENSE_ONLY)


def dense(width=8, seed=0):
    """Return a small network for digits."""
    return Network([Dense(64, width, "tanh"), Dense(width, 7, "tanh"), Dense(7, 10)], seed=seed)


def maps():
    """Return a small convolutional network for digits, with dropout."""
    layers = [
        Conv2D(1, 2, 3, activation="tanh"), MaxPool2D(2), Flatten(), Dropout(0.2),
        Dense(18, 6, "tanh"), Dense(6, 10),
    ]  # fmt: skip
    return Network(layers, input_shape=(1, 8, 8))


def train(net, rule=None, data=PART, epochs=1, optimizer=None):
    """Train without output with a rule, or with the one that is attached."""
    optimizer = SGD(0.1, momentum=0.9) if optimizer is None else optimizer
    rule = net.rule if rule is None else rule
    return nofb.fit(net, rule, data, epochs=epochs, optimizer=optimizer, probe=0, progress=False)


def assert_same(net, other):
    """Assert that two networks are equal, and name the array that differs."""
    arrays, others = arrays_of(net), arrays_of(other)
    assert arrays.keys() == others.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, others[name], err_msg=name)


def owned(net):
    """Return all arrays of a network and its rule."""
    kept = [getattr(layer, name) for layer in net.weighted for name in "WbBD"]
    states = [vars(layer.rule_state) for layer in net.weighted if layer.rule_state is not None]
    kept += [part for state in states for part in state.values()]
    return [array for array in kept if isinstance(array, np.ndarray)]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", rules.RULES)
def test_a_copy_trains_to_the_same_numbers_and_the_original_does_not_change(name, way):
    """Training a copy gave a KeyError for 15 rules, and pickling failed for all."""
    net = dense()
    train(net, rules.make(name))
    twin = WAYS[way](net)
    assert twin.rule is not net.rule and type(twin.rule) is type(net.rule)
    before = arrays_of(net)
    train(twin)
    for key, array in arrays_of(net).items():
        np.testing.assert_array_equal(array, before[key], err_msg=f"{key} moved with the copy")
    assert not any(np.shares_memory(one, two) for one in owned(net) for two in owned(twin))
    train(net)
    assert_same(twin, net)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", MAPS)
def test_a_copy_of_a_network_of_maps_trains_to_the_same_numbers(name, way):
    """Dropout's generator, pooling and filters must be copied too."""
    net, images = maps(), PART.as_images()
    train(net, rules.make(name), images)
    twin = WAYS[way](net)
    train(twin, data=images)
    train(net, data=images)
    assert_same(twin, net)


@pytest.mark.parametrize("way", WAYS)
def test_a_network_without_a_rule_is_copied_before_and_after_training(way):
    """A teacher gives networks to a class before training."""
    net = dense()
    twin = WAYS[way](net)
    assert twin.rule is None
    train(net, rules.make("bp"))
    train(twin, rules.make("bp"))
    assert_same(twin, net)


@pytest.mark.parametrize("way", WAYS)
def test_the_copy_of_a_run_or_a_trace_has_the_same_contents(way):
    """joblib and multiprocessing return results by pickle."""
    run = train(dense(), rules.make("wm"), epochs=2)
    twin = WAYS[way](run)
    assert twin.net.rule is twin.rule and twin.stopped is None
    np.testing.assert_array_equal(twin.history["loss"], run.history["loss"])
    trace = run.net.forward(PART.x_test)
    np.testing.assert_array_equal(WAYS[way](trace).output, trace.output)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "schedule",
    [*schedules.SCHEDULES, schedules.step(every=1, factor=0.5), schedules.inverse_time(2.0)],
    ids=lambda schedule: getattr(getattr(schedule, "func", None), "__name__", schedule),
)
@pytest.mark.parametrize("kind", [partial(SGD, 0.1, momentum=0.9), RMSprop, Adam])
def test_an_optimizer_is_copied_with_its_averages_and_its_schedule(kind, schedule, way):
    """A schedule that is a function inside of a function cannot be pickled."""
    optimizer, update = kind(schedule=schedule), np.full((2, 3), 0.5)
    optimizer.at(1.5, 4)
    optimizer.step("W", np.ones((2, 3)), update)
    twin, ends = WAYS[way](optimizer), []
    for each in (optimizer, twin):
        each.at(2.5, 4)
        W = np.ones((2, 3))
        each.step("W", W, update)
        ends.append(W)
    np.testing.assert_array_equal(*ends)
    assert twin.factor == optimizer.factor


@pytest.mark.parametrize("way", WAYS)
def test_initialisers_activations_and_losses_are_copied(way):
    """`scaled` was a function inside of a function; the entries of a table must stay the same."""
    draw = initialisers.scaled(initialisers.scaled("he", 2.0), 3.0)
    drawn = [each(np.random.default_rng(0), 4, 3) for each in (draw, WAYS[way](draw))]
    np.testing.assert_array_equal(*drawn)
    for table in (ACTIVATIONS, LOSSES):
        assert all(WAYS[way](entry) is entry for entry in table.values())


# -- one rule, several networks ------------------------------------------------------------------

NETS = {"A": partial(dense, 8, 0), "B": partial(dense, 12, 1)}


@pytest.mark.parametrize("name", rules.RULES)
def test_one_rule_trains_two_networks_as_two_rules_would(name):
    """Attached to A, B and A, five rules drew new noise: A was another run than A alone."""
    rule, pair = rules.make(name), {key: make() for key, make in NETS.items()}
    optimizer = SGD(0.1, momentum=0.9, schedule="cosine")
    for key in "ABA":
        if pair[key].rule is not rule:
            rule.attach(pair[key])
        train(pair[key], rule, optimizer=optimizer)
    for key, make in NETS.items():
        alone = make()
        for _ in range("ABA".count(key)):
            train(alone, alone.rule or rules.make(name), optimizer=deepcopy(optimizer))
        assert_same(pair[key], alone)


@pytest.mark.parametrize("name", rules.RULES)
def test_attaching_again_starts_from_the_seed(name):
    """With the same seed a rule must draw the same feedback and give the same run, in any order."""
    rule = rules.make(name)
    train(dense(seed=3), rule, optimizer=SGD(0.1, schedule="cosine"))
    again, fresh = dense(), dense()
    rule.attach(again, seed=5)
    rules.make(name).attach(fresh, seed=5)
    assert_same(again, fresh)
    train(again)
    train(fresh)
    assert_same(again, fresh)


# -- one optimizer, several runs -----------------------------------------------------------------

OPTIMIZERS = [partial(SGD, 0.1, momentum=0.9), partial(RMSprop, 0.01), partial(Adam, 0.01)]


@pytest.mark.parametrize("make", OPTIMIZERS)
@pytest.mark.parametrize("widths", [(8, 128), (128, 8), (8, 8)])
def test_one_optimizer_trains_two_networks_as_two_would(make, widths):
    """The process crashed; with equal widths the second run began with the first one's averages."""
    optimizer = make()
    for seed, width in enumerate(widths):
        used, alone = dense(width, seed), dense(width, seed)
        train(used, rules.make("fa"), optimizer=optimizer)
        train(alone, rules.make("fa"), optimizer=make())
        assert_same(used, alone)
