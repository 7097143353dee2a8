"""Published numbers: each has its source, how sure it is, and a name of its own."""

import csv
from importlib import resources

import pytest

from nofb import papers
from nofb.papers.published import published

VALUES = ("mean", "spread", "unit", "seeds", "source", "how_sure")
HOW_SURE = ("quoted from memory", "read there", "read in the abstract", "read from images of ")


def rows_of(name):
    file = resources.files(f"nofb.papers.{name}").joinpath("published.csv")
    return list(csv.DictReader(file.read_text("utf-8").splitlines())) if file.is_file() else []


NAMES = [name for name in papers.names() if "mean" in (rows_of(name) or [{}])[0]]


@pytest.mark.parametrize("name", NAMES)
def test_every_published_number_has_its_source_and_how_sure_it_is(name):
    """A number that is quoted from memory must not look like one that was read."""
    for row in rows_of(name):
        assert row["source"] and row["how_sure"].startswith(HOW_SURE), row
        assert float(row["mean"]) >= 0 and (not row["spread"] or float(row["spread"]) > 0)


@pytest.mark.parametrize("name", NAMES)
def test_every_published_number_has_a_name_of_its_own(name):
    """Of two with one name, the first would be lost."""
    rows = rows_of(name)
    keys = [column for column in rows[0] if column not in VALUES]
    found = published(f"nofb.papers.{name}", keys)
    assert len(found) == len(rows)
    for row in rows:
        number = found[tuple(row[key] for key in keys)]
        assert (number.mean, number.source) == (float(row["mean"]), row["source"])


def test_the_papers_with_numbers_are_the_ones_that_have_a_table():
    """A file that is not read would compare nothing."""
    assert {"nokland2016", "frenkel2021", "sign_symmetry", "deep_targets"} <= set(NAMES)
