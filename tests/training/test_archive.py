"""Files of arrays and JSON, and a run as such a file: restored completely, or refused."""

import json
import os
import zipfile
from enum import Enum
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import nofb
from nofb import Dense, Network, archive, rules
from nofb.training.description import describe
from nofb.training.restorer import Restorer
from nofb.training.state import Collector


@pytest.fixture
def path(tmp_path):
    """Return the path of a checkpoint of a tiny run."""
    digits = nofb.datasets.load("digits")
    net, path = Network([Dense(64, 3), Dense(3, 10)]), tmp_path / "run.npz"
    nofb.fit(net, rules.make("frsf"), digits, epochs=1, progress=False, checkpoint=path)
    return path


def test_a_file_cut_at_any_byte_is_refused(path):
    """A half-written file must not resume a run with a network that was never trained."""
    for length in range(path.stat().st_size - 1, -1, -1):
        os.truncate(path, length)
        with pytest.raises(ValueError, match="is not a whole file of nofb: it was"):
            archive.read(path, "checkpoint")


def test_a_changed_bit_is_refused_or_changes_nothing(path):
    """A disk error of one bit must not change a weight."""
    content, (about, arrays) = path.read_bytes(), archive.read(path, "checkpoint")
    end = len(content) - 4000  # here is the table of contents of the zip file
    places = [*range(0, end, 311), *range(end, len(content), 13)]
    refused = 0
    for place in places:
        changed = bytearray(content)
        changed[place] ^= 1 << place % 8
        path.write_bytes(changed)
        try:
            about_now, arrays_now = archive.read(path, "checkpoint")
        except ValueError:
            refused += 1
            continue
        assert about_now == about and list(arrays_now) == list(arrays)
        for name, array in arrays.items():
            np.testing.assert_array_equal(arrays_now[name], array)
    assert refused > len(places) / 2


def write_members(path, about, **members):
    """Write a zip file with any members."""
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("about.json", json.dumps(about))
        for name, array in members.items():
            with file.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array(member, array, allow_pickle=True)


def test_a_file_that_is_no_checkpoint_of_this_format_is_refused(tmp_path):
    """Weights, another program's arrays, a text, a pickle, and a checkpoint of a later nofb."""
    path = tmp_path / "run.npz"

    def refused(sentence):
        with pytest.raises(ValueError, match=sentence) as refusal:
            archive.read(path, "checkpoint")
        assert "\n" not in str(refusal.value)

    Network([Dense(4, 2)]).save(path)
    refused("the kind of .*run.npz is 'weights', but must be one of: checkpoint")
    np.savez(path, W=np.zeros(3))
    refused("is not a whole file of nofb: it was")
    path.write_text("epoch 7")
    refused("File is not a zip file")
    path.write_bytes(b"")
    refused("File is not a zip file")
    write_members(path, [1, 2])
    refused("is not a whole file of nofb: it was")
    about = {"kind": "checkpoint", "format": 1, "arrays": ["x"]}
    write_members(path, about, x=np.array([print]))
    refused("Object arrays cannot be loaded")
    write_members(path, about, y=np.zeros(1))
    refused("There is no item named 'x.npy'")
    write_members(path, {**about, "format": 2}, x=np.zeros(1))
    refused("has the format 2, but this nofb reads format 1")


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path):
    """The last complete file is worth more than a newer, incomplete one."""
    path = tmp_path / "a.npz"
    archive.write(path, "example", {}, {"x": np.arange(3)})
    with pytest.raises(ValueError, match="Object arrays"):
        archive.write(path, "example", {}, {"x": np.zeros(10**5), "y": np.array([print])})
    assert archive.read(path, "example")[1]["x"].tolist() == [0, 1, 2]
    assert list(tmp_path.iterdir()) == [path]


def test_files_of_a_killed_writer_are_removed_and_a_link_stays_a_link(tmp_path):
    """Old files must not fill the folder, and a link to a large disk must stay one."""
    (tmp_path / "large").mkdir()
    link, target = tmp_path / "run.npz", tmp_path / "large" / "far.npz"
    link.symlink_to(target)
    left, others = target.with_name(".far.npz.0a1b.part"), target.with_name(".far2.npz.0a1b.part")
    left.touch()
    others.touch()
    with archive.only_writer(link):
        archive.write(link, "example", {}, {})
    assert link.is_symlink() and set(target.parent.iterdir()) == {target, others}


# -- to JSON and back ----------------------------------------------------------------------------


def there_and_back(value, now=None):
    """Convert a value to JSON and arrays, and restore it."""
    net = Network([Dense(4, 3), Dense(3, 2)])
    collector = Collector(net)
    saved = json.loads(json.dumps(collector.take(value, "mine"), allow_nan=False))
    return Restorer(net, collector.arrays).put(saved, now, "mine")


def test_plain_values_are_restored_exactly():
    """If a tuple became a list, or 1 became 1.0, a rule could behave differently."""
    value = {
        "a": [1, 2.5, None, True, "x", (1, ("y",))], 3: {}, (0, "W"): [], "big": 2**100,
        "array": np.arange(6.0).reshape(2, 3), "scalar": np.float32(0.1), "int": np.int64(3),
        "text": np.array(["a", "bc"]), "inf": float("inf"), "empty": np.zeros((0, 3)),
    }  # fmt: skip
    back = there_and_back(value)
    assert repr(back) == repr(value)
    assert np.isnan(there_and_back(float("nan")))


def test_one_object_with_two_names_stays_one_object():
    """If two names of one array became two arrays, they would no longer learn together."""
    array, ring = np.zeros(2), []
    ring.append(ring)
    back = there_and_back({"a": array, "b": [array], "ring": ring})
    assert back["a"] is back["b"][0] and back["ring"][0] is back["ring"]


def test_two_objects_that_share_a_default_are_restored_as_two():
    """If both were filled in place, the first would hold the values of the second."""
    shared = np.zeros(2)
    now = {"a": shared, "b": shared}
    back = there_and_back({"a": np.ones(2), "b": np.full(2, 2.0)}, now)
    assert back is now and back["a"] is shared
    assert (back["a"].tolist(), back["b"].tolist()) == ([1, 1], [2, 2])


def test_old_state_is_removed_when_a_run_is_restored():
    """Running averages of an earlier run would be taken for those of this one."""
    now = {"left": np.ones(2), "v": np.ones(2)}
    assert list(there_and_back({"v": np.zeros(2), "w": 1}, now)) == ["v", "w"] == list(now)


@pytest.mark.parametrize("kind", ["PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"])
def test_a_generator_continues_where_it_was(kind):
    """Random numbers that repeat after a stop would not be random."""
    rng = np.random.Generator(getattr(np.random, kind)(3))
    rng.integers(10, dtype=np.uint32)  # a half of a draw is left
    now = np.random.default_rng(0)
    back, filled = there_and_back(rng), there_and_back(rng, now)
    expected = rng.random(5).tolist()
    assert back.random(5).tolist() == filled.random(5).tolist() == expected
    assert (filled is now) == (kind == "PCG64")


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({1, 2}, "cannot hold mine, a set"),
        ([np.array([print])], "cannot hold mine/0, a ndarray"),
        (np.ma.masked_array([1.0]), "cannot hold mine, a MaskedArray"),
        ({None: 1}, "mine: its key None must be a string, a whole number or a layer"),
        ({1: np.zeros(1), "1": np.zeros(1)}, "two keys of one dictionary are called mine/1"),
        (iter([1]), "cannot hold mine, a list_iterator"),
        (Path("x"), "cannot hold mine, a .*Path"),
    ],
)
def test_an_object_that_could_not_be_restored_is_not_saved(value, sentence):
    """Half of the state would be another state."""
    with pytest.raises(TypeError, match=sentence):
        Collector(Network([Dense(4, 2)])).take(value, "mine")


class Colour(Enum):
    """Two values that are distinguished by their names."""

    RED = 1
    BLUE = 2


@pytest.mark.parametrize(
    ("value", "another"),
    [
        (0.1, 0.2),
        ([1, 2], [2, 1]),
        (np.zeros(2), np.ones(2)),
        (np.zeros((0, 2)), np.array(["a"])),
        (Colour.RED, Colour.BLUE),
        (partial(pow, 2), partial(pow, 3)),
        (nofb.SGD(0.1), nofb.SGD(0.2)),
        (nofb.SGD(0.1).at, nofb.SGD(0.2).at),
        (np.tanh, np.cos),
        (np.float32, np.float64),
    ],
)
def test_only_equal_objects_have_the_same_description(value, another):
    """The description of a rule decides whether a run may resume."""
    described = json.loads(json.dumps(describe("it", value)))
    assert described == describe("it", value) != describe("it", another)
