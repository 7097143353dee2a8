"""What Tab shows a student: the public names alone."""

import importlib
import subprocess
import sys

import pytest

import nofb
from nofb import Dense

PACKAGES = ["nofb", "nofb.plots", "nofb.rules", "nofb.networks", "nofb.transfer"]


@pytest.mark.parametrize("name", PACKAGES)
def test_tab_shows_the_public_names_and_no_helpers(name):
    """`Any`, `TYPE_CHECKING` and `import_module` stood between the layers."""
    package = importlib.import_module(name)
    shown = set(dir(package))
    assert set(package.__all__) <= shown
    assert not shown & {"Any", "Callable", "TYPE_CHECKING", "annotations", "import_module", "np"}
    assert all(hasattr(package, each) for each in shown)


def test_tab_shows_the_documented_modules_too():
    """A student who looks for the schedules finds them below the package."""
    assert {"schedules", "activations", "datasets", "plots", "__version__"} <= set(dir(nofb))
    assert "loaded_numpy" not in dir(nofb)


def test_each_public_module_can_be_used_without_its_own_import():
    """`nofb.networks` was missing until something else had imported it."""
    code = "import nofb; [getattr(nofb, name) for name in dir(nofb)]"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_objects_still_show_their_own_names():
    """The short lists are those of modules; an object has all its attributes."""
    net = nofb.Network([Dense(4, 2)])
    assert {"predict", "layers", "forward"} <= set(dir(net)) and "fit" not in dir(net)
