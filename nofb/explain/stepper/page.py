"""The page: one HTML file with its styles, its script and its data, without a network."""

from __future__ import annotations

import json
from html import escape
from importlib import resources
from string import Template
from typing import Any

from nofb.explain.stepper.data import data
from nofb.explain.walk import Walk

SCRIPTS = "cells.js", "network.js", "page.js"
UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def page(walk: Walk) -> str:
    """Return one update as a page to step through, in a browser, without a network.

    Parameters
    ----------
    walk
        What `nofb.explain.walk` returns for a rule or a method.
    """
    shown = data(walk)
    return Template(_text("page.html")).substitute(
        title=escape(f"{shown['title']} ({shown['name']}), step by step"),
        style=_text("page.css"),
        data=as_script(shown),
        script="\n".join(map(_text, SCRIPTS)),
        name=escape(shown["name"]),
    )


def as_script(content: Any) -> str:
    """Return an object as JSON that cannot end the script element that contains it.

    Examples
    --------
    >>> as_script("</script>")
    '"\\\\u003c/script\\\\u003e"'
    """
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return "".join(UNSAFE.get(sign, sign) for sign in text)


def _text(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text("utf-8")
