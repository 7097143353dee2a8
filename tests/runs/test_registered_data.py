"""One's own data set under a name, in comparisons and sweeps, and in their logs."""

import json

import numpy as np
import pytest

import nofb
from nofb import datasets
from nofb.datasets import Dataset
from nofb.runs.compare import compare
from nofb.runs.specification import Specification
from nofb.runs.task import specification_of, task_of

FEW = {"hidden": [4], "epochs": 1}


def made(seed=0, name="mine"):
    rng = np.random.default_rng(seed)
    x, y = rng.random((60, 4)), np.arange(60) % 3
    return Dataset(x, y, x[:30], y[:30], name=name)


def test_a_registered_data_set_is_found_by_its_name_everywhere():
    """A researcher's sweep must not be limited to the data that nofb ships."""
    data = datasets.register(made())
    assert datasets.load("mine") is data and "mine" in datasets.names()
    (row,) = [row for row in datasets.describe() if row.name == "mine"]
    assert (row.n_train, row.n_test, row.shape, row.n_classes) == (60, 30, (4,), 3)
    assert row.where == "in memory" and row.is_shipped
    found = nofb.sweep(["bp", "fa"], 1, settings={"data": "mine", "lr": 0.1, **FEW}, progress=False)
    assert [each["data"] for each in found.rows()] == ["mine", "mine"]
    settings = Specification(data="mine", hidden=(4,), epochs=1, lr=0.1)
    assert compare(["bp"], settings, seeds=1).units == (4, 3)


def test_a_log_knows_the_arrays_and_not_only_the_name(tmp_path):
    """Runs on other arrays of the same name must be done again."""
    log = tmp_path / "runs.jsonl"
    for seed, lines in [(0, 1), (0, 1), (1, 2)]:
        datasets.register(made(seed))
        settings = Specification(data="mine", lr=0.1, hidden=(4,), epochs=1)
        compare(["bp"], settings, seeds=1, log=log)
        kept = [json.loads(line)["task"] for line in log.read_text().splitlines()]
        assert len(kept) == lines
    assert kept[0]["own_data"] == made(0).digest != made(1).digest == kept[1]["own_data"]
    assert specification_of(kept[0]) == specification_of(kept[1])


def test_tasks_on_the_data_of_nofb_are_as_they_were():
    """Another task would throw away the logs that users have."""
    assert "own_data" not in task_of(Specification(data="digits"))


def test_other_processes_get_the_data(tmp_path):
    """A worker has not run the line that registered them."""
    datasets.register(made())
    settings = Specification(data="mine", hidden=(4,), epochs=1, lr=0.1)
    alone, two = (compare(["bp", "fa"], settings, seeds=2, jobs=jobs) for jobs in (1, 2))
    for rule in ("bp", "fa"):
        np.testing.assert_allclose(two.curves(rule, "loss"), alone.curves(rule, "loss"), rtol=1e-6)
    assert not any(result.stopped for result in two.results)


def test_the_digest_depends_on_each_array_and_not_on_the_name():
    """A changed test label changes every accuracy."""
    data = made()
    y = data.y_test.copy()
    y[0] = 1 - y[0]
    others = [Dataset(data.x_train, data.y_train, data.x_test, y), made(1), data.take(59)]
    assert len({each.digest for each in [data, *others]}) == 4
    assert made(name="other").digest == data.digest


def test_what_cannot_be_registered_gets_a_sentence():
    """A name of nofb's would change every script that loads it."""
    with pytest.raises(ValueError, match="is a data set of nofb: give another one"):
        datasets.register(made(name="digits"))
    with pytest.raises(TypeError, match=r"data must be a nofb\.datasets\.Dataset"):
        datasets.register(np.ones((3, 3)))
    with pytest.raises(ValueError, match="the data set is 'mine', but must be one of: digits"):
        datasets.load("mine")
