"""The hash of the code: which changes make a rule another one, and which do not."""

import random
import sys
import threading
import warnings

import numpy as np
import pytest
from desks import RULE, sitting_in

import nofb
from nofb import fingerprint, rules
from nofb.custom_rules import load
from nofb.rules import FeedbackAlignment
from nofb.runs.compare import comparison_plan
from nofb.runs.grid import finished
from nofb.runs.specification import Specification
from nofb.runs.task import UNKNOWN, UnknownCodeWarning, own_code
from nofb.training.description import describe


@pytest.fixture
def desk(tmp_path):
    """Work in a folder with a rule and the helper that it imports."""
    with sitting_in(tmp_path):
        yield tmp_path


def mine(body="", **names):
    """Return a rule as in a notebook: a class of __main__, with these global names."""
    there = {"__name__": "__main__", "FeedbackAlignment": FeedbackAlignment, "np": np, **names}
    exec(f"class Mine(FeedbackAlignment):\n    name = 'mine'\n{body}", there)
    return there["Mine"]


DEEP = """
    def signals(self, net, trace):
        def inner(delta):
            return [delta * SCALE for _ in range(2)][0]
        for layer, delta in super().signals(net, trace):
            yield layer, inner(delta)
"""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("    strength = 1.0",), ("    strength = 2.0",)),
        (("    strength = np.ones(2)",), ("    strength = np.ones(3)",)),
        (("    def at(self, e, n): return e",), ("    def at(self, e, n): return n",)),
        (("    def at(self, e, n): return 1",), ("    def at(self, e, n): return 2",)),
        (("    def __init__(self, a=1): ...",), ("    def __init__(self, a=2): ...",)),
        (("    def __init__(self, *, a=1): ...",), ("    def __init__(self, *, a=2): ...",)),
        (("    at = property(lambda self: 1)",), ("    at = property(lambda self: 2)",)),
        (("    at = staticmethod(lambda: 1)",), ("    at = staticmethod(lambda: 2)",)),
        ((DEEP, 1.0), (DEEP, 2.0)),
        ((DEEP, (1.5).__mul__), (DEEP, (2.5).__mul__)),
        ((DEEP, {"a": [1]}), (DEEP, {"a": [2]})),
        ((DEEP, {1, "b"}), (DEEP, {1, "c"})),
        ((DEEP, np.arange(3)), (DEEP, np.arange(3.0))),
    ],
)
def test_a_change_that_changes_a_step_changes_the_hash(one, other):
    """After each of these changes the new rule got the numbers of the old one."""
    one, one_again, other = (mine(*body[:1], SCALE=body[-1]) for body in (one, one, other))
    assert fingerprint.of_class(one) == fingerprint.of_class(one_again)
    assert fingerprint.of_class(one) != fingerprint.of_class(other)


def test_the_global_random_generator_does_not_change_the_hash(desk):
    """Each process starts it with another state: the hash would differ everywhere."""
    for draw in (random.random, np.random.normal):
        before = fingerprint.of_class(mine(DEEP, SCALE=draw))
        draw()
        assert fingerprint.of_class(mine(DEEP, SCALE=draw)) == before


def test_comments_and_empty_lines_do_not_change_the_hash(desk):
    """A changed comment must not repeat an hour of runs."""
    before = fingerprint.of_class(load("my_rule:Mine"))
    for name in ("my_rule", "helper"):
        file = desk / f"{name}.py"
        file.write_text("# mended\n\n" + file.read_text() + "\n# end\n")
        del sys.modules[name]
    assert fingerprint.of_class(load("my_rule:Mine")) == before


@pytest.mark.parametrize(
    ("how", "helper"),
    [
        ("import helper\ntimes = getattr(helper, 'SCALE').__mul__", "SCALE = {}"),
        ("import helper\ntimes = abs", "import deeper\n"),
        ("from helper import times", "import nofb.rules\ntimes, PUT = abs, {}\n"),
        ("def times(delta):\n    import helper\n    return helper.SCALE * delta", "SCALE = {}"),
    ],
)
def test_every_module_of_the_user_that_is_imported_counts(desk, how, helper):
    """A rule depends on all modules of its project, in whatever way it imports them."""
    found = []
    for scale in (1.0, 2.0):
        (desk / "deeper.py").write_text(f"SCALE = {scale}\n")
        (desk / "helper.py").write_text(helper.format(scale))
        (desk / "my_rule.py").write_text(how + RULE.replace("from helper import times", ""))
        found.append(fingerprint.of_class(load("my_rule:Mine")))
        for name in ("my_rule", "helper", "deeper"):
            sys.modules.pop(name, None)
    assert found[0] != found[1]


def test_a_method_that_replaces_one_of_nofb_changes_the_hash(monkeypatch):
    """The result came from the log of nofb's own rule."""
    assert fingerprint.of_class(FeedbackAlignment) is None
    signals = FeedbackAlignment.signals
    monkeypatch.setattr(
        FeedbackAlignment,
        "signals",
        lambda self, net, trace: ((layer, -delta) for layer, delta in signals(self, net, trace)),
    )
    assert fingerprint.of_class(FeedbackAlignment) is not None


def test_code_without_a_hash_is_never_taken_from_a_log(tmp_path):
    """A wrong number is worse than a repeated run; and the user must be told."""
    kind = rules.register(mine("    at = lambda self, *_: SCALE", SCALE=threading.Lock()))
    with pytest.warns(UnknownCodeWarning, match="Mine uses SCALE, and <unlocked _thread.lock"):
        assert own_code(kind).startswith(UNKNOWN)
    found = []
    for _ in range(2):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UnknownCodeWarning)
            settings = Specification(hidden=(4,), epochs=1, lr=0.01)
            tasks = comparison_plan(["mine"], settings, 1).tasks
            sweep = nofb.sweep(["mine"], 1, settings={"epochs": 1}, out=tmp_path, progress=False)
        found.append(finished(tasks, tmp_path / "runs.jsonl"))
        assert len(sweep.rows()) == 1
    assert found == [0, 0] and len((tmp_path / "runs.jsonl").read_text().splitlines()) == 2


# -- checkpoints -----------------------------------------------------------------------------------


def test_a_checkpoint_of_other_code_is_not_resumed(tmp_path):
    """Some epochs would be those of one rule, the others those of another."""
    data = nofb.datasets.load("two_moons")

    def train(kind, epochs):
        net = nofb.Network([nofb.Dense(2, 3, "tanh"), nofb.Dense(3, 2)])
        path = tmp_path / "run.npz"
        return nofb.fit(
            net, kind(), data, epochs, checkpoint=nofb.Checkpoint(path, resume=True), progress=False
        )

    train(mine(DEEP, SCALE=1.0), 1)
    assert train(mine(DEEP, SCALE=1.0), 2).history.epochs == 2
    with pytest.raises(ValueError, match=r"^the code of the rule, with what it reads, is '"):
        train(mine(DEEP, SCALE=2.0), 3)


def test_a_users_own_function_is_described_with_its_code():
    """Two initialisers with one name are two initialisers."""
    there = {"__name__": "__main__"}
    texts = set()
    for scale in (1, 2):
        exec(f"def draw(rng, n_in, n_out):\n    return {scale} * rng.random((n_in, n_out))", there)
        texts.add(describe("init", there["draw"]))
    assert len(texts) == 2 and all(text.startswith("__main__.draw(code=") for text in texts)
