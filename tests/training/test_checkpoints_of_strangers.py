"""Any checkpoint made by hand is refused in one sentence, or resumed completely."""

import json
import random
import re
import warnings
from copy import deepcopy

import numpy as np
import pytest

import nofb
from nofb import Adam, Dense, Dropout, Network, archive, rules
from nofb.datasets import Dataset
from nofb.training.state import Collector

RULES = ("wm", "kp", "dtp", "itp_drl", "sa", "np_feedback", "brsf", "ddtp")
DENSE_ONLY = ("dtp", "itp_drl", "ddtp")
DIGITS = nofb.datasets.load("digits")
PART = Dataset(DIGITS.x_train[:40], DIGITS.y_train[:40], DIGITS.x_test[:10], DIGITS.y_test[:10])
REFUSAL = r"(?s)^\S*run.npz is not a whole file of nofb: .*\(.+\)$"

VALUES = (
    None, "x", 3, -1, 1.5, True, [], {}, {"float": "nan"}, {"list": []}, {"dict": {}},
    {"table": []}, {"object": {}}, {"tuple": []}, {"fixed": "f"}, {"same": "network"},
    {"same": "weighted/0"}, {"same": "weighted/0/W"}, {"array": "weighted/1/W"},
    {"array": "weighted/0/b"}, {"scalar": "optimizer/state/0.W/t"}, {"weak": []},
)  # fmt: skip
ARRAYS = (
    lambda a: a.reshape(-1)[: a.size // 2],
    lambda a: a[None],
    lambda a: np.ones((2, 3), a.dtype),
    lambda a: a.astype(complex),
    lambda a: a.astype(str),
    lambda a: a > 0,
    lambda a: np.zeros(a.shape, [("x", "f4")]),
)


class Trial:
    """A short run of a rule, and its checkpoint."""

    def __init__(self, rule, path):
        self.rule, self.path = rule, path
        self.new().fit(2)
        self.about, self.arrays = archive.read(path, "checkpoint")

    def new(self):
        """Make a new network with its rule attached, so that all state that may change exists."""
        between = [] if self.rule in DENSE_ONLY else [Dropout(0.2)]
        self.net = Network([Dense(64, 6, "tanh"), *between, Dense(6, 5, "tanh"), Dense(5, 10)])
        self.made, self.optimizer = rules.make(self.rule), Adam()
        self.stopping = nofb.EarlyStopping(patience=9)
        self.made.attach(self.net, 0)
        self.optimizer.reset()
        return self

    def fit(self, epochs):
        """Begin the run, or resume it."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # values may be very large, and diverge
            return nofb.fit(
                self.net, self.made, PART, epochs, 8, self.optimizer, validation=0.2, probe=5,
                callbacks=[self.stopping], progress=False,
                checkpoint=nofb.Checkpoint(self.path, resume=self.path.exists()),
            )  # fmt: skip

    def state(self):
        """Return all state that may change."""
        collector = Collector(self.net)
        parts = {"weighted": self.net.weighted, "layers": self.net.layers, "rule": self.made,
                 "optimizer": self.optimizer, "early_stopping": [self.stopping]}  # fmt: skip
        saved = json.dumps({name: collector.take(part, name) for name, part in parts.items()})
        return json.loads(saved), {name: it.copy() for name, it in collector.arrays.items()}

    def write(self, about, arrays):
        """Write the file again."""
        kept = {name: it for name, it in about.items() if name not in ("kind", "format", "arrays")}
        archive.write(self.path, "checkpoint", kept, arrays)

    def refused(self):
        """Resume the run; return whether it was refused; check that it is complete if not."""
        before = self.new().state()
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(nofb.EarlyStopping, "end", lambda *_: None)  # keep the weights
            try:
                self.fit(2)  # as many epochs as are done: nothing is trained
            except ValueError as error:
                assert re.search(REFUSAL, str(error)), error
                same(self.state(), before)
                return True
        about, arrays = archive.read(self.path, "checkpoint")
        held = {name: about["state"][name] for name in before[0]}
        same(self.state(), (held, {name: arrays[name] for name in sorted(named(held))}))
        self.new().fit(3)  # the network can be trained
        return False


def named(value):
    """Return the names of the arrays that are used in JSON."""
    if not isinstance(value, dict | list):
        return set()
    parts = value.values() if isinstance(value, dict) else value
    own = {value["array"]} if isinstance(value, dict) and type(value.get("array")) is str else set()
    return own.union(*map(named, parts))


def same(found, wanted):
    """Assert that two states are equal, as far as they do not refer to each other."""
    (saved, there), (other, arrays) = found, wanted
    if named(saved) == named(other) == there.keys():  # otherwise two places share one array
        assert without_words(saved) == without_words(other)
        assert there.keys() == arrays.keys()
    for name in there.keys() & arrays.keys():
        np.testing.assert_array_equal(there[name], arrays[name], name)


def without_words(value):
    """Return JSON without the names of functions, which must stay those of the run."""
    if isinstance(value, dict):
        return {name: name == "fixed" or without_words(part) for name, part in value.items()}
    return [*map(without_words, value)] if isinstance(value, list) else value


def places(value, place=()):
    """Yield the path of every value in JSON."""
    if not isinstance(value, dict | list):
        return
    for name, part in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*place, name)
        yield from places(part, (*place, name))


def holder(state, place):
    """Return the object or the list that contains a value."""
    for name in place[:-1]:
        state = state[name]
    return state


def damaged(trial, rng):
    """Return the contents of the checkpoint with one entry deleted, replaced or reshaped."""
    about, arrays = deepcopy(trial.about), dict(trial.arrays)
    if rng.random() < 0.3:
        name = rng.choice(sorted(arrays))
        array, change = arrays.pop(name), rng.choice((None, *ARRAYS))
        if change is None:
            return about, arrays, (name, "deleted")
        arrays[name] = change(array)
        return about, arrays, (name, arrays[name].dtype, arrays[name].shape)
    place = rng.choice(list(places(about["state"])))
    around, value = holder(about["state"], place), rng.choice(("deleted", *VALUES))
    if value == "deleted":
        del around[place[-1]]
    else:
        around[place[-1]] = deepcopy(value)
    return about, arrays, (place, value)


@pytest.mark.parametrize(
    "cases", [8, pytest.param(60, marks=pytest.mark.slow)], ids=["few", "many"]
)
@pytest.mark.parametrize("rule", RULES)
def test_one_wrong_entry_is_refused_in_one_sentence_or_resumed_completely(tmp_path, rule, cases):
    """An untrusted file must give neither a traceback nor a half-filled network."""
    trial, rng = Trial(rule, tmp_path / "run.npz"), random.Random(f"{rule} {cases}")
    refused = 0
    for _ in range(cases):
        about, arrays, what = damaged(trial, rng)
        trial.write(about, arrays)
        try:
            refused += trial.refused()
        except (Exception, AssertionError) as error:
            raise AssertionError(f"{rule}: {what}") from error
    assert refused > cases / 2


@pytest.mark.parametrize(
    ("rule", "place", "value", "sentence"),
    [
        ("wm", "weighted/list/0/object/n_in", "x", "is 64 and stays so, but was set to 'x'"),
        ("wm", "weighted/list/0/object/n_in", 64.0, "weighted/0/n_in is 64.0, but must be like 64"),
        ("wm", "weighted/list/1/object/work", 3, "weighted/1/work is 3, but must be like 30"),
        ("wm", "weighted/list/1/object/inverse", "x", "1/inverse is 'x', but must be like N"),
        ("wm", "layers/list/1/object/rate", 1.5, "rate must be"),
        ("wm", "layers/list/0", {"float": "nan"}, "layers is not what the run has there"),
        ("wm", "weighted", {"list": []}, "layers/0 is no value of a checkpoint"),
        ("wm", "rule/object/decay", "x", "rule/decay is 'x', but must be like"),
        ("wm", "rule/object/centred", None, "rule/centred is None, but must be like True"),
        ("sa", "weighted/list/1/object/init", None, "1/init is None, but must be like a f"),
        ("itp_drl", "rule/object/iterations", 10**400, "rule/iterations is 1"),
        ("sa", "optimizer/object/beta1", 7, "beta1 must be"),
        ("sa", "optimizer/object/step", 7, "optimizer/step is 7, but must be like a function"),
        ("sa", "optimizer/object/mine", 7, "optimizer/mine is nothing that a Adam has"),
        ("sa", "batches/dict/rng", {"same": "network"}, "rng is not what the run has there"),
        ("dtp", "weighted/list/1/object/rule_state/object/optimizer/object/state/dict/c/dict/s",
         {"array": "weighted/0/W"}, "a running average of c is float32"),
        ("dtp", "early_stopping/list/0/object/best", 0.5, "best is 0.5, but"),
        ("dtp", "early_stopping/list/0/object/_kept/dict/state/dict/layers/dict/list/list/0",
         "x", "layers is not what the run has there"),
        ("dtp", "start/dict", {}, "history and start do not go together"),
        ("brsf", "weighted/list/1/object/rule_state/object/rng/generator/dict/state/dict/inc", 1.5,
         "weighted/1/rule_state/rng is no value of a checkpoint"),
    ],
)  # fmt: skip
def test_a_value_of_another_type_is_refused_by_its_name(tmp_path, rule, place, value, sentence):
    """Each was accepted, and ended in an error of Python or had no effect."""
    trial, way = Trial(rule, tmp_path / "run.npz"), place.split("/")
    way = [int(each) if each.isdecimal() else each for each in way]
    about = deepcopy(trial.about)
    holder(about["state"], way)[way[-1]] = value
    trial.write(about, trial.arrays)
    assert trial.refused()
    with pytest.raises(ValueError) as error:
        trial.new().fit(2)
    assert sentence in str(error.value)


@pytest.mark.parametrize("rule", RULES)
def test_a_missing_attribute_is_refused_by_its_name(tmp_path, rule):
    """The value of a new run stayed there, so another run was resumed."""
    trial = Trial(rule, tmp_path / "run.npz")
    for way in (("rule", "object"), ("optimizer", "object"), ("weighted", "list", 1, "object")):
        place = "/".join(str(name) for name in way if name not in ("object", "list"))
        for name in holder(trial.about["state"], (*way, None)):
            about = deepcopy(trial.about)
            del holder(about["state"], (*way, name))[name]
            trial.write(about, trial.arrays)
            if name == "share":  # it is set at every step
                continue
            with pytest.raises(ValueError, match=f"{REFUSAL[:-1]}") as error:
                trial.new().fit(2)
            reason = re.escape(f"it has no {place}/{name}")
            assert re.search(f"{reason}|is no value of a checkpoint", str(error.value)), error.value


def test_a_running_average_of_the_best_epoch_is_checked_too(tmp_path):
    """It is restored at the end of the run, when an error comes too late."""
    trial = Trial("itp_drl", tmp_path / "run.npz")
    (name,) = [it for it in trial.arrays if it.startswith("early") and it.endswith("/2/rule_state/o"
               "ptimizer/state/B/m")]  # fmt: skip
    trial.write(trial.about, {**trial.arrays, name: np.ones((2, 2), np.float32)})
    assert trial.refused()
