"""Files, caches and mirrors: the sources of a data set.

No test uses the network; files and mirrors are small replacements made in the test.
"""

from __future__ import annotations

import errno
import gzip
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import requests
from datasets.stand_ins import files_in, idx_bytes, source_of, tiny_idx_contents, where, write_files
from hypothesis import given, settings
from hypothesis import strategies as st

from nofb import datasets
from nofb.datasets import download, sources
from nofb.datasets.idx import parse_idx


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
def test_a_damaged_file_is_named_and_not_changed(kind, tmp_path, monkeypatch, mirrors, tiny_mnist):
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


def test_the_second_mirror_is_used_when_the_first_fails(mirrors, cache, tiny_mnist):
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
def test_a_mirror_that_serves_something_else_is_skipped(kind, mirrors, cache, tiny_mnist):
    first, second = sources.MNIST.mirrors
    serve(mirrors, first, sources.MNIST, tiny_mnist)
    serve(mirrors, second, sources.MNIST, tiny_mnist)
    mirrors.served[first + sources.MNIST.files[0].name] = damaged(tiny_mnist[0], kind)
    assert is_tiny_mnist(datasets.load("mnist"))
    assert len(mirrors.asked) == 5


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_copy_in_the_cache_is_downloaded_again(kind, mirrors, cache, tiny_mnist):
    serve(mirrors, sources.MNIST.mirrors[0], sources.MNIST, tiny_mnist)
    write_files(cache / "mnist", tiny_mnist)
    name = sources.MNIST.files[0].name
    (cache / "mnist" / name).write_bytes(damaged(tiny_mnist[0], kind))
    assert is_tiny_mnist(datasets.load("mnist"))
    assert mirrors.asked == [sources.MNIST.mirrors[0] + name]
    assert (cache / "mnist" / name).read_bytes() == mirrors.served[mirrors.asked[0]]


@pytest.mark.parametrize("name", ["cifar10", "fashion_mnist", "shakespeare"])
def test_without_a_network_the_error_is_one_short_sentence_that_begins_with_the_cure(
    name, mirrors, cache
):
    """A reader in a lecture hall needs the cure, and not three pages of addresses."""
    with pytest.raises(ConnectionError) as refusal:
        datasets.load(name)
    sentence = str(refusal.value)
    source = getattr(sources, name.upper())
    assert sentence == (
        f"connect to the internet, or put {', '.join(file.name for file in source.files)} into a "
        f"folder {source.folder}, and set the environment variable NOFB_DATA_DIR to the folder "
        f"above it: {name} could not be downloaded (no connection to any mirror)"
    )
    assert len(mirrors.asked) == len(source.mirrors)
    assert isinstance(refusal.value.__cause__, OSError)


def test_the_error_has_the_reason_of_a_mirror_that_answered(mirrors, cache, tiny_mnist):
    """A mirror that has moved must not be reported as a missing network."""
    first, second = sources.MNIST.mirrors
    name = sources.MNIST.files[0].name
    mirrors.failures[first + name] = requests.HTTPError(response=answer(404))
    mirrors.failures[second + name] = OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(ConnectionError) as refusal:
        datasets.load("mnist")
    assert str(refusal.value).endswith(
        f"({first}{name}: status 404; {second}{name}: No space left on device)"
    )


def answer(status):
    """Return what a server answers with an error."""
    response = requests.Response()
    response.status_code = status
    return response


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


def test_without_a_setting_the_cache_is_that_of_the_system(monkeypatch):
    import pooch

    monkeypatch.delenv("NOFB_CACHE_DIR", raising=False)
    assert download.cache_directory() == Path(pooch.os_cache("nofb"))


def test_without_a_home_the_list_is_shown_and_a_download_names_the_cure(monkeypatch):
    """A user id without an entry, as in many containers, gave a RuntimeError of another library."""

    def nowhere(project):
        raise RuntimeError("could not determine the home directory")

    for name in ("NOFB_DATA_DIR", "NOFB_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pooch.os_cache", nowhere)
    assert where("mnist") == "not here: set NOFB_CACHE_DIR to download it (12 MB)"
    assert where("digits") == "embedded"
    with pytest.raises(OSError, match="no home to keep downloads in: set NOFB_CACHE_DIR to a fold"):
        datasets.load("mnist")


def test_a_cache_that_cannot_be_written_is_named_before_any_download(
    tmp_path, monkeypatch, mirrors
):
    """The error blamed every mirror, though the folder could not be written."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("NOFB_CACHE_DIR", str(tmp_path / "file"))
    with pytest.raises(OSError, match=r"cannot be kept in .*file.mnist \(.*\): set NOFB_CACHE_DIR"):
        datasets.load("mnist")
    assert mirrors.asked == []


def test_importing_the_data_sets_does_not_import_pooch():
    code = "import sys, nofb.datasets; assert 'pooch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
