"""Rules that send targets: the equations that several of them share, and the loop that runs them.

Such a rule is a pair of pure functions of maps and arrays: what goes down (`target_below`), and
what an inverse learns from (`inverse_loss`). What only one rule does stands in its own file.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from nofb import activations, checks, initialisers, optimizers, schedules, threads
from nofb.activations import ACTIVATIONS
from nofb.initialisers import Initialiser
from nofb.kernels.jit import kernel
from nofb.layers import Dense, Inverse, WeightedLayer
from nofb.layers.inverse import Map, Use
from nofb.network import Network
from nofb.noise import add_noise
from nofb.optimizers import Optimizer
from nofb.rules.base import Rule, draw_matrix, state_of
from nofb.trace import Trace
from nofb.types import Array
from nofb.updates import Signals

Targets = Iterator[tuple[WeightedLayer, Array]]
Loss = tuple[float, list[Use]]  # a mean over the samples, and its slope at each use of the inverse


# -- equations -----------------------------------------------------------------------------------


@kernel
def output_target(a: Array, e: Array, step_size: float) -> Array:
    """A little down the loss (N, n_L)."""
    return a - a.dtype.type(step_size) * e  # t_L = a_L - η̂ e, e = ŷ - y


@kernel
def change(h: Array, t: Array, step_size: float) -> Array:
    """What a target asks of a layer, as long as a gradient (N, n_l)."""
    return (h - t) / h.dtype.type(step_size)


@kernel(exact=True)
def difference_target(h_below: Array, g_t: Array, g_h: Array) -> Array:
    """What an inverse gets wrong cancels: to the last bit where t = h (N, n_{l-1})."""
    return h_below + (g_t - g_h)  # t_{l-1} = h_{l-1} + g_l(t_l) - g_l(h_l)


def reconstruction(layers: Sequence[LayerMaps], noise: Noise) -> Loss:
    """½‖g(f(h̃)) - h̃‖²: an inverse brings back what the layer received, noise included."""
    own = layers[0]
    noisy = noise(own.h_below)  # h̃_{l-1} = h_{l-1} + ξ, ξ ~ N(0, σ²)  (N, n_{l-1})
    z = own.f(noisy)
    u = own.g(z)  # u_{l-1} = g_l(f_l(h̃_{l-1}))  (N, n_{l-1})
    wrong = u - noisy
    uses = [Use(z, u, wrong)]  # ΔB_l = f_l(h̃_{l-1})ᵀ ((u - h̃)_{l-1} ∘ s') / N
    return mean_square(wrong), uses


def difference_reconstruction(layers: Sequence[LayerMaps], noise: Noise) -> Loss:
    """‖ũ - h̃‖² / 2σ²: noise goes up to the output, and comes down as a target does."""
    own = layers[0]
    noisy = noise(own.h_below)  # h̃_{l-1} = h_{l-1} + ξ, ξ ~ N(0, σ²)  (N, n_{l-1})
    u = noisy
    for each in layers:
        u = each.f(u)  # ũ_L = f_L(... f_l(h̃_{l-1}))  (N, n_L)
    for each in reversed(layers):
        z, g_u, g_h = u, each.g(u), each.g(each.h)
        u = difference_target(each.h_below, g_u, g_h)  # ũ_{m-1} = h_{m-1} + g_m(ũ_m) - g_m(h_m)
    return difference_loss(u, noisy, noise.width, (z, g_u), (own.h, g_h))


def difference_loss(
    returned: Array, noisy: Array, width: float, up: tuple[Array, Array], at: tuple[Array, Array]
) -> Loss:
    """‖ũ - h̃‖² / 2σ² for ũ = h + g(z) - g(h), with (z, g(z)) in `up` and (h, g(h)) in `at`."""
    wrong = (returned - noisy) / width
    slope = wrong / width
    uses = [Use(*up, slope), Use(*at, -slope)]  # ΔB_l gradient of ‖ũ_{l-1} - h̃_{l-1}‖² / 2 σ²
    return mean_square(wrong), uses


def mean_square(wrong: Array) -> float:
    """Return ½‖wrong‖², a mean over the samples."""
    return 0.5 * float(np.vdot(wrong, wrong)) / len(wrong)


# -- what the equations work with ----------------------------------------------------------------


class LayerMaps(NamedTuple):
    """A layer as targets meet it.

    Attributes
    ----------
    layer
        The layer.
    f
        Its map, from the state below to its own.
    h_below, h
        The states at both ends (N, n_{l-1}) and (N, n_l).
    """

    layer: WeightedLayer
    f: Map
    h_below: Array
    h: Array

    @property
    def g(self) -> Inverse:
        """Its inverse."""
        return inverse_of(self.layer)


class Noise(NamedTuple):
    """Gaussian noise; calling it adds it to an array."""

    rng: np.random.Generator
    width: float

    def __call__(self, h: Array) -> Array:
        return add_noise(self.rng, self.width, h)


class InverseUpdate(NamedTuple):
    """What an inverse learns from one batch: its loss, and the mean gradients of B and c."""

    loss: float
    dB: Array
    dc: Array


@dataclass
class InverseTraining:
    """What the inverse of a layer learns with, as `layer.rule_state`.

    Parameters
    ----------
    rng
        Draws the noise of this layer.
    optimizer
        Moves the inverse, and keeps its running averages.
    """

    rng: np.random.Generator
    optimizer: Optimizer


# -- the loop ------------------------------------------------------------------------------------


@dataclass(kw_only=True, repr=False, eq=False)
class TargetRule(Rule):
    """A rule that gives every layer a target, through inverses that learn beside the weights.

    Parameters
    ----------
    step_size
        η̂: how far the output target stands from the output, in gradients of a sample's loss.
    noise
        σ of what is added to activations while inverses learn; 0 for none.
    inverse_lr, inverse_optimizer, inverse_schedule, inverse_decay
        The inverses' own optimizer, a name in `nofb.optimizers.OPTIMIZERS`, and its settings.
    inverse_steps
        Steps of every inverse with each batch, before the weights take theirs.
    epochs_before, epochs_between
        Epochs in which the inverses learn alone: before the first, and before each later one.
    inverse_activation
        Of every inverse; `None` for that of the layer it leads to.
    inverse_init
        How the matrix of every inverse is drawn.
    activation_first
        Whether targets are pre-activations, h_l = f(h_{l-1}) W_l + b_l, or activations.
    """

    step_size: float = 0.1
    noise: float = 0.1
    inverse_lr: float = 1e-3
    inverse_optimizer: str = "adam"
    inverse_schedule: str = "constant"
    inverse_decay: float = 0.0
    inverse_steps: int = 1
    epochs_before: int = 0
    epochs_between: int = 0
    inverse_activation: str | None = None
    inverse_init: str | Initialiser = "xavier"
    activation_first: bool = False

    def __post_init__(self) -> None:
        checks.number("step_size", self.step_size, above=0)
        checks.number("noise", self.noise, least=0)
        checks.number("inverse_lr", self.inverse_lr, above=0)
        checks.choice("inverse_optimizer", self.inverse_optimizer, optimizers.OPTIMIZERS)
        checks.choice("inverse_schedule", self.inverse_schedule, schedules.SCHEDULES)
        checks.number("inverse_decay", self.inverse_decay, least=0, below=1)
        for name in ("inverse_steps", "epochs_before", "epochs_between"):
            checks.whole(name, getattr(self, name), least=0)
        if self.inverse_activation is not None:
            activations.get(self.inverse_activation)
        self.inverse_init = initialisers.get(self.inverse_init, "inverse_init")
        self.inverse_share = 1.0

    @abstractmethod
    def target_below(self, f: Map, g: Inverse, h_below: Array, h: Array, t: Array) -> Array:
        """Return the target of the layer below (N, n_{l-1}), given that of this one (N, n_l)."""

    def inverse_loss(self, layers: Sequence[LayerMaps], noise: Noise) -> Loss:
        """Return what the inverse of the first of these layers learns from."""
        return reconstruction(layers, noise)

    # -- targets ---------------------------------------------------------------------------------

    def targets(self, net: Network, trace: Trace) -> Targets:
        """Give each layer its target, shaped like its state, from the last one down."""
        layers = self.layers(net, trace)
        targets = self.targets_of(layers, trace.error)
        return zip((own.layer for own in reversed(layers)), targets, strict=True)

    def targets_of(self, layers: Sequence[LayerMaps], e: Array) -> Iterator[Array]:
        """Give the target of every layer, from the last one down."""
        t = output_target(layers[-1].h, e, self.step_size)
        yield t
        for own in layers[:0:-1]:
            t = self.send_down(own, t, e)
            yield t

    def send_down(self, own: LayerMaps, t: Array, e: Array) -> Array:
        """Return the target of the layer below; here the error at the output plays no part."""
        return self.target_below(own.f, own.g, own.h_below, own.h, t)

    def signals(self, net: Network, trace: Trace) -> Signals:
        layers = self.layers(net, trace)
        targets = list(self.targets_of(layers, trace.error))
        yield net.weighted[-1], trace.error
        for own, t in zip(layers[-2::-1], targets[1:], strict=True):
            yield own.layer, self.teaching_signal(own, t, trace.error)

    def teaching_signal(self, own: LayerMaps, t: Array, e: Array) -> Array:
        """Return δ of a hidden layer (N, n_l); no slope where its target is a pre-activation."""
        asked = change(own.h, t, self.step_size)
        return own.f.times_slope(asked, own.h)  # δ_l = (h_l - t_l) ∘ f'(a_l) / η̂

    def layers(self, net: Network, trace: Trace) -> list[LayerMaps]:
        """Return every layer with weights as targets meet it, from the input side up."""
        states = [trace[net.weighted[0]].h_below, *(self.state(trace, k) for k in net.weighted)]
        return [
            LayerMaps(layer, self.map_of(net, layer), h_below, h)
            for layer, h_below, h in zip(net.weighted, states[:-1], states[1:], strict=True)
        ]

    def state(self, trace: Trace, layer: WeightedLayer) -> Array:
        """Return what a target of this layer replaces: h_l, or a_l; of the last layer a_L."""
        first = self.activation_first or layer is trace.net.weighted[-1]
        return trace[layer].a if first else trace[layer].h

    def map_of(self, net: Network, layer: WeightedLayer) -> Map:
        """Return f_l, from the state of the layer below to that of this one."""
        if not self.activation_first:
            return Map(layer.W, layer.b, layer.activation)
        bottom = layer is net.weighted[0]
        activation = ACTIVATIONS["identity"] if bottom else net.below(layer).activation
        return Map(layer.W, layer.b, activation, activation_first=True)

    # -- inverses --------------------------------------------------------------------------------

    def draw_feedback(self, net: Network, rng: np.random.Generator) -> None:
        check_dense(self, net)
        self.inverse_share = 1.0
        inverted = self.inverted(net)
        for layer, own in zip(inverted, rng.spawn(len(inverted)), strict=True):
            self.attach_inverse(net, layer, rng)
            optimizer = optimizers.make(
                self.inverse_optimizer, lr=self.inverse_lr, decay=self.inverse_decay
            )
            layer.rule_state = InverseTraining(own, optimizer)

    def inverted(self, net: Network) -> list[WeightedLayer]:
        """Return the layers that have an inverse."""
        return net.weighted[1:]

    def attach_inverse(self, net: Network, layer: WeightedLayer, rng: np.random.Generator) -> None:
        """Draw the inverse of a layer: from what it gives to what it received."""
        side = layer if self.activation_first else net.below(layer)
        activation = ACTIVATIONS[self.inverse_activation or side.activation.name]
        layer.B = draw_matrix(self.inverse_init, rng, *layer.feedback_shape, net)  # type: ignore[arg-type]
        layer.inverse = Inverse(layer.B, activation, self.activation_first)

    def at(self, epoch: float, epochs: int) -> None:
        self.inverse_share = schedules.get(self.inverse_schedule)(epoch, epochs)

    def feedback_passes(self, epoch: int) -> int:
        return self.epochs_between if epoch else self.epochs_before

    def before_step(self, net: Network, trace: Trace) -> None:
        for _ in range(self.inverse_steps):
            self.step_inverses(net, trace)

    def learn_feedback(self, net: Network, trace: Trace) -> None:
        for _ in range(max(1, self.inverse_steps)):
            self.step_inverses(net, trace)

    def step_inverses(self, net: Network, trace: Trace) -> None:
        """Let every inverse take one step, each from the inverses as they were before."""
        layers, inverted = self.layers(net, trace), self.inverted(net)
        training = [state_of(layer, InverseTraining) for layer in inverted]
        updates = threads.results([
            partial(self.inverse_update, layers[net.weighted.index(layer) :], own.rng)
            for layer, own in zip(inverted, training, strict=True)
        ], trace.samples * net.work)  # fmt: skip
        for layer, own, update in zip(inverted, training, updates, strict=True):
            own.optimizer.share = self.inverse_share
            own.optimizer.step("B", inverse_of(layer).B, update.dB)
            own.optimizer.step("c", inverse_of(layer).c, update.dc)

    def inverse_update(
        self, layers: Sequence[LayerMaps], rng: np.random.Generator
    ) -> InverseUpdate:
        """Return what the inverse of the first of these layers learns, with fresh noise."""
        loss, uses = self.inverse_loss(layers, Noise(rng, self.noise))
        return InverseUpdate(loss, *layers[0].g.gradient(uses))


def inverse_of(layer: WeightedLayer) -> Inverse:
    """Return the inverse of a layer, or say that there is none."""
    if layer.inverse is None:
        raise ValueError(f"{layer!r} has no inverse: attach the rule to the network first")
    return layer.inverse


def check_dense(rule: Rule, net: Network) -> None:
    """Refuse a network in which something else than dense layers stands above the first one."""
    first = net.layers.index(net.weighted[0])
    for layer in net.layers[first:]:
        if not isinstance(layer, Dense):
            raise ValueError(
                f"{rule.name} sends targets through dense layers only, but the network has "
                f"{layer!r} above its first layer with weights"
            )
