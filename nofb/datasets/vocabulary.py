"""A vocabulary numbers the characters of a text, and turns text into tokens and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Vocabulary:
    """The characters of a text: token k is `characters[k]`.

    Parameters
    ----------
    characters : str
        Each character once.

    Raises
    ------
    TypeError
        If `characters` is not a string.
    ValueError
        If it is empty, or holds a character twice.

    Examples
    --------
    >>> vocabulary = Vocabulary.of("to be")
    >>> vocabulary
    Vocabulary(characters=' beot')
    >>> tokens = vocabulary.encode("bet")
    >>> tokens.tolist(), vocabulary.decode(tokens)
    ([1, 2, 4], 'bet')
    """

    characters: str

    def __post_init__(self) -> None:
        if not isinstance(self.characters, str):
            raise TypeError(f"characters is {self.characters!r}; it must be a string.")
        if not self.characters:
            raise ValueError("characters is empty; a vocabulary needs at least one.")
        seen: set[str] = set()
        for character in self.characters:
            if character in seen:
                raise ValueError(f"characters holds {character!r} twice; each must be there once.")
            seen.add(character)

    @classmethod
    def of(cls, text: str) -> Vocabulary:
        """Return the vocabulary of a text: its characters in the order of their code points."""
        return cls("".join(sorted(set(text))))

    def __len__(self) -> int:
        return len(self.characters)

    def encode(self, text: str) -> NDArray[np.int64]:
        """Return the tokens of a text (characters,).

        Raises
        ------
        ValueError
            If the text holds a character that the vocabulary does not have.
        """
        number = {character: token for token, character in enumerate(self.characters)}
        try:
            return np.fromiter(map(number.__getitem__, text), dtype=np.int64, count=len(text))
        except KeyError as error:
            (character,) = error.args
            raise ValueError(
                f"the text holds {character!r} at position {text.index(character)}, which is none "
                f"of the {len(self)} characters of this vocabulary."
            ) from None

    def decode(self, tokens: ArrayLike | Sequence[int]) -> str:
        """Return the text of tokens (characters,).

        Raises
        ------
        TypeError
            If they are not integers.
        ValueError
            If they do not have one dimension, or one is not a token of the vocabulary.
        """
        array = np.asarray(tokens)
        if array.ndim != 1:
            raise ValueError(
                f"tokens has shape {array.shape}; it must be one sequence (tokens,), such as a row "
                "of x_train."
            )
        if array.size and array.dtype.kind not in "iu":
            raise TypeError(f"tokens has dtype {array.dtype}; it must hold integers.")
        wrong = np.flatnonzero((array < 0) | (array >= len(self)))
        if wrong.size:
            raise ValueError(
                f"tokens holds {array[wrong[0]]} at position {wrong[0]}; the tokens of this "
                f"vocabulary are 0 to {len(self) - 1}."
            )
        return "".join(self.characters[token] for token in array.tolist())
