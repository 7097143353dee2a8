"""Published beside measured: what differs is said first, and nothing is counted as better."""

from pathlib import Path

import numpy as np
import pytest

from nofb import papers
from nofb.papers import beside
from nofb.papers.compared import Claim, Compared, last_errors
from nofb.papers.kept import kept
from nofb.papers.published import Published

DOCS = Path(__file__).parents[2] / "docs"
STUDIES = {study.name: study for study in papers.every()}


def number(*measured, mean=2.0, spread=0.1, **options):
    theirs = Published(mean, spread, "Table 1", "quoted from memory", 10)
    return Compared("2x800", "fa", theirs, measured, 30, **options)


@pytest.mark.parametrize(("ours", "spread", "least", "agrees"), [
    (2.19, 0.1, 0.15, True),  # two published deviations
    (2.21, 0.1, 0.15, False),
    (1.79, 0.1, 0.15, False),  # better than published is a difference too
    (2.14, None, 0.15, True),  # 0.15 points
    (2.14, 0.01, 0.15, True),
    (2.16, None, 0.15, False),
    (2.35, 0.1, 0.4, True),  # what the study allows
])  # fmt: skip
def test_a_number_is_inside_if_one_of_three_limits_allows_it(ours, spread, least, agrees):
    """The largest of the three decides."""
    assert number(ours, spread=spread, least=least).agrees == agrees


def test_two_published_deviations_are_counted_without_any_other_limit():
    """What a study allows itself must not look like the paper's own spread."""
    assert not number(2.35, least=0.4).in_spread and number(2.35, least=0.4).agrees


def test_a_row_has_means_deviations_and_the_numbers_of_seeds():
    """With n instead of n - 1, three seeds look more certain than they are."""
    cells = number(1.9, 2.0, 2.7).cells()
    spread = np.std([1.9, 2.0, 2.7], ddof=1)
    assert cells == ["2x800", "fa", "2.00 ± 0.10 (n = 10)", f"2.20 ± {spread:.2f} (n = 3)", "30",
                     "+0.20 / 0.20", "yes"]  # fmt: skip
    assert number(2.0).cells()[3] == "2.00 (n = 1)", "one seed has no deviation"
    assert number(2.0, measure="angle").cells()[0] == "2x800: angle"


def test_numbers_from_memory_are_not_in_one_table_with_those_that_were_read():
    """Each table says where its published numbers are from, and how sure this is."""
    read = Compared("2x800", "fa", Published(2.0, None, "Table 1", "read there"), (2.0,), 1)
    texts = list(beside.by_origin([number(2.0), read, number(2.1)]))
    assert texts[0] == "Published: Table 1, quoted from memory."
    assert texts[2] == "Published: Table 1, read there."
    assert texts[1].count("2x800") == 2 and texts[3].count("2x800") == 1


def test_what_differs_is_on_the_page_before_everything_else():
    """A miss is shown, not hidden."""
    lost = Claim("Depth helps", "it does not", holds=False)
    held = Claim("Dropout helps", "it does", holds=True)
    found = {"one": [number(2.0), number(9.0)], "two": [number(2.1)], "three": []}
    texts = list(beside.texts(found, {"one": [held, lost]}))
    page = "\n".join(texts)
    first, _, rest = page.partition("## How many agree")
    assert "Depth helps" in first and "9.00" in first and "Dropout" not in first
    assert "2.10" not in first and "Dropout helps" in rest and "Depth helps" in rest
    assert "there are 3 comparisons. In 2 of them, 67%, ours is inside" in rest
    assert "| one | 2 | 1 | 50% | 2 | 1 |" in rest and "| three" not in rest
    assert rest.index("## one") < rest.index("## two")


def test_a_page_without_any_kept_run_says_so(tmp_path):
    """A share of nothing is no share."""
    page = beside.page(tmp_path)
    assert "No number differs." in page and "No kept run can be compared" in page


def test_the_page_is_printed_for_who_has_not_built_the_site(tmp_path, monkeypatch, capsys):
    """On GitHub the page has no tables."""
    monkeypatch.setattr("sys.argv", ["beside", str(tmp_path)])
    beside.main()
    assert capsys.readouterr().out == beside.page(tmp_path)
    monkeypatch.setattr("sys.argv", ["beside", str(tmp_path / "none")])
    with pytest.raises(SystemExit, match="none is no folder"):
        beside.main()


def test_a_run_that_diverged_at_once_is_no_number():
    """It has no error at the end, and must not stop the page."""
    theirs = {("fa",): Published(2.0, 0.1, "Table 1", "read there")}
    runs = {("fa",): [{"test_error": []}, {"test_error": [3.0, 2.1]}]}
    (found,) = last_errors(theirs, runs, [(("fa",), "2x800", "fa"), (("bp",), "2x800", "bp")])
    assert (found.measured, found.epochs) == ((2.1,), 2)


# -- the studies ---------------------------------------------------------------------------------


def made_up(task):
    """Return a record of a run with an error of 50 %, with all that a comparison reads."""
    curves = {name: [0.5] * 3 for name in ("loss", "test_accuracy", "weight_angle", "delta_angle")}
    errors = {"test_error": [60.0, 50.0], "train_error": [60.0, 50.0], "left": [1.0, 0.5]}
    return {"task": task, "result": {"stopped": None, **errors, **curves}}


LARGE = {"nokland2016": 47, "frenkel2021": 24, "sign_symmetry": 12, "deep_targets": 5,
         "akrout2019": 10, "akrout2019_cifar10": 10}  # fmt: skip


@pytest.mark.parametrize("name", LARGE)
def test_every_published_number_of_a_study_is_compared(name, tiny_images):
    """At least sixty numbers are asked for; a renamed row would leave some out silently."""
    study = STUDIES[name]
    records = [made_up(task) for task in study.tasks() if task.get("seed") == 0]
    if name.startswith("akrout2019"):
        for record in records:
            if record["task"]["rule"] == "bp":  # it has no feedback matrix
                del record["result"]["weight_angle"], record["result"]["delta_angle"]
    records = [record for record in records if study.part(record["task"]).compared]
    found = beside.numbers(study, records)
    assert len(found) == LARGE[name] and sum(LARGE.values()) >= 60
    assert all(each.published.source and each.published.how_sure for each in found)
    errors = [each for each in found if each.measure == "test error %"]
    assert errors and {each.mean for each in errors} == {50.0}


@pytest.mark.parametrize(
    "name", [name for name in STUDIES if (DOCS / name / "runs.jsonl").exists()]
)
def test_the_kept_runs_of_a_study_can_be_compared(name):
    """The page is built from them each time."""
    study = STUDIES[name]
    records = kept(study, DOCS / name)
    assert records
    for each in beside.numbers(study, records):
        assert each.measured and each.epochs > 0
    for claim in beside.claims(study, records):
        assert claim.text and claim.measured


def test_one_published_number_in_two_comparisons_is_counted_once():
    """FA at full length and FA in a short run are beside one number of the paper."""
    theirs = Published(2.0, 0.1, "Table 1", "quoted from memory", 10)
    found = [Compared(form, "fa", theirs, (2.0,), 1) for form in ("short", "full length")]
    told = beside.summary([*found, number(2.0)])
    assert told.startswith("2 published numbers") and "there are 3 comparisons" in told
    assert "2 of the published numbers are quoted from memory" in told
