"""Visual prompt tuning: what if the task were written into the input, as tokens that learn?

Jia et al. 2022 (arXiv 2203.12119), the deep form: new prompts in every block.

    X_1 = [c_1, P_1, E_1]                           (1)   c class token, E the other tokens
    X_l = [c_l, P_l, E_l]                           (2)   the output at P_{l-1} is replaced
    P_l ~ U(-v, v), v = √(6 / (n + d))              (3)   at the start
    a = c_{L+1} W + b                               (4)   the head gets the class token

Symbols: P_l prompts of block l (p, d), the same for all samples; X_l tokens that block l receives
    (N, T + p, d); n numbers in a patch; d units; W, b head.
Uses: prompts have no matrix, so they need no weight transport themselves. Rules differ only in the
    signal that reaches P_l through the frozen blocks.
Gaps: the paper projects prompts in some set-ups; here, as in its code for these tasks, each has d
    numbers. Dropout is for the prompts only. In a network without a class token, prompts are the
    first tokens (so all tokens of a causal network can attend to them); the head does not get them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from nofb import checks, initialisers, settings
from nofb.initialisers import Initialiser
from nofb.layers import Dense, Dropout, Layer, Record
from nofb.layers.base import WeightlessLayer, Wiring
from nofb.layers.block import Part
from nofb.layers.learned import LearnedLayer
from nofb.transfer.backbone import EACH, Parts
from nofb.transfer.layers import Insert, LeaveOut
from nofb.transfer.model import Columns, Options, Transferred
from nofb.types import Array, FloatType, Shape


def uniform(v: float, rng: np.random.Generator, n_in: int, n_out: int) -> Array:
    """Return numbers that are uniform on ±v."""
    return rng.uniform(-v, v, (n_in, n_out))  # eq. 3


class Prompts(LearnedLayer):
    """Tokens that learn, the same for every sample, for any input: (N, count, units).

    Parameters
    ----------
    count, units
        The number of tokens, and the number of units of each.
    init
        The initialiser of the tokens.

    Attributes
    ----------
    prompts
        The tokens (count, units), which learn.

    Examples
    --------
    >>> prompts = Prompts(10, 6)
    >>> prompts.infer_shapes((9, 6))
    >>> prompts.shape_out
    (10, 6)
    """

    LEARNED = ("prompts",)
    SIZES = (*LearnedLayer.SIZES, "count", "units")

    prompts: Array

    def __init__(self, count: int, units: int, init: str | Initialiser = "xavier") -> None:
        self.count, self.units = checks.whole("count", count), checks.whole("units", units)
        self.init = initialisers.get(init)

    @property
    def array_shape(self) -> Shape:
        return self.count, self.units

    def draw(self, rng: np.random.Generator, dtype: FloatType) -> None:
        """Draw the prompts with the layer's initialiser."""
        self.dtype = dtype
        self.prompts = self.init(rng, self.count, self.units)

    def infer_shapes(self, shape_in: Shape) -> None:
        """Accept any shape: only the number of samples of the input is used."""
        self.set_shapes(shape_in, (self.count, self.units))

    def forward(self, record: Record) -> None:
        record.h[...] = self.prompts

    def back(self, record: Record, signal: Array) -> Array:
        return np.zeros((record.samples, *self.shape_in), signal.dtype)

    transport = back

    def relay(self, record: Record, signal: Array) -> Array:
        return np.zeros((record.samples, *self.shape_out), signal.dtype)

    def learn(self, record: Record, signal: Array, samples: int) -> dict[str, Array]:
        """Return the mean of the signal on the prompts."""
        signal = record.signal(self, signal, self.shape_out)
        return {"prompts": signal.sum(0) / self.dtype(samples)}

    def __repr__(self) -> str:
        return f"Prompts({self.count}, {self.units})"


class Ones(WeightlessLayer):
    """1 for each of some tokens, for any input: (N, count, 1). Prompts are always present.

    Parameters
    ----------
    count
        The number of tokens.
    """

    SIZES = (*WeightlessLayer.SIZES, "count")

    def __init__(self, count: int) -> None:
        self.count = checks.whole("count", count)

    def infer_shapes(self, shape_in: Shape) -> None:
        """Accept any shape."""
        self.set_shapes(shape_in, (self.count, 1))

    def forward(self, record: Record) -> None:
        record.h[...] = 1

    def back(self, record: Record, signal: Array) -> Array:
        return np.zeros((record.samples, *self.shape_in), signal.dtype)

    transport = back

    def relay(self, record: Record, signal: Array) -> Array:
        return np.zeros((record.samples, *self.shape_out), signal.dtype)

    def __repr__(self) -> str:
        return f"Ones({self.count})"


@dataclass(kw_only=True)
class PromptOptions(Options):
    """The options of prompt tuning.

    Parameters
    ----------
    count
        p, the number of prompts in each block.
    dropout
        The probability with which a unit of a prompt is set to zero in training.
    """

    count: int = settings.whole(10)
    dropout: float = settings.number(0.0, least=0, below=1)


class Prompted(Columns):
    """The backbone's blocks, each with its own prompts and the tokens."""

    def __init__(
        self,
        copies: Parts,
        widths: Sequence[int],
        at: int,
        draw: Initialiser,
        options: PromptOptions,
    ) -> None:
        super().__init__(copies, widths)
        self.at, self.count, self.rate = at, options.count, options.dropout
        self.prompts = [Prompts(options.count, widths[0], draw) for _ in copies.blocks]

    def wire_columns(self, graph: Wiring, *given: Layer | None) -> Layer:
        X, *present = given
        seen = [
            graph.add(Insert(self.at), each, graph.add(Ones(self.count), each)) for each in present
        ]
        for block, prompts in zip(self.copies.blocks, self.prompts, strict=True):
            P = graph.add(prompts, None)  # only the number of samples of the input is used
            if self.rate:
                P = graph.add(Dropout(self.rate), P)
            if prompts is not self.prompts[0]:
                X = graph.add(LeaveOut(self.at, self.count), X)  # of P_{l-1}: eq. 2
            X = graph.add(Insert(self.at), X, P)  # eq. 1
            X = block.wire(graph, X, present=next(iter(seen), None))
        X = graph.add(LeaveOut(self.at, self.count), X)  # the head uses the others: eq. 4
        return self.wire_top(graph, X, *present)


class PromptTuning(Transferred):
    """Tokens that learn, in every block of the frozen backbone.

    Examples
    --------
    >>> from nofb import datasets, networks, transfer
    >>> data = datasets.load("digits")
    >>> net = networks.make("vision_transformer", data, patch=4, blocks=2, units=16)
    >>> model = transfer.make("prompts", net, n_outputs=3, count=5)
    >>> model.trained_parameters - 3 * 17
    160
    """

    name = "prompts"
    title = "prompt tuning"
    paper = "Jia et al. 2022"
    options_type = PromptOptions
    options: PromptOptions

    def body(self, copies: Parts) -> list[Part]:
        first = self.backbone.net.weighted[0]
        fan_in = first.n_in if isinstance(first, Dense) else self.backbone.units
        draw = partial(uniform, float(np.sqrt(6 / (fan_in + self.backbone.units))))
        at = 0 if self.backbone.rows == EACH else 1
        self.prompted = Prompted(copies, self.widths, at, draw, self.options)
        return [self.prompted]

    def groups(self) -> dict[str, list[Layer]]:
        return {"prompts": [*self.prompted.prompts], **super().groups()}
