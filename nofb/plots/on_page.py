"""A figure in a notebook whose theme is not known when it is drawn: it is sent in both themes.

The kernel cannot ask a notebook for its theme. So the output contains a light and a dark picture,
and a style sheet, which the notebook applies, shows one of them.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import asdict

from nofb.plots.style import THEMES

# What marks a dark page in JupyterLab and Notebook 7, in VS Code, and in Colab.
DARK = '[data-jp-theme-light="false"], .vscode-dark, .vscode-high-contrast, [theme="dark"]'
STYLE = (
    f":is({DARK}) .nofb-light {{ display: none !important }} "
    f":is({DARK}) .nofb-dark {{ display: inline !important }}"
)


def both_themes(drawing: str, width: int) -> str:
    """Return HTML with an SVG drawing in the light theme, and the same drawing in the dark one.

    Parameters
    ----------
    drawing
        An SVG file, drawn in the light theme.
    width
        In pixels; it is less in a window that is narrower.
    """
    dark = recoloured(drawing, asdict(THEMES["dark"]))
    # A notebook that is not trusted removes the style sheet; then the light picture is shown.
    pair = image(drawing, width, "nofb-light"), image(dark, width, "nofb-dark", "display: none; ")
    return f"<style>{STYLE}</style>{''.join(pair)}"


def image(drawing: str, width: int, name: str = "nofb", style: str = "") -> str:
    """Return HTML with an SVG drawing, with a class's name and further style."""
    data = b64encode(drawing.encode()).decode()
    return (
        f'<img class="{name}" alt="figure" width="{width}" '
        f'style="{style}max-width: 100%; height: auto" src="data:image/svg+xml;base64,{data}">'
    )


def recoloured(drawing: str, colours: Mapping[str, str]) -> str:
    """Return an SVG drawing in the light theme with other neutral colours.

    Parameters
    ----------
    drawing
        A whole file or a part of it.
    colours
        What replaces each neutral colour, by its name in `Theme`.

    Examples
    --------
    >>> recoloured('<path fill="#FFFFFF" stroke="#1A1A1A"/>', {"paper": "black"})
    '<path fill="black" stroke="#1A1A1A"/>'
    """
    for name, colour in colours.items():
        light = getattr(THEMES["light"], name)
        drawing = re.sub(light, colour, drawing, flags=re.IGNORECASE)
    return drawing
