"""The command that made the language model that nofb ships."""

import numpy as np
import pytest

from nofb import archive
from nofb.datasets import Dataset
from nofb.papers import pretrain_language
from nofb.transfer import pretrained


def little(data):
    """Return a few sequences of a text."""
    few = (each[:32] for each in (data.x_train, data.y_train, data.x_test, data.y_test))
    return Dataset(*few, data.name, vocabulary=data.vocabulary)


@pytest.fixture
def few(monkeypatch):
    """Let the command train for two steps, on the embedded plays."""
    from nofb import datasets

    plays = little(datasets.with_vocabulary(datasets.load("text"), datasets.PRINTABLE))
    monkeypatch.setattr(pretrain_language, "shakespeare", lambda: plays)
    monkeypatch.setattr(pretrain_language, "EPOCHS", 2)
    return plays


def test_the_command_writes_weights_that_can_be_loaded(few, monkeypatch, tmp_path, capsys):
    """The file also says how the weights were made."""
    monkeypatch.chdir(tmp_path)
    pretrain_language.main(["--out", "language.npz"])
    about, arrays = archive.read(tmp_path / "language.npz", "weights")
    assert about["made"]["epochs"] == 2 and about["made"]["test_loss"] > 0
    assert {array.dtype for array in arrays.values()} == {np.dtype(np.float16)}
    net = pretrained.empty(seed=5, name="language").load(tmp_path / "language.npz")
    assert net.loss(few.x_test, few.y_test) == pytest.approx(about["made"]["test_loss"], rel=1e-2)
    assert "language.npz: {" in capsys.readouterr().out


def test_epochs_of_a_checkpoint_are_not_trained_again(few, tmp_path):
    """A user may stop the command and resume it."""
    kept = tmp_path / "kept.npz"
    first = pretrain_language.pretrain(few, kept, epochs=2)
    again = pretrain_language.pretrain(few, kept, epochs=2)
    np.testing.assert_array_equal(again.history["seconds"], first.history["seconds"])
    np.testing.assert_array_equal(again.net.last.W, first.net.last.W)
