"""The study of learned feedback: its measurements must follow the theory, and its figures too.

The tests compute the theory again where the study uses it.
"""

import csv
import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from nofb import plots
from nofb.cli import main
from nofb.papers import learned_feedback
from nofb.papers.learned_feedback import STUDY, floor, law
from nofb.papers.learned_feedback import depth as deep
from nofb.papers.learned_feedback.floor import FORMS
from nofb.plots.labels import label_ends
from nofb.plots.style import THEMES


def point(form: str, share: float, samples: int) -> dict:
    return {"part": "floor", "form": form, "share": share, "samples": samples}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("share", "samples"), [(0.05, 16), (0.2, 64)])
def test_a_measured_floor_equals_the_predicted_one(form, share, samples):
    """A theory that does not predict its own simulation explains nothing."""
    result = floor.floor(point(form, share, samples))
    assert result["measured"] == pytest.approx(result["predicted"], rel=0.05)


@pytest.mark.parametrize(("form", "factor"), [("linear", 1), ("relu", 1.363), ("raw", 400)])
def test_the_noise_factor_of_responses_is_that_of_their_moments(form, factor):
    """F = Var f(a) / (Var a E[f']²), computed numerically: the closed forms must be right."""
    a = 0.1 * np.random.default_rng(0).normal(size=1_000_000)
    f, slope = {
        "linear": (a, np.ones_like(a)),
        "relu": (np.maximum(a, 0), (a > 0).astype(float)),
        "raw": (1 / (1 + np.exp(-a)), np.exp(-a) / (1 + np.exp(-a)) ** 2),
    }[form]
    spread = np.mean(f**2) if form == "raw" else f.var()
    measured = spread / (a.var() * slope.mean() ** 2)
    assert FORMS[form].noisiness(0.01) == pytest.approx(factor, rel=0.001)
    assert measured == pytest.approx(factor, rel=0.01)
    assert FORMS[form].slope == pytest.approx(slope.mean(), rel=0.01)


@pytest.mark.parametrize("decay", [0.0, 0.01])
def test_the_angle_of_kolen_pollack_follows_from_the_weights_alone(decay):
    """Otherwise B would not follow the law."""
    result = law.law({"part": "law", "decay": decay, "epochs": 2})
    for name in ("gap", "angle"):
        assert np.shape(result[name]) == (3, 2)
        np.testing.assert_allclose(result[name], result[f"predicted_{name}"], rtol=1e-3)
    assert result["steps"] == 45  # of 32 samples, out of 1438
    assert result["gap"][-1][0] == pytest.approx((1 - decay) ** 90, rel=1e-3)


def depth(rule: str, epochs: int = 2) -> dict:
    return deep.depth({"part": "depth", "rule": rule, "seed": 0, "epochs": epochs})


def test_the_errors_of_a_mirror_add_up_over_the_layers():
    """Before training they are independent: k layers down the error is √k times as large."""
    result = depth("wm", epochs=1)
    left = floor.predicted(FORMS["linear"], 0.02, 64, np.zeros((100, 100)))
    distances = np.array([4, 3, 2, 1])
    np.testing.assert_allclose(result["weight_angle"][0], left, rtol=0.1)
    np.testing.assert_allclose(result["delta_angle_local"][0], left, rtol=0.1)
    np.testing.assert_allclose(
        result["delta_angle_end_to_end"][0], left * np.sqrt(distances), rtol=0.1
    )


def test_backprop_has_no_matrix_and_all_its_signal_angles_are_zero():
    """The reference compared with itself."""
    result = depth("bp", epochs=1)
    assert result["weight_angle"] is None
    np.testing.assert_allclose(result["delta_angle_end_to_end"], 0, atol=0.1)


# -- the command ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Run the command on a few of its tasks, with the shortest training."""
    place = tmp_path_factory.mktemp("study")
    few = [point(form, share, 64) for form in FORMS for share in (0.02, 0.2)]
    few += [point("linear", 0.02, 16)]
    few += [task for task in STUDY.tasks(1) if task["part"] != "floor"]
    with pytest.MonkeyPatch.context() as patched:
        parts = replace(floor.PART, tasks=lambda epochs: few[:9]), *STUDY.parts[1:]
        patched.setattr(learned_feedback, "STUDY", replace(STUDY, parts=parts))
        words = ["reproduce", "learned_feedback", "--epochs", "1", "--out", str(place)]
        assert main(words) == 0
    return place


def test_the_command_writes_every_figure_every_number_and_a_page(folder):
    """A teacher needs the figure, a reader the table, and a careful one the numbers."""
    stems = ("mirror_floor", "kolen_pollack_law", "deep_alignment")
    names = {f"{stem}.{kind}" for stem in stems for kind in ("png", "svg", "csv")}
    expected = names | {"learned_feedback.md", "runs.jsonl"}
    assert {path.name for path in folder.iterdir()} == expected
    page = (folder / "learned_feedback.md").read_text(encoding="utf-8")
    assert "reproduce learned_feedback --epochs 1" in page
    assert all(f"]({stem}.png)" in page for stem in stems)


def test_the_tables_keep_every_number_of_the_runs(folder):
    """A reader must be able to check a figure by its numbers."""
    rows = {
        path.stem: list(csv.DictReader(path.read_text().splitlines()))
        for path in folder.glob("*.csv")
    }
    assert len(rows["mirror_floor"]) == 9
    assert len(rows["kolen_pollack_law"]) == 4 * 2 * 2  # decays, epochs from 0 on, matrices
    assert len(rows["deep_alignment"]) == 4 * 3 * 2 * 4  # rules, seeds, epochs, hidden layers
    first = rows["mirror_floor"][0]
    log = [json.loads(line) for line in (folder / "runs.jsonl").read_text().splitlines()]
    (run,) = [
        record["result"]
        for record in log  # in the order in which the runs ended
        if record["task"].get("form") == first["form"]
        and record["task"].get("share") == float(first["share"])
        and record["task"].get("samples") == int(first["samples"])
    ]
    assert float(first["measured"]) == pytest.approx(run["measured"], rel=1e-5)
    assert {row["weight_angle"] for row in rows["deep_alignment"] if row["rule"] == "bp"} == {""}


def test_a_run_that_was_stopped_is_named_and_is_in_no_mean():
    """A mean over the remaining runs alone must be marked as such."""
    task = {"part": "depth", "rule": "fa", "seed": 0, "epochs": 1}
    records = [{"task": task, "result": depth("fa", 1)}]
    records += [{"task": task | {"seed": 1}, "result": {"stopped": "fa was stopped in epoch 1"}}]
    records += [{"task": task | {"seed": 2}, "error": "MemoryError: too much"}]
    text = STUDY.table(records)
    assert "fa was stopped in epoch 1" in text and "MemoryError: too much" in text
    ((part, found),) = STUDY.by_part(records)
    ((_, row),) = part.tables(found).values()
    assert row[:3] == ["fa", "1", "1"]


# -- names at the ends of lines ------------------------------------------------------------------


def test_names_at_the_ends_of_lines_keep_their_order_and_do_not_overlap():
    """Three lines that end together need three names that can be read."""
    picture = plots.Picture(4, 3, THEMES["light"])
    axes = picture.subplots()
    axes.set_ylim(0, 10)
    ends = {"low": (1.0, 0.0, "#000000"), "lower": (1.0, -0.01, "#000000"),
            "same": (1.0, 0.01, "#000000"), "high": (1.0, 9.0, "#000000")}  # fmt: skip
    label_ends(axes, ends)
    picture.draw_without_rendering()
    boxes = {text.get_text(): text.get_window_extent() for text in axes.texts}
    heights = [boxes[name].y0 for name in ("lower", "low", "same", "high")]
    assert heights == sorted(heights)
    bottoms = [boxes[name] for name in ("lower", "low", "same", "high")]
    for below, above in pairwise(bottoms):
        assert not below.overlaps(above)
