"""A conformance suite for anybody's rule: `check("my_rule:MyRule")` gives verdicts in sentences."""

from nofb.check.suite import TESTS, check
from nofb.check.verdict import Verdict

__all__ = ["TESTS", "Verdict", "check"]
