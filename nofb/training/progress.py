"""A progress bar for the terminal and the notebook, silent where nobody watches."""

import sys
import warnings
from typing import Any


class Silence:
    """Stands in for a bar that nobody watches.

    tqdm's own silent bar takes a semaphore, which a worker process that is killed would leave
    behind.
    """

    def __enter__(self) -> "Silence":
        return self

    def __exit__(self, *raised: object) -> None:
        pass

    def update(self) -> None:
        """Count one more."""

    def set_postfix(self, *words: object, **more: object) -> None:
        """Say something behind the bar."""

    set_postfix_str = set_postfix


def bar(total: int, label: str, unit: str, wanted: bool = True, done: int = 0) -> Any:
    """Return a tqdm bar; in a file or a pipe there is none.

    Parameters
    ----------
    total
        How many units there will be.
    label
        Stands in front of the bar.
    unit
        What is counted, such as "epoch".
    wanted
        `False` for no bar at all.
    done
        How many units there are already.
    """
    if not (wanted and _is_watched()):
        return Silence()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # without ipywidgets a notebook gets the plain bar
        from tqdm.auto import tqdm
    return tqdm(total=total, initial=done, desc=label, unit=unit, leave=False)


def _is_watched() -> bool:
    """Return whether somebody sees standard error; without a console there is none at all."""
    if "ipykernel" in sys.modules:
        return True
    return sys.stderr is not None and not sys.stderr.closed and sys.stderr.isatty()
