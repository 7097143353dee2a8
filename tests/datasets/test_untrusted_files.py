"""Untrusted files: sizes are checked before memory is used, and nothing is half filled."""

import gzip
import io
import json
import struct
import tarfile
import tracemalloc
import zipfile
from contextlib import contextmanager

import numpy as np
import pytest

import nofb
from nofb import Dense, Network, archive, datasets, rules
from nofb.datasets import cifar, download, sources
from nofb.datasets.sources import RemoteFile
from nofb.saved_weights import weights

LITTLE = 20_000_000  # bytes


@contextmanager
def little_memory():
    """Fail if the code inside uses much more memory than the file has bytes."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < LITTLE
    finally:
        tracemalloc.stop()


def npy(array, shape=None, dtype=None):
    """Return the bytes of an array, with a header that may be wrong."""
    stream = io.BytesIO()
    header = np.lib.format.header_data_from_array_1_0(array)
    header |= {} if shape is None else {"shape": shape}
    header |= {} if dtype is None else {"descr": dtype}
    np.lib.format.write_array_header_1_0(stream, header)
    return stream.getvalue() + array.tobytes()


def write(path, members, compression=zipfile.ZIP_STORED):
    """Write a zip file by hand."""
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, content in members.items():
            file.writestr(name, content)


def about(**more):
    return json.dumps({"kind": "weights", "format": 1, "arrays": ["x"], **more})


# -- archives ------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(10**12,), (2**40, 2**40), (3,), (1,), (0,), (-2, -1)])
def test_a_header_with_a_false_size_takes_no_memory(tmp_path, shape):
    """A file of 200 bytes made NumPy allocate eight terabytes."""
    path = tmp_path / "x.npz"
    write(path, {"about.json": about(), "x.npy": npy(np.zeros(2), shape)})
    with little_memory(), pytest.raises(ValueError, match="is not a whole file of nofb: it was"):
        archive.read(path, "weights")


def test_a_bomb_in_a_zip_is_refused_before_it_is_unpacked(tmp_path):
    """Half a megabyte of zeros was unpacked to half a gigabyte."""
    path = tmp_path / "x.npz"
    bomb = npy(np.zeros(60_000_000, np.uint8))
    write(path, {"about.json": about(), "x.npy": bomb}, zipfile.ZIP_DEFLATED)
    with little_memory(), pytest.raises(ValueError, match="compressed members, which nofb never"):
        archive.read(path, "weights")


def test_members_that_overlap_in_the_file_are_refused(tmp_path):
    """Many names for one member are a zip bomb without any compression."""
    path, content = tmp_path / "x.npz", npy(np.zeros(500_000, np.uint8))
    names = [f"x{index}" for index in range(100)]
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("about.json", about(arrays=names))
        file.writestr("x0.npy", content)
        for name in names[1:]:
            entry = zipfile.ZipInfo(f"{name}.npy")
            entry.header_offset = file.getinfo("x0.npy").header_offset
            entry.CRC, entry.file_size = zipfile.crc32(content), len(content)
            entry.compress_size = len(content)
            file.filelist.append(entry)
            file.NameToInfo[entry.filename] = entry
    with little_memory(), pytest.raises(ValueError, match=r"its members claim more than its \d+"):
        archive.read(path, "weights")


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"kind": "weights"}', '"weights"', about(arrays=7), about(arrays=[[]])]
)
def test_json_with_another_structure_is_refused(tmp_path, text):
    """Any content of a file must give one sentence, not a traceback."""
    write(tmp_path / "x.npz", {"about.json": text})
    with pytest.raises(ValueError, match="is not a whole file of nofb: it was"):
        archive.read(tmp_path / "x.npz", "weights")


@pytest.mark.parametrize("header", ["-" * 9000 + "1", "(" * 9000, "{'descr': '<f8'}"])
def test_a_header_with_another_structure_is_refused(tmp_path, header):
    """Python's own parser runs out of memory with nine thousand characters."""
    text = header.encode() + b"\n"
    content = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text
    write(tmp_path / "x.npz", {"about.json": about(), "x.npy": content})
    with pytest.raises(ValueError, match="is not a whole file of nofb: it was"):
        archive.read(tmp_path / "x.npz", "weights")


def net():
    return Network([Dense(2, 3, "tanh"), Dense(3, 2)], seed=0)


@pytest.mark.parametrize(
    ("name", "array", "sentence"),
    [
        (
            "weighted/1/W",
            np.zeros((2, 3), np.float32),
            r"weighted/1/W as float32 \(2, 3\), but nee",
        ),
        ("weighted/1/W", np.zeros(2, np.float32), r"weighted/1/W as float32 \(2,\), but needed is"),
        (
            "weighted/1/W",
            np.zeros((3, 2), complex),
            r"as complex128 \(3, 2\), but needed is float32",
        ),
        ("weighted/1/W", np.array([["a"] * 2] * 3), r"weighted/1/W as <U1 \(3, 2\), but needed is"),
        ("weighted/1/b", np.array(1.0, np.float32), r"weighted/1/b as float32 \(\), but needed is"),
        ("weighted/1/b", np.full(2, 1e300), "weighted/1/b that are too large for float32"),
        ("weighted/1/b", None, r"\(it has no array weighted/1/b\)"),
    ],
)
def test_weights_that_do_not_fit_leave_the_network_as_it_was(tmp_path, name, array, sentence):
    """A W of one row was broadcast to all rows, and the layers before it were already filled."""
    path, other = tmp_path / "weights.npz", Network([Dense(2, 3, "tanh"), Dense(3, 2)], seed=1)
    arrays = weights(other) | {name: array}
    kept = {name: array for name, array in arrays.items() if array is not None}
    archive.write(path, "weights", {"network": other.outline()}, kept)
    mine = net()
    with pytest.raises(ValueError, match=sentence):
        mine.load(path)
    np.testing.assert_array_equal(mine.layers[0].W, net().layers[0].W)


def test_a_weights_file_without_its_network_is_refused(tmp_path):
    """The outline of the network says which layers the numbers belong to."""
    archive.write(tmp_path / "x.npz", "weights", {}, weights(net()))
    with pytest.raises(ValueError, match=r"\(its about.json has no 'network' that is a dict\)"):
        net().load(tmp_path / "x.npz")


# -- checkpoints made by hand --------------------------------------------------------------------


def fit(path, seed=0, epochs=1, **more):
    """Train a tiny network with a checkpoint."""
    fresh = Network([Dense(2, 3, "tanh"), Dense(3, 2)], seed=0)
    optimizer = nofb.SGD(0.1, momentum=0.9)
    xor = datasets.load("xor")
    rule = rules.make("kp")
    return fresh, lambda: nofb.fit(
        fresh,
        rule,
        xor,
        epochs=epochs,
        optimizer=optimizer,
        checkpoint=nofb.Checkpoint(path, resume=True),
    )


PARTS = ("weighted", "layers", "rule", "optimizer", "batches", "history", "start")


@pytest.mark.parametrize("part", ["network", "settings", "epochs", "state", *PARTS])
def test_a_checkpoint_that_lacks_a_part_is_refused_in_one_sentence(tmp_path, part):
    """It gave a KeyError, or the run resumed with an optimizer that had lost its state."""
    path = tmp_path / "run.npz"
    fit(path)[1]()
    said, arrays = archive.read(path, "checkpoint")
    for place in (said, said["state"]):
        place.pop(part, None)
    archive.write(path, "checkpoint", said, arrays)
    net, resume = fit(path, epochs=2)
    before = net.layers[0].W.copy()
    with pytest.raises(ValueError, match="is not a whole file of nofb: it was") as refusal:
        resume()
    assert "\n" not in str(refusal.value) and part in str(refusal.value)
    np.testing.assert_array_equal(net.layers[0].W, before)


@pytest.mark.parametrize(
    "wrong",
    [
        [], {}, {"array": "nowhere"}, {"array": []}, {"other": 1}, {"same": "layers/9"},
        {"list": 3}, {"a": 1, "b": 2}, {"float": "abc"}, {"tuple": [[1]]}, {"table": [[{}, 1]]},
        {"generator": {"dict": {}}}, {"scalar": "weighted/0/W"},
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("place", ["weighted", "rule", "optimizer", "batches", "history"])
def test_a_value_of_an_unknown_form_is_refused_before_anything_is_filled(tmp_path, place, wrong):
    """An untrusted file may hold anything; a long error of Python names no cure."""
    path = tmp_path / "run.npz"
    fit(path)[1]()
    said, arrays = archive.read(path, "checkpoint")
    said["state"][place] = wrong
    archive.write(path, "checkpoint", said, arrays)
    net, resume = fit(path, epochs=2)
    before = net.layers[0].W.copy()
    with pytest.raises(ValueError, match=f"not a whole file of nofb: .*{place}.* is no value of a"):
        resume()
    np.testing.assert_array_equal(net.layers[0].W, before)


# -- downloads -----------------------------------------------------------------------------------


def test_a_download_is_never_unpacked_to_more_than_the_published_size(tmp_path):
    """0.6 MB were unpacked to 1.1 GB before the hash was checked."""
    path, published = tmp_path / "x.gz", RemoteFile("x.gz", "0" * 64, largest=100_000)
    path.write_bytes(gzip.compress(bytes(60_000_000)))
    with little_memory(), pytest.raises(ValueError, match="it unpacks to more than 100000 bytes"):
        download.checked_content(path, published, "x.gz")
    path.write_bytes(gzip.compress(bytes(100_000)))
    with pytest.raises(ValueError, match="its SHA-256 is "):
        download.checked_content(path, published, "x.gz")


@pytest.mark.parametrize("start", [b"\x1f\x8b", b"\0\0"])
def test_a_file_that_is_too_long_is_not_read(tmp_path, start):
    """A file in NOFB_DATA_DIR may be anything, such as the image of a disk."""
    path, published = tmp_path / "x.gz", RemoteFile("x.gz", "0" * 64, largest=1000)
    with path.open("wb") as file:
        file.write(start)
        file.truncate(2 * LITTLE)
    with little_memory(), pytest.raises(ValueError, match=f"it has {2 * LITTLE} bytes, and 2001 "):
        download.checked_content(path, published, "x.gz")


def test_a_mirror_that_sends_without_end_is_cut_off(tmp_path, monkeypatch):
    """A server that sends zeros without end would fill the disk."""
    sent = []

    def endless(url, output_file, pooch):
        while True:
            sent.append(output_file.write(bytes(100_000)))

    monkeypatch.delenv("NOFB_DATA_DIR", raising=False)
    monkeypatch.setenv("NOFB_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr("pooch.HTTPDownloader", lambda progressbar: endless)
    with pytest.raises(ConnectionError, match="it is longer than the published file"):
        download.fetch(sources.MNIST, sources.MNIST.files[1])
    assert sum(sent) < 100_000 * len(sources.MNIST.mirrors)
    assert [path.name for path in tmp_path.rglob("*")] == ["mnist"]


def test_every_mirror_is_reached_over_https():
    """With http, anyone between server and user can change the data."""
    for source in (sources.MNIST, sources.FASHION_MNIST, sources.CIFAR10):
        assert source.mirrors and all(url.startswith("https://") for url in source.mirrors)


def test_the_limits_are_the_sizes_of_the_published_files():
    """An idx file is its header and a byte for each pixel or label."""
    for source in (sources.MNIST, sources.FASHION_MNIST):
        sizes = [file.largest for file in source.files]
        assert sizes == [16 + 60000 * 784, 8 + 60000, 16 + 10000 * 784, 8 + 10000]


def test_a_member_of_a_tar_that_claims_too_much_is_not_read():
    """The records of CIFAR-10 come in files of ten thousand."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        member = tarfile.TarInfo(f"{cifar.FOLDER}/data_batch_1.bin")
        member.size = 10_001 * cifar.RECORD_BYTES
        tar.addfile(member, io.BytesIO(bytes(member.size)))
    with little_memory(), pytest.raises(ValueError, match="must hold 1 to 10000 whole records"):
        cifar.parse_cifar10(stream.getvalue(), "it")
