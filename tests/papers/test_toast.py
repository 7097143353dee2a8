"""The study of TOAST: its runs, its measurements, and the published numbers beside them."""

import json

import numpy as np
import pytest

from nofb import papers
from nofb.datasets import composites
from nofb.papers.toast import angles, feedback, methods, settings, variants
from nofb.plots.style import THEMES
from nofb.plots.transfer import colour
from nofb.rules import RULES
from nofb.transfer import METHODS
from nofb.transfer.tasks import CASES, TASKS


@pytest.fixture(scope="module")
def small():
    """Run on the composites that need no download."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "splits", lambda: composites.load(composites.SMALL))
        yield


def record(part, task):
    """Run a task as the command does, and return its record as in the log."""
    return json.loads(json.dumps({"task": task, "result": part.run(task)}))


@pytest.fixture(scope="module")
def compared(small):
    tasks = [
        {"part": "methods", "method": method, "n": settings.N, "seed": 0, "epochs": 1}
        for method in ("linear", "LoRA", "VPT", "TOAST")
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(methods, "data", lambda n, seed: settings.data(64, seed))
        patch.setattr(methods, "STEERED", 50)
        yield [record(methods.PART, task) for task in tasks]


@pytest.fixture(scope="module")
def varied(small):
    task = {"part": "variants", "variant": "A frozen and pre-tuned", "seed": 0, "epochs": 1}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(variants, "data", lambda n, seed: settings.data(64, seed))
        patch.setattr(variants, "SAMPLES", 50)
        yield [record(variants.PART, task)]


@pytest.fixture(scope="module")
def taught(small):
    tasks = [
        {"part": "feedback", "method": method, "rule": rule, "seed": 0, "epochs": 1}
        for method, rule in (("TOAST", "bp"), ("TOAST", "fa"), ("TOAST", "wm"), ("LoRA", "bp"))
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(feedback, "data", lambda n, seed: settings.data(64, seed))
        patch.setattr(angles, "SAMPLES", 50)
        yield [record(feedback.PART, task) for task in tasks]


def test_every_variant_can_be_made_and_has_its_stated_change():
    """If an option was not passed on, the row would repeat that of the first table."""
    made = {name: settings.model(case, 0) for name, case in variants.CASES.items()}
    assert made["A frozen and pre-tuned"].trained_parameters == 33_482 - 4 * 64**2
    assert made["P learns too"].trained_parameters == 33_482 + 64**2
    assert len(made["late: two blocks steered"].steered.td) == 2
    frozen = [made[f"A frozen and {start}"].steered.A for start in ("pre-tuned", "random")]
    for net, start in zip(frozen, (settings.pretuned().steered.A, None), strict=True):
        assert all(layer.frozen for layer in net)
        same = [np.array_equal(a.W, b.W) for a, b in zip(net, start or frozen[0], strict=True)]
        assert same == [start is not None] * 4


def test_every_method_is_compared_with_five_seeds_and_every_rule_has_three():
    """One seed is not enough: results of the same method differ by ten points."""
    tasks = papers.find("toast").tasks()
    assert {settings.CASES[t["method"]].method for t in tasks if "method" in t} == set(METHODS)
    for method in settings.CASES:
        seeds = {t["seed"] for t in tasks if t.get("method") == method and t.get("n") == settings.N}
        assert seeds == set(range(5))
    taught = [t for t in tasks if t["part"] == "feedback"]
    for method, rules in feedback.RULES.items():
        for rule in rules:
            assert rule in RULES
            found = {t["seed"] for t in taught if (t["method"], t["rule"]) == (method, rule)}
            assert found == set(range(3))
    assert {t["seed"] for t in tasks if t["part"] == "frozen_path"} == set(range(3))


def test_a_run_returns_what_learned_and_the_attention(compared):
    """The claim is about attention, so the accuracy alone would not test it."""
    for each in compared:
        result, method = each["result"], each["task"]["method"]
        assert len(result["test_accuracy"]) == 1
        assert len(result["before"]) == len(result["after"]) == 4
        assert all(0 <= share <= 1 for share in (*result["before"], *result["after"]))
        assert (result["mask"] is not None) == method.startswith("TOAST")
    parameters = {each["task"]["method"]: each["result"]["parameters"] for each in compared}
    assert parameters == {"linear": 650, "LoRA": 4_746, "VPT": 3_210, "TOAST": 33_482}


def test_steering_does_not_change_the_attention_of_the_first_block(compared):
    """Queries and keys depend only on the image there; only later blocks can attend elsewhere."""
    (toast,) = (each["result"] for each in compared if each["task"]["method"] == "TOAST")
    assert toast["before"][0] == pytest.approx(toast["after"][0], abs=2e-4)
    assert toast["before"][1:] != toast["after"][1:]


def test_every_case_of_the_command_is_a_row_of_the_study():
    """The rates stand in nofb.transfer.tasks once; a case without a title would be left out."""
    assert set(settings.TITLES) == set(CASES) == set(TASKS["vision_mnist"].rates)


def test_attention_on_the_garment_is_counted_on_its_side_only(small):
    """If the sides were exchanged, the result would be inverted."""
    _, test = settings.splits()
    attention = np.zeros((1, 50, 9, 9))
    columns = np.arange(8) % 4 >= 2
    attention[0, :, 0, 1:] = np.where(columns == test.right[:50, None], 0.2, 0.05)
    assert settings.on_garment(attention) == [pytest.approx(0.8)]
    with_prompts = np.insert(attention, [1] * 3, 0.7, axis=3)
    assert settings.on_garment(with_prompts) == [pytest.approx(0.8)]


def test_the_angle_of_a_rule_has_its_theoretical_value(taught):
    """Backprop has angle 0 to itself, and random matrices are nearly orthogonal."""
    by_rule = {each["task"]["rule"]: each["result"] for each in taught[:3]}
    for each in (by_rule["bp"], taught[3]["result"]):
        assert max(angle for angles in each["signal"].values() for angle in angles) < 0.1
        assert each["frozen_matrices"] is None
    assert 80 < by_rule["fa"]["frozen_matrices"] < 100
    assert by_rule["wm"]["frozen_matrices"] < by_rule["fa"]["frozen_matrices"]


def test_other_seeds_train_on_other_samples_and_test_on_the_same(small):
    """The spread must include the choice of the labelled samples."""
    one, other = settings.data(200, 0), settings.data(200, 1)
    assert not np.array_equal(one.x_train, other.x_train)
    np.testing.assert_array_equal(one.x_test, other.x_test)


def test_the_published_averages_are_shown_beside_the_means_of_their_rows():
    """The printed average of LoRA is two points too low, so TOAST's advantage looks too large."""
    headings, *rows = methods._published()
    table = {row[0]: dict(zip(headings[1:], map(float, row[1:]), strict=True)) for row in rows}
    wrong = {
        name
        for name, row in table.items()
        if abs(row["printed average"] - row["average of the row"]) > 0.06
    }
    assert wrong == {"LoRA"}
    assert table["LoRA"]["average of the row"] == pytest.approx(81.8)


@pytest.mark.parametrize(
    ("part", "study", "layers"),
    [
        ("compared", methods.PART, 1),
        ("varied", variants.PART, 1),
        ("taught", feedback.PART, 8),  # A and C, or V and U, of four blocks
    ],
)
def test_tables_and_lines_have_a_row_for_each_run(part, study, layers, request):
    """A run that is kept but not shown would hide a negative result."""
    records = request.getfixturevalue(part)
    table = next(iter(study.tables(records).values()))
    assert len(table) == 1 + len(records)
    assert {len(row) for row in table} == {len(table[0])}
    lines = study.lines(records)
    assert len(lines) == 1 + len(records) * layers
    assert {len(row) for row in lines} == {len(lines[0])}
    assert not any("," in cell for row in lines for cell in row)


def test_a_method_has_the_colour_of_the_report_of_nofb_transfer(compared):
    """A reader who has seen one figure must recognise TOAST in the other."""
    right = methods.PART.figure(compared).axes[1]
    _, labels = right.get_legend_handles_labels()
    drawn = dict(zip(labels, right.get_lines(), strict=True))
    for label, line in drawn.items():
        name = "linear" if label == "backbone alone" else methods.NAMES[label]
        assert line.get_color() == colour(name, THEMES["light"])
    assert drawn["LoRA"].get_color() != drawn["TOAST"].get_color()


def test_the_figure_can_be_drawn(compared):
    """From any available runs."""
    assert methods.PART.figure(compared).to_bytes("png").startswith(b"\x89PNG")
