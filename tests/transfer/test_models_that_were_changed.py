"""Models that were merged, set free or told otherwise: nothing that was learned may get lost."""

import numpy as np
import pytest
from transfer.cases import backbone, batch, model, shake

from nofb import Checkpoint, fit, transfer
from nofb.datasets import Dataset


def noise():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(20, 1, 4, 6)), rng.integers(0, 3, 20)
    return Dataset(x, y, x[:5], y[:5], name="noise")


def merged():
    net = model("lora")
    net.merge()
    return net


def test_a_merged_lora_refuses_a_file(tmp_path):
    """V U of the file would be added to a W that has another V U in it already."""
    model("lora").save(tmp_path / "model.npz")
    with pytest.raises(ValueError, match=r"cannot be filled from a file.* unmerge\(\) first"):
        merged().load(tmp_path / "model.npz")


def test_no_model_starts_from_a_merged_lora():
    """Its U is 0, so that nothing of what it learned would be taken."""
    with pytest.raises(ValueError, match="cannot be started from"):
        transfer.make("lora", backbone(), 3, start=merged())


@pytest.mark.parametrize("rule", ["bp", "fa", "kp"])
def test_a_merged_lora_does_not_learn(rule):
    """Whatever U learns beside a merged W, `unmerge` would throw away."""
    net = merged()
    with pytest.raises(ValueError, match="a merged LoRA cannot learn"):
        fit(net, rule, noise(), 1, progress=False, probe=0)
    net.unmerge()
    fit(net, rule, noise(), 1, progress=False, probe=0)


@pytest.mark.parametrize("method", ["prompts", "lora", "toast", "toast_lite"])
def test_a_copy_that_was_trained_and_frozen_again_is_saved(method, tmp_path):
    """Whoever sets layers free one after the other must find all of them again."""
    net = model(method)
    node = next(node for node in net.nodes if node not in net.added and node.parameters())
    node.frozen = False
    fit(net, "bp", noise(), 1, progress=False, probe=0)
    node.frozen = True
    net.save(tmp_path / "model.npz")
    twin = transfer.load(tmp_path / "model.npz", backbone())
    x, _ = batch(net)
    np.testing.assert_array_equal(twin.outputs(x), net.outputs(x))


def test_a_file_without_a_copy_brings_back_the_backbones(tmp_path):
    """The model must be the one that was saved, whatever it was before."""
    saved, net = model("toast"), model("toast", seed=0)
    saved.save(tmp_path / "model.npz")
    shake(net, 7)
    net.steered.blocks[0].norms[0].gamma *= 2
    x, _ = batch(net)
    np.testing.assert_array_equal(net.load(tmp_path / "model.npz").outputs(x), saved.outputs(x))


@pytest.mark.parametrize("released", [False, True])
def test_the_paper_s_form_and_the_released_one_are_two_models(released, tmp_path):
    """Their outputs differ by the value bias, and no array of a file shows that."""
    net, other = model("toast", released=released), model("toast", released=not released)
    net.save(tmp_path / "model.npz")
    with pytest.raises(ValueError, match="value bias is"):
        other.load(tmp_path / "model.npz")
    x, _ = batch(net)
    twin = transfer.load(tmp_path / "model.npz", backbone())
    np.testing.assert_array_equal(twin.outputs(x), net.outputs(x))


def test_a_run_is_resumed_with_the_reconstruction_loss_that_it_had(tmp_path):
    """Half a run with L_var and half without is neither pre-tuning nor transfer."""
    path = tmp_path / "run.npz"
    fit(model("toast", stage="pretune"), "bp", noise(), 1, progress=False, checkpoint=path)
    for options in ({}, {"stage": "pretune", "reconstruction": 0.5}):
        with pytest.raises(ValueError, match="reconstruction is"):
            kept = Checkpoint(path, resume=True)
            fit(model("toast", **options), "bp", noise(), 2, progress=False, checkpoint=kept)


def test_a_start_of_another_rank_is_refused_by_its_name():
    """A sentence about a layer's W does not say what to change."""
    with pytest.raises(ValueError, match=r"start has V of shape \(6, 4\), but this model has \(6"):
        transfer.make("lora", backbone(), 3, rank=2, start=model("lora"))


@pytest.mark.parametrize("strength", [1e160, 1e308])
def test_a_strength_that_no_float_can_bear_is_refused(strength):
    """td would silently be 0: the length of z is infinite, and so each cosine is 0."""
    net = model("toast")
    with pytest.raises(ValueError, match="is too much for float64"):
        net.steer(batch(net)[0], strength)
