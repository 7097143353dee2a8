"""The style of figures: colours for colour-blind readers too, a light and a dark theme.

A rule looks the same in every figure, with any other rules.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.colors import LinearSegmentedColormap, to_rgba

from nofb import checks
from nofb.rules import CONTROLS, RULES

# Okabe & Ito 2008, "Color Universal Design".
OKABE_ITO = {
    "black": "#000000",
    "orange": "#E69F00",
    "sky blue": "#56B4E9",
    "bluish green": "#009E73",
    "yellow": "#F0E442",
    "blue": "#0072B2",
    "vermillion": "#D55E00",
    "reddish purple": "#CC79A7",
}
WHITE = "#FEFEFE"  # on a coloured patch: not the light background, which a dark page replaces
# Black is for the controls (nearly white in the dark theme), and yellow lines are too pale on
# white.
HUES = ("blue", "vermillion", "bluish green", "reddish purple", "orange", "sky blue")


@dataclass(frozen=True)
class Theme:
    """The neutral colours of a figure, as hexadecimal strings.

    Attributes
    ----------
    ink
        Text, and the controls bp and shallow.
    faint
        Axes, ticks and marked levels.
    grid, band
        Grid lines, and the band of chance.
    paper
        The background.
    """

    ink: str
    faint: str
    grid: str
    band: str
    paper: str


THEMES = {
    "light": Theme(ink="#1A1A1A", faint="#5F6368", grid="#E6E8EB", band="#E9EBEE", paper="#FFFFFF"),
    "dark": Theme(ink="#ECEDEE", faint="#A2A8AF", grid="#2E3338", band="#2B3036", paper="#16191D"),
}


@dataclass(frozen=True)
class PageTheme(Theme):
    """Colours of the light theme, which a notebook replaces if its own theme is dark."""


PAGE = PageTheme(**asdict(THEMES["light"]))
VARIABLE = "NOFB_THEME"  # of the environment, so that a process that is started here has it too
CHOICES = (*THEMES, "auto")


def use(theme: str) -> None:
    """Choose the theme of all figures that are drawn from now on.

    The environment variable `NOFB_THEME` does the same for every program that is started with it.

    Parameters
    ----------
    theme
        "light", "dark" or "auto". With "auto", the default, a notebook shows a figure in its own
        theme, and files are light; after matplotlib's `plt.style.use("dark_background")`, or
        another dark style, everything is dark.

    Raises
    ------
    ValueError
        If the theme is unknown.

    Examples
    --------
    >>> use("dark")
    >>> default_theme().paper
    '#16191D'
    >>> use("auto")
    >>> default_theme().paper
    '#FFFFFF'
    """
    checks.choice("theme", theme, CHOICES)
    os.environ[VARIABLE] = theme


def default_theme() -> Theme:
    """Return the theme of a figure whose own theme is not stated.

    Raises
    ------
    ValueError
        If the environment variable `NOFB_THEME` is not one of the themes.
    """
    chosen = os.environ.get(VARIABLE) or "auto"
    checks.choice(f"environment variable {VARIABLE}", chosen, CHOICES)
    if chosen != "auto":
        return THEMES[chosen]
    return THEMES["dark"] if _dark(mpl.rcParams["figure.facecolor"]) else PAGE


def _dark(background: Any) -> bool:
    """Return whether a background in matplotlib's terms is dark."""
    red, green, blue, opacity = to_rgba(background)
    return opacity > 0 and 0.299 * red + 0.587 * green + 0.114 * blue < 0.5


def fading(above: str, below: str | None = None) -> LinearSegmentedColormap:
    """Return a colour map that shows the paper at 0, a colour above it, and another one below.

    0 is transparent, since a notebook that is dark replaces the paper.

    Parameters
    ----------
    above, below
        Names in `OKABE_ITO`; without `below` the map starts at 0.
    """
    colours = [to_rgba(OKABE_ITO[above], opacity) for opacity in (0, 1)]
    if below is None:
        return LinearSegmentedColormap.from_list("fading", colours)
    under = [to_rgba(OKABE_ITO[below], opacity) for opacity in (1, 0)]
    places = (0, 0.5, 0.5, 1)
    return LinearSegmentedColormap.from_list(
        "fading", list(zip(places, [*under, *colours], strict=True))
    )


@dataclass(frozen=True)
class Look:
    """The style of one rule: its colour, its line and its marker, in matplotlib's terms."""

    colour: str
    line: str | tuple[float, tuple[float, ...]]
    marker: str
    width: float = 1.6


DOTS = (0.0, (1.2, 1.2))
LINES: dict[str, str | tuple[float, tuple[float, ...]]] = {
    "solid": "-",
    "dashes": (0.0, (3.5, 1.5)),
    "dots": DOTS,
    "long": (0.0, (9.0, 2.5)),  # of rules that send targets
    "dash and dot": (0.0, (6.0, 1.5, 1.2, 1.5)),  # of a rule without a style
}
WIDE = 2.4  # the lines of the controls
MARKERS = ("P", "*", "h", "<", "s", "d")


def look(rule: str, theme: Theme) -> Look:
    """Return the style of a rule: that of its class, or else one derived from its name.

    Examples
    --------
    >>> look("fa", THEMES["light"]).colour, look("fa", THEMES["dark"]).colour
    ('#0072B2', '#0072B2')
    >>> look("mine", THEMES["light"]) == look("mine", THEMES["light"])
    True
    """
    said = vars(RULES[rule]).get("look") if rule in RULES else None  # its own, not an inherited one
    colour, line, marker = said or look_of_name(rule)
    width = WIDE if rule in CONTROLS else Look.width
    return Look(OKABE_ITO.get(colour, theme.ink), LINES[line], marker, width)


def look_of_name(rule: str) -> tuple[str, str, str]:
    """Return a colour, a line and a marker that depend only on a short name."""
    number = zlib.crc32(rule.encode())  # Python's own hash changes with each start
    marker = MARKERS[number // len(HUES) % len(MARKERS)]
    return HUES[number % len(HUES)], "dash and dot", marker


def literal(text: str) -> str:
    """Return a user's text for a figure, with escaped dollar signs, which would enclose a formula.

    Examples
    --------
    >>> print(literal("$5 or $6"))
    \\$5 or \\$6
    """
    return text.replace("$", r"\$")


def full_name(rule: str) -> str:
    """Return a rule's short and full name, as legends show them.

    Examples
    --------
    >>> full_name("fa"), full_name("mine")
    ('fa: feedback alignment', 'mine')
    """
    title = getattr(RULES.get(rule), "title", "")
    return literal(f"{rule}: {title}" if title else rule)


@contextmanager
def using(theme: str | None = None) -> Iterator[Theme]:
    """Within this context, figures have a theme; matplotlib's settings are restored at the end.

    Parameters
    ----------
    theme
        "light" or "dark"; with `None` that of `use`.

    Raises
    ------
    ValueError
        If the theme is not one of `THEMES`.
    """
    if theme is not None:
        checks.choice("theme", theme, THEMES)
    colours = default_theme() if theme is None else THEMES[theme]
    with mpl.rc_context(settings(colours)):
        yield colours


def settings(theme: Theme) -> dict[Any, Any]:
    """Return matplotlib's settings for a theme; they are defined only here."""
    return {
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans", "Verdana", "sans-serif"],
        "font.size": 10,
        "axes.titlesize": 10,
        "axes.labelsize": 10,
        "xtick.labelsize": 9,
        "ytick.labelsize": 9,
        "legend.fontsize": 9,
        "legend.frameon": False,
        "text.color": theme.ink,
        "axes.labelcolor": theme.ink,
        "axes.edgecolor": theme.faint,
        "xtick.color": theme.faint,
        "ytick.color": theme.faint,
        "figure.facecolor": theme.paper,
        "axes.facecolor": theme.paper,
        "axes.linewidth": 0.6,
        "xtick.major.width": 0.6,
        "ytick.major.width": 0.6,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": theme.grid,
        "grid.linewidth": 0.6,
        "lines.markersize": 5,
        "lines.solid_capstyle": "round",
        "savefig.facecolor": "auto",
        "svg.fonttype": "none",  # text stays text: small, sharp and searchable
        "svg.hashsalt": "nofb",  # the same figure gives the same file
    }
