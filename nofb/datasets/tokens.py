"""Checks the arrays of a data set of sequences: integers (N, tokens), and their targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nofb.datasets import validation
from nofb.datasets.vocabulary import Vocabulary
from nofb.datasets.word_pieces import WordPieces

Tokens = NDArray[np.int64]


@dataclass(frozen=True)
class Sequences:
    """Checked token data: four arrays, and the numbers of different tokens and classes."""

    x_train: Tokens
    y_train: NDArray[Any]
    x_test: Tokens
    y_test: NDArray[Any]
    n_tokens: int
    n_classes: int | None


def are_tokens(x: ArrayLike, y: ArrayLike) -> bool:
    """Return whether x holds tokens: whether y has an integer label for each of its integers.

    One-hot rows are labels of whole samples, even if they have as many columns as x.

    Examples
    --------
    >>> x = np.array([[0, 2, 1], [1, 1, 2]])
    >>> are_tokens(x, x), are_tokens(x, np.array([0, 1])), are_tokens(x, np.eye(3, dtype=int)[:2])
    (True, False, False)
    """
    try:
        x, y = np.asarray(x), np.asarray(y)
    except ValueError:
        return False  # rows of unequal length are refused elsewhere
    whole = x.dtype.kind in "iu" and y.dtype.kind in "iu"
    return bool(whole and x.ndim == 2 and x.shape == y.shape and not validation.is_one_hot(y))


def sequences(
    x_train: ArrayLike,
    y_train: ArrayLike,
    x_test: ArrayLike,
    y_test: ArrayLike,
    vocabulary: Vocabulary | WordPieces | None,
) -> Sequences:
    """Return copies of token data, checked.

    Targets are labels (N, tokens), one for each token; or one target for each sequence, as for
    other data.
    """
    if vocabulary is not None and not isinstance(vocabulary, Vocabulary | WordPieces):
        raise TypeError(
            f"vocabulary is {vocabulary!r}; it must be a nofb.datasets.Vocabulary, such as "
            'Vocabulary.of("some text").'
        )
    train, test = _tokens(x_train, "x_train"), _tokens(x_test, "x_test")
    known = int(train.max()) + 1 if vocabulary is None else len(vocabulary)
    if are_tokens(train, y_train):
        y_train, y_test = _tokens(y_train, "y_train"), _tokens(y_test, "y_test")
        if vocabulary is None:
            known = max(known, int(y_train.max()) + 1)
        n_classes: int | None = known
        named = {"x_train": train, "x_test": test, "y_train": y_train, "y_test": y_test}
        _refuse_other_shapes(train, y_train, "train")
        _refuse_other_shapes(test, y_test, "test")
    else:
        y_train, y_test, n_classes = validation.targets(y_train, y_test)
        named = {"x_train": train, "x_test": test}
    for name, array in named.items():
        _refuse_unknown(array, name, known, vocabulary)
    return Sequences(train, y_train, test, y_test, known, n_classes)


def _tokens(values: ArrayLike, argument: str) -> Tokens:
    array = validation.real(values, argument)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{argument} has dtype {array.dtype}; tokens must be integers from 0.")
    if array.ndim != 2:
        raise ValueError(f"{argument} has shape {array.shape}; it must be (sequences, tokens).")
    return np.array(array, dtype=np.int64, order="C")


def _refuse_other_shapes(x: Tokens, y: Tokens, split: str) -> None:
    if x.shape != y.shape:
        raise ValueError(
            f"x_{split} has shape {x.shape} and y_{split} {y.shape}; every token must have a label."
        )


def _refuse_unknown(
    array: Tokens, argument: str, known: int, vocabulary: Vocabulary | WordPieces | None
) -> None:
    wrong = np.argwhere((array < 0) | (array >= known))
    if wrong.size:
        sequence, place = (int(i) for i in wrong[0])
        whose = "training data have" if vocabulary is None else "vocabulary has"
        raise ValueError(
            f"{argument} holds the token {array[sequence, place]} at sequence {sequence}, place "
            f"{place}, but the {whose} the tokens 0 to {known - 1} only."
        )
