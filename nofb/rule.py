"""The base of all rules: a rule turns a trace into a teaching signal for every layer.

The weight step then always reads dW = h_belowᵀ δ / N, so rules differ in their signals alone.
A rule's file imports the names of its signatures from here.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numba.core.errors import NumbaError

from nofb import checks, feedback, seeds, settings, updates
from nofb.clock import Clock
from nofb.initialisers import Initialiser
from nofb.kernels import calls
from nofb.layers import WeightedLayer
from nofb.modules import is_nofb
from nofb.network import Network
from nofb.trace import Trace
from nofb.types import Array, Map
from nofb.updates import Signals, Update

__all__ = ["Array", "Initialiser", "Map", "Network", "Rule", "Signals", "Trace", "Uses",
           "WeightedLayer", "modules_of"]  # fmt: skip

MISTAKES = (TypeError, ValueError, AttributeError, NumbaError)


@dataclass(frozen=True)
class Uses:
    """What a rule must know, on its way back, beyond a layer's own input and activation."""

    error: bool = False  # the output error ŷ - y
    labels: bool = False  # the target alone, before the forward pass has ended
    transport: bool = False  # W of the layer above, transposed: weight transport, at once or slowly
    signs: bool = False  # only the signs of those weights
    forward_weights: bool = False  # the layer's own W as a matrix, not only how its units respond
    feedback: bool = False  # random matrices that never learn
    learned_feedback: bool = False  # feedback matrices that learn
    second_phase: bool = False  # a phase of its own, in which units respond so that feedback learns
    second_pass: bool = False  # a further forward pass, from another input or with noise in it


@dataclass(kw_only=True, repr=False, eq=False)
class Rule(ABC):
    """A way of sending teaching signals to the layers of a network.

    Its hyper-parameters are the fields of a dataclass, see `nofb.settings`.

    Attributes
    ----------
    name, title, paper
        Its short name in `nofb.rules.RULES`, its full name, and where it comes from.
    family
        Where lists have it: a key of `nofb.rules.FAMILIES`.
    uses
        What it must know.
    look
        Its colour, line and marker in figures, see `nofb.plots.style`. A class without a look of
        its own gets one from its name.
    by_sample
        Whether the signals of a sample need no other sample, so that a batch can be cut into
        pieces; `False` for a custom rule that does not say so itself.
    compared
        Whether `nofb compare` trains it where no rules are named.
    listed
        Whether it is in `RULES`: a variant that is shown with another rule is not.
    remark
        What a table of angles must say of this very class.
    excused
        Tests of `nofb check` that cannot apply to the rule, by name, each with the reason.
    presets
        Settings of papers, by name: attributes for `rules.make(name, preset=...)`.
    clock
        The moment of a run, which `nofb.fit` keeps up to date.
    """

    name: ClassVar[str]
    title: ClassVar[str] = "a custom rule"
    paper: ClassVar[str] = "not published"
    family: ClassVar[str] = "other"
    uses: ClassVar[Uses]
    look: ClassVar[tuple[str, str, str] | None] = None
    by_sample: ClassVar[bool] = True
    compared: ClassVar[bool] = True
    listed: ClassVar[bool] = True
    remark: ClassVar[str] = ""
    excused: ClassVar[dict[str, str]] = {}
    presets: ClassVar[dict[str, dict[str, Any]]] = {}
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

        Each layer once, in any order. Do not change an array after it was yielded or has arrived
        at a layer: it is kept, and not copied.

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
        undrawn = type(self).draw_feedback is Rule.draw_feedback
        if promised and undrawn and feedback.has_none(net):
            sentence = f"no layer has a B: is a method of {self!r} called `draw_feedback`?"
            raise ValueError(sentence) from error
        rule, twin = copy.deepcopy((self, net))
        rule.attach(twin)
        feedback.check_drawn(net, twin, error)

    def check_attached(self, net: Network) -> None:
        """Raise a sentence if another rule, or none, is attached to the network."""
        if net.rule is not self:
            raise ValueError(f"{self!r} is not attached to this network: call attach(net) first")

    def updates(self, net: Network, x: Array, y: Array) -> list[Update]:
        """Compute the updates for one batch; no array of the network changes.

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
