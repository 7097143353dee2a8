"""LoRA: is a small change of a matrix enough, one of low rank?

Hu et al. 2021 (arXiv 2106.09685); on the fused matrix of attention as in Shi et al. 2023.

    W' = W + (α/r) V U                              (1)   W frozen, for the queries, keys and values
    x W' = x W + (α/r) (x V) U                      (2)   two branches; W' is not formed
    U = 0 at the start                              (3)   so that W' = W

Symbols: x tokens that attention receives (N, T, d); W frozen (d, 3d): queries, keys and values side
    by side; V down-projection (d, r), one for all three; U up-projection (r, 3d); α scale; r rank.
Uses: U and V are Dense layers with their own B, so every rule can train them.
Gaps: the paper sets α once and does not tune it. The released TOAST code passes no α, so loralib's
    default is used: α = 1, and α/r = 1/4. `fused=False` has a V and U for each of the three, as in
    the paper. V starts normal in the paper, and Kaiming uniform, ±1/√d, in loralib and here.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from nofb import settings
from nofb.kernels.jit import kernel
from nofb.layers import Attention, Dense, Layer, Sum
from nofb.layers.base import WeightedLayer, Wiring
from nofb.layers.block import Part
from nofb.trace import Trace
from nofb.transfer.backbone import Parts, Receive
from nofb.transfer.layers import Factor, TakeUnits
from nofb.transfer.model import Columns, Options, Transferred
from nofb.types import Array


@kernel
def low_rank(V: Array, U: Array, alpha: float) -> Array:
    """The change of W: the product of the two thin matrices."""
    return V.dtype.type(alpha / V.shape[1]) * (V @ U)  # eq. 1  (d, n_out)


class LowRank:
    """The branch (α/r) (x V) U beside a frozen matrix.

    Attributes
    ----------
    down, up
        The layers of V and U.
    """

    def __init__(self, n_in: int, n_out: int, rank: int, alpha: float) -> None:
        self.down = Dense(n_in, rank, init="uniform_fan_in", bias=False)
        self.up = Dense(rank, n_out, init="zeros", bias=False)  # eq. 3
        self.alpha, self.factor = alpha, Factor(alpha / rank)

    def wire(self, graph: Wiring, at: Layer | None) -> Layer:
        """Add the branch to a graph, above the input of the frozen matrix."""
        low = graph.add(self.down, at)  # x V  (N, T, r)
        return graph.add(self.up, graph.add(self.factor, low))  # eq. 2, without x W  (N, T, n_out)

    def change(self) -> Array:
        """Return W' - W."""
        return low_rank(self.down.W, self.up.W, self.alpha)


def check_rank(rank: int, units: int) -> None:
    """Refuse a rank that no change of a matrix with this many rows can have.

    Raises
    ------
    ValueError
        With both numbers.

    Examples
    --------
    >>> check_rank(65, 64)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: rank is 65, but the tokens have 64 units, and no change of a matrix with 64 rows ...
    """
    if rank > units:
        raise ValueError(
            f"rank is {rank}, but the tokens have {units} units, and no change of a matrix with "
            f"{units} rows has a higher rank than {units}: more would only add parameters"
        )


@dataclass(kw_only=True)
class LoRAOptions(Options):
    """The options of LoRA.

    Parameters
    ----------
    rank
        r, at most the number d of units of a token. With r = d, the change can have full rank, as
        in fine-tuning of these matrices; no product V U has a rank above d.
    alpha
        α; the branch is multiplied by α/r.
    fused
        Whether queries, keys and values share one down-projection.
    """

    rank: int = settings.whole(4)
    alpha: float = settings.number(1.0, above=0)
    fused: bool = settings.switch(True)


class Adapted(Columns):
    """The backbone's blocks, with low-rank branches beside queries, keys and values."""

    def __init__(self, copies: Parts, widths: Sequence[int], options: LoRAOptions) -> None:
        super().__init__(copies, widths)
        units = copies.blocks[0].attention.output.n_in
        count, width = (1, 3 * units) if options.fused else (3, units)
        self.branches = [
            [LowRank(units, width, options.rank, options.alpha) for _ in range(count)]
            for _ in copies.blocks
        ]
        self.thirds = [
            [TakeUnits(i * units, (i + 1) * units) for i in range(3) if options.fused]
            for _ in copies.blocks
        ]

    def wire_columns(self, graph: Wiring, *given: Layer | None) -> Layer:
        X, *present = given
        for block, branches, thirds in zip(
            self.copies.blocks, self.branches, self.thirds, strict=True
        ):
            X = block.wire(graph, X, self._receive(branches, thirds), *present)
        return self.wire_top(graph, X, *present)

    def _receive(self, branches: list[LowRank], thirds: list[TakeUnits]) -> Receive:
        def receive(graph: Wiring, attention: Attention, at: Layer | None) -> list[Layer]:
            frozen = [graph.add(each, at) for each in projections(attention)]  # x W
            added = [branch.wire(graph, at) for branch in branches]
            parts = [graph.add(third, added[0]) for third in thirds] or added
            return [graph.add(Sum(), a, b) for a, b in zip(frozen, parts, strict=True)]  # eq. 2

        return receive


class LoRA(Transferred):
    """Low-rank branches beside the queries, keys and values of every block.

    Examples
    --------
    >>> import numpy as np
    >>> from nofb import datasets, networks, transfer
    >>> data = datasets.load("digits")
    >>> net = networks.make("vision_transformer", data, patch=4, blocks=1, units=16)
    >>> model = transfer.make("lora", net, n_outputs=3, rank=2)
    >>> model.trained_parameters - 3 * 17
    128
    """

    name = "lora"
    title = "LoRA"
    paper = "Hu et al. 2021"
    options_type = LoRAOptions
    options: LoRAOptions

    def body(self, copies: Parts) -> list[Part]:
        self.adapted = Adapted(copies, self.widths, self.options)
        self._unmerged: list[dict[Layer, Array]] = []
        return [self.adapted]

    def check_options(self) -> None:
        check_rank(self.options.rank, self.backbone.units)

    def groups(self) -> dict[str, list[Layer]]:
        flat = [branch for block in self.adapted.branches for branch in block]
        downs: list[Layer] = [branch.down for branch in flat]
        return {"V": downs, "U": [branch.up for branch in flat], **super().groups()}

    def merge(self) -> None:
        """Add V U to the frozen matrices (eq. 1), and set U to 0.

        `unmerge` restores the weights, bit for bit.

        Raises
        ------
        ValueError
            If it is merged already.
        """
        if self._unmerged:
            raise ValueError("the model is merged already: unmerge() takes it back")
        for block, branches in zip(self.adapted.copies.blocks, self.adapted.branches, strict=True):
            layers = projections(block.attention)
            ups = [branch.up for branch in branches]
            self._unmerged.append({layer: layer.W.copy() for layer in (*layers, *ups)})
            for i, layer in enumerate(layers):
                units = slice(i * layer.n_out, (i + 1) * layer.n_out)
                fused = self.options.fused
                layer.W += branches[0].change()[:, units] if fused else branches[i].change()
            for up in ups:
                up.W[:] = 0

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write V, U and the head, see `Transferred.save`; a merged model is refused."""
        self._check_unmerged("cannot be saved")
        super().save(path)

    def load(self, path: str | os.PathLike[str]) -> Transferred:
        """Fill V, U and the head, see `Transferred.load`; a merged model is refused."""
        self._check_unmerged("cannot be filled from a file")
        return super().load(path)

    def local_updates(self, trace: Trace) -> dict[WeightedLayer, Array]:
        """Return nothing; a merged model is refused, since `unmerge` would undo what it learns."""
        self._check_unmerged("cannot learn")
        return super().local_updates(trace)

    def unmerge(self) -> None:
        """Undo `merge`: all weights are restored, bit for bit.

        Raises
        ------
        ValueError
            If it is not merged.
        """
        if not self._unmerged:
            raise ValueError("the model is not merged: merge() does so")
        for kept in self._unmerged:
            for layer, W in kept.items():
                layer.W[...] = W  # type: ignore[attr-defined]
        self._unmerged = []

    def _take_from(self, start: Transferred) -> None:
        if isinstance(start, LoRA):
            start._check_unmerged("cannot be started from")
        super()._take_from(start)

    def _check_unmerged(self, what: str) -> None:
        if self._unmerged:
            raise ValueError(
                f"a merged LoRA {what}, since its V U is in the frozen W: unmerge() first"
            )


def projections(attention: Attention) -> list[Dense]:
    """Return the layers of queries, keys and values."""
    return [attention.query, attention.key, attention.value]
