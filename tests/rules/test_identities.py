"""What every learning rule must satisfy, whatever the data: identities, invariants, closed forms.

Equation and section numbers refer to the papers' own statements; an identity that holds exactly is
tested to the last bit, one that holds up to rounding with a tolerance.
"""

from inspect import signature

import numpy as np
import oracles
import pytest
from oracles import angle, attached, batch, conv_net, dense_net, taught_trace

from nofb import Conv2D, Dense, MaxPool2D, Network, activations, initialisers, losses, rules
from nofb.rules import RandomRelay

RULES = list(rules.RULES)
SIGN_SYMMETRY = [name for name, rule in rules.RULES.items() if rule.family == "signs"]
FIXED = [name for name, rule in rules.RULES.items() if rule.family == "random"]
AS_ASKED = [name for name in FIXED if "feedback_init" in signature(rules.RULES[name]).parameters]
DIRECT = [name for name in FIXED if issubclass(rules.RULES[name], rules.DirectFeedbackAlignment)]
LEARNED = [name for name, rule in rules.RULES.items() if rule.family == "learned"]
INVERTING = [name for name in oracles.DENSE_ONLY if name != "fwdtp"]  # rules that learn inverses
TEACHING = [  # rules with signals for hidden layers, whatever stands between those
    name for name in RULES if name not in ("shallow", *oracles.DENSE_ONLY)
]
FORWARD = [name for name, rule in rules.RULES.items() if rule.family == "forward"]
NETS = list(oracles.NETS)


def but(*names: str) -> list[tuple[str, str]]:
    """Return all rules on all networks, but for some rules."""
    return [(name, net_name) for name, net_name in oracles.RULES_AND_NETS if name not in names]


ONE_HIDDEN = {"dense": lambda: dense_net((5, 4, 3)), "conv": oracles.shallow_conv_net}
TOLERANCES = {np.float64: (1e-9, 1e-12), np.float32: (1e-3, 1e-5)}  # relative, absolute


def linear_net(sizes=(5, 7, 6, 3), seed: int = 1) -> Network:
    return dense_net(sizes, "identity", loss="squared_error", bias=False, seed=seed)


def silent_net(activation: str = "tanh", bias: bool = False) -> Network:
    """Return a net of four layers whose weights and biases are all zero."""
    net = dense_net((5, 4, 6, 5, 3), activation, init="zeros", bias=bias)
    for layer in net.weighted:
        if bias:
            layer.b[:] = 0
    return net


def project_on_rows(D):
    """Return the projector on the space that the rows of D span."""
    return np.linalg.pinv(D) @ D


# -- every rule is its paper's equations ---------------------------------------------------------


@pytest.mark.parametrize("samples", [1, 7])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("activation", activations.ACTIVATIONS)
@pytest.mark.parametrize("name", RULES)
def test_a_rules_updates_are_those_of_its_equations(name, activation, dtype, bias, samples):
    """Written once more from the papers, with samples as columns, the rule must be the same."""
    net = dense_net((5, 4, 6, 7, 3), activation, bias=bias, dtype=dtype)
    x, y = batch(net, samples)
    rule = attached(name, net)
    updates = rule.updates(net, x, y)
    assert {array.dtype for array in oracles.parts(updates)} == {np.dtype(dtype)}
    expected = oracles.columns_updates(name, net, x, net.as_target(y, samples))
    rtol, atol = TOLERANCES[dtype]
    if name in oracles.DENSE_ONLY and dtype is np.float32:  # h - t over a small η̂: so is rounding
        atol = 10 * rtol * max(np.abs(array).max() for array in oracles.parts(expected))
    oracles.assert_close(updates, expected, rtol, atol)


@pytest.mark.parametrize("loss", losses.LOSSES)
@pytest.mark.parametrize("name", RULES)
def test_a_rule_reads_nothing_of_the_loss_but_its_error(name, loss):
    """All losses are paired with the output unit that makes their gradient ŷ - y."""
    net = dense_net(loss=loss)
    x, y = batch(net)
    rule = attached(name, net)
    expected = oracles.columns_updates(name, net, x, net.as_target(y, len(x)))
    oracles.assert_close(rule.updates(net, x, y), expected)


@pytest.mark.parametrize("name", ["bp", "fa", *DIRECT, "ifa", "usf", "kp", "shallow"])
def test_a_rule_teaches_maps_alike_in_single_precision(name):
    """What is tested in float64 must be what trains in float32."""
    single, double = (conv_net(dtype=dtype) for dtype in (np.float32, np.float64))
    taught = [attached(name, net).updates(net, *batch(net)) for net in (single, double)]
    oracles.assert_close(*taught, *TOLERANCES[np.float32])


# -- when feedback alignment is backprop ---------------------------------------------------------


def give_transposes(net: Network) -> None:
    for layer in net.weighted[1:]:
        # The view itself, as backprop sends it: a copy lies otherwise in memory, and BLAS would sum
        # in another order.
        vars(layer)["B"] = layer.W.T


@pytest.mark.parametrize("samples", [1, 7])
@pytest.mark.parametrize("net_name", NETS)
@pytest.mark.parametrize("activation", activations.ACTIVATIONS)
def test_feedback_alignment_with_transposed_weights_is_backprop(activation, net_name, samples):
    """The two differ in the matrix on the way back and in nothing else, to the last bit."""
    net = oracles.NETS[net_name](activation=activation)
    x, y = batch(net, samples)
    backprop = attached("bp", net).updates(net, x, y)
    rule = attached("fa", net)
    assert oracles.unlike(rule.updates(net, x, y)[0].dW, backprop[0].dW)
    give_transposes(net)
    oracles.assert_same(rule.updates(net, x, y), backprop)


@pytest.mark.parametrize("net_name", ONE_HIDDEN)
@pytest.mark.parametrize("samples", [1, 7])
def test_with_one_hidden_layer_all_error_feedback_is_the_same(net_name, samples):
    """Direct, indirect and sequential feedback differ only in how deeper layers are reached."""
    net = ONE_HIDDEN[net_name]()
    x, y = batch(net, samples)
    rule = attached("fa", net)
    B, expected = net.weighted[1].B, rule.updates(net, x, y)
    for name in ("dfa", "ifa"):
        rule = attached(name, net)
        assert net.weighted[0].D.shape == B.shape
        net.weighted[0].D = B
        oracles.assert_same(rule.updates(net, x, y), expected)


def test_deep_linear_direct_feedback_through_the_product_of_weights_is_backprop():
    """Without slopes in between, the way back is one matrix product that D can hold."""
    net = linear_net((5, 7, 6, 4, 3))
    x, y = batch(net)
    backprop = attached("bp", net).updates(net, x, y)
    rule = attached("dfa", net)
    product = np.eye(3)
    for layer in reversed(net.weighted[1:]):
        product = layer.W @ product
        net.below(layer).D = product.T.copy()
    oracles.assert_close(rule.updates(net, x, y), backprop)


def test_deep_nonlinear_direct_feedback_through_the_product_of_weights_is_not_backprop():
    """It skips the slopes of the layers above; if it did not, it would not be direct."""
    net = dense_net((5, 4, 6, 3))
    x, y = batch(net)
    backprop = attached("bp", net).updates(net, x, y)
    rule = attached("dfa", net)
    lower, upper, top = net.weighted
    lower.D, upper.D = (upper.W @ top.W).T.copy(), top.W.T.copy()
    direct = rule.updates(net, x, y)
    np.testing.assert_allclose(direct[1].dW, backprop[1].dW, rtol=1e-9)
    assert oracles.unlike(direct[0].dW, backprop[0].dW)


@pytest.mark.parametrize(("name", "net_name"), but("pepita"))  # with what the second pass brought
def test_the_output_layer_learns_as_in_backprop(name, net_name):
    """No feedback path reaches the top: what differs between rules is how layers below learn."""
    net = oracles.NETS[net_name]()
    x, y = batch(net)
    backprop = attached("bp", net).updates(net, x, y)
    oracles.assert_same(attached(name, net).updates(net, x, y)[-1:], backprop[-1:])


@pytest.mark.parametrize("name", [name for name in RULES if name != "pepita"])
def test_one_layer_alone_learns_by_the_delta_rule_under_every_rule(name):
    """Without hidden layers there is nothing to send back."""
    net = dense_net((5, 3))
    x, y = batch(net)
    error = net.forward(x).output - net.as_target(y, len(x))
    (update,) = attached(name, net).updates(net, x, y)
    np.testing.assert_allclose(update.dW, x.T @ error / len(x), rtol=1e-12)
    np.testing.assert_allclose(update.db, error.mean(axis=0), rtol=1e-12)


# -- silence and waking up -----------------------------------------------------------------------


def wake_up_steps(rule: rules.Rule, net: Network, steps: int = 8) -> list[int | None]:
    """Return, for each layer, the step at which its weights first move."""
    x, y = batch(net)
    first: list[int | None] = [None] * len(net.weighted)
    for step in range(1, steps + 1):
        oracles.learn(rule, net, x, y, steps=1)
        for i, layer in enumerate(net.weighted):
            if first[i] is None and layer.W.any():
                first[i] = step
    return first


def test_zero_tanh_layers_wake_one_a_step_under_direct_feedback():
    """A layer can only learn once the one below it has something to say."""
    net = silent_net()
    assert wake_up_steps(attached("dfa", net), net) == [1, 2, 3, 4]


def test_biases_wake_all_zero_layers_at_the_second_step():
    """Direct feedback moves every bias at once, so every layer speaks from then on."""
    net = silent_net(bias=True)
    assert wake_up_steps(attached("dfa", net), net) == [1, 2, 2, 2]


@pytest.mark.parametrize("name", ["bp", "fa"])
@pytest.mark.parametrize("bias", [True, False])
def test_what_zero_weights_do_to_sequential_feedback(name, bias):
    """Backprop's way back is zero for ever; feedback alignment's is not."""
    net = silent_net(bias=bias)
    woken = wake_up_steps(attached(name, net), net)
    assert woken == ([None] * 4 if name == "bp" else [1, 2, 2, 2] if bias else [1, 2, 3, 4])


def test_under_backprop_only_the_last_bias_of_a_zero_network_ever_moves():
    """That is why zero weights, harmless to direct feedback, are forbidden to backprop."""
    net = silent_net(bias=True)
    oracles.learn(attached("bp", net), net, *batch(net), steps=5)
    assert not any(layer.W.any() for layer in net.weighted)
    assert [bool(layer.b.any()) for layer in net.weighted] == [False, False, False, True]


@pytest.mark.parametrize("bias", [True, False])
def test_a_forward_relay_through_zero_weights_never_wakes_the_second_layer(bias):
    """Indirect feedback climbs along W_2, which waits for a signal that only W_2 could bring."""
    net = silent_net(bias=bias)
    woken = wake_up_steps(attached("ifa", net), net)
    assert woken[:3] == [1, None, None]


def test_a_random_relay_wakes_the_second_layer():
    """With matrices of its own the climb does not depend on the weights."""
    net = silent_net()
    assert wake_up_steps(attached(RandomRelay(), net), net) == [1, 2, 3, 4]


def test_attaching_with_zero_weights_silences_the_network():
    """Nøkland's start: all forward weights and biases zero, the feedback not."""
    net = dense_net()
    attached("dfa", net, zero_weights=True)
    assert not any(layer.W.any() or layer.b.any() for layer in net.weighted)
    assert all(layer.D.any() for layer in net.weighted[:-1])


def test_zero_weights_are_refused_where_they_would_never_move():
    """A ReLU has slope 0 at 0, so that network would sit still without a word."""
    with pytest.raises(ValueError, match=r"zero_weights.*relu.*slope at 0 is 0"):
        attached("dfa", dense_net(activation="relu"), zero_weights=True)


# -- linear networks: what learning conserves ----------------------------------------------------


def conserved(net: Network):
    """Return W_1ᵀ W_1 - (W_2 B + Bᵀ W_2ᵀ), constant under the gradient flow of FA."""
    first, second = net.weighted
    relayed = second.W @ second.B
    return first.W.T @ first.W - relayed - relayed.T


def drift(lr: float, time: float = 3.0) -> float:
    """Return how far the conserved quantity has moved after `time`, in steps of `lr`."""
    net = linear_net((5, 6, 3))
    rule = attached("fa", net)
    start = conserved(net)
    oracles.learn(rule, net, *batch(net, 40), steps=round(time / lr), lr=lr)
    return float(np.linalg.norm(conserved(net) - start))


def test_feedback_alignment_conserves_what_its_gradient_flow_conserves():
    """The law explains why W_2 comes to agree with Bᵀ; its drift is due to finite steps only."""
    coarse, fine = drift(1e-2), drift(1e-3)
    assert coarse / fine == pytest.approx(10, rel=0.1)


def test_one_step_moves_the_conserved_quantity_by_its_second_order_term():
    """W_1ᵀW_1 - (W_2B + BᵀW_2ᵀ) moves by exactly η² dW_1ᵀdW_1, so to first order by nothing."""
    net = linear_net((5, 6, 3))
    rule = attached("fa", net)
    start, updates = conserved(net), rule.updates(net, *batch(net))
    oracles.descend(net, updates, lr=0.1)
    expected = 0.01 * updates[0].dW.T @ updates[0].dW
    np.testing.assert_allclose(conserved(net) - start, expected, atol=1e-13)
    assert np.abs(expected).max() > 1e-6


def test_deep_linear_direct_feedback_stays_in_the_subspaces_of_its_matrices():
    """Weight alignment: from zero, W_l learns only what D_{l-1} and D_l can express."""
    net = linear_net((5, 7, 6, 3))
    rule = attached("dfa", net, zero_weights=True)
    oracles.learn(rule, net, *batch(net, 40), steps=60)
    first, second, third = (layer.W for layer in net.weighted)
    lower, upper = (project_on_rows(layer.D) for layer in net.weighted[:-1])
    for W, aligned in ((first, first @ lower), (second, lower @ second @ upper)):
        np.testing.assert_allclose(W, aligned, atol=1e-12)
    np.testing.assert_allclose(third, upper @ third, atol=1e-12)
    assert all(np.linalg.norm(W) > 1e-3 for W in (first, second, third))


# -- first order: does a step help? --------------------------------------------------------------


@pytest.mark.parametrize(("name", "net_name"), oracles.RULES_AND_NETS)
def test_a_small_step_changes_the_loss_by_its_overlap_with_the_gradient(name, net_name):
    """Δloss = -η ⟨update, gradient⟩: the angle to backprop is what decides whether a rule helps."""
    net = oracles.NETS[net_name]()
    x, y = batch(net)
    gradient = attached("bp", net).updates(net, x, y)
    updates = attached(name, net).updates(net, x, y)
    overlap = sum(
        (one * other).sum()
        for one, other in zip(oracles.parts(updates), oracles.parts(gradient), strict=True)
    )
    before = oracles.mean_loss(net, x, y)
    oracles.descend(net, updates, lr=1e-6)
    change = oracles.mean_loss(net, x, y) - before
    assert change == pytest.approx(-1e-6 * overlap, rel=1e-3)


def test_a_hidden_step_of_feedback_alignment_helps_exactly_when_its_signal_agrees():
    """The descent condition e B W_2 eᵀ > 0 of Lillicrap: within 90°, a small step is downhill."""
    agreed = []
    for seed in range(12):
        net = linear_net((5, 6, 3), seed=seed)
        x, y = batch(net, 1, seed)
        rule = attached("fa", net, seed=seed)
        e = taught_trace(net, x, y).error[0]
        agreed.append(bool(e @ net.weighted[1].B @ net.weighted[1].W @ e > 0))
        before = oracles.mean_loss(net, x, y)
        net.weighted[0].W -= 1e-5 * rule.updates(net, x, y)[0].dW
        assert (oracles.mean_loss(net, x, y) < before) == agreed[-1]
    assert len(set(agreed)) == 2  # both cases came up


# -- what a signal depends on --------------------------------------------------------------------


@pytest.mark.parametrize("net_name", NETS)
@pytest.mark.parametrize("name", ["bp", "fa", "dfa", "ifa", *SIGN_SYMMETRY, *LEARNED])
def test_a_teaching_signal_is_linear_in_the_error(name, net_name):
    """Twice the error, twice the signal: no rule of these may squash or clip on the way."""
    net = oracles.NETS[net_name]()
    rule = attached(name, net)
    trace = taught_trace(net, *batch(net))
    once = oracles.hidden_signals(rule, net, trace)
    trace.error *= 2
    for delta, twice in zip(once, oracles.hidden_signals(rule, net, trace), strict=True):
        np.testing.assert_allclose(twice, 2 * delta, rtol=1e-12)
        assert delta.any()


@pytest.mark.parametrize(("name", "degree"), [("dfa", 1), ("sdfa", 0), ("drtp", 0)])
def test_the_size_of_the_error_matters_to_direct_feedback_alone(name, degree):
    """Error signs and targets do not fade as the network learns; errors do."""
    net = dense_net()
    rule = attached(name, net)
    trace = taught_trace(net, *batch(net))
    before = oracles.hidden_signals(rule, net, trace)
    trace.error *= 1e-9
    for delta, after in zip(before, oracles.hidden_signals(rule, net, trace), strict=True):
        np.testing.assert_allclose(after, 1e-9**degree * delta, rtol=1e-12)


@pytest.mark.parametrize("name", FIXED)
def test_turning_the_feedback_round_turns_the_signal_round(name):
    """A signal is linear in the matrix that brings it; no sign of D or B is preferred."""
    net = dense_net((5, 4, 3))
    rule = attached(name, net)
    trace = taught_trace(net, *batch(net))
    (before,) = oracles.hidden_signals(rule, net, trace)
    for layer in net.weighted:
        for matrix in (layer.B, layer.D):
            if matrix is not None:
                matrix *= -2
    (after,) = oracles.hidden_signals(rule, net, trace)
    np.testing.assert_allclose(after, -2 * before, rtol=1e-12)


@pytest.mark.parametrize(("loss", "rank"), [("squared_error", 3), ("cross_entropy", 2)])
def test_direct_feedback_says_no_more_than_the_outputs_do(loss, rank):
    """e D has rank at most n_outputs, and one less where the errors of a sample sum to zero."""
    net = dense_net((5, 10, 12, 3), "identity", loss=loss)
    rule = attached("dfa", net)
    trace = taught_trace(net, *batch(net, 20))
    for delta in oracles.hidden_signals(rule, net, trace):
        assert np.linalg.matrix_rank(delta, tol=1e-9) == rank


@pytest.mark.parametrize("silencer", ["dropout", "pooling"])
@pytest.mark.parametrize("name", TEACHING)
def test_a_silenced_unit_is_not_taught(name, silencer):
    """Wherever a signal comes from, it meets the masks and the winners of the forward pass."""
    if silencer == "pooling" and name in FORWARD:
        pytest.skip("other units win in its further passes")
    net = dense_net(dropout=0.5) if silencer == "dropout" else oracles.shallow_conv_net()
    rule = attached(name, net)
    trace = taught_trace(net, *batch(net))
    found = oracles.signals(rule, net, trace)
    for above in net.weighted[1:]:
        silent = trace.below(above, np.ones_like(trace.h_below(above))) == 0
        assert silent.any()
        assert not found[net.below(above)][silent].any()


# -- who may know what ---------------------------------------------------------------------------


def reaction(rule: rules.Rule, net: Network, spoil) -> bool:
    """Say whether the hidden updates change when `spoil(trace)` follows the forward pass."""
    x, y = batch(net)
    before = oracles.teach(rule, net, taught_trace(net, x, y))
    trace = taught_trace(net, x, y)
    spoil(trace)
    after = oracles.teach(rule, net, trace)
    pairs = zip(oracles.parts(before[:-1]), oracles.parts(after[:-1]), strict=True)
    return any(oracles.unlike(one, other) for one, other in pairs)


def poison(*arrays) -> None:
    for array in arrays:
        array[:] = np.nan


@pytest.mark.parametrize(("name", "net_name"), but(*FORWARD))  # which go forward through W again
def test_a_rule_reads_the_weights_on_its_way_back_only_if_it_says_so(name, net_name):
    """The weight transport problem itself: a rule without transport must not see W again."""
    net = oracles.NETS[net_name]()
    rule = attached(name, net)
    reads = reaction(rule, net, lambda trace: poison(*(layer.W for layer in net.weighted)))
    if name not in ("sa", *INVERTING):  # which read W as well, but to change B
        assert reads == (rule.uses.transport or rule.uses.signs or rule.uses.forward_weights)
    uses = rules.RULES[name].uses
    iterates = name in ("itp", "itp_drl")  # through f, which is forward, to see what is missed
    assert reads == (uses.transport or uses.signs or uses.forward_weights or iterates)


@pytest.mark.parametrize("net_name", NETS)
def test_the_forward_relay_reads_the_weights_of_the_layers_it_climbs_and_no_others(net_name):
    """Indirect feedback needs W_2 ... W_{L-1}; W_1 and W_L would be transport of another kind."""
    net = oracles.NETS[net_name]()
    rule = attached("ifa", net)
    ends = [net.weighted[0].W, net.weighted[-1].W]
    assert not reaction(rule, net, lambda trace: poison(*ends))
    net = oracles.NETS[net_name]()
    rule.attach(net)
    assert reaction(rule, net, lambda trace: poison(net.weighted[1].W))


@pytest.mark.parametrize("net_name", NETS)
def test_the_random_relay_reads_no_weights(net_name):
    """Then indirect feedback is free of forward weights altogether, and says so."""
    net = oracles.NETS[net_name]()
    rule = attached(RandomRelay(), net)
    assert not rule.uses.forward_weights
    assert not reaction(rule, net, lambda trace: poison(*(layer.W for layer in net.weighted)))


@pytest.mark.parametrize("name", RULES)
def test_a_rule_reads_the_error_and_the_labels_only_if_it_says_so(name):
    """Target projection teaches before the output is known; nothing else can claim that."""
    rule = attached(name, net := dense_net())
    hears_error = reaction(rule, net, lambda trace: poison(trace.error))
    assert hears_error == rule.uses.error
    assert reaction(rule, net, lambda trace: poison(trace.target)) == rule.uses.labels


@pytest.mark.parametrize("name", RULES)
def test_a_rule_has_feedback_matrices_only_if_it_says_so_and_says_whether_they_learn(name):
    """The header's information row is what the checker and the docs go by."""
    rule = attached(name, net := dense_net())
    matrices = [m for layer in net.weighted for m in (layer.B, layer.D) if m is not None]
    hears = reaction(rule, net, lambda trace: poison(*matrices))
    matrices_drawn = [*FIXED, "fwdtp"]
    assert hears == (name in matrices_drawn or rule.uses.learned_feedback)
    elsewhere = ["brsf", "frsf", "pepita"]  # magnitudes, and what brings the error to the input
    assert rule.uses.feedback == (name in [*matrices_drawn, *elsewhere])
    assert rule.uses.learned_feedback == (name in [*LEARNED, *INVERTING])


@pytest.mark.parametrize("name", DIRECT)
def test_a_direct_signal_needs_nothing_of_the_other_layers(name):
    """Then all layers may learn at once: only e or y, D_l and the layer's own activation matter."""
    net = dense_net((5, 4, 6, 7, 3))
    rule = attached(name, net)
    middle = net.weighted[1]
    trace = taught_trace(net, *batch(net))
    expected = oracles.signals(rule, net, trace)[middle]
    for layer in (net.weighted[0], *net.weighted[2:]):
        poison(trace[layer].a, trace[layer].h, *(m for m in (layer.W, layer.D) if m is not None))
    np.testing.assert_array_equal(oracles.signals(rule, net, trace)[middle], expected)


# -- sign-symmetry -------------------------------------------------------------------------------


def with_dead_weights(net: Network) -> Network:
    """Set some weights of every layer to zero, where a sign is zero too."""
    for layer in net.weighted:
        layer.W[::2, ::2] = 0
    return net


@pytest.mark.parametrize("net_name", NETS)
@pytest.mark.parametrize("name", SIGN_SYMMETRY)
def test_the_signs_of_the_feedback_follow_those_of_the_weights(name, net_name):
    """Sign-symmetry transports one bit a weight, at every step; a stale bit is another rule."""
    net = with_dead_weights(oracles.NETS[net_name]())
    rule = attached(name, net)
    x, y = batch(net)
    signs = [np.sign(layer.W) for layer in net.weighted]
    for _ in range(5):
        for layer in net.weighted[1:]:
            np.testing.assert_array_equal(np.sign(layer.B), np.sign(layer.W.T))
        oracles.learn(rule, net, x, y, steps=1, lr=1.0)
        for layer in net.weighted:
            layer.W[1::2, 1::2] *= -1
            layer.W[0, 0] = 0
        rule.after_step(net)
    assert any((np.sign(layer.W) != s).any() for layer, s in zip(net.weighted, signs, strict=True))


@pytest.mark.parametrize("name", SIGN_SYMMETRY)
def test_updates_see_the_signs_that_the_weights_have_now(name):
    """Weights that a student has changed by hand must not be taught with their old signs."""
    net = dense_net((5, 4, 3))
    rule = attached(name, net)
    x, y = batch(net)
    trace = taught_trace(net, x, y)
    before = oracles.hidden_signals(rule, net, trace)
    net.weighted[1].W *= -1
    after = oracles.hidden_signals(rule, net, trace)
    np.testing.assert_array_equal(after[0], -before[0])


@pytest.mark.parametrize(("name", "changes"), [("usf", False), ("frsf", False), ("brsf", True)])
def test_only_batchwise_magnitudes_change_from_step_to_step(name, changes):
    """This is all that the three forms differ in, and it must not leak between them."""
    net = dense_net()
    rule = attached(name, net)
    x, y = batch(net)
    for _ in range(3):
        before = [np.abs(layer.B) for layer in net.weighted[1:]]
        oracles.learn(rule, net, x, y, steps=1)
        for layer, magnitudes in zip(net.weighted[1:], before, strict=True):
            assert (np.abs(layer.B) != magnitudes).all() == changes
            assert (np.abs(layer.B) != magnitudes).any() == changes


@pytest.mark.parametrize("scale", [1.0, 2.5])
def test_uniform_sign_symmetry_has_one_magnitude(scale):
    """It is Xavier's standard deviation, √(2 / (n_in + n_out)), times the scale."""
    net = dense_net()
    attached("usf", net, scale=scale)
    for layer in net.weighted[1:]:
        s = scale * np.sqrt(2 / (layer.n_in + layer.n_out))
        np.testing.assert_allclose(np.abs(layer.B), s, rtol=1e-12)


def wide_net() -> Network:
    return dense_net((2, 500, 400), "tanh")


@pytest.mark.parametrize("name", ["brsf", "frsf"])
def test_random_magnitudes_are_half_normal(name):
    """|s ξ| with ξ ~ N(0, 1): mean s √(2/π), mean square s²."""
    net = wide_net()
    attached(name, net, scale=3.0)
    magnitudes, s = np.abs(net.weighted[1].B), 3 * np.sqrt(2 / 900)
    assert magnitudes.mean() == pytest.approx(s * np.sqrt(2 / np.pi), rel=0.01)
    assert (magnitudes**2).mean() == pytest.approx(s**2, rel=0.02)


@pytest.mark.parametrize(
    ("name", "cosine"), [("usf", np.sqrt(2 / np.pi)), ("brsf", 2 / np.pi), ("frsf", 2 / np.pi)]
)
def test_signs_alone_bring_the_feedback_close_to_gaussian_weights(name, cosine):
    """37.07° for one magnitude, 50.46° for random ones: the closed forms for Gaussian weights."""
    net = wide_net()
    attached(name, net)
    layer = net.weighted[1]
    assert angle(layer.W.T, layer.B) == pytest.approx(np.degrees(np.arccos(cosine)), abs=0.5)


@pytest.mark.parametrize("name", SIGN_SYMMETRY)
def test_sign_symmetry_does_not_see_how_large_a_weight_is(name):
    """Only signs may come back: weights made 1 to 4 times as large leave every signal alone."""
    net = dense_net()
    rule = attached(name, net)
    trace = taught_trace(net, *batch(net))
    before = oracles.hidden_signals(rule, net, trace)
    for layer in net.weighted:
        layer.W *= np.random.default_rng(2).uniform(1, 4, layer.W.shape)
    for one, other in zip(before, oracles.hidden_signals(rule, net, trace), strict=True):
        np.testing.assert_array_equal(one, other)


def test_fixed_random_sign_symmetry_is_feedback_alignment_while_no_sign_changes():
    """Its matrices are then as fixed as those of feedback alignment."""
    x, y = batch(dense_net())
    net, twin = dense_net(), dense_net()
    rule, fixed = attached("frsf", net), attached("fa", twin)
    for layer, other in zip(net.weighted[1:], twin.weighted[1:], strict=True):
        other.B = layer.B.copy()
    signs = [np.sign(layer.W) for layer in net.weighted]
    for each, stack in ((rule, net), (fixed, twin)):
        oracles.learn(each, stack, x, y, steps=5, lr=1e-3)
    for layer, other, sign in zip(net.weighted, twin.weighted, signs, strict=True):
        np.testing.assert_array_equal(np.sign(layer.W), sign)
        np.testing.assert_array_equal(layer.W, other.W)


# -- direct random target projection, and error signs --------------------------------------------


@pytest.mark.parametrize("net_name", NETS)
def test_target_projection_is_half_the_negated_error_signs_plus_a_constant(net_name):
    """With outputs in (0, 1), y = ½ (1 - sign(ŷ - y)): the label alone tells the error's sign."""
    net = oracles.NETS[net_name](loss="binary_cross_entropy")
    trace = taught_trace(net, *batch(net))
    by_target = oracles.hidden_signals(attached("drtp", net), net, trace)
    by_sign = oracles.hidden_signals(attached("sdfa", net), net, trace)
    ones = np.ones_like(trace.error)
    for layer, target, sign in zip(net.weighted[:-1], by_target, by_sign, strict=True):
        constant = trace.delta(layer, ones @ layer.D).reshape(sign.shape)
        np.testing.assert_allclose(target, 0.5 * (constant - sign), rtol=1e-10, atol=1e-14)


def test_target_projection_teaches_samples_of_one_class_alike():
    """Up to the slope, the signal is a row of D: the one of the label."""
    net = dense_net(activation="identity")
    x, y = batch(net)
    trace = taught_trace(net, x, y)
    deltas = oracles.hidden_signals(attached("drtp", net), net, trace)
    for layer, delta in zip(net.weighted, deltas, strict=False):
        np.testing.assert_allclose(delta, layer.D[y], rtol=1e-12)


@pytest.mark.parametrize("name", ["bp", "fa", "dfa", "drtp", "shallow"])
def test_only_target_projection_teaches_hidden_layers_without_the_output(name):
    """Other output weights, other outputs, other errors: the label stays what it is."""
    net = dense_net()
    x, y = batch(net)
    rule = attached(name, net)
    before = oracles.teach(rule, net, taught_trace(net, x, y))
    net.weighted[-1].W += 1
    net.weighted[-1].W[:, 0] *= -1
    after = oracles.teach(rule, net, taught_trace(net, x, y))
    for one, other in zip(before[:-1], after[:-1], strict=True):
        assert oracles.unlike(one.dW, other.dW) == (name not in ["drtp", "shallow"])
    assert oracles.unlike(before[-1].dW, after[-1].dW)


# -- the forms of direct feedback ----------------------------------------------------------------


@pytest.mark.parametrize("name", DIRECT)
@pytest.mark.parametrize("entries", [1, 2, 3])
def test_sparse_feedback_has_so_many_entries_a_unit_and_keeps_their_size(name, entries):
    """Crafton's question is how few numbers a unit needs, so the count must be exact."""
    net, dense = dense_net((5, 40, 3)), dense_net((5, 40, 3))
    attached(name, net, entries=entries)
    attached(name, dense)
    D, full = net.weighted[0].D, dense.weighted[0].D
    assert ((D != 0).sum(axis=0) == entries).all()
    kept = D != 0
    np.testing.assert_allclose(D[kept], full[kept] * np.sqrt(3 / entries), rtol=1e-12)
    assert kept.any(axis=1).all()  # no output is left without listeners


def test_a_sparse_unit_hears_only_its_own_errors():
    """A change of an error that a unit does not listen to leaves its signal untouched."""
    net = dense_net()
    rule = attached("dfa", net, entries=1)
    trace = taught_trace(net, *batch(net))
    before = oracles.hidden_signals(rule, net, trace)
    for output in range(3):
        error = trace.error.copy()
        trace.error[:, output] += 1
        after = oracles.hidden_signals(rule, net, trace)
        trace.error[:] = error
        for layer, one, other in zip(net.weighted, before, after, strict=False):
            np.testing.assert_array_equal((one != other).any(axis=0), layer.D[output] != 0)


@pytest.mark.parametrize("name", DIRECT)
@pytest.mark.parametrize("net_name", NETS)
def test_shared_feedback_is_one_matrix_of_which_each_layer_takes_the_first_columns(name, net_name):
    """Launay's economy: one projection serves every layer, sliced to its width."""
    net = oracles.NETS[net_name]()
    attached(name, net, shared=True)
    *hidden, _ = net.weighted
    widest = max((layer.D for layer in hidden), key=lambda D: D.shape[1])
    for layer in hidden:
        assert layer.D.shape == (3, net.units_shown(layer))
        np.testing.assert_array_equal(layer.D, widest[:, : layer.D.shape[1]])


def test_feedback_matrices_are_independent_unless_shared():
    """Two hidden layers of one width must not hear the same projection by accident."""
    net = dense_net((5, 6, 6, 3))
    attached("dfa", net)
    lower, upper = (layer.D for layer in net.weighted[:-1])
    assert not np.isin(lower, upper).any()


def test_more_entries_than_outputs_are_refused():
    """A unit can not listen to errors that do not exist."""
    with pytest.raises(ValueError, match="entries is 4, but there are only 3 output errors"):
        attached("dfa", dense_net(), entries=4)


# -- what an update is ---------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "net_name"), oracles.RULES_AND_NETS)
def test_asking_for_updates_changes_nothing(name, net_name):
    """A rule that can be asked twice can be compared, checked and explained without training."""
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
    """Weights and biases alike; otherwise the learning rate would depend on the batch size."""
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
    """From the input side up, one for each layer with weights, and no bias step without a bias."""
    for bias in (True, False):
        net = dense_net(bias=bias)
        updates = attached(name, net).updates(net, *batch(net))
        assert [update.dW.shape for update in updates] == [layer.W.shape for layer in net.weighted]
        shapes = [update.db if update.db is None else update.db.shape for update in updates]
        assert shapes == ([(4,), (6,), (3,)] if bias else [None] * 3)


@pytest.mark.parametrize(("name", "net_name"), oracles.RULES_AND_NETS)
def test_one_hot_rows_teach_as_labels_do(name, net_name):
    """Both are accepted, so both must mean the same."""
    net = oracles.NETS[net_name]()
    rule = attached(name, net)
    x, y = batch(net)
    oracles.assert_same(rule.updates(net, x, y), rule.updates(net, x, np.eye(3)[y]))


@pytest.mark.parametrize("name", ["bp", "fa", "dfa", "usf", *LEARNED, *rules.TARGETS])
def test_hidden_units_have_no_names(name):
    """Units that change places, with their weights and feedback, get the same updates."""
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
def test_every_layer_learns_but_under_the_control(name):
    """The control shows what the last layer does alone; a rule that did as little is broken."""
    net = dense_net()
    rule = attached(name, net)
    moves = [bool(update.dW.any()) for update in rule.updates(net, *batch(net))]
    assert moves == ([False, False, True] if name == "shallow" else [True] * 3)
    assert [rule.learns(net, layer) for layer in net.weighted] == moves


# -- the feedback path itself --------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["fa", *SIGN_SYMMETRY, *(name for name in LEARNED if name != "dkp")]
)
def test_sequential_feedback_has_the_shape_of_the_transposed_weights(name):
    """Feedback filters for filters; and none for the first layer, which sends nothing further."""
    net = conv_net()
    attached(name, net)
    first, *others = net.weighted
    assert first.B is None
    assert [layer.B.shape for layer in others] == [layer.W.T.shape for layer in others]
    assert all(layer.D is None for layer in net.weighted)


@pytest.mark.parametrize("name", DIRECT)
def test_direct_feedback_reaches_every_pixel_after_pooling(name):
    """Nøkland injects the error after the pool: one independent weight for each position."""
    net = conv_net()
    attached(name, net)
    *hidden, last = net.weighted
    assert [layer.D.shape for layer in hidden] == [(3, 4 * 3 * 3), (3, 3 * 2 * 4), (3, 5)]
    assert last.D is None
    assert all(layer.B is None for layer in net.weighted)


def test_indirect_feedback_has_one_matrix_to_the_first_layer():
    """All other layers are reached by the relay."""
    net = conv_net()
    attached(RandomRelay(), net)
    first, *others = net.weighted
    assert first.D.shape == (3, 4 * 3 * 3)
    assert all(layer.D is None for layer in others)
    *relaying, last = others
    assert [each.rule_state.R.shape for each in relaying] == [each.W.shape for each in relaying]
    assert last.rule_state is None


def test_indirect_feedback_climbs_through_maps_as_a_small_change_would():
    """δ_2 is the slope times how a_2 would move if the first maps moved by δ_1."""
    layers = [
        Conv2D(2, 3, 2, padding=1, activation="tanh"),
        MaxPool2D(2),
        Conv2D(3, 2, 2, activation="tanh"),
    ]
    net = oracles.image_net(layers, (2, 4, 5))
    rule = attached("ifa", net)
    trace = taught_trace(net, *batch(net, 2))
    first, second = oracles.hidden_signals(rule, net, trace)

    def reached(h):
        pooled = oracles.max_pool(h.transpose(0, 3, 1, 2), (2, 2), (2, 2))
        above = layers[2]
        return oracles.convolve(pooled, above.filters, above.b, (1, 1), (0, 0))

    h = trace[layers[0]].h
    change = (reached(h + 1e-6 * first) - reached(h - 1e-6 * first)) / 2e-6
    slope = oracles.ACTIVATIONS["tanh"][1](trace[layers[2]].a)
    np.testing.assert_allclose(second, change.transpose(0, 2, 3, 1) * slope, atol=1e-9)


def test_indirect_feedback_with_a_random_relay_climbs_through_its_own_matrices():
    """With R = W the two relays are one rule."""
    net = conv_net()
    x, y = batch(net)
    expected = attached("ifa", net).updates(net, x, y)
    rule = attached(RandomRelay(), net)
    assert oracles.unlike(rule.updates(net, x, y)[1].dW, expected[1].dW)
    for layer in net.weighted[1:-1]:
        layer.rule_state.R = layer.W.copy()
    oracles.assert_same(rule.updates(net, x, y), expected)


@pytest.mark.parametrize(
    ("rule", "drawn"), [(rules.IndirectFeedbackAlignment, [0, 0, 0]), (RandomRelay, [0, 1, 0])]
)
def test_only_a_random_relay_draws_matrices_and_only_for_layers_between_first_and_last(rule, drawn):
    """The first layer hears through D, and the last one is taught by the error itself."""
    net = dense_net()
    attached(rule(), net)
    assert [int(layer.rule_state is not None) for layer in net.weighted] == drawn


@pytest.mark.parametrize("name", FIXED)
def test_fixed_feedback_stays_fixed(name):
    """What aligns is the forward path; a feedback path that moved would be another rule."""
    net = dense_net()
    rule = attached(name, net)
    before = oracles.arrays_of(net)
    oracles.learn(rule, net, *batch(net), steps=3)
    after = oracles.arrays_of(net)
    for key in before:
        moved = (before[key] != after[key]).any()
        assert moved == key.startswith(("W", "b")), key


@pytest.mark.parametrize("name", [*FIXED, "brsf", "frsf", *LEARNED, *oracles.DENSE_ONLY])
def test_a_seed_draws_the_same_feedback_again_and_another_seed_does_not(name):
    """A run that can not be repeated can not be compared."""
    drawn = []
    for seed in (3, 3, 4):
        net = dense_net()
        rule = attached(name, net, seed=seed)
        oracles.learn(rule, net, *batch(net), steps=2)
        drawn.append(np.concatenate([array.ravel() for array in feedback_of(net)]))
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert not np.isin(drawn[0][drawn[0] != 0], drawn[2]).any()


def feedback_of(net: Network):
    return [m for layer in net.weighted for m in (layer.B, layer.D) if m is not None]


def standard_normal(rng, n_in: int, n_out: int):
    return rng.normal(size=(n_in, n_out))


@pytest.mark.parametrize("name", AS_ASKED)
@pytest.mark.parametrize("seed", [0, 1, 2**32])
def test_feedback_knows_nothing_of_weights_drawn_with_the_same_seed(name, seed):
    """If one stream fed both, "random" feedback would start out aligned, and nothing be learned."""
    net = dense_net((20, 30, 25, 20), init=standard_normal, seed=seed)
    attached(name, net, seed=seed, feedback_init=standard_normal)
    weights = np.concatenate([layer.W.ravel() for layer in net.weighted])
    for matrix in feedback_of(net):
        assert not np.isin(matrix, weights).any()
    for layer in net.weighted:
        if layer.B is not None:
            assert angle(layer.B, layer.W.T) == pytest.approx(90, abs=10)


@pytest.mark.parametrize("name", RULES)
def test_attaching_a_rule_takes_off_the_path_of_the_one_before(name):
    """A leftover matrix would let a rule look as if it had feedback that it never uses."""
    net, fresh = dense_net(), dense_net()
    attached("fa", net)
    attached("dfa", net)
    rule, alone = attached(name, net), attached(name, fresh)
    for layer, other in zip(net.weighted, fresh.weighted, strict=True):
        assert (layer.B is None, layer.D is None) == (other.B is None, other.D is None)
    x, y = batch(net)
    oracles.assert_same(rule.updates(net, x, y), alone.updates(fresh, x, y))


@pytest.mark.parametrize("kind", [*rules.RULES.values(), RandomRelay])
def test_a_rule_attached_to_a_second_network_still_teaches_the_first(kind):
    """Two networks side by side, one rule: the second must not change what the first is taught."""
    net = dense_net()
    x, y = batch(net)
    rule = attached(kind(), net)
    before = rule.updates(net, x, y)
    rule.attach(dense_net(seed=8), seed=4)
    oracles.assert_same(rule.updates(net, x, y), before)


@pytest.mark.parametrize("name", AS_ASKED)
def test_the_feedback_is_drawn_as_asked_whatever_drew_the_weights(name):
    """Alignment depends on both scales, so each must be free."""
    net = Network([Dense(8, 30, "tanh", init="zeros"), Dense(30, 20)], dtype=np.float64)
    attached(name, net, feedback_init=initialisers.scaled("orthogonal", 2.0))
    (matrix,) = feedback_of(net)
    np.testing.assert_allclose(matrix @ matrix.T, 4 * np.eye(20), atol=1e-12)
    assert not net.weighted[0].W.any()
