"""The page on writing a rule: its rule passes, and its mistakes get the verdicts shown there."""

import re
from pathlib import Path

import pytest
from desks import at_work_in

from nofb.check import TESTS, check
from nofb.cli import main
from nofb.custom_rules import load
from nofb.explain.headers import parse
from nofb.rules import Rule

PAGE = (Path(__file__).parents[2] / "docs" / "writing_a_rule.md").read_text(encoding="utf-8")
RULE, NOTEBOOK = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = re.search(r"```sh\n(.*?)```", PAGE, re.DOTALL)[1].splitlines()


def table(heading):
    """Return the rows of a table of the page, without the backticks of code."""
    lines = PAGE[PAGE.index(heading) :].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


MISTAKES = table("| mistake | test |")
LOOP = RULE[RULE.index("        for layer in trace.downward") :]
PASSED_ON = """\
        delta = trace.error
        for layer in trace.downward():
            yield layer, delta
            if layer.sends:
                delta = trace.below(layer, delta @ layer.B)
"""
WRONG = {
    # the mistake, as the page has it: a line of the rule, and the line that replaces it
    "`layer.W.shape` for `layer.feedback_shape`": ("layer.feedback_shape", "layer.W.shape"),
    "no `if layer.sends`": ("if layer.sends:", "if True:"),
    "`yield delta, layer` for `yield layer, delta`": ("yield layer, delta", "yield delta, layer"),
    "no `trace.arrive`": ("trace.arrive(layer, delta @ layer.B)", "pass"),
    "`delta @ layer.B.T` for `delta @ layer.B`": ("delta @ layer.B", "delta @ layer.B.T"),
    "a signal that is passed on without `trace.delta`": (LOOP, PASSED_ON),
    "`delta * trace.samples`, a sum": ("yield layer, delta", "yield layer, delta * trace.samples"),
    "`layer.B = layer.W.T`": (
        "layer.B = signs / layer.n_in**0.5",
        "layer.B = layer.W.T",
    ),
    "`-delta`, as if the error were y - ŷ": (
        "yield layer, delta",
        "yield layer, -delta",
    ),
    "`np.random.choice(...)`": ("rng.choice", "__import__('numpy').random.choice"),
}


@pytest.fixture
def desk(tmp_path):
    """Work in an empty folder."""
    with at_work_in(tmp_path) as folder:
        yield folder


def test_the_rule_of_the_page_has_twenty_lines_passes_and_joins_the_comparison(desk, capsys):
    """A student starts from it: a mistake in it would be copied into forty reports."""
    assert len([line for line in RULE.splitlines() if line.strip()]) <= 20
    (desk / "my_rule.py").write_text(RULE, encoding="utf-8")
    for line in COMMANDS:
        words = line.split()[1:]
        short = ["--epochs", "1", "--seeds", "1", "--jobs", "1"] if words[0] == "compare" else []
        assert main([*words, *short]) == 0
    out = capsys.readouterr().out
    assert len(re.findall("^passed", out, re.M)) == len(TESTS)
    assert "onebit   one-bit feedback alignment" in out


def test_the_docstring_of_the_page_is_read_as_a_header_with_its_equation():
    """An equation that is numbered in another way would not be shown beside its line."""
    text = re.search(r'```text\n"""(.*?)"""\n```', PAGE, re.DOTALL)[1]
    assert parse(text, Rule).numbered[1].text == "δ_{l-1} = (δ_l B_l) ∘ f'(a_{l-1})"


def test_the_page_explains_every_test():
    """A student cannot use the verdict of a test that is not explained."""
    assert [name for name, _ in table("| test | what must hold |")] == list(TESTS)


@pytest.mark.parametrize(("mistake", "test", "verdict"), MISTAKES)
def test_a_mistake_gets_the_verdict_that_the_page_shows(desk, mistake, test, verdict):
    """A student who looks up a sentence must find the one that was printed."""
    right, wrong = WRONG[mistake]
    assert right in RULE
    name = f"mistake_{MISTAKES.index([mistake, test, verdict])}"
    (desk / f"{name}.py").write_text(RULE.replace(right, wrong), encoding="utf-8")
    found = next(v for t, v in check(load(f"{name}:OneBit")()) if t == test)
    assert found.passed is False
    pattern = ".*".join(re.escape(part.strip()) for part in verdict.split("…"))
    assert re.fullmatch(pattern + (".*" if verdict.endswith("…") else ""), found.sentence)
