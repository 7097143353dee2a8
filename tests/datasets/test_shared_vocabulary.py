"""Two texts with one vocabulary: a token must mean the same character in both."""

import sysconfig

import numpy as np
import pytest

from nofb import datasets
from nofb.datasets import PRINTABLE, shared_vocabulary, with_vocabulary


def test_the_source_of_python_is_available_everywhere():
    """The same modules in every version of Python, and only characters in ASCII."""
    data = datasets.python_source(length=50, test=0.2)
    text = PRINTABLE.decode(np.concatenate([*data.x_train, *data.x_test]))
    assert "import" in text and "def " in text and "class " in text
    assert data.vocabulary is PRINTABLE
    assert data.n_tokens == data.n_classes == 96
    assert len(data.x_test) / (len(data.x_train) + len(data.x_test)) == pytest.approx(0.2, abs=0.01)
    assert len(text) > 400_000
    np.testing.assert_array_equal(data.x_train[:, 1:], data.y_train[:, :-1])


def test_the_modules_are_sorted(monkeypatch, tmp_path):
    """The order of the files in a folder differs between computers."""
    for name in shared_vocabulary.MODULES:
        (tmp_path / f"{name}.py").write_text(f"import {name}  # ä\n\tmodule = {name!r}\n", "utf-8")
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path))
    data = datasets.python_source(length=20, test=0.5)
    text = PRINTABLE.decode(np.concatenate([*data.x_train, *data.x_test]))
    assert text.startswith("    module = 'argparse'\n    module = 'calendar'\n")
    (tmp_path / "csv.py").unlink()
    with pytest.raises(FileNotFoundError, match="the sources of csv are not in"):
        datasets.python_source()


def test_another_vocabulary_leaves_the_text_as_it_is():
    """Only the tokens of its characters change."""
    data = datasets.load("text")
    other = with_vocabulary(data, PRINTABLE)
    for name in ("x_train", "y_train", "x_test", "y_test"):
        one, two = getattr(data, name), getattr(other, name)
        assert data.vocabulary.decode(one[3]) == PRINTABLE.decode(two[3])
    assert (other.n_tokens, data.n_tokens) == (96, 62)


def test_a_vocabulary_without_a_character_is_refused():
    """A missing character would be read as another letter."""
    with pytest.raises(ValueError, match="none of the 3 characters"):
        with_vocabulary(datasets.load("text"), datasets.Vocabulary("abc"))
    with pytest.raises(TypeError, match="'digits' is no text of characters"):
        with_vocabulary(datasets.load("digits"), PRINTABLE)
