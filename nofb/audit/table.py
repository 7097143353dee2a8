"""The audit as a table: a row for each rule, a column for each question."""

from __future__ import annotations

from collections.abc import Mapping

from nofb.audit.findings import QUESTIONS, Findings

FIRST = "A rule uses something if its updates of the hidden layers change when, in a second run,"
LAST = (
    "Where weights are replaced, the outputs of the units that they lead to are held constant, so\n"
    "that only a rule that reads the weights themselves can notice. Forward passes never change."
)


def rows(findings: Mapping[str, Findings]) -> list[list[str]]:
    """Return the table of some audits, by the names of their rules, with a heading.

    Examples
    --------
    >>> from nofb.audit import audit
    >>> for row in rows({"dfa": audit("dfa")}):
    ...     print(row[:3])
    ['rule', 'error', 'labels']
    ['dfa', 'yes', '-']
    """
    heading = ["rule", *(question.heading for question in QUESTIONS.values())]
    body = [[name, *(found.cell(use) for use in QUESTIONS)] for name, found in findings.items()]
    return [heading, *body]


def legend() -> str:
    """Return what each column means."""
    width = max(len(question.heading) for question in QUESTIONS.values())
    meanings = [
        f"  {question.heading:{width}}  {question.experiment}" for question in QUESTIONS.values()
    ]
    return "\n".join([FIRST, *meanings, LAST])
