"""One trial of an audit: a rule takes a few steps on a small network with interventions.

The outputs of its units can be held constant, and its weights can be replaced. The weights never
learn, so every change of the updates is an effect of the intervention.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy, deepcopy
from dataclasses import dataclass, field, replace
from itertools import pairwise
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from nofb.audit.units import Units, held_constant
from nofb.network import Network
from nofb.optimizers import SGD
from nofb.rules import Rule
from nofb.trace import Trace
from nofb.training.step import step
from nofb.types import Array
from nofb.updates import Update, other_updates

SIZES = (5, 4, 6, 7, 3)  # all different, so that no matrix has the shape of another
LAYERS = range(len(SIZES) - 1)
SAMPLES = 8
# in which a rule may read weights
CALLS = ("attach", "learn_feedback", "before_step", "teach", "after_step")
FEEDBACK_RATE = 0.1
NOT_SEARCHED = (type, ModuleType, FunctionType)  # for the generators of a rule
EARLIER, LAST = "earlier", "last"  # the steps of a trial, and the last one


class FeedbackAlone(SGD):
    """An optimizer that changes feedback matrices, but not weights and biases."""

    def step_all(self, moves: Sequence[tuple[str, Array, Array]]) -> None:
        super().step_all([move for move in moves if move[0].endswith((".B", ".D"))])


FEEDBACK_ALONE = FeedbackAlone(FEEDBACK_RATE)
Batch = tuple[Array, Array]
Replacements = Mapping[int, Callable[[Array], Array]]
Taught = list[list[Array]]  # for each time that a rule taught, the step (dW, db) of each layer


def build(seed: int = 0) -> Network:
    """Return the network; its outputs are linear, so that ŷ and the error can be anything."""
    sizes = list(pairwise(SIZES))
    layers = [Units(*size, "tanh") for size in sizes[:-1]] + [Units(*sizes[-1])]
    net = Network(layers, loss="squared_error", seed=seed, dtype=np.float64)
    last = layers[-1]
    net.head = replace(net.head, unit=last.switchable(net.head.unit))
    return net


def draw_batch(seed: int) -> Batch:
    """Return random samples (N, n_0) and one-hot targets (N, n_L)."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(SIZES[-1], size=SAMPLES)
    return rng.normal(size=(SAMPLES, SIZES[0])), np.eye(SIZES[-1])[labels]


@dataclass(frozen=True)
class Scene:
    """Where trials take place: what makes a network, and a batch for it, of a seed each."""

    build: Callable[[int], Network]
    draw_batch: Callable[[int], Batch]


@dataclass(frozen=True)
class Trial:
    """The interventions of a trial; none by default.

    Attributes
    ----------
    seed
        Of its feedback.
    noise
        Of the random generators that the rule keeps after it was attached; `None` for `seed`.
    replaced
        The weights that replace those of a layer while the rule computes, by layer index.
    calls
        In which calls they are replaced.
    constant
        The layers whose outputs are held constant while the rule works.
    constant_in
        When they are: in `EARLIER` steps, in the `LAST` one, or in both.
    constant_again
        Whether all outputs are held constant in further forward passes of the whole network;
        `None` if these are no exception.
    past
        Seeds the batches, and the network's weights, of the steps before the last one.
    spoil
        Changes the trace of the last forward pass, before the rule teaches from it.
    """

    seed: int = 0
    noise: int | None = None
    replaced: Replacements = field(default_factory=dict)
    calls: tuple[str, ...] = CALLS
    constant: tuple[int, ...] = ()
    constant_in: tuple[str, ...] = (EARLIER, LAST)
    constant_again: bool | None = None
    past: int = 1
    spoil: Callable[[Trace], object] = lambda trace: None


def run(rule: Rule, trial: Trial, scene: Scene | None = None) -> Taught:
    """Let a copy of the rule take two steps and teach once more; return all that it taught."""
    scene = scene or Scene(build, draw_batch)
    stage = Stage(deepcopy(rule), trial, scene.build(0))
    stage.call(stage.rule.attach, stage.net, trial.seed)
    if trial.noise is not None:
        twin = deepcopy(rule), scene.build(0)
        twin[0].attach(twin[1], trial.noise)
        give_states(kept_generators(*twin), kept_generators(stage.rule, stage.net))
    with replacing(stage.net, weights_of(scene.build(trial.past))):
        taught = [stage.step(scene.draw_batch(2 * trial.past + step)) for step in range(2)]
    stage.call(stage.rule.after_step, stage.net)  # so that what follows W at once has done so
    stage.part = LAST
    return [*taught, stage.last_step(scene.draw_batch(0), trial.spoil)]


class Stage:
    """The network and the rule of one trial."""

    def __init__(self, rule: Rule, trial: Trial, net: Network) -> None:
        self.net, self.rule, self.trial, self.part = net, rule, trial, EARLIER

    def step(self, batch: Batch) -> list[Array]:
        """Compute an update and let the feedback change; the weights do not change."""
        trace = self.passed(batch)
        self.call(self.rule.learn_feedback, self.net, trace)
        return list(map(flat, step(self.net, self.rule, FEEDBACK_ALONE, trace, self.call)))

    def last_step(self, batch: Batch, spoil: Callable[[Trace], object]) -> list[Array]:
        """Return what the rule teaches each layer, from a trace that may have been spoilt.

        Layers with weights come first, then others that learn, such as a mask.
        """
        trace = self.passed(batch)
        spoil(trace)
        taught = list(map(flat, self.call(self.rule.teach, self.net, trace)))
        others = [each for parts in other_updates(trace).values() for each in parts.values()]
        return taught + [each.ravel() for each in others]

    def passed(self, batch: Batch) -> Trace:
        """Return the trace of an unmodified forward pass, with its target."""
        x, target = batch
        trace = self.net.forward(x, train=True).set_target(target)
        if self.trial.constant_again is not None:
            vars(trace)["again"] = self.excepted(trace.again, self.trial.constant_again)
        return trace

    @property
    def units(self) -> list[Units]:
        """The layers of the network, whose outputs can be held."""
        return [layer for layer in self.net.nodes if isinstance(layer, Units)]

    def excepted(self, again: Callable[..., Trace], held: bool) -> Callable[..., Trace]:
        """Return a further pass in which all outputs are held, or none."""

        def further_pass(*arguments: Any, **options: Any) -> Trace:
            with held_constant(self.units, held):
                return again(*arguments, **options)

        return further_pass

    def call(self, method: Callable[..., Any], *arguments: Any) -> Any:
        """Call a method of the rule with the interventions of this trial."""
        replaced = self.trial.replaced if method.__name__ in self.trial.calls else {}
        constant = self.trial.constant if self.part in self.trial.constant_in else ()
        with replacing(self.net, replaced), held_constant(self.units[k] for k in constant):
            return method(*arguments)


def kept_generators(rule: Rule, net: Network) -> list[np.random.Generator]:
    """Return the random generators that a rule keeps for its steps, each once, in one order."""
    waiting: list[Any] = [vars(rule), *(layer.rule_state for layer in net.weighted)]
    seen: dict[int, Any] = {}
    for each in waiting:  # it grows in this loop
        if id(each) in seen or isinstance(each, NOT_SEARCHED):
            continue
        seen[id(each)] = each
        if isinstance(each, Mapping):
            waiting += each.values()
        elif isinstance(each, list | tuple):
            waiting += each
        elif not isinstance(each, np.random.Generator):
            waiting += getattr(each, "__dict__", {}).values()
    return [each for each in seen.values() if isinstance(each, np.random.Generator)]


def give_states(ones: Sequence[np.random.Generator], others: Sequence[np.random.Generator]) -> None:
    """Give the state of each generator to its partner."""
    for one, other in zip(ones, others, strict=True):
        other.bit_generator.state = one.bit_generator.state


def weights_of(net: Network) -> Replacements:
    """Return the weights of a network as replacements for those of another."""

    def by(W: Array) -> Callable[[Array], Array]:
        return lambda before: W

    return {k: by(layer.W) for k, layer in enumerate(net.weighted)}


@contextmanager
def replacing(net: Network, replaced: Replacements) -> Iterator[None]:
    """Replace some weights within this context, and restore all weights afterwards.

    This includes weights that the rule itself has changed: only its updates are compared.
    """
    layers = net.weighted
    before = [(layer.W, layer.W.copy(), layer.b, copy(layer.b)) for layer in layers]
    for index, change in replaced.items():
        layers[index].W[:] = change(layers[index].W)
    try:
        yield
    finally:
        for layer, (W, kept_W, b, kept_b) in zip(layers, before, strict=True):
            W[:] = kept_W
            if b is not None:
                b[:] = kept_b
            layer.W, layer.b = W, b


def flat(update: Update) -> Array:
    """Return dW and db as one row of numbers."""
    return np.concatenate([update.dW.ravel(), np.zeros(0) if update.db is None else update.db])
