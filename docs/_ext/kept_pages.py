"""Tables and figures of the kept runs, for the pages that show them: one file for each part.

They are generated from the logs in the folders of docs. A study without a log has a sentence
instead, so that its page can be written while its runs are under way.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from nofb import papers
from nofb.papers import beside
from nofb.papers.kept import kept
from nofb.papers.residual import cluster
from nofb.papers.study import Part, Record, Study
from nofb.text import markdown

MISSING = "*The runs of this part are not finished yet.*"


def contents(docs: Path) -> dict[Path, str]:
    """Return the text of every file: parts of studies, the comparison, and the list of pages."""
    folder = docs / "kept"
    written = {folder / "beside.txt": beside.page(docs), folder / "pages.txt": pages(docs)}
    written[folder / "cluster.txt"] = cluster.page()
    for study in papers.every():
        found = {part.name: runs for part, runs in study.by_part(kept(study, docs / study.name))}
        for part in study.parts:
            text = "\n\n".join(shown(study, part, found.get(part.name, []), docs))
            written[folder / f"{study.name}-{part.name}.txt"] = text + "\n"
    return written


def shown(study: Study, part: Part, runs: list[Record], docs: Path) -> Iterator[str]:
    """Yield the figure, the tables and the note of a part, and where every number is."""
    if not runs:
        yield MISSING
        return
    if len(runs) < (planned := len(part.tasks(None))):
        yield f"*{len(runs)} of the {planned} runs of this part are finished.*"
    tables = part.tables(runs)
    picture = docs / study.name / f"{part.image}.png"
    if part.figure is not None and picture.exists():
        yield f"![{next(iter(tables))}]({study.name}/{part.image}.png)"
    for heading, rows in tables.items():
        yield f"**{heading}**"
        yield markdown(rows)
    if part.note is not None:
        yield part.note(runs)
    if (docs / study.name / f"{study.name}.md").exists():
        yield f"[Every number]({study.name}/{study.name}.md)."


def pages(docs: Path) -> str:
    """Return the list of the pages with every number."""
    found = [study.name for study in papers.every()]
    lines = [f"{name}/{name}" for name in found if (docs / name / f"{name}.md").exists()]
    return "\n".join(["```{toctree}", ":caption: Every number", ":hidden:", "", *lines, "```", ""])
