"""`course.json`: for whom a student's folder was made, and by which nofb."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from pathlib import Path

from nofb.course.reading import exists, read
from nofb.course.verdict import one_line
from nofb.version import __version__

ABOUT = "course.json"


@dataclass(frozen=True)
class About:
    """What a student's folder says of itself.

    Attributes
    ----------
    student
        For whom it was made; "" for nobody in particular.
    nofb
        The version of nofb that made it.
    known
        Whether there is a `course.json` that can be read.
    """

    student: str = ""
    nofb: str = ""
    known: bool = False

    @property
    def seed(self) -> int:
        """The seed of the student's numbers."""
        return seed_of(self.student)

    def notes(self) -> list[str]:
        """Return what a person must know of the seed and the version."""
        if not self.known:
            return [
                f"there is no {ABOUT} that can be read, so questions are judged with the numbers "
                "of no student in particular: keep it in the folder that `nofb course new` made"
            ]
        if self.nofb != __version__:
            return [
                f"the folder was made by nofb {self.nofb or '(unknown)'} and is judged by nofb "
                f"{__version__}: tasks and numbers may differ"
            ]
        return []


def text(student: str) -> str:
    """Return the text of a new `course.json`."""
    about = {"student": student, "seed": seed_of(student), "nofb": __version__}
    return json.dumps(about, indent=1, ensure_ascii=False) + "\n"


def seed_of(student: str) -> int:
    """Return the seed of a student's numbers; 0 for nobody in particular."""
    return zlib.crc32(student.encode()) if student else 0


def about(folder: Path) -> About:
    """Return what a folder says of itself; a chapter's folder has it beside it."""
    places = [folder, folder.parent] if _is_chapter(folder) else [folder]
    found = (_read(place) for place in places)
    return next((each for each in found if each.known), About())


def _read(folder: Path) -> About:
    try:
        fields = json.loads(read(folder / ABOUT).decode("utf-8"))
        student, version = fields.get("student", ""), fields.get("nofb", "")
        return About(one_line(str(student)), one_line(str(version)), True)
    except (OSError, ValueError, AttributeError, RecursionError):
        return About()


def root_of(folder: Path) -> Path:
    """Return the student's folder that a folder is, or is in: the nearest with a `course.json`."""
    folder = folder.resolve()
    places = (place for place in (folder, *folder.parents) if exists(place / ABOUT))
    return next(places, folder.parent if _is_chapter(folder) else folder)


def _is_chapter(folder: Path) -> bool:
    return folder.resolve().name.startswith("chapter_")
