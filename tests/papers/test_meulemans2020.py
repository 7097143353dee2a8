"""The table of angles: measured as stated, beside published numbers, with converted rates."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

from nofb import Dense, Network, datasets, plots
from nofb.cli import main
from nofb.datasets import Dataset
from nofb.diagnosis import View
from nofb.diagnosis.step_angles import YARDSTICKS, directions, mean_null_space_fractions, probed
from nofb.diagnosis.targets import null_space_fractions
from nofb.jacobians import null_space_fraction, output_jacobians
from nofb.papers.meulemans2020 import STUDY, angles
from nofb.papers.meulemans2020.angles import PUBLISHED, RULES, step_angles, tasks
from nofb.papers.meulemans2020.configurations import PAPER, SCALES, SEEDS, specified
from nofb.papers.meulemans2020.step_directions import step_directions
from nofb.rules import make

RNG = np.random.default_rng(0)


def pictures(samples: int = 90) -> Dataset:
    """Return random images of ten classes, as small as a test needs."""
    x, y = RNG.random((samples, 16)), RNG.integers(0, 10, samples)
    y[:10] = range(10)
    return Dataset(x, y, x[:30], y[:30], name="fashion_small")


@pytest.fixture
def small(monkeypatch):
    """Let both scales be tiny, with one seed each."""
    data = pictures()
    monkeypatch.setattr(datasets, "load", lambda name: data)
    for name, scale in list(SCALES.items()):
        tiny = scale.replace(hidden=(8, 7, 6), batch_size=20, epochs=2)
        monkeypatch.setitem(SCALES, name, tiny)
        monkeypatch.setitem(SEEDS, name, 1)


def asked(rule, seed: int = 1):
    """Return a network with a rule attached to it, and a trace for its signals."""
    layers = [Dense(16, 8, "tanh"), Dense(8, 12, "tanh"), Dense(12, 3)]
    net = Network(layers, seed=seed, dtype=np.float64)
    rule.attach(net, seed)
    return net, probed(net, RNG.normal(size=(20, 16)), RNG.integers(0, 3, 20))


# -- what is measured ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "reference"), [(make("bp"), "gradient"), (make("gnt", damping=0.1), "c = 0.1")]
)
def test_a_rule_that_is_the_reference_has_angle_0_to_it(rule, reference):
    """Otherwise every angle of the table would be wrong."""
    _, trace = asked(rule)
    found = directions(rule, trace)
    assert list(found) == list(YARDSTICKS)
    assert found[reference] == pytest.approx([0, 0], abs=1e-4)
    assert min(found["c = 10"]) > 0.1


def test_gauss_newton_approaches_the_gradient_as_its_damping_grows():
    """So the damping is stated beside every angle: it determines what is measured."""
    _, trace = asked(make("bp"))
    found = directions(make("bp"), trace)
    by_damping = np.array([angles for name, angles in found.items() if name != "gradient"])
    assert (np.diff(by_damping, axis=0) < 0).all()


def test_all_of_a_gradient_and_little_of_a_random_change_has_an_effect_on_the_output():
    """3 outputs depend on at most 3 of 12 dimensions: a random change loses three quarters."""
    for name in ("bp", "gnt"):
        rule = make(name)
        assert mean_null_space_fractions(rule, asked(rule)[1]) == pytest.approx([0, 0], abs=1e-4)
    shares = []
    for seed in range(20):
        rule = make("dfa")
        shares.append(mean_null_space_fractions(rule, asked(rule, seed)[1]))
    assert np.mean(shares, axis=0) == pytest.approx([1 - 3 / 8, 1 - 3 / 12], abs=0.12)


def test_the_null_space_fraction_counts_samples_with_units_of_derivative_zero():
    """A dead ReLU cannot change, so its 0 / 0 must not remove the whole sample."""
    net = Network([Dense(16, 8, "relu"), Dense(8, 3)], seed=1, dtype=np.float64)
    rule = make("bp")
    rule.attach(net)
    trace = probed(net, RNG.normal(size=(20, 16)), RNG.integers(0, 3, 20))
    change = {layer: delta.copy() for layer, delta in rule.signals(net, trace)}  # its f' is 1
    (layer, J), = output_jacobians(trace)  # fmt: skip
    assert (trace[layer].a <= 0).any(axis=1).all()
    expected = null_space_fraction(J, change[layer]).mean()
    assert mean_null_space_fractions(rule, trace) == pytest.approx([expected], abs=1e-4)
    assert expected > 0.05


def test_the_null_space_fraction_is_that_of_the_targets_if_there_are_targets():
    """δ over f' must be the change that a target requests, so that all rules are comparable."""
    rule = make("dtp", gradient_at_top=False)
    _, trace = asked(rule)
    expected = null_space_fractions(View(rule, trace))[:-1]
    assert mean_null_space_fractions(rule, trace) == pytest.approx(expected, abs=2e-4)


# -- what is run ---------------------------------------------------------------------------------


def test_every_rule_is_run_from_the_same_initial_weights_at_both_scales():
    """With other seeds than the others a rule would be compared by luck."""
    for found, name in ((tasks(), "laptop"), (STUDY.full.tasks(), "full")):
        seeds = {rule: [t["seed"] for t in found if t["rule"] == rule] for rule in RULES}
        assert set(map(tuple, seeds.values())) == {tuple(range(SEEDS[name]))}
        assert {task["epochs"] for task in found} == {SCALES[name].epochs}
    assert {task["epochs"] for task in tasks(3)} == {3}
    assert {rule for (rule,) in PUBLISHED} == set(PAPER)


def test_a_published_rate_is_converted_to_ours():
    """Their steps are 2 η̂ / N times ours; Adam divides this out, but not from ε and the rate."""
    dtp, batch = PAPER["dtp"], 128
    run = specified("full", "dtp")
    ours, rule = run.make_optimizer(), run.make_rule()
    assert rule.step_size == pytest.approx(dtp.step_size / batch) and not rule.gradient_at_top
    dW, factor = np.array([[1e-4, 0.3]]), 2 * dtp.step_size / batch
    other = replace(dtp, step_size=None, lr=dtp.lr / dtp.step_size)
    theirs = other.applied_to(run).make_optimizer()
    mine, other = np.zeros_like(dW), np.zeros_like(dW)
    for _ in range(3):
        ours.step("W", mine, dW)
        theirs.step("W", other, factor * dW)
    np.testing.assert_allclose(mine, other, rtol=1e-12)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("rule", RULES)
def test_every_rule_accepts_its_settings(rule, scale):
    """A wrong attribute must not be found after hours of the other rules' runs."""
    run = specified(scale, rule)
    assert run.make_rule().name == rule
    assert run.make_optimizer().lr > 0


@pytest.mark.parametrize(("rule", "scale"), [("bp", "laptop"), ("dtp", "full"), ("ddtp", "full")])
def test_a_run_returns_what_the_tables_show(rule, scale, small):
    """A missing value would be a dash that looks like a result."""
    result = step_angles({"scale": scale, "rule": rule, "seed": 0, "epochs": 2})
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    assert result["stopped"] is None and len(result["test_error"]) == 2
    assert {np.shape(angles) for angles in result["angles"].values()} == {(3, 3)}
    assert ("inverse_residual" in result) == (rule != "bp")


def test_a_run_that_diverged_returns_only_this(small, monkeypatch):
    """Otherwise angles of infinite weights would be in the means of the table."""
    monkeypatch.setitem(PAPER, "bp", replace(PAPER["bp"], lr=1e30))
    result = step_angles({"scale": "full", "rule": "bp", "seed": 0, "epochs": 2})
    assert list(result) == ["stopped"] and "bp was stopped in epoch 1" in result["stopped"]


# -- the files that are written ------------------------------------------------------------------


def run_command(capsys, *words: str):
    code = main(list(words))
    return code, *capsys.readouterr()


def test_the_command_writes_tables_a_figure_and_every_number(capsys, tmp_path, small, monkeypatch):
    """One command writes all of them, and does not repeat finished runs."""
    monkeypatch.setattr(angles, "RULES", ("bp", "dtp", "ddtp"))
    words = ["reproduce", "meulemans2020", "--epochs", "1", "--jobs", "1", "--out", str(tmp_path)]
    code, out, err = run_command(capsys, *words)
    assert code == 0 and "to Gauss-Newton" in out
    begun, *lines = err.splitlines()
    assert " runs of: " in begun and all(line.startswith("nofb: run ") for line in lines)
    names = {path.name for path in tmp_path.iterdir()}
    endings = {"md", "csv", "png", "svg"}
    assert names == {f"meulemans2020.{ending}" for ending in endings} | {"runs.jsonl"}
    page = (tmp_path / "meulemans2020.md").read_text()
    assert " ".join(words) in page and "11.49 ± 0.23" in page
    assert "not to be compared" in page, "errors of a smaller scale are no reproduction"
    with (tmp_path / "meulemans2020.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3 * 2 * 3 and set(YARDSTICKS) < set(rows[0])

    def fail(*arguments, **options):
        raise AssertionError("trained again")

    monkeypatch.setattr(angles, "train", fail)
    code, again, _ = run_command(capsys, *words)
    assert code == 0 and again.startswith("3 of 3 runs were finished earlier")


def test_full_loads_the_whole_data_set_for_the_papers_runs(capsys, tmp_path, monkeypatch):
    """Runs of the small scale with the name of the full ones would be a wrong result."""
    seen = []

    def refuse(name):
        seen.append(name)
        raise OSError("no such data here")

    monkeypatch.setattr(datasets, "load", refuse)
    words = ["reproduce", "meulemans2020", "--out", str(tmp_path / "new")]
    assert run_command(capsys, *words)[0] == run_command(capsys, *words, "--full")[0] == 2
    assert seen == ["fashion_small", "fashion_mnist"]
    assert len(STUDY.full.tasks(1)) == 10 * len(RULES)


def record(rule: str, seed: int, error: float, angle: float):
    angles = {name: [[angle, angle], [angle - 10, angle]] for name in YARDSTICKS}
    found = {"stopped": None, "test_error": [error], "angles": angles, "null_space_share": [0.5, 0]}
    task = {"scale": "laptop", "rule": rule, "seed": seed, "epochs": 1}
    return {"task": task, "result": found}


def test_the_table_shows_means_over_seeds_and_names_failed_runs():
    """A mean over the remaining runs alone must be marked as such."""
    broken = {**record("dtp", 2, 0, 0), "error": "MemoryError: too much"}
    del broken["result"]
    records = [record("dtp", 0, 20.0, 50.0), record("dtp", 1, 22.0, 60.0), broken]
    page = STUDY.page(records, "nofb reproduce")
    row = "| dtp | 2 | 21.00 ± 1.41 | 11.49 ± 0.23 | 45° 55° | 45° 55° | 0.50 0.00 |"
    assert row in page and "MemoryError: too much" in page
    assert "| dtp | 50° | 50° | 50° | 50° | 50° |" in page
    assert STUDY.table([broken]).endswith("MemoryError: too much")


def test_the_figure_shows_the_end_of_training():
    """A marker at the start would show random weights."""
    ways = {"dtp": (np.array([[80.0] * 4, [40.0] * 4]), np.array([[70.0] * 4, [20.0] * 4]))}
    picture = step_directions(ways)
    assert isinstance(picture, plots.Picture) and len(picture.axes) == 4
    lines = {line.get_label(): line.get_xydata().tolist() for line in picture.axes[2].lines}
    assert lines == {"dtp": [[40, 20]], "_dtp, the way": [[80, 70], [40, 20]]}
