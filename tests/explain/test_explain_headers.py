"""The header of a rule as data: a reader must be shown everything that the file says."""

import re
import sys

import pytest

from nofb.explain import header
from nofb.explain.headers import Paragraph
from nofb.rules import RULES, FeedbackAlignment, WeightMirrorReleased


def words_of(text):
    """Return the words of a text without the signs that only separate its parts."""
    return re.sub(r"\(\d+\)|[:;.]", " ", text).split()


@pytest.mark.parametrize("name", RULES)
def test_a_header_keeps_every_word_of_its_file(name):
    """If the parser dropped a sentence, a reader would miss a difference from the released code."""
    read = header(name)
    equations = [(e.phase, e.text, e.where, e.remark) for e in read.equations]
    paragraphs = [(p.label, p.text) for p in read.paragraphs]
    parts = [(read.subject, read.question, read.paper), *equations, *paragraphs]
    kept = words_of(" ".join(text for part in parts for text in part))
    lost = [word for word in words_of(sys.modules[RULES[name].__module__].__doc__)
            if word not in kept]  # fmt: skip
    assert not lost


@pytest.mark.parametrize("name", RULES)
def test_a_header_has_a_question_and_consecutive_equation_numbers(name):
    """Marks in the code refer to the numbers, and a page has the question at its top."""
    read = header(name)
    assert read.subject and read.question.endswith("?")
    assert read.paper and read.summary and read.says("Uses")
    numbers = list(read.numbered)
    assert numbers and numbers == list(range(numbers[0], numbers[-1] + 1))
    assert all(re.search("[=←~]| gradient of ", equation.text) for equation in read.equations)
    assert not [e.phase for e in read.equations if e.phase.endswith(".")]  # a colon follows it


def test_an_equation_is_separated_from_its_condition_its_remark_and_its_heading():
    """Otherwise "for every hidden l" would be typeset as a product of letters."""
    second = header("dfa").numbered[2]
    assert second.text == "δ_l = (e D_l) ∘ f'(a_l)"
    assert second.where == "for every hidden l"
    assert second.remark == "no layer waits for another" and second.phase == ""
    phases = [equation.phase for equation in header("np_feedback").equations]
    assert phases == [""] * 3 + ["A second forward pass of the same samples, with noise"] * 3


def test_lines_without_a_number_are_kept_with_their_variant():
    """The three forms of sign-symmetry differ only in these lines."""
    forms = {e.where: (e.text, e.remark) for e in header("usf").equations if e.number is None}
    assert forms["uniform (uSF)"] == ("M_l = s", "one magnitude for all")
    assert len(forms) == 3


def test_symbols_are_separate_entries_and_paragraphs_have_labels():
    """A page makes a table of the symbols and headings of the labels."""
    read = header("fa")
    assert read.symbols[1] == "B_l feedback matrix (n_l, n_{l-1})"
    assert read.says("Released code").startswith("Nøkland's code starts ReLU networks")
    assert read.says("Weather") == ""
    spoken = header("sdfa").paragraphs[1]
    assert spoken.label == "" and spoken.text.startswith("It lies between direct feedback")


def test_rules_of_one_file_share_the_header_and_state_their_difference():
    """`wm_released` without its own sentence would be taken for the weight mirror itself."""
    shared, own = header("wm"), header(WeightMirrorReleased())
    assert shared.equations == own.equations and shared.name == "wm" and own.name == "wm_released"
    assert own.summary.startswith("The weight mirror as in the authors' code")


class Halved(FeedbackAlignment):
    """A student's variant without a docstring of its own."""


class Doubled(FeedbackAlignment):
    """Doubled feedback: what if the feedback were twice as strong?

    A student, this year.

        δ_L     = ŷ - y                                 (1)
        δ_{l-1} = 2 (δ_l B_l) ∘ f'(a_{l-1})             (2)   twice
              as much as before

    Uses: the global error, B.
    """


def test_a_rule_from_a_notebook_has_its_header_in_its_class_or_from_its_base_class():
    """A rule that is typed into a cell has no file with a header."""
    assert header(Halved).equations == header("fa").equations
    assert header(Halved).summary == "A student's variant without a docstring of its own."
    read = header(Doubled)
    assert read.question == "what if the feedback were twice as strong?" and read.summary == ""
    assert len(read.equations) == 2 and read.equations[1].remark == "twice as much as before"
    assert read.equations[1].text == "δ_{l-1} = 2 (δ_l B_l) ∘ f'(a_{l-1})"
    assert read.paragraphs == (Paragraph("Uses", "the global error, B."),)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [("bq", r"rule is 'bq' \(did you mean 'bp'\?\), but must be one of: bp, fa"),
     (3, "must be a short name or a"), (int, "must be a short name or a")],
)  # fmt: skip
def test_what_is_no_rule_gets_a_sentence(given, sentence):
    """A misspelt name must not end in an AttributeError."""
    with pytest.raises((ValueError, TypeError), match=sentence):
        header(given)
