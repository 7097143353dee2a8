"""Fine-tuning: what if all weights learn?

The plain baseline of every paper on transfer; here as in Shi et al. 2023 (arXiv 2305.15542).

    h = row(backbone(x))                            (1)   all weights of the backbone learn
    a = h W + b                                     (2)   and W and b of a new head

Symbols: x samples; row(.) the input of the backbone's own head (N, d); W, b head.
Uses: a copy of all weights for each task, where other methods share the backbone among tasks.
Gaps: none. Nothing can be computed in advance, because the first layer learns too.
"""

import copy

from nofb.layers import Layer
from nofb.layers.block import Part
from nofb.transfer.backbone import Parts
from nofb.transfer.model import Transferred
from nofb.types import Array


class Finetune(Transferred):
    """The whole backbone with a new head; all of it learns.

    Examples
    --------
    >>> from nofb import datasets, networks, transfer
    >>> data = datasets.load("digits")
    >>> net = networks.make("vision_transformer", data, patch=4, blocks=1, units=16)
    >>> model = transfer.make("finetune", net, n_outputs=3)
    >>> model.trained_parameters == model.all_parameters
    True
    """

    name = "finetune"
    title = "fine-tuning"
    paper = "baseline"

    def body(self, copies: Parts) -> list[Part]:
        return copy.deepcopy(self.backbone.net.layers[:-1])  # eq. 1

    def kept(self) -> list[Layer]:
        """Return no layer: nothing is computed in advance."""
        return []

    def takes(self) -> tuple[int, ...]:
        return self.backbone.net.input_shape or ()

    def as_input(self, x: Array, name: str = "x") -> Array:
        """Return samples in the form for the backbone."""
        return self.backbone.net.as_input(x, name)

    def freeze(self) -> None:
        for node in self.nodes:
            node.frozen = False

    def groups(self) -> dict[str, list[Layer]]:
        learning = [node for node in self.nodes[:-1] if node.parameters()]
        return {"backbone": learning, **super().groups()}
