"""Options, names and objects with which a transfer would do nothing, or not what was meant."""

import numpy as np
import pytest
from transfer.cases import OUTPUTS, D, backbone, batch, model

import nofb
from nofb import Dense, Network, registry, rules, transfer
from nofb.datasets import Dataset
from nofb.papers.toast import beyond, settings
from nofb.trace import Trace
from nofb.transfer import METHODS, pretrained
from nofb.transfer.tasks import TASKS


def test_toast_lite_cannot_be_pretuned_because_its_path_is_frozen():
    """The reconstruction loss would change nothing, and a student would believe that A learned."""
    with pytest.raises(ValueError, match=r"A is frozen: pre-tune make\('toast'") as error:
        transfer.make("toast_lite", backbone(), OUTPUTS, stage="pretune")
    assert "as start" in str(error.value)


def test_toast_with_a_frozen_path_cannot_be_pretuned_either():
    """It is the same mistake by another option; in the stage of transfer, A may be frozen."""
    with pytest.raises(ValueError, match="leave train_a out"):
        transfer.make("toast", backbone(), OUTPUTS, stage="pretune", train_a=False)
    assert transfer.make("toast", backbone(), OUTPUTS, train_a=False).steered.A[0].frozen


@pytest.mark.parametrize("method", ["lora", "toast_lite"])
def test_a_rank_above_the_number_of_units_is_refused_and_an_equal_one_is_not(method):
    """V U of shape (d, n) never has a rank above d, so more columns of V change no result."""
    with pytest.raises(ValueError, match=f"rank is {D + 1}, but the tokens have {D} units"):
        transfer.make(method, backbone(), OUTPUTS, rank=D + 1)
    assert transfer.make(method, backbone(), OUTPUTS, rank=D).options.rank == D


def test_a_lora_of_full_rank_can_be_any_change_of_its_matrices():
    """As Hu et al. say in their section 4.1: with r = d, V = 1 and U the change itself."""
    net = model("lora", rank=D, alpha=D)
    wanted = np.random.default_rng(0).normal(size=(D, 3 * D))
    branch = net.adapted.branches[0][0]
    branch.down.W, branch.up.W = np.eye(D), wanted
    np.testing.assert_allclose(branch.change(), wanted)


@pytest.mark.parametrize("method", METHODS)
def test_a_method_of_transfer_that_is_given_as_a_rule_gets_its_call(method):
    """`nofb train toast` is the first thing that a reader of the paper types."""
    x, y = np.ones((4, 3)), [0, 1, 0, 1]
    net = Network([Dense(3, 2)])
    for call in (
        lambda: nofb.fit(net, method, Dataset(x, y, x, y), epochs=1),
        lambda: rules.make(method),
    ):
        with pytest.raises(
            ValueError, match=f"which is no rule, but a method of transfer.*{method}"
        ):
            call()


def test_the_names_that_are_recognised_as_methods_are_those_of_all_methods():
    """A method that is added later must be recognised too."""
    assert tuple(METHODS) == registry.METHODS_OF_TRANSFER


def test_loading_with_file_and_backbone_exchanged_names_the_order():
    """Python's own error speaks of os.PathLike."""
    for given in (backbone(), transfer.Backbone(backbone())):
        with pytest.raises(TypeError, match=r"load\(path, backbone\) takes the file first"):
            transfer.load(given, "model.npz")


def test_a_model_in_the_place_of_its_backbone_is_named(tmp_path):
    """Its layers are not those of a transformer, and a sentence on structure would not help."""
    net = model("lora")
    net.save(tmp_path / "model.npz")
    for call in (
        lambda: transfer.load(tmp_path / "model.npz", net),
        lambda: transfer.make("toast", net, OUTPUTS),
    ):
        with pytest.raises(TypeError, match=r"LoRA\(3 outputs\), a model of nofb\.transfer"):
            call()


@pytest.mark.parametrize(
    ("method", "name", "owners"),
    [
        ("lora", "steer", "toast, toast_lite"),
        ("toast", "merge", "lora"),
        ("linear", "unmerge", "lora"),
    ],
)
def test_what_a_model_does_not_have_names_the_methods_that_have_it(method, name, owners):
    """A student tries what worked with another method."""
    net = model(method)
    with pytest.raises(
        AttributeError, match=f"a model of '{method}' has no '{name}'; it belongs to: {owners}$"
    ):
        getattr(net, name)
    assert not hasattr(net, name)


@pytest.mark.parametrize("name", ["minilm", "MiniLM"])
def test_minilm_is_found_from_the_place_of_the_other_backbones(name):
    """It is the third backbone of the documentation, but a package of its own."""
    with pytest.raises(ValueError, match=r"nofb\.networks\.minilm\.load\(\)"):
        pretrained.backbone(name)


def test_no_block_is_computed_above_the_tokens_that_a_method_takes(monkeypatch):
    """LoRA takes the input of the first block: computing the others would cost a whole pass."""
    net = model("lora")
    x, _ = batch(net)
    calls = []
    layer = type(net.backbone.final)
    forward = layer.forward
    monkeypatch.setattr(
        layer, "forward", lambda self, record: (calls.append(self), forward(self, record))
    )
    ready = net.as_input(x)
    assert not calls  # every LayerNorm of this backbone is in or above a block
    own = net.backbone.net
    whole = Trace(own, len(x)).fill(own.as_input(x))[net.backbone.inputs[0]].h
    np.testing.assert_array_equal(ready, whole)


def test_what_was_tried_beyond_the_study_has_the_rates_of_the_study():
    """Two tables of rates would drift apart, and the methods would not be compared alike."""
    rates = TASKS["vision_mnist"].rates
    wanted = {"linear": "linear", "linear on all tokens": "linear_all", "LoRA": "lora",
              "TOAST, A frozen": "toast", "TOAST": "toast"}  # fmt: skip
    assert {name: case.lr for name, case in beyond.METHODS.items()} == {
        name: rates[case] for name, case in wanted.items()
    }
    assert beyond.METHODS["TOAST, A frozen"].options == {"train_a": False}
    assert settings.RATES is rates


def test_a_property_of_a_model_that_fails_says_why():
    """Otherwise a mistake inside a new method would look like a misspelt name."""

    class Broken(METHODS["linear"]):
        @property
        def widths(self):
            return self.backbone.nothing

    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = Broken(backbone(), OUTPUTS).widths
