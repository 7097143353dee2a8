"""The language model that nofb ships for transfer: its input, and that it was trained."""

import numpy as np
import pytest

from nofb import datasets, transfer
from nofb.datasets import PRINTABLE
from nofb.transfer import pretrained


@pytest.fixture(scope="module")
def net():
    return pretrained.backbone("language")


@pytest.fixture(scope="module")
def plays():
    """Return some of the embedded text, which is part of the model's training text."""
    return datasets.with_vocabulary(datasets.load("text"), PRINTABLE)


def test_the_file_is_small_and_says_how_it_was_made():
    """A user must be able to make the weights again."""
    with pretrained.file_of("language") as path:
        assert path.stat().st_size < 500_000
    made = pretrained.about("language")
    assert made["command"] == "python -m nofb.papers.pretrain_language"
    assert made["minutes"] > 0 and made["seed"] == 0 and made["epochs"] > 0
    assert made["test_loss"] < 1.8


def test_it_predicts_the_next_letter_of_a_play(net, plays):
    """More often than a table of pairs of letters, which is right for every fourth letter."""
    loss, accuracy = net.evaluate(plays.x_test[:100], plays.y_test[:100])
    assert accuracy > 0.4
    assert loss < 0.5 * np.log(96)  # of an untrained network


def test_it_does_not_predict_source_code_yet(net, plays):
    """Otherwise there would be nothing to transfer."""
    code = datasets.python_source()
    known = net.loss(plays.x_test[:100], plays.y_test[:100])
    assert net.loss(code.x_test[:100], code.y_test[:100]) > 1.5 * known


def test_it_depends_only_on_the_past(net, plays):
    """A backbone that reads the next letter would need no transfer, and TOAST would copy it."""
    x = plays.x_test[:2].copy()
    before = net.outputs(x)
    x[:, 40:] = (x[:, 40:] + 1) % len(PRINTABLE)
    np.testing.assert_allclose(net.outputs(x)[:, :40], before[:, :40], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("method", ["linear", "lora", "toast"])
def test_methods_start_with_its_head(net, plays, method):
    """Every letter has an output already; LoRA and the linear probe start like the backbone."""
    model = transfer.make(method, net, len(PRINTABLE))
    np.testing.assert_array_equal(model.last.W, net.last.W)
    if method != "toast":  # td is small at the start, and not 0
        x = plays.x_test[:3]
        np.testing.assert_allclose(model.outputs(x), net.outputs(x), rtol=1e-4, atol=1e-6)


def test_no_feedback_path_was_pretuned_for_it(net):
    """nofb ships only that of the vision backbone."""
    with pytest.raises(ValueError, match="name is 'language', but must be one of: vision"):
        pretrained.pretuned(net, "language")
