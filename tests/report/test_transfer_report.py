"""What the report of a comparison of methods of transfer says, tested without a run."""

from dataclasses import replace

import numpy as np

from nofb.report.transfer import outcome
from nofb.report.transfer_table import as_csv, as_markdown, notes, table
from nofb.runs.transfer import Plan, Transfers
from nofb.transfer.tasks import BITS, TASKS

BLOCKS = 4
ENDS = {"linear": 0.3, "lora": 0.8, "toast": 0.7}


def record(case, seed=0, score=0.5, stopped=None, **more):
    """A record as the log keeps it."""
    steered = case.startswith("toast")
    after = [0.2, 0.6, 0.6, 0.6] if case != "linear" else [0.2] * BLOCKS
    result = {
        "stopped": stopped,
        "history": {"test_accuracy": [0.1, score], "test_loss": [2.0, 1.0], "seconds": [1.0, 3.0]},
        "trained": 1000, "all": 4000, "cost": 2.1, "mask": 0.1 if steered else None,
        "td": [1.0] * BLOCKS if steered else None, "mask_of": None, "dead": False,
        "on_before": [0.2] * BLOCKS, "on_after": after,
    }  # fmt: skip
    task = {"case": case, "seed": seed, "lr": 0.01, "rule": "bp", "samples": 60, "epochs": 2}
    return {"task": task, "result": result | more, "seconds": 5.0}


def transfers(*records, **options):
    cases = tuple(dict.fromkeys(each["task"]["case"] for each in records))
    seeds = 1 + max(each["task"]["seed"] for each in records)
    return Transfers(Plan(cases=cases, seeds=seeds, **options), records)


def test_the_summary_names_the_best_method_and_the_place_of_toast():
    """The paper claims that TOAST is best: if it is not, the first sentence must say so."""
    found = transfers(*(record(case, score=end) for case, end in ENDS.items()))
    said = outcome(found).replace("\u00a0", " ")
    assert "LoRA ends best, with a test accuracy of 80.0 %." in said
    assert "TOAST is number 2 of 3, with 70.0 %." in said


def test_means_spreads_and_seconds_are_over_seeds():
    """0.6 and 0.8 have the mean 0.7 and the sample deviation 0.1414; each run took 4 s."""
    found = transfers(record("toast", 0, 0.6), record("toast", 1, 0.8))
    row = table(found).splitlines()[2].split()
    assert row[:2] == ["toast", "TOAST"]
    assert "70.0 ± 14.1 %" in table(found)
    assert found.seconds("toast") == 4.0


def test_the_number_of_seeds_is_stated_with_the_means(tmp_path):
    """A mean of two seeds and one of ten are not equally sure."""
    two = transfers(record("toast", 0, 0.6), record("toast", 1, 0.8))
    for text in (table(two), as_markdown(two, "title", "outcome", "command")):
        assert "the mean of 2 seeds ± the standard deviation of one" in text.replace("\n", " ")
    assert "of one seed: differences may be chance" in table(transfers(record("toast")))


def test_attention_is_shown_if_it_changed():
    """A linear probe changes none; the last block of TOAST went from 20 to 60 %."""
    lines = table(transfers(record("linear"), record("toast"))).splitlines()
    assert "20 → 60 %" in lines[3] and "→" not in lines[2]


def test_a_dead_mask_is_reported_first():
    """Such a run is a linear probe, and a student would blame TOAST."""
    found = transfers(record("toast", dead=True))
    (said,) = [each for each in notes(found) if "died" in each]
    assert said.startswith("toast, seed 0: the mask has died.")
    assert "died" in outcome(found)


def test_a_run_that_stopped_is_in_no_mean_and_is_named():
    """A mean that includes a diverged run has no meaning."""
    found = transfers(record("toast", 0, 0.6), record("toast", 1, 0.1, stopped="it diverged"))
    assert found.scores("toast").tolist() == [0.6]
    assert "toast, seed 1: it diverged." in notes(found)
    nothing = transfers(record("toast", stopped="it diverged"))
    assert "stopped" in table(nothing)
    assert outcome(nothing) == "No run was completed."


def test_the_source_of_the_rates_is_stated_for_another_rule():
    """A rate that was found for another rule may be a poor one."""
    said = "The rates were found for backprop, not for fa."
    assert said in notes(transfers(record("toast"), rule="fa"))
    assert said not in notes(transfers(record("toast"), rule="fa", lr=0.1))


def test_every_epoch_and_every_block_has_a_line():
    """Two epochs of three measures; the mask, and td, before and after of four blocks."""
    lines = as_csv(transfers(record("toast"))).splitlines()
    assert len(lines) == 1 + 2 * 3 + 1 + 3 * BLOCKS
    assert any(line.endswith('2,"td, block 4",1.0') for line in lines)


def test_characters_are_scored_in_bits(monkeypatch):
    """A loss of ln 2 nats is one bit."""
    monkeypatch.setitem(TASKS, "vision", replace(TASKS["vision"], measure=BITS))
    found = transfers(record("toast"))
    found.records[0]["result"]["history"]["test_loss"][-1] = float(np.log(2))
    np.testing.assert_allclose(found.scores("toast"), [1.0])
