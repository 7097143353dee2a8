"""Imports point down the map of DESIGN section 2, and go in no circle, not even for types."""

import pytest
from imports import circles, imports, reached

from nofb.fingerprint.installed import WITHOUT_EFFECT

MAP = (  # from the bottom up; what stands in one row may use each other, but in no circle
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
    """The room of the map that a module is in, if it is in any."""
    return [*module.split("."), ""][1]


def test_there_is_no_circle():
    """Whoever reads one file of a circle has to read them all."""
    assert circles() == []


@pytest.mark.parametrize("room", LEVELS)
def test_imports_point_down_the_map(room):
    """A kernel that knows of papers could not be read, or used, without them."""
    upward = [
        f"{module} imports {other}"
        for module, others in imports().items()
        for other in others
        if part(module) == room and LEVELS.get(part(other), -1) > LEVELS[room]
    ]
    assert upward == []


def test_what_stands_below_the_map_imports_nothing_of_its_upper_rows():
    """Helpers of everybody must not bring training along."""
    upward = [
        f"{module} imports {other}"
        for module, others in imports().items()
        for other in others
        if part(module) not in LEVELS and LEVELS.get(part(other), -1) >= LEVELS["training"]
    ]
    assert [each for each in upward if not each.startswith(("nofb imports", "nofb.__main__"))] == []


def test_data_sets_stand_apart():
    """They can be used without a network."""
    below = {part(each) for each in reached("nofb.datasets") if part(each)}
    assert not below & LEVELS.keys()


def test_the_code_of_a_run_is_what_runs_import_and_nothing_else():
    """A typo mended in a figure must not run a night of sweeps again; a kernel must."""
    rooms = {part(each) for each in imports() if "." in each}
    used = {
        part(each) for each in reached("nofb.runs.sweep", "nofb.runs.compare", "nofb.runs.tune")
    }
    without_say = {room for room in rooms if room in WITHOUT_EFFECT}
    assert used - {""} <= rooms - without_say
    packages = {each.split(".")[1] for each in imports() if each.count(".") > 1}
    assert packages - used <= without_say | {"transfer"}  # its runs have a command of their own
