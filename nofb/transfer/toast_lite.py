"""TOAST-Lite: is a small change of a pre-tuned feedback path enough?

Shi, Gai, Darrell & Wang 2023 (arXiv 2305.15542).

    A_l' = A_l + (α/r) (V_A U_A)ᵀ                   (1)   A_l and C_l as pre-tuned, and frozen
    C_l' = C_l + (α/r) (V_C U_C)ᵀ                   (2)
    U = 0 at the start                              (3)   the start is the pre-tuned TOAST

Symbols: A_l, C_l the feedback path (d, d); V down-projection (d, r), U up-projection (r, d), two of
    each for every block; α scale; r rank. The rest is as in TOAST.
Uses: the same as TOAST; every V and U is a Dense layer with its own B.
What learns: V, U, ξ, P and the head. Here P learns, as in the released code.
Gaps: as for LoRA, the released code passes no α, so α/r = 1/4. Without a pre-tuned TOAST as
    `start`, A and C stay random.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nofb import settings
from nofb.layers import Dense, Layer, Sum
from nofb.layers.base import Wiring
from nofb.transfer.backbone import Parts, TransformerBlock
from nofb.transfer.lora import LowRank, check_rank
from nofb.transfer.toast import Steered, Toast, ToastOptions


@dataclass(kw_only=True)
class ToastLiteOptions(ToastOptions):
    """The options of TOAST-Lite, in addition to those of TOAST.

    Parameters
    ----------
    rank
        r, the number of units in the middle of the branch beside each A and C.
    alpha
        α: each of these branches is multiplied by α/r.
    """

    rank: int = settings.whole(4)
    alpha: float = settings.number(1.0, above=0)
    train_a: bool = settings.fixed(False)
    train_p: bool = settings.switch(True)


class SteeredLite(Steered):
    """A steered backbone whose A and C have low-rank branches."""

    def __init__(
        self, copies: Parts, widths: Sequence[int], blocks: list[TransformerBlock], std: float,
        rank: int, alpha: float,
    ) -> None:  # fmt: skip
        super().__init__(copies, widths, blocks, std)
        self.branches = {
            matrix: LowRank(widths[0], widths[0], rank, alpha)  # its U starts as 0: eq. 3
            for matrix in (*self.A, *self.C)
        }

    def wire_matrix(self, graph: Wiring, matrix: Dense, at: Layer) -> Layer:
        branch = self.branches[matrix].wire(graph, at)
        return graph.add(Sum(), graph.add(matrix, at), branch)  # eqs. 1 and 2


class ToastLite(Toast):
    """TOAST whose pre-tuned feedback path changes by low-rank branches only.

    Examples
    --------
    >>> from nofb import datasets, networks, transfer
    >>> data = datasets.load("digits")
    >>> net = networks.make("vision_transformer", data, patch=4, blocks=2, units=16)
    >>> tuned = transfer.make("toast", net, n_outputs=10, stage="pretune")
    >>> model = transfer.make("toast_lite", net, n_outputs=5, start=tuned, rank=2)
    >>> bool((model.steered.A[0].W == tuned.steered.A[0].W).all())
    True
    """

    name = "toast_lite"
    title = "TOAST-Lite"
    options_type = ToastLiteOptions
    frozen_a = "pre-tune make('toast', ..., stage='pretune'), and give it as start"
    options: ToastLiteOptions
    wiring = SteeredLite
    steered: SteeredLite

    def check_options(self) -> None:
        super().check_options()
        check_rank(self.options.rank, self.backbone.units)

    def wiring_options(self) -> dict[str, Any]:
        return {"rank": self.options.rank, "alpha": self.options.alpha}

    def groups(self) -> dict[str, list[Layer]]:
        branches = self.steered.branches.values()
        downs: list[Layer] = [each.down for each in branches]
        return {"V": downs, "U": [each.up for each in branches], **super().groups()}

    def freeze(self) -> None:
        super().freeze()
        for matrix in (*self.steered.A, *self.steered.C):
            matrix.frozen = True
