"""The arguments of `fit`: objects, or plain values instead of them."""

import inspect
import os
import re

import numpy as np
import pytest

import nofb
from nofb import SGD, Adam, Checkpoint, Dense, Network, Probe, RMSprop, archive, optimizers, rules
from nofb.cli import main
from nofb.datasets import Dataset
from nofb.diagnosis import ALIGNMENT, GAUSS_NEWTON

DIGITS = nofb.datasets.load("digits")
PART = Dataset(DIGITS.x_train[:60], DIGITS.y_train[:60], DIGITS.x_test[:40], DIGITS.y_test[:40])


class InBytes(os.PathLike):
    """A path whose name is in bytes, which pathlib does not take."""

    def __fspath__(self):
        return b"run.npz"

    def __repr__(self):
        return "a path in bytes"


def net_for():
    """Return a small network, always the same."""
    return Network([Dense(64, 8, "tanh"), Dense(8, 10)], seed=0)


def train(rule=None, net=None, **options):
    """Train for two epochs, without output."""
    options = {"epochs": 2, "progress": False, "probe": 20, **options}
    return nofb.fit(net or net_for(), rule or rules.make("fa"), PART, **options)


def assert_same(one, other):
    """Assert that two runs have the same measures, to the last bit."""
    assert one.history.keys() == other.history.keys()
    for name in one.history.keys() - {"seconds"}:
        np.testing.assert_array_equal(one.history[name], other.history[name], err_msg=name)


def test_only_the_arguments_that_every_run_needs_are_positional():
    """In `fit(net, rule, data, 20, 32, sgd, 0, 0.2)` a reader could not understand 0.2."""
    kinds = {name: each.kind for name, each in inspect.signature(nofb.fit).parameters.items()}
    named = [name for name, kind in kinds.items() if kind is inspect.Parameter.KEYWORD_ONLY]
    assert [name for name in kinds if name not in named] == [
        "net", "rule", "data", "epochs", "batch_size", "optimizer", "seed",
    ]  # fmt: skip
    assert named[:4] == ["validation", "probe", "checkpoint", "callbacks"]
    with pytest.raises(TypeError, match="positional"):
        nofb.fit(net_for(), rules.make("fa"), PART, 1, 32, SGD(), 0, 0.2)


# -- the probe -----------------------------------------------------------------------------------


@pytest.mark.parametrize("samples", [0, 7, np.int64(7), (PART.x_train[:9], PART.y_train[:9])])
def test_a_plain_number_of_samples_equals_a_probe_with_these_samples(samples):
    """A student writes `probe=7`; it must measure the same as the object."""
    assert_same(train(probe=samples), train(probe=Probe(samples)))


def test_a_probe_measures_only_what_is_requested():
    """An angle that is not needed costs time; one that is missing cannot be added later."""
    asked = train(probe=Probe(samples=10, measures=ALIGNMENT[:1] + GAUSS_NEWTON)).history
    usual = train(probe=10).history
    none = train(probe=0).history
    assert asked.keys() - none.keys() == {"weight_angle", "gauss_newton_angle"}
    assert usual.keys() - none.keys() == {each.name for each in ALIGNMENT}
    np.testing.assert_array_equal(asked["weight_angle"], usual["weight_angle"])


def test_one_probe_serves_many_networks():
    """A probe holds only what to measure, and no state of a network."""
    probe = Probe(10)
    wide = Network([Dense(64, 20, "tanh"), Dense(20, 10)], seed=0)
    first = train(probe=probe)
    assert train(net=wide, probe=probe).history["step_angle"].shape == (2, 2)
    assert_same(train(probe=probe), first)


@pytest.mark.parametrize(
    ("samples", "error", "sentence"),
    [
        (-1, ValueError, "samples must be at least 0, but is -1"),
        (True, TypeError, "samples must be a whole number, but is True"),
        ("all", TypeError, r"samples must be a number of test samples, or a pair .* but is a str"),
    ],
)
def test_invalid_samples_are_refused_where_the_probe_is_made(samples, error, sentence):
    """The mistake is in the line of the probe, not in that of `fit`."""
    with pytest.raises(error, match=sentence):
        Probe(samples)
    with pytest.raises(error, match=sentence.replace("samples must", "probe must", 1)):
        train(probe=samples)


# -- the checkpoint ------------------------------------------------------------------------------


def test_a_plain_path_equals_a_checkpoint_with_this_path(tmp_path):
    """Both write the same arrays, after every epoch."""
    for name, of in (("a.npz", str), ("b.npz", lambda path: path), ("c.npz", Checkpoint)):
        train(checkpoint=of(tmp_path / name))
    first, *others = (archive.read(tmp_path / f"{name}.npz", "checkpoint") for name in "abc")
    for about, arrays in others:
        assert about == first[0]
        assert arrays.keys() == first[1].keys()
        for name in arrays.keys() - {"history/seconds"}:
            np.testing.assert_array_equal(arrays[name], first[1][name], err_msg=name)


def test_a_plain_path_never_resumes_and_never_overwrites(tmp_path):
    """The second run of a cell must neither resume nor delete the file of the first one."""
    path = tmp_path / "run.npz"
    train(checkpoint=path)
    before = path.read_bytes()
    for given in (path, str(path), Checkpoint(path), Checkpoint(path, every=2)):
        with pytest.raises(FileExistsError, match=re.escape("resume=True) (--resume), or give")):
            train(checkpoint=given)
    assert path.read_bytes() == before
    resumed = train(checkpoint=Checkpoint(path, resume=True), epochs=4)
    assert_same(resumed, train(epochs=4))


def test_a_resumed_run_may_be_given_the_probe_in_either_form(tmp_path):
    """The file has the samples and measures, not their spelling."""
    checkpoint = Checkpoint(tmp_path / "run.npz", resume=True)
    train(checkpoint=checkpoint, probe=20)
    assert train(checkpoint=checkpoint, probe=Probe(20), epochs=3).history.epochs == 3
    with pytest.raises(ValueError, match="measures is "):
        train(checkpoint=checkpoint, probe=Probe(20, ALIGNMENT), epochs=4)


@pytest.mark.parametrize(
    ("given", "error", "sentence"),
    [
        ({"path": 3}, TypeError, "path must be the path of a file, but is 3"),
        ({"path": None}, TypeError, "path must be the path of a file, but is None"),
        ({"path": InBytes()}, TypeError, "path must be the path of a file, but is a path in bytes"),
        ({"path": "a", "every": 0}, ValueError, "every must be at least 1, but is 0"),
        ({"path": "a", "every": 2.0}, TypeError, "every must be a whole number, but is 2.0"),
        ({"path": "a", "resume": "yes"}, TypeError, "resume must be True or False, but is 'yes'"),
    ],
)
def test_an_invalid_checkpoint_is_refused_where_it_is_made(given, error, sentence):
    """Before data are loaded, and before a weight changes."""
    with pytest.raises(error, match=sentence):
        Checkpoint(**given)


@pytest.mark.parametrize("words", [["--resume"], ["--every", "3"]])
def test_the_command_needs_a_path_to_resume(words, capsys):
    """`nofb train fa --resume` would start again each time, and keep nothing."""
    assert main(["train", "fa", "--epochs", "1", *words]) == 2
    assert f"{words[0]} needs a checkpoint: give its file by --checkpoint FILE" in (
        capsys.readouterr().err
    )


# -- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["bp", "fa", "kp", "dfa"])
def test_the_name_of_a_rule_equals_the_rule_that_make_builds(name):
    """Most users first write `fit(net, "fa", data)`."""
    run = train(name)
    assert type(run.rule) is rules.RULES[name]
    assert_same(run, train(rules.make(name)))


@pytest.mark.parametrize(
    ("name", "made"),
    [("sgd", SGD()), ("adam", Adam()), ("rmsprop", RMSprop()), ("adamw", nofb.AdamW())],
)
def test_the_name_of_an_optimizer_equals_the_optimizer_with_its_defaults(name, made):
    """Two spellings of one optimizer must be one optimizer."""
    run = train(optimizer=name)
    assert type(run.optimizer) is optimizers.OPTIMIZERS[name]
    assert_same(run, train(optimizer=made))


def test_a_name_makes_a_new_rule_each_time():
    """No state of one run may reach the next one, for example learned matrices."""
    net = net_for()
    first, second = train("kp", net).rule, train("kp", net).rule
    assert first is not second and net.rule is second


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"rule": "af"}, "rule is 'af' (did you mean 'fa'?), but must be one of: bp, fa, "),
        (
            {"optimizer": "adma"},
            "optimizer is 'adma' (did you mean 'adam'?), but must be one of: sgd, rmsprop, adam",
        ),
    ],
)
def test_an_unknown_name_is_refused_with_the_known_ones(given, sentence):
    """A user must not have to search the documentation after a typing error."""
    net = net_for()
    with pytest.raises(ValueError, match=re.escape(sentence)):
        train(net=net, **given)
    assert net.rule is None


# -- changed samples -----------------------------------------------------------------------------


@pytest.mark.parametrize(("perturb", "said"), [
    (0.08, r"perturb must be such as nofb.FastGradientSign\(0.08\).* but is 0.08"),
    ("fgsm", "but is 'fgsm'"),
    (nofb.FastGradientSign, r"is the class FastGradientSign: call it, FastGradientSign\(\)"),
    (lambda rule, net, trace: None, "returned NoneType, but must return the changed samples"),
    (lambda rule, net, trace: trace.x.tolist(), "perturb returned list"),
])  # fmt: skip
def test_what_changes_no_samples_is_refused(perturb, said):
    """A student gives the size alone, or forgets to return the samples."""
    with pytest.raises(TypeError, match=said):
        train(perturb=perturb)
