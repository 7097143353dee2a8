"""Frenkel et al.: why FA and DFA differ with one hidden layer in the released code."""

import json
from pathlib import Path

import numpy as np
import pytest
from tiny_images import tiny

import nofb
from nofb.optimizers import SGD
from nofb.papers.found import FILE
from nofb.papers.frenkel2021 import mean, released, search, training


def run_of(rule, model, optimizer, steps=1):
    """Return the hidden weights before and after some steps on the same batch."""
    data = tiny("mnist").flat()
    net = training.network(model, seed=0)
    before = [layer.W.copy() for layer in net.weighted]
    nofb.fit(net, training.rule_of(rule), data, steps, len(data.x_train), optimizer, 0, probe=0,
             progress=False)  # fmt: skip
    return [layer.W - start for layer, start in zip(net.weighted, before, strict=True)]


def plain(**options):
    return SGD(lr=0.01, momentum=0.9, nesterov=True, **options)


def summed(rule, last):
    return released.AsReleased(lr=0.01, momentum=0.9, nesterov=True,
                               summed=rule in released.SUMMED, last=last)  # fmt: skip


def test_with_means_fa_and_dfa_are_one_rule_if_there_is_one_hidden_layer():
    """The same random numbers stand in B and D, so that the whole runs are equal."""
    fa, dfa = (run_of(rule, "784-500-10", plain(), steps=3) for rule in ("fa", "dfa"))
    for one, other in zip(fa, dfa, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-7)


def test_as_the_released_code_sums_their_hidden_layers_learn_a_thousandfold_apart():
    """Batches of a hundred, and a loss that is a mean over ten outputs too."""
    fa, dfa = (run_of(rule, "784-500-10", summed(rule, last=1)) for rule in ("fa", "dfa"))
    ratio = training.BATCH * training.OUTPUTS
    assert np.linalg.norm(dfa[0]) / np.linalg.norm(fa[0]) == pytest.approx(ratio, rel=1e-3)
    assert np.linalg.norm(dfa[1]) / np.linalg.norm(fa[1]) == pytest.approx(1, rel=1e-3)


def test_biases_learn_at_the_rate_of_their_layer():
    """A bias that follows another sum would be a third form."""
    made = summed("dfa", last=1)
    for name, factor in (("0.W", 100), ("0.b", 100), ("1.W", 0.1), ("1.b", 0.1)):
        *_, (lr, *_) = made.plan(name, np.zeros((3, 2) if "W" in name else 2))
        assert lr == pytest.approx(0.01 * factor)


@pytest.mark.parametrize("rule", training.RULES)
def test_hidden_layers_learn_as_fast_in_both_forms(rule):
    """Otherwise a difference between the forms could be one of rates."""
    lr = released.rate(rule, 0.1)
    factor = training.BATCH if rule in released.SUMMED else 1 / training.OUTPUTS
    assert lr * factor == pytest.approx(0.1)


def test_weights_and_feedback_are_drawn_as_in_the_released_code():
    """W is PyTorch's, uniform on ±1/√n_in; feedback is He's, uniform on ±√(6/n)."""
    net = training.network("784-1000-10", seed=0)
    training.rule_of("fa").attach(net, 0)
    first, last = net.weighted
    assert 0.99 / np.sqrt(784) < np.abs(first.W).max() <= 1 / np.sqrt(784)
    assert 0.99 * np.sqrt(6 / 1000) < np.abs(last.B).max() <= np.sqrt(6 / 1000)


@pytest.mark.parametrize("rule", ["fa", "drtp"])
def test_the_search_trains_the_network_and_the_feedback_of_the_study(rule, monkeypatch):
    """With smaller feedback, another rate is best: fa was at chance at the rate found with it."""
    given = {}

    def look(net, rule, data, epochs, batch_size, optimizer, **more):
        given.update(net=net, rule=rule, epochs=epochs, lr=optimizer.lr, **more)
        return nofb.fit(net, rule, data, 1, batch_size, optimizer, **more)

    monkeypatch.setattr(search.datasets, "load", tiny)
    monkeypatch.setattr(search, "fit", look)
    assert 0 <= search.accuracy(rule, 0.01) <= 1
    assert given["lr"] == 0.01 and given["validation"] == 0.2
    assert given["epochs"] == {"fa": 10, "drtp": training.EPOCHS}[rule]
    assert given["rule"].feedback_init is training.he_uniform
    bound = np.abs(training.network(search.MODEL, 0).weighted[0].W).max()
    assert bound == pytest.approx(1 / np.sqrt(784), rel=0.01)
    assert [layer.n_out for layer in given["net"].weighted] == [500, 500, 10]


def test_the_search_goes_on_where_its_last_rate_is_best(monkeypatch):
    """A best rate at an end may be far from the best one."""
    monkeypatch.setattr(search, "accuracy", lambda rule, lr: 1 - abs(lr - 0.4))
    assert list(search.search("fa")) == [0.01, 0.03, 0.1, 0.2, 0.4, 0.8]


def test_every_rule_has_the_best_rate_that_was_found():
    """A rate chosen by hand could be one that suits the test images."""
    found = json.loads(Path(search.__file__).with_name(FILE).read_text("utf-8"))
    for rule in training.RULES:
        tried = {float(lr): score for lr, score in found["validation_accuracy"][rule].items()}
        best = search.best(tried)
        assert found["best"][rule] == {"lr": best} and min(tried) < best < max(tried)


def test_every_published_number_has_a_run_in_each_form():
    """The slides have sixteen; none may be left out."""
    for part in (mean.PART, released.PART):
        runs = {(task["model"], task["rule"]) for task in part.tasks(None)}
        assert set(training.PUBLISHED) == runs and len(runs) == 16


def test_a_cell_has_ours_and_the_published_error():
    """A reader compares within one cell."""
    task = {"form": "mean", "model": "784-500-10", "rule": "drtp", "seed": 0, "lr": 0.2}
    result = {"stopped": None, "train_error": [1.0], "test_error": [4.5], "seconds": 90.0}
    ((_, (heads, row)),) = mean.PART.tables([{"task": task, "result": result}]).items()
    assert row[0] == "784-500-10" and row[4] == "4.50 (1.00) / 4.58 ± 0.12"
    assert dict(zip(heads, row, strict=True))["minutes"] == "- - - 1.5"
    assert mean.PART.lines([{"task": task, "result": result}])[1][:4] == [
        "mean", "784-500-10", "drtp", "0",
    ]  # fmt: skip
