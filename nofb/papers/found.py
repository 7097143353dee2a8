"""Settings that a study's search found: a JSON file beside it, with all that was measured."""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib import resources
from pathlib import Path

from nofb.runs.search import Search, search

FILE = "found.json"


def found(package: str) -> dict[str, dict[str, float]]:
    """Return the values that the committed search of a paper chose, by the name of the search.

    Raises
    ------
    FileNotFoundError
        If the search has not been done.
    """
    file = resources.files(package).joinpath(FILE)
    if not file.is_file():
        raise FileNotFoundError(
            f"search for the learning rates first, with `python -m {package}.search`: this study "
            "has none yet"
        )
    text = file.read_text("utf-8")
    best: dict[str, dict[str, float]] = json.loads(text)["best"]
    return best


def write_found(searches: dict[str, Search], path: Path, jobs: int, log: Path) -> None:
    """Do searches, and write what each found beside their study.

    Parameters
    ----------
    searches
        Each with the name that its study looks it up by.
    path
        Of the study's file, any in its folder.
    jobs, log
        As for `nofb.runs.search.search`.
    """
    search(searches.values(), jobs, log, path.parent.name)
    content = {
        "best": {name: each.named(each.best) for name, each in searches.items()},
        "validation_accuracy": {
            name: {" ".join(map(str, point)): each.found[point] for point in sorted(each.found)}
            for name, each in searches.items()
        },
    }
    text = json.dumps(content, indent=1) + "\n"
    path.with_name(FILE).write_text(text, encoding="utf-8")


def names(searches: Iterable[str], wanted: Iterable[str]) -> list[str]:
    """Return the names of searches that begin with one of some words, or all for no words."""
    words = tuple(wanted)
    return [name for name in searches if not words or name.startswith(words)]
