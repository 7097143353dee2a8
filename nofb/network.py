"""A network: a list of layers and a loss. It computes forward passes, and knows its graph.

It does not learn by itself: a rule reads the trace of a forward pass and computes updates.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakSet

import numpy as np

from nofb import archive, checks, generation, losses, network_inputs, saved_weights, seeds, summary
from nofb.graph import Graph
from nofb.layers import Dense  # noqa: F401 - for the examples
from nofb.layers.base import Layer, WeightedLayer
from nofb.layers.block import Part, listed
from nofb.trace import Trace
from nofb.types import Array, FloatType, Shape

_TAKEN: WeakSet[Layer] = WeakSet()  # every layer that belongs to a network

# When a whole data set is evaluated, a forward pass takes this many samples, or fewer if the trace
# is larger than this many bytes: 1000 samples of 256 tokens in a large transformer fill the memory.
ROWS_AT_ONCE = 1000
BYTES_AT_ONCE = 1 << 28


class Network(Graph):
    """Layers with a loss.

    Parameters
    ----------
    layers
        Layers and blocks, first to last. Each must be new: a layer belongs to one network, which
        draws its weights. The last one is a `Dense` without activation: the output unit is part of
        the loss.
    loss
        "cross_entropy" (softmax), "binary_cross_entropy" (logistic units) or "squared_error"
        (identity, ½‖ŷ - y‖² summed over outputs).
    seed
        Seeds the weights and the dropout masks.
    dtype
        `numpy.float32`, or `numpy.float64` for checking.
    input_shape
        The shape of one sample: (features,), (channels, height, width), (tokens, units), or
        (tokens,) where the first layer is an `Embedding`. If it is left out, the
        first batch determines it; direct feedback for a convolution can only be drawn then.

    Attributes
    ----------
    layers
        The layers and blocks that were given.
    nodes
        All layers that compute something, those in blocks too, in the order of computation.
    weighted
        The layers with weights.
    head
        The loss with its output unit.
    rule
        The rule that is attached, or `None`.

    Raises
    ------
    TypeError, ValueError
        If the layers do not fit together, or an argument is not one of those allowed.

    Examples
    --------
    >>> net = Network([Dense(4, 3, activation="tanh"), Dense(3, 2)], loss="cross_entropy", seed=0)
    >>> trace = net.forward(np.ones((5, 4)))
    >>> trace.output.shape, trace[net.layers[0]].h.shape
    ((5, 2), (5, 3))
    >>> bool(np.allclose(trace.output.sum(axis=1), 1))
    True
    """

    def __init__(
        self,
        layers: Sequence[Part],
        loss: str = "cross_entropy",
        seed: int = 0,
        dtype: FloatType = np.float32,
        input_shape: Shape | None = None,
    ) -> None:
        layers = listed("layers", layers)
        if dtype not in (np.float32, np.float64):
            raise TypeError(f"dtype must be numpy.float32 or numpy.float64, but is {dtype!r}")
        super().__init__(layers, losses.get(loss), dtype)
        self.seed = checks.whole("seed", seed, least=0)
        self._check_layers()
        self._draw()
        self.rule: Any = None  # the rule that is attached
        if input_shape is None:
            input_shape = self.natural_shape()
        if input_shape is not None:
            self.infer_shapes(network_inputs.checked_shape(self, input_shape))
        _TAKEN.update(self.nodes)

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        _TAKEN.update(self.nodes)  # a copy owns its layers; a layer that is copied alone is free

    if not TYPE_CHECKING:  # type checkers would accept any name

        def __getattr__(self, name: str) -> None:
            if hasattr(type(self), name):  # a property of a subclass: its own error
                object.__getattribute__(self, name)
            cure = ": nofb.fit(net, rule, data) trains it" if name in ("fit", "train") else ""
            kind = type(self).__name__
            raise AttributeError(
                f"{kind!r} object has no attribute {name!r}{cure}", name=name, obj=self
            )

    # -- forward -------------------------------------------------------------------------------

    def forward(self, x: Array, train: bool = False) -> Trace:
        """Compute a forward pass of a batch and return its trace.

        Parameters
        ----------
        x
            Samples (N, features), images (N, channels, height, width), or sequences (N, tokens,
            units) or (N, tokens).
        train
            Whether dropout is on, and batch normalisation uses the statistics of the batch.

        Returns
        -------
        Trace
            `trace.output` is ŷ (N, n_outputs), or a row for each token; `trace[layer]` has
            `h_below`, `a` and `h`.

        Raises
        ------
        ValueError
            If x is empty, is not finite, or does not have the shape that the network takes.
        """
        x = self.as_input(x).copy()  # a trace must not change when the user's array does
        return Trace(self, len(x)).fill(x, train)

    def predict(self, x: Array) -> Array:
        """Return the class of every sample, integers (N,), or (N, tokens) if tokens have classes.

        The class is that of the largest output; one logistic output means class 1 above 1/2.

        Raises
        ------
        ValueError
            If an output is not finite, or if the network has one linear output and so no classes.

        Examples
        --------
        >>> net = Network([Dense(1, 1, bias=False)], loss="binary_cross_entropy")
        >>> net.layers[0].W[:] = 1
        >>> net.predict(np.array([[-2.0], [2.0]])).tolist()
        [0, 1]
        """
        if not self.names_classes:
            raise ValueError(
                "predict returns classes, but one linear output names none: outputs(x) returns "
                "its values"
            )
        return self._classes(self.outputs(x))

    def generate(self, start: Array, length: int, temperature: float = 1.0, seed: int = 0) -> Array:
        """Generate further tokens with a causal network, given the first ones.

        Each token is drawn from the outputs at the token before it. If the text is longer than what
        the network reads at once, the network reads the end of the text.

        Parameters
        ----------
        start
            Tokens (n,), at least one.
        length
            How many tokens to generate.
        temperature
            The logits are divided by it: below 1 likely tokens become more likely; 0 always takes
            the most likely one.
        seed
            Seeds the draws.

        Returns
        -------
        Array
            The start and the new tokens, integers (n + length,); a vocabulary can `decode` them.

        Raises
        ------
        TypeError, ValueError
            If the network is not causal or does not predict a token at each token, or if an
            argument is out of its range.
        """
        return generation.generate(self, start, length, temperature, seed)

    def outputs(self, x: Array) -> Array:
        """Return ŷ for every sample, with dropout off; refuse NaN and infinity.

        It is (N, n_outputs), or (N, tokens, n_outputs) if every token has outputs.
        """
        x = self.as_input(x)
        outputs = self._outputs(x)
        self.check_outputs(outputs, x)
        return outputs.reshape(len(x), *self.last.shape_out)

    def _outputs(self, x: Array) -> Array:
        with np.errstate(over="ignore", invalid="ignore"):  # the check below raises an error
            return np.concatenate([trace.output.copy() for trace, _ in self._pieces(x)])

    def loss(self, x: Array, y: Array) -> float:
        """Return the loss as a mean over samples, with dropout off."""
        return self.evaluate(x, y)[0]

    def accuracy(self, x: Array, y: Array) -> float:
        """Return the fraction of samples with the correct class, see `predict`."""
        return self.evaluate(x, y)[1]

    def evaluate(self, x: Array, y: Array) -> tuple[float, float]:
        """Return (loss, accuracy), with dropout off; y are labels (N,) or rows (N, n_outputs).

        If every token has outputs, both are means over all tokens, and y is (N, tokens). The
        accuracy of one linear output is NaN.

        Raises
        ------
        ValueError
            If x or y do not fit, or an output is not finite.
        """
        x = self.as_input(x)
        target = self.as_target(y, len(x))
        loss, accuracy = self.evaluate_rows(x, target)
        self.check_loss(loss, x, target)
        return loss, accuracy

    def evaluate_rows(self, x: Array, target: Array) -> tuple[float, float]:
        """Return (loss, accuracy) for samples and targets in the network's own form."""
        loss = right = 0.0
        with np.errstate(over="ignore", invalid="ignore"):  # every caller checks the loss
            for trace, rows in self._pieces(x):
                trace.set_target(target[rows])
                loss += trace.loss() * trace.samples
                right += self.count_right(trace.output, trace.target)
        return loss / len(x), right / (len(x) * self.rows_per_sample)

    def count_right(self, output: Array, target: Array) -> float:
        """Return how many output rows have the right class; NaN for one linear output."""
        if not self.names_classes:
            return np.nan
        return float((self._classes(output) == self._classes(target)).sum())

    @property
    def names_classes(self) -> bool:
        """Whether outputs determine a class: one linear output does not."""
        return self.n_outputs > 1 or self.head.probabilities

    def _classes(self, rows: Array) -> Array:
        return rows.argmax(axis=-1) if self.n_outputs > 1 else (rows[..., 0] > 0.5).astype(np.intp)

    def _pieces(self, x: Array, last: Layer | None = None) -> Iterator[tuple[Trace, slice]]:
        most = max(1, min(ROWS_AT_ONCE, BYTES_AT_ONCE // self.sample_bytes))
        trace = Trace(self, min(len(x), most))
        for start in range(0, len(x), most):
            rows = slice(start, min(start + most, len(x)))
            # Numba would compile every kernel once more for read-only memory.
            samples = np.require(x[rows], requirements="W")
            piece = trace.rows(len(samples)).fill(samples, last=last)
            if self.rule is not None and last is None:
                self.rule.replace_outputs(self, piece)
            yield piece, rows

    def check_loss(self, loss: float, x: Array, target: Array, split: str = "") -> None:
        """Refuse a loss that is not finite; the error names the cause: weights, x or targets."""
        if np.isfinite(loss):
            return
        outputs, largest = self._outputs(x), np.abs(target).max()
        self.check_outputs(outputs, x, f"x{split}")
        if np.abs(outputs).max() > largest:
            raise self._too_large("loss is", x, f"x{split}")
        raise ValueError(
            f"the loss is not finite: y{split} reaches {largest:g}, too much for "
            f"{np.dtype(self.dtype)}: scale the targets"
        )

    def check_outputs(self, outputs: Array, x: Array, name: str = "x") -> None:
        """Refuse outputs that are not finite; the error names the cause: weights or x.

        Without this check, `argmax` would return a class for NaN outputs too.
        """
        if np.isfinite(outputs).all():
            return
        self.check_weights()
        raise self._too_large("outputs are", x, name)

    def _too_large(self, what: str, x: Array, name: str) -> ValueError:
        weights = max(np.abs(layer.W).max() for layer in self.weighted)
        return ValueError(
            f"the {what} not finite: the weights reach {weights:g} and {name} "
            f"{np.abs(x).max():g}, too much for {np.dtype(self.dtype)}"
        )

    def check_weights(self) -> None:
        """Refuse weights, biases and feedback with a NaN or an infinity; the error says where."""
        for index, layer in enumerate(self.weighted):
            for name in ("W", "b", "B", "D"):
                if (array := getattr(layer, name)) is not None:
                    checks.finite(f"{name} of net.weighted[{index}]", array)
        for node in self.nodes:
            if not isinstance(node, WeightedLayer):
                for name, array in (node.parameters() | node.state()).items():
                    checks.finite(f"{name} of {node!r}", array)

    # -- inputs and targets ---------------------------------------------------------------------

    def as_input(self, x: Array, name: str = "x") -> Array:
        """Return samples as the layers take them, checked: images become (N, H, W, channels)."""
        return network_inputs.as_input(self, x, name)

    @property
    def reads_tokens(self) -> bool:
        """Whether samples, as they are given, are whole numbers."""
        return self.takes_tokens

    def as_target(self, y: Array, samples: int, name: str = "y") -> Array:
        """Return target rows (N, n_outputs) for labels or rows, checked.

        If every token has outputs, they are (N, tokens, n_outputs) for labels (N, tokens).
        """
        return network_inputs.as_target(self, y, samples, name)

    # -- what it learns besides ----------------------------------------------------------------

    def local_updates(self, trace: Trace) -> dict[WeightedLayer, Array]:
        """Return what losses of the network's own add to the ΔW of some layers; mostly nothing.

        Such a loss compares two things that a layer knows by itself, as the reconstruction loss of
        `nofb.transfer` does, so that no rule has to send a signal for it.
        """
        return {}

    def local_losses(self) -> dict[str, float]:
        """Return what tells these losses from others, so that a run resumes with the same ones."""
        return {}

    # -- on disk -------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the weights and biases, but no feedback, to a file that `numpy.load` opens too.

        Parameters
        ----------
        path
            The file, with exactly this name. An existing file is replaced when the new one is
            complete.

        Raises
        ------
        OSError
            If the file cannot be written, or another run is writing it.
        """
        with archive.only_writer(Path(path)):
            archive.write(path, "weights", {"network": self.outline()}, saved_weights.weights(self))

    def load(self, path: str | os.PathLike[str]) -> Network:
        """Fill the weights and biases from a file of `save`, or from a checkpoint.

        The network must have the layers and the loss of the one that was saved: a file holds
        numbers and no code, so it cannot build one. An attached rule and its feedback stay.

        Parameters
        ----------
        path
            The file.

        Returns
        -------
        Network
            This one; its arrays stay where they are, and keep their type.

        Raises
        ------
        OSError
            If there is no such file.
        ValueError
            If the file is damaged, or belongs to another network.

        Examples
        --------
        >>> from tempfile import TemporaryDirectory
        >>> net, twin = (Network([Dense(4, 2)], seed=seed) for seed in (0, 1))
        >>> with TemporaryDirectory() as folder:
        ...     net.save(f"{folder}/weights.npz")
        ...     twin = twin.load(f"{folder}/weights.npz")
        >>> bool((twin.layers[0].W == net.layers[0].W).all())
        True
        """
        about, arrays = archive.read(path, "weights", "checkpoint", parts={"network": dict})
        checks.same(str(path), about["network"], self.outline())
        saved_weights.fill(self, arrays, path)
        return self

    def outline(self) -> dict[str, str]:
        """Return a description of each layer and the loss, equal if weights can be exchanged."""
        return saved_weights.outline(self)

    # -- building ------------------------------------------------------------------------------

    def _check_layers(self) -> None:
        for layer in self.nodes:
            if layer in _TAKEN:
                raise ValueError(
                    f"layers holds {layer!r}, which belongs to another network, and a new network "
                    "draws the weights of its layers: give it a new layer, and to keep weights, "
                    "set new.layers[0].W = old.layers[0].W afterwards, and b likewise"
                )
        if not self.nodes:
            raise ValueError("layers is empty: give at least one layer, such as [Dense(784, 10)]")
        last = self.nodes[-1]
        if not isinstance(last, WeightedLayer) or last.activation.name != "identity":
            raise ValueError(
                f"the last layer must be a Dense without activation, since the loss brings its "
                f"output unit, but it is {last!r}"
            )

        if last.n_out == 1 and self.head.sums_to_one:
            raise ValueError(
                f"the loss {self.head.name} has a softmax, which is 1 whatever its one output "
                'gets: use "binary_cross_entropy" for two classes, "squared_error" for real values'
            )

    def _draw(self) -> None:
        rng = seeds.generator(self.seed, "weights")
        for index, layer in enumerate(self.nodes):
            layer.draw(rng, self.dtype)
            layer.seed_masks(seeds.generator(self.seed, "dropout", index))

    def summary(self) -> None:
        """Print the layers as a table, as `print(net)` does: shapes, parameters and feedback.

        Examples
        --------
        >>> Network([Dense(4, 2)]).summary()
        layer                               gives  parameters  feedback
        ----------------------------------  -----  ----------  --------
        Dense(4, 2, activation='identity')  2      10
        total                                      10
        """
        print(self)

    def __str__(self) -> str:
        return summary.table(self)

    def __repr__(self) -> str:
        layers = ", ".join(map(repr, self.layers))
        return f"Network([{layers}], loss={self.head.name!r})"


def network_of(trace: Trace) -> Network:
    """Return the network of a trace; the type of `trace.net` is only a graph."""
    return cast(Network, trace.net)
