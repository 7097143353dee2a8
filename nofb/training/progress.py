"""A progress bar for the terminal and the notebook; in a file or a pipe there is none."""

import os
import sys
import warnings
from contextlib import suppress
from typing import Any

USUAL = {"ncols": 80, "nrows": 24}  # of a terminal


class Silence:
    """Replaces the bar when it is not shown.

    tqdm's own hidden bar takes a semaphore, and a worker process that is killed would not release
    it.
    """

    def __enter__(self) -> "Silence":
        return self

    def __exit__(self, *raised: object) -> None:
        pass

    def update(self, more: int = 1) -> None:
        """Count more units."""

    def set_postfix(self, *words: object, **more: object) -> None:
        """Show a text after the bar."""

    set_postfix_str = set_postfix


def bar(total: int, label: str, unit: str, wanted: bool = True, done: int = 0) -> Any:
    """Return a tqdm bar; in a file or a pipe there is none.

    Parameters
    ----------
    total
        The total number of units.
    label
        The text before the bar.
    unit
        The name of a unit, such as "epoch".
    wanted
        `False` for no bar at all.
    done
        The number of units that are done already.
    """
    if not (wanted and is_watched()):
        return Silence()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # without ipywidgets a notebook gets the plain bar
        from tqdm.auto import tqdm
    return tqdm(total=total, initial=done, desc=label, unit=unit, leave=False, **_size())


def _size() -> dict[str, int]:
    """Return the usual size for a terminal that says it has none, as in some containers.

    tqdm shows nothing in a terminal of no lines.
    """
    with suppress(OSError, ValueError):
        if "ipykernel" not in sys.modules and 0 in os.get_terminal_size(sys.stderr.fileno()):
            return USUAL
    return {}


def is_watched() -> bool:
    """Return whether standard error is visible; without a console it does not exist."""
    if "ipykernel" in sys.modules:
        return True
    return sys.stderr is not None and not sys.stderr.closed and sys.stderr.isatty()
