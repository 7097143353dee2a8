"""Faults planted into the training loop: a test of its steps and measures must fail on each one.

These lines are no equations of a rule, so a fault finds its line by its text.
"""

import pytest
from planting import NO_FAULT, Fault, assert_seen, planted_runs

IN_PIECES = "test_a_batch_in_pieces_gives_the_updates_of_the_whole_batch"

FAULTS = {
    "a piece that is put in the first rows": Fault(
        "updates.py", "there = whole.whole_signal(layer)[rows]",
        "there = whole.whole_signal(layer)[: piece.samples]", IN_PIECES,
    ),
    "a piece that uses the errors of the first rows": Fault(
        "trace.py", "whole.target[rows], whole.error[rows]",
        "whole.target[: self.samples], whole.error[: self.samples]", IN_PIECES,
    ),
    "a custom rule that is cut because nofb's is": Fault(
        "rule.py", '    "by_sample": False,', "",
        "test_only_a_rule_that_declares_it_is_taught_in_pieces",
    ),
    "max-norm that lets a column grow to 1.5 times its limit": Fault(
        "kernels/steps.py", "if limit < length < np.inf:", "if 1.5 * limit < length < np.inf:",
        "test_every_column_above_the_limit_is_shortened_however_little_it_exceeds_it",
    ),
    "a last, smaller batch that counts as a full one": Fault(
        "training/epoch.py", "loss += batch_loss * len(x)", "loss += batch_loss * batches.size",
        "test_with_fixed_weights_the_running_measures_are_those_of_all_samples",
    ),
}  # fmt: skip

FOLDERS = ["training"]  # of tests, which are copied
runs = planted_runs(FAULTS, FOLDERS)


@pytest.mark.parametrize("name", [NO_FAULT, *FAULTS])
def test_a_fault_in_training_is_detected_by_its_test(name, runs):
    """If the tests pass with a wrong line, a run may have trained on other samples."""
    assert_seen(name, runs)
