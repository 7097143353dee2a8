"""Numbers that the documentation states in sentences are those of the kept runs."""

import csv
import json
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from nofb.diagnosis.chance import chance_band

DOCS = Path(__file__).parents[2] / "docs"


def words_of(page):
    """Return a page with every sequence of white space as one space."""
    return " ".join((DOCS / page).read_text("utf-8").split())


@cache
def rows_of(table):
    return list(csv.DictReader((DOCS / table).read_text("utf-8").splitlines()))


def akrout(form, rule, measure):
    """Return a curve, epoch by epoch: of the authors' log, or a mean over the seeds of our runs."""
    rows = [
        r for r in rows_of("akrout2019/akrout2019.csv") if (r["form"], r["rule"]) == (form, rule)
    ]
    seeds = sorted({row["seed"] for row in rows})
    return np.array([[float(r[measure]) for r in rows if r["seed"] == seed] for seed in seeds])


@pytest.mark.parametrize(("measure", "sentence"), [
    ("weight_angle", "{:.1f}° for the matrix ({}, epoch {})"),
    ("delta_angle", "{:.1f}° for the signal ({}, epoch {})"),
])  # fmt: skip
def test_the_largest_difference_to_the_authors_log_is_the_largest(measure, sentence):
    """If the stated difference is too small, the reproduction looks better than it is."""
    apart = {}
    for rule in ("fa", "wm", "kp"):
        log, run = akrout("authors", rule, measure)[0], akrout("released", rule, measure)[0]
        apart |= {(rule, epoch): d for epoch, d in enumerate(np.abs(log - run), start=1)}
    rule, epoch = max(apart, key=apart.__getitem__)
    assert sentence.format(apart[rule, epoch], rule, epoch) in words_of("results.md")


def test_the_released_form_ends_where_the_page_says():
    """Final accuracies and the matrix's angle after 20, 100 and 400 epochs, log / nofb."""
    page = words_of("results.md")
    for rule in ("bp", "fa", "wm", "kp"):
        pair = [
            100 * akrout(form, rule, "test_accuracy")[0, -1] for form in ("authors", "released")
        ]
        assert f"{rule} {pair[0]:.2f} / {pair[1]:.2f}" in page
    for rule in ("fa", "wm", "kp"):
        both = [akrout(form, rule, "weight_angle")[0] for form in ("authors", "released")]
        pairs = [f"{both[0][e - 1]:.1f} / {both[1][e - 1]:.1f}" for e in (20, 100, 400)]
        assert f"{rule} {', '.join(pairs)}°" in page


def test_the_papers_form_ends_where_the_page_says():
    """Means and sample deviations over five seeds."""
    page = words_of("results.md")
    for rule in ("bp", "fa", "wm", "kp"):
        ends = 100 * akrout("paper", rule, "test_accuracy")[:, -1]
        assert f"{rule} {ends.mean():.2f} ± {ends.std(ddof=1):.2f}" in page
    for rule in ("fa", "wm", "kp"):
        assert f"{akrout('paper', rule, 'weight_angle')[:, -1].mean():.1f}° ({rule})" in page


def test_the_steps_of_meulemans_rules_have_the_angles_that_the_page_states():
    """Means over seeds and hidden layers after 20 epochs, rounded as everywhere."""
    page = words_of("results.md")
    rows = [row for row in rows_of("meulemans2020/meulemans2020.csv") if row["epoch"] == "20"]
    for rule in ("dtp", "dfa", "dtp_drl", "ddtp", "itp_drl", "ldrl", "bp"):
        own = [row for row in rows if row["rule"] == rule]
        gradient, newton = (
            np.mean([float(r[name]) for r in own]) for name in ("gradient", "c = 1")
        )
        assert f"{rule} {gradient:.0f} / {newton:.0f}°" in page


def test_the_page_on_targets_has_the_table_of_the_kept_runs():
    """A table that was copied by hand would differ after the next measurement."""
    lines = (DOCS / "deep_targets/deep_targets.md").read_text("utf-8").splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert len(table) > 5
    page = (DOCS / "targets.md").read_text("utf-8")
    assert "\n".join(table) in page


@pytest.mark.parametrize(("row", "form"), [
    ("one iteration, which is `dtp`", "1 iteration"),
    ("three iterations", "3 iterations"),
    ("three, each damped by α = 0.3", "3, damped by 0.3"),
    ("three, five inverse steps with every batch", "3, 5 inverse steps a batch"),
    ("three, layer-wise normalisation", "3, layer-wise normalisation"),
    ("one, layer-wise normalisation", "1, layer-wise normalisation"),
    ("one, inverses by difference reconstruction", "1, difference reconstruction"),
    ("two, by difference reconstruction, α = 0.5 (`itp_drl`)",
     "2, difference reconstruction, damped by 0.5"),
    ("Gauss-Newton targets, c = 0.001", "Gauss-Newton, c = 0.001"),
    ("Gauss-Newton targets, c = 0.1", "Gauss-Newton, c = 0.1"),
    ("Gauss-Newton targets, c = 10", "Gauss-Newton, c = 10"),
])  # fmt: skip
def test_the_variants_of_iterated_targets_have_the_errors_of_the_kept_runs(row, form):
    """In the table of docs/targets.md, in per cent after 15 epochs."""
    own = [r for r in rows_of("bengio2020/inverse_training.csv") if r["form"] == form]
    last = max(own, key=lambda r: int(r["epoch"]))
    assert f"| {row} | {float(last['test_error']):.1f} |" in words_of("targets.md")


def test_the_band_of_chance_has_the_width_that_the_page_states():
    """For ten classes, whose errors span nine directions."""
    for units, sentence in (
        (128, "90° ± {:.1f}° for signals into 128 units"),
        (64, "± {:.1f}° into 64"),
    ):
        low, high = chance_band(units, directions=9)
        assert sentence.format((high - low) / 2) in words_of("results.md")


def test_the_shallow_control_has_the_rate_that_the_page_states():
    """The page says how far beyond its grid the search continued."""
    tuned = Path(__file__).parents[2] / "nofb" / "runs" / "tuned.json"
    rate = json.loads(tuned.read_text("utf-8"))["digits"]["rates"]["rmsprop"]["shallow"]
    found = re.search(r"on digits the shallow control needs ([0-9.]+),", words_of("results.md"))
    assert found is not None and float(found[1]) == rate
