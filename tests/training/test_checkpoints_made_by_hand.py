"""A checkpoint with impossible values is refused before anything is filled."""

import numpy as np
import pytest

import nofb
from nofb import SGD, Adam, Dense, Network, archive, rules
from nofb.datasets import Dataset

DIGITS = nofb.datasets.load("digits")
PART = Dataset(DIGITS.x_train[:60], DIGITS.y_train[:60], DIGITS.x_test[:20], DIGITS.y_test[:20])
NAN = np.float32("nan")


def train(path, net=None, optimizer=None, stopping=None, epochs=2):
    """Train a small network with a checkpoint, or resume it."""
    net = net or Network([Dense(64, 8, "tanh"), Dense(8, 10)])
    checkpoint = nofb.Checkpoint(path, resume=path.exists())
    options = {"progress": False, "checkpoint": checkpoint, "validation": 0.2}
    stopping = stopping or nofb.EarlyStopping(patience=9)
    return nofb.fit(net, rules.make("kp"), PART, epochs, optimizer=optimizer or Adam(),
                    callbacks=[stopping], **options)  # fmt: skip


def rewrite(path, change):
    """Write the file again, after a function has changed its JSON and arrays."""
    about, arrays = archive.read(path, "checkpoint")
    change(about, arrays)
    kept = {name: it for name, it in about.items() if name not in ("kind", "format", "arrays")}
    archive.write(path, "checkpoint", kept, arrays)


def refused(path, sentence):
    """Assert that a run is not resumed, and that network and optimizer do not change."""
    net, optimizer = Network([Dense(64, 8, "tanh"), Dense(8, 10)]), Adam()
    start = [layer.W.copy() for layer in net.weighted]
    with pytest.raises(ValueError, match=f"(?s)is not a whole file of nofb.*{sentence}"):
        train(path, net, optimizer, epochs=3)
    for layer, W in zip(net.weighted, start, strict=True):
        np.testing.assert_array_equal(layer.W, W)
    assert not optimizer.state


def other(shape=None, value=None, at=0):
    """Return a function that makes an array of another shape, or with another value."""

    def make(array):
        made = np.ones(shape, array.dtype) if shape is not None else array.copy()
        if value is not None:
            made.flat[at] = value
        return made

    return make


@pytest.mark.parametrize(
    ("place", "make", "sentence"),
    [
        ("optimizer/state/0.W/t", other((3, 3)), "a running average of 0.W is float64"),
        ("optimizer/state/0.W/t", other((0,)), "a running average of 0.W is float64"),
        ("optimizer/state/0.W/t", other(value=-1.0), "division by zero"),
        ("optimizer/state/0.W/t", other(value=-5.0), "running averages of 0.W lead to a step of"),
        ("optimizer/state/1.b/m", other(value=NAN), "a running average of 1.b holds nan"),
        ("optimizer/state/1.B/s", other(value=np.inf), "a running average of 1.B holds inf"),
        ("history/loss", other((1,)), "history/loss has shape"),
        ("history/test_loss", other((3,)), "history/test_loss has shape"),
        ("history/seconds", other(()), "history/seconds has shape"),
        ("start/test_loss", other((2,)), "start/test_loss is"),
        ("start/weight_angle", other((7,)), "start/weight_angle is"),
        ("start/test_loss", other(value=NAN), "start/test_loss holds nan"),
        ("weighted/0/W", other(value=NAN), r"W of net.weighted\[0\] holds nan"),
        ("weighted/1/b", other(value=NAN), r"b of net.weighted\[1\] holds nan"),
        ("weighted/1/B", other(value=NAN), r"B of net.weighted\[1\] holds nan"),
        ("batches/order", other(value=10**6), "batches/order is not an order of all samples"),
        ("batches/order", other((3,)), "batches/order is"),
    ],
)
def test_impossible_values_are_refused_before_anything_is_filled(tmp_path, place, make, sentence):
    """They ended in errors of NumPy with a filled network, or blamed the learning rate."""
    path = tmp_path / "run.npz"
    train(path)

    def change(about, arrays):
        assert place in arrays, sorted(arrays)
        arrays[place] = make(arrays[place])

    rewrite(path, change)
    refused(path, sentence)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (other((8, 64)), "weighted/0/W as float32"),
        (lambda W: W.astype(np.float64), "weighted/0/W as float64"),
        (other(value=NAN), r"W of net.weighted\[0\] holds nan"),
    ],
)
def test_a_best_epoch_that_cannot_be_restored_is_refused_at_once(tmp_path, make, sentence):
    """It was first checked after the last epoch, when it was restored."""
    path = tmp_path / "run.npz"
    train(path)

    def change(about, arrays):
        (place,) = [it for it in arrays if it.startswith("early") and it.endswith("weighted/0/W")]
        arrays[place] = make(arrays[place])

    rewrite(path, change)
    refused(path, sentence)


def test_a_history_that_lacks_a_measure_or_an_epoch_is_refused(tmp_path):
    """The next epoch could not be appended."""
    path = tmp_path / "run.npz"
    for name in ("loss", "test_loss"):
        path.unlink(missing_ok=True)
        train(path)
        rewrite(path, lambda about, _, name=name: about["state"]["history"]["dict"].pop(name))
        refused(path, name)
    path.unlink()
    train(path)
    rewrite(path, lambda about, _: about.update(epochs=0))
    refused(path, "holds 0 epochs")


def test_a_history_with_an_additional_measure_is_refused(tmp_path):
    """A column without new values would be shorter than the others."""
    path = tmp_path / "run.npz"
    train(path)

    def change(about, arrays):
        columns = about["state"]["history"]["dict"]
        columns["mine"] = columns["loss"]

    rewrite(path, change)
    refused(path, "history and start do not go together: mine")


def test_a_best_epoch_in_the_future_is_refused(tmp_path):
    """A run with such a file would never stop early."""
    path = tmp_path / "run.npz"
    train(path)

    def change(about, arrays):
        about["state"]["early_stopping"]["list"][0]["object"]["best_epoch"] = 50

    rewrite(path, change)
    refused(path, "best_epoch is 50 of 2 epochs")


@pytest.mark.parametrize("optimizer", [SGD(0.1), SGD(0.1, momentum=0.9), Adam(), nofb.RMSprop()])
def test_a_checkpoint_of_a_real_run_is_resumed_as_before(tmp_path, optimizer):
    """Valid files must not be refused, with any optimizer."""
    path = tmp_path / "run.npz"
    whole = train(tmp_path / "whole.npz", optimizer=optimizer, epochs=3)
    train(path, optimizer=optimizer)
    resumed = train(path, optimizer=optimizer, epochs=3)
    for name in ("loss", "test_loss", "weight_angle"):
        np.testing.assert_array_equal(resumed.history[name], whole.history[name])


def test_the_optimizer_of_an_inverse_is_checked_and_resumed_too(tmp_path):
    """It has its own averages, which must belong to the arrays of the inverse."""
    path = tmp_path / "run.npz"

    def targets(path, epochs):
        net = Network([Dense(64, 8, "tanh"), Dense(8, 10)])
        checkpoint = nofb.Checkpoint(path, resume=path.exists())
        options = {"progress": False, "checkpoint": checkpoint}
        return net, nofb.fit(net, rules.make("tp"), PART, epochs, **options)

    whole, _ = targets(tmp_path / "whole.npz", 3)
    targets(path, 2)
    resumed, _ = targets(path, 3)
    inverses = [net.weighted[1].inverse for net in (whole, resumed)]
    np.testing.assert_array_equal(inverses[0].W, inverses[1].W)
    np.testing.assert_array_equal(inverses[0].b, inverses[1].b)

    def change(about, arrays):
        (place,) = [it for it in arrays if "rule_state" in it and it.endswith("B/s")]
        arrays[place] = other(value=NAN)(arrays[place])

    rewrite(path, change)
    with pytest.raises(ValueError, match="a running average of B holds nan"):
        targets(path, 4)
