"""Whether the code runs in a notebook: interactive pictures work only there."""

from importlib import import_module
from typing import Any


def shell() -> Any:
    """Return the shell of the running notebook, or `None` outside a notebook."""
    try:
        running = import_module("IPython").get_ipython()
    except ImportError:
        return None
    return None if type(running).__name__ == "TerminalInteractiveShell" else running


def in_notebook() -> bool:
    """Return whether this code runs in a notebook, and not as a script or at a prompt.

    Examples
    --------
    >>> callbacks = [LivePlot()] if in_notebook() else []
    >>> callbacks
    []
    """
    return shell() is not None
