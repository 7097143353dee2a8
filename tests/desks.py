"""A student's folder: a custom rule, and a helper that it imports."""

import contextlib
import sys

RULE = """
from nofb.rules import FeedbackAlignment
import helper
from helper import times

class Mine(FeedbackAlignment):
    name = "mine"

    def signals(self, net, trace):
        for layer, delta in super().signals(net, trace):
            yield layer, times(delta)
"""
HELPER = "SCALE = {}\n\ndef times(delta):\n    return delta * SCALE\n"


@contextlib.contextmanager
def at_work_in(folder):
    """Make the folder the current one in this context; forget its modules afterwards."""
    before, path = set(sys.modules), list(sys.path)
    with contextlib.chdir(folder):
        yield folder
    for name in set(sys.modules) - before:
        if str(folder) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]
    sys.path[:] = path


@contextlib.contextmanager
def sitting_in(folder):
    """Make the folder, with both files, the current one in this context."""
    (folder / "my_rule.py").write_text(RULE)
    (folder / "helper.py").write_text(HELPER.format(1.0))
    with at_work_in(folder):
        yield folder
