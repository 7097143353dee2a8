"""Functions that read a figure, for tests."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace


def line(axes, label):
    """Return the line of a rule in a panel."""
    (found,) = [line for line in axes.lines if line.get_label() == label]
    return found


class Notebook:
    """Replaces IPython: keeps what is displayed, and can end the cell."""

    def __init__(self, monkeypatch, shell_name="ZMQInteractiveShell"):
        self.shown, self.hooks = [], []
        shell = type(shell_name, (), {})()
        shell.events = SimpleNamespace(
            register=lambda event, hook: self.hooks.append(hook),
            unregister=lambda event, hook: self.hooks.remove(hook),
        )
        outer, display = ModuleType("IPython"), ModuleType("IPython.display")
        outer.get_ipython, outer.version_info = lambda: shell, (9, 0, 0)  # as matplotlib checks it
        display.display = self.display
        monkeypatch.setitem(sys.modules, "IPython", outer)
        monkeypatch.setitem(sys.modules, "IPython.display", display)

    def display(self, figure, display_id):
        self.shown.append([figure])
        return SimpleNamespace(update=self.shown[-1].append)

    def end_cell(self):
        for hook in list(self.hooks):
            hook(None)
