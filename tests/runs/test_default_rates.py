"""A rule whose rate nobody has searched for runs with a default, and every door says so."""

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
    """Let `kp` be a rule that no search has seen."""
    monkeypatch.setattr(
        "nofb.runs.specification.was_searched", lambda data, rule, optimizer: rule != "kp"
    )


def says_so(text):
    """Say how often a text tells of the default rate, however its lines are broken."""
    plain = re.sub(r"<[^>]*>", "", " ".join(text.split()))
    rate = tuned_rate("digits", "kp", "rmsprop")
    sentence = f"kp has no learning rate of its own yet and runs with that of {RATED}, {rate:g}; "
    cure = "another may suit it better: give one with lr (--lr), or search for one with a grid of"
    return plain.count(sentence + cure)


def test_training_says_that_a_rate_is_a_default(capsys):
    """A curve that is slow because of its rate would be called slow because of its rule."""
    options = ["--epochs", "1", "--hidden", "8"]
    assert main(["train", "kp", *options]) == 0
    assert says_so(capsys.readouterr().out) == 1
    assert main(["train", "kp", *options, "--lr", "0.01"]) == 0
    assert main(["train", "fa", *options]) == 0
    assert "learning rate of its own" not in capsys.readouterr().out


def test_a_comparison_says_it_in_the_terminal_and_on_its_page(capsys, tmp_path):
    """A row below the others is not yet a worse rule."""
    words = ["--epochs", "1", "--hidden", "8", "--seeds", "1", "--jobs", "1"]
    assert main(["compare", "--rules", "bp", "kp", *words, "--out", str(tmp_path)]) == 0
    assert says_so(capsys.readouterr().out) == 1
    assert says_so((tmp_path / "report.html").read_text("utf-8")) == 1


def test_a_sweep_says_it_once_however_many_cells_it_has(tmp_path):
    """The table that chooses settings said nothing of the one that it had not chosen."""
    seeds, grid = 1, {"batch_size": [32, 64]}
    found = nofb.sweep(["bp", "kp"], seeds, settings=FEW, grid=grid, out=tmp_path, progress=False)
    assert says_so(str(found)) == says_so((tmp_path / "table.txt").read_text("utf-8")) == 1


def test_a_sweep_over_rates_has_no_default_to_speak_of():
    """It is the cure that the sentence names."""
    found = nofb.sweep(["kp"], 1, settings=FEW, grid={"lr": [0.01, 0.02]}, progress=False)
    assert not says_so(str(found))


def test_a_sweep_of_another_network_says_whose_rates_it_has():
    """The rates are those of dense layers, and feedback alignment stays at chance with them."""
    runs = [Specification(network="lenet", rule=rule) for rule in ("fa", "bp", "kp")]
    (sentence,) = default_rates(runs)
    assert "found for dense layers" in sentence and sentence.endswith("in nofb sweep.")


def test_the_python_interface_says_it_too():
    """Nobody reads the sentence of a command that was not run."""
    comparison = compare(["bp", "kp"], Specification(hidden=(8,), epochs=1), seeds=1)
    assert says_so(table(comparison)) == 1
