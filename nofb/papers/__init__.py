"""Reproductions of papers and checks of theory: one folder for each.

Each file of a folder is for one question and has the runs, their table and their figure. Published
numbers are in a CSV file of the folder. A folder is found by its name, and has one `Study` called
`STUDY`.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

from nofb import checks
from nofb.papers.study import Study

__all__ = ["Study", "every", "find", "names"]


def names() -> list[str]:
    """Return the name of every study.

    Examples
    --------
    >>> "bengio2020" in names()
    True
    """
    return [module.name for module in iter_modules(__path__) if module.ispkg]


def find(name: str) -> Study:
    """Return the study of this name.

    Raises
    ------
    ValueError
        If there is no such study; the message has the known names.

    Examples
    --------
    >>> find("bengio2020").title
    'Iterated inverses: contraction, Gauss-Newton, and why more exact targets train worse'
    """
    checks.choice("paper", name, names())
    study: Study = import_module(f"{__name__}.{name}").STUDY
    return study


def every() -> Iterator[Study]:
    """Yield every study, and after it the same one on other data.

    Examples
    --------
    >>> [study.name for study in every()][:2]
    ['akrout2019', 'akrout2019_cifar10']
    """
    for name in names():
        study = find(name)
        yield from (study, *study.others.values())
