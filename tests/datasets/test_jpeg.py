"""CIFAR-10 from JPEG: pictures in an archive that is not trusted."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest
from datasets.stand_ins import source_of
from PIL import Image

from nofb import datasets
from nofb.datasets import jpeg, sources


def picture(colour=(200, 100, 50), size=(32, 32), form="JPEG"):
    """A picture of one colour, which JPEG keeps to within a step or two."""
    stream = io.BytesIO()
    Image.new("RGB", size, colour).save(stream, form, quality=100)
    return stream.getvalue()


def archive(**others):
    """Two training pictures of two classes and one test picture of each, and other members."""
    members = {
        "train/cat/0000.jpg": picture((200, 100, 50)),
        "train/cat/0001.jpg": picture((10, 20, 30)),
        "train/airplane/0000.jpg": picture((50, 100, 200)),
        "train/airplane/0001.jpg": picture((30, 20, 10)),
        "test/airplane/0000.jpg": picture(),
        "test/cat/0000.jpg": picture(),
    } | others.get("members", {})
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as pictures:
        for name, content in members.items():
            pictures.writestr(name, content)
    return stream.getvalue()


def test_pictures_come_in_the_order_of_their_numbers_with_the_classes_in_turn():
    """A student who takes the first thousand samples must get every class."""
    (images, labels), (_, test_labels) = jpeg.parse_pictures(archive(), "it")
    assert labels.tolist() == [0, 3, 0, 3]
    assert test_labels.tolist() == [0, 3]
    assert images.shape == (4, 3, 32, 32)
    wanted = [[50, 100, 200], [200, 100, 50], [30, 20, 10], [10, 20, 30]]
    np.testing.assert_allclose(images.mean(axis=(2, 3)), wanted, atol=3)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"nothing", "it is not a complete zip archive"),
        (archive()[:-30], "it is not a complete zip archive"),
        (archive(members={"train/cat/0002.jpg": b"?"}), "train/cat/0002.jpg in it is damaged"),
        (
            archive(members={"train/cat/0002.jpg": picture()[:-200]}),
            "train/cat/0002.jpg in it is damaged",
        ),
        (
            archive(members={"train/cat/0002.jpg": picture(form="PNG")}),
            "train/cat/0002.jpg in it is damaged",
        ),
        (
            archive(members={"train/cat/0002.jpg": picture(size=(32, 31))}),
            r"has \(32, 31\) pixels; it must have \(32, 32\)",
        ),
        (
            archive(members={"train/cat/0002.jpg": b"?" * 10_001}),
            "train/cat/0002.jpg in it is larger than 10000 bytes",
        ),
        (archive(members={"train/unicorn/0002.jpg": picture()}), "a picture is in train/CLASS/"),
    ],
)
def test_a_broken_archive_of_pictures_is_refused(content, sentence):
    with pytest.raises(ValueError, match=sentence):
        jpeg.parse_pictures(content, "it")


def test_pictures_are_read_from_the_data_directory(tmp_path, monkeypatch):
    content = archive()
    monkeypatch.setattr(sources, "CIFAR10_JPEG", source_of(sources.CIFAR10_JPEG, [content]))
    (tmp_path / "cifar10-jpeg").mkdir()
    name = sources.CIFAR10_JPEG.files[0].name
    monkeypatch.setenv("NOFB_DATA_DIR", str(tmp_path))
    with pytest.raises(
        FileNotFoundError,
        match=r"^put .* into a folder cifar10-jpeg, and set the environment variable NOFB_DATA",
    ):
        datasets.load("cifar10_jpeg")
    (tmp_path / "cifar10-jpeg" / name).write_bytes(content)
    data = datasets.load("cifar10_jpeg")
    assert data.x_train.shape == (4, 3072)
    assert 0.77 < data.as_images().x_train[1, 0].mean() < 0.8  # 200 of 255, of the cat's red
