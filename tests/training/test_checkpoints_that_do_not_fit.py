"""A checkpoint whose arrays have other shapes is refused before anything is filled."""

import numpy as np
import pytest

import nofb
from nofb import SGD, Adam, Dense, Network, archive, rules
from nofb.datasets import Dataset
from nofb.training.description import describe

DIGITS = nofb.datasets.load("digits")
PART = Dataset(DIGITS.x_train[:60], DIGITS.y_train[:60], DIGITS.x_test[:20], DIGITS.y_test[:20])


def train(path, rule="fa", optimizer=None, epochs=2):
    """Train a small network with a checkpoint, or resume it."""
    net = Network([Dense(64, 8, "tanh"), Dense(8, 10)])
    made, optimizer = rules.make(rule), optimizer or SGD(0.1, momentum=0.9)
    checkpoint = nofb.Checkpoint(path, resume=path.exists())
    options = {"progress": False, "probe": 0, "checkpoint": checkpoint}
    return net, lambda: nofb.fit(net, made, PART, epochs, optimizer=optimizer, **options)


def change(path, place, array):
    """Write the file again with another array in one place."""
    about, arrays = archive.read(path, "checkpoint")
    assert place in arrays
    kept = {name: it for name, it in about.items() if name not in ("kind", "format", "arrays")}
    archive.write(path, "checkpoint", kept, {**arrays, place: array})


@pytest.mark.parametrize("shape", [(64, 9), (8, 64), (512,)])
@pytest.mark.parametrize(
    ("place", "rule", "sentence"),
    [
        ("weighted/0/W", "fa", "the checkpoint holds weighted/0/W as float32"),
        ("weighted/1/B", "fa", "the checkpoint holds weighted/1/B as float32"),
        ("weighted/1/rule_state/M", "frsf", "the checkpoint holds weighted/1/rule_state/M as "),
        ("weighted/1/rule_state/xi", "wm", "the checkpoint holds weighted/1/rule_state/xi as "),
        ("weighted/1/inverse/b", "tp", "the checkpoint holds weighted/1/inverse/b as "),
        ("optimizer/state/0.W/v", "fa", "a running average of 0.W is float32"),
    ],
)
def test_an_array_of_another_shape_is_refused_before_anything_is_filled(
    tmp_path, place, rule, sentence, shape
):
    """Kernels did not check the averages of a file, and wrote past their end."""
    path = tmp_path / "run.npz"
    train(path, rule)[1]()
    change(path, place, np.ones(shape, np.float32))
    net, resume = train(path, rule, epochs=3)
    start = [layer.W.copy() for layer in net.weighted]
    with pytest.raises(ValueError, match=sentence):
        resume()
    for layer, W in zip(net.weighted, start, strict=True):
        np.testing.assert_array_equal(layer.W, W)


def test_averages_of_a_layer_that_does_not_exist_are_refused(tmp_path):
    """They belong to another network, with any shape."""
    path = tmp_path / "run.npz"
    train(path, optimizer=Adam())[1]()
    about, arrays = archive.read(path, "checkpoint")
    state = about["state"]["optimizer"]["object"]["state"]["dict"]
    state["7.W"] = state.pop("0.W")
    kept = {name: it for name, it in about.items() if name not in ("kind", "format", "arrays")}
    archive.write(path, "checkpoint", kept, arrays)
    with pytest.raises(ValueError, match=r"holds running averages of 7\.W, which the network does"):
        train(path, optimizer=Adam(), epochs=3)[1]()


def test_a_file_without_one_of_the_arrays_is_refused_in_one_sentence(tmp_path):
    """It ended in a KeyError, with half of the run filled."""
    path = tmp_path / "run.npz"
    train(path)[1]()
    about, arrays = archive.read(path, "checkpoint")
    del arrays["weighted/1/W"]
    kept = {name: it for name, it in about.items() if name not in ("kind", "format", "arrays")}
    archive.write(path, "checkpoint", kept, arrays)
    net, resume = train(path, epochs=3)
    start = [layer.W.copy() for layer in net.weighted]
    with pytest.raises(ValueError, match=r"is not a whole file of nofb.*weighted/1/W"):
        resume()
    for layer, W in zip(net.weighted, start, strict=True):
        np.testing.assert_array_equal(layer.W, W)


def test_an_unknown_part_of_a_file_is_refused_by_its_name(tmp_path):
    """A file of an earlier version must not end in a KeyError."""
    path = tmp_path / "run.npz"
    train(path)[1]()
    about, arrays = archive.read(path, "checkpoint")
    about["state"]["rule"]["object"]["M"] = {"weak": []}
    kept = {name: it for name, it in about.items() if name not in ("kind", "format", "arrays")}
    archive.write(path, "checkpoint", kept, arrays)
    with pytest.raises(ValueError, match="rule/M as 'weak', which this nofb does not know"):
        train(path, epochs=3)[1]()


def test_a_ufunc_is_described_if_numpy_gives_it_no_module():
    """NumPy 1.26 has no `np.tanh.__module__`: a rule with a tanh could not have a checkpoint."""
    ufunc = np.frompyfunc(abs, 1, 1)  # has no __module__ in any version of NumPy
    assert not hasattr(ufunc, "__module__")
    assert describe("f", ufunc).startswith("numpy.")
    assert describe("f", np.tanh) == "numpy.tanh"
