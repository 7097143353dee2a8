"""A meaningless rate, weight or value is named, and the learning rate is not blamed."""

import warnings

import numpy as np
import pytest

import nofb
from nofb import SGD, Dense, Network, rules
from nofb.datasets import Dataset, DataWarning
from nofb.training import DivergenceWarning

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(60, 4)), np.arange(60) % 2
DATA = Dataset(X[:40], Y[:40], X[40:], Y[40:])


def small(**options):
    return Network([Dense(4, 6, "tanh"), Dense(6, 2)], **options)


def train(net=None, data=DATA, **options):
    options = {"epochs": 3, "progress": False, "probe": 0, **options}
    return nofb.fit(net or small(), rules.make("fa"), data, **options)


# -- the rate ------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [float("nan"), float("inf"), None, -1, -0.5, "half", 1j])
def test_a_schedule_that_returns_no_valid_factor_is_named_before_a_weight_changes(share):
    """-1 raised the loss without an error; NaN was blamed on the learning rate."""
    net = small()
    with pytest.raises((ValueError, TypeError), match=r"^the factor that schedule returns must be"):
        train(net, optimizer=SGD(0.1, schedule=lambda epoch, epochs: share))
    for layer, other in zip(net.weighted, small().weighted, strict=True):
        np.testing.assert_array_equal(layer.W, other.W)


@pytest.mark.parametrize("lr", [float("nan"), float("inf"), -0.1, 0, 0.0, None])
def test_a_rate_that_is_set_in_a_callback_is_checked_like_a_given_one(lr):
    """The constructor refuses it, so an assignment must not accept it."""
    optimizer = SGD(0.1)
    with pytest.raises((ValueError, TypeError), match=r"^lr must be"):
        train(optimizer=optimizer, callbacks=[lambda run: setattr(optimizer, "lr", lr)])


@pytest.mark.parametrize("share", [0, 1, 0.0, np.float32(0.5), np.float64(2.0), np.int64(1)])
def test_numbers_of_every_type_are_valid_factors(share):
    """A schedule may be constant, rise, and return a number of NumPy."""
    optimizer = SGD(1, schedule=lambda epoch, epochs: share)
    optimizer.at(0.0, 3)
    assert optimizer.factor == share


# -- weights that a callback has changed -----------------------------------------------------------


@pytest.mark.parametrize("name", ["W", "b", "B"])
def test_a_weight_that_a_callback_made_nan_is_named(name):
    """ "A learning rate below 0.1 may help" would mislead the student."""

    def spoil(run):
        if run.history.epochs == 2:
            getattr(run.net.weighted[1], name).flat[0] = np.nan

    with pytest.warns(DivergenceWarning) as seen:
        run = train(callbacks=[spoil], epochs=5)
    assert run.history.epochs == 2 and seen[0].filename == __file__
    assert run.stopped.startswith(
        f"fa was stopped after epoch 2, after its callbacks: {name} of net.weighted[1] holds nan"
    )


def test_a_weight_that_was_made_nan_is_not_written_to_a_checkpoint(tmp_path):
    """A file that no run can resume is worth less than that of the epoch before."""
    path = tmp_path / "run.npz"

    def spoil(run):
        if run.history.epochs == 2:
            run.net.weighted[0].W[0, 0] = np.nan

    with pytest.warns(DivergenceWarning):
        train(callbacks=[spoil], checkpoint=path)
    assert train(checkpoint=nofb.Checkpoint(path, resume=True)).history.epochs == 3


# -- the end of a run ----------------------------------------------------------------------------


def test_a_request_to_stop_at_the_end_does_not_lose_the_run():
    """It ended `fit` with an error, and later callbacks were not told of the end."""
    ended = []

    class Late(nofb.Callback):
        def end(self, run):
            ended.append(run.history.epochs)
            raise nofb.StopTraining("too late")

    run = train(callbacks=[Late(), Late()])
    assert ended == [3, 3] and run.stopped is None and run.history.epochs == 3


def test_an_interrupt_in_a_callback_is_reported_after_its_epoch():
    """It was reported in the last step, as if this step had not counted."""

    def stop(run):
        raise KeyboardInterrupt

    run = train(callbacks=[stop])
    assert run.stopped == "fa was stopped by the user after epoch 1"


# -- data ----------------------------------------------------------------------------------------


def test_masked_values_are_refused_in_every_argument():
    """The mask was dropped, and the network learned from the value -999 behind it."""
    x = np.ma.masked_equal(np.where(X > 2, -999.0, X), -999.0)
    assert x.mask.any()
    y = np.ma.masked_equal(Y, 0)
    sentence = r"is a masked array that hides \d+ values?, .*\.filled\(value\)"
    with pytest.raises(ValueError, match=f"^x_train {sentence}"):
        Dataset(x, Y, X, Y)
    with pytest.raises(ValueError, match=f"^y_test {sentence}"):
        Dataset(X, Y, X, y)
    with pytest.raises(ValueError, match=f"^x {sentence}"):
        small().predict(x)
    with pytest.raises(ValueError, match=f"^y {sentence}"):
        small().loss(X, y)
    assert Dataset(x.filled(0), Y, np.ma.masked_array(X), Y).n_classes == 2


@pytest.mark.parametrize("dtype", [np.int64, np.uint8])
def test_labels_from_1_give_a_warning_with_a_cure_that_works(dtype):
    """The output for class 0, which has no samples, was not noticed."""
    y = (1 + np.arange(60) % 3).astype(dtype)
    with pytest.warns(DataWarning, match=r"no sample has the label 0.*np\.unique\(y, ") as seen:
        assert Dataset(X, y, X, y).n_classes == 4
    assert len(seen) == 1 and seen[0].filename == __file__
    mended = np.unique(y, return_inverse=True)[1]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Dataset(X, mended, X, mended).n_classes == 3


@pytest.mark.parametrize(
    ("train_labels", "test_labels"),
    [
        (np.arange(60) % 3, np.ones(60, int)),
        (1 + np.arange(60) % 2, np.zeros(60, int)),  # a class without a training sample
        (np.ones(60, int), np.ones(60, int)),  # a part of two classes
        (np.array([1, 3] * 30), np.array([1, 3] * 30)),  # a gap
        (1 + np.arange(60) % 6, 1 + np.arange(60) % 6),  # by chance, as a few samples may
        (np.eye(3)[1 + np.arange(60) % 2], np.eye(3)[1 + np.arange(60) % 2]),
        (np.arange(60).astype(np.uint8) % 2, np.ones(60, np.uint8)),
    ],
    ids=["from 0", "0 in the test split", "one class", "a gap", "few", "one-hot", "uint8"],
)
def test_valid_labels_give_no_warning(train_labels, test_labels):
    """Users ignore a warning that was wrong once."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Dataset(X, train_labels, X, test_labels)


def test_huge_targets_are_named_for_a_loss_that_float32_cannot_hold():
    """The sentence blamed the weights, which were at most 0.9."""
    net, y = Network([Dense(4, 1)], loss="squared_error"), X[:, :1] * 1e30
    with pytest.raises(ValueError, match=r"y reaches .*e\+30, too much for float32: scale the"):
        net.loss(X, y)
    with pytest.raises(ValueError, match=r"y_test reaches .*e\+30, too much for float32"):
        train(net, Dataset(X, y, X, y))
    with pytest.raises(ValueError, match=r"y_train holds .*e\+\d+ at .*float32 cannot hold"):
        train(net, Dataset(X, X[:, :1] * 1e40, X, y))
