"""A network, an optimizer and a callback with state belong to one run at a time."""

import copy
import pickle
import threading

import numpy as np
import pytest

import nofb
from nofb import SGD, Dense, Network, rules
from nofb.datasets import Dataset

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(60, 4)), np.arange(60) % 2
DATA = Dataset(X[:40], Y[:40], X[40:], Y[40:])


def small(seed=0):
    return Network([Dense(4, 6, "tanh"), Dense(6, 2)], seed=seed)


def train(net=None, **options):
    options = {"epochs": 3, "progress": False, "probe": 0, "validation": 0.2, **options}
    return nofb.fit(net or small(), rules.make("fa"), DATA, **options)


def shared(name):
    """Return a function that trains with one and the same object in each call."""
    if name == "net":
        net = small()
        return lambda **options: train(net, **options)
    if name == "optimizer":
        optimizer = SGD(0.05, momentum=0.9)
        return lambda **options: train(optimizer=optimizer, **options)
    stopping = nofb.EarlyStopping(patience=5)
    return lambda callbacks=(): train(callbacks=[stopping, *callbacks])


@pytest.mark.parametrize("name", ["net", "optimizer", "a callback"])
def test_a_second_run_inside_a_callback_cannot_use_what_the_first_one_owns(name):
    """The inner run deleted the momentum of the outer one, whose results were silently wrong."""
    again, refused = shared(name), []

    def nested(run):
        if run.history.epochs == 1:
            with pytest.raises(ValueError, match=f"^{name} belongs to a run .*its own ") as refusal:
                again()
            refused.append(refusal)

    run = again(callbacks=[nested])
    alone = shared(name)()
    assert len(refused) == 1 and run.history.epochs == 3
    np.testing.assert_array_equal(run.history["loss"], alone.history["loss"])


def test_a_thread_cannot_use_an_optimizer_of_another_thread():
    """The steps of two threads with one set of averages would depend on chance."""
    optimizer, errors = SGD(0.05, momentum=0.9), []

    def second():
        try:
            train(optimizer=optimizer)
        except ValueError as error:
            errors.append(str(error))

    def nested(run):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()

    train(optimizer=optimizer, callbacks=[nested], epochs=1)
    assert errors == ["optimizer belongs to a run that still goes on: give each run its own SGD"]


def test_a_run_releases_what_it_owned_however_it_ends():
    """After an error a user runs the same cell again, with the same objects."""
    net, optimizer, stopping = small(), SGD(0.05), nofb.EarlyStopping(patience=5)
    for error in (ZeroDivisionError, KeyboardInterrupt, nofb.StopTraining):

        def fail(run, error=error):
            raise error

        try:
            train(net, optimizer=optimizer, callbacks=[stopping, fail])
        except ZeroDivisionError:
            assert error is ZeroDivisionError
    assert train(net, optimizer=optimizer, callbacks=[stopping]).history.epochs == 3


def test_copies_that_are_made_in_a_run_are_free():
    """The owner is no part of the state of an optimizer or a network, nor of its pickle."""
    done = []

    def nested(run):
        twin, other = copy.deepcopy(run.optimizer), pickle.loads(pickle.dumps(run.optimizer))
        done.extend(train(copy.deepcopy(run.net), optimizer=each) for each in (twin, other))

    train(epochs=1, optimizer=SGD(0.05, momentum=0.9), callbacks=[nested])
    assert [run.history.epochs for run in done] == [3, 3]


def test_one_rule_and_equal_optimizers_can_be_used_in_nested_runs():
    """Optimizers with equal numbers are still two, and a callback may be listed twice."""
    rule, twice = rules.make("fa"), nofb.Callback()
    options = {"epochs": 1, "progress": False, "probe": 0}

    def nested(run):
        nofb.fit(small(1), rule, DATA, optimizer=SGD(0.1), **options)

    run = nofb.fit(small(), rule, DATA, optimizer=SGD(0.1), callbacks=[nested, twice, twice],
                   **options)  # fmt: skip
    assert run.history.epochs == 1
