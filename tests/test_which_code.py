"""Which code is this? A kept number is shown again for the code that made it, and for no other."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest

import nofb
from nofb import fingerprint, rules
from nofb.experiments.compare import tasks_of
from nofb.experiments.grid import finished
from nofb.experiments.runs import UNKNOWN, UnknownCodeWarning, own_code
from nofb.experiments.settings import Settings
from nofb.rules import FeedbackAlignment
from nofb.rules.own import load
from nofb.training.description import describe

SHORT = ["--seeds", "1", "--epochs", "1", "--hidden", "4", "--jobs", "1"]
RULE = """
from nofb.rules import FeedbackAlignment
import helper
from helper import times

class Mine(FeedbackAlignment):
    name = "mine"

    def signals(self, net, trace):
        for layer, delta in super().signals(net, trace):
            yield layer, times(delta)
"""
HELPER = "SCALE = {}\n\ndef times(delta):\n    return delta * SCALE\n"


@pytest.fixture
def desk(tmp_path):
    """Sit in a folder with a rule and the helper that it imports."""
    (tmp_path / "my_rule.py").write_text(RULE)
    (tmp_path / "helper.py").write_text(HELPER.format(1.0))
    before, path = set(sys.modules), list(sys.path)
    with contextlib.chdir(tmp_path):
        yield tmp_path
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]
    sys.path[:] = path


def python(folder, *words, **environment):
    """Run Python in a folder, with the folder on its path as in a notebook if a text is run."""
    command, surroundings = [sys.executable, *words], os.environ | environment
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env=surroundings
    )


def compared(folder, *words):
    """Compare a rule alone in a new process; return its accuracy and what was printed."""
    done = python(folder, "-P", "-m", "nofb", "compare", "--rules", "my_rule:Mine", *SHORT, *words)
    assert done.returncode == 0, done.stderr
    out = words[words.index("--out") + 1] if "--out" in words else "nofb-compare"
    (run,) = json.loads(Path(folder, out, "results.json").read_text("utf-8"))["runs"]
    return run["history"]["test_accuracy"][-1], done.stdout


# -- in fresh processes ----------------------------------------------------------------------------


def test_a_comparison_is_run_anew_when_a_helper_was_edited(desk):
    """A mended helper was answered with what the broken one gave, after a restart too."""
    before, _ = compared(desk)
    (desk / "helper.py").write_text(HELPER.format(-1.0))
    after, said = compared(desk)
    assert "finished earlier" not in said
    assert after == compared(desk, "--out", "elsewhere")[0] != before
    assert "1 of 1 runs were finished earlier" in compared(desk)[1], "the same code is the same run"


NOTEBOOK = """
import nofb
from nofb.rules import FeedbackAlignment, enrol

def cell(scale):
    class Mine(FeedbackAlignment):
        name = "mine"
        def signals(self, net, trace):
            for layer, delta in super().signals(net, trace):
                yield layer, delta * {scale}
    Mine.__qualname__ = "Mine"
    return enrol(Mine)

def accuracy(**more):
    settings = {{"hidden": [4], "epochs": 1, "lr": 0.01}}
    found = nofb.sweep(["mine"], 1, settings=settings, progress=False, **more)
    return found.rows()[0]["test_accuracy"]

cell(1.0)
first = accuracy(out="kept")
assert accuracy(out="kept") == first
cell(-1.0)
print(first != accuracy() == accuracy(out="kept") == accuracy(out="kept"))
"""


@pytest.mark.parametrize("scale", ["scale", "(scale if scale > 0 else scale)"])
def test_a_class_that_is_written_anew_in_a_notebook_is_run_anew(tmp_path, scale):
    """It has no file that could have changed, and was answered from the log."""
    done = python(tmp_path, "-c", NOTEBOOK.format(scale=scale))
    assert done.stdout == "True\n", done.stderr


LIVE = """
import sys, warnings
from pathlib import Path
import nofb
from nofb.experiments.compare import compare
from nofb.experiments.settings import Settings

def run(jobs):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = compare(["my_rule:Mine"], Settings(hidden=(4,), epochs=1, lr=0.01), 1, jobs,
                        log="kept/runs.jsonl")
    (result,) = found.results
    accuracy = None if result.stopped else float(result.history["test_accuracy"][-1])
    print(accuracy, result.stopped, [str(each.message) for each in caught], sep="|")

run(1)
Path({file!r}).write_text({text!r})
run(1)
Path("kept/runs.jsonl").unlink()
run(2)
run(1)
"""


@pytest.mark.parametrize("file", ["my_rule.py", "helper.py"])
def test_a_file_that_is_edited_while_the_process_lives_counts_when_it_is_loaded(desk, file):
    """The old class's number was kept as that of the new file, and told after a restart."""
    text = (desk / file).read_text().replace("times(delta)", "-times(delta)")
    if file == "helper.py":
        text = HELPER.format(-1.0)
    done = python(desk, "-c", LIVE.format(file=file, text=text))
    before, edited, workers, again = (each.split("|") for each in done.stdout.splitlines())
    assert before[0] == edited[0] == again[0] and before[2] == "[]"
    for each in (edited, workers, again):
        assert f"{file} was changed after this process had loaded it" in each[2]
    assert "the code of my_rule:Mine that a worker process finds is not the one" in workers[1]
    fresh, said = compared(desk, "--lr", "0.01", "--out", "kept")
    assert "finished earlier" not in said and fresh != float(before[0])


NOFB_EDITED = """
import warnings
from pathlib import Path
import nofb
from nofb.experiments.compare import compare
from nofb.experiments.settings import Settings

file = Path(nofb.__file__).parent / "kernels" / "losses.py"
file.write_text(file.read_text("utf-8") + "# mended\\n", "utf-8")
for jobs in (1, 2):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = compare(["bp"], Settings(hidden=(4,), epochs=1, lr=0.01), 1, jobs)
    print(found.results[0].stopped, [str(each.message) for each in caught], sep="|")
"""


def test_nofb_that_is_edited_while_the_process_lives_is_spoken_of(tmp_path):
    """With one job the old code ran without a word; with two, other machines were blamed."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(nofb.__file__).parent, tmp_path / "nofb", ignore=ignore)
    done = python(tmp_path, "-c", NOFB_EDITED, NUMBA_DISABLE_JIT="1")
    one, two = (line.split("|") for line in done.stdout.splitlines())
    assert one[0] == "None" and "if it was changed since, start Python again" in two[0]
    assert "was changed after this process had imported it" in one[1] and one[1] == two[1]


# -- names -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["compare", "sweep", "audit"])
def test_two_classes_of_one_name_are_refused_with_both_addresses(desk, command):
    """One row was shown, the last one's, as if it were both."""
    for name in ("v1", "v2"):
        (desk / f"{name}.py").write_text(RULE)
    (desk / "sweep.toml").write_text('rules = ["v1:Mine", "v2:Mine"]')
    given = {"compare": ["--rules", "v1:Mine", "v2:Mine"], "sweep": ["sweep.toml"]}
    done = python(desk, "-P", "-m", "nofb", command, *given.get(command, ["v1:Mine", "v2:Mine"]))
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "v2:Mine calls itself 'mine', as v1:Mine does" in done.stderr


# -- what counts -----------------------------------------------------------------------------------


def mine(body="", **names):
    """A rule as a notebook has it: a class of __main__, with these global names."""
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
    ids=str,
)
def test_whatever_changes_a_step_is_other_code(one, other):
    """Each of these was another rule with the old one's numbers."""
    one, one_again, other = (mine(*body[:1], SCALE=body[-1]) for body in (one, one, other))
    assert fingerprint.of_class(one) == fingerprint.of_class(one_again)
    assert fingerprint.of_class(one) != fingerprint.of_class(other)


def test_random_numbers_that_all_of_python_shares_are_no_other_code(desk):
    """Each process starts them anew: the code would be another one everywhere."""
    import random

    for draw in (random.random, np.random.normal):
        before = fingerprint.of_class(mine(DEEP, SCALE=draw))
        draw()
        assert fingerprint.of_class(mine(DEEP, SCALE=draw)) == before


def test_comments_and_empty_lines_are_no_other_code(desk):
    """Nobody should have to wait for an hour because of a comment."""
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
def test_every_module_of_the_users_own_that_is_imported_counts(desk, how, helper):
    """A rule is what its whole project makes of it, however a name came to it."""
    found = []
    for scale in (1.0, 2.0):
        (desk / "deeper.py").write_text(f"SCALE = {scale}\n")
        (desk / "helper.py").write_text(helper.format(scale))
        (desk / "my_rule.py").write_text(how + RULE.replace("from helper import times", ""))
        found.append(fingerprint.of_class(load("my_rule:Mine")))
        for name in ("my_rule", "helper", "deeper"):
            sys.modules.pop(name, None)
    assert found[0] != found[1]


def test_a_method_put_into_a_class_of_nofb_makes_it_somebody_elses(monkeypatch):
    """The answer came from the log of the rule as nofb has it."""
    assert fingerprint.of_class(FeedbackAlignment) is None
    signals = FeedbackAlignment.signals
    monkeypatch.setattr(
        FeedbackAlignment,
        "signals",
        lambda self, net, trace: ((layer, -delta) for layer, delta in signals(self, net, trace)),
    )
    assert fingerprint.of_class(FeedbackAlignment) is not None


def test_code_that_nobody_can_tell_is_never_taken_from_a_log(tmp_path):
    """A wrong number is worse than a run that is done again; and it must be said."""
    kind = rules.enrol(mine("    at = lambda self, *_: SCALE", SCALE=threading.Lock()))
    with pytest.warns(UnknownCodeWarning, match="Mine uses SCALE, and <unlocked _thread.lock"):
        assert own_code(kind).startswith(UNKNOWN)
    found = []
    for _ in range(2):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UnknownCodeWarning)
            tasks = tasks_of(["mine"], Settings(hidden=(4,), epochs=1, lr=0.01), 1)
            sweep = nofb.sweep(["mine"], 1, settings={"epochs": 1}, out=tmp_path, progress=False)
        found.append(finished(tasks, tmp_path / "runs.jsonl"))
        assert len(sweep.rows()) == 1
    assert found == [0, 0] and len((tmp_path / "runs.jsonl").read_text().splitlines()) == 2


# -- checkpoints -----------------------------------------------------------------------------------


def test_a_checkpoint_of_other_code_is_not_resumed(tmp_path):
    """Half of its epochs would be one rule's, half another's."""
    data = nofb.datasets.load("two_moons")

    def train(kind, epochs):
        net = nofb.Network([nofb.Dense(2, 3, "tanh"), nofb.Dense(3, 2)])
        path = tmp_path / "run.npz"
        return nofb.fit(net, kind(), data, epochs, checkpoint=path, resume=True, progress=False)

    train(mine(DEEP, SCALE=1.0), 1)
    assert train(mine(DEEP, SCALE=1.0), 2).history.epochs == 2
    with pytest.raises(ValueError, match=r"^the code of the rule, with what it reads, is '"):
        train(mine(DEEP, SCALE=2.0), 3)


def test_a_function_of_the_users_own_is_described_with_its_code():
    """Two initialisers of one name are two initialisers."""
    there = {"__name__": "__main__"}
    texts = set()
    for scale in (1, 2):
        exec(f"def draw(rng, n_in, n_out):\n    return {scale} * rng.random((n_in, n_out))", there)
        texts.add(describe("init", there["draw"]))
    assert len(texts) == 2 and all(text.startswith("__main__.draw(code=") for text in texts)
