"""What nofb ships for transfer: a backbone, and a feedback path for it."""

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
    """A user must be able to make the weights again."""
    with pretrained.file_of(name) as path:
        assert path.stat().st_size < 500_000
    made = pretrained.about(name)
    assert made["command"].startswith("python -m nofb.papers.toast.pre")
    assert made["minutes"] > 0 and made["seed"] == 0 and made["epochs"] > 0
    assert made["test_accuracy"] > 0.85


def test_the_backbone_predicts_the_digit_beside_a_garment(net, images):
    """It was trained for it: small digits of other writers are recognised far above chance."""
    digits = composites.load(composites.SMALL)[1].digits
    named = net.predict(images)
    assert np.mean(named == digits) > 0.4
    assert np.mean(named >= composites.N_DIGITS) < 0.05  # a garment only if it is alone


def test_a_garment_alone_is_predicted_as_the_garment(net, images):
    """The other half of the pretraining task: without it, z would not depend on garments."""
    _, test = composites.load(composites.SMALL)
    alone = images.copy().reshape(-1, 28, 2, 28)
    alone[np.arange(len(alone)), :, 1 - test.right.astype(int)] = 0
    named = net.predict(alone.reshape(images.shape))
    assert np.mean(named == test.garments + composites.N_DIGITS) > 0.75


def test_both_precisions_predict_the_same(net, images):
    """Half precision on disk is enough for both."""
    exact = pretrained.backbone("vision", dtype="float64")
    assert exact.last.W.dtype == np.float64
    assert np.mean(exact.predict(images) == net.predict(images)) > 0.995


def test_the_shipped_path_belongs_to_the_shipped_backbone(net):
    """With another backbone it would be random."""
    assert pretrained.pretuned(net).backbone.digest == transfer.Backbone(net).digest
    with pytest.raises(ValueError, match="needs the backbone"):
        pretrained.pretuned(pretrained.empty())


def test_the_shipped_path_inverts_blocks_better_than_a_new_one(net, images):
    """L_var trains A to compute a block's input from its output."""
    tuned = pretrained.pretuned(net).reconstruction_loss(images[:100])
    new = transfer.make("toast", net, 20, stage="pretune").reconstruction_loss(images[:100])
    assert tuned < 0.3 * new


def test_methods_start_from_the_shipped_path(net):
    """Without it TOAST-Lite would always have a random path."""
    path = pretrained.pretuned(net)
    for name in ("toast", "toast_lite"):
        model = transfer.make(name, net, 10, start=path)
        for mine, theirs in zip(model.steered.A, path.steered.A, strict=True):
            np.testing.assert_array_equal(mine.W, theirs.W)


def test_what_is_kept_in_half_precision_is_the_network_to_three_digits(tmp_path):
    """The file is read like any file of weights."""
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
    """The known names are listed."""
    with pytest.raises(ValueError, match="name is 'text', but must be one of: vision, language"):
        pretrained.backbone("text")
