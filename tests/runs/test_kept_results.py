"""A kept result is used only for the code that made it, in this process and in a new one."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from desks import HELPER, RULE, sitting_in

import nofb

SHORT = ["--seeds", "1", "--epochs", "1", "--hidden", "4", "--jobs", "1"]


@pytest.fixture
def desk(tmp_path):
    """Work in a folder with a rule and the helper that it imports."""
    with sitting_in(tmp_path):
        yield tmp_path


def python(folder, *words, **environment):
    """Run Python in a folder; if a text is run, the folder is on the path, as in a notebook."""
    command, surroundings = [sys.executable, *words], os.environ | environment
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env=surroundings
    )


def compared(folder, *words):
    """Compare a rule in a new process; return its accuracy and what was printed."""
    done = python(folder, "-P", "-m", "nofb", "compare", "--rules", "my_rule:Mine", *SHORT, *words)
    assert done.returncode == 0, done.stderr
    out = words[words.index("--out") + 1] if "--out" in words else "nofb-compare"
    (run,) = json.loads(Path(folder, out, "results.json").read_text("utf-8"))["runs"]
    return run["history"]["test_accuracy"][-1], done.stdout


def test_a_comparison_is_repeated_after_a_helper_was_edited(desk):
    """With a fixed helper the result was still that of the broken one, also after a restart."""
    before, _ = compared(desk)
    (desk / "helper.py").write_text(HELPER.format(-1.0))
    after, said = compared(desk)
    assert "finished earlier" not in said
    assert after == compared(desk, "--out", "elsewhere")[0] != before
    assert "1 of 1 runs were finished earlier" in compared(desk)[1], "the same code is the same run"


NOTEBOOK = """
import nofb
from nofb.rules import FeedbackAlignment, register

def cell(scale):
    class Mine(FeedbackAlignment):
        name = "mine"
        def signals(self, net, trace):
            for layer, delta in super().signals(net, trace):
                yield layer, delta * {scale}
    Mine.__qualname__ = "Mine"
    return register(Mine)

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
def test_a_class_that_is_defined_again_in_a_notebook_is_run_again(tmp_path, scale):
    """Such a class has no file that could have changed, so the result came from the log."""
    done = python(tmp_path, "-c", NOTEBOOK.format(scale=scale))
    assert done.stdout == "True\n", done.stderr


LIVE = """
import sys, warnings
from pathlib import Path
import nofb
from nofb.runs.compare import compare
from nofb.runs.specification import Specification

def run(jobs):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = compare(["my_rule:Mine"], Specification(hidden=(4,), epochs=1, lr=0.01), 1, jobs,
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
def test_a_file_that_is_edited_during_a_process_counts_when_it_is_loaded(desk, file):
    """The old class's result was kept as that of the new file, and shown after a restart."""
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
from nofb.runs.compare import compare
from nofb.runs.specification import Specification

file = Path(nofb.__file__).parent / "kernels" / "losses.py"
file.write_text(file.read_text("utf-8") + "# mended\\n", "utf-8")
for jobs in (1, 2):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = compare(["bp"], Specification(hidden=(4,), epochs=1, lr=0.01), 1, jobs)
    print(found.results[0].stopped, [str(each.message) for each in caught], sep="|")
"""


def test_a_nofb_that_is_edited_during_a_process_gives_a_warning(tmp_path):
    """With one job the old code ran silently; with two, the error named other machines."""
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(nofb.__file__).parent, tmp_path / "nofb", ignore=ignore)
    done = python(tmp_path, "-c", NOFB_EDITED, NUMBA_DISABLE_JIT="1")
    one, two = (line.split("|") for line in done.stdout.splitlines())
    assert one[0] == "None" and "if it was changed since, start Python again" in two[0]
    assert "was changed after this process had imported it" in one[1] and one[1] == two[1]


@pytest.mark.parametrize("command", ["compare", "sweep", "audit"])
def test_two_classes_with_one_name_are_refused_with_both_addresses(desk, command):
    """Only the row of the last one was shown, as if it were both."""
    for name in ("v1", "v2"):
        (desk / f"{name}.py").write_text(RULE)
    (desk / "sweep.toml").write_text('rules = ["v1:Mine", "v2:Mine"]')
    given = {"compare": ["--rules", "v1:Mine", "v2:Mine"], "sweep": ["sweep.toml"]}
    done = python(desk, "-P", "-m", "nofb", command, *given.get(command, ["v1:Mine", "v2:Mine"]))
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "v2:Mine calls itself 'mine', as v1:Mine does" in done.stderr
