"""Linear probe: how much of the task can be read from the frozen backbone?

The plain baseline of every paper on transfer; here as in Shi et al. 2023 (arXiv 2305.15542).

    h = row(z)                                      (1)   z the last tokens of the frozen backbone
    a = h W + b                                     (2)   only W and b learn

Symbols: z last tokens (N, T, d), normalised; row(z) the input of the backbone's own head (N, d):
    the class token, the mean of the tokens that are present, or each token; W, b head.
Uses: only the head's own input and error, so all rules are the same here.
Gaps: papers use the class token only. With `all_tokens`, the head gets all other tokens,
    concatenated. For images with several objects this is the fairer probe: it has all of them.
"""

from dataclasses import dataclass

from nofb import settings
from nofb.layers import Flatten, Layer
from nofb.layers.block import Part
from nofb.transfer.backbone import FIRST, Parts
from nofb.transfer.layers import LeaveOut
from nofb.transfer.model import Options, Transferred


@dataclass(kw_only=True)
class LinearOptions(Options):
    """The options of a linear probe.

    Parameters
    ----------
    all_tokens
        Whether the input of the head is all tokens, concatenated, without a class token.
    """

    all_tokens: bool = settings.switch(False)


class Linear(Transferred):
    """Only a head on the frozen backbone.

    Examples
    --------
    >>> from nofb import datasets, networks, transfer
    >>> data = datasets.load("digits")
    >>> net = networks.make("vision_transformer", data, patch=4, blocks=1, units=16)
    >>> transfer.make("linear", net, n_outputs=3).trained_parameters
    51
    """

    name = "linear"
    title = "linear probe"
    paper = "baseline"
    options_type = LinearOptions
    options: LinearOptions

    def body(self, copies: Parts) -> list[Part]:
        if not self.options.all_tokens:
            return []  # the head is directly above the stored tokens: eq. 1
        first: list[Part] = [LeaveOut(0, 1)] if self.backbone.rows == FIRST else []
        return [*first, Flatten()]

    def kept(self) -> list[Layer]:
        it = self.backbone
        return [it.final if self.options.all_tokens else it.top]

    @property
    def head_units(self) -> int:
        tokens = self.backbone.tokens - (self.backbone.rows == FIRST)
        return self.backbone.units * (tokens if self.options.all_tokens else 1)
