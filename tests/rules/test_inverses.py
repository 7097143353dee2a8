"""Inverses: what they learn from, when they learn, and what is said of them while they do.

Each lesson is written once more from its equation, and measured by finite differences; what it
comes to in the end is a transpose or a pseudo-inverse, which is known beforehand.
"""

import warnings

import numpy as np
import oracles
import pytest
from oracles import angle, attached, batch, dense_net, relative, taught_trace

import nofb
from nofb import SGD, Dense, Network, rules
from nofb.activations import ACTIVATIONS
from nofb.clock import Clock
from nofb.datasets import Dataset
from nofb.diagnosis import DEFAULT, GAUSS_NEWTON, TARGETS, ContractionWarning, ProbeBatch, View
from nofb.diagnosis.contraction import lipschitz
from nofb.diagnosis.targets import (
    inverse_residuals,
    lipschitz_constants,
    null_space_fractions,
    residual,
)
from nofb.jacobians import null_space_fraction, output_jacobians
from nofb.layers import Chain, Inverse
from nofb.noise import add_noise
from nofb.rules.gauss_newton_targets import gauss_newton
from nofb.rules.targets import InverseUpdate, TargetRule

LEARNERS = [name for name in oracles.DENSE_ONLY if name != "fwdtp"]
RECONSTRUCTING = ["tp", "dtp", "sdtp", "itp"]
SIZES = (5, 4, 6, 7, 3)


def drawn(rng, width: float, shape) -> np.ndarray:
    """Return the noise that a generator gives to nofb."""
    return add_noise(rng, width, np.zeros(shape))


def learned(rule: TargetRule, net: Network, trace, layer, rng) -> InverseUpdate:
    """Return what the inverse of a layer learns from a batch."""
    (stack,) = [each for each in rule.stacks(net, trace) if each[0].layer is layer]
    return rule.inverse_update(stack, rng)


class Formulas:
    """A network by its formulas, for rows: f_l, g_l and the states, in either convention."""

    def __init__(self, rule: TargetRule, net: Network, trace) -> None:
        self.rule, self.layers = rule, net.weighted
        self.top = len(net.weighted) - 1
        self.apart = [each.activation.name for each in net.weightless_above(net.weighted[0])]
        self.unit = oracles.OUTPUT_UNITS[net.head.name] if rule.name == "sdtp" else None
        self.h = [rule.state(trace, layer).copy() for layer in net.weighted]

    def f(self, i, x):
        """Return f_i(x), from the state of the layer below."""
        layer = self.layers[i]
        for name in self.apart:
            x = oracles.ACTIVATIONS[name][0](x)
        a = x @ layer.W + (0 if layer.b is None else layer.b)
        if i == self.top:
            return a if self.unit is None else self.unit(a.T).T
        return oracles.ACTIVATIONS[layer.activation.name][0](a)

    def g(self, i, z):
        """Return g_i(z), with the matrix and bias that the inverse has now."""
        inverse, direct = self.layers[i].inverse, self.rule.name == "ddtp"
        side = self.layers[i if direct else i - 1].activation.name
        if self.apart:
            side = self.apart[0] if i < self.top and not direct else "identity"
        s = oracles.ACTIVATIONS[self.rule.inverse_activation or side][0]
        return s(z) @ inverse.B + inverse.c if self.apart else s(z @ inverse.B + inverse.c)

    def climb(self, i, x):
        """Return the output for a state of layer i."""
        for above in range(i + 1, self.top + 1):
            x = self.f(above, x)
        return x

    def loss(self, i, rng):
        """Return the loss of the inverse of layer i with the noise that a generator draws."""
        sigma, name = self.rule.noise, self.rule.name
        below = self.h[i if name == "ddtp" else i - 1]
        xi = drawn(rng, sigma, below.shape)
        noisy = below + xi
        if name == "ldrl":
            zeta = drawn(rng, sigma, self.h[i].shape)
            p = self.g(i, self.f(i, noisy)) - self.g(i, self.h[i])
            q = self.g(i, self.h[i] + zeta) - self.g(i, self.h[i])
            return ((q**2).sum() - 2 * (xi * p).sum()) / len(xi)
        if name in RECONSTRUCTING:
            return 0.5 * ((self.g(i, self.f(i, noisy)) - noisy) ** 2).sum() / len(xi)
        if name == "ddtp":
            back = below + self.g(i, self.climb(i, noisy)) - self.g(i, self.h[self.top])
        else:
            back = self.climb(i - 1, noisy)
            for m in range(self.top, i - 1, -1):
                back = self.h[m - 1] + self.g(m, back) - self.g(m, self.h[m])
        return 0.5 * ((back - noisy) ** 2).sum() / sigma**2 / len(xi)


def lessons(name: str, activation="tanh", samples=7, bias=True, apart=False, **options):
    """Return a rule with inverses that have a bias, the network's formulas, net and trace."""
    net = dense_net(SIZES, activation, bias=bias, apart=apart)
    rule = attached(name, net, **options)
    rng = np.random.default_rng(8)
    for layer in rule.inverted(net):
        layer.inverse.c[:] = rng.uniform(-0.3, 0.3, layer.inverse.c.shape)
    trace = taught_trace(net, *batch(net, samples))
    return rule, Formulas(rule, net, trace), net, trace


CASES = [(name, activation, False) for name in LEARNERS for activation in ACTIVATIONS] + [
    (name, "tanh", True) for name in LEARNERS
]


@pytest.mark.parametrize(("samples", "bias"), [(7, True), (1, False)])
@pytest.mark.parametrize(("name", "activation", "apart"), CASES)
def test_a_lesson_is_the_gradient_of_the_loss_of_its_equation(
    name, activation, apart, samples, bias
):
    """The loss once more from the paper, its slope by finite differences: nothing can be lost."""
    rule, formulas, net, trace = lessons(name, activation, samples, bias, apart)
    for layer in rule.inverted(net):
        index, inverse = net.weighted.index(layer), layer.inverse
        loss, dB, dc = learned(rule, net, trace, layer, np.random.default_rng(5))
        assert loss == pytest.approx(formulas.loss(index, np.random.default_rng(5)), rel=1e-9)
        atol = 1e-6 * np.abs(dB).max() + 1e-9  # a loss is only so sharp
        for parameter, found in ((inverse.B, dB), (inverse.c, dc)):
            slopes = oracles.differences(
                lambda index=index: formulas.loss(index, np.random.default_rng(5)),
                parameter,
                range(parameter.size),
            )
            np.testing.assert_allclose(found.reshape(-1), slopes, rtol=1e-5, atol=atol)


@pytest.mark.parametrize("name", LEARNERS)
def test_a_lesson_changes_nothing_but_what_the_inverse_was_told(name):
    """Weights, states and the inverses of other layers are none of its business."""
    rule, _, net, trace = lessons(name)
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
def test_a_local_lesson_reads_no_weights_but_its_layers_own(name):
    """An inverse that had to know the network would be no way out of weight transport."""
    rule, _, net, trace = lessons(name)
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
def test_a_lesson_in_single_precision_is_the_one_in_double(name):
    """What is checked in float64 must be what trains in float32."""
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
    """Gives even draws that were made before, fitted to whatever shape is asked for."""

    def __init__(self, draws) -> None:
        self.draws = iter(draws)

    def random(self, out, dtype) -> None:
        out[:] = np.resize(next(self.draws), out.shape)


# -- what is learned in the end ------------------------------------------------------------------


def learn_inverses(rule: TargetRule, net: Network, samples: int, steps: int) -> None:
    """Let the inverses learn from fresh batches, while the weights rest."""
    for seed in range(steps):
        rule.clock = Clock(seed, steps)
        trace = taught_trace(net, *batch(net, samples, seed))
        rule.learn_feedback(net, trace)


def linear_net(sizes, seed: int = 2, **options) -> Network:
    return dense_net(sizes, "identity", loss="squared_error", seed=seed, **options)


def test_local_difference_reconstruction_moves_to_the_transpose_and_rests_there():
    """For linear layers the expected step is 2 σ² (B - Wᵀ): the theorem that makes it backprop."""
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
def test_trained_by_local_difference_reconstruction_an_inverse_is_the_transpose(activation):
    """Targets then carry gradients; for bent layers Wᵀ is met on average, with its slope."""
    net = dense_net((5, 8, 6, 3), activation)
    rule = attached("ldrl", net, inverse_lr=0.01)
    for layer in net.weighted[1:]:
        layer.W *= 0.5  # so that tanh is not far from straight
    before = [angle(layer.B, layer.W.T) for layer in net.weighted[1:]]
    learn_inverses(rule, net, samples=64, steps=100)
    after = [angle(layer.B, layer.W.T) for layer in net.weighted[1:]]
    assert min(before) > 45
    assert max(after) < (6 if activation == "identity" else 15)


def test_without_its_second_term_local_difference_reconstruction_has_no_bottom():
    """-2 ξ·p falls for ever as B grows along Wᵀ; ‖q‖² is what ends it."""
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
    """The layer is wide and tells everything, so its best inverse is known."""
    net = linear_net((5, 4, 9, 3), bias=False)
    rule = attached("tp", net, noise=1.0, inverse_lr=0.01)
    learn_inverses(rule, net, samples=64, steps=600)
    layer = net.weighted[1]
    np.testing.assert_allclose(layer.W @ layer.B, np.eye(4), atol=0.05)


def null_shares(rule: TargetRule, net: Network) -> np.ndarray:
    trace = taught_trace(net, *batch(net, 20))
    return null_space_fractions(View(rule, trace))[:-1]


def test_pseudo_inverses_do_not_compose():
    """(W₁ W₂)⁺ ≠ W₂⁺ W₁⁺: exact one by one, together they ask for what nobody would hear."""
    net = linear_net((5, 9, 7, 3))
    rule = attached("dtp", net, gradient_at_top=False)
    for layer in net.weighted[1:]:
        layer.inverse.B[:] = np.linalg.pinv(layer.W)
        layer.inverse.c[:] = -(layer.b @ layer.inverse.B)
    first, second = null_shares(rule, net)
    assert second < 1e-10
    assert first > 0.2


@pytest.mark.parametrize("activation", ["identity", "tanh"])
def test_difference_reconstruction_keeps_targets_out_of_the_null_space(activation):
    """Inverses learn what the whole path should do; plain ones go on to waste their targets."""
    after = {}
    for name in ("dtp_drl", "ddtp", "dtp"):
        net = dense_net((5, 9, 7, 3), activation, loss="squared_error")
        told = {"gradient_at_top": False, "inverse_steps": 1} if name == "dtp" else {}
        told |= {"inverse_lr": 0.04, "inverse_schedule": "cosine", "inverse_optimizer": "adam"}
        rule = attached(name, net, noise=0.05, **told)
        assert null_shares(rule, net).max() > 0.3
        learn_inverses(rule, net, samples=64, steps=500)
        after[name] = null_shares(rule, net)
    assert max(after["dtp_drl"].max(), after["ddtp"].max()) < 0.05
    assert after["dtp"].max() > 0.3


# -- when inverses learn -------------------------------------------------------------------------


def small_data(net: Network, samples: int = 12) -> Dataset:
    x, y = batch(net, samples)
    return Dataset(x, y, x, y)


def train(net: Network, rule: TargetRule, epochs: int = 3, **options):
    """Train quietly, in batches of 5, 5 and 2."""
    options = {"batch_size": 5, "probe": 0, "progress": False, "optimizer": SGD(0.1)} | options
    return nofb.fit(net, rule, small_data(net), epochs, **options)


@pytest.mark.parametrize("name", LEARNERS)
@pytest.mark.parametrize(("steps", "before", "between"), [(1, 0, 0), (3, 2, 1), (0, 1, 2)])
def test_inverses_take_as_many_steps_as_they_are_told(name, steps, before, between, monkeypatch):
    """Parallel or alternating: papers differ in nothing more, and a count is easily lost."""
    net = dense_net(SIZES)
    told = {"inverse_steps": steps, "epochs_before": before, "epochs_between": between}
    rule = attached(name, net, **told)
    taken, step = [], rule.step_inverses
    monkeypatch.setattr(rule, "step_inverses", lambda *these: taken.append(1) or step(*these))
    train(net, rule, epochs=3)
    batches = 3
    alone = (before + 2 * between) * batches * max(1, steps)
    assert len(taken) == 3 * batches * steps + alone


def test_weights_rest_while_inverses_learn_alone_and_the_other_way_round():
    """Alternation is what Lee et al. do: an epoch for one, then an epoch for the other."""
    net = dense_net(SIZES)
    rule = attached("dtp", net)
    told = []

    class Watching(SGD):
        def step_all(self, moves):
            told.append([layer.inverse.B.copy() for layer in rule.inverted(net)])
            super().step_all(moves)

    start, W = [layer.inverse.B.copy() for layer in rule.inverted(net)], net.weighted[0].W.copy()
    trace = taught_trace(net, *batch(net))
    rule.learn_feedback(net, trace)
    np.testing.assert_array_equal(net.weighted[0].W, W)
    train(net, rule, epochs=2, optimizer=Watching(0.1))
    first, second = told[:3], told[3:]
    for epoch in (first, second):
        for now in epoch[1:]:
            for B, B_before in zip(now, epoch[0], strict=True):
                np.testing.assert_array_equal(B, B_before)
    assert all(oracles.unlike(now, then) for now, then in zip(first[0], start, strict=True))
    assert all(oracles.unlike(now, then) for now, then in zip(second[0], first[0], strict=True))


def test_inverses_follow_a_schedule_of_their_own():
    """Their rate falls as they were told, whatever that of the weights does."""
    net = dense_net(SIZES)
    rule = attached("dtp_drl", net, inverse_schedule="cosine", inverse_lr=0.01)
    optimizers = [layer.rule_state.optimizer for layer in net.weighted[1:]]
    shares, step = [], rule.step_inverses

    def noting(*these):
        step(*these)
        shares.append({optimizer.factor for optimizer in optimizers})

    rule.step_inverses = noting
    train(net, rule, epochs=2)
    moments = [0, 0, 0, *np.arange(6) / 6]  # an epoch before the first, and two more
    shares = np.array([share for (share,) in shares])  # one for all inverses
    np.testing.assert_allclose(shares, [(1 + np.cos(np.pi * at)) / 2 for at in moments])
    assert all(optimizer.lr == 0.01 for optimizer in optimizers)


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", "adam", "adamw"])
def test_inverses_have_an_optimizer_of_their_own_with_a_decay(optimizer):
    """A step of λ without any gradient is λ B, and no bias ever decays."""
    net = dense_net(SIZES)
    rule = attached("tp", net, inverse_optimizer=optimizer, inverse_decay=0.1, inverse_lr=1e-12)
    before = [layer.inverse.B.copy() for layer in net.weighted[1:]]
    rule.learn_feedback(net, taught_trace(net, *batch(net)))
    for layer, B in zip(net.weighted[1:], before, strict=True):
        np.testing.assert_allclose(layer.inverse.B, 0.9 * B, atol=1e-9)
        np.testing.assert_allclose(layer.inverse.c, 0, atol=1e-9)
        assert layer.inverse.B is layer.B


@pytest.mark.parametrize("name", LEARNERS)
def test_a_rule_that_taught_another_network_since_goes_on_with_the_first(name):
    """One rule and several networks is usual in a notebook; their averages must not mix."""
    net, twin = dense_net(SIZES), dense_net(SIZES)
    rule, other = (attached(name, each, inverse_steps=1) for each in (net, twin))
    for each, stack in ((rule, net), (other, twin)):
        oracles.learn(each, stack, *batch(stack), steps=2)
    rule.attach(dense_net((5, 9, 8, 3)), seed=4)
    for each, stack in ((rule, net), (other, twin)):
        oracles.learn(each, stack, *batch(stack), steps=2)
    for layer, same in zip(net.weighted, twin.weighted, strict=True):
        np.testing.assert_array_equal(layer.W, same.W)
        if layer.inverse is not None:
            np.testing.assert_array_equal(layer.inverse.B, same.inverse.B)


def test_fixed_inverses_stay_fixed_whenever_they_might_learn():
    """That they need not learn is the rule's whole claim."""
    net = dense_net(SIZES)
    rule = attached("fwdtp", net, epochs_before=1, epochs_between=1, inverse_steps=2)
    before = [(layer.inverse.B.copy(), layer.inverse.c.copy()) for layer in net.weighted[1:]]
    train(net, rule)
    for layer, (B, c) in zip(net.weighted[1:], before, strict=True):
        np.testing.assert_array_equal(layer.inverse.B, B)
        np.testing.assert_array_equal(layer.inverse.c, c)


@pytest.mark.parametrize("name", LEARNERS)
def test_a_lesson_lowers_the_loss_that_it_is_about(name):
    """Else an inverse would learn, and learn nothing."""
    rule, formulas, net, trace = lessons(name, inverse_optimizer="sgd", inverse_lr=0.01)
    layers = rule.inverted(net)
    losses = [np.mean([formulas.loss(net.weighted.index(layer), np.random.default_rng(seed))
                       for seed in range(20)]) for layer in layers]  # fmt: skip
    for _ in range(60):
        rule.learn_feedback(net, trace)
    for layer, loss in zip(layers, losses, strict=True):
        later = [formulas.loss(net.weighted.index(layer), np.random.default_rng(seed))
                 for seed in range(20)]  # fmt: skip
        assert np.mean(later) < loss


# -- what is measured ----------------------------------------------------------------------------


def dense_jacobian(function, x: np.ndarray) -> np.ndarray:
    """Return ∂function / ∂x at one point (n_from, n_to), by finite differences."""
    rows = []
    for i in range(x.size):
        shift = np.zeros_like(x)
        shift[i] = 1e-6
        rows.append((function(x + shift) - function(x - shift)) / 2e-6)
    return np.array(rows)


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("n", [4, 7])
def test_the_lipschitz_constant_is_the_largest_singular_value_of_the_jacobian(n, activation, apart):
    """Power iteration finds from below what a decomposition of a measured Jacobian shows."""
    rng, s = np.random.default_rng(3), ACTIVATIONS[activation]
    W, b = rng.normal(size=(5, n)), rng.normal(size=n)
    f = Chain(s, oracles.layer_of(W, b)) if apart else oracles.layer_of(W, b, activation)
    B, c = rng.normal(size=(n, 5)), rng.normal(size=5)
    g = Inverse(B, before=Chain(s)) if apart else Inverse(B, s)
    g.c = c
    x = rng.normal(size=(3, 5))
    for point, found in zip(x, lipschitz(f, g, x), strict=True):
        J = dense_jacobian(lambda h: (g(f(h[None])) - h)[0], point)
        exact = np.linalg.svd(J, compute_uv=False)[0]
        assert found <= exact * (1 + 1e-6)
        assert found == pytest.approx(exact, rel=0.02)


def test_the_reported_constant_is_of_the_side_on_which_it_can_be_small():
    """Where a layer has fewer units than the one below, g ∘ f loses what f does not tell."""
    net = dense_net((5, 4, 8, 3), "identity")
    rule = attached("itp", net)
    for layer in net.weighted[1:]:
        layer.inverse.B[:] = np.linalg.pinv(layer.W)
    view = View(rule, taught_trace(net, *batch(net)))
    constants, residuals = lipschitz_constants(view), inverse_residuals(view)
    assert np.isnan(constants[0])
    np.testing.assert_allclose(constants[1:], 0, atol=1e-9)
    assert np.isnan(residuals[0])
    np.testing.assert_allclose(residuals[2], 0, atol=1e-9)


def test_the_residual_is_a_share_of_what_the_target_asks_for():
    """‖c_1 W - c_2‖ / ‖c_2‖ of a linear layer, whatever the size of the changes c."""
    net = dense_net((5, 4, 3), "identity")
    rule, trace = attached("tp", net), taught_trace(net, *batch(net))
    below, layer = net.weighted
    rng = np.random.default_rng(1)
    asked, asked_below = (rng.normal(size=trace[each].a.shape) for each in (layer, below))
    expected = np.linalg.norm(asked_below @ layer.W - asked) / np.linalg.norm(asked)
    own = rule.layers(net, trace)[1]
    for scale in (1, 100):
        assert residual(own, scale * asked, scale * asked_below) == pytest.approx(expected)


def test_no_latent_iteration_of_a_trained_network_is_slower_than_its_constant():
    """The mean-value theorem along the way from h to h*, on inverses as they come."""
    net = dense_net((6, 8, 8, 3))
    rule = attached("itp", net, inverse_lr=0.01, epochs_before=60)
    train(net, rule, epochs=5)
    layer = net.weighted[1]
    trace, rng = taught_trace(net, *batch(net)), np.random.default_rng(2)
    f, g = rule.layers(net, trace)[1].f, layer.inverse
    solution = trace[net.weighted[0]].h.copy()
    h = np.clip(solution + 0.05 * rng.normal(size=solution.shape), -0.999, 0.999)
    t = f(solution)
    for _ in range(5):
        way = [lipschitz(f, g, solution + at * (h - solution)) for at in np.linspace(0, 1, 21)]
        before = np.linalg.norm(h - solution, axis=1)
        h = h + g(t) - g(f(h))
        after = np.linalg.norm(h - solution, axis=1)
        assert (after <= 1.05 * np.max(way, axis=0) * before).all()


def test_the_null_space_share_is_what_a_decomposition_leaves_over():
    """Split by hand along the right singular vectors of every sample's Jacobian."""
    net = dense_net((5, 7, 6, 3))
    trace = taught_trace(net, *batch(net))
    rng = np.random.default_rng(6)
    for _, J in output_jacobians(trace):
        change = rng.normal(size=(7, J.shape[2]))
        change[0] = 0
        found = null_space_fraction(J, change)
        assert np.isnan(found[0])
        for n in range(1, 7):
            V = np.linalg.svd(J[n])[2]
            left = V[3:] @ change[n]
            np.testing.assert_allclose(found[n], left @ left / (change[n] @ change[n]), rtol=1e-9)
        heard = np.einsum("njk,nj->nk", J, rng.normal(size=(7, 3)))
        np.testing.assert_allclose(null_space_fraction(J, heard), 0, atol=1e-12)


@pytest.mark.parametrize("damping", [0.0, 0.3])
def test_the_gauss_newton_step_is_the_damped_least_squares_solution(damping):
    """argmin ‖Δ Jᵀ - e‖² + c ‖Δ‖², as a solver of another kind finds it; c = 0: the shortest."""
    rng = np.random.default_rng(0)
    J, e = rng.normal(size=(6, 3, 5)), rng.normal(size=(6, 3))
    for n, found in enumerate(gauss_newton(J, e, damping)):
        tall = np.concatenate([J[n], np.sqrt(damping) * np.eye(5)]) if damping else J[n]
        wanted = np.concatenate([e[n], np.zeros(5)]) if damping else e[n]
        np.testing.assert_allclose(found, np.linalg.lstsq(tall, wanted, rcond=None)[0], rtol=1e-9)


@pytest.mark.parametrize("net_name", oracles.NETS)
def test_the_jacobians_are_those_of_finite_differences(net_name):
    """Through slopes, pools and convolutions: how each output follows each layer's bias."""
    net = oracles.NETS[net_name]()
    x, y = batch(net, 1)
    trace, last = taught_trace(net, x, y), net.weighted[-1]
    for layer, J in output_jacobians(trace):
        slope = layer.activation.slope(trace[layer].a[0])
        for output, row in enumerate(J[0]):
            slopes = oracles.differences(
                lambda output=output: net.forward(x)[last].a[0, output], layer.b, range(layer.n_out)
            )
            felt = (row.reshape(slope.shape) * slope).reshape(-1, layer.n_out).sum(axis=0)
            np.testing.assert_allclose(felt, slopes, rtol=1e-6, atol=1e-8)


def test_the_gauss_newton_angle_is_nothing_for_gauss_newton_and_something_for_backprop():
    """It is measured beside the angle to the gradient, and must not be that one again."""
    net = dense_net((6, 9, 8, 4))
    x, y = batch(net)
    measured = {}
    for name in ("gnt", "bp", "ddtp"):
        rule = attached(name, net)
        probe = ProbeBatch(net, net.as_input(x), net.as_target(y, len(x)), DEFAULT + GAUSS_NEWTON)
        measured[name] = probe.measure(rule)
    np.testing.assert_allclose(measured["gnt"]["gauss_newton_angle"], 0, atol=1e-4)
    newton, gradient = measured["bp"]["gauss_newton_angle"], measured["gnt"]["step_angle"]
    np.testing.assert_allclose(newton, gradient, atol=1e-4)
    assert newton[:-1].min() > 5 and newton[-1] < 1e-4
    of_targets = {measure.name for measure in TARGETS}
    assert of_targets <= set(measured["ddtp"])
    assert not of_targets & set(measured["bp"])


@pytest.mark.parametrize("name", oracles.DENSE_ONLY)
def test_the_history_has_what_is_measured_of_targets(name):
    """Inverses learn out of sight otherwise, and a run that fails could not say why."""
    net = dense_net(SIZES)
    history = train(net, attached(name, net), epochs=2, probe=5).history
    for measure in TARGETS:
        assert history[measure.name].shape == (2, 4)
        assert history.start[measure.name].shape == (4,)
    hidden = {"inverse_residual": slice(1, 4), "null_space_share": slice(0, 3)}
    for measure, where in hidden.items():
        assert np.isfinite(history[measure][:, where]).all(), measure
    known = [bool(layer.inverse) for layer in net.weighted]
    assert np.isfinite(history["reconstruction_loss"]).all(axis=0).tolist() == known
    direct = [name != "ddtp" and has for has in known]
    assert np.isfinite(history["lipschitz"]).all(axis=0).tolist() == direct


def test_the_reconstruction_loss_that_is_measured_falls_as_inverses_learn():
    """It is the lesson's own, on samples that never change, with noise that never changes."""
    net = dense_net(SIZES)
    rule = attached("tp", net, inverse_lr=0.01, epochs_before=10)
    history = train(net, rule, epochs=3, probe=5, optimizer=SGD(1e-9)).history
    falling = history.from_start("reconstruction_loss")[:, 1:]
    assert (np.diff(falling, axis=0) < 0).all()


# -- warnings and refusals -----------------------------------------------------------------------


def warned(net: Network, rule: TargetRule) -> list[str]:
    """Return what is said of a rule's inverses, looked at twice."""
    trace = taught_trace(net, *batch(net))
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        for _ in range(2):
            lipschitz_constants(View(rule, trace))
    return [str(each.message) for each in heard if each.category is ContractionWarning]


def test_inverses_that_need_not_converge_are_warned_of_once():
    """A student who iterates a bad inverse must hear why learning got worse."""
    net = dense_net((5, 4, 6, 3))
    rule = attached("itp", net, iterations=3)
    net.weighted[1].inverse.B *= -20
    assert warned(net, rule) == [], "nobody has taught it anything yet"
    rule.learn_feedback(net, taught_trace(net, *batch(net)))
    (sentence,) = warned(net, rule)
    assert sentence.startswith("itp iterates inverses that need not converge")
    assert "at least 1 in layer 2" in sentence and "damping" in sentence and "\n" not in sentence


@pytest.mark.parametrize("case", ["one iteration", "good inverses", "another rule"])
def test_nobody_is_warned_of_inverses_that_do_no_harm(case):
    """A warning that comes always is read never."""
    net = dense_net((5, 4, 6, 3), "identity")
    options = {"iterations": 1} if case == "one iteration" else {}
    rule = attached("tp" if case == "another rule" else "itp", net, **options)
    rule.learn_feedback(net, taught_trace(net, *batch(net)))
    for layer in net.weighted[1:]:
        layer.inverse.B[:] = np.linalg.pinv(layer.W) if case == "good inverses" else -20 * layer.B
    assert warned(net, rule) == []


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("tp", {"step_size": 0}, "step_size must be finite and greater than 0, but is 0"),
        ("tp", {"noise": -1}, "noise must be"),
        ("dtp", {"inverse_lr": 0}, "inverse_lr must be finite and greater than 0"),
        ("dtp", {"inverse_optimizer": "sdg"}, "inverse_optimizer is 'sdg', but must be one of"),
        ("dtp", {"inverse_schedule": "cos"}, "inverse_schedule is 'cos', but must be one of"),
        ("dtp", {"inverse_decay": 1.0}, "inverse_decay must be"),
        ("dtp", {"inverse_init": "xavir"}, "inverse_init is 'xavir', but must be one of"),
        ("dtp", {"inverse_activation": "tahn"}, "activation is 'tahn', but must be one of"),
        ("sdtp", {"epochs_before": -1}, "epochs_before must be at least 0, but is -1"),
        ("itp", {"iterations": -1}, "iterations must be at least 0, but is -1"),
        ("itp", {"damping": 0}, "damping must be finite and greater than 0"),
        ("itp", {"residual": 1}, "residual must be"),
        ("ddtp", {"noise": 0}, "noise must be finite and greater than 0, but is 0"),
        ("dtp_drl", {"noise": 0}, "noise must be finite and greater than 0, but is 0"),
        ("ldrl", {"noise": 0}, "noise must be finite and greater than 0, but is 0"),
        ("itp_drl", {"noise": 0}, "noise must be finite and greater than 0, but is 0"),
        ("gnt", {"damping": -1}, "damping must be finite and at least 0, but is -1"),
    ],
)
def test_a_mistake_in_a_setting_gets_one_sentence(name, options, sentence):
    """A wrong number must be named where it was given, not where it did harm."""
    with pytest.raises(ValueError, match=sentence) as refusal:
        rules.make(name, **options)
    assert "\n" not in str(refusal.value)


def test_a_layer_without_an_inverse_says_what_to_do():
    """Whoever asks for signals before attaching must not get an AttributeError."""
    net = Network([Dense(4, 3, "tanh"), Dense(3, 2)])
    trace = net.forward(np.ones((5, 4))).set_target(np.eye(2, dtype=net.dtype)[[0, 1, 1, 0, 1]])
    with pytest.raises(ValueError, match="has no inverse: attach the rule to the network first"):
        list(rules.make("tp").signals(net, trace))


@pytest.mark.parametrize("name", oracles.DENSE_ONLY)
def test_attaching_another_rule_takes_the_inverses_off(name):
    """A leftover inverse would be drawn, measured and saved as if it were used."""
    net = dense_net(SIZES)
    rule = attached(name, net)
    last = rules.make(name).inverted(net)[-1]
    assert isinstance(last.inverse, Inverse)
    assert [layer.inverse is not None for layer in net.weighted] == [
        layer in rule.inverted(net) for layer in net.weighted
    ]
    attached("fa", net)
    assert all(layer.inverse is None for layer in net.weighted)
