"""The comparison: the same start for all rules, honest means, and rates found fairly."""

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
    """A rule with luckier weights would look like a better rule."""
    comparison = compare(["bp", "dfa", "drtp"], SMALL, seeds=2)
    for seed in comparison.seeds:
        starts = {r.history.start["test_loss"] for r in comparison.results if r.seed == seed}
        assert len(starts) == 1
    seeds = {result.history.start["test_loss"] for result in comparison.results}
    assert len(seeds) == 2


def test_one_hidden_layer_makes_sequential_direct_and_indirect_feedback_one_rule():
    """The same random numbers in B and D: the whole run must agree, not only one step."""
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
    """Leaving it out silently would make an unstable rule look good."""
    unstable = Specification(hidden=(8,), activation="relu", epochs=1, optimizer="sgd", lr=1e6)
    comparison = compare(["bp"], unstable, seeds=2)
    assert all("bp was stopped in epoch 1" in result.stopped for result in comparison.results)
    assert comparison.of("bp") == []
    assert all(np.isnan(value) for value in comparison.final("bp", "test_accuracy"))


def test_the_default_comparison_leaves_out_flaws_neighbours_of_the_mirror_and_targets():
    """It must stay a matter of seconds, and a flaw must be asked for by its name."""
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
    ]  # of the first picture
    assert list(COMPARED) == twelve, "set compared = False on the class of a new rule"


def test_every_rule_and_optimizer_has_a_searched_rate_on_digits():
    """`nofb compare` must run as it comes, with any optimizer."""
    for optimizer in OPTIMIZERS:
        for rule in RULES:
            assert tuned_rate("digits", rule, optimizer) > 0
    for data in SEARCHED_ON:
        assert tuned_rate(data, "fa", "rmsprop") in SEARCHES["mnist"].grids["rmsprop"]
    with pytest.raises(ValueError, match="no learning rate was searched for rule 'fa' with 'sgd'"):
        tuned_rate("mnist", "fa", "sgd")


def test_the_search_takes_the_rate_with_the_best_held_out_accuracy():
    """Chosen by hand, or on the test split, a comparison would not be fair."""
    search = Rates(SMALL.replace(validation=0.2, probe=0), {"sgd": (1e-6, 0.1)}, 1)
    found = find(search, jobs=1)
    assert set(found["rates"]["sgd"]) == set(RULES)
    for rule, rate in found["rates"]["sgd"].items():
        accuracy = found["validation_accuracy"]["sgd"][rule]
        assert accuracy[str(rate)] == max(accuracy.values())
    assert found["rates"]["sgd"]["bp"] == 0.1


def test_the_search_never_sees_a_test_sample():
    """The held-out part must come out of the training samples alone."""
    data = SMALL.load()
    held = data.split_validation(0.2, 0)
    rows = {row.tobytes() for row in held.x_test} | {row.tobytes() for row in held.x_train}
    assert rows <= {row.tobytes() for row in data.x_train}
    run = train(SMALL, data=held)
    assert run.history["test_accuracy"][-1] == run.net.accuracy(held.x_test, held.y_test)


def test_a_run_can_be_repeated_alone():
    """One row of a table must be reproducible without the rest of the table."""
    comparison = compare(["bp", "brsf"], SMALL, seeds=2)
    alone = train(SMALL.replace(rule="brsf", seed=1))
    together = comparison.of("brsf")[1]
    np.testing.assert_array_equal(alone.history["loss"], together.history["loss"])


def test_toys_and_regressions_can_be_compared_too():
    """Images are centred; points in a plane are left as they are."""
    for data in ("two_moons", "linear_teacher"):
        settings = Specification(data=data, hidden=(6,), epochs=1, input_dropout=0, lr=0.01)
        comparison = compare(["bp", "fa"], settings, seeds=1)
        assert np.isfinite(comparison.final("fa", "test_loss")[0])
    assert comparison.classes is None


class Mine(FeedbackAlignment):
    """A rule of the user's own, which only this module has."""

    name = "mine"
    title = "my rule"


class Broken(Mine):
    """A rule with a mistake in it."""

    def signals(self, net, trace):
        raise KeyError("delta")


def histories(comparison):
    """What a comparison found, without the time it took."""
    return {
        (r.rule, r.seed): [value.tolist() for name, value in r.history.items() if name != "seconds"]
        for r in comparison.results
    }


def test_an_interrupted_comparison_goes_on_with_the_same_numbers(tmp_path):
    """What was trained for an hour must neither be lost nor be trained again."""
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
    """An old run under a new heading would be a wrong number in a table."""
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


def test_other_code_is_another_run(tmp_path, monkeypatch):
    """A student who mends a kernel must not be shown what the broken one did."""
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
def test_a_rule_of_the_users_own_is_compared_in_processes_that_never_heard_of_it(monkeypatch, jobs):
    """Adding a rule and comparing it is what a researcher came for."""
    monkeypatch.setitem(RULES, "mine", Mine)
    found = histories(compare(["fa", "mine"], SMALL.replace(lr=0.01), seeds=1, jobs=jobs))
    np.testing.assert_equal(found["mine", 0], found["fa", 0])


def test_a_run_that_raises_is_reported_and_the_others_are_shown(monkeypatch, tmp_path):
    """A mistake in one rule must not cost the comparison of the others."""
    monkeypatch.setitem(RULES, "mine", Broken)
    comparison = compare(["bp", "mine"], SMALL.replace(lr=0.01), seeds=2)
    assert [r.stopped for r in comparison.results if r.rule == "mine"] == 2 * [
        "mine failed with KeyError: 'delta'"
    ]
    assert len(comparison.of("bp")) == 2 and comparison.of("mine") == []
    page = report.write(comparison, tmp_path, "nofb compare").read_text("utf-8")
    assert "Seed 1: mine failed with KeyError: &#x27;delta&#x27;." in page
    assert "mine failed" in report.table(comparison)


def test_a_search_goes_on_where_it_stopped(tmp_path):
    """It trains for ten minutes; and it must find the same rates as without a stop."""
    search = Rates(SMALL.replace(validation=0.2, probe=0), {"sgd": (1e-6, 0.1)}, 1)
    log = tmp_path / "digits.jsonl"
    found = find(search, jobs=1, log=log)
    lines = log.read_text().splitlines(keepends=True)
    log.write_text("".join(lines[:5]) + lines[5][:20])
    assert find(search, jobs=1, log=log) == found == find(search, jobs=2)
    assert len(log.read_text().splitlines()) == len(lines)
