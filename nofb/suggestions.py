"""Which known name was meant, given an unknown one: the nearest, or what nofb calls the same thing.

Every function that refuses a name asks here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher

OTHER_NAMES = {  # of other libraries and textbooks; used where nofb's own name is allowed
    "sigmoid": "logistic",
    "linear": "identity",
    "lrelu": "leaky_relu",
    "mse": "squared_error",
    "mean_squared_error": "squared_error",
    "softmax": "cross_entropy",
    "nll": "cross_entropy",
    "categorical_crossentropy": "cross_entropy",
    "sparse_categorical_crossentropy": "cross_entropy",
    "bce": "binary_cross_entropy",
    "glorot": "xavier",
    "kaiming": "he",
    "backpropagation": "bp",
    "momentum": "sgd",
}
LEAST = 0.65  # the similarity of two names, from 0 to 1
LEAST_OF_SHORT = 0.5  # of a name of two letters one may be wrong


def did_you_mean(
    given: object, allowed: Iterable[str], others: Mapping[str, str] | None = None
) -> str:
    """Return a question in brackets that names what was probably meant; "" if nothing is near.

    Parameters
    ----------
    given
        The unknown name.
    allowed
        The known names.
    others
        Further names of some of them, besides `OTHER_NAMES`.

    Examples
    --------
    >>> did_you_mean("minst", ["digits", "mnist"]), did_you_mean("MSE", ["squared_error"])
    (" (did you mean 'mnist'?)", " (did you mean 'squared_error'?)")
    >>> did_you_mean("xyz", ["digits", "mnist"])
    ''
    """
    names = [repr(each) for each in nearest(given, list(allowed), others or {})]
    if not names:
        return ""
    *first, last = names
    return f" (did you mean {', '.join(first)}{' or ' if first else ''}{last}?)"


def nearest(given: object, allowed: list[str], others: Mapping[str, str]) -> list[str]:
    """Return the known names, at most three, that are equally near to an unknown one.

    Capitals, spaces, hyphens and underscores make no difference.

    Examples
    --------
    >>> names = ["bp", "fa", "sa", "kp_released"]
    >>> nearest("fb", names, {}), nearest("af", names, {})
    (['bp', 'fa'], ['fa'])
    """
    word = _plain(given) if isinstance(given, str) else ""
    if not word:
        return []
    meant = {_plain(name): each for name, each in (OTHER_NAMES | dict(others)).items()
             if each in allowed}  # fmt: skip
    meant |= {_plain(each): each for each in allowed}
    if word in meant:
        return [meant[word]]
    scores = {name: _similarity(word, name) for name in meant}
    best = max(scores.values(), default=(0.0, False))
    if best[0] < (LEAST_OF_SHORT if len(word) < 3 else LEAST):
        return []
    return list(dict.fromkeys(meant[name] for name in meant if scores[name] == best))[:3]


def _similarity(word: str, name: str) -> tuple[float, bool]:
    """Return how similar two names are, and whether only the order of their letters differs."""
    return SequenceMatcher(None, word, name).ratio(), sorted(word) == sorted(name)


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).lower()
