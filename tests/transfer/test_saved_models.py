"""A saved model holds what was learned, and which backbone it needs."""

import copy
import pickle

import numpy as np
import pytest
from transfer.cases import NAMES, backbone, batch, model, weights

from nofb import AdamW, Checkpoint, fit, transfer
from nofb.datasets import Dataset
from nofb.transfer import METHODS


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("method", list(METHODS))
def test_a_saved_model_is_restored_on_the_same_backbone(method, name, tmp_path):
    """With its options, and for TOAST-Lite with the initial A and C."""
    options = {"rank": 2} if method in ("lora", "toast_lite") else {}
    net = model(method, name, **options)
    net.save(tmp_path / "model.npz")
    twin = transfer.load(tmp_path / "model.npz", backbone(name))
    assert type(twin) is type(net) and twin.options == net.options
    for old, new in zip(weights(net), weights(twin), strict=True):
        np.testing.assert_array_equal(old, new)
    x, _ = batch(net)
    np.testing.assert_array_equal(net.outputs(x), twin.outputs(x))


@pytest.mark.parametrize("method", list(METHODS))
def test_another_backbone_is_refused(method, tmp_path):
    """One weight that differs in its last bit makes it another network."""
    model(method).save(tmp_path / "model.npz")
    other = backbone()
    W = other.weighted[3].W
    W[0, 0] = np.nextafter(W[0, 0], 9)
    with pytest.raises(ValueError, match=r"npz needs the backbone [0-9a-f]{32}, but the one"):
        transfer.load(tmp_path / "model.npz", other)
    with pytest.raises(ValueError, match="needs the backbone"):
        transfer.make(method, other, 3).load(tmp_path / "model.npz")


def test_the_backbones_own_head_does_not_count(tmp_path):
    """No part of a model depends on it."""
    net, other = model("toast"), backbone()
    net.save(tmp_path / "model.npz")
    other.last.W *= 2
    transfer.load(tmp_path / "model.npz", other)


def test_only_what_the_method_adds_is_in_the_file(tmp_path):
    """A task takes a few kilobytes; the backbone is stored only once."""
    net = model("lora", dtype=np.float32)
    net.save(tmp_path / "model.npz")
    with np.load(tmp_path / "model.npz") as held:
        names = [name for name in held.files if name != "about.json"]
        assert sum(held[name].size for name in names) == net.trained_parameters


def test_a_copy_that_was_unfrozen_is_saved_as_well(tmp_path):
    """A user who trains the norms of a steered transformer must be able to load them."""
    net = model("toast")
    norm = net.steered.blocks[1].norms[0]
    norm.frozen = False
    norm.gamma *= 2
    net.save(tmp_path / "model.npz")
    twin = transfer.load(tmp_path / "model.npz", backbone())
    x, _ = batch(net)
    np.testing.assert_array_equal(net.outputs(x), twin.outputs(x))


def test_another_method_and_damaged_files_are_refused(tmp_path):
    """Arrays may have the right shapes by chance."""
    path = tmp_path / "model.npz"
    model("toast").save(path)
    with pytest.raises(ValueError, match="was written with"):
        transfer.make("lora", backbone(), 3).load(path)
    content = path.read_bytes()
    path.write_bytes(content[:-200])
    with pytest.raises(ValueError, match="is not a whole file of nofb"):
        transfer.load(path, backbone())
    backbone().save(path)
    with pytest.raises(ValueError, match=r"the kind of .* is 'weights', but must be one of: tr"):
        transfer.load(path, backbone())


@pytest.mark.parametrize("method", list(METHODS))
def test_models_can_be_copied_and_pickled(method):
    """Sweeps send networks to other processes."""
    net = model(method)
    x, _ = batch(net)
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        np.testing.assert_array_equal(twin.outputs(x), net.outputs(x))
        for old, new in zip(weights(net), weights(twin), strict=True):
            assert not np.shares_memory(old, new)


def digits():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 1, 4, 6)).astype(np.float32), rng.integers(0, 3, 40)
    return Dataset(x, y, x[:10], y[:10], name="noise")


@pytest.mark.parametrize("method", list(METHODS))
def test_a_stopped_run_resumes_from_its_checkpoint(method, tmp_path):
    """Like every other network: the same bits as a run that was never stopped."""

    def run(epochs, path=None, resume=False):
        net = model(method, dtype=np.float32, shaken=False)
        kept = Checkpoint(path, resume=resume) if path else None
        optimizer = AdamW(lr=1e-2)
        fit(net, "kp", digits(), epochs, 8, optimizer, progress=False, checkpoint=kept)
        return net

    whole = run(3)
    run(2, tmp_path / "run.npz")
    resumed = run(3, tmp_path / "run.npz", resume=True)
    for old, new in zip(weights(whole), weights(resumed), strict=True):
        np.testing.assert_array_equal(old, new)
    filled = transfer.make(method, backbone(dtype=np.float32), 3).load(tmp_path / "run.npz")
    np.testing.assert_array_equal(filled.outputs(digits().x_test), whole.outputs(digits().x_test))


def test_a_checkpoint_on_another_backbone_is_refused(tmp_path):
    """The arrays that are computed once would belong to another network than the trained ones."""
    data, path = digits(), tmp_path / "run.npz"
    net = model("toast", dtype=np.float32)
    fit(net, "bp", data, 1, progress=False, checkpoint=path)
    other = transfer.make("toast", backbone(dtype=np.float32, seed=7), 3)
    with pytest.raises(ValueError, match="backbone is"):
        fit(other, "bp", data, 2, progress=False, checkpoint=Checkpoint(path, resume=True))
