"""A verdict: whether a rule passed one test, and a sentence with the numbers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    """The result of one test of a rule.

    Attributes
    ----------
    passed
        Whether the rule passed; `None` where the test does not apply to it.
    sentence
        What was measured, and, for a failure, what is likely to be wrong.
    """

    passed: bool | None
    sentence: str

    @property
    def word(self) -> str:
        """The verdict in a word."""
        return "-" if self.passed is None else "passed" if self.passed else "FAILED"


def passed(sentence: str) -> Verdict:
    """Return the verdict on a rule that passed."""
    return Verdict(True, sentence)


def failed(sentence: str) -> Verdict:
    """Return the verdict on a rule that failed."""
    return Verdict(False, sentence)


def not_applicable(sentence: str) -> Verdict:
    """Return the verdict of a test that does not apply."""
    return Verdict(None, sentence)
