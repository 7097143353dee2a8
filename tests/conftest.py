"""What every test must leave as it was."""

import pytest

from nofb.rules import RULES

collect_ignore = ["mutation"]  # a command, which needs the extra of that name


@pytest.fixture(autouse=True)
def own_rules():
    """Strike from the list, afterwards, every rule that a test has registered."""
    before = dict(RULES)
    yield
    RULES.clear()
    RULES.update(before)
