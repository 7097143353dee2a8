"""Checkpoints of another run, and state that could not be restored, are refused."""

import re
from copy import deepcopy
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from training.stopped import DIGITS, mlp, other, train, wide

from nofb import (
    SGD,
    Adam,
    Network,
    schedules,
)  # fmt: skip
from nofb.cli import main
from nofb.rules import FeedbackAlignment

# -- refused checkpoints --------------------------------------------------------------------------


REFUSED = [
    ({"net": wide}, """layer 1 is "Dense(64, 13, activation='tanh') with W (64, 13), b (13,)","""),
    ({"net": wide}, """with "Dense(64, 12, activation='tanh') with W (64, 12), b (12,)\""""),
    ({"net": lambda: Network(deepcopy(mlp().layers[1:]))}, 'layer 0 is "Dense(64, 12'),
    ({"net": partial(mlp, loss="binary_cross_entropy")}, "loss is 'binary_cross_entropy', but "),
    ({"net": partial(mlp, dtype=np.float64)}, "net.dtype is 'float64', but "),
    ({"net": partial(mlp, seed=1)}, "net.seed is 1, but "),
    ({"rule": "bp"}, "rule is 'Backprop', but run.npz was written with 'FeedbackAlignment'"),
    (
        {"rule": partial(FeedbackAlignment, feedback_init="xavier")},
        "rule.feedback_init is 'nofb.in",
    ),
    ({"optimizer": Adam}, "optimizer is 'Adam', but run.npz was written with 'SGD'"),
    ({"optimizer": partial(SGD, 0.2)}, "optimizer.lr is 0.2, but run.npz was written with 0.1"),
    ({"optimizer": partial(SGD, 0.1, "step")}, "optimizer.schedule is 'step', but "),
    ({"batch_size": 16}, "batch_size is 16, but run.npz was written with 32"),
    ({"seed": 1}, "seed is 1, but run.npz was written with 0"),
    ({"validation": 0.1}, "validation is 0.1, but run.npz was written with 0.0"),
    ({"probe": 0}, "probe is 0, but run.npz was written with 100"),
    ({"data": DIGITS}, "data.name is 'digits', but run.npz was written with 'mine'"),
    ({"data": other(x=0.01)}, "data.digest is "),
    ({"data": other(y=1)}, "data.digest is "),
    ({"data": other(name="yours")}, "data.name is 'yours', but run.npz was written with 'mine'"),
    ({"epochs": 1}, "epochs is 1, but run.npz holds 2 already"),
]


@pytest.mark.parametrize(("options", "sentence"), REFUSED)
def test_the_checkpoint_of_another_run_is_refused(tmp_path, monkeypatch, options, sentence):
    """A curve with two rules in one run would be wrong for every reader."""
    monkeypatch.chdir(tmp_path)
    train("run.npz", epochs=2)
    before = Path("run.npz").read_bytes()
    with pytest.raises(ValueError, match=re.escape(sentence)) as refusal:
        train("run.npz", resume=True, **options)
    assert "\n" not in str(refusal.value)
    assert Path("run.npz").read_bytes() == before


def halving(rate):
    """Return a schedule that depends on a number."""
    return lambda epoch, epochs: rate**epoch


@pytest.mark.parametrize(
    ("schedule", "another"),
    [
        (schedules.step(every=2), schedules.step(every=3)),
        (halving(0.5), halving(0.25)),
        (lambda epoch, epochs: 0.5**epoch, lambda epoch, epochs: 0.25**epoch),
        (lambda epoch, epochs, rate=0.5: rate, lambda epoch, epochs, rate=0.25: rate),
    ],
)
def test_functions_are_distinguished_by_the_values_that_they_hold(tmp_path, schedule, another):
    """Two schedules from one function differ only in the arguments they were made with."""
    path = tmp_path / "run.npz"
    train(path, optimizer=partial(SGD, 0.1, schedule), epochs=1)
    with pytest.raises(ValueError, match=r"optimizer\.schedule is"):
        train(path, optimizer=partial(SGD, 0.1, another), resume=True)
    train(path, optimizer=partial(SGD, 0.1, schedule), resume=True)


def test_an_existing_file_is_never_overwritten_without_a_request(tmp_path):
    """It may hold an hour of a user's work."""
    path = tmp_path / "run.npz"
    train(path, epochs=1)
    before = path.read_bytes()
    with pytest.raises(
        FileExistsError, match=r"already: resume it with nofb.Checkpoint\(.*run\.npz"
    ):
        train(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("path", "options", "error", "sentence"),
    [
        ("run.npz", {"every": 0}, ValueError, "every must be at least 1, but is 0"),
        ("run.npz", {"resume": "yes"}, TypeError, "resume must be True or False, but is 'yes'"),
        (True, {}, TypeError, "path must be the path of a file, but is True"),
        ("none/run.npz", {}, OSError, "none/run.npz cannot be written: No such file or directory"),
        (".", {}, OSError, "cannot be written: it is a folder"),
        ("/dev/null/run.npz", {}, OSError, "/dev/null/run.npz cannot be written: Not a directory"),
    ],
)
def test_a_checkpoint_that_could_not_be_written_is_refused_before_training(
    tmp_path, monkeypatch, path, options, error, sentence
):
    """An hour of training must not end in an error about a path."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=sentence):
        train(path, callbacks=[pytest.fail], **options)
    assert not list(tmp_path.iterdir())


class Forgetful(FeedbackAlignment):
    """A rule that does not keep its argument."""

    def __init__(self, scale):
        super().__init__()
        self.factor = scale


class Hidden(FeedbackAlignment):
    """A rule with a set, whose order is not defined."""

    def draw_feedback(self, net, rng):
        super().draw_feedback(net, rng)
        self.seen = {1, 2}


class Closed(FeedbackAlignment):
    """A rule with random numbers in a place that nofb cannot read."""

    def draw_feedback(self, net, rng):
        super().draw_feedback(net, rng)
        self.draw = lambda: rng.random()


class Late(FeedbackAlignment):
    """A rule that makes an object in its first step."""

    def after_step(self, net):
        self.inner = SGD()


@pytest.mark.parametrize(
    ("rule", "epochs", "sentence"),
    [
        (lambda: Forgetful(2.0), 0, "Forgetful takes 'scale' but keeps no attribute of that name"),
        (Hidden, 0, "a checkpoint cannot hold rule/seen, a set: it holds arrays, numbers, "),
        (Closed, 0, "rule/draw holds Generator.*, which a checkpoint cannot tell from another one"),
        (Late, 1, "rule/inner became SGD in training, .*: make it in __init__ or draw_feedback"),
    ],
)
def test_state_that_could_not_be_restored_is_refused_and_not_dropped(
    tmp_path, rule, epochs, sentence
):
    """A rule that silently loses state would be another rule after every stop."""
    done = []
    with pytest.raises(TypeError, match=sentence):
        train(tmp_path / "run.npz", rule, callbacks=[done.append])
    assert len(done) == epochs
    train(rule=rule, epochs=1)


# -- the command line -----------------------------------------------------------------------------


def command(capsys, *words):
    """Run `nofb train fa` in this process; return its exit code and what it printed."""
    code = main(["train", "fa", "--hidden", "8", *words])
    return code, *capsys.readouterr()


def test_the_same_command_resumes_and_shows_the_whole_table(capsys, tmp_path):
    """After a power failure a user types the same line again, and must see every epoch."""
    path = str(tmp_path / "run.npz")
    keep = ["--checkpoint", path, "--resume"]
    _, whole, _ = command(capsys, "--epochs", "3")
    code, out, err = command(capsys, "--epochs", "3", *keep)
    assert (code, out, err) == (0, whole, "")
    assert command(capsys, "--epochs", "3", *keep) == (0, whole, "")
    code, longer, _ = command(capsys, "--epochs", "5", *keep)
    assert code == 0 and longer.startswith(whole) and longer.count("\n") == whole.count("\n") + 2


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--checkpoint", "run.npz"], "the checkpoint run.npz is there already"),
        (["--checkpoint", "run.npz", "--resume", "--seed", "1"], "net.seed is 1, but run.npz was "),
        (["--checkpoint", "run.npz", "--resume", "--lr", "1"], "optimizer.lr is 1.0, but run.npz"),
        (["--checkpoint", "cut.npz", "--resume"], "cut.npz is not a whole file of nofb"),
        (["--checkpoint", "none/run.npz"], "none/run.npz cannot be written: No such file"),
        (["--resume"], "--resume needs a checkpoint: give its file by --checkpoint FILE"),
        (["--every", "3"], "--every needs a checkpoint: give its file by --checkpoint FILE"),
        (["--every", "2"], "every needs a checkpoint"),
    ],
)
def test_a_refusal_is_one_sentence_and_exit_code_2(capsys, tmp_path, monkeypatch, words, sentence):
    """A script must be able to distinguish it from a diverged run."""
    monkeypatch.chdir(tmp_path)
    assert command(capsys, "--epochs", "1", "--checkpoint", "run.npz")[0] == 0
    Path("cut.npz").write_bytes(Path("run.npz").read_bytes()[:-1])
    code, _, err = command(capsys, "--epochs", "1", *words)
    assert code == 2 and err.startswith("nofb: ") and sentence in err and err.count("\n") == 1
