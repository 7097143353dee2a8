"""What all rules that send targets share: an inverse for each layer, and how the inverses learn.

A rule's own file says which target a layer gets, and what its inverse learns from.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np

from nofb import activations, checks, initialisers, optimizers, schedules, threads
from nofb.activations import ACTIVATIONS
from nofb.initialisers import Initialiser
from nofb.layers import Dense, Inverse, WeightedLayer
from nofb.layers.inverse import Map
from nofb.network import Network
from nofb.optimizers import Optimizer
from nofb.rules.base import Rule, Signals, draw_matrix, state_of
from nofb.trace import Trace
from nofb.types import Array

Targets = Iterator[tuple[WeightedLayer, Array]]


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

    side_by_side: ClassVar[bool] = True  # no lesson writes where that of another layer does

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

    # -- the inverses ----------------------------------------------------------------------------

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
        """Return the layers that a target travels down through."""
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
            self.inverse_step(net, trace)

    def learn_feedback(self, net: Network, trace: Trace) -> None:
        for _ in range(max(1, self.inverse_steps)):
            self.inverse_step(net, trace)

    def inverse_step(self, net: Network, trace: Trace) -> None:
        """Let every inverse take one step, with fresh noise."""
        lessons = [partial(self.learn, net, trace, layer) for layer in self.inverted(net)]
        if self.side_by_side and threads.worth(trace.samples * net.work):
            threads.share(lessons)
        else:
            for learn in lessons:  # upward: a lesson may need the inverses above as they were
                learn()

    def learn(self, net: Network, trace: Trace, layer: WeightedLayer) -> None:
        """Let the inverse of a layer take one step."""
        inverse, training = inverse_of(layer), state_of(layer, InverseTraining)
        self.lesson(net, trace, layer, training.rng)
        optimizer = training.optimizer
        optimizer.share = self.inverse_share
        optimizer.step("B", inverse.B, inverse.dB)
        optimizer.step("c", inverse.c, inverse.dc)

    @abstractmethod
    def lesson(
        self, net: Network, trace: Trace, layer: WeightedLayer, rng: np.random.Generator
    ) -> float:
        """Write dB and dc of a layer's inverse, and return its loss: a mean over the batch."""

    # -- the targets -----------------------------------------------------------------------------

    @abstractmethod
    def targets(self, net: Network, trace: Trace) -> Targets:
        """Give each layer its target, shaped like its state, from the last one down."""

    def signals(self, net: Network, trace: Trace) -> Signals:
        for layer, t in self.targets(net, trace):
            yield layer, self.teaching_signal(trace, layer, t)

    def teaching_signal(self, trace: Trace, layer: WeightedLayer, t: Array) -> Array:
        """Return δ = (h - t) ∘ f'(a) / η̂; f' stays away where the target is a pre-activation."""
        if layer is trace.net.weighted[-1]:
            return trace.error
        record = trace[layer]
        delta = np.subtract(self.state(trace, layer), t, out=record.array("delta", layer.shape_out))
        delta /= self.step_size  # δ_l = (h_l - t_l) ∘ f'(a_l) / η̂
        return delta if self.activation_first else trace.times_slope(layer, delta)

    def output_target(self, net: Network, trace: Trace) -> Array:
        """Return t_L = a_L - η̂ e: a little down the loss."""
        last = net.weighted[-1]
        t = np.multiply(trace.error, -self.step_size, out=trace[last].array("t", last.shape_out))
        t += self.state(trace, last)
        return t  # t_L = a_L - η̂ e, e = ŷ - y

    def state(self, trace: Trace, layer: WeightedLayer) -> Array:
        """Return what a target of this layer stands for: h_l, or a_l; of the last layer a_L."""
        first = self.activation_first or layer is trace.net.weighted[-1]
        return trace[layer].a if first else trace[layer].h

    def upward(self, net: Network, layer: WeightedLayer) -> Map:
        """Return f_l, from the state of the layer below to that of this one."""
        if self.activation_first:
            return Map(layer.W, layer.b, net.below(layer).activation, activation_first=True)
        return Map(layer.W, layer.b, layer.activation)


def climb(rule: TargetRule, trace: Trace, layer: WeightedLayer, x: Array) -> Array:
    """Send a state of the layer below `layer` up to the output: f_L(... f_l(x)) (N, n_L)."""
    net = trace.net
    for above in net.weighted[net.weighted.index(layer) :]:
        x = rule.upward(net, above)(x, trace[above].array("climbing", above.shape_out))
    return x


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
