"""Data sets that are always available: embedded ones, toys, and the list of all."""

from __future__ import annotations

import gzip
import os
import re
from pathlib import Path

import numpy as np
import pytest
from datasets.stand_ins import source_of, tiny_idx_contents, where, write_files

from nofb import datasets
from nofb.datasets import download, embed, sources
from nofb.datasets.idx import parse_idx


def stored(name):
    path = Path(datasets.__file__).parent / "embedded" / f"{name}.npz"
    with np.load(path, allow_pickle=False) as content:
        return dict(content)


# -- embedded data sets ---------------------------------------------------------------------------


def test_the_digits_split_is_stratified_and_no_row_is_in_both_sides():
    """A row in both splits would be a test sample that was trained on."""
    content = stored("digits")
    np.testing.assert_array_equal(np.sort(content["source_rows"]), np.arange(1797))
    data = datasets.load("digits")
    train, test = np.bincount(data.y_train), np.bincount(data.y_test)
    assert train.sum() + test.sum() == 1797
    assert np.all(np.abs(test - 0.2 * (train + test)) <= 0.5)


def test_the_digits_are_complete_and_between_zero_and_one():
    """UCI counts 178 182 177 183 181 182 181 179 174 180 digits in this part of optdigits."""
    data = datasets.load("digits")
    pixels = np.concatenate([data.x_train, data.x_test])
    labels = np.concatenate([data.y_train, data.y_test])
    assert pixels.dtype == np.float32
    assert pixels.min() == 0.0
    assert pixels.max() == 1.0
    np.testing.assert_array_equal(pixels * 16, np.round(pixels * 16))
    uci = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    np.testing.assert_array_equal(np.bincount(labels), uci)


def test_the_nearest_neighbour_classifies_the_digits():
    """If images had lost their labels in the file, the accuracy would be about 0.1."""
    data = datasets.load("digits")
    squares = (data.x_train**2).sum(1) - 2 * data.x_test @ data.x_train.T  # (359, 1438)
    assert np.mean(data.y_train[squares.argmin(axis=1)] == data.y_test) > 0.96


def test_fashion_small_is_balanced_and_no_image_is_in_both_splits():
    data = datasets.load("fashion_small")
    np.testing.assert_array_equal(np.bincount(data.y_train), [200] * 10)
    np.testing.assert_array_equal(np.bincount(data.y_test), [50] * 10)
    assert data.image_shape == (1, 28, 28)
    assert data.x_train.min() == 0.0
    assert data.x_train.max() == 1.0
    train, test = ({row.tobytes() for row in x} for x in (data.x_train, data.x_test))
    assert not train & test


def test_training_samples_are_not_ordered_by_class():
    """A training loop without shuffling would otherwise see one class at a time."""
    for name in ("digits", "fashion_small"):
        assert len(np.unique(datasets.load(name).y_train[:100])) == 10


def test_the_embedded_files_are_small():
    folder = Path(datasets.__file__).parent / "embedded"
    assert (folder / "digits.npz").stat().st_size < 60_000
    assert (folder / "fashion_small.npz").stat().st_size < 1_200_000


def test_embedding_draws_training_and_test_images_from_their_own_files(tmp_path, monkeypatch):
    """The brightness of a made-up image encodes its file and its row."""
    monkeypatch.setattr(embed, "FASHION_TRAIN_PER_CLASS", 4)
    monkeypatch.setattr(embed, "FASHION_TEST_PER_CLASS", 3)
    contents = tiny_idx_contents(n_train=60, n_test=40)
    monkeypatch.setattr(embed, "FASHION_MNIST", source_of(sources.FASHION_MNIST, contents))
    write_files(tmp_path, contents)
    embed.embed_fashion(tmp_path, tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz") as made:
        rows, images, labels = made["source_rows"], made["images"], made["labels"]
        n_train = int(made["n_train"])
    assert (n_train, len(labels)) == (40, 70)
    np.testing.assert_array_equal(images[:n_train, 0, 0, 0], rows[:n_train])
    np.testing.assert_array_equal(images[n_train:, 0, 0, 0], 100 + rows[n_train:])
    np.testing.assert_array_equal(labels, rows % 10)
    assert len(set(rows[:n_train])) == 40
    assert len(set(rows[n_train:])) == 30


def test_the_command_writes_both_files(tmp_path, monkeypatch):
    contents = tiny_idx_contents(n_train=60, n_test=40)
    monkeypatch.setattr(embed, "FASHION_MNIST", source_of(sources.FASHION_MNIST, contents))
    monkeypatch.setattr(embed, "FASHION_TRAIN_PER_CLASS", 2)
    monkeypatch.setattr(embed, "FASHION_TEST_PER_CLASS", 2)
    monkeypatch.setattr(embed, "FOLDER", tmp_path)
    write_files(tmp_path, contents)
    table = np.column_stack([np.tile(np.arange(50)[:, None] % 17, 64), np.arange(50) % 10])
    with gzip.open(tmp_path / "digits.csv.gz", "wt") as stream:
        np.savetxt(stream, table, fmt="%d", delimiter=",")
    embed.main([str(tmp_path / "digits.csv.gz"), str(tmp_path)])
    with np.load(tmp_path / "digits.npz") as made:
        assert int(made["n_train"]) == 40
        np.testing.assert_array_equal(np.bincount(made["labels"][40:]), [1] * 10)
        np.testing.assert_array_equal(made["images"][:, 0, 7, 7], made["source_rows"] % 17)
    assert (tmp_path / "fashion_small.npz").exists()


@pytest.mark.skipif(not os.environ.get("NOFB_DATA_DIR"), reason="needs the Fashion-MNIST files")
def test_fashion_small_holds_the_images_of_the_original_files():
    content = stored("fashion_small")
    n_train, files = int(content["n_train"]), sources.FASHION_MNIST.files
    for part, images, labels in (
        (slice(None, n_train), files[0], files[1]),
        (slice(n_train, None), files[2], files[3]),
    ):
        rows = content["source_rows"][part]
        pixels, classes = (
            parse_idx(download.fetch(sources.FASHION_MNIST, file), file.name)[rows]
            for file in (images, labels)
        )
        np.testing.assert_array_equal(content["images"][part, 0], pixels)
        np.testing.assert_array_equal(content["labels"][part], classes)


# -- the list -------------------------------------------------------------------------------------


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"'minst' \(did you mean 'mnist'\?\), .*digits.*cifar"):
        datasets.load("minst")


def test_every_name_has_one_row_and_the_list_downloads_nothing(mirrors):
    rows = datasets.describe()
    assert [row.name for row in rows] == datasets.names()
    assert len(set(datasets.names())) == len(rows)
    assert mirrors.asked == []
    assert where("cifar10") == "not here: will be downloaded (170 MB)"
    assert where("fashion_small") == "embedded"
    assert where("xor") == "generated"


def test_a_row_of_the_list_is_correct_about_its_data_set(cache):
    for row in datasets.describe():
        if row.where not in ("embedded", "generated"):
            continue
        data = datasets.load(row.name)
        assert data.name == row.name
        assert (len(data.x_train), len(data.x_test)) == (row.n_train, row.n_test)
        assert (data.image_shape or data.x_train.shape[1:]) == row.shape
        assert data.n_classes == row.n_classes


# -- toys -----------------------------------------------------------------------------------------


TOYS = {
    "xor": (datasets.xor, 2),
    "two_moons": (datasets.two_moons, 2),
    "spirals": (datasets.spirals, 3),
}


@pytest.mark.parametrize("name", TOYS)
@pytest.mark.parametrize("n", [20, 101, 600])
def test_a_toy_has_balanced_classes_in_both_splits(name, n):
    make, n_classes = TOYS[name]
    data = make(n=n)
    assert data.n_classes == n_classes
    assert len(data.x_train) + len(data.x_test) == n
    assert len(data.x_test) == n // 5
    for labels in (data.y_train, data.y_test):
        counts = np.bincount(labels, minlength=n_classes)
        assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize("make", [*(make for make, _ in TOYS.values()), datasets.linear_teacher])
def test_the_seed_determines_a_toy(make):
    first, again, other = make(seed=5), make(seed=5), make(seed=6)
    np.testing.assert_array_equal(first.x_train, again.x_train)
    np.testing.assert_array_equal(first.y_test, again.y_test)
    assert not np.array_equal(first.x_train, other.x_train)


@pytest.mark.parametrize("name", TOYS)
def test_noise_has_the_stated_standard_deviation(name):
    """With one seed the clean points are the same, so the difference is the noise alone."""
    make, _ = TOYS[name]
    clean, noisy = make(n=2000, noise=0.0), make(n=2000, noise=0.25)
    difference = noisy.x_train - clean.x_train
    assert abs(difference.std() - 0.25) < 0.01
    assert abs(difference.mean()) < 0.02


def test_without_noise_xor_is_the_truth_table():
    data = datasets.xor(n=40, noise=0.0)
    table = {(*x.tolist(), int(y)) for x, y in zip(data.x_train, data.y_train, strict=True)}
    assert table == {(0.0, 0.0, 0), (0.0, 1.0, 1), (1.0, 0.0, 1), (1.0, 1.0, 0)}


def test_without_noise_the_moons_are_half_circles():
    data = datasets.two_moons(noise=0.0)
    centres = np.array([[0.0, 0.0], [1.0, 0.5]])[data.y_train]
    offset = data.x_train - centres
    np.testing.assert_allclose(np.hypot(*offset.T), 1.0, rtol=1e-5)
    assert np.all(np.where(data.y_train == 0, offset[:, 1], -offset[:, 1]) >= -1e-6)


@pytest.mark.parametrize("arms", [2, 3])
def test_without_noise_a_spirals_angle_grows_with_its_radius(arms):
    data = datasets.spirals(n=300, arms=arms, noise=0.0)
    assert data.n_classes == arms
    radius = np.hypot(*data.x_train.T)
    turns = np.arctan2(data.x_train[:, 1], data.x_train[:, 0]) / (2 * np.pi)
    distance = (turns - radius - data.y_train / arms + 0.5) % 1.0 - 0.5
    np.testing.assert_allclose(distance, 0.0, atol=1e-6)


def linear_accuracy(data):
    """Accuracy of the least-squares linear classifier."""
    with_bias = [np.column_stack([x, np.ones(len(x))]) for x in (data.x_train, data.x_test)]
    weights = np.linalg.lstsq(with_bias[0], np.eye(data.n_classes)[data.y_train], rcond=None)[0]
    return np.mean((with_bias[1] @ weights).argmax(axis=1) == data.y_test)


def neighbour_accuracy(data):
    distances = np.linalg.norm(data.x_test[:, None] - data.x_train[None], axis=2)
    return np.mean(data.y_train[distances.argmin(axis=1)] == data.y_test)


@pytest.mark.parametrize(("name", "linear_at_most"), [("xor", 0.7), ("spirals", 0.7)])
def test_a_toy_needs_a_hidden_layer_but_can_be_solved(name, linear_at_most):
    data = datasets.load(name)
    assert linear_accuracy(data) < linear_at_most
    assert neighbour_accuracy(data) > 0.95


def test_the_two_moons_overlap_in_height():
    data = datasets.load("two_moons")
    assert linear_accuracy(data) < 0.95 < neighbour_accuracy(data)


def test_the_linear_teacher_is_exactly_linear():
    """One matrix with entries in [-1, 1] gives all targets; its rank is that of y."""
    data = datasets.load("linear_teacher")
    assert (data.n_classes, data.n_outputs, data.x_train.shape) == (None, 10, (1600, 30))
    assert np.linalg.matrix_rank(np.hstack([data.x_train, data.y_train])) == 30
    teacher = np.linalg.lstsq(data.x_train, data.y_train, rcond=None)[0]
    np.testing.assert_allclose(data.x_test @ teacher, data.y_test, atol=1e-10)
    assert np.abs(teacher).max() <= 1.0
    assert abs(teacher.mean()) < 0.15
    assert abs(teacher.std() - 1 / np.sqrt(3)) < 0.06
    np.testing.assert_allclose(np.cov(data.x_train.T), np.eye(30), atol=0.15)


def test_a_teacher_can_have_any_shape():
    data = datasets.linear_teacher(n=7, n_inputs=3, n_outputs=2)
    assert (data.x_train.shape, data.y_test.shape) == ((6, 3), (1, 2))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: datasets.xor(n=19), "n is 19; it must be an integer of at least 20"),
        (lambda: datasets.two_moons(n=50.0), "n is 50.0; it must be an integer of at least 10"),
        (lambda: datasets.spirals(arms=4), "arms is 4; it must be 2 or 3"),
        (lambda: datasets.spirals(noise=-0.1), "noise is -0.1; it must be a finite number of at"),
        (lambda: datasets.xor(noise=float("nan")), "noise is nan; it must be a finite number"),
        (lambda: datasets.linear_teacher(n=4), "n is 4; it must be an integer of at least 5"),
        (lambda: datasets.linear_teacher(n_inputs=0), "n_inputs is 0; it must be an integer of"),
        (lambda: datasets.linear_teacher(n_outputs=0), "n_outputs is 0; it must be an integer of"),
    ],
)
def test_impossible_toys_are_refused(make, sentence):
    with pytest.raises(ValueError, match="^" + re.escape(sentence)):
        make()
