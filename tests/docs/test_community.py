"""What the repository offers beside its code: forms, workflows, a citation, a lock file."""

import re
import tomllib
from pathlib import Path

import pytest

import nofb

yaml = pytest.importorskip("yaml", reason="comes with jupytext, of the extra test")

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LEAST = dict(re.match(r"([\w-]+)>=([\d.]+)", each).groups() for each in PROJECT["dependencies"])
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[!c]*.yml"))
KINDS = {"input", "textarea", "dropdown", "checkboxes", "markdown"}


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def read(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("form", FORMS, ids=lambda path: path.stem)
def test_an_issue_form_is_complete(form):
    """A form with a mistake is not shown, and nobody notices."""
    found = read(form)
    assert found["name"] and found["description"] and found["body"]
    parts = [part for part in found["body"] if part["type"] != "markdown"]
    ids = [part["id"] for part in parts]
    assert len(set(ids)) == len(ids) and all(re.fullmatch(r"[a-z_]+", name) for name in ids)
    assert {part["type"] for part in found["body"]} <= KINDS
    assert all(part["attributes"]["label"] for part in parts)
    assert any(part.get("validations", {}).get("required") for part in parts)
    assert all(part["attributes"]["options"] for part in parts if part["type"] == "dropdown")


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_calls_what_exists(workflow):
    """A workflow that fails on every change would soon be ignored."""
    found = read(workflow)
    steps = [step for job in found["jobs"].values() for step in job["steps"]]
    said = " ".join(step.get("run", "") for step in steps)
    for name in re.findall(r"(?<!\S)(?:tests|\.ci)/[\w./]+", said):
        assert (ROOT / name).exists(), name
    for extra in re.findall(r"'\.\[(\w+)\]'", said):
        assert extra in PROJECT["optional-dependencies"]
    assert all(job["runs-on"] and job["timeout-minutes"] for job in found["jobs"].values())


def test_the_workflows_try_the_three_systems_and_the_oldest_and_newest_python():
    """The first user of Windows or of an old Python must not be the test."""
    matrix = read(ROOT / ".github/workflows/tests.yml")["jobs"]["smoke"]["strategy"]["matrix"]
    assert {each.split("-")[0] for each in matrix["system"]} == {"ubuntu", "macos", "windows"}
    classified = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    assert [classified[0], classified[-1]] == matrix["python"]
    assert PROJECT["requires-python"] == f">={classified[0]}"
    assert any(each["dependencies"] == "oldest" for each in matrix["include"])


def test_the_oldest_dependencies_that_are_tried_are_those_that_are_promised():
    """Otherwise `pip` may install a version with which nothing was tried."""
    tried = dict(re.findall(r"^([\w-]+)==([\d.]+)$", text(".ci/oldest.txt"), re.MULTILINE))
    for name, version in LEAST.items():
        assert tried[name].removesuffix(".0") == version.removesuffix(".0"), name


def test_the_lock_file_has_every_dependency_with_its_hash():
    """In a lab, forty computers must have the same versions."""
    lock = text("requirements-lab.txt")
    blocks = re.split(r"\n(?=[a-z])", "\n" + lock)[1:]
    locked = {re.match(r"[\w.-]+", block)[0]: "--hash=sha256:" in block for block in blocks}
    assert {*LEAST, "jupyterlab"} <= set(locked) and all(locked.values())
    assert "://" not in lock


def test_the_citation_and_the_changelog_name_this_version():
    """A paper that cites the wrong version cannot be repeated."""
    cited = read(ROOT / "CITATION.cff")
    assert cited["version"] == nofb.__version__ and cited["license"] == PROJECT["license"]
    assert cited["cff-version"] and cited["message"] and cited["authors"]
    assert f"\n## {nofb.__version__} " in text("CHANGELOG.md")


def test_the_hooks_run_the_tools_of_the_extra_lint():
    """A hook with other versions than the tests would change files back and forth."""
    (local,) = read(ROOT / ".pre-commit-config.yaml")["repos"]
    assert local["repo"] == "local"
    tools = {hook["entry"].split()[0] for hook in local["hooks"]} - {"python"}
    lint = {re.match(r"\w+", each)[0] for each in PROJECT["optional-dependencies"]["lint"]}
    assert tools == lint


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "CHANGELOG.md"])
def test_the_links_of_a_page_exist(page):
    """A contributor follows them first."""
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", text(page))
    assert all((ROOT / link).exists() for link in links)


def test_the_fault_that_contributing_shows_is_one_that_is_planted():
    """It is the example that a contributor copies."""
    shown = re.search(r"```python\n(.*?)```", text("CONTRIBUTING.md"), re.DOTALL)[1]
    planted = " ".join(text("tests/rules/test_planted_faults_in_rules.py").split())
    assert " ".join(shown.split()) in planted
