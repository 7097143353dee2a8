"""`nofb lessons FOLDER`: copy the lessons (Jupyter notebooks) to a folder of one's own."""

import argparse
from pathlib import Path

from nofb.cli.streams import say
from nofb.course import lessons


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
        copy = options.folder / lesson.name
        if copy.exists():
            if copy.read_bytes() != lesson.read_bytes():
                say(f"{copy} was changed and stays as it is; move it away to get the original")
            continue
        copy.write_bytes(lesson.read_bytes())
        copied += 1
    print(f"{copied} of {len(shipped())} lessons copied to {options.folder}; open them with")
    print(f"jupyter lab {options.folder}")
    return 0


def shipped() -> list[Path]:
    """Return the lessons in the installed package, or in the checkout that is installed."""
    return sorted(lessons.folder().glob("*.ipynb"))
