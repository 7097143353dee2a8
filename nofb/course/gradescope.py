"""Gradescope's format: what its page shows of a grading, and the zip that it runs.

Documented at gradescope-autograders.readthedocs.io ("Autograder Specifications").
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Sequence
from importlib.metadata import requires
from pathlib import Path
from typing import Any

import nofb
from nofb.course.grade import score, total, write
from nofb.course.hidden import load
from nofb.course.verdict import Verdict

SETUP = """#!/usr/bin/env bash
# Runs once, as root, when Gradescope builds the image. nofb itself is in this zip.
set -e
cd /autograder/source
apt-get update
for python in python3.13 python3.12 python3.11; do
    apt-get install -y "$python" "$python-venv" && break
done
"$python" -m venv /opt/nofb
/opt/nofb/bin/pip install -r requirements.txt
cp -r nofb "$(/opt/nofb/bin/python -c 'import site; print(site.getsitepackages()[0])')"
chmod -R go-rwx /autograder/source
"""
RUN = """#!/usr/bin/env bash
# Runs once for each submission. The exit code says whether there are results.
cd /
/opt/nofb/bin/python -I -m nofb course grade /autograder/submission \\
    --gradescope /autograder/results/results.json{options}
test -s /autograder/results/results.json
"""
LEFT_OUT = ("__pycache__", ".pyc", ".nbi", ".nbc")


def results(
    verdicts: Sequence[Verdict], notes: Sequence[str] = (), to_teacher: Sequence[str] = ()
) -> dict[str, Any]:
    """Return a grading as Gradescope reads it, with notes to the student and to the teacher."""
    tests = [test for verdict in verdicts for test in _tests(verdict)]
    return {
        "score": score(verdicts),
        "output": "\n".join([total(verdicts), *notes]),
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": [*tests, *map(_hidden, to_teacher)],
    }


def _tests(verdict: Verdict) -> Iterator[dict[str, Any]]:
    """Yield what is shown of a task, and a failed hidden test, which only teachers see."""
    name = f"{verdict.number} {Path(verdict.path).name}"
    points = {} if verdict.by_hand else {"score": verdict.score, "max_score": verdict.points}
    yield {
        "number": verdict.number,
        "name": name,
        **points,
        "output": verdict.sentence,
        "visibility": "visible",
        "extra_data": {"path": verdict.path, "sha256": verdict.digest, "by_hand": verdict.by_hand},
    }
    for said in filter(None, (verdict.hidden, *verdict.faults)):
        yield {"name": f"{name}: hidden test", "output": said, "visibility": "hidden"}


def _hidden(output: str) -> dict[str, Any]:
    return {"name": "note", "output": output, "visibility": "hidden"}


def write_results(
    verdicts: Sequence[Verdict], path: Path, notes: Sequence[str] = (),
    to_teacher: Sequence[str] = (),
) -> None:  # fmt: skip
    """Write a grading as Gradescope reads it."""
    found = results(verdicts, notes, to_teacher)
    write(path, json.dumps(found, indent=1, ensure_ascii=False) + "\n")


def write_refusal(path: Path, sentence: str) -> None:
    """Write why nothing was graded; the student may upload again."""
    found = {"score": 0.0, "output": sentence, "visibility": "visible", "tests": []}
    write(path, json.dumps(found, indent=1, ensure_ascii=False) + "\n")


def write_zip(path: Path, chapter: int | None = None, hidden: Path | None = None) -> None:
    """Write what is uploaded to Gradescope: setup.sh and run_autograder, at the root of a zip.

    Parameters
    ----------
    path
        The zip. It also holds this nofb, so that students' work is graded by what wrote it. With
        hidden tests, only its owner can read it.
    chapter
        One chapter only, or all.
    hidden
        The file of a teacher's hidden tests, or `None`.
    """
    options = "" if chapter is None else f" --chapter {chapter}"
    texts = {"setup.sh": SETUP, "requirements.txt": requirements()}
    if hidden is not None:
        options += " --hidden /autograder/source/hidden.py"
        texts["hidden.py"] = load(hidden).text  # so that a file with a mistake is refused here
    texts["run_autograder"] = RUN.format(options=options)
    package = Path(nofb.__file__).parent
    if hidden is not None:
        path.touch()
        path.chmod(0o600)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in texts.items():
            member = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
            member.external_attr = 0o100755 << 16
            archive.writestr(member, text)
        for file in sorted(package.rglob("*")):
            if file.is_file() and not any(each in str(file) for each in LEFT_OUT):
                archive.write(file, Path("nofb") / file.relative_to(package))


def requirements() -> str:
    """Return what nofb needs besides itself, a line for each."""
    return "".join(f"{each}\n" for each in requires("nofb") or () if "extra ==" not in each)
