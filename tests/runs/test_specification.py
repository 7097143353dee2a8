"""A run has one specification: Python, a command line and TOML give the same one."""

import json
from argparse import ArgumentParser

import numpy as np
import pytest

from nofb.cli import main
from nofb.cli.options import add_settings, read_settings
from nofb.cli.sweep import read_plan
from nofb.runs.plan import make_plan
from nofb.runs.specification import COMMON, Specification, names
from nofb.runs.task import specification_of, task_of
from nofb.strict_json import canonical

RUN = Specification(
    "two_moons", hidden=(6, 5), activation="relu", input_dropout=0.2, optimizer="sgd", lr=0.02,
    epochs=3, batch_size=7,
)  # fmt: skip
WORDS = "--data two_moons --hidden 6 5 --activation relu --input-dropout 0.2 --optimizer sgd"
TOML = """rules = ["fa"]
seeds = [4]
settings = {data = "two_moons", optimizer = "sgd", lr = 0.02, epochs = 3, batch_size = 7}
network = {name = "mlp", hidden = [6, 5], activation = "relu", input_dropout = 0.2}
"""


def of_words(words):
    parser = ArgumentParser()
    add_settings(parser)
    return read_settings(parser.parse_args(words.split()))


def test_a_command_line_gives_the_same_specification_as_python():
    """Otherwise a comparison from a shell could not be repeated in a notebook."""
    assert of_words(f"{WORDS} --lr 0.02 --epochs 3 --batch-size 7") == RUN
    assert of_words("") == Specification()


def test_a_sweeps_file_gives_the_same_specification_as_python(tmp_path):
    """Otherwise a log would have each run twice."""
    (tmp_path / "one.toml").write_text(TOML)
    (task,) = read_plan(tmp_path / "one.toml").tasks
    assert task == task_of(RUN.replace(rule="fa", seed=4))


def test_a_specification_is_restored_from_its_text():
    """A worker on another machine gets only the text."""
    run = RUN.replace(rule="dfa", attributes={"entries": 1}, seed=3, validation=0.2, samples=50)
    assert Specification(**json.loads(canonical(run.as_dict()))) == run
    whole = specification_of(json.loads(canonical(task_of(run))))
    assert whole.replace(attributes=run.attributes) == run
    assert canonical(task_of(whole)) == canonical(task_of(run))


def test_a_preset_is_stored_with_its_values():
    """Otherwise the log would give the old results after the preset changed."""
    run = Specification(rule="dtp", lr=0.1, attributes={"preset": "meulemans2020", "noise": 0.3})
    task = task_of(run)
    rule = run.make_rule()
    assert "preset" not in task["attributes"] and task["attributes"]["noise"] == 0.3
    assert task["attributes"]["step_size"] == rule.step_size


def test_one_seed_draws_the_same_network_and_another_seed_another_one():
    """With different starts the comparison of two rules would depend on chance."""
    data = RUN.load()
    first, again, other = (RUN.replace(seed=s).network_for(data).weighted[0].W for s in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_pixels_are_centred_by_default_and_the_first_samples_are_used():
    """A paper with pixels in [0, 1] must be reproduced with these."""
    plain, centred = (Specification(centred=each).load() for each in (False, True))
    assert plain.x_train.min() == 0 and centred.x_train.min() == -1
    few = Specification(samples=20).load()
    np.testing.assert_array_equal(few.x_train, centred.x_train[:20])
    np.testing.assert_array_equal(few.x_test, centred.x_test)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"network": "lemon"}, "network is 'lemon', but must be one of: mlp"),
        ({"maps": 6}, "the network mlp has no 'maps'; it has: hidden, activation"),
        (
            {"dtype": "float16"},
            "dtype is 'float16' (did you mean 'float64'?), but must be one of: ",
        ),
        ({"loss": "hinge"}, "loss is 'hinge', but must be one of: "),
        ({"samples": 0}, "samples must be at least 1, but is 0"),
        ({"centred": "yes"}, "centred must be true or false"),
    ],
)
def test_a_mistake_is_refused_before_any_run(given, sentence):
    """A misspelt name must not be found after an hour."""
    with pytest.raises((TypeError, ValueError)) as refused:
        Specification(**given)
    assert sentence.lower() in str(refused.value).lower()


def test_a_network_that_is_specified_twice_is_refused():
    """One of the two specifications would be ignored silently."""
    with pytest.raises(ValueError, match="hidden is in settings and in network: keep one of them"):
        make_plan(["bp"], 1, {"hidden": [4]}, network={"name": "mlp", "hidden": [5]})
    with pytest.raises(ValueError, match="hidden is in network and in grid: keep one of them"):
        make_plan(["bp"], 1, grid={"hidden": [[4], [5]]}, network={"hidden": [5]})


def test_the_command_takes_a_named_network(capsys):
    """A comparison of convolutions needs the network's name."""
    words = ["train", "fa", "--network", "mlp", "--hidden", "5", "--epochs", "1"]
    assert main(words) == 0 and "Dense(64, 5" in capsys.readouterr().out
    assert main(["train", "fa", "--network", "lemon"]) == 2
    assert "network is 'lemon', but must be one of: mlp" in capsys.readouterr().err


def test_no_option_of_a_network_has_the_name_of_a_setting():
    """`hidden` in a sweep's grid could then mean two things."""
    own = set(names()) - set(COMMON)
    assert own and not own & set(Specification.__dataclass_fields__)
    assert set(COMMON) < set(names())


def test_a_rate_that_was_found_for_dense_layers_is_reported_for_other_networks():
    """With it feedback alignment stays at chance on a LeNet; a reader must not blame the rule."""
    assert Specification(rule="fa").default_rate is None
    assert Specification(rule="fa", network="lenet", lr=0.01).default_rate is None
    said = Specification(rule="fa", network="lenet").default_rate
    assert "found for dense layers" in said and "--lr" in said
