"""JupyterLab in a real browser: what a student sees when they open a lesson and run it.

It needs the extras notebooks and browser, and Debian's chromium and chromium-driver. The picture
of the whole notebook stays in pytest's folder:

    python -m pytest -m slow tests/docs/test_jupyterlab.py --basetemp=build/lab
"""

import json
import os
import shutil
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LESSON = ROOT / "notebooks" / "02_feedback_alignment.ipynb"
TALL = 7200  # pixels: a lesson from top to bottom, so that all of it is drawn at once
NOTEBOOK = "const panel = window.jupyterapp.shell.currentWidget; return "
TOO_WIDE = """return [...document.querySelectorAll(".jp-OutputArea-output")]
    .filter(output => output.scrollWidth > output.clientWidth).length"""

pytestmark = pytest.mark.slow


@contextmanager
def jupyterlab(folder, theme="JupyterLab Light"):
    """Run JupyterLab on a folder, with its default settings, and yield its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {f"JUPYTER_{kind}_DIR": str(folder / f".{kind}") for kind in ("CONFIG", "RUNTIME")}
    settings = folder / ".CONFIG" / "labconfig" / "default_setting_overrides.json"
    settings.parent.mkdir(parents=True)
    extension = "@jupyterlab/apputils-extension"
    own_settings = {"notification": {"fetchNews": "false"}, "themes": {"theme": theme}}
    settings.write_text(json.dumps({f"{extension}:{k}": v for k, v in own_settings.items()}))
    command = f"""-m jupyterlab --no-browser --allow-root --expose-app-in-browser
        --ServerApp.root_dir={folder} --ServerApp.port={port} --IdentityProvider.token=lesson
        --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"""
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, *command.split()],
            env=os.environ | own | {"PYTHONPATH": paths, "IPYTHONDIR": str(folder / ".ipython")},
            stdout=log,
            stderr=log,
        )
        try:
            yield f"http://127.0.0.1:{port}/lab/tree/{{name}}?token=lesson"
        finally:
            server.terminate()
            server.wait()


@contextmanager
def chromium(height):
    """Open Debian's chromium without a screen."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="needs the extra browser")
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        pytest.skip("needs Debian's chromium and chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for argument in ("--headless=new", "--no-sandbox", f"--window-size=1280,{height}"):
        options.add_argument(argument)
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    browser = webdriver.Chrome(options, service)
    try:
        yield browser
    finally:
        browser.quit()


def wait(browser, condition, seconds=300):
    """Wait until a condition on the browser holds, and return its result."""
    from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
    from selenium.webdriver.support.ui import WebDriverWait

    passing = (StaleElementReferenceException, WebDriverException)
    return WebDriverWait(browser, seconds, ignored_exceptions=passing).until(condition)


def click(browser, selector, text):
    """Click on the first visible element with this text."""

    def visible(browser):
        found = browser.find_elements("css selector", selector)
        return next((one for one in found if one.is_displayed() and text in one.text), None)

    wait(browser, visible).click()


def idle(browser):
    return browser.execute_script(
        NOTEBOOK + "panel.sessionContext.session?.kernel?.status === 'idle'"
    )


def code_cells(browser):
    """Return the code cells with their outputs, as the notebook would be saved."""
    cells = browser.execute_script(NOTEBOOK + "panel.content.model.toJSON().cells")
    return [cell for cell in cells if cell["cell_type"] == "code"]


def finished(browser):
    """Return whether every cell was run, or one failed, in which case the rest will not run."""
    cells = code_cells(browser)
    done = all(cell["execution_count"] for cell in cells) and idle(browser)
    return done or any(failures(cell) for cell in cells)


def failures(cell):
    return [output for output in cell["outputs"] if output["output_type"] == "error"]


def figures(browser):
    """Return the figures that are seen: each is there in the light and in the dark theme."""
    found = browser.find_elements("css selector", ".jp-OutputArea img")
    return [one for one in found if one.is_displayed()]


def test_a_student_opens_feedback_alignment_in_jupyterlab_and_runs_it_to_the_end(tmp_path):
    """A lesson is useless if its cells fail, or its figures and its slider do not appear."""
    pytest.importorskip("jupyterlab", reason="needs the extra notebooks")
    shutil.copy(LESSON, tmp_path)
    with chromium(TALL) as browser, jupyterlab(tmp_path) as address:
        wait(browser, lambda browser: browser.get(address.format(name=LESSON.name)) is None)
        wait(browser, idle)
        click(browser, ".lm-MenuBar-item", "Run")
        click(browser, ".lm-Menu-item", "Run All Cells")
        wait(browser, finished)
        cells = code_cells(browser)
        assert [failures(cell) for cell in cells] == [[] for _ in cells]
        assert not [output for cell in cells for output in cell["outputs"] if is_noise(output)]
        wait(browser, lambda browser: len(figures(browser)) >= 5)
        assert all(one.size["width"] > 300 and one.size["height"] > 100 for one in figures(browser))
        assert not browser.execute_script(TOO_WIDE)
        browser.save_screenshot(str(tmp_path / "lesson.png"))
        before = figures(browser)[-1].get_attribute("src")
        browser.find_elements("css selector", ".noUi-handle")[-1].send_keys("\ue014")  # arrow right
        wait(browser, lambda browser: figures(browser)[-1].get_attribute("src") != before)


def is_noise(output):
    """Return whether an output is a warning or a progress bar, which no lesson should have."""
    return output.get("name") == "stderr"


@pytest.mark.parametrize(("theme", "shown"), [("Light", "nofb-light"), ("Dark", "nofb-dark")])
def test_figures_and_sliders_are_shown_in_the_theme_of_jupyterlab(tmp_path, theme, shown):
    """A white picture on a dark page dazzles, and each figure must be there once."""
    pytest.importorskip("jupyterlab", reason="needs the extra notebooks")
    nbformat = pytest.importorskip("nbformat")
    code = """from nofb.plots import Picture, slider
def draw(slope):
    picture = Picture(4, 2)
    picture.subplots().plot([0, slope])
    return picture
slider(draw, slope=[1, 2, 3])"""
    cells = [nbformat.v4.new_code_cell(each) for each in (code, "draw(1)")]
    book = nbformat.v4.new_notebook(cells=cells)
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(book, tmp_path / "two.ipynb")
    with chromium(1000) as browser, jupyterlab(tmp_path, f"JupyterLab {theme}") as address:
        wait(browser, lambda browser: browser.get(address.format(name="two.ipynb")) is None)
        wait(browser, idle)
        click(browser, ".lm-MenuBar-item", "Run")
        click(browser, ".lm-Menu-item", "Run All Cells")
        wait(browser, finished)
        wait(browser, lambda browser: len(figures(browser)) == 2)
        browser.save_screenshot(str(tmp_path / "two.png"))
        assert [one.get_attribute("class") for one in figures(browser)] == [shown, shown]
