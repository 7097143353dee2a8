"""What a rule is: it turns a trace into a teaching signal for every layer.

The weight step then always reads dW = h_belowᵀ δ / N, so rules differ in their signals alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

import numpy as np

from nofb import checks, seeds
from nofb.initialisers import Initialiser
from nofb.layers import WeightedLayer
from nofb.layers.owned_arrays import owned
from nofb.network import Network
from nofb.trace import Trace, Update
from nofb.types import Array

Signals = Iterable[tuple[WeightedLayer, Array]]
State = TypeVar("State")


@dataclass(frozen=True)
class Uses:
    """What a rule must know, on its way back, beyond a layer's own input and activation.

    Parameters
    ----------
    error
        The output error ŷ - y.
    labels
        The target alone, before the forward pass has ended.
    transport
        The forward weights of the layer above, transposed: weight transport, at once or slowly.
    signs
        Only the signs of those weights.
    forward_weights
        The layer's own forward weights, as a matrix, to relay a signal upward. That its units
        answer once more, to what a rule sends them, is no use of them.
    feedback
        Random matrices that never learn.
    learned_feedback
        Feedback matrices that learn.
    second_phase
        A time of its own, in which the feedback path learns.
    """

    error: bool = False
    labels: bool = False
    transport: bool = False
    signs: bool = False
    forward_weights: bool = False
    feedback: bool = False
    learned_feedback: bool = False
    second_phase: bool = False


class Rule(ABC):
    """A way of sending teaching signals to the layers of a network.

    Attributes
    ----------
    name
        Its short name in `nofb.rules.RULES`.
    title
        Its full name.
    paper
        Where it comes from.
    uses
        What it must know.
    presets
        Settings of papers, by name: attributes for `rules.make(name, preset=...)`.
    share
        η_t / η_0, which `nofb.fit` keeps up to date: what a rule itself does to a network follows
        the schedule of the learning rate too.
    """

    name: ClassVar[str]
    presets: ClassVar[dict[str, dict[str, Any]]] = {}
    title: ClassVar[str] = "a rule of one's own"
    paper: ClassVar[str] = "not published"
    uses: ClassVar[Uses]
    share: float = 1.0

    def attach(self, net: Network, seed: int = 0) -> None:
        """Draw the feedback path of this rule; any earlier one is taken off.

        Whatever the rule keeps for this network is made anew and lies on the layers, so that one
        rule may be attached to several networks.

        Parameters
        ----------
        net
            The network; its layers get an array `B` or `D` where a signal travels.
        seed
            Seeds the feedback, apart from the forward weights even if their seed is the same.
        """
        for layer in net.weighted:
            layer.inverse = layer.rule_state = layer.B = layer.D = None
        self.share = 1.0
        self.draw_feedback(net, seeds.generator(checks.whole("seed", seed, least=0), "feedback"))
        net.rule = self

    def draw_feedback(self, net: Network, rng: np.random.Generator) -> None:  # noqa: B027
        """Put the feedback matrices on the layers; a rule without any leaves this as it is."""

    @abstractmethod
    def signals(self, net: Network, trace: Trace) -> Signals:
        """Give each layer its teaching signal δ, shaped like its pre-activation, in any order.

        Each in memory of its own: what `Trace.back`, `project` and `relay` return is kept for one
        layer, and stays until the next batch.
        """

    def at(self, epoch: float, epochs: int) -> None:  # noqa: B027
        """Take note of the moment of a run, as an `Optimizer` does, for rates of its own."""

    def feedback_passes(self, epoch: int) -> int:
        """Return how often the samples pass by before this epoch, for the feedback path alone."""
        return 0

    def learn_feedback(self, net: Network, trace: Trace) -> None:  # noqa: B027
        """Let the feedback path learn from a batch, while the weights rest."""

    def before_step(self, net: Network, trace: Trace) -> None:  # noqa: B027
        """Change the feedback path with this batch, before it teaches the weights."""

    def after_step(self, net: Network) -> None:  # noqa: B027
        """Change the feedback path after the weights have moved; fixed feedback stays."""

    def learns(self, net: Network, layer: WeightedLayer) -> bool:
        """Say whether a layer learns; only a control says no."""
        return True

    def teach(self, net: Network, trace: Trace) -> list[Update]:
        """Return one update for each layer with weights, from a trace that knows its target."""
        trace.weight_products(self.signals(net, trace))  # ΔW_l = h_{l-1}ᵀ δ_l / N
        return [trace.update(layer) for layer in net.weighted]

    def updates(self, net: Network, x: Array, y: Array) -> list[Update]:
        """Work out the updates for one batch; no array of the network changes.

        Parameters
        ----------
        net
            A network that the rule is attached to.
        x
            Samples (N, features), or images (N, channels, height, width).
        y
            Labels (N,), or target rows (N, n_outputs).

        Returns
        -------
        list[Update]
            One for each layer with weights, from the input side up, each a mean over the batch.
        """
        if net.rule is not self:
            raise ValueError(f"{self!r} is not attached to this network: call attach(net) first")
        trace = net.forward(x, train=True)
        return self.teach(net, trace.set_target(net.as_target(y, trace.samples)))

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


def state_of(layer: WeightedLayer, kind: type[State]) -> State:
    """Return what the attached rule keeps for a layer, or say that it is not attached."""
    if not isinstance(layer.rule_state, kind):
        raise ValueError(
            f"{layer!r} keeps no {kind.__name__} of this rule: attach the rule to the network first"
        )
    return layer.rule_state


def draw_matrix(
    draw: Initialiser, rng: np.random.Generator, senders: int, receivers: int, net: Network
) -> Array:
    """Return a feedback matrix (senders, receivers) of its own, in the network's type."""
    drawn = draw(rng, senders, receivers)
    return owned("a feedback matrix", net, drawn, (senders, receivers), net.dtype)
