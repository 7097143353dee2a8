"""A network of one's own has a name: in a comparison, a sweep and at a command line.

A mistake in it is one sentence, before the first run.
"""

from __future__ import annotations

import pytest
from desks import at_work_in

import nofb
from nofb import Dense, Network, networks
from nofb.cli.main import main
from nofb.networks import own

MODULE = """
from nofb import Dense, Network

def make(seed, hidden=6, activation="tanh"):
    return Network([Dense(64, hidden, activation), Dense(hidden, 10)], seed=seed)

def both(seed, data):
    return None

def nothing(seed):
    return 5

def fails(seed):
    return 1 / 0

def wrong(seed):
    return Network([Dense(63, 10)], seed=seed)

five = 5
"""
FEW = ["--epochs", "1", "--lr", "0.05"]


@pytest.fixture
def desk(tmp_path):
    """A folder with a module of the user's own, as the current folder."""
    (tmp_path / "my_net.py").write_text(MODULE, encoding="utf-8")
    with at_work_in(tmp_path):
        yield tmp_path


@pytest.mark.parametrize("name", ["my_net:make", "my_net.py:make"])
def test_a_function_in_a_file_is_a_network_at_the_command_line(desk, name, capsys):
    """A researcher's network must not be copied into nofb to be compared."""
    assert main(["train", "fa", "--network", name, *FEW]) == 0
    assert "Dense(64, 6" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("my_nett:make", "no module is called 'my_nett': there is no my_nett.py"),
        ("my_net:mak", "has no 'mak'; the functions in it are: both, fails, make, nothing, wrong"),
        ("my_net:", "network must be module:function, such as my_net:make, but is 'my_net:'"),
        ("my_net:both", "must take the seed alone, and have a default for every other argument"),
        ("my_net:five", "my_net:five must be a function of the seed that returns a new network"),
        ("my_net:nothing", "nothing(0) must return a nofb.Network, but returns 5"),
        ("my_net:fails", "cannot be made: ZeroDivisionError in line 14: division by zero"),
        ("my_net:wrong", "x has samples of shape (64,), but the network takes (63,)"),
        ("lennet", "network is 'lennet' (did you mean 'lenet'?), but must be one of: mlp, lenet"),
    ],
)
def test_each_mistake_is_one_sentence_at_the_command_line(desk, name, sentence, capsys):
    """A traceback does not say what to change."""
    assert main(["train", "fa", "--network", name, *FEW]) == 2
    assert sentence in " ".join(capsys.readouterr().err.split())


def test_arguments_with_defaults_are_options_of_the_network(desk):
    """Then a sweep varies the width, as it does for nofb's networks."""
    assert networks.option_names("my_net:make") == ["hidden", "activation"]
    data = nofb.datasets.load("digits")
    assert networks.make("my_net:make", data, hidden=9).layers[0].n_out == 9
    with pytest.raises(ValueError, match="width"):
        networks.completed("my_net:make", {"width": 9})


def test_images_are_given_to_a_network_that_takes_images():
    """`digits` is flat when it is loaded, and a convolution needs rows and columns."""
    name = own.register(
        lambda seed: Network([nofb.Conv2D(1, 2, 3), nofb.Flatten(), Dense(72, 10)], seed=seed,
                             input_shape=(1, 8, 8)), "maps",
    )  # fmt: skip
    data = networks.prepared(name, nofb.datasets.load("digits").flat())
    assert data.x_train.shape[1:] == (1, 8, 8)
    with pytest.raises(ValueError, match="samples of shape"):
        networks.prepared(name, nofb.datasets.load("spirals"))


def test_a_comparison_at_the_command_line_resumes_and_sees_a_change(desk, capsys):
    """A run of yesterday's function must not stand for today's."""
    command = ["compare", "--rules", "bp", "--network", "my_net:make", "--seeds", "1", *FEW]
    assert main([*command, "--jobs", "1", "--out", "out"]) == 0
    first = (desk / "out" / "runs.jsonl").read_text("utf-8")
    assert main([*command, "--jobs", "1", "--out", "out"]) == 0
    assert "1 of 1 runs were finished earlier" in capsys.readouterr().out
    assert (desk / "out" / "runs.jsonl").read_text("utf-8") == first
    assert '"own_network": "' in first


def test_a_sweep_in_other_processes_imports_the_function(desk):
    """Two processes must train the user's network, and give the numbers of one process."""
    lists = {"grid": {"hidden": [3, 5]}, "settings": {"epochs": 1, "lr": 0.05}}
    one, two = (
        nofb.sweep(["bp"], 1, network="my_net:make", jobs=jobs, progress=False, **lists)
        for jobs in (1, 2)
    )
    ends = [[row["test_loss"] for row in found.rows()] for found in (one, two)]
    assert ends[0] == ends[1] and len(set(ends[0])) == 2
    assert [row["error"] for row in two.rows()] == [None, None]
