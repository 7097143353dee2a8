"""In a dark notebook figures are dark, without anything to set."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
from dataclasses import asdict

import matplotlib as mpl
import matplotlib.style
import numpy as np
import pytest
from comparisons import made_up

from nofb import plots
from nofb.plots import Picture, on_page, style
from nofb.plots.style import THEMES, default_theme


@pytest.fixture(autouse=True)
def unset(monkeypatch):
    """Start each test without a choice, and forget that of the test."""
    monkeypatch.setenv(style.VARIABLE, "auto")


def drawings(picture):
    """Return the pictures of a notebook's output, by the theme in which they are shown."""
    found = re.findall(r'class="nofb-(\w+)".*?base64,([^"]+)"', picture._repr_html_())
    return {theme: base64.b64decode(data).decode() for theme, data in found}


def test_a_notebook_receives_a_figure_in_both_themes():
    """The kernel cannot ask for the notebook's theme: a style sheet must choose."""
    picture = plots.alignment(made_up(["bp", "fa"]))
    light, dark = (drawings(picture)[theme] for theme in ("light", "dark"))
    for name, colour in asdict(THEMES["dark"]).items():
        assert colour not in light
        own = asdict(THEMES["light"])[name].lower()
        assert own not in dark.lower()
    assert THEMES["dark"].paper in dark and THEMES["dark"].ink in dark


def test_without_the_style_sheet_only_the_light_figure_is_shown():
    """JupyterLab removes styles from a notebook that it does not trust: not two figures then."""
    images = re.findall(r"<img [^>]+>", plots.alignment(made_up(["fa"]))._repr_html_())
    assert ["display: none" in image for image in images] == [False, True]


def test_a_stated_theme_is_shown_as_it_is():
    """Who asks for a light figure must not get a dark one."""
    for theme in THEMES:
        assert plots.alignment(made_up(["fa"]), theme)._repr_html_() is None


@pytest.mark.parametrize("theme", THEMES)
def test_one_line_sets_the_theme_of_everything_that_is_drawn_afterwards(theme):
    """`use` must reach figures of tools, of one's own and of lessons alike."""
    plots.use(theme)
    assert plots.learning_curves(made_up(["fa"])).theme == THEMES[theme]
    assert Picture(2, 1).theme == THEMES[theme]
    with style.using() as colours:
        assert colours == THEMES[theme]
    assert Picture(2, 1)._repr_html_() is None


def test_a_dark_style_of_matplotlib_makes_figures_dark():
    """A student who set a dark style for all figures has already answered the question."""
    with mpl.rc_context():
        matplotlib.style.use("dark_background")
        assert default_theme() == THEMES["dark"]
    assert default_theme() == style.PAGE


def test_a_figure_that_is_drawn_within_a_theme_has_this_theme():
    """Lessons draw within `using`; half of a figure in another theme could not be read."""
    with style.using("dark"):
        assert Picture(2, 1).theme == THEMES["dark"]


def test_the_environment_variable_sets_the_theme_and_a_misspelt_one_is_refused(monkeypatch):
    """A lab sets it for all students; a typing error must be seen."""
    code = "from nofb.plots.style import default_theme; print(default_theme().paper)"
    shown = subprocess.run([sys.executable, "-c", code], env=os.environ | {"NOFB_THEME": "dark"},
                           capture_output=True, text=True, check=True)  # fmt: skip
    assert shown.stdout.strip() == THEMES["dark"].paper
    monkeypatch.setenv("NOFB_THEME", "night")
    with pytest.raises(ValueError, match=r"variable NOFB_THEME is 'night' \(did you mean 'light'"):
        default_theme()
    with pytest.raises(
        ValueError,
        match=r"theme is 'night' \(did you mean 'light'\?\), but must be one of: light, dark, auto",
    ):
        plots.use("night")


def test_white_letters_on_a_dark_square_stay_white():
    """White is also the light background, which a dark page replaces by nearly black."""
    from nofb.plots.style import WHITE

    assert on_page.recoloured(f"fill: {WHITE}", asdict(THEMES["dark"])) == f"fill: {WHITE}"


def test_thousands_of_points_do_not_make_a_notebook_megabytes_larger():
    """A scatter of all weights has 9,600 points, each of them a shape in an SVG file."""
    picture = Picture(4, 3)
    x = np.random.default_rng(0).normal(size=(2, 5000))
    (line,) = picture.subplots().plot(*x, ".")
    assert len(drawings(picture)["light"]) < 200_000
    assert not line.get_rasterized()
    assert len(picture.to_bytes("svg")) > 200_000  # a file keeps the shapes
