"""Text as a data set: at each character, a network predicts the next one.

The text is cut into sequences that do not overlap. The first of them are for training and the last
for testing, so no test character is used in training.
"""

from __future__ import annotations

import gzip
import os
from importlib.resources import files
from pathlib import Path

from nofb import checks
from nofb.datasets.dataset import Dataset
from nofb.datasets.vocabulary import Vocabulary

LENGTH = 64  # characters in a sequence
TEST = 0.1  # of the sequences
EMBEDDED = "text.txt.gz"


def text(
    path: str | os.PathLike[str] | None = None,
    length: int = LENGTH,
    test: float = TEST,
    name: str | None = None,
) -> Dataset:
    """Return a text as sequences of characters, each with the next character at every position.

    Parameters
    ----------
    path : path, optional
        A text file in UTF-8. If it is left out, the text that comes with nofb: three plays by
        Shakespeare, the data set called "text".
    length : int
        Characters in a sequence.
    test : float
        The fraction of the sequences, from the end of the text, that is for testing.
    name : str, optional
        The name of the data set in reports; the file's name by default.

    Returns
    -------
    Dataset
        x and y are integers (sequences, length), and y is x shifted by one character.
        `data.vocabulary` has `encode` and `decode`.

    Raises
    ------
    OSError
        If there is no such file, or it cannot be read.
    TypeError, ValueError
        If the file is empty, too short for two sequences, or not text in UTF-8, or an argument is
        out of its range.

    Examples
    --------
    >>> data = text(length=16)
    >>> data.vocabulary.decode(data.x_train[0]), data.vocabulary.decode(data.y_train[0])
    ('GLOUCESTER:\\nNow ', 'LOUCESTER:\\nNow i')
    """
    if path is None:
        return from_text(read_embedded(), "text" if name is None else name, length, test)
    file = Path(path)
    return from_text(read(file), file.stem if name is None else name, length, test, str(file))


def from_text(
    characters: str,
    name: str,
    length: int = LENGTH,
    test: float = TEST,
    source: str = "the text",
    vocabulary: Vocabulary | None = None,
) -> Dataset:
    """Return the sequences of a text; `source` is its name in a message."""
    length = checks.whole("length", length)
    test = checks.number("test", test, above=0, below=1)
    if not characters:
        raise ValueError(f"{source} is empty; it must hold text.")
    sequences = (len(characters) - 1) // length  # the last one needs a next character too
    if sequences < 2:
        raise ValueError(
            f"{source} has {len(characters)} characters, but a sequence for training and one for "
            f"testing, of {length} each, take {2 * length + 1} with the character after them: "
            "give a longer text, or a smaller length."
        )
    vocabulary = Vocabulary.of(characters) if vocabulary is None else vocabulary
    if len(vocabulary) == 1:
        raise ValueError(f"{source} holds no character but {characters[0]!r}; it must hold two.")
    tokens = vocabulary.encode(characters)
    x = tokens[: sequences * length].reshape(sequences, length)
    y = tokens[1 : sequences * length + 1].reshape(sequences, length)
    kept = sequences - min(max(1, round(test * sequences)), sequences - 1)
    return Dataset(x[:kept], y[:kept], x[kept:], y[kept:], name, vocabulary=vocabulary)


def read(path: Path) -> str:
    """Return the text in a file, with a line feed alone at the end of each line."""
    return decoded(path.read_bytes(), str(path))


def read_embedded() -> str:
    """Return the text that comes with nofb."""
    content = files("nofb.datasets").joinpath("embedded", EMBEDDED).read_bytes()
    return decoded(gzip.decompress(content), EMBEDDED)


def decoded(content: bytes, source: str) -> str:
    """Return the text of some bytes, or refuse bytes that are not text."""
    try:
        characters = content.decode("utf-8-sig")  # without the byte order mark of some editors
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{source} is not text in UTF-8 (byte {content[error.start]:#04x} at position "
            f"{error.start}): save it in UTF-8 first."
        ) from error
    if (position := characters.find("\0")) >= 0:
        raise ValueError(
            f"{source} holds a zero at position {position}, as no text in UTF-8 does: save it in "
            "UTF-8 first."
        )
    return characters.replace("\r\n", "\n").replace("\r", "\n")
