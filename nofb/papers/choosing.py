"""Which runs of a study `nofb reproduce --rows --seeds` chooses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from nofb import checks
from nofb.papers.study import Study, Task
from nofb.report.failures import row_name
from nofb.suggestions import did_you_mean


def rows_of(tasks: Iterable[Task]) -> list[str]:
    """Return the name of every row of some runs, each once."""
    return list(dict.fromkeys(map(row_name, tasks)))


def chooser(
    study: Study, epochs: int | None, texts: Sequence[str] | None, seeds: int | None
) -> Callable[[Task], bool]:
    """Return a function that says whether a run is of the chosen rows and seeds.

    Raises
    ------
    ValueError
        If no row has the words of a text, or no chosen row has so many seeds.
    """
    tasks = study.tasks(epochs)
    rows = chosen_rows(rows_of(tasks), texts)
    most = max(task.get("seed", 0) + 1 for task in tasks if row_name(task) in rows)
    wanted = most if seeds is None else checks.whole("seeds", seeds)
    if wanted > most:
        which = "the rows of this study" if texts is None else "these rows"
        have = "one seed" if most == 1 else f"at most {most} seeds"
        raise ValueError(f"seeds is {wanted}, but {which} have {have}")

    def is_chosen(task: Task) -> bool:
        return row_name(task) in rows and task.get("seed", 0) < wanted

    return is_chosen


def chosen_rows(rows: Sequence[str], texts: Sequence[str] | None) -> set[str]:
    """Return the rows that have the words of a text in their names, one after another.

    Capitals and commas do not matter. A whole name stands for its row alone.

    Raises
    ------
    ValueError
        If no row has the words of a text.

    Examples
    --------
    >>> rows = ["tanh bp 1", "tanh bp 10", "tanh fa 1"]
    >>> sorted(chosen_rows(rows, ["BP 1", "fa"]))
    ['tanh bp 1', 'tanh fa 1']
    """
    if texts is None:
        return set(rows)
    found: set[str] = set()
    for text in texts:
        words = plain(text)
        these = {row for row in rows if plain(row) == words} or {
            row for row in rows if words.strip() and words in plain(row)
        }
        if not these:
            near = did_you_mean(text, pieces(rows, text))
            listed = "" if near else ":" + "\n  ".join(["", *rows])
            raise ValueError(f"rows has {text!r}{near}, and no row has it in its name{listed}")
        found |= these
    return found


def plain(name: str) -> str:
    """Return the words of a name in small letters, with a space before and after each.

    Examples
    --------
    >>> plain("2x800 tanh, BP")
    ' 2x800 tanh bp '
    """
    return f" {' '.join(name.lower().replace(',', ' ').split())} "


def pieces(rows: Iterable[str], text: str) -> list[str]:
    """Return every piece of some names that has as many words as a text.

    Examples
    --------
    >>> pieces(["2x800 tanh bp", "2x800 relu bp"], "tan bp")
    ['2x800 tanh', 'tanh bp', '2x800 relu', 'relu bp']
    """
    length = len(text.split())
    names = [row.split() for row in rows]
    found = (
        " ".join(words[first : first + length])
        for words in names
        for first in range(len(words) - length + 1)
    )
    return list(dict.fromkeys(found))
