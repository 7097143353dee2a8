"""What every test must restore, and how the tests are divided between cores."""

import pytest

from nofb.datasets import registry
from nofb.rules import RULES

pytest_plugins = ["smoke"]

collect_ignore = ["mutation"]  # a command, which needs the extra of that name


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Give all tests of a file to one process (`-n 2`): they share what its fixtures trained."""
    from xdist.scheduler import LoadFileScheduling

    return LoadFileScheduling(config, log)


@pytest.fixture(autouse=True)
def own_rules():
    """Remove every rule from the registry that a test has registered."""
    before = dict(RULES)
    yield
    RULES.clear()
    RULES.update(before)


@pytest.fixture(autouse=True)
def own_data(monkeypatch):
    """Remove every data set that a test has registered."""
    monkeypatch.setattr(registry, "_OWN", {})
