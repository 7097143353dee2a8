"""nofb is on no package index: nothing that a reader copies may take it from one by its name."""

import re
import tomllib
from pathlib import Path

import pytest

from nofb import extras

ROOT = Path(__file__).parents[2]
KINDS = {".md", ".py", ".ipynb", ".txt", ".html", ".toml", ".yml"}
PLACES = ("docs", "notebooks", "nofb", "benchmarks", ".github", ".ci")
# The bare name, or with extras, after pip and the like; not a wheel, and not `nofb[x] @ git+...`.
BY_NAME = re.compile(
    r"(?:\bpip|\bpipx|\buv|\bconda)\b[^&|;#]*\b(?:install|download|add|wheel|run)\b[^&|;#]*"
    r"[\s'\"`]nofb(?:\[[^\]]*\])?(?:[=<>~!][^\s'\"`]*)?(?=[\s'\"`)]|$)(?!\s*@)"
)


def files():
    """Return the files that readers copy from."""
    found = [path for path in ROOT.iterdir() if path.suffix in KINDS]
    for place in PLACES:
        found += [path for path in (ROOT / place).rglob("*") if path.suffix in KINDS]
    return [path for path in found if "_build" not in path.parts]


def test_no_page_installs_nofb_by_its_name():
    """The name is free: whoever takes it would run code on the reader's machine."""
    lines = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in files()
        for line in path.read_text("utf-8").splitlines()
        if BY_NAME.search(line)
    ]
    assert not lines


@pytest.mark.parametrize("line", [
    "pip download nofb jupyterlab -d wheels", "pip install 'nofb[dask]'", "%pip install nofb",
    "/opt/nofb/bin/pip install --no-index --find-links wheels nofb", "uv pip install nofb==0.1.0",
    "pip install `nofb`", "cure = pip install nofb[transfer]", "(pip install 'nofb[dask]')",
])  # fmt: skip
def test_an_install_by_name_is_found(line):
    assert BY_NAME.search(line)


@pytest.mark.parametrize("line", [
    "pip install -e '.[dask]'", "/opt/nofb/bin/pip install --no-deps nofb-0.1.0-py3-none-any.whl",
    "%pip install --quiet ./nofb-0.1.0-py3-none-any.whl && nofb lessons lessons",
    "pip install './nofb-0.1.0-py3-none-any.whl[notebooks]'", "nofb[notebooks] @ git+ADDRESS",
    "pip install 'nofb[notebooks] @ git+ADDRESS'", "pip install -e . && .venv/bin/nofb compare",
])  # fmt: skip
def test_an_install_from_the_repository_or_a_wheel_is_none(line):
    assert not BY_NAME.search(line)


@pytest.mark.parametrize("extra", extras.INSTALL)
def test_the_cure_for_a_missing_package_names_all_packages_of_the_extra(extra):
    """It installs what is missing, wherever nofb came from."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for needed in project["optional-dependencies"][extra]:
        assert re.split("[<>=]", needed)[0] in extras.INSTALL[extra]


@pytest.mark.parametrize("page", ["start.md", "administrators.md"])
def test_the_pages_on_installing_say_that_nofb_is_on_no_index(page):
    """Readers try the name first."""
    text = (ROOT / "docs" / page).read_text("utf-8")
    assert "nofb is on no package index yet" in " ".join(text.split())
