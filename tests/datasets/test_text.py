"""Text as data: the target of a character model is the next character of its input."""

import gzip
import re

import numpy as np
import pytest

from nofb import datasets
from nofb.datasets import download, embed, texts

PANGRAM = "The quick brown fox jumps over the lazy dog.\n"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "fox.txt"
    path.write_text(PANGRAM * 10, encoding="utf-8")
    return path


def spelled(data, split):
    """Return the sequences of a split as text, without the overlap."""
    rows = getattr(data, split)
    return "".join(map(data.vocabulary.decode, rows))


def test_every_position_has_the_next_character_as_its_target(file):
    """With a shift of zero or two the model would learn another task, without an error."""
    data = datasets.text(file, length=7)
    for split in ("train", "test"):
        x, y = getattr(data, f"x_{split}"), getattr(data, f"y_{split}")
        assert x.shape == y.shape
        np.testing.assert_array_equal(x[:, 1:], y[:, :-1])
    x, y = np.concatenate([data.x_train, data.x_test]), np.concatenate([data.y_train, data.y_test])
    np.testing.assert_array_equal(x.ravel()[1:], y.ravel()[:-1])


@pytest.mark.parametrize("length", [1, 7, 64])
@pytest.mark.parametrize("test", [0.001, 0.25, 0.999])
def test_the_sequences_are_consecutive_and_the_last_ones_are_the_test_split(file, length, test):
    """Sequences that overlap, or a random test split, would repeat text of the training."""
    text = PANGRAM * 10
    data = datasets.text(file, length=length, test=test)
    train, held = spelled(data, "x_train"), spelled(data, "x_test")
    assert text.startswith(train + held)
    assert len(text) - 1 - len(train + held) < length
    wanted = round(test * (len(text) - 1) // length)
    assert abs(len(data.x_test) - max(1, wanted)) <= 1
    assert len(data.x_train) >= 1


def test_a_validation_split_is_the_last_part_of_the_training_text(file):
    """A sequence between two training sequences could partly be guessed from them."""
    data = datasets.text(file, length=5)
    part = data.split_validation(0.2, seed=3)
    assert spelled(part, "x_train") + spelled(part, "x_test") == spelled(data, "x_train")
    assert len(part.x_test) == round(0.2 * len(data.x_train))
    assert part.vocabulary == data.vocabulary
    assert part.n_classes == data.n_classes
    for seed in (0, 1):
        np.testing.assert_array_equal(data.split_validation(0.2, seed).x_test, part.x_test)


def test_a_text_describes_itself(file):
    data = datasets.text(file, length=5)
    assert repr(data) == (
        "Dataset('fox': 80 training and 9 test samples with 5 tokens, 30 classes)"
    )
    assert data.n_tokens == data.n_classes == data.n_outputs == len(set(PANGRAM)) == 30
    assert data.image_shape is None
    assert datasets.text(file, name="my fox").name == "my fox"


def test_line_endings_and_a_byte_order_mark_are_not_learned(tmp_path):
    """Otherwise the same text would be another data set if it was saved on another system."""
    path = tmp_path / "t.txt"
    path.write_bytes(b"\xef\xbb\xbf" + b"one\r\ntwo\rthree\n" * 5)
    data = datasets.text(path, length=4)
    assert data.vocabulary.characters == "\nehnortw"


@pytest.mark.parametrize(
    ("content", "length", "sentence"),
    [
        (b"", 5, r"fox\.txt is empty; it must hold text\.$"),
        (
            b"too short",
            5,
            r"fox\.txt has 9 characters, but .* of 5 each, take 11 .* smaller le",
        ),
        (b"\xff\xfet\x00o\x00", 1, r"fox\.txt is not text in UTF-8 \(byte 0xff at position 0\)"),
        ("café crème".encode("latin-1"), 2, r"not text in UTF-8 \(byte 0xe9 at position 3\)"),
        (b"a\x00b\x00c\x00", 1, r"holds a zero at position 1, as no text in UTF-8 does"),
        (b"aaaaaaaaa", 2, r"fox\.txt holds no character but 'a'; it must hold two\.$"),
    ],
)
def test_a_file_that_cannot_be_a_text_is_refused(file, content, length, sentence):
    file.write_bytes(content)
    with pytest.raises(ValueError, match=sentence) as caught:
        datasets.text(file, length=length)
    assert "\n" not in str(caught.value)


def test_eleven_characters_are_two_sequences_of_five(file):
    """The error above says that 11 characters suffice, so they must."""
    file.write_bytes(b"just enough")
    data = datasets.text(file, length=5)
    assert (spelled(data, "x_train"), spelled(data, "y_test")) == ("just ", "nough")


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"length": 0}, ValueError),
        ({"length": 2.5}, TypeError),
        ({"test": 0}, ValueError),
        ({"test": 1}, ValueError),
        ({"test": "half"}, TypeError),
        ({"name": "two\nlines"}, ValueError),
    ],
)
def test_an_argument_outside_its_range_is_named(file, options, error):
    (name,) = options
    with pytest.raises(error, match=f"^{name} "):
        datasets.text(file, **options)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.txt"):
        datasets.text(tmp_path / "nowhere.txt")


# -- texts that nofb ships --


def test_the_shipped_text_is_small_and_begins_and_ends_with_a_play():
    """It is part of every installation; at most 200 kB are allowed."""
    packed = embed.FOLDER / texts.EMBEDDED
    assert packed.stat().st_size <= 200_000
    text = texts.read_embedded()
    assert text.startswith("GLOUCESTER:\nNow is the winter of our discontent\n")
    assert text.endswith("Than this of Juliet and her Romeo.\n\n")
    assert len(text) == 421_990
    assert set(re.findall(r"[^\x20-\x7e]", text)) == {"\n"}


def test_the_embedded_text_is_a_part_of_the_original(tmp_path):
    """Anyone can make the shipped file again; its compressed bytes depend on the zlib version."""
    original = tmp_path / "shakespeare.txt"
    part = texts.read_embedded()
    original.write_text(f"First Citizen:\nSpeak.\n\n{part}{embed.NEXT_PLAY}.\n", encoding="utf-8")
    embed.embed_text(original, tmp_path / "out.gz")
    made = (tmp_path / "out.gz").read_bytes()
    assert gzip.decompress(made).decode("utf-8") == part
    assert made[4:8] == bytes(4)  # no time stamp: it would change the file each time


def test_the_embedded_text_is_loaded_by_its_name_and_at_another_length():
    by_name, longer = datasets.load("text"), datasets.text(length=128)
    assert by_name.name == longer.name == "text"
    assert by_name.x_train.shape[1] == 64
    assert longer.vocabulary == by_name.vocabulary
    assert spelled(longer, "x_train").startswith(spelled(by_name, "x_train")[:10_000])


def test_the_whole_shakespeare_is_found_in_the_data_directory(tmp_path, monkeypatch):
    """The hash decides whether a file is accepted, as for every data set that is not shipped."""
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "shakespeare.txt").write_text("To be, or not to be")
    monkeypatch.setenv(download.DATA_VARIABLE, str(tmp_path))
    with pytest.raises(ValueError, match=r"shakespeare\.txt is damaged or not the published file"):
        datasets.load("shakespeare")
    row = next(row for row in datasets.describe() if row.name == "shakespeare")
    assert row.where == "found in NOFB_DATA_DIR"
