"""CIFAR-10: records of fixed length in an archive that is not trusted."""

from __future__ import annotations

import io
import re
import tarfile
from pathlib import Path

import numpy as np
import pytest
from datasets.stand_ins import files_in, source_of

from nofb import datasets
from nofb.datasets import cifar, sources
from nofb.datasets.sources import RemoteFile


def cifar_archive(labels=range(6), missing=None, spoil=b""):
    """Six files of two records, whose labels differ by 5; planes of 10, 20, 30 plus the number."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for number, name in enumerate((*cifar.TRAINING_FILES, *cifar.TEST_FILES)):
            planes = np.repeat(np.array([10, 20, 30], np.uint8) + np.uint8(number), 1024)
            records = [bytes([labels[number] + more]) + planes.tobytes() for more in (0, 5)]
            content = b"".join(records) + spoil
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
    with pytest.raises(ValueError, match="y_test holds the label 10"):
        datasets.load("cifar10")  # the stand-in's test label 10 was never trained on

    archive = cifar_archive(labels=(0, 1, 2, 3, 4, 1))
    hold_cifar(monkeypatch, archive)
    (tmp_path / "data" / "cifar-10" / name).write_bytes(archive)
    data = datasets.load("cifar10").as_images()
    assert data.x_train.shape == (10, 3, 32, 32)
    assert data.x_test.shape == (2, 3, 32, 32)
    np.testing.assert_array_equal(data.y_train, [0, 5, 1, 6, 2, 7, 3, 8, 4, 9])
    np.testing.assert_array_equal(data.y_test, [1, 6])
    np.testing.assert_allclose(data.x_test[0, :, 31, 31] * 255, [15, 25, 35], rtol=1e-6)
    assert mirrors.asked == []


def test_cifar_is_downloaded_from_a_mirror_that_has_it(monkeypatch, mirrors, cache):
    archive = cifar_archive(labels=(0, 1, 2, 3, 4, 1))
    name = hold_cifar(monkeypatch, archive)
    mirrors.served[sources.CIFAR10.mirrors[-1] + name] = archive
    assert datasets.load("cifar10").n_classes == 10
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
    """To unpickle a downloaded file would run any code that is in it."""
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
