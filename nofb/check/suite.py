"""The test suite: all tests that a rule has to pass, in the order of reading."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nofb import checks
from nofb.check import basics, claims, equations, feedback, learning, reduction
from nofb.check.mishaps import mishap
from nofb.check.subject import Subject
from nofb.check.verdict import Verdict, failed, not_applicable
from nofb.kernels import calls
from nofb.rules import Rule, make

Test = Callable[[Subject], Verdict]

# fmt: off
TESTS: dict[str, Test] = {
    "teaches all layers":       basics.teaches,
    "shapes":                   basics.shapes,
    "changes nothing":          basics.changes_nothing,
    "leaves the trace":         basics.leaves_the_trace,
    "the same twice":           basics.repeats,
    "a mean over the batch":    equations.is_a_mean,
    "the output layer":         equations.output_layer_gets_its_error,
    "the slope":                equations.silent_units_rest,
    "feedback apart from W":    feedback.drawn_apart,
    "backprop if B is Wᵀ":      reduction.reduces_to_backprop,
    "backprop only if it says": feedback.is_not_backprop,
    "claims":                   claims.claims_are_true,
    "images":                   basics.goes_through_images,
    "learns":                   learning.learns_more_than_the_last_layer,
}
# fmt: on


def check(rule: str | Rule) -> Iterator[tuple[str, Verdict]]:
    """Run every test on a rule, and yield the name of each test and its verdict.

    Parameters
    ----------
    rule
        A short name, module:Class, or a rule, which is not changed.

    Yields
    ------
    tuple[str, Verdict]
        The first test is whether the rule teaches all layers; if it fails, it is the only one.

    Raises
    ------
    ValueError
        If there is no such rule, or if it excuses a test that does not exist.

    Examples
    --------
    >>> for name, verdict in check("fa"):
    ...     if name == "backprop if B is Wᵀ":
    ...         print(verdict.word, "-", verdict.sentence)
    passed - with its feedback set to Wᵀ, its steps are backprop's, to rounding
    """
    subject = Subject(make(rule) if isinstance(rule, str) else rule)
    excuses = excused(subject.rule)
    for number, (name, test) in enumerate(TESTS.items()):
        verdict = verdict_of(test, subject)
        if name in excuses and not verdict.passed:
            verdict = not_applicable(f"{verdict.sentence}; {excuses[name]}")
        yield name, verdict
        if number == 0 and not verdict.passed:
            return


def excused(rule: Rule) -> dict[str, str]:
    """Return the tests that a rule excuses, each with the reason.

    This is not inherited: a derived class may pass these tests.

    Examples
    --------
    >>> excused(make("fa"))
    {}
    """
    excuses: dict[str, str] = vars(type(rule)).get("excused", {})
    for name in excuses:
        checks.choice(f"excused of {type(rule).__name__}", name, TESTS)
    return excuses


def verdict_of(test: Test, subject: Subject) -> Verdict:
    """Return the verdict of a test; a rule that stops with an error has failed it."""
    try:
        if test is basics.teaches:
            basics.rehearse(subject)
        with calls.called_as(calls.ToldKernel, subject.kernels):
            return test(subject)
    except (Exception, SystemExit) as error:  # a user's rule may raise anything
        return failed(mishap(error, subject))
