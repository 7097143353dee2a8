"""One update of a method of transfer, on a backbone of two blocks that is small enough for a page.

A method's equations are in the code that connects its layers, so this code is traced too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nofb import rules, seeds
from nofb.explain.running import RATE, Ran, Watch
from nofb.explain.subjects import as_class
from nofb.explain.values import Value, changed, named
from nofb.layers import ClassToken, Dense, FirstToken, LayerNorm
from nofb.layers.block import Part
from nofb.network import Network
from nofb.networks.transformer_block import transformer_blocks
from nofb.optimizers import SGD
from nofb.trace import Trace
from nofb.training.step import step
from nofb.transfer import Transferred
from nofb.transfer.backbone import attends, mean_attention
from nofb.types import Array

BLOCKS, HEADS, SAMPLES = 2, 2, 1
TOKENS, UNITS, OUTPUTS, FEATURES = 3, 4, 5, 6  # all different, so a shape shows which is which
SETTING = (
    f"A frozen transformer of {BLOCKS} blocks, {UNITS} units and {HEADS} heads; one sample of "
    f"{TOKENS} tokens, the first one the class token; backpropagation; SGD with η = {RATE}"
)


class NotingSGD(SGD):
    """SGD that notes its updates, by the array that changes."""

    moves: dict[int, Array]

    def step_all(self, moves: Sequence[tuple[str, Array, Array]]) -> None:
        self.moves = {id(array): update.copy() for _, array, update in moves}
        super().step_all(moves)


@dataclass(frozen=True)
class MethodSetting:
    """A small backbone for a method, and the options of the method."""

    options: Mapping[str, Any] = field(hash=False)
    forward = "The frozen backbone by itself"  # the title of the part before the method's lines

    @property
    def says(self) -> str:
        """A description, in a sentence."""
        given = "".join(f"; {name} = {value}" for name, value in self.options.items())
        return f"{SETTING}{given}."

    def run(self, method: str | type[Transferred] | Transferred, seed: int, watch: Watch) -> Ran:
        """Make a model and take one update; the code of the method is traced."""
        net, rule, optimizer = backbone(seed), rules.make("bp"), NotingSGD(lr=RATE)
        with watch(None):
            model: Transferred = as_class(method)(net, OUTPUTS, seed, **self.options)  # type: ignore[call-arg, assignment]
        rule.attach(model, seed)
        x = seeds.generator(seed, "order").normal(size=(SAMPLES, TOKENS - 1, FEATURES)).round(1)
        target = model.as_target(np.arange(SAMPLES), SAMPLES)
        arrays = arrays_of(model)
        before = named(arrays, model)
        trace, ready = Trace(model, SAMPLES), model.as_input(x)
        with watch(model):
            trace.fill(ready, train=True).set_target(target)
        given = named({"ŷ": trace.output, "e": trace.error}, model)
        steered = attention(model, trace)
        with watch(model):
            step(model, rule, optimizer, trace)
        moves = {f"d{name}": optimizer.moves[id(array)] for name, array in arrays.items()
                 if id(array) in optimizer.moves}  # fmt: skip
        after = changed(before, named(arrays, model))
        start = (*named({"x": x, "y": target}, model), *before, *others(model))
        end = (*steered, *given, *named(moves, model), *after)
        return Ran(start, by_itself(model, x), end, trace)


def backbone(seed: int) -> Network:
    """Return a transformer; it is not trained, because this does not matter here."""
    layers: list[Part] = [
        Dense(FEATURES, UNITS), ClassToken(UNITS), *transformer_blocks(BLOCKS, UNITS, HEADS),
        LayerNorm(UNITS), FirstToken(), Dense(UNITS, OUTPUTS),
    ]  # fmt: skip
    return Network(layers, seed=seed, dtype=np.float64, input_shape=(TOKENS - 1, FEATURES))


def arrays_of(model: Transferred) -> dict[str, Array]:
    """Return the arrays that the method adds, by name."""
    found: dict[str, Array] = {}
    for group, layers in model.groups().items():
        for number, layer in enumerate(layers, 1):
            if layer in model.added:
                place = f"{group}_{number}" if len(layers) > 1 else group
                for name, array in layer.parameters().items():
                    found[f"{name} of {place}" if layer.weighted else place] = array
    return found


def others(model: Transferred) -> tuple[Value, ...]:
    """Return which other arrays learn, although the method has not added them."""
    learning = [layer for layer in model.nodes if layer.is_taught and layer not in model.added]
    count = sum(len(layer.parameters()) for layer in learning)
    return (Value("the backbone", f"{count} arrays, which all learn"),) * bool(count)


def by_itself(model: Transferred, x: Array) -> tuple[Value, ...]:
    """Return the results of the frozen backbone: its last tokens z, and each block's attention."""
    it = model.backbone
    maps = enumerate(it.attention(x), 1)
    return named(
        {"z": it.send(x, it.selected)} | {f"attention of block {i}": each for i, each in maps},
        model,
    )


def attention(model: Transferred, trace: Trace) -> tuple[Value, ...]:
    """Return the attention of each block that the model computes itself, a mean over heads."""
    if not attends(model):
        return ()
    maps = mean_attention(model, iter([(trace, slice(0, trace.samples))]), trace.samples)
    numbers = range(BLOCKS - len(maps) + 1, BLOCKS + 1)
    return named({f"attention of block {i} with {model.title}": each
                  for i, each in zip(numbers, maps, strict=True)}, model)  # fmt: skip
