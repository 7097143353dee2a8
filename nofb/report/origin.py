"""The origin of a comparison: the command, the date, the versions, the learning rates."""

from __future__ import annotations

import json
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata

from nofb.runs.compare import Settings
from nofb.runs.rates import search_for
from nofb.runs.specification import Specification
from nofb.version import __version__

SEARCHED = ("optimizer", "lr")  # a search tries several values of these


@dataclass(frozen=True)
class Origin:
    """What is needed to repeat a comparison.

    Attributes
    ----------
    command
        The command line, or the Python call.
    date
        When the report was written, ISO 8601, in UTC.
    versions
        Of nofb, Python and the libraries that compute.
    machine
        The platform; seconds per run mean little on another.
    """

    command: str
    date: str
    versions: dict[str, str]
    machine: str

    def __str__(self) -> str:
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        return f"Written {self.date} on {self.machine}; {versions}."


def origin(command: str) -> Origin:
    """Return the origin of a report that is written now."""
    libraries = {name: metadata.version(name) for name in ("numpy", "numba", "scipy", "matplotlib")}
    return Origin(
        command,
        datetime.now(UTC).isoformat(timespec="seconds"),
        {"nofb": __version__, "python": platform.python_version(), **libraries},
        platform.platform(),
    )


def page_head(title: str, command: str, code: str) -> list[str]:
    """Return the head of a study's page: its title, the command, the machine and the code."""
    return [f"# {title}", f"```sh\n{command}\n```", str(origin(command)), *filter(None, [code])]


def same_content(page: str, other: str) -> bool:
    """Return whether two pages with a `page_head` differ in nothing but their command and date.

    Examples
    --------
    >>> one, other = ("\\n\\n".join([*page_head("TOAST", command, ""), "30 %"]) for command in "ab")
    >>> one == other, same_content(one, other), same_content(one, f"{other} more")
    (False, True, False)
    """
    return _content(page) == _content(other)


def _content(page: str) -> list[str]:
    title, _, _, *rest = page.split("\n\n", 3)
    return [title, *rest]


def rates_note(settings: Settings) -> str:
    """Return sentences on how the learning rates were chosen.

    Examples
    --------
    >>> rates_note(Specification(lr=0.1))
    'Every rule got the learning rate 0.1, given by hand; some would do better with another one.'
    """
    if settings.lr is not None:
        return (
            f"Every rule got the learning rate {settings.lr:g}, given by hand; some would do "
            "better with another one."
        )
    if not isinstance(settings, Specification):
        return "Each rule got the learning rate that was given for it by hand."
    search = search_for(settings.data)
    seeds = "1 seed" if search["seeds"] == 1 else f"{search['seeds']} seeds"
    return (
        f"Each rule got its own learning rate: of a grid that is the same for all rules, the one "
        f"with the best mean accuracy ({seeds}) on {search['held_out']:.0%} of the training "
        "samples, held out for this. The test set was not used. The search is "
        "`python -m nofb.runs.tune`." + _difference(settings, search["settings"])
    )


def _difference(settings: Specification, searched: dict[str, object]) -> str:
    """Return a sentence if the search had other settings than this comparison."""
    here = json.loads(json.dumps(settings.settings))
    other = [
        f"{name} {searched.get(name, 'not set')}"
        for name, value in here.items()
        if name not in SEARCHED and searched.get(name) != value
    ]
    return f" It was made with other settings than these: {', '.join(other)}." if other else ""
