"""Rules can be told apart in greyscale print and by colour-blind readers: computed, not judged.

Two rules whose colours are near for some reader must differ in the dashes of their lines or in the
shape of their markers.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from comparisons import ALL
from matplotlib.colors import to_rgb
from matplotlib.markers import MarkerStyle

from nofb.plots import style
from nofb.plots.style import look

NEAR = 20.0  # in CIELAB: thin lines need far more than the 2.3 that is just noticeable on patches
ALIKE = 0.8  # of the area of two markers, laid over each other
# Machado, Oliveira and Fernandes 2009: linear RGB as it is seen without one kind of cone.
READERS = {
    "greyscale print": np.tile([0.2126, 0.7152, 0.0722], (3, 1)),
    "protanopia": np.array([[0.152286, 1.052583, -0.204868],
                            [0.114503, 0.786281, 0.099216],
                            [-0.003882, -0.048116, 1.051998]]),
    "deuteranopia": np.array([[0.367322, 0.860646, -0.227968],
                              [0.280085, 0.672501, 0.047413],
                              [-0.011820, 0.042940, 0.968881]]),
}  # fmt: skip
RGB_TO_XYZ = np.array([[0.4124564, 0.3575761, 0.1804375],
                       [0.2126729, 0.7151522, 0.0721750],
                       [0.0193339, 0.1191920, 0.9503041]])  # fmt: skip


def linear(colour):
    values = np.array(to_rgb(colour))
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def seen(colour, reader):
    """Return a colour as a reader sees it, in CIELAB."""
    rgb = np.clip(READERS[reader] @ linear(colour), 0, 1)
    xyz = RGB_TO_XYZ @ rgb / RGB_TO_XYZ.sum(axis=1)
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def near(one, other, reader):
    distance = seen(one.colour, reader) - seen(other.colour, reader)
    return np.linalg.norm(distance) < NEAR


def covered(marker):
    """Return which points of a grid a marker covers."""
    shape = MarkerStyle(marker)
    path = shape.get_path().transformed(shape.get_transform())
    places = np.stack(np.meshgrid(*[np.linspace(-1, 1, 80)] * 2), axis=-1).reshape(-1, 2)
    return path.contains_points(places)


def same_shape(one, other):
    if one == other or not (one and other):
        return one == other
    first, second = covered(one), covered(other)
    return (first & second).sum() / (first | second).sum() >= ALIKE


def same_dashes(one, other):
    """Return whether two lines have as many dashes in a period, and of similar lengths."""
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    lengths = [np.array(line[1]) for line in (one, other)]
    return len(lengths[0]) == len(lengths[1]) and max(lengths[0] / lengths[1]) < 2 > max(
        lengths[1] / lengths[0]
    )


def told_apart(one, other):
    return not (same_dashes(one.line, other.line) and same_shape(one.marker, other.marker))


@pytest.mark.parametrize("theme", style.THEMES)
@pytest.mark.parametrize("reader", READERS)
def test_rules_that_are_near_in_colour_differ_in_their_dashes_or_their_markers(reader, theme):
    """A reader of a printed thesis would take one rule's curve for another's."""
    looks = {rule: look(rule, style.THEMES[theme]) for rule in ALL}
    pairs = [(a, b) for a, b in combinations(ALL, 2) if near(looks[a], looks[b], reader)]
    assert len(pairs) > len(ALL)  # hues alone are not enough for so many rules
    assert [(a, b) for a, b in pairs if not told_apart(looks[a], looks[b])] == []


@pytest.mark.parametrize("pair", [("tp", "dtp"), ("dfa", "kp"), ("wm", "drtp")])
def test_rules_that_are_compared_often_differ_for_every_reader(pair):
    """These were drawn with nearly the same colour."""
    assert told_apart(*(look(rule, style.THEMES["light"]) for rule in pair))


def test_the_five_kinds_of_lines_differ_in_their_dashes():
    """Two kinds of dashes of nearly the same length would be one in a figure."""
    kinds = list(style.LINES.values())
    assert not [pair for pair in combinations(kinds, 2) if same_dashes(*pair)]


def test_an_own_rule_has_a_line_that_no_built_in_rule_has():
    """A student's curve must not look like a paper's."""
    lines = {look(rule, style.THEMES["light"]).line for rule in ALL}
    assert look("mine", style.THEMES["light"]).line not in lines


def test_the_simulation_of_readers_is_right_where_it_is_known():
    """Grey is grey to everybody, and red and green of equal lightness are one to some."""
    for reader in READERS:
        np.testing.assert_allclose(seen("#808080", reader)[1:], 0, atol=0.5)
        assert not near(style.Look("#000000", "-", ""), style.Look("#FFFFFF", "-", ""), reader)
    red, green = style.Look("#C85050", "-", ""), style.Look("#5A8C3C", "-", "")
    assert near(red, green, "greyscale print")
    assert not near(red, style.Look("#0072B2", "-", ""), "deuteranopia")
