"""The comparison: the same start for all rules, honest means, and rates found fairly."""

import numpy as np
import pytest

from nofb.experiments.compare import compare, run_one, train
from nofb.experiments.settings import SEARCHED_ON, Settings, tuned_rate
from nofb.experiments.tune import SEARCHES, Search, find
from nofb.rules import COMPARED, CONTROLS, NEIGHBOURS, RELEASED, RULES
from nofb.training import OPTIMIZERS

SMALL = Settings(hidden=(8,), epochs=2)


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
    comparison = compare(["fa", "dfa", "ifa"], Settings(hidden=(8,), epochs=2, lr=0.01), seeds=1)
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
    unstable = Settings(hidden=(8,), activation="relu", epochs=1, optimizer="sgd", lr=1e6)
    comparison = compare(["bp"], unstable, seeds=2)
    assert all("bp was stopped in epoch 1" in result.stopped for result in comparison.results)
    assert comparison.of("bp") == []
    assert all(np.isnan(value) for value in comparison.final("bp", "test_accuracy"))


def test_the_default_comparison_leaves_out_released_flaws_and_the_mirrors_neighbours():
    """It must stay a matter of seconds, and a flaw must be asked for by its name."""
    assert set(COMPARED) == set(RULES) - set(RELEASED) - set(NEIGHBOURS)
    assert set(CONTROLS) <= set(COMPARED) and {"fa", "wm", "kp"} <= set(COMPARED)


def test_every_rule_and_optimizer_has_a_searched_rate_on_digits():
    """`nofb compare` must run as it comes, with any optimizer."""
    for optimizer in OPTIMIZERS:
        for rule in RULES:
            assert tuned_rate("digits", rule, optimizer) in SEARCHES["digits"].grids[optimizer]
    for data in SEARCHED_ON:
        assert tuned_rate(data, "fa", "rmsprop") in SEARCHES["mnist"].grids["rmsprop"]
    with pytest.raises(ValueError, match="no learning rate was searched for rule 'fa' with 'sgd'"):
        tuned_rate("mnist", "fa", "sgd")


def test_the_search_takes_the_rate_with_the_best_held_out_accuracy():
    """Chosen by hand, or on the test split, a comparison would not be fair."""
    search = Search(SMALL, {"sgd": (1e-6, 0.1)}, seeds=1)
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
    run = train(SMALL, "bp", 0, held, probe=0)
    assert run.history["test_accuracy"][-1] == run.net.accuracy(held.x_test, held.y_test)


def test_a_run_can_be_repeated_alone():
    """One row of a table must be reproducible without the rest of the table."""
    comparison = compare(["bp", "brsf"], SMALL, seeds=2)
    alone = run_one(SMALL, "brsf", 1)
    together = comparison.of("brsf")[1]
    np.testing.assert_array_equal(alone.history["loss"], together.history["loss"])


def test_toys_and_regressions_can_be_compared_too():
    """Images are centred; points in a plane are left as they are."""
    for data in ("two_moons", "linear_teacher"):
        settings = Settings(data=data, hidden=(6,), epochs=1, input_dropout=0, lr=0.01)
        comparison = compare(["bp", "fa"], settings, seeds=1)
        assert np.isfinite(comparison.final("fa", "test_loss")[0])
    assert comparison.classes is None
