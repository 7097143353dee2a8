"""Published beside measured: every number of every paper that kept runs can be compared with.

`python -m nofb.papers.beside docs` prints the page.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from nofb import papers
from nofb.papers.compared import HEADINGS, Claim, Compared
from nofb.papers.kept import kept
from nofb.papers.study import Record, Study
from nofb.text import markdown


def numbers(study: Study, records: Sequence[Record]) -> list[Compared]:
    """Return every measured number of a study that was published too."""
    found = study.by_part(records)
    return [each for part, runs in found if part.compared for each in part.compared(runs)]


def claims(study: Study, records: Sequence[Record]) -> list[Claim]:
    """Return every statement of a study's paper that its runs can be compared with."""
    found = study.by_part(records)
    return [each for part, runs in found if part.claims for each in part.claims(runs)]


def page(folder: Path) -> str:
    """Return the comparison of all studies with a log in `folder` / their name, as Markdown."""
    runs = [(study, kept(study, folder / study.name)) for study in papers.every()]
    by_study = {study.name: numbers(study, records) for study, records in runs}
    stated = {study.name: claims(study, records) for study, records in runs}
    return "\n\n".join(texts(by_study, stated)) + "\n"


def texts(
    by_study: Mapping[str, Sequence[Compared]], stated: Mapping[str, Sequence[Claim]]
) -> Iterator[str]:
    """Yield the sections of the page: first what differs, then how much agrees, then everything."""
    every = [each for found in by_study.values() for each in found]
    statements = [(name, each) for name, found in stated.items() for each in found]
    yield "## What differs"
    yield from lost_claims([pair for pair in statements if not pair[1].holds])
    differing = [each for each in every if not each.agrees]
    yield from by_origin(differing) if differing else ["No number differs."]
    yield "## How many agree"
    yield summary(every)
    yield markdown(shares(by_study))
    if statements:
        yield "## Statements without a number"
        yield markdown(claim_rows(statements))
    for name, found in by_study.items():
        if found:
            yield f"## {name}"
            yield from by_origin(found)


def by_origin(found: Sequence[Compared]) -> Iterator[str]:
    """Yield a table for each origin of the published numbers."""
    for origin in dict.fromkeys(each.origin for each in found):
        yield f"Published: {origin}."
        yield markdown([HEADINGS, *(each.cells() for each in found if each.origin == origin)])


def lost_claims(lost: Sequence[tuple[str, Claim]]) -> Iterator[str]:
    """Yield the table of statements that do not hold here, if there are any."""
    if lost:
        yield "These statements of a paper do not hold here:"
        yield markdown(claim_rows(lost))
        yield "These numbers are outside of what is allowed:"


def claim_rows(statements: Sequence[tuple[str, Claim]]) -> list[list[str]]:
    """Return a row for each statement."""
    body = [
        [name, each.text, each.measured, "yes" if each.holds else "**no**"]
        for name, each in statements
    ]
    return [["study", "statement", "measured", "holds here"], *body]


def summary(every: Sequence[Compared]) -> str:
    """Return how many numbers there are, and how many of them agree."""
    if not every:
        return "No kept run can be compared with a published number yet."
    inside = sum(each.agrees for each in every)
    spread = [each.in_spread for each in every if each.published.spread]
    published = {id(each.published): each.published for each in every}  # equal ones may be two
    memory = sum(number.how_sure == "quoted from memory" for number in published.values())
    return (
        f"{len(published)} published numbers were measured, some of them in two forms: there are "
        f"{len(every)} comparisons. In {inside} of them, {inside / len(every):.0%}, ours is inside "
        f"of what is allowed. In {len(spread)} the published number has a spread, and in "
        f"{sum(spread)} of these our mean is inside two of its standard deviations. {memory} of "
        "the published numbers are quoted from memory; the others were read."
    )


def shares(by_study: Mapping[str, Sequence[Compared]]) -> list[list[str]]:
    """Return a row for each study with numbers: how many there are, and how many agree."""
    rows = [["study", "comparisons", "inside", "share", "with a spread", "inside two spreads"]]
    for name, found in by_study.items():
        if found:
            inside = sum(each.agrees for each in found)
            spread = [each.in_spread for each in found if each.published.spread]
            share = f"{inside / len(found):.0%}"
            numbers = [len(found), inside, share, len(spread), sum(spread)]
            rows.append([name, *map(str, numbers)])
    return rows


def main() -> None:
    """Print the page of the logs in a folder, `docs` if none is given."""
    folder = Path(*sys.argv[1:2] or ["docs"])
    if not folder.is_dir():
        sys.exit(f"nofb.papers.beside: {folder} is no folder: give the one with the studies")
    print(page(folder), end="")


if __name__ == "__main__":
    main()
