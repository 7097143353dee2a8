"""What is refused, and with which sentence."""

from collections.abc import Callable

import numpy as np
import pytest

X, LABELS = np.ones((4, 5)), np.array([0, 2, 1, 0])


IMAGES = np.ones((4, 2, 5, 6))


Case = tuple[Callable[[], object], type[Exception], list[str]]


def refuses(act: Callable[[], object], error: type[Exception], says: list[str]) -> None:
    """Assert that `act` raises `error` with a sentence that holds all of these words."""
    with pytest.raises(error) as caught:
        act()
    sentence = str(caught.value)
    assert caught.type is error
    for words in says:
        assert words in sentence, sentence
