"""Gradescope's format: what its page shows of a grading, and the zip that it runs.

Documented at gradescope-autograders.readthedocs.io ("Autograder Specifications").
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nofb.course.grade import score, write
from nofb.course.verdict import Verdict

SETUP = """#!/usr/bin/env bash
set -e
apt-get update && apt-get install -y python3 python3-venv
python3 -m venv /opt/nofb
/opt/nofb/bin/pip install 'nofb=={version}'
"""
RUN = """#!/usr/bin/env bash
cd /autograder
/opt/nofb/bin/nofb course grade submission --hidden --gradescope results/results.json{chapter}
"""


def results(verdicts: Sequence[Verdict], visibility: str = "visible") -> dict[str, Any]:
    """Return a grading as Gradescope reads it."""
    return {
        "score": score(verdicts),
        "output": f"{score(verdicts):g} of {sum(v.points for v in verdicts):g} points",
        "visibility": visibility,
        "stdout_visibility": "hidden",
        "tests": [
            {
                "number": verdict.number,
                "name": Path(verdict.path).name,
                "score": verdict.score,
                "max_score": verdict.points,
                "output": verdict.sentence,
                "visibility": visibility,
                "extra_data": {"digest": verdict.digest, "by_hand": verdict.by_hand},
            }
            for verdict in verdicts
        ],
    }


def write_results(verdicts: Sequence[Verdict], path: Path) -> None:
    """Write a grading as Gradescope reads it."""
    write(path, json.dumps(results(verdicts), indent=1, ensure_ascii=False) + "\n")


def write_zip(path: Path, version: str, chapter: int | None = None) -> None:
    """Write what is uploaded to Gradescope: setup.sh and run_autograder, at the root of a zip."""
    only = "" if chapter is None else f" --chapter {chapter}"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in (
            ("setup.sh", SETUP.format(version=version)),
            ("run_autograder", RUN.format(chapter=only)),
        ):
            member = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
            member.external_attr = 0o100755 << 16
            archive.writestr(member, text)
