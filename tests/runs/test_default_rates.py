"""A rule without a searched rate runs with the default rate, and every command says so."""

import re

import pytest

import nofb
from nofb.cli import main
from nofb.report.summary import table
from nofb.runs.compare import compare
from nofb.runs.rates import RATED, tuned_rate
from nofb.runs.specification import Specification, default_rates

FEW = {"epochs": 1, "hidden": [8]}


@pytest.fixture(autouse=True)
def unsearched(monkeypatch):
    """Make `kp` a rule without a searched rate."""
    monkeypatch.setattr(
        "nofb.runs.specification.was_searched", lambda data, rule, optimizer: rule != "kp"
    )


def says_so(text):
    """Return how often a text mentions the default rate, in any line layout."""
    plain = re.sub(r"<[^>]*>", "", " ".join(text.split()))
    rate = tuned_rate("digits", "kp", "rmsprop")
    sentence = f"kp has no learning rate of its own yet and runs with that of {RATED}, {rate:g}; "
    cure = "another may suit it better: give one with lr (--lr), or search for one with a grid of"
    return plain.count(sentence + cure)


def test_training_says_that_a_rate_is_a_default(capsys):
    """Otherwise a rule could seem slow only because of its rate."""
    options = ["--epochs", "1", "--hidden", "8"]
    assert main(["train", "kp", *options]) == 0
    assert says_so(capsys.readouterr().out) == 1
    assert main(["train", "kp", *options, "--lr", "0.01"]) == 0
    assert main(["train", "fa", *options]) == 0
    assert "learning rate of its own" not in capsys.readouterr().out


def test_a_comparison_says_it_in_the_terminal_and_on_its_page(capsys, tmp_path):
    """A row below the others does not yet mean that the rule is worse."""
    words = ["--epochs", "1", "--hidden", "8", "--seeds", "1", "--jobs", "1"]
    assert main(["compare", "--rules", "bp", "kp", *words, "--out", str(tmp_path)]) == 0
    assert says_so(capsys.readouterr().out) == 1
    assert says_so((tmp_path / "report.html").read_text("utf-8")) == 1


def test_a_sweep_says_it_once_for_any_number_of_cells(tmp_path):
    """The table for choosing settings did not mention the one that was a default."""
    seeds, grid = 1, {"batch_size": [32, 64]}
    found = nofb.sweep(["bp", "kp"], seeds, settings=FEW, grid=grid, out=tmp_path, progress=False)
    assert says_so(str(found)) == says_so((tmp_path / "table.txt").read_text("utf-8")) == 1


def test_a_sweep_over_rates_does_not_mention_a_default():
    """Such a sweep is the cure that the sentence recommends."""
    found = nofb.sweep(["kp"], 1, settings=FEW, grid={"lr": [0.01, 0.02]}, progress=False)
    assert not says_so(str(found))


def test_a_sweep_of_another_network_names_the_source_of_its_rates():
    """The rates are those of dense layers, with which feedback alignment stays at chance here."""
    runs = [Specification(network="lenet", rule=rule) for rule in ("fa", "bp", "kp")]
    (sentence,) = default_rates(runs)
    assert "found for dense layers" in sentence and sentence.endswith("in nofb sweep.")


def test_the_python_interface_says_it_too():
    """A user of Python does not see the sentences of the command."""
    comparison = compare(["bp", "kp"], Specification(hidden=(8,), epochs=1), seeds=1)
    assert says_so(table(comparison)) == 1
