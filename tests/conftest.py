"""What tests share that change the list of rules."""

import pytest

from nofb.rules import RULES


@pytest.fixture
def own_rules():
    """Strike from the list, afterwards, every rule that a test has enrolled."""
    before = dict(RULES)
    yield
    RULES.clear()
    RULES.update(before)
