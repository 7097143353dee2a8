"""The code in the README and in the pages of docs, block by block.

A comment before a block says that it is not run at once: `<!-- slow: half a minute -->` is
run by `pytest -m slow` only, and `<!-- not run: needs a cluster -->` never.
"""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(
    r"(?:`(?P<file>[\w.]+)`:\n\n)?"
    r"(?:<!-- (?P<mark>slow|not run): [^>]+ -->\n)?"
    r"^```(?P<language>\w+)\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Block:
    """A block of code: its language, its text, a file's name above it, and "slow" or "not run"."""

    language: str
    text: str
    file: str
    mark: str

    @property
    def commands(self):
        """The words of each of its lines that calls nofb."""
        lines = self.text.splitlines() if self.language == "sh" else []
        return [shlex.split(line, comments=True) for line in lines if line.startswith("nofb ")]


def blocks(page):
    """Return the blocks of a page, in order."""
    found = BLOCK.finditer(page.read_text(encoding="utf-8"))
    names = ("language", "text", "file", "mark")
    return [Block(*(each[name] or "" for name in names)) for each in found]


def files():
    """Return the content of every file that a page shows with its name."""
    return {each.file: each.text for page in PAGES for each in blocks(page) if each.file}


def links(page):
    """Return the targets of a page's links and pictures, as far as they are in the repository."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.M)
    return re.findall(r"\]\((?!https?:|#)([^)#]+)[)#]", text)
