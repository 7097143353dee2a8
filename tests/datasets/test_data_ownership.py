"""A data set owns its arrays: no later change reaches them, and nothing changes it by mistake."""

import copy
import pickle

import numpy as np
import pytest

import nofb
from nofb import Dense, Network, Trace, rules
from nofb.datasets import Dataset

ARRAYS = ("x_train", "y_train", "x_test", "y_test")


def given():
    """Return arrays that need no conversion, so that a copy might be left out."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(12, 4)).astype(np.float32)
    return {"x_train": x[:9], "y_train": np.arange(9) % 3, "x_test": x[9:], "y_test": np.arange(3)}


def regression(dtype):
    rows = np.random.default_rng(0).normal(size=(12, 4)).astype(dtype)
    return {"x_train": rows[:9], "y_train": rows[:9], "x_test": rows[9:], "y_test": rows[9:]}


def changed_in_every_way(data):
    """Return a data set and all data sets that are derived from it."""
    images = Dataset(*(getattr(data, name) for name in ARRAYS), image_shape=(1, 2, 2))
    pixels = {name: np.clip(getattr(data, name), 0, 1) for name in ("x_train", "x_test")}
    centred = Dataset(pixels["x_train"], data.y_train, pixels["x_test"], data.y_test,
                      image_shape=(1, 2, 2)).centred()  # fmt: skip
    return {
        "itself": data,
        "as images": images.as_images(),
        "flat": images.as_images().flat(),
        "centred": centred,
        "a validation split": data.split_validation(0.4),
        "a copy": copy.copy(data),
        "a deep copy": copy.deepcopy(data),
        "unpickled": pickle.loads(pickle.dumps(data)),
    }


@pytest.mark.parametrize("arrays", [given(), regression(np.float32), regression(np.float64)])
def test_a_change_of_the_users_arrays_does_not_reach_the_data_set(arrays):
    """A student who shifts x in a later cell would silently train on other data."""
    arrays = {name: array.copy() for name, array in arrays.items()}
    data = Dataset(**arrays)
    kept = {name: getattr(data, name).copy() for name in ARRAYS}
    for array in arrays.values():
        array[:] = 0
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(data, name), kept[name])
        assert arrays[name].flags.writeable, "the user's own array became read-only"


@pytest.mark.parametrize("how", changed_in_every_way(Dataset(**given())))
def test_no_array_of_a_data_set_can_be_changed_in_place(how):
    """`data.x_train *= 0` set the samples to zero before the frozen class raised its error."""
    data = changed_in_every_way(Dataset(**given()))[how]
    for name in ARRAYS:
        before = getattr(data, name).copy()
        with pytest.raises(ValueError, match="read-only"):
            getattr(data, name)[:] = 0
        np.testing.assert_array_equal(getattr(data, name), before)
    with pytest.raises(ValueError, match="read-only"):
        data.x_train *= 0


def test_loaded_data_cannot_be_changed_for_the_next_cell():
    """All cells of a notebook share one object with the digits."""
    data = nofb.datasets.load("digits")
    with pytest.raises(ValueError, match="read-only"):
        data.as_images().x_test[0, 0] -= 1
    with pytest.raises(AttributeError):
        data.x_train = data.x_train * 2


def test_read_only_samples_are_accepted_everywhere():
    """The protection must cause no error and no second compilation, in either precision."""
    arrays = given()
    data = Dataset(**arrays)
    for dtype in (np.float32, np.float64):
        net = Network([Dense(4, 5, "tanh"), Dense(5, 3)], dtype=dtype, seed=1)
        locked, free = (
            (net.evaluate(x, y), net.outputs(x), net.forward(x).output)
            for x, y in ((data.x_test, data.y_test), (arrays["x_test"], arrays["y_test"]))
        )
        for one, other in zip(locked, free, strict=True):
            np.testing.assert_array_equal(one, other)


def test_kernels_never_receive_read_only_memory(monkeypatch):
    """Numba would compile every kernel again for it: seconds, at a student's first evaluation."""
    met, fill = [], Trace.fill
    monkeypatch.setattr(
        Trace,
        "fill",
        lambda self, x, *given, **named: (
            met.append(x.flags.writeable) or fill(self, x, *given, **named)
        ),
    )
    data, net = Dataset(**given()), Network([Dense(4, 5, "tanh"), Dense(5, 3)])
    net.outputs(data.x_test)
    net.evaluate(data.x_test, data.y_test)
    net.forward(data.x_test)
    nofb.fit(net, rules.make("fa"), data, epochs=1, probe=2, progress=False)
    assert len(met) >= 6 and all(met)


def test_the_samples_of_the_probe_belong_to_the_run():
    """A probe that uses the user's array would measure another batch in each epoch."""
    x, y = given()["x_test"].copy(), given()["y_test"]
    angles = []
    for spoil in (False, True):
        mine = x.copy()

        def callback(run, mine=mine, spoil=spoil):
            if spoil:
                mine[:] = 9

        net = Network([Dense(4, 5, "tanh"), Dense(5, 3)], seed=1)
        run = nofb.fit(net, rules.make("fa"), Dataset(**given()), epochs=3, probe=(mine, y),
                       callbacks=[callback], progress=False)  # fmt: skip
        angles.append(run.history["delta_angle_end_to_end"])
    np.testing.assert_array_equal(*angles)
