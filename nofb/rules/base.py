"""What a rule is: it turns a trace into a teaching signal for every layer.

The weight step then always reads dW = h_belowᵀ δ / N, so rules differ in their signals alone.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

import numpy as np
from numba.core.errors import NumbaError

from nofb import checks, seeds, settings, updates
from nofb.initialisers import Initialiser
from nofb.kernels import calls
from nofb.layers import WeightedLayer
from nofb.layers.owned_arrays import owned
from nofb.modules import is_nofb
from nofb.network import Network
from nofb.rules.clock import Clock
from nofb.trace import Trace
from nofb.types import Array
from nofb.updates import Signals, Update

State = TypeVar("State")
MISTAKES = (TypeError, ValueError, AttributeError, NumbaError)


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
        The layer's own forward weights, as a matrix, to relay a signal upward. A rule
        that only observes how the layer's units respond does not use them.
    feedback
        Random matrices that never learn.
    learned_feedback
        Feedback matrices that learn.
    second_phase
        A time of its own, in which units respond again so that the feedback path can learn.
    second_pass
        A further forward pass of the whole network, from another input or with noise in it.
    """

    error: bool = False
    labels: bool = False
    transport: bool = False
    signs: bool = False
    forward_weights: bool = False
    feedback: bool = False
    learned_feedback: bool = False
    second_phase: bool = False
    second_pass: bool = False


@dataclass(kw_only=True, repr=False, eq=False)
class Rule(ABC):
    """A way of sending teaching signals to the layers of a network.

    Its hyper-parameters are the fields of a dataclass, see `nofb.settings`.

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
    excused
        Tests of `nofb check` that cannot apply to the rule, by name, each with the reason.
    by_sample
        Whether the signals of a sample need no other sample, so that a batch can be cut into
        pieces. A rule of one's own says so itself.
    clock
        The moment of a run, which `nofb.fit` keeps up to date.
    """

    name: ClassVar[str]
    presets: ClassVar[dict[str, dict[str, Any]]] = {}
    title: ClassVar[str] = "a rule of one's own"
    paper: ClassVar[str] = "not published"
    uses: ClassVar[Uses]
    excused: ClassVar[dict[str, str]] = {}
    by_sample: ClassVar[bool] = False
    clock: Clock = field(default_factory=Clock, init=False)

    def __init_subclass__(cls) -> None:
        if "by_sample" not in vars(cls) and not is_nofb(cls.__module__):
            cls.by_sample = False  # it may override any part of what it inherits

    def __post_init__(self) -> None:
        settings.check(self)

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
        settings.check(self)  # of a rule whose own __init__ leaves out super().__init__, too
        for layer in net.weighted:
            layer.inverse = layer.rule_state = layer.B = layer.D = None
        self.clock = Clock()
        self.draw_feedback(net, seeds.generator(checks.whole("seed", seed, least=0), "feedback"))
        net.rule = self

    def draw_feedback(self, net: Network, rng: np.random.Generator) -> None:  # noqa: B027
        """Put the feedback matrices on the layers; a rule without any leaves this as it is."""

    @abstractmethod
    def signals(self, net: Network, trace: Trace) -> Signals:
        """Give each layer its teaching signal δ, as rows or shaped like its pre-activation.

        Each layer once, in any order. What has been given away, or has arrived at a layer, must not
        be changed any more: it is kept, and not copied.

        A rule with further passes yields (layer, δ, pass): δ then meets what the layer received in
        that pass, and the steps of several passes add up. `trace.again` makes them.
        """

    def feedback_updates(self, net: Network, trace: Trace) -> Signals:
        """Give layers and the update of their feedback matrix, once all signals are known.

        It is dB for a layer with a B, and dD for one with a D.
        """
        return ()

    def feedback_passes(self, epoch: int) -> int:
        """Return how often the samples pass by before this epoch, for the feedback path alone."""
        return 0

    def learn_feedback(self, net: Network, trace: Trace) -> None:  # noqa: B027
        """Let the feedback path learn from a batch, while the weights stay as they are."""

    def before_step(self, net: Network, trace: Trace) -> None:  # noqa: B027
        """Change the feedback path with this batch, before it teaches the weights."""

    def after_step(self, net: Network) -> None:  # noqa: B027
        """Change the feedback path after the weights have moved; fixed feedback stays."""

    def answer(self, net: Network, trace: Trace) -> None:  # noqa: B027
        """Put this rule's own answer in place of the outputs, where its output layer gives none.

        It is asked wherever a network is evaluated: `predict`, `outputs`, `accuracy` and `loss`.
        """

    def learns(self, net: Network, layer: WeightedLayer) -> bool:
        """Say whether a layer learns; only a control says no."""
        return True

    def teach(self, net: Network, trace: Trace) -> list[Update]:
        """Return one update for each layer with weights, from a trace that knows its target."""
        try:
            return self._work_out(net, trace)
        except MISTAKES as error:  # of a rule's methods, or a kernel was given what does not fit
            self.check_feedback(net, error)
            calls.retell(lambda: self._work_out(net, trace, updates.pairs), modules_of(type(self)))
            raise

    def _work_out(
        self, net: Network, trace: Trace, read: updates.Reader = updates.as_given
    ) -> list[Update]:
        """Return the updates; `read` gets what each method yields, and its name."""
        found = updates.updates(
            trace, lambda part: read(self.signals(net, part), "signals", "δ"), self.by_sample
        )
        for layer, step, *_ in read(self.feedback_updates(net, trace), "feedback_updates", "dB"):
            update = found[net.weighted.index(layer)]
            if layer.B is None and layer.D is not None:
                update.dD = step
            else:
                update.dB = step
        return found

    def check_feedback(self, net: Network, error: Exception) -> None:
        """Raise a sentence if the feedback is not as `attach` draws it: kernels have no words."""
        self.check_attached(net)
        promised = self.uses.feedback or self.uses.learned_feedback
        bare = all(layer.B is None and layer.D is None for layer in net.weighted)
        if promised and bare and type(self).draw_feedback is Rule.draw_feedback:
            sentence = f"no layer has a B: is a method of {self!r} called `draw_feedback`?"
            raise ValueError(sentence) from error
        rule, twin = copy.deepcopy((self, net))
        rule.attach(twin)
        for layer, drawn in zip(net.weighted, twin.weighted, strict=True):
            for name, what in (("B", "feedback matrix"), ("D", "direct feedback matrix")):
                found, expected = getattr(layer, name), getattr(drawn, name)
                if expected is not None and found is None:
                    raise ValueError(
                        f"{layer!r} has no {what}: attach the rule to the network first"
                    ) from error
                if expected is not None and found.shape != expected.shape:
                    raise ValueError(
                        f"the {what} of {layer!r} has shape {found.shape}, "
                        f"but needs {expected.shape}"
                    ) from error

    def check_attached(self, net: Network) -> None:
        """Raise a sentence if another rule, or none, is attached to the network."""
        if net.rule is not self:
            raise ValueError(f"{self!r} is not attached to this network: call attach(net) first")

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
        self.check_attached(net)
        trace = net.forward(x, train=True)
        return self.teach(net, trace.set_target(net.as_target(y, trace.samples)))

    def __repr__(self) -> str:
        changed = settings.changed(self).items()
        given = ", ".join(f"{name}={settings.written(value)}" for name, value in changed)
        return f"{type(self).__name__}({given})"


def modules_of(rule: type[Rule]) -> list[str]:
    """Return the modules that a rule's class is written in, its own first, but not this one."""
    modules = (kind.__module__ for kind in rule.__mro__ if issubclass(kind, Rule))
    return [module for module in dict.fromkeys(modules) if module != __name__]


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
