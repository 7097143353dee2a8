"""The site in a real browser, opened from its files without a network: what a reader sees.

It needs the extras docs and browser, and Debian's chromium and chromium-driver. Pictures of some
pages stay in pytest's folder:

    python -m pytest -m slow tests/docs/test_site.py --basetemp=build/site
"""

import base64
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nofb.explain import header
from nofb.rules import RULES

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
DESKTOP, PHONE = 1360, 390  # pixels
SHOWN = ["index", "start", "faq", "choosing", "api", "rules/index", "rules/wm", "rules/ddtp"]

# The contrast of letters with their background, from 1 to 21, as WCAG defines it.
CONTRAST = """
const numbers = colour => colour.match(/[\\d.]+/g).slice(0, 3).map(x => x / 255);
const linear = x => x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
const light = colour => numbers(colour).map(linear)
    .reduce((sum, x, i) => sum + x * [0.2126, 0.7152, 0.0722][i], 0);
const paper = light(getComputedStyle(document.body).backgroundColor);
const contrast = ink => (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
const inks = [...document.querySelectorAll('.schematic text:not(.rests)')]
    .map(each => getComputedStyle(each).fill);
return [paper, Math.min(...[getComputedStyle(document.body).color, ...inks]
    .map(ink => contrast(light(ink))))];
"""

# What a page's source has and the page does not: fences, comments, descriptions of pictures.
UNSHOWN = r"^ *(```|:::).*?^ *\1$|<!--.*?-->|!\[[^]]*\]"

# By how many pixels a page, or a part of its text, is wider than the screen.
OVERHANG = """
return Math.max(...[document.documentElement, ...document.querySelectorAll('.content')]
    .map(each => each.scrollWidth - each.clientWidth));
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Build the site, without running the lessons, and return its folder."""
    pytest.importorskip("sphinx", reason="needs the extra docs")
    folder = tmp_path_factory.mktemp("site")
    command = f"-m sphinx -W -q -E -D nb_execution_mode=off -d {folder}/doctrees docs {folder}/html"
    subprocess.run([sys.executable, *command.split()], cwd=ROOT, check=True)
    return folder / "html"


@pytest.fixture(scope="module")
def browser():
    """Open Debian's chromium, without a screen and without a network."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="needs the extra browser")
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (program and driver):
        pytest.skip("needs Debian's chromium and chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for switch in ("headless=new", "no-sandbox", "hide-scrollbars"):
        options.add_argument(f"--{switch}")
    options.add_argument("--host-resolver-rules=MAP * ~NOTFOUND")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    opened = webdriver.Chrome(options, webdriver.ChromeService(driver))
    yield opened
    opened.quit()


def look(browser, width, theme):
    """Set the width of the browser, and its user's preference for light or dark."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width == PHONE}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    feature = {"name": "prefers-color-scheme", "value": theme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})


def count(browser, selector):
    """Return how many elements of the page a selector finds."""
    return browser.execute_script(f"return document.querySelectorAll({selector!r}).length")


def requests(browser):
    """Return the addresses that were requested since the last call, and those that failed."""
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = {
        event["params"]["requestId"]: event["params"]["request"]["url"]
        for event in events
        if event["method"] == "Network.requestWillBeSent"
    }
    lost = [
        asked.get(event["params"]["requestId"])
        for event in events
        if event["method"] == "Network.loadingFailed"
    ]
    return set(asked.values()), lost


def pages(site):
    """Return the pages of the site, without those for search and lists."""
    made = {"genindex", "search", "py-modindex"}
    return [page for page in sorted(site.rglob("*.html")) if page.stem not in made]


def test_no_page_requests_a_file_that_is_missing(site, browser):
    """On a train, and in many schools, there is no network: no page may need one."""
    look(browser, DESKTOP, "light")
    requests(browser)
    for page in pages(site):
        browser.get(page.as_uri())
        asked, lost = requests(browser)
        assert all(url.startswith(("file:", "data:")) for url in asked), page
        assert not lost, page
        assert [e["message"] for e in browser.get_log("browser") if e["level"] == "SEVERE"] == []


def test_no_words_of_a_page_are_lost(site):
    """A line that begins with a percent sign is a comment in MyST: half a sentence was missing."""
    for page in sorted((ROOT / "docs").glob("*.md")):
        text = page.read_text("utf-8")
        text = re.sub(UNSHOWN, "", text, flags=re.DOTALL | re.MULTILINE)
        shown = (site / page.with_suffix(".html").name).read_text("utf-8")
        shown = " ".join(re.sub(r"<[^>]+>", "", shown).split())
        for words in re.findall(r"[A-Za-z]+(?: [A-Za-z]+){2,}", text):
            assert words in shown, page.name


def test_all_mathematics_is_typeset(site, browser):
    """Half of a page are equations; a reader must not see their LaTeX."""
    look(browser, DESKTOP, "light")
    for page in pages(site):
        browser.get(page.as_uri())
        assert count(browser, ".katex-error") == 0, page
        assert count(browser, ".math .katex-html") == count(browser, ".math"), page


@pytest.mark.parametrize("name", RULES)
def test_a_rules_page_has_all_its_equations_and_its_picture(site, browser, name):
    """The header of every rule must appear on its page."""
    look(browser, DESKTOP, "light")
    browser.get((site / "rules" / f"{name}.html").as_uri())
    equations = header(name).equations
    assert count(browser, ".equation .katex-html") >= len(equations)
    assert count(browser, ".equation") == len(equations)
    assert count(browser, ".beside .katex-html") >= 1
    assert count(browser, ".at-a-glance svg.schematic") == 1


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_letters_can_be_read_in_both_themes(site, browser, theme):
    """A picture that is drawn for white paper cannot be seen on a dark page."""
    look(browser, DESKTOP, theme)
    for name in ["index", "rules/index", *(f"rules/{name}" for name in RULES)]:
        browser.get((site / f"{name}.html").as_uri())
        paper, least = browser.execute_script(CONTRAST)
        assert (paper > 0.8) == (theme == "light"), name
        assert least > 3.5, name


def test_no_page_is_wider_than_a_phone(site, browser):
    """A reader must not have to scroll sideways for every line."""
    look(browser, PHONE, "light")
    for page in pages(site):
        browser.get(page.as_uri())
        assert browser.execute_script(OVERHANG) <= 0, page


@pytest.mark.parametrize("width, theme", [(DESKTOP, "light"), (DESKTOP, "dark"), (PHONE, "light")])
def test_pictures_of_some_pages_are_kept(site, browser, tmp_path, width, theme):
    """A test cannot judge whether a page looks good; a person must look at it."""
    for name in SHOWN:
        look(browser, width, theme)
        browser.get((site / f"{name}.html").as_uri())
        wanted = {"format": "png", "captureBeyondViewport": True}
        shot = browser.execute_cdp_cmd("Page.captureScreenshot", wanted)["data"]
        picture = tmp_path / f"{name.replace('/', '-')}.png"
        picture.write_bytes(base64.b64decode(shot))
        assert picture.stat().st_size > 10_000


# The lines of code that are cut where the column of the equations begins.
CUT = """
return [...document.querySelectorAll('.step pre')]
    .filter(each => each.scrollWidth > each.clientWidth).map(each => each.textContent)
"""

# Wide tables, figures and blocks of code without the words that say so, and such words before
# narrow ones.
WRONG_HINTS = """
const wide = '.table-wrapper, .wide-figure, .highlight pre';
return [...document.querySelectorAll(wide)].filter(each => {
    const framed = each.closest('div[class*="highlight-"]') ?? each;
    const said = framed.previousElementSibling?.classList.contains('scroll-hint') ?? false;
    return (each.scrollWidth > each.clientWidth + 1) != said;
}).length
"""


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_no_line_of_code_is_cut_beside_an_equation(site, browser, width):
    """The end of a line is where the equation is computed."""
    look(browser, width, "light")
    for name in RULES:
        browser.get((site / "rules" / f"{name}.html").as_uri())
        assert browser.execute_script(CUT) == [], name


def test_what_is_wider_than_a_phone_says_that_it_scrolls(site, browser):
    """A reader would take the first columns for the whole table, or the cut line for the code."""
    look(browser, PHONE, "light")
    for page in pages(site):
        browser.get(page.as_uri())
        assert browser.execute_script(WRONG_HINTS) == 0, page


def test_a_figure_keeps_a_size_on_a_phone_at_which_it_can_be_read(site, browser):
    """At 390 pixels the letters of a figure for a wide screen are two pixels high."""
    look(browser, PHONE, "light")
    browser.get((site / "results.html").as_uri())
    shown = "return Math.min(...[...document.querySelectorAll('article img')].map(i => i.width))"
    assert browser.execute_script(shown) >= 600
