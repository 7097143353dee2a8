"""A progress bar for the terminal and the notebook, silent where nobody watches."""

import sys
import warnings
from typing import Any


def bar(total: int, label: str, unit: str, wanted: bool = True, done: int = 0) -> Any:
    """Return a tqdm bar; in a file or a pipe it shows nothing.

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
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # without ipywidgets a notebook gets the plain bar
        from tqdm.auto import tqdm
    watched = sys.stderr.isatty() or "ipykernel" in sys.modules
    disable = not (wanted and watched)
    return tqdm(total=total, initial=done, desc=label, unit=unit, leave=False, disable=disable)
