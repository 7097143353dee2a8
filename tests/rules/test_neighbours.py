"""Rules like the mirror: symmetric and information alignment, and node-perturbation feedback.

Every expected value is a finite difference, a fixed point computed by hand, or the statistics of
a sample mean.
"""

import copy

import numpy as np
import oracles
import pytest
from oracles import angle, attached, batch, dense_net, relative, taught_trace

from nofb import SGD, Dense, Network, rules
from nofb.clock import Clock
from nofb.training.step import step

NETS = list(oracles.NETS)

# -- symmetric alignment -------------------------------------------------------------------------


@pytest.mark.parametrize("net_name", NETS)
@pytest.mark.parametrize(("decay", "pull"), [(0.5, 1.0), (2.0, 1.0), (0.3, 0.9)])
def test_symmetric_alignment_converges_to_its_multiple_of_the_transpose(decay, pull, net_name):
    """The limit is (β / 2α) Wᵀ; the distance shrinks by exactly (1 - 2 α η_B) at every step."""
    net = oracles.NETS[net_name]()
    rule = attached("sa", net, rate=0.05, decay=decay, pull=pull)
    goals = [pull / (2 * decay) * layer.W.T for layer in net.weighted[1:]]
    starts = [layer.B - goal for layer, goal in zip(net.weighted[1:], goals, strict=True)]
    for _ in range(10):
        rule.after_step(net)
    for layer, goal, start in zip(net.weighted[1:], goals, starts, strict=True):
        expected = goal + (1 - 2 * decay * 0.05) ** 10 * start
        np.testing.assert_allclose(layer.B, expected, rtol=1e-9, atol=1e-12)


def test_a_step_of_symmetric_alignment_descends_its_regulariser():
    """R = α ‖B‖² - β tr(B W): "decay" and "self", by finite differences."""
    net = dense_net()
    rule = attached("sa", net, rate=0.1, decay=0.7, pull=1.3)
    layer = net.weighted[1]
    before = layer.B.copy()
    slopes = oracles.differences(
        lambda: 0.7 * (layer.B**2).sum() - 1.3 * np.trace(layer.B @ layer.W),
        layer.B,
        range(layer.B.size),
    )
    rule.after_step(net)
    np.testing.assert_allclose((before - layer.B).ravel(), 0.1 * slopes, atol=1e-9)


def test_symmetric_alignment_reads_the_weights_for_its_feedback_and_says_so():
    """It is weight transport, though the backward pass does not use W; every table must say so."""
    net = dense_net()
    rule = attached("sa", net)
    W = [layer.W.copy() for layer in net.weighted]
    assert rule.uses.transport
    rule.after_step(net)
    for layer, before in zip(net.weighted, W, strict=True):
        np.testing.assert_array_equal(layer.W, before)
        layer.W[:] = np.nan
    rule.after_step(net)
    assert all(np.isnan(layer.B).all() for layer in net.weighted[1:])


def test_symmetric_alignment_follows_the_schedule_of_the_learning_rate():
    """A rule multiplies all its own changes by the learning-rate factor."""
    net = dense_net()
    rule = attached("sa", net, rate=0.2)
    layer, start = net.weighted[1], net.weighted[1].B.copy()
    rule.clock = Clock(factor=0.25)
    rule.after_step(net)
    np.testing.assert_allclose(layer.B, start + 0.05 * (layer.W.T - start), rtol=1e-12)


# -- information alignment -----------------------------------------------------------------------


@pytest.mark.parametrize("net_name", NETS)
def test_information_alignment_without_its_null_term_is_the_weight_mirror(net_name):
    """The same noise, the same responses, the same B, up to rounding."""
    net, twin = oracles.NETS[net_name](), oracles.NETS[net_name]()
    for stack, rule in ((net, attached("ia", net, null=0.0)), (twin, attached("wm", twin))):
        rule.mirror(stack, 5)
    for layer, same in zip(net.weighted[1:], twin.weighted[1:], strict=True):
        np.testing.assert_allclose(layer.B, same.B, rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("null", [0.0, 1.0, 2.5])
def test_a_mirror_step_descends_amp_and_null(null, activation):
    """-∂R/∂B of "amp" is the mirror's outer product; that of "null" subtracts ν zᵀ z B."""
    net = dense_net(activation=activation)
    rule = attached("ia", net, null=null, steps_before=0, width=0.7, samples=9)
    layer, start = net.weighted[1], net.weighted[1].B.copy()
    rule.mirror(net)
    xi, z, B = layer.rule_state.xi, layer.rule_state.z, start

    def regulariser() -> float:
        said = z @ B
        return float((-xi * said + null / 2 * said**2).sum() / 8)

    slopes = oracles.differences(regulariser, B, range(B.size))
    np.testing.assert_allclose(layer.rule_state.dB.ravel(), -slopes, atol=1e-8)
    if null == 0:
        np.testing.assert_allclose(layer.rule_state.dB, z.T @ xi / 8, rtol=1e-12)
    decayed = (1 - rule.decay) * start + rule.mirror_rate * layer.rule_state.dB
    np.testing.assert_allclose(layer.B, decayed, rtol=1e-9)


def linear_layer() -> tuple[Network, Dense]:
    """Return a network, and its layer of linear units whose W is far from orthogonal."""
    layer = Dense(9, 6, init="lecun")
    return Network([Dense(3, 9, "tanh"), layer, Dense(6, 2)], dtype=np.float64), layer


@pytest.mark.parametrize("null", [0.5, 1.0, 20.0])
def test_information_alignment_converges_between_the_transpose_and_the_pseudo_inverse(null):
    """(1 + ν WᵀW) B = Wᵀ: ridge regression of the noise on its responses."""
    net, layer = linear_layer()
    rule = attached("ia", net, null=null, decay=0.01, samples=1000, steps_before=1500)
    mean = np.zeros_like(layer.B)
    for _ in range(300):
        rule.mirror(net)
        mean += layer.B / 300
    goal = np.linalg.solve(np.eye(6) + null * layer.W.T @ layer.W, layer.W.T)
    assert relative(mean, goal) < 0.02
    inverse, transpose = angle(mean, np.linalg.pinv(layer.W)), angle(mean, layer.W.T)
    assert (inverse < transpose) == (null == 20.0)


def test_information_alignment_does_not_change_the_weights():
    """Only B learns here; if W changed too, the network would learn noise."""
    net = dense_net()
    rule = attached("ia", net)
    before = [layer.W.copy() for layer in net.weighted]
    rule.after_step(net)
    for layer, W in zip(net.weighted, before, strict=True):
        np.testing.assert_array_equal(layer.W, W)


# -- node-perturbation feedback ------------------------------------------------------------------


class Silence:
    """A generator whose normal numbers are all zero."""

    def standard_normal(self, shape, dtype):
        return np.zeros(shape, dtype)


def repeated(net: Network, copies: int) -> tuple:
    """Return one sample, repeated."""
    x, y = batch(net, 1)
    return np.repeat(x, copies, axis=0), np.repeat(y, copies)


def received_gradients(net: Network, trace) -> dict:
    """Return backprop's gradient for the input of each layer but the first, by sample."""
    found = oracles.signals(attached("bp", net), net, trace)
    return {
        layer: trace.on_input(layer, rows(found[layer]) @ layer.W.T) for layer in net.weighted[1:]
    }


def rows(delta):
    """Return a signal on a layer as rows (N, n_out)."""
    return delta.reshape(-1, delta.shape[-1])


def credits_of(rule, net: Network, trace) -> dict:
    """Return the estimated gradient of each unit below a layer, for each sample."""
    teller = copy.copy(rule)
    teller.regress = lambda trace, layer, told, B: told
    return dict(teller.feedback_updates(net, trace))


@pytest.mark.parametrize("net_name", NETS)
def test_noise_times_the_change_of_the_loss_is_the_gradient_on_average(net_name):
    """E[λ] = δ Wᵀ at every depth, though all layers get noise at once."""
    net = oracles.NETS[net_name]()
    copies = 20_000 if net_name == "dense" else 4_000
    x, y = repeated(net, copies)
    trace = taught_trace(net, x, y)
    gradients = received_gradients(net, trace)
    size = np.sqrt(sum((gradient[0] ** 2).sum() for gradient in gradients.values()))
    rule = attached("np_feedback", net)
    for layer, blame in credits_of(rule, net, trace).items():
        wrong = np.linalg.norm(blame.mean(axis=0) - gradients[layer][0])
        assert wrong < 1.5 * size * np.sqrt(gradients[layer][0].size / copies)
        assert relative(blame.mean(axis=0), gradients[layer][0]) < 0.5


def test_the_estimate_of_the_gradient_is_as_noisy_as_the_header_states():
    """Var λ = ‖g‖² + g² in each entry, with g of all layers: so it learns slowly."""
    net = dense_net()
    trace = taught_trace(net, *repeated(net, 20_000))
    gradients = received_gradients(net, trace)
    size = sum((gradient[0] ** 2).sum() for gradient in gradients.values())
    for layer, blame in credits_of(attached("np_feedback", net), net, trace).items():
        expected = size + gradients[layer][0] ** 2
        np.testing.assert_allclose(blame.var(axis=0), expected, rtol=0.1)


def draw_from(net, rng):
    """Draw the noise of every layer from another generator."""
    for layer in net.weighted[1:]:
        layer.rule_state.rng = rng


@pytest.mark.parametrize("net_name", NETS)
def test_without_noise_the_estimate_is_zero(net_name):
    """λ = 0 for ξ = 0; then B learns to send nothing."""
    net = oracles.NETS[net_name]()
    rule = attached("np_feedback", net)
    draw_from(net, Silence())
    trace = taught_trace(net, *batch(net))
    assert not any(blame.any() for blame in credits_of(rule, net, trace).values())


def test_the_noisy_pass_uses_the_masks_of_the_first_one():
    """With other masks the loss would change for reasons that the noise does not explain."""
    net = dense_net(dropout=0.5)
    trace = taught_trace(net, *batch(net))
    noise = {layer: np.zeros_like(trace[layer].h_below) for layer in net.weighted[1:]}
    last = net.weighted[-1]
    np.testing.assert_allclose(trace.again(noise)[last].a, trace[last].a, rtol=1e-12)


@pytest.mark.parametrize("net_name", NETS)
def test_the_noisy_pass_does_not_change_the_first_one(net_name):
    """The reported loss and the signals are those of the network without noise."""
    net = oracles.NETS[net_name]()
    rule = attached("np_feedback", net)
    trace = taught_trace(net, *batch(net))
    kept = [
        array.copy()
        for layer in net.weighted
        for array in (trace[layer].h_below, trace[layer].a, trace[layer].h)
    ]
    rule.teach(net, trace)
    now = [
        array
        for layer in net.weighted
        for array in (trace[layer].h_below, trace[layer].a, trace[layer].h)
    ]
    for one, other in zip(kept, now, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("net_name", NETS)
def test_the_feedback_follows_the_gradient_of_its_prediction_error(net_name):
    """ΔB is the gradient of ½‖δ B - λ‖², a mean over samples, through every patch of a map."""
    net = oracles.NETS[net_name]()
    rule = attached("np_feedback", net)
    trace = taught_trace(net, *batch(net))
    deltas = oracles.signals(rule, net, trace)
    draw_from(net, np.random.default_rng(1))
    told = credits_of(rule, net, trace)
    draw_from(net, np.random.default_rng(1))
    updates = rule.teach(net, trace)
    assert updates[0].dB is None
    for layer, update in zip(net.weighted[1:], updates[1:], strict=True):

        def error(layer=layer) -> float:
            predicted = trace.on_input(layer, rows(deltas[layer]) @ layer.B)
            return float(0.5 * ((predicted - told[layer]) ** 2).sum() / trace.samples)

        entries = range(layer.B.size)
        slopes = oracles.differences(error, layer.B, entries)
        scale = np.abs(slopes).max()
        np.testing.assert_allclose(update.dB.ravel(), slopes, atol=1e-6 * scale)


def test_at_the_transpose_the_expected_update_is_zero():
    """B = Wᵀ in every layer is the solution of the regression."""
    net = dense_net()
    rule = attached("np_feedback", net)
    x, y = batch(net, 20_000)

    def lengths() -> list[float]:
        updates = rule.updates(net, x, y)
        return [float(np.linalg.norm(update.dB)) for update in updates[1:]]

    for layer in net.weighted[1:]:
        layer.B = np.ascontiguousarray(layer.W.T)
    settled = lengths()
    for layer in net.weighted[1:]:
        layer.B = 2 * layer.W.T.copy()
    for at_rest, off in zip(settled, lengths(), strict=True):
        assert at_rest < 0.15 * off


def test_the_feedback_learns_the_transposed_weights_from_the_loss_alone():
    """With fixed weights and errors in every direction, the B of the output layer becomes Wᵀ."""
    net = dense_net((5, 6, 4), "tanh", loss="squared_error")
    rule, layer = attached("np_feedback", net), net.weighted[1]
    rng = np.random.default_rng(0)
    before = angle(layer.B, layer.W.T)
    for _ in range(400):
        trace = net.forward(rng.normal(size=(200, 5))).set_target(rng.normal(size=(200, 4)))
        layer.B -= 0.05 * rule.teach(net, trace)[1].dB
    assert angle(layer.B, layer.W.T) < 8 < 40 < before


def test_the_feedback_is_updated_by_the_optimizer_of_the_weights():
    """`fit` passes dB to the optimizer; with a fixed B the rule would be feedback alignment."""
    net = dense_net()
    rule = attached("np_feedback", net)
    before = [layer.B.copy() for layer in net.weighted[1:]]
    trace = taught_trace(net, *batch(net))
    updates = step(net, rule, SGD(lr=0.1), trace)
    for layer, update, B in zip(net.weighted[1:], updates[1:], before, strict=True):
        np.testing.assert_allclose(layer.B, B - 0.1 * update.dB, rtol=1e-9)


# -- mistakes of a student -----------------------------------------------------------------------


def test_noise_is_kept_only_for_layers_with_feedback():
    """The first layer sends no signal, so nothing is learned from its noise."""
    net = dense_net()
    attached("np_feedback", net)
    assert [layer.rule_state is not None for layer in net.weighted] == [False, True, True]


@pytest.mark.parametrize(
    ("name", "attributes", "sentence"),
    [
        ("sa", {"rate": 0}, "rate must be finite and greater than 0"),
        ("sa", {"decay": 0}, "decay must be finite and greater than 0"),
        ("sa", {"rate": 2.0}, r"2 \* rate \* decay must be finite and less than 1, but is 2.0"),
        ("ia", {"null": -1}, "null must be finite and at least 0, but is -1"),
        ("ia", {"decay": 0}, "decay must be finite and greater than 0"),
        (
            "ia",
            {"decay": 1.0},
            "decay must be finite and greater than 0 and less than 1, but is 1.0",
        ),
        ("ia", {"rate": 1.0}, "rule 'ia' has no attribute 'rate'; it has: feedback_init, decay"),
        ("np_feedback", {"width": 0}, "width must be finite and greater than 0"),
    ],
)
def test_a_wrong_attribute_is_named(name, attributes, sentence):
    """One sentence must name it, and what is allowed."""
    with pytest.raises(ValueError, match=sentence):
        rules.make(name, **attributes)
