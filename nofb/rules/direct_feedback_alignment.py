"""Direct feedback alignment: what if the output sent the error directly to every layer?

Nøkland 2016 (NeurIPS; arXiv 1609.01596); sparse feedback: Crafton et al. 2019 (arXiv 1903.02083);
one matrix for all layers: Launay et al. 2020 (NeurIPS; arXiv 2006.12878).

    δ_L  = e = ŷ - y                                (1)
    δ_l  = (e D_l) ∘ f'(a_l)      for every hidden l (2)   no layer waits for another
    ΔW_l = h_{l-1}ᵀ δ_l / N                         (3)

Symbols: e output error (N, n_L); D_l direct feedback matrix (n_L, n_l), where n_l counts the
    numbers that the next layer receives: for a convolution all pixels of all maps, after
    normalisation and pooling; for one token, if every token has outputs.
In a network with branches: every W has its own D. γ and β that receive no such signal do not learn.
Uses: the global error, its own activations, D. Does not use: W in the backward pass, other layers.
Zero weights: with tanh, f'(0) = 1, so W_1 changes at step 1, W_2 at step 2 and so on, each when the
    layer below is no longer zero (with biases, all at step 2). Backprop never starts. With ReLU,
    f'(0) = 0 and no weight ever changes.
Released code: sums over the batch (with RMSprop this makes no difference); here it is a mean. Its
    "DFA + adversarial" changes the input along the gradient of backprop. The signal gets the
    dropout mask, as here.
"""

from dataclasses import dataclass

import numpy as np

from nofb import settings
from nofb.feedback import draw_matrix
from nofb.kernels.jit import kernel
from nofb.rule import Array, Initialiser, Network, Rule, Signals, Trace, Uses


@kernel
def project(e: Array, D: Array) -> Array:
    """Every unit gets the errors of all outputs, each times a fixed random number."""
    return e @ D  # eq. 2  (N, n_l)


@dataclass(kw_only=True, repr=False, eq=False)
class DirectFeedbackAlignment(Rule):
    """Direct feedback alignment: a random projection of the output error teaches every layer.

    Parameters
    ----------
    feedback_init
        How each D is drawn; Nøkland's choice, uniform on ±1/√n_l, by default.
    shared
        Whether all layers use the first columns of one matrix.
    entries
        k, the number of output errors that each hidden unit receives: k entries of its column of D
        are not zero, and are scaled by √(n_L / k). `None` for all.
    zero_weights
        Whether `attach` sets all forward weights and biases to zero, as Nøkland does for tanh.

    Examples
    --------
    >>> from nofb import Dense, Network
    >>> net = Network([Dense(4, 3, activation="tanh"), Dense(3, 2)])
    >>> DirectFeedbackAlignment(entries=1).attach(net)
    >>> net.layers[0].D.shape, int((net.layers[0].D != 0).sum())
    ((2, 3), 3)
    """

    name = "dfa"
    title = "direct feedback alignment"
    paper = "Nøkland 2016"
    family = "random"
    uses = Uses(error=True, feedback=True)
    look = "vermillion", "solid", "s"

    feedback_init: Initialiser = settings.initialiser("uniform_fan_out")
    shared: bool = settings.switch(False)
    entries: int | None = settings.whole(None, optional=True)
    zero_weights: bool = settings.switch(False)

    def draw_feedback(self, net: Network, rng: np.random.Generator) -> None:
        units = {layer: net.units_shown(layer) for layer in net.weighted[:-1]}
        if self.shared and units:
            one = self.draw(net, rng, max(units.values()))
            columns = {n: np.ascontiguousarray(one[:, :n]) for n in set(units.values())}
        for layer, n in units.items():
            layer.D = columns[n] if self.shared else self.draw(net, rng, n)
        if self.zero_weights:
            silence(net)

    def draw(self, net: Network, rng: np.random.Generator, units: int) -> Array:
        """Return one direct feedback matrix (n_L, units)."""
        D = draw_matrix(self.feedback_init, rng, net.n_outputs, units, net)
        if self.entries is not None:
            keep_entries(D, self.entries, rng)
        return D

    def signals(self, net: Network, trace: Trace) -> Signals:
        yield net.weighted[-1], trace.error  # eq. 1  (N, n_L)
        for layer in net.weighted[:-1]:
            delta = trace.delta(layer, project(trace.error, layer.D))  # times the slope: eq. 2
            yield layer, delta


def keep_entries(D: Array, k: int, rng: np.random.Generator) -> None:
    """Keep k random entries of each column of D, scaled to keep the size of the signal."""
    if k > len(D):
        raise ValueError(f"entries is {k}, but there are only {len(D)} output errors")
    order = rng.permuted(np.tile(np.arange(len(D)), (D.shape[1], 1)), axis=1).T
    D *= np.where(order < k, np.sqrt(len(D) / k), 0).astype(D.dtype)


def silence(net: Network) -> None:
    """Set all forward weights and biases to zero, if the network can learn from zeros."""
    for layer in net.weighted:
        if layer.activation.slope(np.zeros(1)) == 0:
            raise ValueError(
                f"zero_weights leaves {layer!r} silent, since its slope at 0 is 0: "
                "use tanh or logistic units"
            )
        layer.W[:] = 0
        if layer.b is not None:
            layer.b[:] = 0
