"""The wheel, installed outside the repository: what somebody has who never saw the repository.

The environment is new and holds the wheel alone; the dependencies are those of the environment that
runs this test. A command that the wheel should have is one more line in COMMANDS.
"""

import email
import os
import re
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import numpy as np
import pytest

import nofb
from nofb.cli.main import build_parser
from nofb.rules import RULES

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
SMALL = "--epochs 1 --hidden 8"
COMMANDS = {
    "compare": f"compare --rules bp fa --seeds 1 --jobs 1 {SMALL}",
    "train": f"train fa {SMALL} --checkpoint run.npz",
    "sweep": "sweep rates.toml --jobs 1",
    "transfer": "transfer --help",
    "reproduce": "reproduce",
    "explain": "explain fa --step",
    "lessons": "lessons mine",
    "audit": "audit fa",
    "check": "check fa",
    "course": "course new work",
    "cite": "cite fa",
    "rules": "rules",
    "data": "data fetch digits",
}
SWEEP = 'rules = ["fa"]\nseeds = 1\n[settings]\nhidden = [8]\nepochs = 1\n[grid]\nlr = [0.01]\n'


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build the wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = f"-m pip wheel --quiet --no-deps --wheel-dir {folder} {ROOT}"
    subprocess.run([sys.executable, *command.split()], check=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory):
    """Install the wheel in a new environment, and return its interpreter."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    new = scripts / ("python.exe" if os.name == "nt" else "python")
    install = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run([new, *install], check=True)
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = subprocess.run([new, "-c", where], capture_output=True, text=True, check=True)
    dependencies = {str(Path(np.__file__).parents[1]), sysconfig.get_path("purelib")}
    (Path(packages.stdout.strip()) / "dependencies.pth").write_text("\n".join(dependencies))
    return new


def run(python, words, folder):
    """Run Python outside the repository, without the variables that lead to it."""
    clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "NOFB_DATA_DIR")}
    return subprocess.run(
        [python, "-W", "error", *words],
        cwd=folder,
        env=clean | {"MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


def test_what_is_imported_is_the_wheel(python, tmp_path):
    """If the checkout were imported, all other tests here would show nothing."""
    done = run(python, ["-c", "import nofb; print(nofb.__file__)"], tmp_path)
    assert not Path(done.stdout.strip()).is_relative_to(ROOT), done.stderr
    assert Path(done.stdout.strip()).is_relative_to(python.parents[1])


def test_every_command_is_tried():
    """A new command must not be forgotten here."""
    (action,) = build_parser()._subparsers._group_actions
    assert set(action.choices) == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_works_outside_the_repository(name, python, tmp_path):
    """A file that the wheel lacks would be missed only after the installation."""
    (tmp_path / "rates.toml").write_text(SWEEP)
    done = run(python, ["-m", "nofb", *COMMANDS[name].split()], tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_every_rule_can_be_explained_from_the_wheel(python, tmp_path):
    """`explain` reads the files of the rules, which must be in the wheel."""
    code = "import nofb\nfrom nofb.rules import RULES\n" \
           "print([name for name in RULES if nofb.explain.source(name).functions])"  # fmt: skip
    done = run(python, ["-c", code], tmp_path)
    assert done.stdout.strip() == str(list(RULES)), done.stderr


@pytest.mark.parametrize("number", ["00", "02", "12"])
def test_a_lesson_runs_from_the_wheel(number, python, tmp_path):
    """A student has the notebook alone, and not the repository around it."""
    assert run(python, ["-m", "nofb", "lessons", "mine"], tmp_path).returncode == 0
    (lesson,) = (tmp_path / "mine").glob(f"{number}_*.ipynb")
    code = (
        "import json, pathlib\n"
        f"cells = json.loads(pathlib.Path({str(lesson)!r}).read_text(encoding='utf-8'))['cells']\n"
        "text = '\\n\\n'.join(''.join(c['source']) for c in cells if c['cell_type'] == 'code')\n"
        "pathlib.Path('lesson.py').write_text(text, encoding='utf-8')\n"
    )
    assert run(python, ["-c", code], tmp_path).returncode == 0
    done = run(python, ["lesson.py"], tmp_path)
    assert done.returncode == 0, done.stderr


def test_the_description_on_a_package_index_has_no_broken_link(wheel):
    """An index shows the README without the files beside it."""
    with zipfile.ZipFile(wheel) as opened:
        (metadata,) = (name for name in opened.namelist() if name.endswith("/METADATA"))
        described = email.message_from_bytes(opened.read(metadata))
        names = set(opened.namelist())
    text = described.get_payload()
    assert "How can a deep network learn" in text
    assert re.findall(r"\]\((?!https?:|#)", text) == []
    assert described["Version"] == nofb.__version__
    assert {"nofb/py.typed", "nofb/notebooks/00_one_update_by_hand.ipynb"} <= names
