"""Composites: an image in two splits would make a part of the accuracy mere memory."""

from itertools import combinations

import numpy as np
import pytest

from nofb import datasets
from nofb.datasets import composites, download, sources
from nofb.datasets.composites import PRETRAINING, SMALL, TRANSFER, compose, enlarged

COUNTS = 60_000, 10_000  # images of a training and of a test file


def file_of(count, kind, name):
    """Return images whose first pixels encode their kind, their file and their index."""
    images = np.zeros((count, 28, 28), np.uint8)
    rows = np.arange(count)
    images[:, 0, 0], images[:, 0, 1] = name, kind + 1
    images[:, 0, 2], images[:, 0, 3] = rows // 256, rows % 256
    return images, (rows % 10).astype(np.uint8)


@pytest.fixture
def files(monkeypatch):
    """Use such files instead of MNIST and Fashion-MNIST, and make pretraining smaller."""

    def fetch(source):
        name = {"mnist": 1, "fashion_mnist": 2}[source.name]
        return tuple(file_of(count, kind, name) for kind, count in enumerate(COUNTS))

    monkeypatch.setattr(composites, "fetch_idx", fetch)
    sizes = composites.SIZES | {PRETRAINING: (12_000, 6_000)}
    monkeypatch.setattr(composites, "SIZES", sizes)


def objects(drawn):
    """Return which objects are in some composites: rows of name, file and index."""
    tops = drawn.images.reshape(len(drawn.images), 28, 2, 28)[:, 0, :, :4].reshape(-1, 4)
    return {tuple(map(int, row)) for row in tops if row[0]}


def test_no_original_image_is_in_two_splits(files):
    """Pretraining and transfer, training and test: four splits that have no image in common."""
    splits = [objects(split) for name in (PRETRAINING, TRANSFER) for split in composites.load(name)]
    assert all(splits)
    for one, other in combinations(splits, 2):
        assert not one & other


def test_test_images_come_from_test_files_only(files):
    """The second pixel encodes the file of an image."""
    for name in (PRETRAINING, TRANSFER):
        train, test = map(objects, composites.load(name))
        assert {kind for _, kind, *_ in train} == {1}
        assert {kind for _, kind, *_ in test} == {2}


def test_objects_are_on_the_stated_side_and_have_the_stated_class(files):
    """A wrong side or a wrong class would make every attention map wrong."""
    for drawn in composites.load(PRETRAINING):
        halves = drawn.images.reshape(-1, 28, 2, 28)[:, 0, :, :4].astype(int)  # n, side, pixel
        here = np.arange(len(halves))
        garment, digit = halves[here, drawn.right.astype(int)], halves[here, 1 - drawn.right]
        assert (garment[:, 0] == 2).all()
        assert (digit[:, 0] == np.where(drawn.alone, 0, 1)).all()
        place = garment[:, 2] * 256 + garment[:, 3]
        np.testing.assert_array_equal(place % 10, drawn.garments)
        place = (digit[:, 2] * 256 + digit[:, 3])[~drawn.alone]
        np.testing.assert_array_equal(place % 10, drawn.digits[~drawn.alone])


def test_a_pair_has_the_label_of_its_digit_and_a_single_garment_its_own(files):
    """Twenty classes; transfer has to overcome this priority of the digit."""
    train, _ = composites.load(PRETRAINING)
    data = datasets.load(PRETRAINING)
    assert data.n_classes == 20
    assert np.mean(data.y_train >= 10) == 0.5
    np.testing.assert_array_equal(data.y_train[train.alone] - 10, train.garments[train.alone])
    np.testing.assert_array_equal(data.y_train[~train.alone], train.digits[~train.alone])


def test_the_transfer_task_has_pairs_only_and_its_label_is_the_garment(files):
    """The backbone would know a single garment already."""
    train, test = composites.load(TRANSFER)
    data = datasets.load(TRANSFER)
    assert not train.alone.any()
    assert not test.alone.any()
    np.testing.assert_array_equal(data.y_train, train.garments)
    np.testing.assert_array_equal(data.y_test, test.garments)
    assert (len(data.y_train), len(data.y_test)) == (8_000, 2_000)
    assert data.as_images().x_test.shape == (2_000, 1, 28, 56)


def test_both_sides_and_every_pair_of_classes_are_as_frequent_as_by_chance():
    """If a class had a fixed side, or a digit a fixed garment, no attention would be needed."""
    train, _ = composites.load(SMALL)
    for side in (train.right, ~train.right):
        counts = np.bincount(train.garments[side], minlength=10)
        assert abs(counts - 100).max() < 4 * np.sqrt(50)  # binomial: 200 of each, half a side
    together = np.histogram2d(train.digits, train.garments, bins=(10, 10))[0]
    expected = np.outer(np.bincount(train.digits), np.bincount(train.garments)) / 2000
    assert ((together - expected) ** 2 / expected).sum() < 150  # χ² with 81 degrees of freedom


def test_no_image_is_used_twice_before_all_were_used_once():
    """A draw with replacement leaves out a third of the images."""
    files = file_of(100, 0, 1), file_of(70, 0, 2)
    drawn = compose(*files, n=210, seed=3)
    top = drawn.images.reshape(-1, 28, 2, 28)[np.arange(210), 0, drawn.right.astype(int), 3]
    assert (np.bincount(top) == 3).all()
    assert len(np.unique(top[:70])) == 70


def test_a_seed_draws_the_same_composites_each_time_and_another_seed_other_ones():
    """Kept accuracies belong to exactly these images."""
    files = file_of(50, 0, 1), file_of(50, 0, 2)
    one, again, other = (compose(*files, n=30, seed=seed) for seed in (4, 4, 5))
    np.testing.assert_array_equal(one.images, again.images)
    assert not np.array_equal(one.images, other.images)


def test_the_small_task_tests_on_images_that_are_in_no_training_split():
    """It is made from the data that nofb ships, and keeps their splits."""
    train, test = composites.load(SMALL)
    halves = [
        {half.tobytes() for half in each.images.reshape(-1, 28, 2, 28).swapaxes(1, 2).reshape(
            -1, 784)} for each in (train, test)
    ]  # fmt: skip
    assert not halves[0] & halves[1]


def test_enlarged_digits_have_the_brightness_and_the_margin_of_mnist():
    """A ramp stays a ramp: linear interpolation is exact for it."""
    ramp = np.tile(np.arange(0, 16, 2, dtype=np.uint8), (1, 8, 1))
    large = enlarged(ramp)[0].astype(float)
    np.testing.assert_allclose(large[4, 4:24], np.linspace(0, 14 * 255 / 16, 20), atol=0.5)
    assert large[:4].sum() == large[24:].sum() == large[:, :4].sum() == large[:, 24:].sum() == 0


@pytest.mark.parametrize("change", [{"n": 0}, {"alone": 1.0}, {"alone": -0.1}, {"seed": -1}])
def test_a_number_outside_its_range_is_named(change):
    """A fraction of one would leave no pair."""
    files = file_of(5, 0, 1), file_of(5, 0, 2)
    with pytest.raises(ValueError, match=next(iter(change))):
        compose(*files, **{"n": 4, "seed": 0, **change})


def test_a_name_that_is_no_composite_is_refused():
    """`load` with the name of another data set would have no sides."""
    with pytest.raises(ValueError, match="name is 'mnist'"):
        composites.load("mnist")


def test_composites_are_available_only_if_both_originals_are(tmp_path, monkeypatch):
    """`nofb data` would list a data set that cannot be loaded."""
    monkeypatch.setenv(download.DATA_VARIABLE, str(tmp_path))
    monkeypatch.setenv(download.CACHE_VARIABLE, str(tmp_path / "cache"))
    both = sources.MNIST, sources.FASHION_MNIST
    assert download.where(*both) == "not here: will be downloaded (43 MB)"
    for source in both:
        (tmp_path / source.folder).mkdir()
        assert download.where(*both) == "not here: will be downloaded (43 MB)"
        for file in source.files:
            (tmp_path / source.folder / file.name).touch()
    assert download.where(*both) == "found in NOFB_DATA_DIR"
