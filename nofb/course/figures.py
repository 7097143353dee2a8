"""`nofb course figures`: the figures of the lessons as files for slides, in one style."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from nofb.course import lessons
from nofb.course.lessons import Shown
from nofb.version import __version__

if TYPE_CHECKING:
    from nofb.plots import Picture

LICENCE = f"nofb {__version__}, MIT licence"
FORMS = ("svg", "png")


def write(folder: Path, numbers: list[str] | None = None) -> Iterator[Path]:
    """Run lessons, and write their figures and `captions.md`.

    Parameters
    ----------
    folder
        Where.
    numbers
        Lessons such as "02"; `None` for all.

    Yields
    ------
    Path
        Each file, when it is written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    captions = [f"# Figures of the lessons\n\nAll figures: {LICENCE}.\n"]
    for number in numbers or list(lessons.scripts()):
        path = lessons.script(number)
        captions.append(f"## Lesson {number}: {lessons.title(path)}\n")
        for count, each in enumerate(lessons.shown(path), 1):
            name = f"lesson_{number}_figure_{count}"
            yield from write_figure(each, folder, name, f"Lesson {number}, figure {count}")
            captions.append(caption(each, name, f"Lesson {number}, figure {count}"))
    text = folder / "captions.md"
    text.write_text("\n".join(captions), encoding="utf-8")
    yield text


def write_figure(shown: Shown, folder: Path, name: str, title: str) -> Iterator[Path]:
    """Write one figure in every form, with its licence in its foot."""
    shown.picture.supxlabel(f"{title}. {LICENCE}", x=0.995, ha="right", fontsize=6,
                            color=shown.picture.theme.faint)  # fmt: skip
    for form in FORMS:
        path = folder / f"{name}.{form}"
        path.write_bytes(shown.picture.to_bytes(form))
        yield path


def caption(shown: Shown, name: str, title: str) -> str:
    """Return a figure's caption in Markdown: what the lesson says of it, and its panels."""
    said = " ".join(part for part in (shown.caption, panels(shown.picture)) if part)
    stop = "" if shown.section.endswith(("?", "!")) else "."
    return f"![{shown.section}]({name}.svg)\n\n**{title}: {shown.section}{stop}** {said}\n"


def panels(picture: Picture) -> str:
    """Return a sentence with what each panel of a figure shows; "" if the figure does not say."""
    found = [each.get_title() or each.get_ylabel() for each in picture.axes]
    named = list(dict.fromkeys(" ".join(title.split()) for title in found if title))
    return f"Panels: {'; '.join(named)}." if named else ""
