"""Two texts with the same vocabulary, so that one network can be used on both.

The characters are those of an English keyboard. Every user has the second text: the source code of
Python's standard library.
"""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

from nofb.datasets import texts
from nofb.datasets.dataset import Dataset
from nofb.datasets.vocabulary import Vocabulary

# A line feed, and the 95 printable characters of ASCII.
PRINTABLE = Vocabulary("\n" + "".join(map(chr, range(32, 127))))

# One file each in Python 3.11 to 3.14, 0.8 million characters together.
MODULES = (
    "argparse", "calendar", "configparser", "contextlib", "copy", "csv", "dataclasses", "difflib",
    "fractions", "functools", "heapq", "ipaddress", "optparse", "pickle", "random", "shutil",
    "statistics", "tarfile", "textwrap", "tokenize",
)  # fmt: skip


def python_source(length: int = texts.LENGTH, test: float = texts.TEST) -> Dataset:
    """Return source code of Python's standard library as sequences of `PRINTABLE` characters.

    The modules are always the same, but their text is that of the running Python; its version is in
    the name of the data set. Lines with other characters are left out; a tab is four spaces.

    Parameters
    ----------
    length, test
        As for `nofb.datasets.text`; the test split is the end of the last modules.

    Raises
    ------
    FileNotFoundError
        If this Python has no source files.

    Examples
    --------
    >>> data = python_source(length=33)
    >>> PRINTABLE.decode(data.x_train[0])
    '# Author: Steven J. Bethard <stev'
    """
    folder = Path(sysconfig.get_path("stdlib"))
    missing = [name for name in MODULES if not (folder / f"{name}.py").is_file()]
    if missing:
        raise FileNotFoundError(
            f"the sources of {', '.join(missing)} are not in {folder}: this Python came without "
            "them, and nofb.datasets.text(path) takes any other text"
        )
    code = "".join(printable(texts.read(folder / f"{name}.py")) for name in MODULES)
    name = "python_source_{}_{}".format(*sys.version_info)
    return texts.from_text(code, name, length, test, str(folder), PRINTABLE)


def printable(code: str) -> str:
    """Return the lines of a text that have only characters of `PRINTABLE`.

    Examples
    --------
    >>> printable("a = 1\\n# α\\n\\tb")
    'a = 1\\n    b\\n'
    """
    lines = code.expandtabs(4).splitlines()
    known = set(PRINTABLE.characters)
    return "".join(f"{line}\n" for line in lines if known.issuperset(line))


def with_vocabulary(data: Dataset, vocabulary: Vocabulary) -> Dataset:
    """Return a text with the tokens of another vocabulary, which has all its characters.

    Raises
    ------
    TypeError
        If the data set is not a text of characters.
    ValueError
        If the vocabulary lacks a character.

    Examples
    --------
    >>> from nofb.datasets import load
    >>> data = with_vocabulary(load("text"), PRINTABLE)
    >>> data.n_classes, PRINTABLE.decode(data.x_train[0, :12])
    (96, 'GLOUCESTER:\\n')
    """
    if not isinstance(data.vocabulary, Vocabulary):
        raise TypeError(
            f"the data set {data.name!r} is no text of characters: it has no Vocabulary"
        )
    token = vocabulary.encode(data.vocabulary.characters)
    x_train, y_train, x_test, y_test = (
        token[each] for each in (data.x_train, data.y_train, data.x_test, data.y_test)
    )
    return Dataset(x_train, y_train, x_test, y_test, data.name, vocabulary=vocabulary)
