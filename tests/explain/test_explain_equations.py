"""Every rule file contains its paper's equations as compiled lines, which `explain` reads."""

import re
from collections import defaultdict
from functools import cache

import pytest

from nofb.explain import source
from nofb.rules import RULES

read = cache(source)
LOOP = "nofb/rules/targets.py"
ELSEWHERE = {  # random draws, ξ ~ N(0, σ²), are no arithmetic either
    ("sdtp", 1): "the label itself",
    ("gnt", 4): "the slope, which is everybody's: what it is multiplied with is eq. 3",
    ("dfa_blocks", 4): "the slope, which is everybody's, of what eqs. 2 and 3 send",
}


def computes(function):
    """Return whether a function is a kernel, or takes neither a network nor a trace."""
    head = " ".join(line.code for line in function.lines).split("):")[0].split(") ->")[0]
    return function.kernel or not re.search(r"\b(net|trace)\b", head)


@cache
def shared_by():
    """Return, for every function of a rule's file, the files of the rules that run it."""
    found = defaultdict(set)
    for name in RULES:
        for function in read(name).functions:
            if function.ran:
                found[function.file, function.name].add(read(name).file)
    return found


@pytest.mark.parametrize("name", RULES)
def test_every_equation_of_a_rule_is_computed_in_its_own_file(name):
    """Other files may hold only what several rules use; otherwise the paper is not in the file."""
    shown = read(name)
    for number, equation in shown.header.numbered.items():
        found = shown.lines_of(equation)
        if any(function in shown.shared for function, _ in found):
            continue  # common to all rules: the output error, the weight step
        anywhere = "~" in equation.text or (name, number) in ELSEWHERE
        computed = [f for f, _ in found if computes(f) or anywhere]
        own = [f for f in computed if f.file == shown.file]
        families = [f for f in computed if len(shared_by()[f.file, f.name]) > 1]
        assert own or families, f"eq. {number}, {equation.text}, stands in {computed}"


@pytest.mark.parametrize("name", RULES)
def test_a_rule_needs_only_its_file_and_the_loop_of_its_family(name):
    """If a reader must open another rule's file, the header must say so."""
    shown = read(name)
    text = " ".join([shown.header.summary, shown.header.paper,
                     *(each.remark for each in shown.header.equations),
                     *(each.text for each in shown.header.paragraphs)])  # fmt: skip
    text += " ".join(each.phase for each in shown.header.equations)
    own, *others = shown.files
    assert own == f"{RULES[name].__module__.replace('.', '/')}.py" and len(others) <= 1
    for file in set(others) - {LOOP}:
        parents = [
            kind for kind in RULES.values() if f"{kind.__module__.replace('.', '/')}.py" == file
        ]
        assert any(f"`{kind.name}`" in text or kind.title in text for kind in parents), file


@pytest.mark.parametrize("name", RULES)
def test_kernels_come_first_and_machinery_last(name):
    """An equation and its compiled line are next to each other, with nothing between them."""
    for file in read(name).files:
        functions = [each for each in read(name).functions if each.file == file]
        ranks = [0 if each.kernel else 1 if each.marked else 2 for each in functions]
        assert ranks == sorted(ranks)


def test_equations_that_all_rules_share_are_in_nofb_once():
    """What is in no rule's file must be in another one, and the header must name it."""
    error, step = (
        "np.subtract(output, target, out=self.error)",
        "np.dot(h_below.T, mean_delta, dW)",
    )
    for name in RULES:
        shared = [line.code.strip() for function in read(name).shared for line in function.lines]
        assert set(shared) <= {error, step} and len(shared) == len(set(shared)), name
        assert step in shared or name == "ia"  # whose header begins with eq. 4
