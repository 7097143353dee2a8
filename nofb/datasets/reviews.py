"""Sentences from film reviews, each positive or negative, as word pieces.

Hutto & Gilbert 2014 (ICWSM; MIT licence) had twenty people rate each of 10,605 sentences of
Pang & Lee 2004 from -4 to 4. Here a sentence is positive if its mean is above 1, and negative if it
is below -1.
"""

from __future__ import annotations

import io
import tarfile
import zlib
from typing import NamedTuple

import numpy as np

from nofb import checks
from nofb.datasets import download, sources
from nofb.datasets.dataset import Dataset
from nofb.datasets.word_pieces import WordPieces

MEMBER = "hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt"
MOST_BYTES = 2_000_000
TRAIN, TEST = 1200, 400
LENGTH = 48  # in tokens; 96 % of the sentences are not longer
CLEAR = 1  # a mean rating nearer to 0 is neutral


class Review(NamedTuple):
    """A sentence, and its mean rating from -4 to 4."""

    text: str
    rating: float


def movie_reviews(n_train: int = TRAIN, n_test: int = TEST, length: int = LENGTH) -> Dataset:
    """Return sentences on films as tokens, with the labels 1 for positive and 0 for negative.

    The split is fixed: the test sentences are the first in a fixed order, so they do not depend on
    the number of training sentences.

    Parameters
    ----------
    n_train, n_test
        The number of sentences; there are 9,022 in total.
    length
        The number of tokens of each sentence, with padding.

    Returns
    -------
    Dataset
        x are integers (sentences, length) for MiniLM, and `vocabulary` is a `WordPieces`.

    Raises
    ------
    ModuleNotFoundError
        If the extra `transfer`, which has the tokenizer, is not installed.
    ConnectionError
        If no mirror returns the file.
    ValueError
        If there are fewer sentences, or the file in NOFB_DATA_DIR is damaged.
    """
    n_train, n_test = checks.whole("n_train", n_train), checks.whole("n_test", n_test)
    pieces = WordPieces()
    reviews = clear(rated())
    if n_train + n_test > len(reviews):
        raise ValueError(
            f"n_train and n_test are {n_train} and {n_test}, but there are {len(reviews)} sentences"
        )
    x = pieces.encode([each.text for each in reviews[: n_test + n_train]], length)
    y = np.array([int(each.rating > 0) for each in reviews[: n_test + n_train]])
    return Dataset(
        x[n_test:], y[n_test:], x[:n_test], y[:n_test], sources.MOVIE_REVIEWS.name,
        vocabulary=pieces,
    )  # fmt: skip


def rated() -> list[Review]:
    """Return all sentences with their ratings, in the order of the file."""
    (file,) = sources.MOVIE_REVIEWS.files
    return parse(download.fetch(sources.MOVIE_REVIEWS, file), file.name)


def clear(reviews: list[Review]) -> list[Review]:
    """Return each positive or negative sentence once, in a fixed order."""
    once = {each.text: each for each in reviews if abs(each.rating) > CLEAR}
    order = np.random.default_rng(0).permutation(len(once))
    kept = list(once.values())
    return [kept[index] for index in order]


def parse(archive: bytes, source: str) -> list[Review]:
    """Return the sentences in the archive of the data.

    Raises
    ------
    ValueError
        If it is not this archive, or a line does not have a number, a rating and a sentence.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
            stream = tar.extractfile(MEMBER)
            content = b"" if stream is None else stream.read(MOST_BYTES)
    except KeyError as error:
        raise ValueError(f"{source} lacks the file {MEMBER}.") from error
    # A cut gzip stream ends in EOFError, damaged bytes in zlib.error or an OSError.
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise ValueError(f"{source} is not a complete tar.gz archive ({error}).") from error
    lines = content.decode("utf-8", errors="replace").splitlines()
    return [_review(line, number, source) for number, line in enumerate(lines, 1)]


def _review(line: str, number: int, source: str) -> Review:
    try:
        _, rating, text = line.split("\t")
        return Review(text.strip(), float(rating))
    except ValueError as error:
        raise ValueError(
            f"line {number} of {MEMBER} in {source} is {line[:60]!r}; it must be a number, a "
            "rating and a sentence, with tabs between them."
        ) from error
