"""A smaller part of a data set, and the names of its classes."""

import numpy as np
import pytest

from nofb import datasets
from nofb.datasets import Dataset


def test_a_part_has_as_many_samples_as_asked_and_each_with_its_own_label():
    """Labels drawn in another order would make learning impossible."""
    data = datasets.load("digits")
    part = data.take(300, 50, seed=1)
    assert (len(part.x_train), len(part.y_train), len(part.x_test)) == (300, 300, 50)
    known = {row.tobytes(): label for row, label in zip(data.x_train, data.y_train, strict=True)}
    assert [known[row.tobytes()] for row in part.x_train] == part.y_train.tolist()
    assert len({row.tobytes() for row in part.x_train}) > 290  # drawn without repetition
    assert (part.n_classes, part.image_shape) == (data.n_classes, data.image_shape)


def test_without_a_number_all_test_samples_stay_and_a_seed_draws_the_same_part():
    """Accuracies on different test samples could not be compared."""
    data = datasets.load("digits")
    one, same, other = (data.take(20, seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.x_test, data.x_test)
    np.testing.assert_array_equal(one.x_train, same.x_train)
    assert not np.array_equal(one.x_train, other.x_train)


@pytest.mark.parametrize(
    ("numbers", "sentence"),
    [((0,), "n_train must be at least 1"), ((1439,), "n_train is 1439, but the data set 'digits'"),
     ((9, 360), "n_test is 360"), ((0.5,), "n_train must be a whole number")],
)  # fmt: skip
def test_a_part_that_is_too_large_or_no_number_is_refused(numbers, sentence):
    """A fraction, as scikit-learn takes it, must not become one sample."""
    with pytest.raises((TypeError, ValueError), match=sentence):
        datasets.load("digits").take(*numbers)


def test_classes_have_names_in_every_data_set_and_its_parts():
    """A confusion matrix of numbers says nothing about clothes."""
    for row in datasets.describe():
        if row.where in ("embedded", "generated"):
            data = datasets.load(row.name)
            assert (data.class_names is None) == (data.n_classes is None)
            assert data.class_names is None or len(data.class_names) == data.n_classes
        names = row.class_names
        assert names is None or len(set(names)) == row.n_classes
    fashion = datasets.load("fashion_small")
    assert fashion.class_names[9] == "ankle boot"
    for part in (fashion.as_images(), fashion.take(20), fashion.split_validation(0.5)):
        assert part.class_names == fashion.class_names


@pytest.mark.parametrize("names", [["a"], ["a", "a"], "ab", ["a", 1], ["a", ""]])
def test_names_that_do_not_fit_the_classes_are_refused(names):
    """Two classes of one name could not be told apart in a figure."""
    x, y = np.eye(4), [0, 1, 0, 1]
    with pytest.raises((TypeError, ValueError), match="class_names"):
        Dataset(x, y, x, y, class_names=names)
    with pytest.raises((TypeError, ValueError), match="class_names"):
        Dataset(x, y, x, y).with_class_names(names)
