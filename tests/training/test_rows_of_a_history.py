"""A history as rows and as a file, which a student takes into a spreadsheet."""

import csv

import numpy as np
import pytest

import nofb
from nofb import Dense, History, Network


@pytest.fixture(scope="module")
def run():
    net = Network([Dense(64, 5, "tanh"), Dense(5, 10)], seed=0)
    return nofb.fit(net, "fa", nofb.datasets.load("digits"), 3, validation=0.1, progress=False)


def test_a_row_has_the_measures_of_its_epoch_and_the_first_one_those_before_training(run):
    """An epoch too early or too late would shift every curve that is drawn from the rows."""
    rows, history = run.history.rows(), run.history
    assert [row["epoch"] for row in rows] == [0, 1, 2, 3]
    assert [row["test_accuracy"] for row in rows] == history.from_start("test_accuracy").tolist()
    assert [row["loss"] for row in rows[1:]] == history["loss"].tolist()
    assert np.isnan(rows[0]["loss"]) and np.isnan(rows[0]["seconds"])
    assert len({tuple(row) for row in rows}) == 1  # the same columns in each


def test_a_measure_of_several_layers_has_a_column_for_each(run):
    """A cell with a list is nothing that a spreadsheet can draw."""
    angles = run.history["delta_angle_end_to_end"]
    for layer in (1, 2):
        column = [row[f"delta_angle_end_to_end_{layer}"] for row in run.history.rows()[1:]]
        assert column == angles[:, layer - 1].tolist()


def test_the_file_holds_every_number_exactly_and_nothing_where_there_is_none(run, tmp_path):
    """A rounded file could not be compared with the run."""
    run.history.save(tmp_path / "run.csv")
    with (tmp_path / "run.csv").open(encoding="utf-8", newline="") as file:
        kept = list(csv.DictReader(file))
    for row, line in zip(run.history.rows(), kept, strict=True):
        assert {name: float(cell or "nan") for name, cell in line.items()} == pytest.approx(
            row, rel=0, abs=0, nan_ok=True
        )
    assert kept[0]["loss"] == ""


def test_another_ending_is_refused_and_an_empty_history_can_be_saved(run, tmp_path):
    """A file called .xlsx that holds CSV does not open."""
    with pytest.raises(ValueError, match=r"must end in \.csv"):
        run.history.save(tmp_path / "run.xlsx")
    History().save(tmp_path / "none.csv")
    assert (tmp_path / "none.csv").read_text() == "epoch\n"
