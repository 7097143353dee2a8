"""Which files a command runs, and its exit codes: it runs no other file, and no failure gives 0."""

import subprocess
import sys

import pytest

from nofb.cli.outcome import exit_code

SHORT = ["--seeds", "1", "--epochs", "1", "--hidden", "4"]
NOSY = "with open('diary', 'a') as diary:\n    diary.write(__name__ + '\\n')\nraise RuntimeError\n"
SHADOWS = ("random", "queue", "signal", "tempfile", "psutil")
RULE = """
import sys
from nofb.rules import FeedbackAlignment

class Mine(FeedbackAlignment):
    name = "mine"
{body}
"""
METHODS = {
    "import": "sys.exit(0)",
    "__init__": "    def __init__(self):\n        sys.exit(0)",
    "signals": "    def signals(self, net, trace):\n        sys.exit(0)",
}
BREAKS = "    def signals(self, net, trace):\n        raise KeyError('delta')"
SWEEP = 'rules = ["my_rule:Mine"]\nseeds = 1\n[settings]\nepochs = 1\nhidden = [4]\nlr = 0.01\n'


def nofb(folder, *words):
    """Run the command in a folder, as the script `nofb` does: the folder is not on the path."""
    command = [sys.executable, "-P", "-m", "nofb", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def write(folder, body):
    (folder / "my_rule.py").write_text(RULE.format(body=body))


# -- the files of the current folder ---------------------------------------------------------------


@pytest.fixture
def desk(tmp_path):
    """A folder with files named like modules of Python, and like one that may be missing."""
    for name in SHADOWS:
        (tmp_path / f"{name}.py").write_text(NOSY)
    return tmp_path


def test_workers_do_not_run_a_file_of_the_folder_that_has_the_name_of_a_python_module(desk):
    """A student's random.py made every run fail, in every process, with exit code 0."""
    done = nofb(desk, "compare", "--rules", "bp", "--jobs", "2", *SHORT)
    assert done.returncode == 0, done.stderr
    assert not (desk / "diary").exists()


def test_a_custom_rule_is_found_beside_such_files_and_finds_its_helper(desk):
    """Then the folder is needed on the path, but after all other entries."""
    (desk / "helper.py").write_text("SCALE = 0.5\n")
    write(desk, "    from helper import SCALE as scale\n    import random")
    done = nofb(desk, "compare", "--rules", "bp", "my_rule:Mine", "--jobs", "2", *SHORT)
    assert done.returncode == 0, done.stderr
    assert not (desk / "diary").exists()


def test_a_rule_in_a_file_with_the_name_of_a_python_module_is_refused_with_this_reason(desk):
    """Python's own module would be imported instead of the student's file, which has the rule."""
    done = nofb(desk, "check", "queue:Mine")
    assert done.returncode == 2
    assert "queue cannot be imported: ImportError: Python has another module" in done.stderr
    assert "so give queue.py another one" in done.stderr and done.stderr.count("\n") == 1


# -- a rule that ends Python -----------------------------------------------------------------------


@pytest.mark.parametrize("place", METHODS)
def test_the_checker_gives_a_verdict_on_a_rule_that_ends_python(tmp_path, place):
    """A grader that reads the exit code took sys.exit(0) for a correct rule."""
    write(tmp_path, METHODS[place])
    done = nofb(tmp_path, "check", "my_rule:Mine")
    if place == "signals":
        assert done.returncode == 1 and "1 failure." in done.stdout
        assert "FAILED  teaches all layers" in done.stdout
        verdict = " ".join(done.stdout.split())
        assert "it ends Python in line 8 of my_rule.py with sys.exit(0)" in verdict
    else:
        assert done.returncode == 2 and done.stderr.count("\n") == 1
        assert "my_rule" in done.stderr and "SystemExit" in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["train", "my_rule:Mine", *SHORT[2:]],
        ["audit", "my_rule:Mine"],
        ["explain", "my_rule:Mine"],
    ],
    ids=lambda words: words[0],
)
def test_a_command_that_a_rule_ends_names_the_place_and_fails(tmp_path, words):
    """Nothing was trained, but the exit code said success."""
    write(tmp_path, METHODS["signals"])
    done = nofb(tmp_path, *words)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "my_rule.py, line 8, ends Python with sys.exit(0)" in done.stderr


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_comparison_continues_after_a_rule_that_ends_python(tmp_path, jobs):
    """The main process trained the rule too, and ended with it."""
    write(tmp_path, METHODS["signals"])
    words = ["--rules", "bp", "my_rule:Mine", "--jobs", jobs, *SHORT]
    done = nofb(tmp_path, "compare", *words)
    assert done.returncode == 1
    assert "nofb: rule mine, seed 0 failed: SystemExit: 0\n" in done.stderr
    assert "bp    backpropagation" in done.stdout


def test_a_rule_that_kills_its_process_stops_no_other_run(tmp_path):
    """os._exit cannot be caught: only a separate process protects the other runs."""
    write(tmp_path, "    def signals(self, net, trace):\n        import os\n        os._exit(0)")
    done = nofb(tmp_path, "compare", "--rules", "bp", "my_rule:Mine", "--jobs", "2", *SHORT)
    assert done.returncode == 1 and "rule mine, seed 0 failed" in done.stderr
    assert "bp    backpropagation" in done.stdout


# -- exit codes ------------------------------------------------------------------------------------


def record(rule, **outcome):
    return {"task": {"rule": rule, "seed": 0}, **outcome}


FINE = record("bp", result={"stopped": None})
DIVERGED = record("fa", result={"stopped": "fa was stopped in epoch 1"})
FAILED = record("mine", error="KeyError: 'delta'")


@pytest.mark.parametrize(
    ("records", "code", "said"),
    [
        ([FINE], 0, ""),
        ([FINE, DIVERGED], 0, ""),
        ([DIVERGED], 1, "nofb: no run came to its end\n"),
        ([FINE, FAILED], 1, "nofb: rule mine, seed 0 failed: KeyError: 'delta'\n"),
        ([], 1, "nofb: no run came to its end\n"),
    ],
)
def test_a_failed_run_or_no_finished_one_is_a_failure_of_the_command(capsys, records, code, said):
    """A script that continues after a night of failed runs would use an empty table."""
    assert exit_code(records) == code
    assert capsys.readouterr().err == said


def test_only_the_first_failures_are_named_and_the_others_counted(capsys):
    """A thousand equal sentences would hide everything printed before them."""
    assert exit_code([FAILED] * 30 + [FINE]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == "nofb: 30 of 31 runs failed"


def test_a_sweep_without_a_successful_run_fails(tmp_path):
    """Its table is empty, and the exit code must say so."""
    write(tmp_path, BREAKS)
    (tmp_path / "sweep.toml").write_text(SWEEP)
    done = nofb(tmp_path, "sweep", "sweep.toml", "--jobs", "1")
    assert done.returncode == 1
    assert "rule mine, seed 0 failed: KeyError: 'delta'" in done.stderr
    assert "no run came to its end" in done.stderr
