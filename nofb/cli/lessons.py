"""`nofb lessons FOLDER`: copy the lessons (Jupyter notebooks) to a folder of one's own."""

import argparse
import json
import re
from pathlib import Path

from nofb.cli.streams import say
from nofb.course import lessons

LINK = re.compile(r"\[([^][]*)\]\(\.\./[^)]*\)")


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand."""
    parser = commands.add_parser("lessons", help="copy the lessons (notebooks) to a folder")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="made if it does not exist")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Copy the lessons; a file that is there already stays as it is."""
    options.folder.mkdir(parents=True, exist_ok=True)
    copied = 0
    for lesson in shipped():
        copy, content = options.folder / lesson.name, without_links(lesson.read_bytes())
        if copy.exists():
            if copy.read_bytes() != content:
                say(f"{copy} was changed and stays as it is; move it away to get the original")
            continue
        copy.write_bytes(content)
        copied += 1
    print(f"{copied} of {len(shipped())} lessons copied to {options.folder}; open them with")
    print(f"jupyter lab {options.folder}")
    return 0


def without_links(lesson: bytes) -> bytes:
    """Return a notebook whose links to files of nofb are plain words: a copy is not beside them.

    Examples
    --------
    >>> text = "**Rules**: [dfa, ifa](../nofb/rules/x.py), [a site](https://x.org)"
    >>> cell = {"cell_type": "markdown", "source": [text]}
    >>> json.loads(without_links(json.dumps({"cells": [cell]}).encode()))["cells"][0]["source"]
    ['**Rules**: dfa, ifa, [a site](https://x.org)']
    """
    notebook = json.loads(lesson)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = LINK.sub(r"\1", "".join(cell["source"])).splitlines(keepends=True)
    return (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode()


def shipped() -> list[Path]:
    """Return the lessons in the installed package, or in the checkout that is installed."""
    return sorted(lessons.folder().glob("*.ipynb"))
