"""A fault finds its line by the number of the equation, however the line is written."""

import importlib.util
import shutil
from pathlib import Path

import pytest
from planting import Equation, Fault, address, plant

import nofb

RULE = '''"""A rule.

    s_{l-1} = δ_l B_l    (2)
    ΔB_l = δ_lᵀ h_{l-1}  (3)
"""


def send_back(delta, B):
    return SENT  # eq. 2  (N, n_{l-1})


class Rule:
    def signals(self):
        for layer in self.layers:
            if layer.sends:
                layer.arrive(send_back(layer.delta, layer.B))  # times the slope: eqs. 2 and 3

    def after_step(self):
        self.step()  # as eq. 4 has it
'''


def planted(tmp_path: Path, sent: str, place: Equation | str, wrong: str) -> str:
    """Return a rule with the line `sent`, and with a fault in it."""
    (tmp_path / "rule.py").write_text(RULE.replace("SENT", sent), encoding="utf-8")
    plant(Fault("rule.py", place, wrong, "test_it"), tmp_path)
    return (tmp_path / "rule.py").read_text("utf-8")


@pytest.mark.parametrize("sent", ["delta @ B", "np.matmul(delta, B)", "(delta @ B).astype('f')"])
def test_a_rewritten_line_is_still_found_by_its_equation(tmp_path, sent):
    """A fault that contained the old text could not be planted after a rewording."""
    text = planted(tmp_path, sent, Equation("send_back", 2), "return delta @ B.T")
    assert text == RULE.replace("return SENT  # eq. 2  (N, n_{l-1})", "return delta @ B.T")


def test_the_function_tells_two_lines_of_one_equation_apart(tmp_path):
    """The kernel computes an equation, and the rule marks where it is used."""
    text = planted(tmp_path, "delta @ B", Equation("signals", 3), "first()\nsecond()")
    inside = " " * 16
    assert f"\n{inside}first()\n{inside}second()\n\n    def after_step" in text
    assert "return delta @ B  # eq. 2" in text


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        (Equation("send_back", 3), "rule.py must have eq. 3 once in send_back"),
        (Equation("receive", 2), "rule.py must have eq. 2 once in receive"),
        ("delta @ C", "rule.py must hold once: delta @ C"),
    ],
)
def test_a_fault_whose_line_is_missing_is_named(tmp_path, place, sentence):
    """It would plant nothing, and the test would seem to have missed the fault."""
    with pytest.raises(AssertionError, match=sentence):
        planted(tmp_path, "delta @ B", place, "return delta")


def test_a_fault_that_changes_nothing_or_is_no_python_is_refused(tmp_path):
    """A test that fails for such a reason has not detected a fault."""
    with pytest.raises(AssertionError, match="holds the wrong line already"):
        planted(tmp_path, "delta @ B", "delta @ B", "delta @ B")
    with pytest.raises(SyntaxError):
        planted(tmp_path, "delta @ B", Equation("send_back", 2), "return delta @")


TABLES = sorted(Path(__file__).parent.glob("*/test_planted_faults_in_*.py"))


@pytest.mark.parametrize("table", TABLES, ids=lambda file: file.parent.name)
def test_every_fault_finds_its_line_and_its_test(table, tmp_path):
    """After a variable was renamed, this test fails in a second, and not after minutes."""
    spec = importlib.util.spec_from_file_location(table.stem, table)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    lost = []
    for name, fault in module.FAULTS.items():
        file = tmp_path / fault.file
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(Path(nofb.__file__).parent / fault.file, file)
        try:
            plant(fault, tmp_path)
            address(fault.seen_by, module.FOLDERS)
        except (AssertionError, SyntaxError) as error:
            lost.append(f"{name}: {error}")
    assert not lost, "\n".join(lost)
