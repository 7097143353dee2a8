"""The commands that made what nofb ships for transfer, on a few samples."""

import numpy as np
import pytest

from nofb import transfer
from nofb.datasets import Dataset, composites
from nofb.papers.toast import pretrain, pretune
from nofb.transfer import pretrained


def few(n=40):
    """Return a few composites with twenty classes."""
    train, _ = composites.load(composites.SMALL)
    labels = np.arange(n) % 20
    x = train.images[:n] / np.float32(255)
    return Dataset(x, labels, x, labels, "few")


@pytest.fixture(scope="module")
def net():
    return pretrained.backbone("vision")


def test_pretraining_resumes_where_it_was_stopped(tmp_path):
    """It takes minutes; after a stop a user must not start again."""
    data = few()
    once = pretrain.pretrain(data, epochs=2)
    pretrain.pretrain(data, tmp_path / "run.npz", epochs=2)
    twice = pretrain.pretrain(data, tmp_path / "run.npz", epochs=2)  # no epochs are left
    np.testing.assert_array_equal(once.net.last.W, twice.net.last.W)


def test_pre_tuning_does_not_change_the_backbone(net):
    """The path belongs to one backbone; a changed one would be another."""
    before = transfer.Backbone(net).digest
    model, run = pretune.pretune(net, few(), epochs=2)  # the first step of a warm-up has rate 0
    assert model.backbone.digest == transfer.Backbone(net).digest == before
    assert run.history.epochs == 2
    fresh = transfer.make("toast", net, 20, pretune.SEED, stage="pretune")
    assert not np.array_equal(model.steered.A[0].W, fresh.steered.A[0].W)
