"""Data and networks of one's own: each route takes the same things, and gives the same numbers."""

import json

import numpy as np
import pytest
from desks import at_work_in

import nofb
from nofb import Dense, Network, datasets
from nofb.cli.main import main
from nofb.datasets import Dataset
from nofb.networks import own
from nofb.runs.specification import Specification

NET = """
from nofb import Dense, Network

def make(seed, hidden=5):
    return Network([Dense(16, hidden, "tanh"), Dense(hidden, 3)], seed=seed)
"""
DATA = """
import numpy as np
from nofb.datasets import Dataset

SEED = 0

def build():
    rng = np.random.default_rng(SEED)
    x, y = rng.random((90, 1, 4, 4)), np.arange(90) % 3
    return Dataset(x[:60], y[:60], x[60:], y[60:], name="bars")

def needs(path):
    return build()

def nothing():
    return 5

def fails():
    return 1 / 0

five = 5
"""
FEW = {"seeds": 2, "epochs": 2, "progress": False}


def bars():
    x, y = np.random.default_rng(0).random((90, 1, 4, 4)), np.arange(90) % 3
    return Dataset(x[:60], y[:60], x[60:], y[60:], name="bars")


def make(seed):
    return Network([Dense(16, 5, "tanh"), Dense(5, 3)], seed=seed)


def losses(found):
    return [row["test_loss"] for row in found.rows()]


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A folder with both modules, as the current folder."""
    (tmp_path / "my_net.py").write_text(NET, encoding="utf-8")
    (tmp_path / "my_data.py").write_text(DATA, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with at_work_in(tmp_path):
        yield tmp_path


# -- networks -------------------------------------------------------------------------------------


def test_a_sweep_with_two_jobs_takes_a_function_that_was_imported(desk):
    """`nofb.compare` takes it, and the other processes can import it just as well."""
    from my_net import make

    one, two = (
        nofb.sweep(["bp", "fa"], make, bars(), rates=[0.1], jobs=jobs, **FEW) for jobs in (1, 2)
    )
    assert [row["error"] for row in two.rows()] == [None] * 4
    assert losses(one) == losses(two) and len(set(losses(one))) == 4


@pytest.mark.parametrize("address", ["my_net:make", "my_net.py:make"])
def test_the_address_of_a_function_stands_for_the_function(desk, address):
    """A name that the command line knows must not be a TypeError in Python."""
    from my_net import make

    named, given = (nofb.sweep("fa", net, bars(), rates=[0.1], **FEW) for net in (address, make))
    assert losses(named) == losses(given)
    one, other = (nofb.compare(["fa"], net, bars(), **FEW) for net in (address, make))
    np.testing.assert_array_equal(one.curves("fa", "loss"), other.curves("fa", "loss"))


# -- data -----------------------------------------------------------------------------------------


def test_own_images_are_not_centred_in_any_route(monkeypatch):
    """One route would compare rules on other inputs than the other, and nothing would say so."""
    monkeypatch.setattr(own, "_REGISTERED", {"bars_net": make})
    datasets.register(bars())
    assert Specification(data="bars").load().x_train.min() >= 0
    same = {"data": "bars", "lr": 0.1, "epochs": 2, "optimizer": "sgd"}
    by_settings = nofb.sweep(
        ["bp"], 2, network="bars_net", settings=same, validation=0.2, progress=False
    )
    assert losses(by_settings) == losses(nofb.sweep(["bp"], make, bars(), rates=[0.1], **FEW))


def test_a_specification_centres_by_whose_data_it_has():
    """A grid over data sets begins with those of nofb, whose default must not stay."""
    datasets.register(bars())
    shipped, mine = Specification(), Specification(data="bars")
    assert (shipped.centred, mine.centred) == (True, False)
    assert not shipped.replace(data="bars").centred and mine.replace(data="digits").centred
    chosen = Specification(data="bars", centred=True)
    assert chosen.load().x_train.min() < 0 and chosen.replace(epochs=2).centred
    assert not Specification(centred=False).replace(data="mnist").centred


@pytest.mark.parametrize("name", ["my_data:build", "my_data.py:build"])
def test_a_function_in_a_file_is_a_data_set_at_the_command_line(desk, name, capsys):
    """Someone's data must not be copied into nofb to be trained on."""
    words = ["train", "fa", "--network", "my_net:make", "--data", name, "--epochs", "1", "--lr"]
    assert main([*words, "0.1"]) == 0
    assert "Dataset('bars': 60 training and 30 test samples of 1x4x4" in capsys.readouterr().out


def test_the_log_of_a_comparison_knows_the_contents_at_an_address(desk, capsys, monkeypatch):
    """A run on yesterday's arrays must not stand for one on today's."""
    words = ["compare", "--rules", "bp", "--network", "my_net:make", "--data", "my_data:build",
             "--seeds", "1", "--epochs", "1",
             "--lr", "0.1", "--jobs", "1", "--out", "out"]  # fmt: skip
    assert main(words) == 0 and main(words) == 0
    assert "1 of 1 runs were finished earlier" in capsys.readouterr().out
    (kept,) = map(json.loads, (desk / "out" / "runs.jsonl").read_text("utf-8").splitlines())
    assert kept["task"]["own_data"] == bars().digest
    import my_data

    monkeypatch.setattr(datasets.registry, "_OWN", {})  # as in another program
    monkeypatch.setattr(my_data, "SEED", 1)
    assert main(words) == 0
    assert "finished earlier" not in capsys.readouterr().out


def test_a_sweep_of_an_address_runs_in_other_processes(desk):
    """They get the arrays, and do not call the function again."""
    (desk / "sweep.toml").write_text(
        'rules = ["bp"]\nseeds = 2\n[settings]\ndata = "my_data:build"\nlr = 0.1\nepochs = 1\n'
        '[network]\nname = "my_net:make"\n', encoding="utf-8",
    )  # fmt: skip
    for jobs in ("1", "2"):
        assert main(["sweep", "sweep.toml", "--out", jobs, "--jobs", jobs]) == 0
    one, two = (ends(desk / jobs / "runs.jsonl") for jobs in ("1", "2"))
    assert one == two and len(one) == 2


def ends(log):
    lines = map(json.loads, log.read_text("utf-8").splitlines())
    return {line["task"]["seed"]: line["result"]["history"]["test_loss"] for line in lines}


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("my_dat:build", "no module is called 'my_dat': there is no my_dat.py"),
        ("my_data:", "data must be module:function, such as my_data:build, but is 'my_data:'"),
        ("my_data:bild", "has no 'bild'; the functions in it are: build, fails, needs, nothing"),
        ("my_data:needs", "is called as needs(), so every argument needs a default"),
        ("my_data:nothing", "nothing() must return a nofb.datasets.Dataset, but its type is int"),
        ("my_data:fails", "my_data:fails cannot be made: ZeroDivisionError in line 19"),
        ("my_data:five", "must be a function that returns a data set, but is 5"),
        ("digit", "data is 'digit' (did you mean 'digits'?), but must be one of: digits"),
    ],
)
def test_each_mistake_is_one_sentence_at_the_command_line(desk, name, sentence, capsys):
    """A traceback does not say what to change."""
    assert main(["train", "fa", "--network", "my_net:make", "--data", name]) == 2
    assert sentence in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("name", ["bars", "my_data:build"])
def test_a_name_stands_for_the_data_set_in_a_comparison_and_a_sweep(desk, name):
    """`AttributeError: 'str' object has no attribute 'name'` is no answer."""
    datasets.register(bars())
    named, given = (nofb.compare(["fa"], make, data, **FEW) for data in (name, bars()))
    np.testing.assert_array_equal(named.curves("fa", "loss"), given.curves("fa", "loss"))
    named, given = (nofb.sweep("fa", make, data, rates=[0.1], **FEW) for data in (name, bars()))
    assert losses(named) == losses(given)


def test_a_comparison_takes_the_name_of_a_data_set_of_nofb():
    """Its values are those of `nofb.datasets.load`, and its shape is what the network takes."""
    few = {"seeds": 1, "epochs": 1, "progress": False}

    def maps(seed):
        return Network([nofb.Conv2D(1, 2, 3), nofb.Flatten(), Dense(72, 10)], seed=seed)

    named = nofb.compare(["bp"], maps, "digits", **few)
    given = nofb.compare(["bp"], maps, datasets.load("digits").as_images(), **few)
    np.testing.assert_array_equal(named.curves("bp", "loss"), given.curves("bp", "loss"))
    with pytest.raises(ValueError, match=r"the data set is 'digit' \(did you mean 'digits'"):
        nofb.compare(["bp"], maps, "digit", **few)
    with pytest.raises(ValueError, match=r"data is \['digits'\], but must be one of"):
        Specification(data=["digits"])
    with pytest.raises(TypeError, match=r"data must be a nofb\.datasets\.Dataset, or the name"):
        nofb.compare(["bp"], maps, 5, **few)
