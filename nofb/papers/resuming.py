"""A long run of a study: if it is stopped, it is resumed from a checkpoint in the folder."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from nofb.papers.study import Task
from nofb.training import Checkpoint, Run, fit


def resumed(task: Task, folder: Path, every: int = 10, **given: Any) -> Run:
    """Train as `nofb.fit` does, with a checkpoint that is removed in the end.

    The task names the code of nofb, and so does the file: other code begins anew.
    """
    name = re.sub(r"[^\w.-]+", "_", "-".join(map(str, task.values())))
    checkpoint = folder / f"{name}.npz"
    kept = Checkpoint(checkpoint, every, resume=True)
    run = fit(**given, checkpoint=kept, progress=False)
    checkpoint.unlink(missing_ok=True)
    return run
