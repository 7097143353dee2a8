"""Data sets: a few are shipped, a few are downloaded once, and you can use your own arrays.

This package is independent: it returns plain arrays and does not depend on networks or rules.
"""

from nofb.datasets.dataset import Dataset
from nofb.datasets.registry import describe, is_own, load, names, register
from nofb.datasets.reviews import movie_reviews
from nofb.datasets.shared_vocabulary import PRINTABLE, python_source, with_vocabulary
from nofb.datasets.table import Description
from nofb.datasets.texts import text
from nofb.datasets.toys import linear_teacher, spirals, two_moons, xor
from nofb.datasets.validation import DataWarning
from nofb.datasets.vocabulary import Vocabulary
from nofb.datasets.word_pieces import WordPieces

__all__ = [
    "PRINTABLE",
    "DataWarning",
    "Dataset",
    "Description",
    "Vocabulary",
    "WordPieces",
    "describe",
    "is_own",
    "linear_teacher",
    "load",
    "movie_reviews",
    "names",
    "python_source",
    "register",
    "spirals",
    "text",
    "two_moons",
    "with_vocabulary",
    "xor",
]
