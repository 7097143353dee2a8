"""The table of deep targets: trained with the settings of the search, beside published numbers.

MNIST is not available in tests: networks of the same kind train on the embedded digits.
"""

from dataclasses import replace

import pytest

from nofb import datasets
from nofb.papers.deep_targets import STUDY, errors, search, settings
from nofb.runs.search import search as searched

SMALL = settings.RUN.replace(data="digits", hidden=(20, 20, 20))


@pytest.fixture
def small(monkeypatch):
    """Train everything on digits, with three hidden layers of 20."""
    for module in (settings, search):
        monkeypatch.setattr(module, "RUN", SMALL)


def test_deep_targets_are_trained_with_the_settings_of_the_search():
    """Settings that were chosen by hand, or on the test split, would make the table worthless."""
    found = settings.found()
    assert set(found) == set(settings.GRIDS)
    for rule, chosen in found.items():
        grid = settings.GRIDS[rule]
        assert all(chosen[name] in values for name, values in grid.items())
        run = settings.run_of(rule, chosen)
        assert run.lr == chosen["lr"] and "lr" not in run.attributes and run.make_rule()
    tasks = errors.tasks()
    assert len({(t["data"], t["rule"], t["seed"]) for t in tasks}) == len(tasks) == 35
    assert all(task["lr"] == found[task["rule"]]["lr"] for task in tasks)


def test_a_trial_uses_held_out_samples_and_never_the_test_split(small, monkeypatch):
    """A test sample that was used for a choice is no test sample."""
    digits = datasets.load("digits")
    blind = datasets.Dataset(
        digits.x_train, digits.y_train, digits.x_test * 0, digits.y_test, "digits",
        digits.image_shape,
    )  # fmt: skip
    found = []
    for data in (digits, blind):
        monkeypatch.setattr(datasets, "load", lambda name, data=data: data)
        bp = search.searches()["bp"]
        short = replace(bp, run=bp.run.replace(epochs=2), grid={"lr": (1e-3,)})
        searched([short])
        found.append(short.found)
    assert found[0] == found[1] and len(found[0]) == 1


def test_the_table_of_deep_targets_has_published_numbers_beside_ours(small, tmp_path):
    """A number has a meaning only beside the one that it must be compared with."""
    tasks = [t for t in errors.tasks(epochs=1) if t["rule"] == "dtp" and t["seed"] < 2]
    tasks = [task | {"data": "mnist"} for task in tasks[:1]] + [tasks[2] | {"data": "mnist"}]
    digits = [task | {"data": "digits"} for task in tasks]
    records = [
        {"task": task, "result": errors.errors(on_digits)}
        for task, on_digits in zip(tasks, digits, strict=True)
    ]
    page = STUDY.write(records, tmp_path, "nofb reproduce deep_targets").read_text()
    assert "2.39 ± 0.19" in page and "written down from memory" in page
    lines = (tmp_path / "deep_targets.csv").read_text().splitlines()
    assert len(lines) == 1 + len(records)
