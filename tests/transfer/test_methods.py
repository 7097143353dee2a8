"""The methods at their start, the number of their parameters, and what they refuse."""

import numpy as np
import pytest
from transfer.cases import NAMES, OUTPUTS, D, backbone, batch, dense, model, shake, weights

from nofb import Dense, Network, rules, transfer


def logits(net, x):
    return net.forward(x)[net.last].a


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("method", ["lora", "finetune"])
def test_it_starts_as_the_linear_probe(method, name):
    """LoRA's U is 0, and fine-tuning has changed nothing yet: another start would be an error."""
    probe, net = (model(each, name, shaken=False) for each in ("linear", method))
    net.last.W, net.last.b = probe.last.W, probe.last.b
    x, _ = batch(probe)
    np.testing.assert_allclose(logits(net, x), logits(probe, x), rtol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_toast_lite_starts_as_the_toast_that_was_pretuned(name):
    """A and C are copied, U is 0, and the head is new."""
    tuned = model("toast", name, stage="pretune")
    lite = transfer.make("toast_lite", backbone(name), OUTPUTS, seed=5, start=tuned)
    lite.last.W, lite.last.b = tuned.last.W, tuned.last.b
    x, _ = batch(tuned)
    np.testing.assert_allclose(logits(lite, x), logits(tuned, x), rtol=1e-12)
    assert [layer.frozen for layer in (*lite.steered.A, *lite.steered.C)] == [True] * (
        2 * len(lite.steered.blocks)
    )


@pytest.mark.parametrize("method", ["lora", "toast_lite"])
def test_the_factor_that_is_zero_has_a_gradient_and_the_other_has_none(method):
    """If both were zero, neither would ever change."""
    net = model(method, shaken=False)
    x, y = batch(net)
    rule = rules.make("bp")
    rule.attach(net)
    updates = dict(zip(net.weighted, rule.updates(net, x, y), strict=True))
    for up, down in zip(net.groups()["U"], net.groups()["V"], strict=True):
        assert not up.W.any() and down.W.any()
        assert np.abs(updates[up].dW).max() > 0
        assert not updates[down].dW.any()


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_a_merged_lora_is_the_two_branch_form_and_unmerging_restores_every_bit(name, fused):
    """W' = W + (α/r) V U, with α/r in both forms."""
    net = model("lora", name, fused=fused, alpha=2.0)
    x, _ = batch(net)
    before, branched = weights(net), logits(net, x).copy()
    net.merge()
    assert not any(up.W.any() for up in net.groups()["U"])
    np.testing.assert_allclose(logits(net, x), branched, rtol=1e-6)
    with pytest.raises(ValueError, match="merged already"):
        net.merge()
    with pytest.raises(ValueError, match=r"unmerge\(\) first"):
        net.save("nowhere.npz")
    net.unmerge()
    for old, new in zip(before, weights(net), strict=True):
        np.testing.assert_array_equal(old, new)
    with pytest.raises(ValueError, match="not merged"):
        net.unmerge()


def test_lora_scales_its_branch_by_alpha_over_r():
    """loralib's default α = 1 divides it by four at rank 4."""
    one, two = model("lora", rank=2), model("lora", rank=2, alpha=6.0)
    x, _ = batch(one)
    block = [net.adapted.copies.blocks[0].attention for net in (one, two)]
    frozen = one.forward(x)[block[0].query].h
    added = [
        net.forward(x)[net.receivers[attention.query][0]].h - frozen
        for net, attention in zip((one, two), block, strict=True)
    ]
    branch = one.adapted.branches[0][0]
    rows = one.forward(x)[branch.down].h_below
    np.testing.assert_allclose(added[0], 0.5 * (rows @ branch.down.W @ branch.up.W)[..., :D])
    np.testing.assert_allclose(added[1], 6 * added[0])


@pytest.mark.parametrize("name", NAMES)
def test_prompts_are_replaced_in_each_block_and_the_sequence_keeps_its_length(name):
    """If prompts accumulated, each block would have more tokens than the one before."""
    net = model("prompts", name, count=3)
    x, _ = batch(net)
    trace = net.forward(x)
    attends = [node for node in net.nodes if type(node).__name__ == "Attend"]
    assert {each.shape_in[0] for each in attends} == {net.backbone.tokens + 3}
    at = 0 if name == "language" else 1
    for block, prompts in zip(net.prompted.copies.blocks, net.prompted.prompts, strict=True):
        received = trace[block.norms[0] if block.norm_first else block.attention.query].h_below
        given = np.broadcast_to(prompts.prompts, (len(x), 3, D))
        np.testing.assert_array_equal(received[:, at : at + 3], given)


def test_prompts_start_uniform_between_the_bounds_of_the_paper():
    """v = √(6 / (3 · 16² + d)) in the paper; here with the number of values of a patch."""
    net = transfer.make("prompts", backbone(), 3, count=400)
    v = np.sqrt(6 / (4 + D))
    for prompts in net.prompted.prompts:
        assert np.abs(prompts.prompts).max() == pytest.approx(v, rel=0.01)
        assert np.abs(prompts.prompts).max() <= v
        assert prompts.prompts.std() == pytest.approx(v / np.sqrt(3), rel=0.05)


def test_dropout_removes_prompts_in_training_only():
    """The tokens of the sample are never set to zero."""
    net = model("prompts", dropout=0.5, count=4)
    x, _ = batch(net)
    first = net.prompted.copies.blocks[0].norms[0]
    plain, noisy = (net.forward(x, train=train)[first].h_below for train in (False, True))
    silent = noisy == 0
    assert silent[:, 1:5].any() and not silent[:, 1:5].all()
    np.testing.assert_array_equal(noisy[:, 5:], plain[:, 5:])


def test_language_selects_from_tokens_that_are_not_normalised():
    """As in TOAST's code for LLaMA; in vision z is the input of the head."""
    for name, wanted in [("language", "inputs"), ("vision", "final")]:
        net = model("toast", name)
        x, _ = batch(net)
        layer = net.backbone.inputs[-1] if wanted == "inputs" else net.backbone.final
        z = net.backbone.send(net.backbone.net.as_input(x), layer)
        np.testing.assert_array_equal(net.as_input(x)[..., D:], z)


# -- the number of parameters --------------------------------------------------------------------


def counted(method, units, blocks, **options):
    """Return how many parameters a method trains on a small backbone, without its head."""
    from nofb import networks
    from nofb.datasets import Dataset

    x = np.zeros((4, 1, 4, 4))
    data = Dataset(x, [0, 1, 2, 0], x, [0, 1, 2, 0], name="empty")
    sizes = {"patch": 2, "units": units, "blocks": blocks, "heads": 2}
    net = networks.make("vision_transformer", data, **sizes)
    return transfer.make(method, net, 3, **options).trained_parameters - 3 * (units + 1)


COUNTS = {  # of blocks L and units d, and the published count for ViT-B in millions
    "toast": (lambda L, d: 2 * L * d * d + d, {}, 14.16),
    "toast, P": (lambda L, d: 2 * L * d * d + d + d * d, {"train_p": True}, 14.75),
    "toast_lite": (lambda L, d: 2 * L * 2 * 4 * d + d * d + d, {}, 0.147 + 0.59),
    "lora": (lambda L, d: L * (4 * d + 4 * 3 * d), {}, 0.147),
    "prompts": (lambda L, d: L * 100 * d, {"count": 100}, 0.92),
    "linear": (lambda L, d: 0, {}, 0.0),
}


@pytest.mark.parametrize("name", COUNTS)
def test_the_number_of_trained_parameters_is_that_of_the_papers(name):
    """A formula of d and L that holds for three small backbones, with d = 768 and L = 12."""
    formula, options, millions = COUNTS[name]
    for blocks, units in [(1, 8), (2, 8), (3, 12)]:
        assert counted(name.split(",")[0], units, blocks, **options) == formula(blocks, units)
    assert formula(12, 768) / 1e6 == pytest.approx(millions, abs=0.006)


# -- what is refused -----------------------------------------------------------------------------


def test_an_unknown_method_or_option_lists_the_known_ones():
    """A typing error must not train something else."""
    net = backbone()
    with pytest.raises(
        ValueError,
        match=r"method is 'tost' \(did you mean 'toast'\?\), but must be one of: linear, finetune",
    ):
        transfer.make("tost", net, 3)
    with pytest.raises(
        ValueError, match="the method 'lora' has no 'rnk'; it has: head, loss, rank"
    ):
        transfer.make("lora", net, 3, rnk=2)
    for options in ({"rank": 0}, {"alpha": 0.0}, {"fused": 1}):
        with pytest.raises((ValueError, TypeError), match=next(iter(options))):
            transfer.make("lora", net, 3, **options)
    with pytest.raises(ValueError, match="stage is 'both', but must be one of: transfer, pretune"):
        transfer.make("toast", net, 3, stage="both")
    with pytest.raises(TypeError, match="n_outputs must be a whole number"):
        transfer.make("linear", net, 2.5)


def test_a_network_that_is_no_transformer_is_refused_in_a_sentence():
    """Its blocks, and the layers of their values, would not be known."""
    with pytest.raises(TypeError, match=r"backbone must be a nofb\.Network, but is a int"):
        transfer.make("linear", 3, 3)
    plain = Network([Dense(4, 3, "tanh"), Dense(3, 2)])
    with pytest.raises(ValueError, match="it has no block of attention above layers that make"):
        transfer.make("linear", plain, 3)


def test_a_start_of_another_backbone_or_method_is_refused():
    """Its feedback path would have no meaning here."""
    tuned = model("toast", stage="pretune")
    with pytest.raises(ValueError, match="start was made on another backbone"):
        transfer.make("toast", backbone(seed=9), 3, start=tuned)
    with pytest.raises(ValueError, match="they have nothing in common to start from"):
        transfer.make("prompts", backbone(), 3, start=tuned)
    with pytest.raises(TypeError, match="start must be a model"):
        transfer.make("toast", backbone(), 3, start=backbone())


def test_a_head_starts_as_requested():
    """New, that of the backbone, or as in TOAST's code: b = -log 99."""
    head = backbone("language").last
    np.testing.assert_array_equal(model("linear", "language", shaken=False).last.W, head.W)
    new = model("linear", "language", shaken=False, head="new").last
    assert not np.array_equal(new.W, head.W) and not new.b.any()
    published = model("linear", shaken=False, head="published").last
    np.testing.assert_allclose(published.b, -np.log(99))
    with pytest.raises(ValueError, match="head='new' draws one"):
        model("linear", head="backbone")


def test_printing_a_model_shows_what_learns():
    """All these methods are used because they train few parameters."""
    text = str(model("toast"))
    assert text.splitlines()[-1].startswith("TOAST: 243 of ")
    assert text.endswith("ξ, A, C, head")
    assert len(dense(model("toast").added)) == 8


def test_shaking_changes_every_array_that_is_added():
    """Zeros would hide a fault from the tests of this folder."""
    net = model("toast_lite", shaken=False)
    still = weights(net)
    moved = [not np.array_equal(a, b) for a, b in zip(still, weights(shake(net)), strict=True)]
    assert sum(moved) == sum(len(node.parameters()) for node in net.added)
