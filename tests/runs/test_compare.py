"""The comparison: all rules start alike, means are over all runs, and rates are found fairly."""

import numpy as np
import pytest

from nofb import fingerprint, report
from nofb.rules import (
    COMPARED,
    RULES,
    FeedbackAlignment,
)
from nofb.runs.compare import compare, comparison_plan
from nofb.runs.grid import finished
from nofb.runs.rates import SEARCHED_ON, tuned_rate
from nofb.runs.run_log import read_log
from nofb.runs.specification import Specification
from nofb.runs.train import train
from nofb.runs.tune import SEARCHES, Rates, find
from nofb.training import OPTIMIZERS

SMALL = Specification(hidden=(8,), epochs=2)


def test_all_rules_start_from_the_same_weights():
    """A rule with luckier initial weights would look like a better rule."""
    comparison = compare(["bp", "dfa", "drtp"], SMALL, seeds=2)
    for seed in comparison.seeds:
        starts = {r.history.start["test_loss"] for r in comparison.results if r.seed == seed}
        assert len(starts) == 1
    seeds = {result.history.start["test_loss"] for result in comparison.results}
    assert len(seeds) == 2


def test_with_one_hidden_layer_sequential_direct_and_indirect_feedback_are_one_rule():
    """B and D have the same random numbers: the whole run must agree, not only one step."""
    comparison = compare(
        ["fa", "dfa", "ifa"], Specification(hidden=(8,), epochs=2, lr=0.01), seeds=1
    )
    fa, dfa, ifa = (comparison.curves(rule, "test_accuracy") for rule in comparison.rules)
    np.testing.assert_array_equal(fa, dfa)
    np.testing.assert_array_equal(fa, ifa)


def test_the_final_score_is_the_mean_and_the_sample_deviation_over_seeds():
    """The spread of three seeds divided by n would be too small by a fifth."""
    comparison = compare(["fa"], SMALL, seeds=3)
    last = [result.history["test_accuracy"][-1] for result in comparison.results]
    mean, deviation = comparison.final("fa", "test_accuracy")
    assert mean == pytest.approx(np.mean(last))
    assert deviation == pytest.approx(np.std(last, ddof=1))


def test_a_run_that_diverges_is_kept_and_is_in_no_mean():
    """If it was left out silently, an unstable rule would look good."""
    unstable = Specification(hidden=(8,), activation="relu", epochs=1, optimizer="sgd", lr=1e6)
    comparison = compare(["bp"], unstable, seeds=2)
    assert all("bp was stopped in epoch 1" in result.stopped for result in comparison.results)
    assert comparison.of("bp") == []
    assert all(np.isnan(value) for value in comparison.final("bp", "test_accuracy"))


def test_the_default_comparison_leaves_out_flawed_rules_mirror_variants_and_targets():
    """It must take only seconds, and a flawed rule must be requested by its name."""
    twelve = [
        "bp",
        "fa",
        "dfa",
        "ifa",
        "drtp",
        "sdfa",
        "usf",
        "frsf",
        "brsf",
        "kp",
        "wm",
        "shallow",
    ]  # of the first figure
    assert list(COMPARED) == twelve, "set compared = False on the class of a new rule"


def test_every_rule_and_optimizer_has_a_searched_rate_on_digits():
    """`nofb compare` must run without settings, with any optimizer."""
    for optimizer in OPTIMIZERS:
        for rule in RULES:
            assert tuned_rate("digits", rule, optimizer) > 0
    for data in SEARCHED_ON:
        assert tuned_rate(data, "fa", "rmsprop") in SEARCHES["mnist"].grids["rmsprop"]
    with pytest.raises(ValueError, match="no learning rate was searched for rule 'fa' with 'sgd'"):
        tuned_rate("mnist", "fa", "sgd")


def test_the_search_takes_the_rate_with_the_best_held_out_accuracy():
    """A rate that was chosen by hand, or on the test split, would make the comparison unfair."""
    search = Rates(SMALL.replace(validation=0.2, probe=0), {"sgd": (1e-6, 0.1)}, 1)
    found = find(search, jobs=1)
    assert set(found["rates"]["sgd"]) == set(RULES)
    for rule, rate in found["rates"]["sgd"].items():
        accuracy = found["validation_accuracy"]["sgd"][rule]
        assert accuracy[str(rate)] == max(accuracy.values())
    assert found["rates"]["sgd"]["bp"] == 0.1


def test_the_search_never_uses_a_test_sample():
    """The held-out samples must come from the training samples only."""
    data = SMALL.load()
    held = data.split_validation(0.2, 0)
    rows = {row.tobytes() for row in held.x_test} | {row.tobytes() for row in held.x_train}
    assert rows <= {row.tobytes() for row in data.x_train}
    run = train(SMALL, data=held)
    assert run.history["test_accuracy"][-1] == run.net.accuracy(held.x_test, held.y_test)


def test_a_run_can_be_repeated_alone():
    """A user must be able to reproduce one row of a table without the others."""
    comparison = compare(["bp", "brsf"], SMALL, seeds=2)
    alone = train(SMALL.replace(rule="brsf", seed=1))
    together = comparison.of("brsf")[1]
    np.testing.assert_array_equal(alone.history["loss"], together.history["loss"])


def test_toys_and_regressions_can_be_compared_too():
    """Images are centred; points in a plane are not."""
    for data in ("two_moons", "linear_teacher"):
        settings = Specification(data=data, hidden=(6,), epochs=1, input_dropout=0, lr=0.01)
        comparison = compare(["bp", "fa"], settings, seeds=1)
        assert np.isfinite(comparison.final("fa", "test_loss")[0])
    assert comparison.classes is None


class Mine(FeedbackAlignment):
    """A user's own rule, which only this module defines."""

    name = "mine"
    title = "my rule"


class Broken(Mine):
    """A rule with an error."""

    def signals(self, net, trace):
        raise KeyError("delta")


def histories(comparison):
    """Return the results of a comparison, without the time they took."""
    return {
        (r.rule, r.seed): [value.tolist() for name, value in r.history.items() if name != "seconds"]
        for r in comparison.results
    }


def test_an_interrupted_comparison_resumes_with_the_same_numbers(tmp_path):
    """An hour of training must neither be lost nor be repeated."""
    log, seen = tmp_path / "runs.jsonl", []
    whole = compare(["bp", "brsf"], SMALL, seeds=2)

    def stop(result):
        seen.append(result)
        if len(seen) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare(["bp", "brsf"], SMALL, seeds=2, done=stop, log=log)
    kept = log.read_text()
    assert len(kept.splitlines()) == 3
    resumed = compare(["bp", "brsf"], SMALL, seeds=2, log=log)
    np.testing.assert_equal(histories(resumed), histories(whole))
    assert log.read_text().startswith(kept) and len(log.read_text().splitlines()) == 4


def test_other_settings_in_the_same_folder_do_not_mix(tmp_path):
    """An old run with a new heading would be a wrong number in a table."""
    log = tmp_path / "runs.jsonl"
    compare(["fa"], SMALL, seeds=1, log=log)
    others = [
        {"lr": 0.5},
        {"hidden": (9,)},
        {"activation": "relu"},
        {"batch_size": 31},
        {"epochs": 1},
    ]
    for other in others:
        settings = SMALL.replace(**other)
        assert finished(comparison_plan(["fa"], settings, 1).tasks, log) == 0
        np.testing.assert_equal(
            histories(compare(["fa"], settings, seeds=1, log=log)),
            histories(compare(["fa"], settings, seeds=1)),
        )
    assert len(read_log(log)) == len(others) + 1


def test_a_run_of_other_code_is_another_run(tmp_path, monkeypatch):
    """A student who fixes a kernel must not see the result of the broken one."""
    log = tmp_path / "runs.jsonl"
    compare(["fa"], SMALL, seeds=1, log=log)
    assert finished(comparison_plan(["fa"], SMALL, 1).tasks, log) == 1
    monkeypatch.setattr(fingerprint, "of_nofb", lambda: "mended")
    assert finished(comparison_plan(["fa"], SMALL, 1).tasks, log) == 0
    with pytest.raises(RuntimeError, match="is not the one that asks for this run"):
        fingerprint.check("what a worker on another machine has")
    assert fingerprint.of_class(Mine) != fingerprint.of_class(Broken)
    assert fingerprint.of_class(FeedbackAlignment) is None


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_custom_rule_is_compared_in_processes_that_have_not_imported_it(monkeypatch, jobs):
    """Researchers use the comparison mainly for their own rules."""
    monkeypatch.setitem(RULES, "mine", Mine)
    found = histories(compare(["fa", "mine"], SMALL.replace(lr=0.01), seeds=1, jobs=jobs))
    np.testing.assert_equal(found["mine", 0], found["fa", 0])


def test_a_run_that_raises_an_error_is_reported_and_the_others_are_shown(monkeypatch, tmp_path):
    """An error in one rule must not lose the comparison of the others."""
    monkeypatch.setitem(RULES, "mine", Broken)
    comparison = compare(["bp", "mine"], SMALL.replace(lr=0.01), seeds=2)
    assert [r.stopped for r in comparison.results if r.rule == "mine"] == 2 * [
        "mine failed with KeyError: 'delta'"
    ]
    assert len(comparison.of("bp")) == 2 and comparison.of("mine") == []
    page = report.write(comparison, tmp_path, "nofb compare").read_text("utf-8")
    assert "Seed 1: mine failed with KeyError: &#x27;delta&#x27;." in page
    assert "mine failed" in report.table(comparison)


def test_a_search_resumes_after_a_stop(tmp_path):
    """It trains for ten minutes; it must find the same rates as without a stop."""
    search = Rates(SMALL.replace(validation=0.2, probe=0), {"sgd": (1e-6, 0.1)}, 1)
    log = tmp_path / "digits.jsonl"
    found = find(search, jobs=1, log=log)
    lines = log.read_text().splitlines(keepends=True)
    log.write_text("".join(lines[:5]) + lines[5][:20])
    assert find(search, jobs=1, log=log) == found == find(search, jobs=2)
    assert len(log.read_text().splitlines()) == len(lines)
