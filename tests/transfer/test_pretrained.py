"""What nofb ships for transfer: a backbone, and a feedback path that belongs to it."""

import numpy as np
import pytest

from nofb import archive, datasets, transfer
from nofb.datasets import composites
from nofb.transfer import pretrained

NAMES = "vision", "vision_toast"


@pytest.fixture(scope="module")
def net():
    return pretrained.backbone("vision")


@pytest.fixture(scope="module")
def images():
    return datasets.load("composites_small").as_images().x_test


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_small_and_says_how_it_was_made(name):
    """Weights that nobody can make again are worth as little as numbers that nobody can."""
    with pretrained.file_of(name) as path:
        assert path.stat().st_size < 500_000
    made = pretrained.about(name)
    assert made["command"].startswith("python -m nofb.papers.toast.pre")
    assert made["minutes"] > 0 and made["seed"] == 0 and made["epochs"] > 0
    assert made["test_accuracy"] > 0.85


def test_the_backbone_names_the_digit_beside_a_garment(net, images):
    """It was taught to: small digits of other writers are named far more often than by chance."""
    digits = composites.load(composites.SMALL)[1].digits
    named = net.predict(images)
    assert np.mean(named == digits) > 0.4
    assert np.mean(named >= composites.N_DIGITS) < 0.05  # a garment is named only if it is alone


def test_a_garment_alone_is_named_by_the_garment(net, images):
    """The other half of the pretraining task: without it, garments would leave no trace in z."""
    _, test = composites.load(composites.SMALL)
    alone = images.copy().reshape(-1, 28, 2, 28)
    alone[np.arange(len(alone)), :, 1 - test.right.astype(int)] = 0
    named = net.predict(alone.reshape(images.shape))
    assert np.mean(named == test.garments + composites.N_DIGITS) > 0.75


def test_both_precisions_name_the_same(net, images):
    """Half precision on disk is enough for either."""
    exact = pretrained.backbone("vision", dtype="float64")
    assert exact.last.W.dtype == np.float64
    assert np.mean(exact.predict(images) == net.predict(images)) > 0.995


def test_the_shipped_path_is_of_the_shipped_backbone(net):
    """On another backbone it would steer at random."""
    assert pretrained.pretuned(net).backbone.digest == transfer.Backbone(net).digest
    with pytest.raises(ValueError, match="needs the backbone"):
        pretrained.pretuned(pretrained.empty())


def test_the_shipped_path_undoes_blocks_better_than_a_new_one(net, images):
    """L_var taught A to give a block's input from its output."""
    tuned = pretrained.pretuned(net).reconstruction_loss(images[:100])
    new = transfer.make("toast", net, 20, stage="pretune").reconstruction_loss(images[:100])
    assert tuned < 0.3 * new


def test_methods_start_from_the_shipped_path(net):
    """TOAST-Lite without it would have a random path for ever."""
    path = pretrained.pretuned(net)
    for name in ("toast", "toast_lite"):
        model = transfer.make(name, net, 10, start=path)
        for mine, theirs in zip(model.steered.A, path.steered.A, strict=True):
            np.testing.assert_array_equal(mine.W, theirs.W)


def test_what_is_kept_in_half_precision_is_the_network_to_three_digits(tmp_path):
    """The file is read as any file of weights is."""
    net = pretrained.empty(seed=3)
    net.save(tmp_path / "whole.npz")
    pretrained.keep(tmp_path / "whole.npz", tmp_path / "half.npz", {"command": "none"})
    about, arrays = archive.read(tmp_path / "half.npz", "weights")
    assert about["made"] == {"command": "none"}
    assert {array.dtype for array in arrays.values()} == {np.dtype(np.float16)}
    twin = pretrained.empty(seed=4).load(tmp_path / "half.npz")
    for one, other in zip(net.weighted, twin.weighted, strict=True):
        np.testing.assert_allclose(other.W, one.W, rtol=1e-3, atol=1e-7)


def test_a_name_that_is_no_backbone_is_refused():
    """And the known ones are named."""
    with pytest.raises(ValueError, match="name is 'text', but must be one of: vision, language"):
        pretrained.backbone("text")
