"""Data sets: what they promise, what they refuse, and where their bytes may come from.

Nothing here touches the network; files and mirrors are small stand-ins made on the spot.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import re
import struct
import subprocess
import sys
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nofb import datasets
from nofb.datasets import Dataset, cifar, download, embed, sources
from nofb.datasets.idx import parse_idx
from nofb.datasets.sources import RemoteFile
from nofb.datasets.splits import stratified_split

X = np.linspace(0.0, 1.0, 48, dtype=np.float32).reshape(12, 4)
LABELS = np.arange(12) % 3


def stored(name):
    path = Path(datasets.__file__).parent / "embedded" / f"{name}.npz"
    with np.load(path, allow_pickle=False) as content:
        return dict(content)


def small(**changes):
    arguments = {"x_train": X[:9], "y_train": LABELS[:9], "x_test": X[9:], "y_test": LABELS[9:]}
    return Dataset(**(arguments | changes))


def with_value(array, position, value):
    changed = np.array(array, dtype=np.result_type(array, type(value)))
    changed[position] = value
    return changed


# ---- the data set itself


def test_labels_and_one_hot_rows_make_the_same_data_set():
    one_hot = np.eye(3)[LABELS]
    given_rows = small(y_train=one_hot[:9], y_test=one_hot[9:])
    assert given_rows.n_classes == small().n_classes == given_rows.n_outputs == 3
    np.testing.assert_array_equal(given_rows.y_train, LABELS[:9])
    np.testing.assert_array_equal(given_rows.y_test, LABELS[9:])
    assert given_rows.y_train.dtype == np.int64


def test_a_one_hot_column_without_a_training_sample_still_counts_as_a_class():
    """Otherwise a network built after a split would have an output unit less than before."""
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


# ---- validation splits


@settings(deadline=None, max_examples=60)
@given(
    counts=st.lists(st.integers(1, 30), min_size=1, max_size=5),
    fraction=st.floats(0.01, 0.99),
    seed=st.integers(0, 99),
)
def test_a_stratified_split_is_a_partition_with_equal_shares(counts, fraction, seed):
    labels = np.repeat(np.arange(len(counts)), counts)
    kept, held_out = stratified_split(labels, fraction, np.random.default_rng(seed))
    np.testing.assert_array_equal(np.sort(np.concatenate([kept, held_out])), np.arange(len(labels)))
    held_counts = np.bincount(labels[held_out], minlength=len(counts))
    for count, held in zip(counts, held_counts, strict=True):
        assert held < count
        assert abs(held - fraction * count) <= 0.5 + 1e-9 or held == count - 1


def test_a_validation_split_holds_training_samples_only():
    """Choosing by samples of the test split would make the reported accuracy too good."""
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


def test_the_seed_decides_the_validation_split():
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


# ---- embedded data sets


def test_the_digits_split_is_stratified_and_no_row_is_in_both_sides():
    """A row on both sides would be a test sample that was trained on."""
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


def test_the_digits_can_be_told_apart_by_their_nearest_neighbour():
    """Labels that had lost their images on the way into the file would give about 0.1."""
    data = datasets.load("digits")
    squares = (data.x_train**2).sum(1) - 2 * data.x_test @ data.x_train.T  # (359, 1438)
    assert np.mean(data.y_train[squares.argmin(axis=1)] == data.y_test) > 0.96


def test_fashion_small_is_balanced_and_no_image_is_in_both_sides():
    data = datasets.load("fashion_small")
    np.testing.assert_array_equal(np.bincount(data.y_train), [200] * 10)
    np.testing.assert_array_equal(np.bincount(data.y_test), [50] * 10)
    assert data.image_shape == (1, 28, 28)
    assert data.x_train.min() == 0.0
    assert data.x_train.max() == 1.0
    train, test = ({row.tobytes() for row in x} for x in (data.x_train, data.x_test))
    assert not train & test


def test_training_samples_do_not_come_ordered_by_class():
    """A training loop without shuffling would otherwise see one class at a time."""
    for name in ("digits", "fashion_small"):
        assert len(np.unique(datasets.load(name).y_train[:100])) == 10


def test_the_embedded_files_are_small():
    folder = Path(datasets.__file__).parent / "embedded"
    assert (folder / "digits.npz").stat().st_size < 60_000
    assert (folder / "fashion_small.npz").stat().st_size < 1_200_000


def test_embedding_draws_training_and_test_images_from_their_own_files(tmp_path, monkeypatch):
    """The brightness of a made-up image tells which file it stood in, and its row."""
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


# ---- files, caches and mirrors


def idx_bytes(array):
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return header + array.astype(np.uint8).tobytes()


def tiny_idx_contents(n_train=20, n_test=10):
    """Image i is uniformly of brightness i, plus 100 in the test file; its label is i % 10."""
    contents = []
    for n, offset in ((n_train, 0), (n_test, 100)):
        brightness = offset + np.arange(n)
        contents.append(idx_bytes(np.tile(brightness[:, None, None], (1, 28, 28))))
        contents.append(idx_bytes(np.arange(n) % 10))
    return contents


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def source_of(source, contents):
    """Return the source with the hashes of stand-in files."""
    files = [
        replace(file, sha256=sha256(content), largest=len(content))
        for file, content in zip(source.files, contents, strict=True)
    ]
    return replace(source, files=tuple(files))


def write_files(folder, contents, packed=True):
    folder.mkdir(parents=True, exist_ok=True)
    for file, content in zip(sources.MNIST.files, contents, strict=True):
        name = file.name if packed else file.name.removesuffix(".gz")
        (folder / name).write_bytes(gzip.compress(content) if packed else content)


class Mirrors:
    """Stands in for pooch's HTTP downloader: serves what it holds and notes what was asked."""

    def __init__(self, monkeypatch):
        self.served: dict[str, bytes] = {}
        self.asked: list[str] = []
        monkeypatch.setattr("pooch.HTTPDownloader", lambda progressbar: self)

    def __call__(self, url, output_file, pooch):
        self.asked.append(url)
        if url not in self.served:
            # What requests raises is an OSError; it comes after half of the file.
            output_file.write(b"half a file")
            raise OSError(f"no route to {url}")
        output_file.write(self.served[url])


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.delenv("NOFB_DATA_DIR", raising=False)
    monkeypatch.setenv("NOFB_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def mirrors(monkeypatch, cache):
    return Mirrors(monkeypatch)


@pytest.fixture
def tiny_mnist(monkeypatch):
    contents = tiny_idx_contents()
    monkeypatch.setattr(sources, "MNIST", source_of(sources.MNIST, contents))
    return contents


def is_tiny_mnist(data):
    assert data.x_train.shape == (20, 784)
    assert data.x_test.shape == (10, 784)
    assert data.as_images().x_train.shape == (20, 1, 28, 28)
    np.testing.assert_allclose(data.x_train[:, 5], np.arange(20) / 255, rtol=1e-6)
    np.testing.assert_allclose(data.x_test[:, 783], (100 + np.arange(10)) / 255, rtol=1e-6)
    np.testing.assert_array_equal(data.y_train, np.arange(20) % 10)
    return True


def files_in(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@settings(max_examples=30)
@given(shape=st.lists(st.integers(1, 5), min_size=1, max_size=3), seed=st.integers(0, 9))
def test_an_array_written_as_idx_is_read_back(shape, seed):
    array = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    np.testing.assert_array_equal(parse_idx(idx_bytes(array), "file"), array)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "labels starts with the bytes ''; an idx file of unsigned bytes starts with"),
        (b"\0\0\x0d\1" + bytes(8), "labels starts with the bytes '00000d01'"),
        (b"\0\0\x08\3" + bytes(5), "labels is cut off in its header after 9 bytes"),
        (idx_bytes(np.arange(9))[:-1], r"labels has 16 bytes; .*shape \(9,\), which makes 17"),
    ],
)
def test_a_broken_idx_file_is_refused(content, sentence):
    with pytest.raises(ValueError, match="^" + sentence):
        parse_idx(content, "labels")


@pytest.mark.parametrize("packed", [True, False])
def test_files_in_the_data_directory_are_found_first(
    packed, tmp_path, monkeypatch, mirrors, tiny_mnist
):
    write_files(tmp_path / "data" / "mnist", tiny_mnist, packed)
    monkeypatch.setenv("NOFB_DATA_DIR", str(tmp_path / "data"))
    assert is_tiny_mnist(datasets.load("mnist"))
    assert mirrors.asked == []
    assert where("mnist") == "found in NOFB_DATA_DIR"


def test_a_data_directory_that_does_not_exist_is_an_error(tmp_path, monkeypatch, mirrors):
    monkeypatch.setenv("NOFB_DATA_DIR", str(tmp_path / "nowhere"))
    with pytest.raises(ValueError, match=r"^NOFB_DATA_DIR is .*nowhere'; it must be an existing f"):
        datasets.load("mnist")


def damaged(content, kind):
    packed = gzip.compress(content)
    return {
        "truncated": packed[:-20],
        "bad deflate data": packed[:12] + b"\xff\xff\xff" + packed[15:],
        "not gzip": b"<html>moved</html>",
        "another file": gzip.compress(content + b"\0"),
        "empty": b"",
    }[kind]


DAMAGES = ["truncated", "bad deflate data", "not gzip", "another file", "empty"]


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_file_is_named_and_left_to_its_owner(
    kind, tmp_path, monkeypatch, mirrors, tiny_mnist
):
    write_files(tmp_path / "data" / "mnist", tiny_mnist)
    bad = tmp_path / "data" / "mnist" / sources.MNIST.files[2].name
    bad.write_bytes(damaged(tiny_mnist[2], kind))
    monkeypatch.setenv("NOFB_DATA_DIR", str(tmp_path / "data"))
    with pytest.raises(ValueError, match=f"^{re.escape(str(bad))} is (damaged|not a complete gz)"):
        datasets.load("mnist")
    assert bad.exists()


def serve(mirrors, mirror, source, contents):
    for file, content in zip(source.files, contents, strict=True):
        mirrors.served[mirror + file.name] = gzip.compress(content)


def test_the_second_mirror_is_asked_when_the_first_fails(mirrors, cache, tiny_mnist):
    first, second = sources.MNIST.mirrors
    serve(mirrors, second, sources.MNIST, tiny_mnist)
    assert where("mnist") == "not here: will be downloaded (12 MB)"
    assert is_tiny_mnist(datasets.load("mnist"))
    assert mirrors.asked[:2] == [
        first + sources.MNIST.files[0].name,
        second + sources.MNIST.files[0].name,
    ]
    assert files_in(cache) == sorted(file.name for file in sources.MNIST.files)
    assert where("mnist") == "cached"


def test_a_cached_data_set_is_not_downloaded_again(mirrors, cache, tiny_mnist):
    serve(mirrors, sources.MNIST.mirrors[0], sources.MNIST, tiny_mnist)
    datasets.load("mnist")
    mirrors.served.clear()
    mirrors.asked.clear()
    assert is_tiny_mnist(datasets.load("mnist"))
    assert mirrors.asked == []


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_mirror_that_serves_something_else_is_passed_over(kind, mirrors, cache, tiny_mnist):
    first, second = sources.MNIST.mirrors
    serve(mirrors, first, sources.MNIST, tiny_mnist)
    serve(mirrors, second, sources.MNIST, tiny_mnist)
    mirrors.served[first + sources.MNIST.files[0].name] = damaged(tiny_mnist[0], kind)
    assert is_tiny_mnist(datasets.load("mnist"))
    assert len(mirrors.asked) == 5


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_copy_in_the_cache_is_fetched_again(kind, mirrors, cache, tiny_mnist):
    serve(mirrors, sources.MNIST.mirrors[0], sources.MNIST, tiny_mnist)
    write_files(cache / "mnist", tiny_mnist)
    name = sources.MNIST.files[0].name
    (cache / "mnist" / name).write_bytes(damaged(tiny_mnist[0], kind))
    assert is_tiny_mnist(datasets.load("mnist"))
    assert mirrors.asked == [sources.MNIST.mirrors[0] + name]
    assert (cache / "mnist" / name).read_bytes() == mirrors.served[mirrors.asked[0]]


def test_when_all_mirrors_fail_the_error_names_them_and_the_way_out(mirrors, cache):
    with pytest.raises(ConnectionError) as refusal:
        datasets.load("fashion_mnist")
    sentence = str(refusal.value)
    assert "the data set 'fashion_mnist' could not be downloaded" in sentence
    for mirror in sources.FASHION_MNIST.mirrors:
        assert mirror in sentence
    assert "NOFB_DATA_DIR can point to a folder that holds fashion-mnist/train-images" in sentence
    assert isinstance(refusal.value.__cause__, OSError)


def test_no_half_written_file_is_left_after_a_failure(mirrors, cache, tiny_mnist):
    name = sources.MNIST.files[0].name
    mirrors.served[sources.MNIST.mirrors[1] + name] = damaged(tiny_mnist[0], "truncated")
    with pytest.raises(ConnectionError, match="is not a complete gzip file"):
        datasets.load("mnist")
    assert [path for path in cache.rglob("*") if path.name != "mnist"] == []
    serve(mirrors, sources.MNIST.mirrors[0], sources.MNIST, tiny_mnist)
    assert is_tiny_mnist(datasets.load("mnist"))


def test_an_interrupted_download_leaves_nothing_either(monkeypatch, mirrors, cache):
    def interrupted(url, output_file, pooch):
        output_file.write(b"half a file")
        raise KeyboardInterrupt

    monkeypatch.setattr("pooch.HTTPDownloader", lambda progressbar: interrupted)
    with pytest.raises(KeyboardInterrupt):
        datasets.load("mnist")
    assert files_in(cache) == []


def test_without_a_setting_the_cache_is_the_systems_own(monkeypatch):
    import pooch

    monkeypatch.delenv("NOFB_CACHE_DIR", raising=False)
    assert download.cache_directory() == Path(pooch.os_cache("nofb"))


def test_without_a_home_the_list_is_shown_and_a_download_names_the_way_out(monkeypatch):
    """A user id without an entry, as in many containers, was a RuntimeError of another library."""

    def nowhere(project):
        raise RuntimeError("could not determine the home directory")

    for name in ("NOFB_DATA_DIR", "NOFB_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pooch.os_cache", nowhere)
    assert where("mnist") == "not here: set NOFB_CACHE_DIR to download it (12 MB)"
    assert where("digits") == "embedded"
    with pytest.raises(OSError, match="no home to keep downloads in: set NOFB_CACHE_DIR to a fold"):
        datasets.load("mnist")


def test_a_cache_that_cannot_be_written_is_named_before_any_mirror_is_asked(
    tmp_path, monkeypatch, mirrors
):
    """Every mirror was blamed for the folder that could not be written."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("NOFB_CACHE_DIR", str(tmp_path / "file"))
    with pytest.raises(OSError, match=r"cannot be kept in .*file.mnist \(.*\): set NOFB_CACHE_DIR"):
        datasets.load("mnist")
    assert mirrors.asked == []


def test_importing_the_data_sets_does_not_import_pooch():
    code = "import sys, nofb.datasets; assert 'pooch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


# ---- CIFAR-10


def cifar_archive(labels=range(6), missing=None, spoil=b""):
    """Six files of two records; image planes have brightness 10, 20 and 30 plus the file number."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for number, name in enumerate((*cifar.TRAINING_FILES, *cifar.TEST_FILES)):
            planes = np.repeat(np.array([10, 20, 30], np.uint8) + np.uint8(number), 1024)
            record = bytes([labels[number]]) + planes.tobytes()
            content = record * 2 + spoil
            member = tarfile.TarInfo(f"{cifar.FOLDER}/{name}")
            member.size = len(content)
            if name != missing:
                tar.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def hold_cifar(monkeypatch, archive):
    monkeypatch.setattr(sources, "CIFAR10", source_of(sources.CIFAR10, [archive]))
    return sources.CIFAR10.files[0].name


def test_cifar_is_read_from_an_archive_in_the_data_directory(tmp_path, monkeypatch, mirrors):
    name = hold_cifar(monkeypatch, archive := cifar_archive())
    (tmp_path / "data" / "cifar-10").mkdir(parents=True)
    (tmp_path / "data" / "cifar-10" / name).write_bytes(archive)
    monkeypatch.setenv("NOFB_DATA_DIR", str(tmp_path / "data"))
    with pytest.raises(ValueError, match="y_test holds the label 5"):
        datasets.load("cifar10")  # the stand-in's test label 5 was never trained on

    archive = cifar_archive(labels=(0, 1, 2, 3, 4, 1))
    hold_cifar(monkeypatch, archive)
    (tmp_path / "data" / "cifar-10" / name).write_bytes(archive)
    data = datasets.load("cifar10").as_images()
    assert data.x_train.shape == (10, 3, 32, 32)
    assert data.x_test.shape == (2, 3, 32, 32)
    np.testing.assert_array_equal(data.y_train, [0, 0, 1, 1, 2, 2, 3, 3, 4, 4])
    np.testing.assert_array_equal(data.y_test, [1, 1])
    np.testing.assert_allclose(data.x_test[0, :, 31, 31] * 255, [15, 25, 35], rtol=1e-6)
    assert mirrors.asked == []


def test_cifar_is_downloaded_from_the_mirror_that_has_it(monkeypatch, mirrors, cache):
    archive = cifar_archive(labels=(0, 1, 2, 3, 4, 1))
    name = hold_cifar(monkeypatch, archive)
    mirrors.served[sources.CIFAR10.mirrors[-1] + name] = archive
    assert datasets.load("cifar10").n_classes == 5
    assert len(mirrors.asked) == len(sources.CIFAR10.mirrors)
    assert files_in(cache) == [name]


def test_a_cut_cifar_archive_is_refused_by_its_hash(tmp_path, monkeypatch, mirrors):
    archive = cifar_archive()
    name = hold_cifar(monkeypatch, archive)
    (tmp_path / "cifar-10").mkdir()
    (tmp_path / "cifar-10" / name).write_bytes(archive[:-10])
    monkeypatch.setenv("NOFB_DATA_DIR", str(tmp_path))
    with pytest.raises(ValueError, match=r"cifar-10-binary.tar.gz is damaged or not the publish"):
        datasets.load("cifar10")


@pytest.mark.parametrize(
    ("archive", "sentence"),
    [
        (b"nothing", "it is not a complete tar.gz archive"),
        (cifar_archive()[:-30], "it is not a complete tar.gz archive"),
        (cifar_archive(missing="test_batch.bin"), "it lacks the file .*/test_batch.bin"),
        (cifar_archive(spoil=b"?"), "data_batch_1.bin in it has 6147 bytes; .* records of 3073"),
    ],
)
def test_a_broken_cifar_archive_is_refused(archive, sentence):
    with pytest.raises(ValueError, match=sentence):
        cifar.parse_cifar10(archive, "it")


def test_nothing_is_ever_unpickled():
    """Unpickling a downloaded file would run whatever code is in it."""
    folder = Path(datasets.__file__).parent
    for path in folder.glob("*.py"):
        assert "import pickle" not in path.read_text(encoding="utf-8")
        assert "allow_pickle=True" not in path.read_text(encoding="utf-8")


def test_every_published_hash_is_a_different_sha256():
    files: list[RemoteFile] = [
        file
        for source in (sources.MNIST, sources.FASHION_MNIST, sources.CIFAR10)
        for file in source.files
    ]
    assert len({file.sha256 for file in files}) == len(files) == 9
    assert all(re.fullmatch("[0-9a-f]{64}", file.sha256) for file in files)


# ---- the list


def where(name):
    return next(row.where for row in datasets.describe() if row.name == name)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"^there is no data set 'minst'; .*digits.*mnist.*cifar"):
        datasets.load("minst")


def test_every_name_has_one_row_and_none_is_downloaded_for_it(mirrors):
    rows = datasets.describe()
    assert [row.name for row in rows] == datasets.names()
    assert len(set(datasets.names())) == len(rows) == 15
    assert mirrors.asked == []
    assert where("cifar10") == "not here: will be downloaded (170 MB)"
    assert where("fashion_small") == "embedded"
    assert where("xor") == "generated"


def test_a_row_of_the_list_tells_the_truth_about_its_data_set(cache):
    for row in datasets.describe():
        if row.where not in ("embedded", "generated"):
            continue
        data = datasets.load(row.name)
        assert data.name == row.name
        assert (len(data.x_train), len(data.x_test)) == (row.n_train, row.n_test)
        assert (data.image_shape or data.x_train.shape[1:]) == row.shape
        assert data.n_classes == row.n_classes


# ---- toys

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
def test_the_seed_decides_a_toy(make):
    first, again, other = make(seed=5), make(seed=5), make(seed=6)
    np.testing.assert_array_equal(first.x_train, again.x_train)
    np.testing.assert_array_equal(first.y_test, again.y_test)
    assert not np.array_equal(first.x_train, other.x_train)


@pytest.mark.parametrize("name", TOYS)
def test_noise_has_the_stated_standard_deviation(name):
    """With one seed the clean points are the same, so that the difference is the noise alone."""
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


def test_the_moons_are_bent_into_each_other():
    data = datasets.load("two_moons")
    assert linear_accuracy(data) < 0.95 < neighbour_accuracy(data)


def test_the_linear_teacher_is_exactly_linear():
    """One matrix with entries in [-1, 1] explains all targets; its rank is that of y beside x."""
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
