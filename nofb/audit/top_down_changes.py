"""A steered transformer in the middle of its two passes, and what an audit changes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from nofb.audit.experiments import otherwise
from nofb.audit.steered import BLOCKS, build, draw_batch, z_of
from nofb.layers import Layer, WeightedLayer
from nofb.trace import Trace
from nofb.transfer import Toast
from nofb.transfer.backbone import attends
from nofb.types import Array

PATH = ("m", "u", *(f"td_{i}" for i in range(BLOCKS, 0, -1)))  # the top-down path
FIRST, LATER = "attention 1", "attention 2, 3"  # of pass 2
COLUMNS = (*PATH, FIRST, LATER, "output")


@dataclass
class Scene:
    """A model, samples as its first layers take them, and labels."""

    model: Toast
    ready: Array
    y: Array

    def seen(self) -> dict[str, Array]:
        """Send the samples through, and return what is in each column."""
        it = self.model.steered
        trace = Trace(self.model, len(self.ready)).fill(self.ready).set_target(self.y)
        trace.fill(self.ready)  # now that y could be read
        td = {f"td_{i}": trace[layer].h for i, layer in enumerate(it.td, 1)}
        first, *later = (each.weights(trace[each]).swapaxes(1, 2) for each in attends(self.model))
        found = {"m": it.selection.mask(trace[it.selection]), "u": trace[it.P].h, **td,
                 FIRST: first, LATER: np.stack(later, axis=2),
                 "output": trace.output}  # fmt: skip
        return {name: array.copy() for name, array in found.items()}


Change = Callable[[Scene], None]


def start(method: str) -> Scene:
    """Return the scene as it is before anything is changed."""
    model, (x, y) = build(method), draw_batch(0)
    return Scene(model, model.as_input(x), y)


# -- what can be changed -------------------------------------------------------------------------

ORDER = np.array([0, 3, 1, 4, 2])  # the class token stays in front
BACK = np.argsort(ORDER)


def labels(it: Scene) -> None:
    """Exchange y."""
    it.y = it.y[:, ::-1].copy()


def sample(it: Scene) -> None:
    """Send other samples through both passes."""
    it.ready = it.model.as_input(draw_batch(1)[0])


def another_token(it: Scene) -> None:
    """Replace the last token of z, and look at all others."""
    z_of(it.ready)[:, -1] = otherwise(z_of(it.ready)[:, -1])


def token_lengths(it: Scene) -> None:
    """Give each token of z another length."""
    z_of(it.ready)[...] *= np.random.default_rng(1).uniform(0.2, 2, (*it.ready.shape[:2], 1))


def reorder(it: Scene) -> None:
    """Put the tokens that both passes receive in another order, and the results back."""
    it.ready = np.ascontiguousarray(it.ready[:, ORDER])


def task_length(it: Scene) -> None:
    """Give ξ another length."""
    it.model.steered.selection.xi *= 3


def task_direction(it: Scene) -> None:
    """Replace ξ."""
    xi = it.model.steered.selection.xi
    xi[:] = otherwise(xi)


def features(it: Scene) -> None:
    """Replace P."""
    _replace([it.model.steered.P])


def relay(it: Scene) -> None:
    """Replace A_2."""
    _replace([it.model.steered.A[1]])


def tap(it: Scene) -> None:
    """Replace C_2."""
    _replace([it.model.steered.C[1]])


def head(it: Scene) -> None:
    """Replace the head."""
    _replace([it.model.last])


def values(it: Scene) -> None:
    """Replace W_V of every block in pass 2."""
    _replace([block.attention.value for block in it.model.steered.blocks])


def queries_and_keys(it: Scene) -> None:
    """Replace W_Q and W_K of every block in pass 2."""
    attentions = [block.attention for block in it.model.steered.blocks]
    _replace([layer for each in attentions for layer in (each.query, each.key)])


def other_weights(it: Scene) -> None:
    """Replace all other weights of the blocks in pass 2."""
    blocks = it.model.steered.blocks
    inside = [layer for block in blocks for layer in block.dense]
    _replace([*inside, *(block.attention.output for block in blocks)])


def _replace(layers: Sequence[Layer]) -> None:
    for layer in layers:
        if isinstance(layer, WeightedLayer):  # and not an activation
            layer.W[:] = otherwise(layer.W)


CHANGES: dict[str, Change] = {
    "the labels": labels,
    "the sample": sample,
    "another token of z": another_token,
    "the lengths of z's tokens": token_lengths,
    "the order of the tokens": reorder,
    "the length of ξ": task_length,
    "the direction of ξ": task_direction,
    "P": features,
    "A_2": relay,
    "C_2": tap,
    "W_V, pass 1 kept": values,
    "W_Q and W_K, pass 1 kept": queries_and_keys,
    "other W, pass 1 kept": other_weights,
    "the head": head,
}
