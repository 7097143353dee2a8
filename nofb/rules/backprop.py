"""Backpropagation: how does the loss change with each weight, if errors go back through Wᵀ?

Rumelhart, Hinton & Williams 1986 (Nature 323:533).

    δ_L     = ŷ - y                                 (1)
    δ_{l-1} = (δ_l W_lᵀ) ∘ f'(a_{l-1})              (2)   the forward weights, transposed
    ΔW_l    = h_{l-1}ᵀ δ_l / N                      (3)

Symbols: δ_l teaching signal at the pre-activation a_l (N, n_l); W_l forward weights (n_{l-1}, n_l);
    h_{l-1} input of the layer (N, n_{l-1}); f' slope; N batch size.
Uses: the global error, its own activations, and Wᵀ: this is the weight transport problem.
Released code: none; this is the reference for all other rules.
"""

from nofb.kernels.jit import kernel
from nofb.rule import Array, Network, Rule, Signals, Trace, Uses


@kernel
def send_back(delta: Array, W: Array) -> Array:
    """Every unit below gets the errors of all units above, each times the weight between them."""
    return delta @ W.T  # eq. 2  (N, n_{l-1})


class Backprop(Rule):
    """Backpropagation: the exact gradient of the loss.

    Examples
    --------
    >>> import numpy as np
    >>> from nofb import Dense, Network
    >>> net = Network([Dense(4, 3, activation="tanh"), Dense(3, 2)])
    >>> rule = Backprop()
    >>> rule.attach(net)
    >>> x, y = np.ones((3, 4)), np.array([0, 1, 1])
    >>> [update.dW.shape for update in rule.updates(net, x, y)]
    [(4, 3), (3, 2)]
    """

    name = "bp"
    title = "backpropagation"
    paper = "Rumelhart, Hinton & Williams 1986"
    family = "control"
    uses = Uses(error=True, transport=True)
    look = "ink", "solid", ""

    def signals(self, net: Network, trace: Trace) -> Signals:
        for layer in trace.downward():  # the output layer first, with e: eq. 1
            delta = trace.delta(layer)  # the sum of all signals, ∘ f'(a_l): eq. 2
            yield layer, delta
            if layer.sends:
                trace.arrive(layer, send_back(delta, layer.W))
