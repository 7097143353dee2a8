"""Compares the claims of a rule with the findings of the audit."""

from __future__ import annotations

from dataclasses import fields

from nofb.audit import QUESTIONS, audit, contradictions
from nofb.check.subject import Subject
from nofb.check.verdict import Verdict, failed, passed
from nofb.rules import Uses


def claims_are_true(subject: Subject) -> Verdict:
    """It uses what it claims, and nothing else."""
    try:
        found = audit(subject.rule)
    except ValueError as error:
        return failed(str(error))
    if wrong := contradictions(subject.rule.uses, found):
        when = ["while it teaches" if name == "teach" else f"in {name}" for name in found.when]
        at = f"; it reads W {' and '.join(when)}" if when else ""
        return failed("; and ".join(wrong) + at)
    used = [QUESTIONS[use.name].heading for use in fields(Uses) if getattr(found.uses, use.name)]
    return passed(f"it uses {', '.join(used) or 'nothing in its backward pass'}, as it says")
