"""Settings of an optimizer that are changed after it was built, and a run without any step."""

import copy
import pickle

import numpy as np
import pytest

import nofb
from nofb import Dense, Network
from nofb.datasets import Dataset
from nofb.optimizers import SGD, Adam, AdamW, RMSprop
from nofb.schedules import warmup

WRONG = {
    "lr": [0, -1, np.nan, "0.1"], "decay": [-0.1, 1], "max_norm": [0, -1], "max_gradient": [0, -1],
}  # fmt: skip
OF_ONE = [(SGD, "momentum", 3), (SGD, "nesterov", 1), (RMSprop, "rho", -0.5), (Adam, "beta1", 1.5),
          (AdamW, "beta2", 1), (Adam, "epsilon", -1e-8)]  # fmt: skip
CASES = [(SGD, name, value) for name, values in WRONG.items() for value in values] + OF_ONE


@pytest.mark.parametrize(("kind", "name", "value"), CASES)
def test_a_setting_is_checked_when_it_is_set_later_as_when_it_is_given(kind, name, value):
    """A student lowers the rate in a callback; a decay of -0.1 would make weights grow unseen."""
    with pytest.raises((TypeError, ValueError), match=name) as given:
        kind(**{name: value})
    optimizer = kind()
    with pytest.raises(type(given.value)) as later:
        setattr(optimizer, name, value)
    assert str(later.value) == str(given.value)
    assert getattr(optimizer, name) == getattr(kind(), name)


def test_nesterov_without_momentum_is_refused_whichever_was_set_last():
    """The step would be plain gradient descent."""
    first, second = SGD(), SGD(momentum=0.9, nesterov=True)
    first.nesterov, second.momentum = True, 0
    for optimizer in (first, second):
        with pytest.raises(ValueError, match="momentum must not be 0"):
            optimizer.step("W", np.ones((2, 1)), np.ones((2, 1)))


def test_a_setting_that_fits_is_used_from_the_next_step_on():
    """A whole number becomes a float, as in the constructor; copies keep it."""
    optimizer = SGD()
    optimizer.lr = 2
    for each in (optimizer, copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        W = np.ones((1, 1))
        each.step("W", W, np.full((1, 1), 0.25))
        assert W[0, 0] == 0.5


def one_step(schedule, batch_size=4, epochs=1):
    x, y = np.eye(4), [0, 1, 0, 1]
    net = Network([Dense(4, 2)])
    before = net.layers[0].W.copy()
    optimizer = SGD(schedule=schedule)
    nofb.fit(net, "bp", Dataset(x, y, x, y), epochs, batch_size, optimizer, probe=0)
    return not np.array_equal(before, net.layers[0].W)


def test_a_run_of_one_step_with_a_warm_up_says_that_it_learns_nothing():
    """The warm-up starts with the rate 0, as is usual."""
    with pytest.warns(UserWarning, match="learning rate 0, so nothing is learned"):
        assert not one_step(warmup())


@pytest.mark.filterwarnings("error")
def test_runs_that_take_a_step_do_not_warn():
    """A second batch, a second epoch, or a constant rate."""
    assert one_step(warmup(), batch_size=2)
    assert one_step(warmup(), epochs=2)
    assert one_step("constant")
