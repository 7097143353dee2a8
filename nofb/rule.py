"""The base class of all rules: a rule computes a teaching signal for every layer from a trace.

The weight update is then always dW = h_belowᵀ δ / N, so rules differ only in their signals.
The file of a rule imports the types for its signatures from here.
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
TITLE, PAPER = "a custom rule", "not published"
NOT_INHERITED = {  # by a custom rule, which may override anything else of its base
    "title": TITLE,
    "paper": PAPER,
    "by_sample": False,
}


@dataclass(frozen=True)
class Uses:
    """What the backward pass of a rule needs, besides a layer's own input and activation."""

    error: bool = False  # the output error ŷ - y
    labels: bool = False  # the target alone, before the forward pass ends
    transport: bool = False  # Wᵀ of the layer above: weight transport, at once or slowly
    signs: bool = False  # only the signs of those weights
    forward_weights: bool = False  # the layer's own W as a matrix, not only how its units respond
    feedback: bool = False  # random matrices that never learn
    learned_feedback: bool = False  # feedback matrices that learn
    second_phase: bool = False  # a separate phase in which the feedback learns from responses
    second_pass: bool = False  # a second forward pass, with another input or with noise


@dataclass(kw_only=True, repr=False, eq=False)
class Rule(ABC):
    """A learning rule: a way of sending teaching signals to the layers of a network.

    Its hyper-parameters are the fields of a dataclass, see `nofb.settings`.

    Attributes
    ----------
    name, title, paper
        Its short name in `nofb.rules.RULES`, its full name, and its source. A custom rule does not
        inherit title and paper.
    family
        The group it is listed in: a key of `nofb.rules.FAMILIES`.
    uses
        What its backward pass needs.
    look
        Its colour, line and marker in figures, see `nofb.plots.style`. A class without a
        `look` gets one that is derived from its name.
    by_sample
        Whether the signals of a sample do not depend on other samples, so that a batch can be cut
        into pieces. The default of a custom rule is `False`.
    compared
        Whether `nofb compare` trains it if no rules are named.
    listed
        Whether it is in `RULES`. A variant that is shown together with another rule is not.
    remark
        A remark about this class for tables of angles.
    excused
        Tests of `nofb check` that cannot apply to the rule, by name, each with the reason.
    presets
        The settings of papers, by name: attributes for `rules.make(name, preset=...)`.
    clock
        The current time of a run, which `nofb.fit` updates.
    """

    name: ClassVar[str]
    title: ClassVar[str] = TITLE
    paper: ClassVar[str] = PAPER
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
        if is_nofb(cls.__module__):
            return
        for name, value in NOT_INHERITED.items():
            if name not in vars(cls):
                setattr(cls, name, value)

    def __post_init__(self) -> None:
        settings.check(self)

    def attach(self, net: Network, seed: int = 0) -> None:
        """Draw the feedback matrices of this rule, and remove those of an earlier one.

        The layers store everything that the rule keeps for this network, so one rule can be
        attached to several networks. All of it is created anew.

        Parameters
        ----------
        net
            The network; each layer that sends or receives a signal gets an array `B` or `D`.
        seed
            Seeds the feedback. Even with the same seed it is independent of the forward weights.
        """
        settings.check(self)  # an own __init__ may have left out super().__init__
        for layer in net.weighted:
            layer.inverse = layer.rule_state = layer.B = layer.D = None
        self.clock = Clock()
        self.draw_feedback(net, seeds.generator(checks.whole("seed", seed, least=0), "feedback"))
        net.rule = self

    def draw_feedback(self, net: Network, rng: np.random.Generator) -> None:  # noqa: B027
        """Put the feedback matrices on the layers; a rule without feedback does not override it."""

    @abstractmethod
    def signals(self, net: Network, trace: Trace) -> Signals:
        """Yield each layer with its teaching signal δ, as rows or shaped like its pre-activation.

        Yield each layer once, in any order. Do not change an array after it was yielded or sent to
        a layer: it is stored without a copy.

        A rule with further passes (made by `trace.again`) yields (layer, δ, pass). Then δ is
        multiplied with the input of the layer in that pass, and the updates of all passes add up.
        """

    def feedback_updates(self, net: Network, trace: Trace) -> Signals:
        """Yield layers with the update of their feedback matrix, after all signals are known.

        The update is dB for a layer with a B, and dD for a layer with a D.
        """
        return ()

    def feedback_passes(self, epoch: int) -> int:
        """Return how many epochs of feedback training come before this epoch."""
        return 0

    def learn_feedback(self, net: Network, trace: Trace) -> None:  # noqa: B027
        """Update the feedback path with a batch; the forward weights do not change."""

    def before_step(self, net: Network, trace: Trace) -> None:  # noqa: B027
        """Update the feedback path with this batch, before the weights are updated."""

    def after_step(self, net: Network) -> None:  # noqa: B027
        """Update the feedback path after the weights were updated; fixed feedback does nothing."""

    def replace_outputs(self, net: Network, trace: Trace) -> None:  # noqa: B027
        """Replace the outputs of the trace, for a rule that does not predict by its output layer.

        Every evaluation of a network calls it: `predict`, `outputs`, `accuracy` and `loss`.
        """

    def learns(self, net: Network, layer: WeightedLayer) -> bool:
        """Return whether a layer learns; `False` only in controls."""
        return True

    def teach(self, net: Network, trace: Trace) -> list[Update]:
        """Return one update for each layer with weights, from a trace with a target."""
        try:
            return self._work_out(net, trace)
        except MISTAKES as error:  # of a rule's methods, or of arguments of a kernel
            self.check_feedback(net, error)
            calls.retell(lambda: self._work_out(net, trace, updates.pairs), modules_of(type(self)))
            raise

    def _work_out(
        self, net: Network, trace: Trace, read: updates.Reader = updates.as_given
    ) -> list[Update]:
        """Return the updates; `read` receives what each method yields, and the method's name."""
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
        """Raise a clear error if the feedback is not as `attach` draws it; kernels cannot."""
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
        """Raise an error if another rule, or none, is attached to the network."""
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
            One for each layer with weights, first to last, each a mean over the batch.
        """
        self.check_attached(net)
        trace = net.forward(x, train=True)
        return self.teach(net, trace.set_target(net.as_target(y, trace.samples)))

    def __repr__(self) -> str:
        changed = settings.changed(self).items()
        given = ", ".join(f"{name}={settings.written(value)}" for name, value in changed)
        return f"{type(self).__name__}({given})"


def modules_of(rule: type[Rule]) -> list[str]:
    """Return the modules of a rule's class and its bases, its own first, without this module."""
    modules = (kind.__module__ for kind in rule.__mro__ if issubclass(kind, Rule))
    return [module for module in dict.fromkeys(modules) if module != __name__]
