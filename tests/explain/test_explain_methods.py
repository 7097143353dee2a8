"""`nofb explain toast` and the other methods of transfer, explained like rules."""

import unicodedata
from functools import cache

import numpy as np
import pytest
from transfer.cases import backbone

import nofb
from nofb import transfer
from nofb.cli import main
from nofb.explain import Explanation, explain, header, latex, source, walk
from nofb.explain.running import RATE
from nofb.transfer import METHODS

walked, read = cache(walk), cache(source)


def shown(steps, name):
    """Return the values that a walk shows of an array, in order."""
    lines = [value for moment in steps.moments for value in moment.values]
    values = [*steps.ran.start, *steps.ran.forward, *lines, *steps.ran.end]
    return [value.content for value in values if value.name == name]


def lines_of(steps):
    return {line.code.strip(): moment for moment in steps.moments for line in moment.lines}


@pytest.mark.parametrize("name", METHODS)
def test_every_equation_of_a_method_finds_the_line_that_implements_it(name):
    """An equation without a line is a claim that a reader cannot check."""
    found = read(name)
    assert found.header.numbered
    assert [e for e in found.header.numbered.values() if not found.lines_of(e)] == []


@pytest.mark.parametrize("name", METHODS)
def test_a_step_shows_every_equation_that_an_update_uses(name):
    """The others are no part of an update: merging, the start, and losses that are measured."""
    elsewhere = {"lora": {1, 3}, "toast": {7}, "toast_lite": {3}}
    steps = walked(name)
    assert steps.shows == set(steps.reader.header.numbered) - elsewhere.get(name, set())


def test_the_arrays_of_a_step_are_those_of_the_papers_equations():
    """A reader checks the page by hand: selection, feedback path, and the steered values."""
    steps = walked("toast")
    z, xi, P, A1, A2, C1, C2 = (
        shown(steps, name)[0]
        for name in ("z", "ξ", "W of P", "W of A_1", "W of A_2", "W of C_1", "W of C_2")
    )
    cos = z @ xi / (np.linalg.norm(z, axis=-1) * np.linalg.norm(xi))
    s3 = np.clip(cos, 0, 1)[..., None] * z @ P
    first, second = (each for each in shown(steps, "td"))
    for found, true in zip(shown(steps, "s"), (s3, s3 @ A2, s3 @ A2 @ A1), strict=True):
        np.testing.assert_allclose(found, true)
    np.testing.assert_allclose(first, s3 @ A2 @ C2)
    np.testing.assert_allclose(second, s3 @ A2 @ A1 @ C1)
    (values,) = lines_of(steps)[
        "return [Q, K, graph.add(attention.value, graph.add(Sum(), at, td))]"
    ].values
    assert values.content.shape == z.shape
    X, lost = shown(steps, "X"), shown(steps, "lost")[0]
    np.testing.assert_allclose(lost, (X[1] @ A1 - X[0]).reshape(lost.shape))  # eq. 8, block 1


@pytest.mark.parametrize("name", METHODS)
def test_a_step_changes_the_arrays_by_the_updates_that_it_shows(name):
    """W ← W - η dW for each array: otherwise the page shows another step."""
    steps = walked(name)
    moved = [value.name for value in steps.ran.end if value.name.startswith("d")]
    assert moved
    for each in moved:
        before, after = shown(steps, each[1:])[0], shown(steps, each[1:])[-1]
        np.testing.assert_allclose(after, before - RATE * shown(steps, each)[0], atol=1e-12)


def test_a_step_of_toast_leaves_the_attention_of_block_1_alone_and_steers_block_2():
    """A reader can see both claims in four printed arrays."""
    steps = walked("toast")
    one, two = (
        (shown(steps, f"attention of block {i}")[0],
         shown(steps, f"attention of block {i} with TOAST")[0]) for i in (1, 2)
    )  # fmt: skip
    np.testing.assert_allclose(*one, atol=1e-15)
    assert np.abs(np.subtract(*two)).max() > 1e-3


@pytest.mark.parametrize("step", [False, True])
@pytest.mark.parametrize("name", METHODS)
def test_a_page_fits_a_terminal(name, step):
    """A line that wraps separates the code from its equation; five hundred lines are too many."""
    lines = str(Explanation(header(name), (walked if step else read)(name))).splitlines()
    assert max(sum(not unicodedata.combining(c) for c in line) for line in lines) <= 100
    assert len(lines) <= 400


@pytest.mark.parametrize("step", [False, True])
def test_a_notebook_gets_every_equation_as_mathematics(step):
    """Lesson 11 shows `nofb.explain("toast")` in a notebook."""
    page = nofb.explain("toast", step=step)._repr_html_()
    for equation in header("toast").equations:
        assert f"$\\displaystyle {latex(equation.text)}$" in page


def test_a_model_is_explained_with_its_own_options_and_is_not_changed():
    """A student whose model has two blocks of feedback or another rank wants to see this model."""
    model = transfer.make("toast", backbone(), 3, late=1, stage="transfer", train_p=True)
    before = [array.copy() for node in model.nodes for array in node.parameters().values()]
    steps = walk(model)
    assert len(shown(steps, "td")) == 1 and shown(steps, "dW of P")
    after = [array for node in model.nodes for array in node.parameters().values()]
    assert all(map(np.array_equal, before, after))


def test_what_a_method_uses_from_another_file_is_shown_with_that_file():
    """TOAST-Lite has the selection of TOAST, and the branches of LoRA."""
    files = {function.name: function.file for function in read("toast_lite").functions}
    assert files["select"] == "nofb/transfer/toast.py"
    lines = [line for f in read("toast_lite").functions if f.name == "select" for line in f.lines]
    (equation,) = [each for line in lines for each in line.equations]
    assert (equation.number, equation.text) == (None, header("toast").numbered[2].text)


def test_the_command_explains_a_method(capsys):
    """A user of the command line types `nofb explain toast --step`."""
    assert main(["explain", "toast", "--all"]) == 0
    text = capsys.readouterr().out
    line = next(line for line in text.splitlines() if "wire_matrix(graph, A, s)" in line)
    assert "(3) s_l = s_{l+1} A_lᵀ" in line
    assert "The method, nofb/transfer/toast.py" in text and "What all methods share" in text
    assert main(["explain", "toast", "--step", "--seed", "3"]) == 0
    assert "stage = pretune" in capsys.readouterr().out
    assert main(["explain", "toast_lite", "--step"]) == 0  # its A is frozen, so it has one stage
    assert "pretune" not in capsys.readouterr().out


def test_a_misspelt_name_lists_rules_and_methods(capsys):
    """A reader who looks for TOAST among the rules must find it."""
    assert main(["explain", "toasd"]) == 2
    sentence = capsys.readouterr().err
    assert sentence.count("\n") == 1
    assert "rule is 'toasd', but must be one of: bp, fa" in sentence
    assert f"or a method of transfer: {', '.join(METHODS)}" in sentence
    assert str(explain("lora")).startswith("LoRA (lora)\n")
