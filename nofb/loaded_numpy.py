"""Refuses a NumPy that was replaced on disk after this process had loaded it.

In a notebook that has imported NumPy, `pip install` can bring another version. What is imported
afterwards is built for the new one, and fails with messages that name neither NumPy nor a cure.
"""

import re
from pathlib import Path

import numpy as np


def version_on_disk(folder: Path) -> str:
    """Return the version of the NumPy in a folder, or nothing if its file has another form."""
    try:
        text = (folder / "version.py").read_text(encoding="utf-8")
    except OSError:
        return ""
    found = re.search(r'^version = "([^"]+)"', text, re.MULTILINE)
    return found[1] if found else ""


def refuse_another(loaded: str, installed: str) -> None:
    """Raise an error if the loaded NumPy is not the one on disk.

    Raises
    ------
    ImportError
        If both versions are known and differ.

    Examples
    --------
    >>> refuse_another("2.1.3", "2.1.3")
    """
    if installed and installed != loaded:
        raise ImportError(
            f"restart the kernel and run the cells again: NumPy {loaded} is loaded, and an "
            f"installation has replaced it by {installed}"
        )


refuse_another(np.__version__, version_on_disk(Path(np.__file__).parent))
