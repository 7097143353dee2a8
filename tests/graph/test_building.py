"""Building a network and giving it data: what is guaranteed, what is refused, and how."""

import os
import subprocess
import sys

import numpy as np
import pytest
from graph.refusals import IMAGES, LABELS, Case, X, refuses
from oracles import conv_net, dense_net

from nofb import Conv2D, Dense, Dropout, Flatten, MaxPool2D, Network, activations, losses, rules


def hidden(activation: str | None = "tanh", **arguments) -> Network:
    return Network([Dense(5, 4, activation), Dense(4, 3)], **arguments)


# -- building -------------------------------------------------------------------------------------


BUILDING: dict[str, Case] = {
    "layers that do not meet": (
        lambda: Network([Dense(5, 4), Dense(3, 2)]), ValueError, ["(3,)", "(4,)"],
    ),
    "a dense layer on maps": (
        lambda: Network([Conv2D(2, 3, 2), Dense(60, 3)], input_shape=(2, 5, 6)),
        ValueError, ["(60,)", "(4, 5, 3)", "Flatten()"],
    ),
    "a convolution on rows": (
        lambda: Network([Dense(5, 4), Conv2D(2, 3, 2), Flatten(), Dense(4, 3)], input_shape=(5,)),
        ValueError, ["(2, height, width)", "(4,)", "as_images()"],
    ),
    "a convolution on other channels": (
        lambda: Network([Conv2D(3, 4, 2), Flatten(), Dense(80, 3)], input_shape=(2, 5, 6)),
        ValueError, ["(3, height, width)", "(2, 5, 6)", "channels_in=2"],
    ),
    "a convolution larger than its maps": (
        lambda: Network([Conv2D(2, 3, 7), Flatten(), Dense(9, 3)], input_shape=(2, 5, 6)),
        ValueError, ["(7, 7)", "does not fit", "5 x 6"],
    ),
    "pooling larger than its maps": (
        lambda: Network([MaxPool2D((2, 7)), Flatten(), Dense(9, 3)], input_shape=(2, 5, 6)),
        ValueError, ["(2, 7)", "does not fit", "5 x 6"],
    ),
    "pooling of rows": (
        lambda: Network([Dense(5, 4), MaxPool2D(2), Flatten(), Dense(2, 3)], input_shape=(5,)),
        ValueError, ["(channels, height, width)", "(4,)"],
    ),
    "an unknown activation": (
        lambda: Dense(5, 4, "tahn"), ValueError, ["activation", "'tahn'", *activations.ACTIVATIONS],
    ),
    "an unknown activation of a convolution": (
        lambda: Conv2D(1, 4, 3, activation="relux"), ValueError, ["activation", "'relux'", "relu"],
    ),
    "an unknown initialiser": (
        lambda: Dense(5, 4, init="xaver"), ValueError, ["init", "'xaver'", "xavier", "orthogonal"],
    ),
    "an unknown loss": (
        lambda: hidden(loss="mse"), ValueError, ["loss", "'mse'", *losses.LOSSES],
    ),
    "an unknown rule": (
        lambda: rules.make("bq"), ValueError, ["rule", "'bq'", *rules.RULES],
    ),
    "an unknown attribute of a rule": (
        lambda: rules.make("dfa", entrys=1),
        ValueError, ["'dfa'", "'entrys'", "entries", "shared", "feedback_init", "zero_weights"],
    ),
    "an attribute of a rule without any": (
        lambda: rules.make("bp", scale=1), ValueError, ["'bp'", "'scale'", "none"],
    ),
    "an unknown initialiser of feedback": (
        lambda: rules.make("fa", feedback_init="kaiming"),
        ValueError, ["feedback_init", "'kaiming'", "uniform_fan_out"],
    ),
    "a scale of zero": (
        lambda: rules.make("usf", scale=0), ValueError, ["scale", "greater than 0"],
    ),
    "no entries": (
        lambda: rules.make("dfa", entries=0), ValueError, ["entries", "at least 1", "0"],
    ),
    "an activation on the last layer": (
        lambda: Network([Dense(5, 4), Dense(4, 3, "tanh")]),
        ValueError, ["last layer", "without activation", "tanh"],
    ),
    "a last layer without weights": (
        lambda: Network([Dense(5, 4), Dropout(0.5)]), ValueError, ["last layer", "Dropout(0.5)"],
    ),
    "no layers": (lambda: Network([]), ValueError, ["layers is empty", "Dense(784, 10)"]),
    "something that is no layer": (
        lambda: Network([Dense(5, 4), "dense"]), TypeError, ["layers", "'dense'"],
    ),
    "one layer twice": (
        lambda: Network([(layer := Dense(4, 4)), layer, Dense(4, 3)]),
        ValueError, ["same layer twice"],
    ),
    "a half-precision network": (
        lambda: hidden(dtype=np.float16), TypeError, ["dtype", "float32", "float64", "float16"],
    ),
    "a seed below zero": (lambda: hidden(seed=-1), ValueError, ["seed", "at least 0", "-1"]),
    "a seed that is no number": (lambda: hidden(seed=0.5), TypeError, ["seed", "0.5"]),
    "a rate of one": (lambda: Dropout(1.0), ValueError, ["rate", "less than 1", "1.0"]),
    "a rate below zero": (lambda: Dropout(-0.1), ValueError, ["rate", "at least 0", "-0.1"]),
    "a rate that is no number": (lambda: Dropout("half"), TypeError, ["rate", "'half'"]),
    "three numbers for a pair": (
        lambda: Conv2D(1, 2, (3, 3, 3)), ValueError, ["kernel_size", "(3, 3, 3)", "pair"],
    ),
    "a padding below zero": (
        lambda: Conv2D(1, 2, 3, padding=-1), ValueError, ["padding", "at least 0", "-1"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BUILDING)
def test_a_network_that_cannot_be_built_says_why(case):
    """The sentence must name what was given and what is allowed."""
    refuses(*BUILDING[case])


@pytest.mark.parametrize(
    ("name", "build"),
    [
        ("n_in", lambda size: Dense(size, 3)),
        ("n_out", lambda size: Dense(3, size)),
        ("channels_in", lambda size: Conv2D(size, 3, 2)),
        ("channels_out", lambda size: Conv2D(1, size, 2)),
        ("kernel_size", lambda size: Conv2D(1, 3, size)),
        ("kernel_size", lambda size: Conv2D(1, 3, (2, size))),
        ("stride", lambda size: Conv2D(1, 3, 2, stride=size)),
        ("size", lambda size: MaxPool2D(size)),
        ("stride", lambda size: MaxPool2D(2, size)),
        ("entries", lambda size: rules.make("dfa", entries=size)),
    ],
)
def test_a_size_is_a_whole_number_of_at_least_one(name, build):
    """True and 2.0 are mistakes, not sizes, though Python takes them for numbers."""
    for wrong in (2.0, True, np.True_, "3", [3]):
        refuses(lambda wrong=wrong: build(wrong), TypeError, [name, "whole number", repr(wrong)])
    for small in (0, -2):
        refuses(lambda small=small: build(small), ValueError, [name, "at least 1", str(small)])
    assert build(np.int64(3)) is not None


# -- input data -----------------------------------------------------------------------------------


def with_value(value: float):
    x = X.copy()
    x[1, 2] = value
    return x


INPUTS: dict[str, Case] = {
    "other features": (
        lambda: dense_net().forward(np.ones((4, 6))), ValueError, ["x", "(6,)", "(5,)"],
    ),
    "one sample without its batch": (
        lambda: dense_net().forward(np.ones(5)), ValueError, ["x", "(5,)", "(N, features)"],
    ),
    "an empty batch": (
        lambda: dense_net().forward(np.ones((0, 5))), ValueError, ["(0, 5)", "at least one sample"],
    ),
    "images for a dense network": (
        lambda: dense_net().forward(IMAGES), ValueError, ["(2, 5, 6)", "(5,)", "Flatten()"],
    ),
    "rows for a network of maps": (
        lambda: conv_net().forward(np.ones((4, 60))),
        ValueError, ["(60,)", "(2, 5, 6)", "as_images()"],
    ),
    "images of another size": (
        lambda: conv_net().forward(np.ones((4, 2, 6, 5))), ValueError, ["(2, 6, 5)", "(2, 5, 6)"],
    ),
    "NaN": (
        lambda: dense_net().forward(with_value(np.nan)),
        ValueError, ["x", "nan", "(1, 2)", "finite"],
    ),
    "infinity": (
        lambda: dense_net().predict(with_value(np.inf)),
        ValueError, ["x", "inf", "(1, 2)", "finite"],
    ),
    "words": (
        lambda: dense_net().forward(np.array([["a"] * 5])), TypeError, ["x", "real numbers", "<U1"],
    ),
    "complex numbers": (
        lambda: dense_net().forward(X * 1j), TypeError, ["x", "real numbers", "complex128"],
    ),
    "a label without an output": (
        lambda: dense_net().loss(X, np.array([0, 1, 3, 2])),
        ValueError, ["label 3", "sample 2", "3 outputs", "0 to 2"],
    ),
    "a label below zero": (
        lambda: dense_net().loss(X, np.array([0, -1, 1, 2])), ValueError, ["label -1", "sample 1"],
    ),
    "labels that are not whole": (
        lambda: dense_net().loss(X, np.array([0.0, 1.0, 2.0, 1.0])),
        TypeError, ["integers", "float64"],
    ),
    "too few labels": (
        lambda: dense_net().loss(X, LABELS[:3]), ValueError, ["y has 3", "4 samples"],
    ),
    "too many target rows": (
        lambda: dense_net().loss(X, np.eye(3)[[0, 1, 2, 0, 1]]),
        ValueError, ["y has 5", "4 samples"],
    ),
    "target rows of another width": (
        lambda: dense_net().loss(X, np.eye(4)), ValueError, ["(4, 4)", "(N, 3)"],
    ),
    "targets that are not finite": (
        lambda: dense_net().loss(X, np.full((4, 3), np.nan)), ValueError, ["y", "nan", "finite"],
    ),
    "target rows of words": (
        lambda: dense_net().loss(X, np.full((4, 3), "a")), TypeError, ["y", "<U1"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", INPUTS)
def test_data_of_a_wrong_shape_are_refused_with_both_shapes(case):
    """NaN and wrong shapes must be reported at the input, and never be trained on silently."""
    refuses(*INPUTS[case])


def test_integers_lists_and_other_precisions_are_accepted():
    """Pixels are bytes; all data that can be converted without loss of meaning are converted."""
    net = dense_net()
    expected = net.forward(X).output
    types = [X.astype(dtype) for dtype in (int, np.uint8, np.float32)]
    for x in (*types, X.tolist(), np.asfortranarray(X)):
        np.testing.assert_allclose(net.forward(x).output, expected, rtol=1e-12)
    for y in (LABELS.astype(np.uint8), LABELS.tolist(), np.eye(3, dtype=int)[LABELS]):
        assert net.loss(X, y) == net.loss(X, LABELS)


# -- importing ------------------------------------------------------------------------------------


LOOK_FOR_COMPILED = """
import importlib, pkgutil
import nofb
dispatchers, compiled = [], []
for package in (nofb.kernels, nofb.rules):
    for info in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        for name, value in vars(importlib.import_module(info.name)).items():
            if hasattr(value, "py_func"):
                dispatchers.append(name)
                if value.signatures != []:
                    compiled.append(name)
print(len(set(dispatchers)), compiled)
"""


def test_importing_nofb_compiles_nothing():
    """Neither the first cell of a notebook nor `nofb --help` may take seconds."""
    environment = {k: v for k, v in os.environ.items() if k != "NUMBA_DISABLE_JIT"}
    found = subprocess.run(
        [sys.executable, "-c", LOOK_FOR_COMPILED],
        env=environment, capture_output=True, text=True, check=True,
    ).stdout.split(maxsplit=1)  # fmt: skip
    assert int(found[0]) > 15
    assert found[1].strip() == "[]"
