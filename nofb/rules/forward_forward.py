"""Forward-forward: what if each layer learned alone to separate right from wrong labels?

Hinton 2022 (arXiv 2212.13345).

Two forward passes, each with a label written over the first inputs, first right and then wrong:
    ĥ_l  = h_l √n_l / ‖h_l‖                         (1)   input of the next layer: length √n_l
    G_l  = ‖h_l‖²                                   (2)   the goodness of a layer, for each sample
    p_l  = σ(G_l - θ n_l)                           (3)   probability that the label is right
    δ_l  = -(1 - p_l) 2 h_l ∘ f'(a_l)               (4)   right label: the gradient of -log p_l
    δ_l  = p_l 2 h_l ∘ f'(a_l)                      (5)   wrong label: that of -log(1 - p_l)
    ΔW_l = ĥ_{l-1}ᵀ δ_l / N                         (6)   of both passes together
The output layer learns from the pass without a label, and from its own error:
    δ_L  = ŷ - y                                    (7)

Symbols: h_l activation (N, n_l); ĥ_0 the input with its label, of length √n_0; G_l, p_l one number
    a sample; θ threshold, for each unit; σ logistic function; N batch size.
Prediction: every label is tried. The score of a label is the sum of G_l - θ n_l over all hidden
    layers but the first, and the output unit of the loss maps the scores to ŷ.
Below batch or layer normalisation a layer's goodness is that of its own output: above it all labels
    would be equally good, since each pass, or each sample, is brought to one length.
Why it works: the goodness of a layer does not depend on other layers. Eq. 1 removes the goodness of
    the layer below from the input, so each layer must find its own features.
Uses: the labels, its own activations, two more forward passes. Does not use: the error, W in the
    backward pass, other layers, a second phase; there is no backward pass.
Paper: prefers wrong labels that the network finds likely; here all wrong labels are equally likely.
    Its fast prediction is one pass without a label and a softmax on hidden activities. Here this is
    the output layer (eq. 7), and `history` has its accuracy on the training samples. The paper also
    pulls the mean activities of the units of a layer together, which is left out here.
Released code: leaves out the factor 2 of eqs. 4 and 5, which halves the learning rate.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nofb import settings
from nofb.feedback import state_of
from nofb.graph import Graph
from nofb.kernels.jit import kernel
from nofb.layers import LayerNorm
from nofb.rule import Array, Network, Rule, Signals, Trace, Uses, WeightedLayer

EPSILON = 1e-8  # avoids a division by zero


@kernel
def to_length_one_each(h: Array) -> Array:
    """Keep the direction of each row, and give it the length √n."""
    square = (h * h).sum(axis=1) / h.dtype.type(h.shape[1])  # ‖h‖² / n
    return h / np.sqrt(square + h.dtype.type(EPSILON)).reshape(-1, 1)  # eq. 1  (N, n_l)


@kernel
def log_odds(h: Array, threshold: float) -> Array:
    """The goodness minus the threshold of the layer."""
    return (h * h).sum(axis=1) - h.dtype.type(threshold * h.shape[1])  # eqs. 2 and 3  (N,)


@kernel
def logistic(x: Array) -> Array:
    """σ(x), computed so that no exponential overflows."""
    half = x.dtype.type(0.5)
    return half + half * np.tanh(half * x)  # eq. 3


@kernel
def encourage(h: Array, odds: Array) -> Array:
    """A right label should raise the goodness, most if p is small."""
    doubt = logistic(-odds)  # 1 - p  (N,)
    return h.dtype.type(-2) * doubt.reshape(-1, 1) * h  # eq. 4  (N, n_l)


@kernel
def discourage(h: Array, odds: Array) -> Array:
    """A wrong label should lower the goodness, most if p is large."""
    belief = logistic(odds)  # p  (N,)
    return h.dtype.type(2) * belief.reshape(-1, 1) * h  # eq. 5  (N, n_l)


@dataclass
class WrongLabels:
    """The draw of wrong labels, stored as `layer.rule_state` of the first layer.

    Parameters
    ----------
    step
        The number of steps so far: each step has its own draw, the same in every run.
    """

    step: int = 0

    def draw(self, target: Array) -> Array:
        """Return for each target row the row of another class, drawn uniformly."""
        samples, n = target.shape
        others = np.random.default_rng(self.step).integers(1, n, samples)  # up to the class
        wrong = (target.argmax(axis=1) + others) % n
        return one_hot(wrong, n, target)


def one_hot(labels: Array, n: int, like: Array) -> Array:
    """Return rows (N, n) for labels (N,)."""
    return np.eye(n, dtype=like.dtype)[labels]


@dataclass(kw_only=True, repr=False, eq=False)
class ForwardForward(Rule):
    """Forward-forward: high goodness for right labels, low goodness for wrong labels.

    While it is attached, `net.predict`, `net.accuracy` and `net.loss` try every label.

    Parameters
    ----------
    threshold
        θ, the mean square activity at which p is ½.

    Raises
    ------
    ValueError
        If there are fewer inputs than classes, so that no label can be written over them, or fewer
        than two classes.

    Examples
    --------
    >>> from nofb import Dense, Network
    >>> net = Network([Dense(4, 8, activation="relu"), Dense(8, 3)])
    >>> rule = ForwardForward()
    >>> rule.attach(net)
    >>> x, y = np.ones((5, 4)), np.array([0, 1, 1, 2, 1])
    >>> [update.dW.shape for update in rule.updates(net, x, y)]
    [(4, 8), (8, 3)]
    """

    name = "ff"
    title = "forward-forward"
    paper = "Hinton 2022"
    family = "forward"
    uses = Uses(labels=True, second_pass=True)
    look = "bluish green", "long", "d"
    by_sample = False
    compared = False
    excused: ClassVar[dict[str, str]] = {
        "a mean over the batch": "each sample of a batch has its own random wrong label",
        "the slope": "its units learn in separate passes, with a label on the input",
    }

    threshold: float = settings.number(0.5, above=0)

    def draw_feedback(self, net: Network, rng: np.random.Generator) -> None:
        inputs, n = net.inputs, net.n_outputs
        if not 1 < n <= inputs:
            raise ValueError(
                "forward-forward writes the label over the first inputs, one for each class, but "
                f"there are {inputs} inputs and {n} outputs: it needs two classes, and an input "
                "for each"
            )
        net.weighted[0].rule_state = WrongLabels()

    def signals(self, net: Network, trace: Trace) -> Signals:
        yield net.weighted[-1], trace.error  # eq. 7
        wrong = state_of(net.weighted[0], WrongLabels).draw(trace.target)
        for labels, push in ((trace.target, encourage), (wrong, discourage)):
            labelled = self.labelled(net, trace, labels)
            for layer in net.weighted[:-1]:
                h = judged(labelled, layer)
                signal = push(h, log_odds(h, self.threshold))  # eqs. 2 to 5
                own = is_normalised_above(net, layer)
                send = labelled.times_slope if own else labelled.delta
                yield layer, send(layer, signal), labelled  # eq. 6

    def labelled(self, net: Network, trace: Trace, labels: Array) -> Trace:
        """Return a pass of the same samples, with labels (N, n_L) written over their inputs."""
        x = trace.x.reshape(trace.samples, -1).copy()
        x[:, : net.n_outputs] = labels
        hidden = dict.fromkeys(net.weighted[:-1], normalised)  # eq. 1
        return trace.again(received=hidden, x=x.reshape(trace.x.shape))

    def replace_outputs(self, net: Network, trace: Trace) -> None:
        """Set the outputs to the scores of all labels."""
        judges = net.weighted[1:-1] or net.weighted[:1]
        last = trace[net.weighted[-1]]
        for label in range(net.n_outputs):
            row = one_hot(np.full(trace.samples, label), net.n_outputs, last.a)
            labelled = self.labelled(net, trace, row)
            odds = [log_odds(judged(labelled, layer), self.threshold) for layer in judges]
            last.a[:, label] = np.sum(odds, axis=0)
        net.head.unit(last.a, last.h)

    def after_step(self, net: Network) -> None:
        state_of(net.weighted[0], WrongLabels).step += 1


def judged(trace: Trace, layer: WeightedLayer) -> Array:
    """Return the activations that goodness is measured on, a row for each sample.

    They are those that the layer shows to others. Below batch or layer normalisation they are its
    own: above it right and wrong labels would be equally good.
    """
    if is_normalised_above(trace.net, layer):
        return trace[layer].h.reshape(trace.samples, -1)
    return trace.h_shown(layer)


def is_normalised_above(net: Graph, layer: WeightedLayer) -> bool:
    """Return whether what a layer shows to others has a length that says little of its own."""
    above = net.weightless_above(layer)
    return any(isinstance(each, LayerNorm) or not each.by_sample for each in above)


def normalised(h_below: Array) -> Array:
    """Return the input of a layer with length √n, in the same shape."""
    return to_length_one_each(h_below.reshape(len(h_below), -1)).reshape(h_below.shape)  # eq. 1
