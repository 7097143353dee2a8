"""Reproductions: the authors' runs as they ran them, and a page on how close ours are."""

import csv
import json
from types import SimpleNamespace

import numpy as np
import pytest
from oracles import relative

import nofb
from nofb import datasets, plots
from nofb.cli import main
from nofb.datasets import Dataset
from nofb.papers.akrout2019 import STUDY, paper
from nofb.papers.akrout2019.figure import akrout2019 as draw
from nofb.papers.akrout2019.logs import MEASURES, RULES, published
from nofb.papers.akrout2019.released import CIFAR10, as_released
from nofb.runs import train as engine

FORMS = [part.name for part in STUDY.parts]

RNG = np.random.default_rng(0)


def pixels(samples: int) -> Dataset:
    """Return samples like those of MNIST: 784 numbers from 0 to 1, ten classes."""
    x, y = RNG.random((samples, 784)), RNG.integers(0, 10, samples)
    y[:10] = range(10)
    return Dataset(x, y, x[:40], y[:40], name="mnist", image_shape=(1, 28, 28))


SMALL = pixels(2 * 128 + 5)


@pytest.fixture
def small_mnist(monkeypatch):
    """Give every reproduction a tiny data set, and train one seed of each form."""
    monkeypatch.setattr(datasets, "load", lambda name: SMALL)
    monkeypatch.setattr(paper, "SEEDS", 2)


# -- the authors' logs ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "accuracy", "angle"),
    [("bp", 98.50, None), ("fa", 97.80, 40.0), ("wm", 98.49, 3.8), ("kp", 98.45, 3.6)],
)
def test_the_authors_logs_end_with_their_known_values(rule, accuracy, angle):
    """We must compare with the published values."""
    log = published(rule)
    assert {len(values) for values in log.values()} == {400}
    assert 100 * log["test_accuracy"][-1] == pytest.approx(accuracy)
    assert ("weight_angle" in log) == (angle is not None)
    if angle:
        assert log["weight_angle"][-1] == pytest.approx(angle, abs=0.05)


def test_the_angle_of_feedback_alignment_falls_and_then_rises_in_their_log():
    """It aligns, then loses part of the alignment: a reproduction must show the same."""
    angle = published("fa")["weight_angle"]
    assert angle[9] < angle[0] - 5 and angle[9] < angle[99] - 5


# -- the released form ---------------------------------------------------------------------------


def released(rule, seed, data):
    """Return the arguments of `nofb.fit` for a released run."""
    return SimpleNamespace(**as_released(rule, seed, data))


def their_run(trial, steps: int):
    """Return the weights after some steps of the released code, written again, samples as columns.

    A bias step is η / N times a *mean* over the batch: it is divided twice. If the rule learns B, B
    gets the transpose of delta hᵀ, without decay.
    """
    net, lr, n = trial.net, trial.optimizer.lr, 128
    W = [layer.W.T.astype(float) for layer in net.weighted]
    b = [layer.b.astype(float)[:, None] for layer in net.weighted]
    B = net.weighted[1].B
    back = W[1].T.copy() if B is None else B.T.astype(float)
    for step in range(steps):
        rows = slice(step * n, (step + 1) * n)
        x, y = trial.data.x_train[rows].T, np.eye(10)[trial.data.y_train[rows]].T
        h = 1 / (1 + np.exp(-(W[0] @ x + b[0])))
        error = 1 / (1 + np.exp(-(W[1] @ h + b[1]))) - y
        delta = ((W[1].T if trial.rule.name == "bp" else back) @ error) * h * (1 - h)
        products = delta @ x.T, error @ h.T
        for layer, (product, signal) in enumerate(zip(products, (delta, error), strict=True)):
            W[layer] = W[layer] - lr / n * product
            b[layer] = b[layer] - lr / n * signal.mean(axis=1, keepdims=True)
        if trial.rule.name == "kp_released":
            back = back - lr / n * products[1].T
    return W, b, back


@pytest.mark.parametrize("rule", ["bp", "fa", "kp"])
def test_a_released_run_equals_theirs_step_by_step(rule):
    """With an error in bias rates, order or batches, curves would differ for another reason."""
    trial = released(rule, 0, SMALL)
    trial.rule.attach(trial.net, 0)
    W, b, back = their_run(trial, steps=2)
    nofb.fit(trial.net, trial.rule, trial.data, 1, 128, trial.optimizer, shuffle=trial.shuffle)
    for layer, weights, biases in zip(trial.net.weighted, W, b, strict=True):
        assert relative(layer.W, weights.T) < 1e-6
        assert relative(layer.b, biases[:, 0]) < 1e-6
    if rule != "bp":
        assert relative(trial.net.weighted[1].B, back.T) < 1e-6


def test_a_released_network_starts_like_theirs():
    """Weights, biases and feedback: N(0, 1 / (n_l + n_{l-1})), each drawn independently."""
    trial = released("kp", 0, SMALL)
    trial.rule.attach(trial.net, 0)
    first, second = trial.net.weighted
    for arrays, units in (((first.W, first.b), 1284), ((second.W, second.B), 510)):
        for array in arrays:
            n = array.size
            assert array.std() == pytest.approx(np.sqrt(1 / units), rel=3 / np.sqrt(2 * n))
            assert array.mean() == pytest.approx(0, abs=3 / np.sqrt(units * n))
    assert first.b.dtype == second.b.dtype == np.float32
    assert np.isin(first.b, first.W).mean() < 0.1  # in single precision some numbers coincide
    assert abs(np.corrcoef(second.W.ravel(), second.B.T.ravel())[0, 1]) < 0.1


def test_a_released_run_leaves_out_incomplete_batches_and_probes_the_first_sample():
    """They never used the last 96 samples of MNIST; their angles are those of one sample."""
    trial = released("wm", 0, SMALL)
    np.testing.assert_array_equal(trial.data.x_train, SMALL.x_train[:256])
    np.testing.assert_array_equal(trial.data.x_test, SMALL.x_test)
    np.testing.assert_array_equal(trial.probe[0], SMALL.x_train[:1])
    assert not trial.shuffle
    assert trial.rule.steps_before == 60000 // 128


def test_cifar10_is_read_in_one_random_order_for_every_rule():
    """Our files have the classes in turn; theirs are in a random order, the same in each epoch."""
    in_turn = Dataset(SMALL.x_train, np.arange(len(SMALL.x_train)) % 10, SMALL.x_test, SMALL.y_test)
    bp, fa = (as_released(rule, 0, in_turn, CIFAR10) for rule in ("bp", "fa"))
    x, y = bp["data"].x_train, bp["data"].y_train
    np.testing.assert_array_equal(x, fa["data"].x_train)
    np.testing.assert_array_equal(bp["probe"][0], x[:1])
    places = [np.flatnonzero((in_turn.x_train == sample).all(axis=1))[0] for sample in x]
    assert sorted(places) != places and len(set(places)) == len(x)
    np.testing.assert_array_equal(y, in_turn.y_train[places])


@pytest.mark.parametrize("rule", RULES)
def test_the_papers_form_shuffles_and_has_decay_or_a_bound(
    rule, small_mnist, tmp_path, monkeypatch
):
    """As the paper describes it; the released code differs."""
    given = []

    def look(net, rule, data, shuffle=True, **options):
        given.append((rule, data, shuffle))
        raise StopIteration

    monkeypatch.setattr(engine, "fit", look)
    with pytest.raises(StopIteration):
        STUDY.run(tmp_path, {"form": "paper", "rule": rule, "seed": 0, "epochs": 1})
    ((made, data, shuffle),) = given
    assert shuffle and made.name == rule and len(data.x_train) == 261
    if rule in ("wm", "kp"):
        assert made.decay > 0


# -- the runs ------------------------------------------------------------------------------------


def test_a_shorter_reproduction_shortens_every_run():
    """Twenty epochs of everything are a quick test; then the page says twenty."""
    assert {task["epochs"] for task in STUDY.tasks(3)} == {3}
    assert {task["epochs"] for task in STUDY.tasks() if task["form"] == "released"} == {400}
    assert [task["rule"] for task in STUDY.tasks()[:4]] == list(RULES)


@pytest.mark.parametrize("form", FORMS)
def test_a_run_returns_what_the_authors_logged(form, small_mnist, tmp_path):
    """Backprop has no feedback matrix, so it has no angles."""
    for rule in ("bp", "wm"):
        result = STUDY.run(tmp_path, {"form": form, "rule": rule, "seed": 0, "epochs": 2})
        assert json.loads(json.dumps(result, allow_nan=False)) == result
        assert set(published(rule)) <= set(result)
        assert all(len(result[name]) == 2 for name in published(rule))
        assert ("weight_angle" in result) == (rule == "wm")


@pytest.mark.parametrize("form", FORMS)
def test_a_run_that_was_stopped_resumes_and_ends_as_without_the_stop(
    form, small_mnist, tmp_path, monkeypatch
):
    """A laptop may be closed during four hundred epochs."""
    task = {"form": form, "rule": "wm", "seed": 0, "epochs": 12}
    whole = STUDY.run(tmp_path, task)

    def stop(run):
        if run.history.epochs == 11:
            raise KeyboardInterrupt

    def stopped(*arguments, **options):
        return nofb.fit(*arguments, **options | {"callbacks": [stop]})

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(engine, "fit", stopped)
        STUDY.run(tmp_path, task)
    assert list(tmp_path.iterdir())
    again = STUDY.run(tmp_path, task)
    for name in MEASURES:
        np.testing.assert_array_equal(again[name], whole[name])
    assert not list(tmp_path.iterdir())


def run_command(capsys, *words: str):
    code = main(list(words))
    return code, *capsys.readouterr()


def test_the_command_writes_figures_a_page_and_every_number(capsys, tmp_path, small_mnist):
    """One command draws the authors' curves and ours in one figure."""
    folder = tmp_path / "new"
    words = ["reproduce", "akrout2019", "--epochs", "2", "--jobs", "1", "--out", str(folder)]
    code, out, err = run_command(capsys, *words)
    begun, *lines = err.splitlines()
    assert code == 0 and " runs of: " in begun
    assert all(line.startswith("nofb: run ") for line in lines)
    assert str(folder / "akrout2019.md") in out and "40.0° / " in out
    figures = {f"{form}.{kind}" for form in FORMS for kind in ("png", "svg")}
    names = {path.name for path in folder.iterdir()}
    assert names == figures | {"akrout2019.md", "akrout2019.csv", "runs.jsonl"}
    page = (folder / "akrout2019.md").read_text()
    assert " ".join(["nofb", *words]) in page and "2 seeds, 2 epochs" in page
    with (folder / "akrout2019.csv").open() as file:
        rows = list(csv.DictReader(file))
    lengths = {form: sum(row["form"] == form for row in rows) for form in ("authors", *FORMS)}
    assert lengths == {"authors": 1600, "released": 4 * 2, "paper": 4 * 2 * 2}


def test_finished_runs_are_not_repeated(capsys, tmp_path, small_mnist, monkeypatch):
    """After a stop, hours of runs must resume where they were."""
    words = ["reproduce", "akrout2019", "--epochs", "1", "--jobs", "1", "--out", str(tmp_path)]
    _, first, _ = run_command(capsys, *words)

    def fail(*arguments, **options):
        raise AssertionError("trained again")

    monkeypatch.setattr(engine, "fit", fail)
    code, again, err = run_command(capsys, *words)
    assert code == 0 and err == "" and again.endswith(first)
    assert again.startswith("12 of 12 runs were finished earlier")


def test_an_unknown_paper_is_refused_with_the_known_ones(capsys, tmp_path, monkeypatch):
    """A misspelt name must not start hours of training."""
    monkeypatch.chdir(tmp_path)
    for words, sentence in (
        (
            ["akruot2019"],
            "paper is 'akruot2019' (did you mean 'akrout2019'?), but must be one of: akrout2019",
        ),
        (["akrout2019", "--epochs", "0"], "epochs must be at least 1, but is 0"),
        (["akrout2019", "--jobs", "0"], "jobs must be at least 1, but is 0"),
    ):
        code, out, err = run_command(capsys, "reproduce", *words)
        assert code == 2 and out == "" and sentence in err
    assert not list(tmp_path.iterdir())


# -- the figure and the page ---------------------------------------------------------------------

RUNS = {
    "bp": [{"loss": [1.0, 0.5], "test_accuracy": [0.8, 0.9]}],
    "wm": [
        {
            "loss": [2.0, 1.0],
            "test_accuracy": [0.7, 0.8 + 0.1 * seed],
            "weight_angle": [60.0, 40.0],
            "delta_angle": [50.0, 30.0],
        }
        for seed in (0, 1)
    ],
}


def records(form: str):
    return [
        {"task": {"form": form, "rule": rule, "seed": seed}, "result": {"stopped": None} | run}
        for rule, runs in RUNS.items()
        for seed, run in enumerate(runs)
    ]


def test_the_figure_draws_the_mean_over_seeds_and_the_authors_curve_for_as_many_epochs():
    """Their 400 epochs beside our two would hide that ours are short."""
    picture = draw(RUNS, {rule: published(rule) for rule in RULES})
    lines = {
        (axes.get_title(), line.get_label()): line for axes in picture.axes for line in axes.lines
    }
    assert isinstance(picture, plots.Picture) and len(lines) == 2 * 6
    np.testing.assert_allclose(lines["Test accuracy", "wm"].get_ydata(), [0.7, 0.85])
    authors = lines["Test accuracy", "_wm, the authors'"]
    np.testing.assert_allclose(authors.get_xydata(), [[1, 0.7848], [2, 0.8423]])


def test_a_run_that_failed_is_named_and_is_in_no_mean():
    """A mean over the remaining runs alone must be marked as such."""
    broken = {"task": {"form": "paper", "rule": "wm", "seed": 2}, "error": "MemoryError: too much"}
    stopped = {"task": {"form": "paper", "rule": "bp", "seed": 1},
               "result": {"stopped": "bp was stopped in epoch 1", "loss": []}}  # fmt: skip
    everything = [*records("paper"), broken, stopped]
    page = STUDY.page(everything, "nofb reproduce")
    assert "MemoryError: too much" in page and "bp was stopped in epoch 1" in page
    assert "| wm | 2 | 2 | 1 ± 0 | 85.00 ± 7.07 |" in page
    assert "| bp | 1 | 2 |" in page


def test_every_number_has_the_seed_of_its_run():
    """Seeds 2 and 4 that are called 0 and 1 could not be run again."""
    runs = [
        {"task": {"rule": rule, "seed": seed}, "result": {"loss": [0.1], "test_accuracy": [0.9]}}
        for seed in (4, 2)
        for rule in ("kp", "bp")
    ]
    _, *rows = paper.lines(runs)
    assert [row[1:4] for row in rows] == [["bp", "4", "1"], ["bp", "2", "1"], ["kp", "4", "1"],
                                          ["kp", "2", "1"]]  # fmt: skip
