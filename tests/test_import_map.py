"""Imports follow the map of DESIGN section 2 downwards, without circles, also for types."""

import pytest
from imports import circles, imports, reached

from nofb.fingerprint.installed import WITHOUT_EFFECT

MAP = (  # from the bottom up; modules of one row may import each other, but not in a circle
    ("kernels",),
    ("layers",),
    ("network", "trace", "graph"),
    ("networks",),
    ("rules",),
    ("transfer",),
    ("training", "diagnosis"),
    ("explain", "audit", "check"),
    ("runs",),
    ("report", "plots"),
    ("papers", "course"),
    ("cli",),
)
LEVELS = {part: level for level, row in enumerate(MAP) for part in row}


def part(module):
    """Return the row of the map of a module, or None."""
    return [*module.split("."), ""][1]


def test_there_is_no_circle():
    """A reader of one file of a circle would have to read them all."""
    assert circles() == []


@pytest.mark.parametrize("room", LEVELS)
def test_imports_follow_the_map_downwards(room):
    """A kernel that imports papers could not be read, or used, without them."""
    upward = [
        f"{module} imports {other}"
        for module, others in imports().items()
        for other in others
        if part(module) == room and LEVELS.get(part(other), -1) > LEVELS[room]
    ]
    assert upward == []


def test_modules_below_the_map_import_nothing_of_its_upper_rows():
    """Helpers that all modules use must not import the training."""
    upward = [
        f"{module} imports {other}"
        for module, others in imports().items()
        for other in others
        if part(module) not in LEVELS and LEVELS.get(part(other), -1) >= LEVELS["training"]
    ]
    assert [each for each in upward if not each.startswith(("nofb imports", "nofb.__main__"))] == []


def test_data_sets_import_no_other_part():
    """They can be used without a network."""
    below = {part(each) for each in reached("nofb.datasets") if part(each)}
    assert not below & LEVELS.keys()


def test_the_code_of_a_run_is_what_runs_import():
    """A change in a figure must not repeat a night of sweeps; a change of a kernel must."""
    rooms = {part(each) for each in imports() if "." in each}
    used = {
        part(each) for each in reached("nofb.runs.sweep", "nofb.runs.compare", "nofb.runs.tune")
    }
    without_say = {room for room in rooms if room in WITHOUT_EFFECT}
    assert used - {""} <= rooms - without_say
    packages = {each.split(".")[1] for each in imports() if each.count(".") > 1}
    assert packages - used <= without_say | {"transfer"}  # its runs have their own command
