"""Early stopping: it uses only the validation split, and restores the best epoch, also resumed."""

from itertools import pairwise

import numpy as np
import pytest

import nofb
from nofb import SGD, Dense, EarlyStopping, Network, rules
from nofb.training import DivergenceWarning

DIGITS = nofb.datasets.load("digits")
PART = nofb.datasets.Dataset(DIGITS.x_train[:200], DIGITS.y_train[:200],
                             DIGITS.x_test[:40], DIGITS.y_test[:40])  # fmt: skip


def net_for(hidden=(12,), seed=0):
    sizes = [64, *hidden, 10]
    layers = [Dense(n, m, "tanh") for n, m in pairwise(sizes[:-1])]
    return Network([*layers, Dense(*sizes[-2:])], seed=seed)


def train(rule="fa", **options):
    """Train with a rate at which the validation loss rises again after some epochs."""
    options = {"epochs": 60, "progress": False, "validation": 0.25, "probe": 0,
               "optimizer": SGD(lr=0.5, momentum=0.5), **options}  # fmt: skip
    return nofb.fit(net_for(), rules.make(rule), PART, **options)


def learned(run):
    """Return all arrays of the network and of its training."""
    return {
        f"{index}.{name}": getattr(layer, name).copy()
        for index, layer in enumerate(run.net.weighted)
        for name in ("W", "b", "B", "D")
        if getattr(layer, name) is not None
    }


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)


def epochs_by_hand(values, patience, better):
    """Return the best epoch and the last one, from the values of all epochs."""
    best = 0
    for epoch in range(1, len(values)):
        if better(values[epoch], values[best]):
            best = epoch
        if epoch - best == patience:
            return best + 1, epoch + 1
    return best + 1, len(values)


@pytest.mark.parametrize(
    ("measure", "better"),
    [("validation_loss", np.less), ("validation_accuracy", np.greater)],
)
@pytest.mark.parametrize("patience", [1, 4])
def test_a_run_stops_when_its_measure_has_not_improved_for_the_patience(measure, better, patience):
    """A loss is better if it is lower, an accuracy if it is higher; a tie is no improvement."""
    whole = train().history[measure]
    best, last = epochs_by_hand(whole, patience, better)
    assert best < last < 60, "this task must overfit, or nothing is tested"
    stopping = EarlyStopping(patience, measure=measure)
    run = train(callbacks=[stopping])
    assert (stopping.best_epoch, run.history.epochs) == (best, last)
    assert stopping.best == whole[best - 1]
    word = "lowest" if measure == "validation_loss" else "highest"
    assert run.stopped == (
        f"fa was stopped by a callback after epoch {last}: {measure} was {word} after epoch "
        f"{best}, whose weights the network has now"
    )


@pytest.mark.parametrize("rule", ["fa", "dfa", "kp", "wm", "tp", "ldrl"])
def test_the_best_epoch_is_restored_with_its_feedback(rule):
    """W of one epoch and a learned B of another would be a network that never existed."""
    stopping = EarlyStopping(2)
    run = train(rule, callbacks=[stopping], optimizer=SGD(lr=0.5))
    assert stopping.best_epoch == run.history.epochs - 2
    until_best = train(rule, epochs=stopping.best_epoch, optimizer=SGD(lr=0.5))
    assert_same(learned(run), learned(until_best))
    inverses = [[layer.inverse for layer in it.net.weighted] for it in (run, until_best)]
    for mine, other in zip(*inverses, strict=True):
        if mine is not None:
            np.testing.assert_array_equal(mine.B, other.B)
    held = PART.split_validation(0.25, 0)
    assert run.net.loss(held.x_test, held.y_test) == pytest.approx(stopping.best)


def test_without_restore_best_the_weights_of_the_last_epoch_stay():
    """The history ends with the last epoch."""
    run = train(callbacks=[EarlyStopping(2, restore_best=False)])
    assert "whose weights" not in run.stopped
    assert_same(learned(run), learned(train(epochs=run.history.epochs)))


def test_the_best_epoch_is_restored_however_a_run_ends():
    """With a large patience, after Ctrl-C, and after divergence."""
    best, last = epochs_by_hand(train().history["validation_loss"], 4, np.less)
    expected = learned(train(epochs=best))

    def interrupt(run):
        if run.history.epochs == last:
            raise KeyboardInterrupt

    def explode(run):
        if run.history.epochs == last:
            run.net.weighted[-1].W *= 1e6

    whole = train(callbacks=[EarlyStopping(100)], epochs=last)
    interrupted = train(callbacks=[EarlyStopping(100), interrupt])
    with pytest.warns(DivergenceWarning):
        diverged = train(callbacks=[EarlyStopping(100), explode])
    for run in (whole, interrupted, diverged):
        assert run.history.epochs == last
        assert_same(learned(run), expected)
    assert whole.stopped is None and interrupted.interrupted and not diverged.interrupted


def test_one_object_serves_a_second_run_from_the_start():
    """The best loss of the first run would stop the second, or give it other weights."""
    stopping, slower = EarlyStopping(2), {"optimizer": SGD(lr=0.01), "epochs": 5}
    good = train(callbacks=[stopping]).history["validation_loss"].min()
    again = train(callbacks=[stopping], **slower)
    assert again.history["validation_loss"].min() > good, "the second run must be the worse one"
    assert again.stopped is None and stopping.best_epoch == 5
    assert_same(learned(again), learned(train(**slower)))


@pytest.mark.parametrize("pieces", [3, 1])
def test_a_resumed_run_stops_where_it_would_have_stopped(tmp_path, pieces):
    """Its patience, its best value and its best weights belong to the run."""
    whole = train(callbacks=[EarlyStopping(4)])
    last, path = whole.history.epochs, tmp_path / "run.npz"
    for epochs in range(pieces, last, pieces):
        train(
            callbacks=[EarlyStopping(4)],
            epochs=epochs,
            checkpoint=nofb.Checkpoint(path, resume=True),
        )
    for _ in range(2):  # the second time, no epochs are left
        stopping = EarlyStopping(4)
        resumed = train(callbacks=[stopping], checkpoint=nofb.Checkpoint(path, resume=True))
        assert resumed.stopped == whole.stopped
        assert_same(learned(resumed), learned(whole))
        np.testing.assert_array_equal(resumed.history["loss"], whole.history["loss"])
        assert resumed.history["validation_loss"][stopping.best_epoch - 1] == stopping.best


def test_a_checkpoint_holds_the_last_epoch_and_not_the_best_one(tmp_path):
    """A run that resumes with more patience must continue from the last epoch."""
    path = tmp_path / "run.npz"
    train(callbacks=[EarlyStopping(100)], epochs=12, checkpoint=path)
    longer = train(
        callbacks=[EarlyStopping(100)], epochs=20, checkpoint=nofb.Checkpoint(path, resume=True)
    )
    np.testing.assert_array_equal(longer.history["loss"], train(epochs=20).history["loss"])


@pytest.mark.parametrize(
    ("first", "then"),
    [([EarlyStopping(4)], []), ([], [EarlyStopping(4)]), ([EarlyStopping(4)], [EarlyStopping(5)])],
)
def test_another_early_stopping_is_refused_on_resume(tmp_path, first, then):
    """A run with two values of patience would be a mixture of two runs."""
    path = tmp_path / "run.npz"
    train(callbacks=first, epochs=2, checkpoint=path)
    with pytest.raises(ValueError, match=r"early_stopping is .*, but .* was written with"):
        train(callbacks=then, checkpoint=nofb.Checkpoint(path, resume=True))


@pytest.mark.parametrize(
    ("make", "error", "sentence"),
    [
        (lambda: EarlyStopping(0), ValueError, "patience must be at least 1, but is 0"),
        (lambda: EarlyStopping(2.5), TypeError, "patience must be a whole number"),
        (lambda: EarlyStopping(2, "yes"), TypeError, "restore_best must be True or False"),
        (lambda: EarlyStopping(2, measure="test_loss"), ValueError,
         "the test split must not choose anything: take one of validation_loss, validation_acc"),
        (lambda: EarlyStopping(2, measure="test_accuracy"), ValueError, "must not choose anything"),
        (lambda: EarlyStopping(2, measure="val_loss"), ValueError,
         r"measure is 'val_loss' \(did you mean 'validation_loss'\?\), but must be one of: "
         "validation_loss, validation_accuracy"),
    ],
)  # fmt: skip
def test_a_measure_that_early_stopping_cannot_use_is_refused_at_once(make, error, sentence):
    """If the test split decided when to stop, the reported number would be too good."""
    with pytest.raises(error, match=sentence):
        make()


def test_a_regression_has_no_accuracy_to_stop_by():
    """NaN never improves, so the run would stop after its patience without a reason."""
    data = nofb.datasets.linear_teacher()
    net = Network([Dense(30, 20), Dense(20, 10)], loss="squared_error")
    options = {"validation": 0.2, "optimizer": SGD(lr=0.02), "progress": False, "epochs": 3}
    with pytest.raises(ValueError, match="real-valued targets have a validation_loss only"):
        nofb.fit(net, rules.make("fa"), data, **options,
                 callbacks=[EarlyStopping(2, measure="validation_accuracy")])  # fmt: skip
    run = nofb.fit(net, rules.make("fa"), data, **options, callbacks=[EarlyStopping(2)])
    assert run.history.epochs == 3


def test_a_rule_that_could_not_be_restored_is_refused_before_the_first_step():
    """A rule with state from the best epoch and from the last one would be neither."""

    class Odd(rules.FeedbackAlignment):
        def draw_feedback(self, net, rng):
            super().draw_feedback(net, rng)
            self.seen = {1, 2}

    with pytest.raises(TypeError, match="rule/seen, a set"):
        nofb.fit(net_for(), Odd(), PART, validation=0.25, callbacks=[EarlyStopping(2)])


@pytest.mark.parametrize("epoch", [0, 1, 2, 3])
def test_the_best_epoch_may_be_any_earlier_one(epoch):
    """A best epoch before the resumed ones is valid."""
    stopping = EarlyStopping(patience=9, restore_best=False)
    assert (stopping.best, stopping.best_epoch) == (0, 0)  # no best epoch yet
    run = train(epochs=3, callbacks=[stopping], optimizer=SGD(lr=0.05))
    stopping.best_epoch = epoch
    stopping.best = float(run.history["validation_loss"][epoch - 1])
    stopping.check_kept(run)
    stopping.best += 1
    if epoch:
        with pytest.raises(ValueError, match="was measured then"):
            stopping.check_kept(run)
    stopping.best_epoch = 4
    with pytest.raises(ValueError, match="best_epoch is 4 of 3 epochs"):
        stopping.check_kept(run)
