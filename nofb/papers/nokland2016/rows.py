"""The rows of both tables: which network is trained, on what, and how.

As the paper and its released code have it: logistic outputs, RMSprop without momentum, batches of
64, inputs in [0, 1]. W and b start at zero where a rule can learn from there: FA and DFA with tanh
or logistic units. All others start uniform on ±1/√n_in, biases too.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from nofb import seeds
from nofb.datasets import Dataset
from nofb.initialisers import uniform_fan_in
from nofb.layers import Conv2D, Dense, Dropout, Flatten, Layer, MaxPool2D
from nofb.network import Network
from nofb.optimizers import RMSprop
from nofb.training.adversarial import FastGradientSign

BATCH = 64
EPSILON = 1e-8 / BATCH  # the released code sums over the batch, and adds 1e-8; nofb takes the mean


@dataclass(frozen=True)
class Row:
    """One row of a table.

    Attributes
    ----------
    data
        The data set.
    hidden
        The units of each hidden layer, after the convolutions if there are any.
    activation
        Of all of them.
    rate
        The learning rate: for MNIST that of the released code, for the other sets see the page.
    dropout
        Whether a tenth of the inputs and half of the hidden units fall silent.
    along
        The signal that adversarial samples follow, see `FastGradientSign`, or `None`. Backprop's
        own feedback is the gradient.
    convolutions
        The maps of each convolution, 5 x 5 with pooling of 3 x 3 at every second pixel.
    rules
        Which rules it is trained by.
    from_zero
        Which of them start from zero.
    longest
        The maximum of epochs, fewer for some rules.
    shorter
        Rules that stay where they start: three epochs show it.
    """

    data: str
    hidden: tuple[int, ...]
    activation: str = "tanh"
    rate: float = 1e-4
    dropout: bool = False
    along: str | None = None
    convolutions: tuple[int, ...] = ()
    rules: tuple[str, ...] = ("bp", "fa", "dfa", "ifa")
    from_zero: tuple[str, ...] = ("fa", "dfa")
    longest: int = 300
    shorter: tuple[str, ...] = ()

    def epochs(self, rule: str, most: int) -> int:
        """Return how many epochs a rule trains, if no run is longer than `most`."""
        return min(3 if rule in self.shorter else self.longest, most)

    @property
    def perturb(self) -> FastGradientSign | None:
        """What changes the samples of a batch."""
        return None if self.along is None else FastGradientSign(0.08, self.along)

    def optimizer(self, rate: float, schedule: str) -> RMSprop:
        """Return a new optimizer; with dropout it bounds the weights into each unit."""
        bound = 3.0 if self.dropout else None
        return RMSprop(lr=rate, schedule=schedule, epsilon=EPSILON, max_norm=bound)

    def network(self, rule: str, data: Dataset, seed: int) -> Network:
        """Return the network as a rule finds it."""
        zero = rule in self.from_zero and self.activation != "relu"
        layers = self._layers(data, "zeros" if zero else "uniform_fan_in")
        shape = tuple(data.x_train.shape[1:])
        net = Network(layers, "binary_cross_entropy", seed, input_shape=shape)
        if not zero:
            draw_biases(net, seed)
        return net

    def _layers(self, data: Dataset, init: str) -> list[Layer]:
        shape = data.x_train.shape[1:]
        layers: list[Layer] = [Dropout(0.1)] if self.dropout else []
        units = shape[0]
        if self.convolutions:
            side = shape[1]
            for below, maps in pairwise([units, *self.convolutions]):
                layers += [Conv2D(below, maps, 5, padding=2, activation=self.activation, init=init)]
                layers += [MaxPool2D(3, 2)]
                side = (side - 3) // 2 + 1
            layers, units = [*layers, Flatten()], self.convolutions[-1] * side * side
        for below, above in pairwise([units, *self.hidden]):
            layers += [Dense(below, above, self.activation, init=init)]
            layers += [Dropout(0.5)] if self.dropout else []
        return [*layers, Dense(self.hidden[-1], data.n_outputs, init=init)]


def draw_biases(net: Network, seed: int) -> None:
    """Draw every bias uniform on ±1/√n_in, as the weights are."""
    rng = seeds.generator(seed, "weights", 1)  # not the stream of the weights
    for layer in net.weighted:
        layer.b = uniform_fan_in(rng, layer.n_in, layer.n_out)[0]


MNIST = {
    "7x240 tanh": Row("mnist", (240,) * 7),
    "1x800 tanh": Row("mnist", (800,)),
    "2x800 tanh": Row("mnist", (800,) * 2),
    "3x800 tanh": Row("mnist", (800,) * 3),
    "4x800 tanh": Row("mnist", (800,) * 4),
    "2x800 logistic": Row("mnist", (800,) * 2, "logistic"),
    "2x800 relu": Row("mnist", (800,) * 2, "relu"),
    "2x800 tanh dropout": Row("mnist", (800,) * 2, dropout=True),
    "2x800 tanh adversarial": Row("mnist", (800,) * 2, along="gradient"),
    "100x240 tanh": Row("mnist", (240,) * 100, shorter=("bp", "fa", "ifa")),
    "100x240 tanh, all from zero": Row(
        "mnist", (240,) * 100, rules=("bp",), from_zero=("bp",), shorter=("bp",)
    ),
}
OWN_FEEDBACK = {
    "2x800 tanh adversarial, own feedback": Row(
        "mnist", (800,) * 2, along="feedback", rules=("fa", "dfa", "ifa")
    ),
}
CIFAR10 = {
    "1x1000 tanh": Row("cifar10_jpeg", (1000,), rate=5e-5),
    "3x1000 tanh": Row("cifar10_jpeg", (1000,) * 3, rate=5e-5),
    "3x1000 tanh dropout": Row(
        "cifar10_jpeg", (1000,) * 3, rate=1e-4, dropout=True, rules=("bp", "fa", "dfa")
    ),
    "convolutional tanh": Row(
        "cifar10_jpeg",
        (2048, 2048),
        rate=5e-5,
        convolutions=(96, 128, 256),
        rules=("bp", "fa", "dfa"),
        longest=20,
    ),
}
