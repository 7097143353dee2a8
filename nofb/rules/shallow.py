"""Shallow learning, a control: how far does a network get if only its last layer learns?

A rule that is not better than this control does not train its hidden layers.

    δ_L  = ŷ - y                                    (1)
    ΔW_L = h_{L-1}ᵀ δ_L / N                         (2)   all other layers keep their random weights

Symbols: δ_L teaching signal at the output (N, n_L); h_{L-1} fixed random features (N, n_{L-1}).
Uses: nothing; no hidden layer learns, and there is no backward pass.
Released code: none; many comparisons do not have this control.
"""

from nofb.rule import Network, Rule, Signals, Trace, Uses, WeightedLayer


class Shallow(Rule):
    """The control: the hidden layers keep their initial weights."""

    name = "shallow"
    title = "last layer only (control)"
    paper = "a control"
    family = "control"
    uses = Uses()
    look = "ink", "dashes", ""

    def learns(self, net: Network, layer: WeightedLayer) -> bool:
        return layer is net.weighted[-1]

    def signals(self, net: Network, trace: Trace) -> Signals:
        yield net.weighted[-1], trace.error  # eq. 1
