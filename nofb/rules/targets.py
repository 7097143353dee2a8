"""Rules that send targets: their common equations, and the loop that runs them.

Such a rule is a pair of pure functions of maps and arrays: the target for the layer below
(`target_below`), and the loss of an inverse (`inverse_loss`). The file of each rule has its own
    part.

A `Map` is f or g: a function of rows, with its Jacobian. A `LayerMaps` describes one layer for
target propagation: its f and g, and the states h_below and h at both ends. `Noise` adds Gaussian
    noise to an
array. A `Use` is one use of an inverse in a loss: z, g(z), and the loss's gradient at g(z).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from nofb import optimizers, schedules, settings
from nofb.activations import ACTIVATIONS, Activation
from nofb.feedback import draw_matrix, state_of
from nofb.initialisers import Initialiser
from nofb.kernels.jit import kernel
from nofb.layer_maps import LayerMaps, dense_layers, inverse_map, layer_maps
from nofb.layers.inverse import Inverse, Use
from nofb.network import network_of
from nofb.noise import Noise
from nofb.optimizers import Optimizer
from nofb.rule import Array, Map, Network, Rule, Signals, Trace, WeightedLayer
from nofb.updates import side_by_side

Targets = Iterator[tuple[WeightedLayer, Array]]


class InverseUpdate(NamedTuple):
    """The update of an inverse from one batch: its loss, and the mean gradients of B and c."""

    loss: float
    dB: Array
    dc: Array


# -- equations -----------------------------------------------------------------------------------


@kernel
def output_target(a: Array, e: Array, step_size: float) -> Array:
    """A small step down the loss (N, n_L)."""
    return a - a.dtype.type(step_size) * e  # t_L = a_L - η̂ e, e = ŷ - y


@kernel
def target_error(h: Array, t: Array, step_size: float) -> Array:
    """The difference of a layer from its target, scaled like a gradient (N, n_l)."""
    return (h - t) / h.dtype.type(step_size)  # δ_l before f': (h_l - t_l) / η̂


@kernel(exact=True)
def difference_target(h_below: Array, g_t: Array, g_h: Array) -> Array:
    """The error of the inverse cancels, to the last bit if t = h (N, n_{l-1})."""
    return h_below + (g_t - g_h)  # t_{l-1} = h_{l-1} + g_l(t_l) - g_l(h_l)


def reconstruction(layers: Sequence[LayerMaps], noise: Noise) -> InverseUpdate:
    """½‖g(f(h̃)) - h̃‖²: an inverse reconstructs the input of the layer, with noise."""
    own = layers[0]
    noisy = noise(own.h_below)  # h̃_{l-1} = h_{l-1} + ξ, ξ ~ N(0, σ²)  (N, n_{l-1})
    z = own.f(noisy)
    u = own.g(z)  # u_{l-1} = g_l(f_l(h̃_{l-1}))  (N, n_{l-1})
    wrong = u - noisy
    dB, dc = own.g.gradient([Use(z, u, wrong)])  # ΔB_l = f_l(h̃_{l-1})ᵀ ((u - h̃)_{l-1} ∘ s') / N
    return InverseUpdate(half_squared_error(wrong), dB, dc)


def difference_reconstruction(layers: Sequence[LayerMaps], noise: Noise) -> InverseUpdate:
    """‖ũ - h̃‖² / (2σ²): noise passes up to the output, and comes down like a target."""
    own, *above = layers
    noisy = noise(own.h_below)  # h̃_{l-1} = h_{l-1} + ξ, ξ ~ N(0, σ²)  (N, n_{l-1})
    u = noisy
    for each in layers:
        u = each.f(u)  # ũ_L = f_L(... f_l(h̃_{l-1}))  (N, n_L)
    for each in reversed(above):
        g_u, g_h = each.g(u), each.g(each.h)
        u = difference_target(each.h_below, g_u, g_h)  # ũ_{m-1} = h_{m-1} + g_m(ũ_m) - g_m(h_m)
    g_u, g_h = own.g(u), own.g(own.h)  # of the inverse that learns: m = l
    back = difference_target(own.h_below, g_u, g_h)  # ũ_{m-1} = h_{m-1} + g_m(ũ_m) - g_m(h_m)
    return difference_loss(own.g, back, noisy, noise.width, (u, g_u), (own.h, g_h))


def difference_loss(
    g: Inverse,
    back: Array,
    noisy: Array,
    width: float,
    up: tuple[Array, Array],
    at: tuple[Array, Array],
) -> InverseUpdate:
    """‖ũ - h̃‖² / (2σ²) for ũ = h + g(z) - g(h), with (z, g(z)) in `up` and (h, g(h)) in `at`."""
    wrong = (back - noisy) / width
    gradient = wrong / width  # of the loss, with respect to ũ
    uses = [Use(*up, gradient), Use(*at, -gradient)]
    dB, dc = g.gradient(uses)  # ΔB_l gradient of ‖ũ_{l-1} - h̃_{l-1}‖² / (2σ²)
    return InverseUpdate(half_squared_error(wrong), dB, dc)


def half_squared_error(wrong: Array) -> float:
    """Return ½‖wrong‖², a mean over the samples."""
    return 0.5 * float(np.vdot(wrong, wrong)) / len(wrong)


# -- the loop ------------------------------------------------------------------------------------


@dataclass
class InverseTraining:
    """The noise and the optimizer of one layer's inverse."""

    rng: np.random.Generator
    optimizer: Optimizer


@dataclass(kw_only=True, repr=False, eq=False)
class TargetRule(Rule):
    """A rule that sends every layer a target, through inverses that learn beside the weights.

    A target is a better value for the state of a dense layer: h_l, or a_L for the last one. If
    activations are separate layers, the state of a dense layer is its pre-activation.

    Parameters
    ----------
    step_size
        η̂: the distance of the output target from the output, in gradients of a sample's loss.
    noise
        σ of the noise that is added to activations while inverses learn; 0 for none.
    inverse_lr
        The learning rate of the inverses.
    inverse_optimizer
        The optimizer of the inverses, a name in `nofb.optimizers.OPTIMIZERS`.
    inverse_schedule
        How the learning rate of the inverses changes, a name in `nofb.schedules.SCHEDULES`.
    inverse_decay
        λ of the inverses, per step: the decay of their weights.
    inverse_steps
        The number of steps of every inverse with each batch, before the step of the weights.
    epochs_before
        The number of epochs before the first one, in which only the inverses learn.
    epochs_between
        The number of epochs before each later one, in which only the inverses learn.
    inverse_activation
        The activation of every inverse; `None` for that of the layer below. If activations are
        separate layers, it comes before the matrix, and `None` is for the one that is inverted.
    inverse_init
        How the matrix of every inverse is drawn.
    """

    family = "targets"
    compared = False

    step_size: float = settings.number(0.1, above=0)
    noise: float = settings.number(0.1, least=0)
    inverse_lr: float = settings.number(1e-3, above=0)
    inverse_optimizer: str = settings.choice("adam", optimizers.OPTIMIZERS)
    inverse_schedule: str = settings.choice("constant", schedules.SCHEDULES)
    inverse_decay: float = settings.number(0.0, least=0, below=1)
    inverse_steps: int = settings.whole(1, least=0)
    epochs_before: int = settings.whole(0, least=0)
    epochs_between: int = settings.whole(0, least=0)
    inverse_activation: str | None = settings.choice(None, ACTIVATIONS, optional=True)
    inverse_init: Initialiser = settings.initialiser("xavier")

    @abstractmethod
    def target_below(self, f: Map, g: Map, h_below: Array, h: Array, t: Array) -> Array:
        """Return the target of the layer below (N, n_{l-1}), given that of this one (N, n_l)."""

    def inverse_loss(self, layers: Sequence[LayerMaps], noise: Noise) -> InverseUpdate:
        """Return the update of the inverse of the first of these layers."""
        return reconstruction(layers, noise)

    # -- targets ---------------------------------------------------------------------------------

    def targets(self, net: Network, trace: Trace) -> Targets:
        """Yield each layer with its target, shaped like its state, last to first."""
        layers = self.layers(net, trace)
        targets = self.targets_of(layers, trace.error)
        return zip((own.layer for own in reversed(layers)), targets, strict=True)

    def targets_of(self, layers: Sequence[LayerMaps], e: Array) -> Iterator[Array]:
        """Yield the target of every layer, last to first."""
        t = output_target(layers[-1].h, e, self.step_size)
        yield t
        for own in layers[:0:-1]:
            t = self.send_down(own, t, e)
            yield t

    def send_down(self, own: LayerMaps, t: Array, e: Array) -> Array:
        """Return the target of the layer below; some rules need the error e for it."""
        return self.target_below(own.f, own.g, own.h_below, own.h, t)

    def signals(self, net: Network, trace: Trace) -> Signals:
        layers, e = self.layers(net, trace), trace.error
        _, *targets = self.targets_of(layers, e)
        yield net.weighted[-1], self.weight_signal(layers[-1], e)  # δ_L = e
        for own, t in zip(layers[-2::-1], targets, strict=True):
            yield own.layer, self.weight_signal(own, self.teaching_signal(own, t, e))

    def teaching_signal(self, own: LayerMaps, t: Array, e: Array) -> Array:
        """Return δ of a hidden layer (N, n_l)."""
        error = target_error(own.h, t, self.step_size)
        return own.times_slope(error)  # δ_l = (h_l - t_l) ∘ f'(a_l) / η̂

    def weight_signal(self, own: LayerMaps, delta: Array) -> Array:
        """Return the signal for the update of W, given δ; the default is δ itself."""
        return delta

    def layers(self, net: Network, trace: Trace) -> list[LayerMaps]:
        """Return the maps of every layer with weights, first to last."""
        states = [trace[net.weighted[0]].h_below, *(self.state(trace, k) for k in net.weighted)]
        return layer_maps(net, states, self.unit(net))

    def state(self, trace: Trace, layer: WeightedLayer) -> Array:
        """Return the state that has a target: h_l, and a_L for the last layer."""
        at_a = layer is trace.net.last and not self.unit(network_of(trace))
        return trace[layer].a if at_a else trace[layer].h

    def unit(self, net: Network) -> list[Activation]:
        """Return the output unit if the last target is for ŷ; it is for a_L otherwise."""
        return []

    # -- inverses --------------------------------------------------------------------------------

    def draw_feedback(self, net: Network, rng: np.random.Generator) -> None:
        dense_layers(net, who=self.name)
        inverted = self.inverted(net)
        for layer, noise_rng in zip(inverted, rng.spawn(len(inverted)), strict=True):
            self.attach_inverse(net, layer, rng)
            optimizer = optimizers.make(
                self.inverse_optimizer, lr=self.inverse_lr, decay=self.inverse_decay
            )
            layer.rule_state = InverseTraining(noise_rng, optimizer)

    def inverted(self, net: Network) -> list[WeightedLayer]:
        """Return the layers that have an inverse."""
        return net.weighted[1:]

    def attach_inverse(self, net: Network, layer: WeightedLayer, rng: np.random.Generator) -> None:
        """Draw the inverse of a layer: from its state to that of the layer below."""
        layer.B = draw_matrix(self.inverse_init, rng, *layer.feedback_shape, net)
        given = self.inverse_activation
        layer.inverse = inverse_map(net, layer.B, layer, net.below(layer), given)

    def feedback_passes(self, epoch: int) -> int:
        return self.epochs_between if epoch else self.epochs_before

    def before_step(self, net: Network, trace: Trace) -> None:
        for _ in range(self.inverse_steps):
            self.step_inverses(net, trace)

    def learn_feedback(self, net: Network, trace: Trace) -> None:
        for _ in range(max(1, self.inverse_steps)):
            self.step_inverses(net, trace)

    def step_inverses(self, net: Network, trace: Trace) -> None:
        """Take one step with every inverse; all gradients are computed before the steps."""
        stacks = self.stacks(net, trace)
        training = [state_of(own.layer, InverseTraining) for own, *_ in stacks]
        noises = [each.rng for each in training]
        jobs = [partial(self.inverse_update, *each) for each in zip(stacks, noises, strict=True)]
        updates = side_by_side(trace, jobs)
        factor = schedules.get(self.inverse_schedule)(self.clock.epoch, self.clock.epochs)
        for (own, *_), each, update in zip(stacks, training, updates, strict=True):
            each.optimizer.factor = factor
            each.optimizer.step("B", own.g.B, update.dB)
            each.optimizer.step("c", own.g.c, update.dc)

    def stacks(self, net: Network, trace: Trace) -> list[list[LayerMaps]]:
        """Return each layer that has an inverse, with all layers above it."""
        layers = self.layers(net, trace)
        return [layers[net.weighted.index(layer) :] for layer in self.inverted(net)]

    def inverse_update(
        self, layers: Sequence[LayerMaps], rng: np.random.Generator
    ) -> InverseUpdate:
        """Return the update of the inverse of the first of these layers, with new noise."""
        return self.inverse_loss(layers, Noise(rng, self.noise))
