"""Sparse direct feedback: what if every hidden unit heard of a few outputs only, or of one?

Crafton, Parihar, Gebhardt & Raychowdhury 2019 (Frontiers in Neuroscience 13:525; arXiv 1903.02083).

    δ_L  = e = ŷ - y                                (1)
    δ_l  = (e D_l) ∘ f'(a_l)      for every hidden l (2)
    ΔW_l = h_{l-1}ᵀ δ_l / N                         (3)

Symbols: e output error (N, n_L); D_l sparse direct feedback matrix (n_L, n_l): k entries of each
    column, at random rows, are uniform on ±1/s with s = √(n_l / √(n_L k)), and all others are zero.
With k = 1 each unit is taught by one number times the error of one output, so that a chip needs one
    wire to it. With k = n_L it is direct feedback alignment with entries up to √(n_L / n_l).
Uses: the global error, its own activations, D. Does not use: W on the way back, other layers.
Paper: a convolutional network gets its filters from another one and trains dense layers alone; here
    all layers learn. It also bounds the rank of D, which is left out here.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nofb import settings
from nofb.feedback import draw_matrix
from nofb.kernels.jit import kernel
from nofb.rule import Array, Network, Rule, Signals, Trace, Uses


@kernel
def project(e: Array, D: Array) -> Array:
    """Every unit gets the errors of a few outputs, each times a fixed random number."""
    return e @ D  # eq. 2  (N, n_l)


@dataclass(kw_only=True, repr=False, eq=False)
class SparseDirectFeedback(Rule):
    """Direct feedback through matrices that are zero but for a few entries in each column.

    Parameters
    ----------
    entries
        From how many outputs each hidden unit gets an error, k; the paper's extreme by default.

    Examples
    --------
    >>> from nofb import Dense, Network
    >>> net = Network([Dense(4, 3, activation="tanh"), Dense(3, 2)])
    >>> SparseDirectFeedback().attach(net)
    >>> (net.layers[0].D != 0).sum(axis=0)
    array([1, 1, 1])
    """

    name = "sparse_dfa"
    title = "sparse direct feedback"
    paper = "Crafton et al. 2019"
    family = "random"
    uses = Uses(error=True, feedback=True)
    look = "vermillion", "dashes", "X"
    compared = False
    excused: ClassVar[dict[str, str]] = {
        "learns": "with fewer hidden units than outputs, no unit hears of some errors",
    }

    entries: int = settings.whole(1)

    def draw_feedback(self, net: Network, rng: np.random.Generator) -> None:
        if self.entries > net.n_outputs:
            raise ValueError(
                f"entries is {self.entries}, but there are only {net.n_outputs} output errors"
            )
        for layer in net.weighted[:-1]:
            units = net.units_shown(layer)
            layer.D = draw_matrix(self.draw, rng, net.n_outputs, units, net)

    def draw(self, rng: np.random.Generator, outputs: int, units: int) -> Array:
        """Return a matrix (outputs, units) with k entries in each column, at random rows."""
        largest = np.sqrt(np.sqrt(outputs * self.entries) / units)  # 1/s
        order = rng.permuted(np.tile(np.arange(outputs), (units, 1)), axis=1).T
        drawn = rng.uniform(-largest, largest, (outputs, units))
        return np.where(order < self.entries, drawn, 0.0)

    def signals(self, net: Network, trace: Trace) -> Signals:
        yield net.weighted[-1], trace.error  # eq. 1  (N, n_L)
        for layer in net.weighted[:-1]:
            delta = trace.delta(layer, project(trace.error, layer.D))  # times the slope: eq. 2
            yield layer, delta
