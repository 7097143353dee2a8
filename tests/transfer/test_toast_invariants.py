"""What must hold for TOAST with any learned parameters."""

import numpy as np
import pytest
from transfer.cases import NAMES, D, backbone, batch, model, weights

from nofb import SGD, transfer
from nofb.layers import Layer
from nofb.rules import make
from nofb.trace import Trace
from nofb.training.step import step

SILENT = {
    "no C": lambda it: [C.W.fill(0) for C in it.C],
    "no P": lambda it: it.P.W.fill(0),
    "a task that no token points to": None,
}


def silence(net, how, x):
    """Set td to zero in one of three ways."""
    if SILENT[how] is not None:
        SILENT[how](net.steered)
        return
    z = net.backbone.send(net.backbone.net.as_input(x), net.backbone.selected).reshape(-1, D)
    xi, *_ = np.linalg.lstsq(z, -np.ones(len(z)), rcond=None)
    net.steered.selection.xi = xi
    assert (z @ xi < 0).all(), "the samples must leave room for such a task"


def ends(net, x):
    """Return the last tokens of pass 1 and of pass 2."""
    ready = net.backbone.net.as_input(x)
    return net.backbone.send(ready, net.backbone.inputs[-1]), net.forward(x)[
        net.steered.tokens[-1]
    ].h


@pytest.mark.parametrize("how", SILENT)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("method", ["toast", "toast_lite"])
def test_without_feedback_pass_2_is_the_frozen_backbone_to_the_last_bit(method, name, how):
    """Otherwise steering could be a difference between two implementations."""
    net = model(method, name)
    x, _ = batch(net, samples=1)
    if how == "no C" and method == "toast_lite":
        for layer in net.groups()["U"]:
            layer.W[:] = 0
    silence(net, how, x)
    first, second = ends(net, x)
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("name", ["vision", "language"])
def test_the_released_form_changes_the_output_of_a_block_by_the_value_bias_through_w_o(name):
    """The bias that is added twice: V has another b_V, and attention weights sum to 1."""
    net = model("toast", name, released=True, late=1)
    net.steered.P.W[:] = 0
    x, _ = batch(net)
    (block,) = net.steered.blocks
    attention = block.attention
    source = net.backbone.blocks[-1].attention
    trace, plain = net.forward(x), Trace(net.backbone.net, len(x))
    plain.fill(net.backbone.net.as_input(x))
    moved = trace[attention.output].h - plain[source.output].h
    shift = np.broadcast_to(source.value.b @ source.output.W, moved.shape)
    np.testing.assert_allclose(moved, shift, atol=1e-12)


@pytest.mark.parametrize("scale", [0.01, 7.0, 1e6])
def test_the_mask_does_not_depend_on_the_length_of_the_task_and_of_each_token(scale):
    """A task is a direction: if its length counted, decay would change the selection."""
    net = model("toast")
    ready = net.as_input(batch(net)[0])
    selection = net.steered.selection

    def m():
        return selection.mask(Trace(net, len(ready)).fill(ready)[selection])

    first = m()
    assert ((first > 0) & (first < 1)).any() and (first == 0).any()
    assert ((first >= 0) & (first <= 1)).all()
    selection.xi = scale * selection.xi
    np.testing.assert_allclose(m(), first, rtol=1e-12)
    ready[..., D:] *= scale * np.random.default_rng(0).uniform(0.5, 2, (*ready.shape[:2], 1))
    np.testing.assert_allclose(m(), first, rtol=1e-12)


def test_a_mask_is_1_for_a_token_equal_to_the_task_and_0_for_a_zero_vector():
    """cos can exceed 1 by rounding, and 0 / 0 is NaN."""
    net = model("toast")
    selection, ready = net.steered.selection, net.as_input(batch(net)[0])
    ready[0, 0, D:], ready[0, 1, D:] = 3 * selection.xi, 0
    found = selection.mask(Trace(net, len(ready)).fill(ready)[selection])
    assert found[0, 0] == pytest.approx(1) and found[0, 0] <= 1
    assert found[0, 1] == 0


@pytest.mark.parametrize("name", NAMES)
def test_td_is_linear_in_p_in_each_a_and_in_each_c(name):
    """The feedback path has no nonlinearity: twice the matrix gives twice the signal below it."""
    net = model("toast", name)
    x, _ = batch(net)
    first = net.steer(x).td
    it, blocks = net.steered, len(net.steered.blocks)
    for matrix, doubled in [
        (it.P, range(blocks)),
        *((A, range(index + 1)) for index, A in enumerate(it.A)),
        *((C, [index]) for index, C in enumerate(it.C)),
    ]:
        matrix.W *= 2
        factor = np.where(np.isin(np.arange(blocks), list(doubled)), 2.0, 1.0)
        np.testing.assert_allclose(net.steer(x).td, factor.reshape(-1, 1, 1, 1) * first)
        matrix.W /= 2


def test_a_task_that_selects_nothing_gives_a_warning():
    """It has no gradient any more: the run would silently be a linear probe."""
    net = model("toast")
    x, y = batch(net, samples=1)
    silence(net, "a task that no token points to", x)
    rule = make("bp")
    rule.attach(net)
    trace = net.forward(x, train=True).set_target(net.as_target(y, len(x)))
    before = net.steered.selection.xi.copy()
    with pytest.warns(transfer.DeadMaskWarning, match="points away from all 7 tokens of a batch"):
        step(net, rule, SGD(lr=0.1), trace)
    np.testing.assert_array_equal(net.steered.selection.xi, before)


def test_td_follows_its_equation():
    """s_{L+1} = m z P, s_l = s_{l+1} A_lᵀ, td_l = s_l C_lᵀ: A of block l comes before its C."""
    net = model("toast")
    x, _ = batch(net)
    it, found = net.steered, net.steer(x)
    z = net.backbone.send(net.backbone.net.as_input(x), net.backbone.final)
    cos = z @ it.selection.xi / np.linalg.norm(z, axis=2) / np.linalg.norm(it.selection.xi)
    s = np.clip(cos, 0, 1)[:, :, None] * z @ it.P.W
    np.testing.assert_allclose(found.mask, np.clip(cos, 0, 1), atol=1e-14)
    for index in (2, 1, 0):
        s = s @ it.A[index].W
        np.testing.assert_allclose(found.td[index], s @ it.C[index].W)


@pytest.mark.parametrize("name", NAMES)
def test_td_is_added_to_the_values_only(name):
    """The attention of block 1 is as before; that of later blocks changes with their input."""
    net = model("toast", name)
    x, _ = batch(net)
    found = net.steer(x)
    np.testing.assert_array_equal(found.before[0], found.after[0])
    assert np.abs(found.before[1:] - found.after[1:]).max((1, 2, 3)).min() > 1e-4
    trace, (block, *_) = net.forward(x), net.steered.blocks
    attention, td = block.attention, trace[net.steered.td[0]].h
    assert trace[attention.query].h_below is trace[attention.key].h_below
    np.testing.assert_allclose(trace[attention.value].h_below, trace[attention.query].h_below + td)


@pytest.mark.parametrize("strength", [0.0, 0.5, 3.0])
def test_strength_multiplies_td(strength):
    """In a notebook a slider: 0 is the frozen backbone, and the mask is always the same."""
    net = model("toast")
    x, _ = batch(net)
    plain, found = net.steer(x), net.steer(x, strength)
    np.testing.assert_allclose(found.td, strength * plain.td)
    np.testing.assert_array_equal(found.mask, plain.mask)
    np.testing.assert_allclose(net.steer(x).output, net.outputs(x))
    if not strength:
        np.testing.assert_allclose(found.after, found.before)


def test_late_feedback_does_not_change_earlier_blocks():
    """TOAST-Late: blocks without feedback are those of pass 1, and are computed once."""
    net = model("toast", late=1)
    x, _ = batch(net)
    found = net.steer(x)
    np.testing.assert_array_equal(found.before[:2], found.after[:2])
    assert len(found.td) == len(net.steered.A) == 1
    ready = net.as_input(x)
    X = net.backbone.send(net.backbone.net.as_input(x), net.backbone.inputs[2])
    np.testing.assert_array_equal(ready[..., :D], X)
    with pytest.raises(ValueError, match="late is 4, but the backbone has only 3 blocks"):
        model("toast", late=4)


def of_parts(parts):
    """Return copies of all parameters of the blocks of a backbone, or of their copies."""
    layers = [
        layer
        for block in parts.blocks
        for layer in (*vars(block.attention).values(), *block.dense, *block.norms)
        if isinstance(layer, Layer)
    ]
    return [array.copy() for layer in layers for array in layer.parameters().values()]


def of_blocks(net):
    """Return the same for the steered copies of a method, if there are any."""
    return of_parts(net.layers[0].copies) if hasattr(net.layers[0], "copies") else []


@pytest.mark.parametrize("stage", ["transfer", "pretune"])
@pytest.mark.parametrize("method", list(transfer.METHODS))
def test_the_backbone_does_not_change_in_any_bit(method, stage):
    """Several tasks use it; not even decay, momentum or rules that change W may reach it."""
    original = backbone()
    options = {"stage": stage} if method == "toast" else {}
    net = transfer.make(method, original, 3, **options)
    before, copy = weights(original), weights(net.backbone.net)
    frozen = of_blocks(net)
    x, y = batch(net)
    for name in ("bp", "kp"):
        rule = make(name)
        rule.attach(net)
        optimizer = SGD(lr=0.1, decay=0.01, momentum=0.9)
        for _ in range(3):
            trace = net.forward(x, train=True).set_target(net.as_target(y, len(x)))
            step(net, rule, optimizer, trace)
    if frozen:  # the steered copies share the backbone's arrays
        for old, new in zip(of_parts(net.backbone), frozen, strict=True):
            np.testing.assert_array_equal(old, new)
    then = weights(original) + weights(net.backbone.net) + of_blocks(net)
    for old, new in zip(before + copy + frozen, then, strict=True):
        np.testing.assert_array_equal(old, new)
