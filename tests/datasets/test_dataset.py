"""The data set: what it guarantees, what it refuses, and its validation splits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nofb import datasets
from nofb.datasets import Dataset
from nofb.datasets.splits import stratified_split

X = np.linspace(0.0, 1.0, 48, dtype=np.float32).reshape(12, 4)


LABELS = np.arange(12) % 3


def small(**changes):
    arguments = {"x_train": X[:9], "y_train": LABELS[:9], "x_test": X[9:], "y_test": LABELS[9:]}
    return Dataset(**(arguments | changes))


def with_value(array, position, value):
    changed = np.array(array, dtype=np.result_type(array, type(value)))
    changed[position] = value
    return changed


# -- the data set itself --------------------------------------------------------------------------


def test_labels_and_one_hot_rows_make_the_same_data_set():
    one_hot = np.eye(3)[LABELS]
    given_rows = small(y_train=one_hot[:9], y_test=one_hot[9:])
    assert given_rows.n_classes == small().n_classes == given_rows.n_outputs == 3
    np.testing.assert_array_equal(given_rows.y_train, LABELS[:9])
    np.testing.assert_array_equal(given_rows.y_test, LABELS[9:])
    assert given_rows.y_train.dtype == np.int64


def test_a_one_hot_column_without_a_training_sample_still_counts_as_a_class():
    """Otherwise a network built after a split would have one output unit too few."""
    one_hot = np.eye(4)[LABELS]
    data = small(y_train=one_hot[:9], y_test=one_hot[9:], image_shape=(1, 2, 2))
    assert data.n_classes == 4
    assert data.split_validation(0.3, seed=0).n_classes == 4
    assert data.as_images().n_classes == data.flat().n_classes == 4


def test_real_columns_mean_regression():
    targets = np.linspace(-1.0, 1.0, 24).reshape(12, 2)
    data = small(y_train=targets[:9], y_test=targets[9:])
    assert data.n_classes is None
    assert data.n_outputs == 2
    assert repr(data).endswith("with 4 features, 2 targets)")


@pytest.mark.parametrize(
    ("given", "kept"),
    [("float64", "float64"), ("float32", "float32"), ("float16", "float32"), ("uint8", "float32")],
)
def test_float64_stays_and_every_other_number_becomes_float32(given, kept):
    data = small(x_train=X[:9].astype(given), x_test=X[9:].astype(given))
    assert data.x_train.dtype == data.x_test.dtype == np.dtype(kept)


def test_plain_lists_are_accepted():
    data = Dataset([[0.0], [1.0]], [0, 1], [[0.5]], [1], name="lists")
    assert (
        repr(data) == "Dataset('lists': 2 training and 1 test samples with 1 features, 2 classes)"
    )


def test_images_and_flat_rows_are_two_views_of_the_same_pixels():
    data = small(image_shape=(1, 2, 2))
    images = data.as_images()
    assert images.x_train.shape == (9, 1, 2, 2)
    assert images.x_test.shape == (3, 1, 2, 2)
    np.testing.assert_array_equal(images.x_train[4, 0], [[X[4, 0], X[4, 1]], [X[4, 2], X[4, 3]]])
    np.testing.assert_array_equal(images.flat().x_train, data.x_train)
    np.testing.assert_array_equal(images.as_images().x_test, images.x_test)


def test_images_given_as_images_know_their_shape():
    images = X.reshape(12, 2, 2, 1)
    data = small(x_train=images[:9], x_test=images[9:])
    assert data.image_shape == (2, 2, 1)
    assert data.flat().x_train.shape == (9, 4)
    assert "of 2x2x1, 3 classes" in repr(data)


def test_a_data_set_cannot_be_changed_by_assignment():
    with pytest.raises(AttributeError):
        small().name = "other"


REFUSED = {
    "vector x": ({"x_train": X[0]}, ValueError, r"x_train has shape \(4,\); it must be \(samples"),
    "3-D x": ({"x_test": X[:, :, None]}, ValueError, r"x_test has shape \(12, 4, 1\); it must"),
    "other features": (
        {"x_test": X[9:, :3]},
        ValueError,
        r"x_train has shape \(9, 4\) and x_test \(3, 3\)",
    ),
    "other training length": (
        {"y_train": LABELS[:8]},
        ValueError,
        r"x_train has shape \(9, 4\) and y_train \(8,\)",
    ),
    "other test length": (
        {"y_test": LABELS[:4]},
        ValueError,
        r"x_test has shape \(3, 4\) and y_test \(4,\)",
    ),
    "no samples": ({"x_train": X[:0]}, ValueError, r"x_train has shape \(0, 4\) and is empty"),
    "no labels": ({"y_test": LABELS[:0]}, ValueError, r"y_test has shape \(0,\) and is empty"),
    "infinite": (
        {"x_test": with_value(X[9:], (1, 2), np.inf)},
        ValueError,
        r"x_test is inf at sample 1, feature 2; every value must be finite",
    ),
    "nan in an image": (
        {"x_train": with_value(X[:9].reshape(9, 1, 2, 2), (5, 0, 1, 0), np.nan)},
        ValueError,
        r"x_train is nan at sample 5, feature \(0, 1, 0\)",
    ),
    "nan target": (
        {"y_train": with_value(X[:9], (7, 3), np.nan), "y_test": X[9:]},
        ValueError,
        r"y_train is nan at sample 7, target 3",
    ),
    "text": ({"x_train": [["a"], ["b"]]}, TypeError, r"x_train has dtype <U1; it must hold real"),
    "objects": ({"y_train": [None] * 9}, TypeError, r"y_train has dtype object; it must hold real"),
    "complex": ({"x_train": X[:9] + 1j}, TypeError, r"x_train has dtype complex"),
    "ragged": ({"x_train": [[1.0], [1.0, 2.0]]}, ValueError, r"x_train cannot be made into an arr"),
    "negative label": (
        {"y_train": with_value(LABELS[:9], 4, -1)},
        ValueError,
        r"y_train holds the label -1 at sample 4; labels must be integers from 0",
    ),
    "identity numbers as labels": (  # a name for each of a billion classes filled the memory
        {"y_train": with_value(LABELS[:9], 4, 10**9)},
        ValueError,
        r"y_train holds the label 1000000000 at sample 4; labels are the numbers of at",
    ),
    "unknown test label": (
        {"y_test": [0, 3, 1]},
        ValueError,
        r"y_test holds the label 3 at sample 1, but y_train has the classes 0 to 2",
    ),
    "float labels": (
        {"y_train": LABELS[:9] + 0.5},
        TypeError,
        r"y_train is a vector of float64; it must be class labels",
    ),
    "two ones in a row": (
        {"y_train": np.ones((9, 3), dtype=int)},
        ValueError,
        r"y_train has shape \(9, 3\) and dtype int64, and not every row is one-hot",
    ),
    "a column of labels": (
        {"y_train": LABELS[:9, None]},
        ValueError,
        r"y_train has shape \(9, 1\) and dtype int64, and not every row is one-hot",
    ),
    "different columns": (
        {"y_train": X[:9], "y_test": X[9:, :2]},
        ValueError,
        r"y_train has shape \(9, 4\) and y_test \(3, 2\); both must have the same number of col",
    ),
    "real training targets, test labels": (
        {"y_train": X[:9]},
        ValueError,
        r"y_test has shape \(3,\); y_train holds real targets",
    ),
    "image_shape of two": (
        {"image_shape": (2, 2)},
        ValueError,
        r"image_shape is \(2, 2\); it must be three integers",
    ),
    "image_shape too large": (
        {"image_shape": (3, 2, 2)},
        ValueError,
        r"image_shape is \(3, 2, 2\) but x_train has shape \(9, 4\)",
    ),
    "image_shape with negative sides": (
        {"image_shape": (1, -2, -2)},
        ValueError,
        r"image_shape is \(1, -2, -2\) but x_train has shape \(9, 4\)",
    ),
    "image_shape as name": ({"name": (1, 2, 2)}, TypeError, r"name is \(1, 2, 2\); it must be a s"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_learned_from_is_refused_in_one_sentence(case):
    changes, error, sentence = REFUSED[case]
    with pytest.raises(error, match="^" + sentence) as refusal:
        small(**changes)
    assert "\n" not in str(refusal.value)
    assert str(refusal.value).endswith(".")


def test_a_nan_pixel_is_refused_with_its_position():
    with pytest.raises(ValueError, match=r"^x_train is nan at sample 3, feature 2; every value"):
        small(x_train=with_value(X[:9], (3, 2), np.nan))


def test_rows_without_an_image_shape_are_not_images():
    with pytest.raises(ValueError, match=r"'mine' has no image_shape, so its 4 features"):
        small().as_images()


# -- validation splits ----------------------------------------------------------------------------


@settings(deadline=None, max_examples=60)
@given(
    counts=st.lists(st.integers(1, 30), min_size=1, max_size=5),
    fraction=st.floats(0.01, 0.99),
    seed=st.integers(0, 99),
)
def test_a_stratified_split_is_a_partition_with_equal_fractions(counts, fraction, seed):
    labels = np.repeat(np.arange(len(counts)), counts)
    kept, held_out = stratified_split(labels, fraction, np.random.default_rng(seed))
    np.testing.assert_array_equal(np.sort(np.concatenate([kept, held_out])), np.arange(len(labels)))
    held_counts = np.bincount(labels[held_out], minlength=len(counts))
    for count, held in zip(counts, held_counts, strict=True):
        assert held < count
        assert abs(held - fraction * count) <= 0.5 + 1e-9 or held == count - 1


def test_a_validation_split_holds_training_samples_only():
    """To choose by samples of the test split would make the reported accuracy too high."""
    rows = np.arange(100, dtype=np.float64)[:, None]
    data = Dataset(rows, np.arange(100) % 5, -1 - rows[:10], np.arange(10) % 5, name="rows")
    part = data.split_validation(0.2, seed=7)
    both = np.concatenate([part.x_train, part.x_test])
    np.testing.assert_array_equal(np.sort(both, axis=0), rows)
    np.testing.assert_array_equal(np.bincount(part.y_test), [4] * 5)
    np.testing.assert_array_equal(part.x_test[:, 0] % 5, part.y_test)
    np.testing.assert_array_equal(part.x_train[:, 0] % 5, part.y_train)
    assert part.name == "rows (validation)"
    assert data.x_train.shape == (100, 1)


def test_the_seed_determines_the_validation_split():
    data = datasets.load("digits")
    first, again, other = (data.split_validation(0.1, seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.x_test, again.x_test)
    assert not np.array_equal(first.x_test, other.x_test)


def test_regression_and_images_can_be_split_too():
    data = datasets.linear_teacher(n=50).split_validation(0.25, seed=0)
    assert (len(data.x_train), len(data.y_train), len(data.x_test), len(data.y_test)) == (
        *(30, 30),
        *(10, 10),
    )
    images = small(image_shape=(1, 2, 2)).as_images().split_validation(0.34, seed=0)
    assert images.x_test.shape == (3, 1, 2, 2)


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, float("nan"), "half"])
def test_a_fraction_outside_zero_and_one_is_refused(fraction):
    with pytest.raises(ValueError, match=r"^fraction is .*; it must be a number above 0 and below"):
        small().split_validation(fraction, seed=0)


def test_a_fraction_that_holds_nothing_out_is_refused():
    with pytest.raises(ValueError, match=r"^fraction is 0.01, which holds out none of the 9 train"):
        small().split_validation(0.01, seed=0)


def test_a_single_training_sample_cannot_be_split():
    with pytest.raises(ValueError, match=r"which holds out none of the 1 training"):
        Dataset(X[:1], [0], X[1:2], [0]).split_validation(0.9, seed=0)
