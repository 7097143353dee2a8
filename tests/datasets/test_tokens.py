"""Sequences in a data set: integers stay integers, and all other data stay as before."""

import copy
import pickle

import numpy as np
import pytest

from nofb.datasets import Dataset, Vocabulary

X = np.arange(12).reshape(4, 3) % 5
Y = (X + 1) % 5


def test_a_label_for_each_integer_makes_sequences():
    """Token data must be accepted: cast to float32 they could not select a row of weights."""
    data = Dataset(X.astype(np.int16), Y.astype(np.uint8), X[:2], Y[:2])
    assert repr(data) == "Dataset('mine': 4 training and 2 test samples with 3 tokens, 5 classes)"
    for name, given in {"x_train": X, "y_train": Y, "x_test": X[:2], "y_test": Y[:2]}.items():
        found = getattr(data, name)
        assert found.dtype == np.int64
        assert not found.flags.writeable
        assert not np.shares_memory(found, given)
        np.testing.assert_array_equal(found, given)
    assert (data.n_tokens, data.n_classes, data.vocabulary) == (5, 5, None)


def test_a_token_that_occurs_only_as_a_target_counts():
    """The network needs an output for it, even if no training input contains it."""
    data = Dataset([[0, 1]], [[1, 7]], [[7, 0]], [[0, 1]])
    assert data.n_classes == data.n_tokens == 8


def test_a_vocabulary_makes_tokens_of_samples_with_a_label_each():
    """Whole sequences can be classified, too: then the labels are as for other data."""
    data = Dataset(X, [0, 1, 2, 0], X, [2, 1, 0, 0], vocabulary=Vocabulary("abcdefg"))
    assert data.x_train.dtype == np.int64
    assert (data.n_tokens, data.n_classes) == (7, 3)
    part = data.split_validation(0.5, seed=0)
    assert part.n_tokens == 7
    assert set(part.y_test) == {0}  # stratified, as in other data: one of two, none of one


def test_a_vocabulary_counts_characters_that_are_not_in_the_texts():
    data = Dataset(X, Y, X, Y, vocabulary=Vocabulary("abcdefg"))
    assert data.n_tokens == data.n_classes == 7


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (X, [0, 1, 2, 0]),
        (X, np.eye(3, dtype=int)[[0, 1, 2, 0]]),
        (X.astype(float), np.eye(5)[X[:, 0]]),
        (X, X.astype(float)),
    ],
)
def test_integers_with_other_targets_stay_features(x, y):
    """Pixels are integers as well; as tokens they would be trained on in another way."""
    data = Dataset(x, y, x, y)
    assert data.x_train.dtype in (np.float32, np.float64)
    assert data.n_tokens is None


def test_sequences_survive_a_copy_and_a_pickle():
    data = Dataset(X, Y, X, Y, vocabulary=Vocabulary("abcdef"))
    for other in (copy.deepcopy(data), pickle.loads(pickle.dumps(data))):
        np.testing.assert_array_equal(other.x_train, data.x_train)
        assert other.vocabulary == data.vocabulary
        assert other.n_tokens == 6
        assert not other.x_train.flags.writeable


REFUSED = {
    "a_negative_token": ((-X, Y, X, Y), ValueError, "x_train holds the token -1 at sequence 0, pl"),
    "a_test_token_that_training_lacks": (
        (X, Y, X + 4, Y), ValueError, "x_test holds the token 5 .* training data have the tokens 0 "
    ),
    "a_test_label_that_training_lacks": (
        (X, Y, X, Y + 1), ValueError, "y_test holds the token 5 at sequence 1, place 0",
    ),
    "test_sequences_of_another_length": (
        (X, Y, X[:, :2], Y[:, :2]), ValueError, r"x_train has shape \(4, 3\) and x_test \(4, 2\)"
    ),
    "a_test_label_for_each_sequence": ((X, Y, X, Y[:, 0]), ValueError, r"y_test has shape \(4,\)"),
    "too_few_test_labels": ((X, Y, X, Y[:, :2]), ValueError, r"x_test has shape .* every token"),
    "floats_among_test_tokens": (
        (X, Y, X * 1.0, Y), TypeError, "x_test has dtype float64; tokens must",
    ),
    "an_empty_test_split": ((X, Y, X[:0], Y[:0]), ValueError, r"x_test has shape \(0, 3\) and"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_a_sequence_of_tokens_is_refused_in_one_sentence(case):
    arrays, error, sentence = REFUSED[case]
    with pytest.raises(error, match=sentence) as caught:
        Dataset(*arrays)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        ({"vocabulary": "abcde"}, TypeError, r"vocabulary is 'abcde'; .* Vocabulary\.of\("),
        (
            {"vocabulary": Vocabulary("ab")},
            ValueError,
            "the vocabulary has the tokens 0 to 1",
        ),
        ({"image_shape": (1, 1, 3)}, ValueError, "x_train holds tokens, not pixels"),
    ],
)
def test_options_that_do_not_apply_to_tokens_are_refused(options, error, sentence):
    with pytest.raises(error, match=sentence):
        Dataset(X, Y, X, Y, **options)


# ---- the vocabulary


@pytest.mark.parametrize("text", ["", "to be, or not to be", "Größe \n𝄞"])
def test_decoding_inverts_encoding(text):
    vocabulary = Vocabulary.of(text + "!")
    tokens = vocabulary.encode(text)
    assert tokens.shape == (len(text),)
    assert vocabulary.decode(tokens) == text
    assert vocabulary.decode(list(tokens)) == text


def test_a_vocabulary_keeps_the_order_it_is_given():
    """A saved network identifies its characters by their numbers alone."""
    assert Vocabulary("cab").encode("abc").tolist() == [1, 2, 0]


@pytest.mark.parametrize(
    ("make", "error", "sentence"),
    [
        (lambda: Vocabulary(""), ValueError, "characters is empty"),
        (lambda: Vocabulary("abca"), ValueError, "characters holds 'a' twice"),
        (lambda: Vocabulary(["a"]), TypeError, r"characters is \['a'\]"),
        (lambda: Vocabulary("ab").encode("abc"), ValueError, "the text holds 'c' at position 2"),
        (lambda: Vocabulary("ab").decode([0, 2]), ValueError, "tokens holds 2 at position 1"),
        (lambda: Vocabulary("ab").decode([-1]), ValueError, "tokens holds -1 at position 0"),
        (lambda: Vocabulary("ab").decode([0.0]), TypeError, "tokens has dtype float64"),
        (lambda: Vocabulary("ab").decode([[0]]), ValueError, r"tokens has shape \(1, 1\)"),
    ],
)
def test_a_vocabulary_refuses_what_it_cannot_encode(make, error, sentence):
    with pytest.raises(error, match=sentence):
        make()
