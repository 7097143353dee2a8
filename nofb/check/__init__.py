"""A test suite for any rule: `check("my_rule:MyRule")` yields verdicts in sentences."""

from nofb.check.suite import TESTS, check
from nofb.check.verdict import Verdict

__all__ = ["TESTS", "Verdict", "check"]
