"""What a rule depends on besides its code, and files that were edited after their import."""

import importlib.util
import os
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from desks import HELPER, sitting_in

from nofb import fingerprint
from nofb.custom_rules import load
from nofb.fingerprint import UnknownCodeError
from nofb.rules import FeedbackAlignment
from nofb.runs.task import UNKNOWN, UnknownCodeWarning, own_code


@pytest.fixture
def desk(tmp_path):
    """Work in a folder with a rule and the helper that it imports."""
    with sitting_in(tmp_path):
        yield tmp_path


def mine(line, **names):
    """Return a rule as in a notebook, with this line in `signals`."""
    there = {"__name__": "__main__", "FeedbackAlignment": FeedbackAlignment, **names}
    body = f"    def signals(self, net, trace):\n        {line}\n"
    exec(f"class Mine(FeedbackAlignment):\n    name = 'mine'\n{body}", there)
    return there["Mine"]


@pytest.mark.parametrize(
    ("line", "names", "word"),
    [
        ("return open('k.txt').read()", {}, "open"),
        ("return [open(name) for name in 'ab']", {}, "open"),
        ("return read('k.txt')", {"read": open}, "read"),
        ("return np.loadtxt('k.txt')", {"np": np}, "loadtxt"),
        ("return np.load('k.npy')", {"np": np}, "load"),
        ("return load('k.npy')", {"load": np.load}, "load"),
        ("import numpy as np; return np.load('k.npy')", {}, "load"),
        ("return Path('k.txt').read_text()", {"Path": Path}, "read_text"),
        ("return os.environ['K']", {"os": os}, "environ"),
        ("from os import environ; return environ['K']", {}, "environ"),
        ("return surroundings['K']", {"surroundings": os.environ}, "surroundings"),
        ("return os.getenv('K')", {"os": os}, "getenv"),
        ("return importlib.import_module('helper').K", {"importlib": importlib}, "import_module"),
        ("return __import__('helper').K", {}, "__import__"),
        (
            "return importlib.util.spec_from_file_location('helper', 'helper.py')",
            {"importlib": importlib},
            "spec_from_file_location",
        ),
        ("return eval('K')", {}, "eval"),
        ("return step()", {"step": lambda read=open: read("k")}, "step"),
    ],
)
def test_a_rule_that_depends_on_more_than_its_code_is_never_taken_from_a_log(line, names, word):
    """The file, or the variable, was changed, but the result was that of the old one."""
    kind = mine(line, **names)
    with pytest.raises(UnknownCodeError, match=f"^Mine uses {word}, so that it depends on more"):
        fingerprint.of_class(kind)
    with pytest.warns(UnknownCodeWarning, match="its runs are not taken from a log"):
        assert own_code(kind).startswith(UNKNOWN)


def test_a_helper_function_that_reads_a_file_makes_the_code_of_a_rule_unknown(desk):
    """The rule's own lines do not show it."""
    (desk / "helper.py").write_text("def times(delta):\n    return delta * float(open('k').read())")
    with pytest.raises(UnknownCodeError, match="Mine uses open"):
        fingerprint.of_class(load("my_rule:Mine"))


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("return np.tanh(net.load(data.load()))", {"np": np, "data": FeedbackAlignment}),
        ("return open(net)", {"open": abs}),
        ("return net.eval(K)", {"K": np.arange(3)}),
    ],
)
def test_names_that_only_look_like_a_file_are_ignored(line, names):
    """After a false alarm all runs of a class would be repeated."""
    assert fingerprint.of_class(mine(line, **names)) == fingerprint.of_class(mine(line, **names))


def test_a_value_that_was_read_when_its_module_was_loaded_is_known(desk):
    """The error recommends it: the value is in the hash, and the file no longer matters."""
    found = []
    for scale in ("1.0", "2.0"):
        (desk / "scale.txt").write_text(scale)
        (desk / "helper.py").write_text(
            "from pathlib import Path\n" + HELPER.format("float(Path('scale.txt').read_text())")
        )
        found.append(fingerprint.of_class(load("my_rule:Mine")))
        for name in ("my_rule", "helper"):
            del sys.modules[name]
    assert found[0] != found[1]


def test_a_pattern_is_hashed_by_its_text_and_its_flags():
    """A rule that used a pattern was run again every time."""
    one, same, other, flagged = (
        fingerprint.of_class(mine("return LAYER.match('a')", LAYER=re.compile(*given)))
        for given in [("a+",), ("a+",), ("b+",), ("a+", re.IGNORECASE)]
    )
    assert one == same and len({one, other, flagged}) == 3


HIDING = """
class Scale:
    def __init__(self, factor):
        self.factor = factor
    def __getstate__(self):
        return {}
"""


def test_an_object_that_is_not_pickled_by_its_state_is_distinguished_by_its_attributes():
    """Two scales had one hash, and the runs of the second came from the log of the first."""
    there = {"__name__": "__main__"}
    exec(HIDING, there)
    one, same, other = (
        fingerprint.of_class(mine("return SCALE.factor", SCALE=there["Scale"](factor)))
        for factor in (1.0, 1.0, 2.0)
    )
    assert one == same != other


DYNAMIC = """
import helper
from nofb.rules import FeedbackAlignment

class Mine(FeedbackAlignment):
    name = "mine"
    def signals(self, net, trace):
        return getattr(helper, "SC" + "ALE")
"""


def edit(file, text):
    """Write a file as an editor does, with a time that is clearly later."""
    file.write_text(text)
    later = file.stat().st_mtime_ns + 10**9
    os.utime(file, ns=(later, later))


def test_a_file_that_was_edited_between_its_import_and_the_first_sweep_makes_a_rule_unknown(desk):
    """The run was made with 1.0, and was shown to a new process in which the helper says 0.0."""
    (desk / "my_rule.py").write_text(DYNAMIC)
    kind = load("my_rule:Mine")
    edit(desk / "helper.py", HELPER.format(0.0))
    with pytest.raises(UnknownCodeError, match=r"helper\.py was changed after .* start Python ag"):
        fingerprint.of_class(kind)


def test_a_file_that_was_edited_and_then_imported_is_known(desk):
    """A user of a notebook edits a file, and imports it for the first time or again."""
    (desk / "my_rule.py").write_text(DYNAMIC)
    (desk / "helper.py").write_text(HELPER.format(0.0))
    first = fingerprint.of_class(load("my_rule:Mine"))
    (desk / "helper.py").write_text(HELPER.format(1.0))
    for name in ("my_rule", "helper"):
        del sys.modules[name]
    assert fingerprint.of_class(load("my_rule:Mine")) != first


def test_a_module_that_is_imported_inside_of_a_function_by_its_name_counts(desk):
    """It is not loaded when nofb computes the hash, and no bytecode that nofb reads names it."""
    late = "def SCALE():\n    import deeper\n    return deeper.K"
    (desk / "my_rule.py").write_text(DYNAMIC)
    (desk / "helper.py").write_text(late)
    (desk / "deeper.py").write_text("K = 1.0\n")
    kind = load("my_rule:Mine")
    before = fingerprint.of_class(kind)
    assert "deeper" not in sys.modules
    (desk / "deeper.py").write_text("K = 2.0\n")
    assert fingerprint.of_class(kind) != before
