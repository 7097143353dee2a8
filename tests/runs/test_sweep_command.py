"""`nofb sweep`: a file describes the runs, and the command shows the results."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from processes import gone, workers
from runs.sweeps import SHORT

from nofb.cli import main
from nofb.cli.sweep import EXAMPLE, read_plan
from nofb.runs.grid import run_grid
from nofb.runs.plan import make_plan
from nofb.runs.run_log import read_log
from nofb.runs.run_tasks import work_for
from nofb.runs.specification import Specification
from nofb.runs.task import task_of
from nofb.runs.train import result_of
from nofb.strict_json import canonical

ROOT = Path(__file__).parents[2]


CONFIG = """
rules = ["bp", "fa"]
seeds = 2
validation = 0.2

[settings]
hidden = [6]
epochs = 1

[grid]
lr = [0.002, 0.01]
"""


@pytest.fixture
def config(tmp_path, monkeypatch):
    """Return the path of a file in an empty folder, which is the current one."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "rates.toml"
    path.write_text(CONFIG)
    return path


def run(capsys, *words):
    """Run the command in this process; return its exit code and what it printed."""
    code = main(list(words))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_the_command_prints_a_table_and_fills_a_folder(capsys, config):
    """A file of ten lines and one command give all that a report needs."""
    code, out, err = run(capsys, "sweep", "rates.toml", "--jobs", "1")
    assert (code, err) == (0, "")
    assert len(re.findall(r"^(bp|fa) +0\.0\d+ +\d+\.\d\d ± \d+\.\d\d % ", out, re.M)) == 4
    folder = Path("nofb-sweep")
    assert {path.name for path in folder.iterdir()} == {
        "runs.jsonl", "results.csv", "table.txt", "heatmap.png", "heatmap.svg",
        "config.toml", "config.json",
    }  # fmt: skip
    assert (folder / "config.toml").read_text() == CONFIG
    assert (folder / "table.txt").read_text() in out
    understood = json.loads((folder / "config.json").read_text())
    names = ("rules", "seeds", "settings", "grid", "attributes", "validation")
    again = make_plan(**{name: understood[name] for name in names})
    assert list(map(canonical, again.tasks)) == list(map(canonical, read_plan(config).tasks))
    assert {"command", "date", "versions", "machine"} <= set(understood)


def test_the_same_command_resumes_and_another_configuration_shares_runs_with_it(capsys, config):
    """After adding a learning rate, only its runs may be new."""
    run(capsys, "sweep", "rates.toml", "--jobs", "1")
    log = Path("nofb-sweep", "runs.jsonl")
    lines = log.read_text().splitlines(keepends=True)
    log.write_text("".join(lines[:5]) + lines[5][:-9])
    _, out, _ = run(capsys, "sweep", "rates.toml", "--jobs", "1")
    assert out.startswith("5 of 8 runs were finished earlier: ")
    assert len(log.read_text().splitlines()) == 8
    config.write_text(CONFIG.replace("0.01]", "0.01, 0.02]"))
    _, out, _ = run(capsys, "sweep", "rates.toml", "--jobs", "1")
    assert out.startswith("8 of 12 runs were finished earlier: ")
    assert len(read_log(log)) == 12


def test_a_failed_run_gives_exit_code_1_after_all_others_have_run(capsys, config):
    """A script must be able to detect it; the other results are kept."""
    config.write_text(
        'rules = ["bp", "dfa"]\nseeds = 1\nsettings.epochs = 1\nattributes.dfa.entries = 11'
    )
    code, out, _ = run(capsys, "sweep", "rates.toml", "--jobs", "1")
    assert code == 1
    assert "1 failed with ValueError: entries is 11, but there are only 10 output errors" in out
    assert Path("nofb-sweep", "heatmap.png").exists()


@pytest.mark.parametrize(
    ("content", "words", "sentence"),
    [
        ('rule = ["bp"]', [], "rates.toml: a sweep has no 'rule'; it has: rules, seeds, settings"),
        ("seeds = 1", [], 'rates.toml: rules is missing, such as rules = ["bp", "fa"]'),
        ('rules = ["bp"', [], "rates.toml: Unclosed array"),
        ("seeds = " + "[" * 10**5, [], "rates.toml: maximum recursion depth exceeded"),
        ('rules = ["bp"]\nsettings.epochs = "1"', [], "rates.toml: epochs must be a whole number"),
        ('rules = ["bp"]', ["--jobs", "0"], "jobs must be at least 1, but is 0"),
        ('rules = ["bp"]', ["--cluster", "here"], "cluster must be the address of a dask schedul"),
        ('rules = ["bp"]', ["--out", "rates.toml"], "rates.toml is not a folder"),
        ('rules = ["bp"]\nsettings.data = "mnist"', [], "it must be an existing folder"),
    ],
)
def test_a_mistake_in_the_file_gets_one_sentence_and_leaves_no_files(
    capsys, config, monkeypatch, content, words, sentence
):
    """A traceback does not tell a beginner which word was mistyped."""
    monkeypatch.setenv("NOFB_DATA_DIR", str(config.parent / "nowhere"))
    config.write_text(content)
    code, out, err = run(capsys, "sweep", "rates.toml", *words)
    assert code == 2 and out == ""
    assert err.startswith("nofb: ") and sentence in err and err.count("\n") == 1
    assert list(config.parent.iterdir()) == [config]


def test_a_log_of_another_program_is_refused_and_not_changed(capsys, config):
    """The folder belongs to the user."""
    log = Path("nofb-sweep", "runs.jsonl")
    log.parent.mkdir()
    log.write_text('{"epoch": 1}\n')
    code, _, err = run(capsys, "sweep", "rates.toml")
    assert code == 2 and "line 1 of nofb-sweep/runs.jsonl is not a run that nofb" in err
    assert log.read_text() == '{"epoch": 1}\n'


def test_control_c_prints_one_sentence_and_leaves_no_worker(config):
    """A terminal sends it to the workers too, which must print nothing."""
    config.write_text(CONFIG.replace("epochs = 1", "epochs = 400"))
    # A suite that runs in the background of a shell ignores Ctrl-C.
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "from nofb.cli import main; sys.exit(main(['sweep', 'rates.toml', '--jobs', '2']))"
    )
    command, environment = [sys.executable, "-c", code], {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=environment, start_new_session=True,
    ) as sweep:  # fmt: skip
        log = Path("nofb-sweep", "runs.jsonl")
        until = time.monotonic() + 60
        while time.monotonic() < until and not (log.exists() and len(read_log(log)) >= 1):
            time.sleep(0.1)
        started = workers(sweep.pid)
        os.killpg(sweep.pid, signal.SIGINT)
        out, err = sweep.communicate(timeout=30)
    assert sweep.returncode == 130 and out == ""
    assert err == (
        "nofb: stopped; nofb-sweep/runs.jsonl keeps the finished runs, "
        "and the same command resumes there\n"
    )
    assert 1 <= len(read_log(log)) < 8
    assert all(gone(worker) for worker in started)


def test_none_in_a_file_is_pythons_none(config):
    """TOML has no such value, and a user compares sparse feedback with full feedback."""
    config.write_text('rules = ["dfa"]\nattributes.dfa.entries = [1, "none"]\ngrid.lr = ["none"]')
    plan = read_plan(config)
    assert plan.attributes == {"dfa": {"entries": (1, None)}} and plan.grid == {"lr": (None,)}


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_file_from_an_editor_on_windows_is_read(config, newline):
    """Notepad writes a byte-order mark first, which TOML itself does not allow."""
    text = '# ø\nrules = ["bp"]\nseeds = 2\n'.replace("\n", newline)
    config.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert read_plan(config).seeds == (0, 1)
    config.write_bytes(text.encode("utf-16"))
    with pytest.raises(ValueError, match=r"rates\.toml: it is not UTF-8.*: save it as UTF-8"):
        read_plan(config)


SHOWN = re.findall(
    r"```toml\n(.*?)```", (ROOT / "docs" / "sweeps.md").read_text("utf-8"), re.DOTALL
)


@pytest.mark.parametrize("text", [EXAMPLE, *SHOWN])
def test_every_example_in_the_documentation_is_a_valid_sweep(config, text):
    """A reader copies the examples."""
    config.write_text(text[text.index("rules") :])
    plan = read_plan(config)
    assert plan.run.validation > 0 and len(plan.tasks) > 1


def test_importing_nofb_loads_nothing_that_only_sweeps_need():
    """Every notebook begins with this import."""
    code = (
        "import sys, nofb; late = {'joblib', 'dask', 'distributed', 'matplotlib'};"
        "assert not late & set(sys.modules), late & set(sys.modules); nofb.sweep;"
        "assert not late & set(sys.modules), late & set(sys.modules);"
        "assert {'sweep', 'plots'} <= set(dir(nofb)); nofb.plots.LivePlot"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_sweep_and_a_comparison_share_their_runs(tmp_path):
    """A run is identified by its task, in every command."""
    plan = make_plan(["fa"], 1, SHORT)
    task = task_of(Specification(hidden=(6,), epochs=2, rule="fa"))
    assert plan.tasks == [task]
    (record,) = run_grid(work_for(["fa"]), [task], log=tmp_path / "runs.jsonl")
    assert result_of(record).rule == "fa"
