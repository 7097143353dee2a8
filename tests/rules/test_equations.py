"""Every rule follows the equations of its paper; an update is a mean with the right shape."""

import numpy as np
import oracles
import pytest
from oracles import attached, batch, conv_net, dense_net
from rules.families import DIRECT, LEARNED, RULES, but

from nofb import activations, losses, rules

TOLERANCES = {np.float64: (1e-9, 1e-12), np.float32: (1e-3, 1e-5)}  # relative, absolute


# -- every rule follows its paper's equations -----------------------------------------------------


@pytest.mark.parametrize("samples", [1, 7])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("activation", activations.ACTIVATIONS)
@pytest.mark.parametrize("name", RULES)
def test_a_rules_updates_are_those_of_its_equations(name, activation, dtype, bias, samples):
    """The equations are written again from the papers, with samples as columns."""
    net = dense_net((5, 4, 6, 7, 3), activation, bias=bias, dtype=dtype)
    x, y = batch(net, samples)
    rule = attached(name, net)
    updates = rule.updates(net, x, y)
    assert {array.dtype for array in oracles.parts(updates)} == {np.dtype(dtype)}
    expected = oracles.columns_updates(name, net, x, net.as_target(y, samples))
    rtol, atol = TOLERANCES[dtype]
    if name in oracles.DENSE_ONLY and dtype is np.float32:  # rounding is divided by η̂
        atol = 10 * rtol * max(np.abs(array).max() for array in oracles.parts(expected))
    oracles.assert_close(updates, expected, rtol, atol)


@pytest.mark.parametrize("loss", losses.LOSSES)
@pytest.mark.parametrize("name", RULES)
def test_a_rule_uses_only_the_error_of_the_loss(name, loss):
    """Each loss is combined with the output unit for which its gradient is ŷ - y."""
    net = dense_net(loss=loss)
    x, y = batch(net)
    rule = attached(name, net)
    expected = oracles.columns_updates(name, net, x, net.as_target(y, len(x)))
    oracles.assert_close(rule.updates(net, x, y), expected)


@pytest.mark.parametrize("name", ["bp", "fa", *DIRECT, "ifa", "usf", "kp", "shallow"])
def test_a_rule_gives_the_same_updates_for_maps_in_single_precision(name):
    """The tests check float64, and users train in float32."""
    single, double = (conv_net(dtype=dtype) for dtype in (np.float32, np.float64))
    taught = [attached(name, net).updates(net, *batch(net)) for net in (single, double)]
    oracles.assert_close(*taught, *TOLERANCES[np.float32])


# -- what an update is ----------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "net_name"), oracles.RULES_AND_NETS)
def test_computing_updates_changes_nothing(name, net_name):
    """So a rule can be compared, checked and explained without training."""
    net = oracles.NETS[net_name]()
    rule = attached(name, net)
    x, y = batch(net)
    kept, given = oracles.arrays_of(net), (x.copy(), y.copy())
    updates = rule.updates(net, x, y)
    first = [array.copy() for array in oracles.parts(updates)]
    rule.updates(net, *batch(net, seed=1))
    again = oracles.parts(rule.updates(net, x, y))
    for one, other, unchanged in zip(first, again, oracles.parts(updates), strict=True):
        np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(one, unchanged)
    for key, array in oracles.arrays_of(net).items():
        np.testing.assert_array_equal(array, kept[key], err_msg=key)
    for array, copy in zip((x, y), given, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize(("name", "net_name"), but("ff"))  # which draws a wrong label for each
def test_an_update_is_the_mean_over_the_batch(name, net_name):
    """For weights and biases; otherwise the learning rate would depend on the batch size."""
    net = oracles.NETS[net_name]()
    rule = attached(name, net)
    x, y = batch(net)
    whole = rule.updates(net, x, y)
    singles = [list(oracles.parts(rule.updates(net, x[[i]], y[[i]]))) for i in range(len(x))]
    for mean, *parts in zip(oracles.parts(whole), *singles, strict=True):
        np.testing.assert_allclose(mean, sum(parts) / len(x), rtol=1e-9, atol=1e-13)
    oracles.assert_close(rule.updates(net, np.concatenate([x, x]), np.tile(y, 2)), whole)


@pytest.mark.parametrize("name", RULES)
def test_updates_have_the_shapes_of_what_they_update(name):
    """From the first layer up, one for each layer with weights, and no db without a bias."""
    for bias in (True, False):
        net = dense_net(bias=bias)
        updates = attached(name, net).updates(net, *batch(net))
        assert [update.dW.shape for update in updates] == [layer.W.shape for layer in net.weighted]
        shapes = [update.db if update.db is None else update.db.shape for update in updates]
        assert shapes == ([(4,), (6,), (3,)] if bias else [None] * 3)


@pytest.mark.parametrize(("name", "net_name"), oracles.RULES_AND_NETS)
def test_one_hot_rows_give_the_same_updates_as_labels(name, net_name):
    """Both are accepted, so both must mean the same."""
    net = oracles.NETS[net_name]()
    rule = attached(name, net)
    x, y = batch(net)
    oracles.assert_same(rule.updates(net, x, y), rule.updates(net, x, np.eye(3)[y]))


@pytest.mark.parametrize("name", ["bp", "fa", "dfa", "usf", *LEARNED, *rules.TARGETS])
def test_a_permutation_of_hidden_units_permutes_the_updates(name):
    """Units that are exchanged, with their weights and feedback, get the same updates."""
    order = np.random.default_rng(0).permutation(6)
    net, twin = dense_net((5, 4, 6, 3)), dense_net((5, 4, 6, 3))
    rule, other = attached(name, net), attached(name, twin)
    _, middle, top = twin.weighted
    middle.W[:], middle.b[:], top.W[:] = middle.W[:, order], middle.b[order], top.W[order]
    for matrix in (middle.D, top.B):
        if matrix is not None:
            matrix[:] = matrix[:, order]
    if middle.B is not None:
        middle.B[:] = middle.B[order]
    x, y = batch(net)
    expected = rule.updates(net, x, y)
    expected[1].dW, expected[1].db = expected[1].dW[:, order], expected[1].db[order]
    expected[2].dW = expected[2].dW[order]
    oracles.assert_close(other.updates(twin, x, y), expected)


@pytest.mark.parametrize("name", RULES)
def test_every_layer_learns_except_with_the_control(name):
    """The control trains only the last layer; any other rule that does this is broken."""
    net = dense_net()
    rule = attached(name, net)
    moves = [bool(update.dW.any()) for update in rule.updates(net, *batch(net))]
    assert moves == ([False, False, True] if name == "shallow" else [True] * 3)
    assert [rule.learns(net, layer) for layer in net.weighted] == moves
