"""How to cite a rule or a method: the papers that its header names, as BibTeX and as links.

The entries are in `papers.bib`; one belongs to a header that has its number on arXiv, or its
`keywords` if it has no such number.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

from nofb.explain.headers import header
from nofb.explain.subjects import Subject
from nofb.rules import Rule
from nofb.transfer import Transferred

FIELD = re.compile(r"^  (?P<name>\w+) = \{(?P<value>.*)\},?$", re.M)
ARXIV = re.compile(r"arXiv (?P<number>\d{4}\.\d{4,5})")


def cite(subject: str | Subject | Rule | Transferred) -> str:
    """Return the papers of a rule or a method as BibTeX, in the order in which its header has them.

    Raises
    ------
    ValueError
        If there is no such rule, or its header names no paper.

    Examples
    --------
    >>> print(cite("ff"))
    @misc{hinton2022,
      author = {Hinton, Geoffrey},
      title = {The Forward-Forward Algorithm: Some Preliminary Investigations},
      year = {2022},
      eprint = {2212.13345},
      archiveprefix = {arXiv}
    }
    """
    read = header(subject)
    found = [(place, entry) for entry in entries() if (place := read.paper.find(_mark(entry))) >= 0]
    if not found:
        raise ValueError(
            f"the header of {read.name!r} names no paper that nofb knows: {read.paper or 'nothing'}"
        )
    return "\n\n".join(_printed(entry) for _, entry in sorted(found))


def linked(text: str) -> str:
    """Return a header's words with each paper as a Markdown link.

    Examples
    --------
    >>> print(linked("Hinton 2022 (arXiv 2212.13345)."))
    Hinton 2022 ([arXiv 2212.13345](https://arxiv.org/abs/2212.13345)).
    """
    text = ARXIV.sub(r"[\g<0>](https://arxiv.org/abs/\g<number>)", text)
    for entry in entries():
        fields = _fields(entry)
        if "keywords" in fields:
            mark = fields["keywords"]
            place = f"https://doi.org/{fields['doi']}" if "doi" in fields else fields["url"]
            text = text.replace(mark, f"[{mark}]({place})")
    return text


@cache
def entries() -> tuple[str, ...]:
    """Return all entries of the bibliography."""
    text = resources.files(__package__).joinpath("papers.bib").read_text("utf-8")
    return tuple(each.strip() for each in text.split("\n\n") if each.strip())


def _fields(entry: str) -> dict[str, str]:
    return {each["name"]: each["value"] for each in FIELD.finditer(entry)}


def _mark(entry: str) -> str:
    """Return the words by which a header names this paper."""
    fields = _fields(entry)
    return f"arXiv {fields['eprint']}" if "eprint" in fields else fields["keywords"]


def _printed(entry: str) -> str:
    """Return an entry without the words that are only for nofb."""
    return re.sub(r",\n  keywords = \{.*\}\n", "\n", entry)
