"""What an inverse learns: each loss is written again from its equation.

Its gradient is computed by finite differences; its limit is a transpose or a pseudo-inverse,
which is known in advance.
"""

import numpy as np
import oracles
import pytest
from oracles import angle, attached, batch, dense_net, relative, taught_trace
from rules.inverses import LEARNERS, RECONSTRUCTING, SIZES, trained_inverses

from nofb import Network
from nofb.activations import ACTIVATIONS
from nofb.clock import Clock
from nofb.diagnosis import View
from nofb.diagnosis.targets import (
    null_space_fractions,
)
from nofb.rules.targets import InverseUpdate, TargetRule


def learned(rule: TargetRule, net: Network, trace, layer, rng) -> InverseUpdate:
    """Return the update of a layer's inverse for a batch."""
    (stack,) = [each for each in rule.stacks(net, trace) if each[0].layer is layer]
    return rule.inverse_update(stack, rng)


CASES = [(name, activation, False) for name in LEARNERS for activation in ACTIVATIONS] + [
    (name, "tanh", True) for name in LEARNERS
]


@pytest.mark.parametrize(("samples", "bias"), [(7, True), (1, False)])
@pytest.mark.parametrize(("name", "activation", "apart"), CASES)
def test_a_reconstruction_step_follows_the_gradient_of_the_loss_of_its_equation(
    name, activation, apart, samples, bias
):
    """The loss is written again from the paper, with its gradient by finite differences."""
    rule, formulas, net, trace = trained_inverses(name, activation, samples, bias, apart)
    for layer in rule.inverted(net):
        index, inverse = net.weighted.index(layer), layer.inverse
        loss, dB, dc = learned(rule, net, trace, layer, np.random.default_rng(5))
        assert loss == pytest.approx(formulas.loss(index, np.random.default_rng(5)), rel=1e-9)
        atol = 1e-6 * np.abs(dB).max() + 1e-9  # the loss has only this precision
        for parameter, found in ((inverse.B, dB), (inverse.c, dc)):
            slopes = oracles.differences(
                lambda index=index: formulas.loss(index, np.random.default_rng(5)),
                parameter,
                range(parameter.size),
            )
            np.testing.assert_allclose(found.reshape(-1), slopes, rtol=1e-5, atol=atol)


@pytest.mark.parametrize("name", LEARNERS)
def test_a_reconstruction_step_changes_only_the_update_of_its_inverse(name):
    """It must not change weights, states or the inverses of other layers."""
    rule, _, net, trace = trained_inverses(name)
    kept = oracles.arrays_of(net)
    seen = {layer: (trace[layer].a.copy(), trace[layer].h.copy()) for layer in net.weighted}
    for layer in rule.inverted(net):
        assert learned(rule, net, trace, layer, np.random.default_rng(5)).dB.any()
    for key, array in oracles.arrays_of(net).items():
        np.testing.assert_array_equal(array, kept[key], err_msg=key)
    for layer, (a, h) in seen.items():
        np.testing.assert_array_equal(trace[layer].a, a)
        np.testing.assert_array_equal(trace[layer].h, h)


@pytest.mark.parametrize("name", [*RECONSTRUCTING, "ldrl"])
def test_a_local_reconstruction_step_reads_only_the_weights_of_its_layer(name):
    """An inverse that needs the weights of other layers would not avoid weight transport."""
    rule, _, net, trace = trained_inverses(name)
    for layer in rule.inverted(net):
        expected = learned(rule, net, trace, layer, np.random.default_rng(5)).dB
        others = [each for each in net.weighted if each is not layer]
        kept = [each.W.copy() for each in others]
        for each in others:
            each.W[:] = np.nan
        found = learned(rule, net, trace, layer, np.random.default_rng(5)).dB
        np.testing.assert_array_equal(found, expected)
        for each, W in zip(others, kept, strict=True):
            each.W[:] = W


@pytest.mark.parametrize("name", LEARNERS)
def test_a_reconstruction_step_in_single_precision_equals_the_one_in_double(name):
    """The tests check float64, and users train in float32."""
    found = []
    for dtype in (np.float32, np.float64):
        net = dense_net(SIZES, dtype=dtype)
        rule = attached(name, net)
        trace = taught_trace(net, *batch(net))
        found.append([])
        for layer in rule.inverted(net):
            rng = np.random.default_rng(5)
            draws = [rng.uniform(0.1, 0.9, (7, n)) for n in (*SIZES, *SIZES)]
            found[-1].append(learned(rule, net, trace, layer, Recorded(draws)).dB)
    for single, double in zip(*found, strict=True):
        assert single.dtype == np.float32
        assert relative(single, double) < 1e-3


class Recorded:
    """Returns random numbers that were drawn before, in any shape."""

    def __init__(self, draws) -> None:
        self.draws = iter(draws)

    def random(self, out, dtype) -> None:
        out[:] = np.resize(next(self.draws), out.shape)


def learn_inverses(rule: TargetRule, net: Network, samples: int, steps: int) -> None:
    """Let the inverses learn from new batches, while the weights do not change."""
    for seed in range(steps):
        rule.clock = Clock(seed, steps)
        trace = taught_trace(net, *batch(net, samples, seed))
        rule.learn_feedback(net, trace)


def linear_net(sizes, seed: int = 2, **options) -> Network:
    return dense_net(sizes, "identity", loss="squared_error", seed=seed, **options)


def test_local_difference_reconstruction_converges_to_the_transpose():
    """For linear layers the expected step is 2 σ² (B - Wᵀ): by this theorem it becomes backprop."""
    net = linear_net((5, 4, 6, 3))
    rule = attached("ldrl", net, noise=0.3)
    trace = taught_trace(net, *batch(net, 60000))
    for layer in net.weighted[1:]:
        rng = np.random.default_rng(1)
        dB = learned(rule, net, trace, layer, rng).dB
        expected = 2 * 0.3**2 * (layer.B - layer.W.T)
        assert relative(dB, expected) < 0.05
        layer.B[:] = layer.W.T
        _, dB, dc = learned(rule, net, trace, layer, rng)
        assert np.linalg.norm(dB) < 0.05 * np.linalg.norm(expected)
        assert np.linalg.norm(dc) < 0.05 * np.linalg.norm(expected)


@pytest.mark.parametrize("activation", ["identity", "tanh"])
def test_an_inverse_trained_by_local_difference_reconstruction_is_the_transpose(activation):
    """Then targets carry gradients; for tanh layers Wᵀ is the mean, up to the derivative."""
    net = dense_net((5, 8, 6, 3), activation)
    rule = attached("ldrl", net, inverse_lr=0.01)
    for layer in net.weighted[1:]:
        layer.W *= 0.5  # so that tanh is nearly linear
    before = [angle(layer.B, layer.W.T) for layer in net.weighted[1:]]
    learn_inverses(rule, net, samples=64, steps=100)
    after = [angle(layer.B, layer.W.T) for layer in net.weighted[1:]]
    assert min(before) > 45
    assert max(after) < (6 if activation == "identity" else 15)


def test_without_its_second_term_local_difference_reconstruction_has_no_minimum():
    """-2 ξ·p falls without bound as B grows along Wᵀ; ‖q‖² bounds it."""
    net = linear_net((5, 4, 3))
    rule = attached("ldrl", net)
    trace, layer = taught_trace(net, *batch(net, 500)), net.weighted[1]

    def loss(scale, silent=False):
        layer.B[:] = scale * layer.W.T
        below, above = np.random.default_rng(3).random((2, 500, 4))
        draws = [below, np.full((500, 3), 0.5) if silent else above]  # 0.5: no noise above
        return learned(rule, net, trace, layer, Recorded(draws)).loss

    assert loss(100, silent=True) == pytest.approx(100 * loss(1, silent=True), rel=1e-3)
    assert loss(1, silent=True) < 0
    assert loss(100) > loss(10) > 0 > loss(1)


def test_a_linear_inverse_that_reconstructs_becomes_the_pseudo_inverse():
    """The layer has more outputs than inputs, so its best inverse is known."""
    net = linear_net((5, 4, 9, 3), bias=False)
    rule = attached("tp", net, noise=1.0, inverse_lr=0.01)
    learn_inverses(rule, net, samples=64, steps=600)
    layer = net.weighted[1]
    np.testing.assert_allclose(layer.W @ layer.B, np.eye(4), atol=0.05)


def null_fractions(rule: TargetRule, net: Network) -> np.ndarray:
    trace = taught_trace(net, *batch(net, 20))
    return null_space_fractions(View(rule, trace))[:-1]


def test_pseudo_inverses_do_not_compose():
    """(W₁ W₂)⁺ ≠ W₂⁺ W₁⁺: exact inverses of single layers give changes without effect."""
    net = linear_net((5, 9, 7, 3))
    rule = attached("dtp", net, gradient_at_top=False)
    for layer in net.weighted[1:]:
        layer.inverse.B[:] = np.linalg.pinv(layer.W)
        layer.inverse.c[:] = -(layer.b @ layer.inverse.B)
    first, second = null_fractions(rule, net)
    assert second < 1e-10
    assert first > 0.2


@pytest.mark.parametrize("activation", ["identity", "tanh"])
def test_difference_reconstruction_keeps_targets_out_of_the_null_space(activation):
    """Inverses learn what the whole path should do; local ones give targets in the null space."""
    after = {}
    for name in ("dtp_drl", "ddtp", "dtp"):
        net = dense_net((5, 9, 7, 3), activation, loss="squared_error")
        told = {"gradient_at_top": False, "inverse_steps": 1} if name == "dtp" else {}
        told |= {"inverse_lr": 0.04, "inverse_schedule": "cosine", "inverse_optimizer": "adam"}
        rule = attached(name, net, noise=0.05, **told)
        assert null_fractions(rule, net).max() > 0.3
        learn_inverses(rule, net, samples=64, steps=500)
        after[name] = null_fractions(rule, net)
    assert max(after["dtp_drl"].max(), after["ddtp"].max()) < 0.05
    assert after["dtp"].max() > 0.3
