"""A network: a list of layers and a loss. It can go forward, and it says which layer stands where.

It learns nothing by itself: a rule reads the trace of a forward pass and proposes updates.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from math import prod
from pathlib import Path
from typing import Any
from weakref import WeakSet

import numpy as np

from nofb import archive, checks, losses, seeds
from nofb.layers import Activation, Conv2D, Dense, Dropout, Layer, MaxPool2D, WeightedLayer
from nofb.layers.base import WeightlessLayer
from nofb.trace import Trace
from nofb.types import Array, FloatType, Shape

_TAKEN: WeakSet[Layer] = WeakSet()  # every layer that belongs to a network

ROWS_AT_ONCE = 1000  # samples a forward pass takes at once when a whole data set goes through


class Network:
    """A stack of layers with a loss at its top.

    Parameters
    ----------
    layers
        From the input side up, each new: a layer belongs to one network, which draws its weights.
        The last one is a `Dense` without activation: the loss brings its output unit.
    loss
        "cross_entropy" (softmax), "binary_cross_entropy" (logistic units) or "squared_error"
        (identity, ½‖ŷ - y‖² summed over outputs).
    seed
        Seeds the weights and the dropout masks.
    dtype
        `numpy.float32`, or `numpy.float64` for checking.
    input_shape
        The shape of one sample, (features,) or (channels, height, width). It may be left out: the
        first batch then tells it, and direct feedback for a convolution can be drawn only after.

    Attributes
    ----------
    layers
        All layers.
    weighted
        The layers with weights.
    head
        The loss with its output unit.
    rule
        The rule that is attached, or `None`.
    work
        How many multiply-adds the forward pass of one sample takes, once the shapes are known.
    signal_bytes
        How much memory the largest signal of one sample takes, once the shapes are known.

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
        layers: Sequence[Layer],
        loss: str = "cross_entropy",
        seed: int = 0,
        dtype: FloatType = np.float32,
        input_shape: Shape | None = None,
    ) -> None:
        self.layers = list(layers)
        self.weighted = [layer for layer in self.layers if isinstance(layer, WeightedLayer)]
        self.head = losses.get(loss)
        self.seed = checks.whole("seed", seed, least=0)
        if dtype not in (np.float32, np.float64):
            raise TypeError(f"dtype must be numpy.float32 or numpy.float64, but is {dtype!r}")
        self.dtype = dtype
        self._check_layers()
        self.dropouts = [layer for layer in self.layers if isinstance(layer, Dropout)]
        for layer in self.weighted[1:]:
            layer.sends = True
        self._below = dict(zip(self.weighted[1:], self.weighted[:-1], strict=True))
        self._weightless = {layer: self._find_weightless(layer) for layer in self.weighted}
        self._draw()
        self.rule: Any = None  # the rule whose feedback path is drawn
        self.input_shape: Shape | None = None
        if input_shape is None and not self._needs_image():
            input_shape = self.weighted[0].shape_in
        if input_shape is not None:
            self.infer_shapes(tuple(input_shape))
        _TAKEN.update(self.layers)

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        _TAKEN.update(self.layers)  # a copy owns its layers; a layer that is copied alone is free

    # -- what stands where ---------------------------------------------------------------------

    def below(self, layer: WeightedLayer) -> WeightedLayer:
        """Return the next layer with weights towards the input."""
        if layer not in self._below:
            raise ValueError(f"no layer with weights stands below {layer!r}")
        return self._below[layer]

    def weightless_above(self, layer: WeightedLayer) -> list[WeightlessLayer]:
        """Return the pooling, dropout and flattening between a layer and the next one."""
        return self._weightless[layer]

    def units_shown(self, layer: WeightedLayer) -> int:
        """Return how many numbers of one sample `layer` shows to the next one, after pooling."""
        shown = self.weighted[self.weighted.index(layer) + 1].shape_in
        if not shown:
            raise ValueError(
                "the network does not know the size of its images yet: "
                "give Network(..., input_shape=(channels, height, width))"
            )
        return prod(shown)

    @property
    def n_outputs(self) -> int:
        """The number of outputs."""
        return self.weighted[-1].n_out

    @property
    def sample_shape(self) -> Shape:
        """The shape of one sample, as the first layer takes it."""
        return self.layers[0].shape_in or self.weighted[0].shape_in

    # -- forward -------------------------------------------------------------------------------

    def forward(self, x: Array, train: bool = False) -> Trace:
        """Send a batch through the network and return what it left behind.

        Parameters
        ----------
        x
            Samples (N, features), or images (N, channels, height, width).
        train
            Whether dropout is on.

        Returns
        -------
        Trace
            `trace.output` is ŷ (N, n_outputs); `trace[layer]` has `h_below`, `a` and `h`.

        Raises
        ------
        ValueError
            If x is empty, has another shape than the network takes, or is not finite.
        """
        x = self.as_input(x).copy()  # a trace must not change when the user's array does
        return Trace(self, len(x)).fill(x, train)

    def predict(self, x: Array) -> Array:
        """Return the class of every sample, integers (N,).

        The class is that of the largest output; one logistic output means class 1 above 1/2.

        Raises
        ------
        ValueError
            If an output is not finite, or the network has one linear output, which names no class.

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

    def outputs(self, x: Array) -> Array:
        """Return ŷ for every sample (N, n_outputs), with dropout off; refuse NaN and infinity."""
        x = self.as_input(x)
        outputs = self._outputs(x)
        self.check_outputs(outputs, x)
        return outputs

    def _outputs(self, x: Array) -> Array:
        with np.errstate(over="ignore", invalid="ignore"):  # there is a sentence for it
            return np.concatenate([trace.output.copy() for trace, _ in self._pieces(x)])

    def loss(self, x: Array, y: Array) -> float:
        """Return the loss as a mean over samples, with dropout off."""
        return self.evaluate(x, y)[0]

    def accuracy(self, x: Array, y: Array) -> float:
        """Return the share of samples whose class is the right one, see `predict`."""
        return self.evaluate(x, y)[1]

    def evaluate(self, x: Array, y: Array) -> tuple[float, float]:
        """Return (loss, accuracy), with dropout off; y are labels (N,) or rows (N, n_outputs).

        The accuracy of one linear output is NaN.

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
        with np.errstate(over="ignore", invalid="ignore"):  # every caller has a sentence for it
            for trace, rows in self._pieces(x):
                trace.set_target(target[rows])
                loss += trace.loss() * trace.samples
                right += self.count_right(trace.output, target[rows])
        return loss / len(x), right / len(x)

    def count_right(self, output: Array, target: Array) -> float:
        """Return how many rows name the class of their target row; NaN for one linear output."""
        if not self.names_classes:
            return np.nan
        return float((self._classes(output) == self._classes(target)).sum())

    @property
    def names_classes(self) -> bool:
        """Whether outputs name a class: one linear output does not."""
        return self.n_outputs > 1 or self.head.probabilities

    def _classes(self, rows: Array) -> Array:
        return rows.argmax(axis=1) if self.n_outputs > 1 else (rows[:, 0] > 0.5).astype(np.intp)

    def _pieces(self, x: Array) -> Iterator[tuple[Trace, slice]]:
        trace = Trace(self, min(len(x), ROWS_AT_ONCE))
        for start in range(0, len(x), ROWS_AT_ONCE):
            rows = slice(start, min(start + ROWS_AT_ONCE, len(x)))
            # Numba would compile every kernel once more for read-only memory.
            samples = np.require(x[rows], requirements="W")
            piece = trace.rows(len(samples)).fill(samples)
            if self.rule is not None:
                self.rule.answer(self, piece)
            yield piece, rows

    def check_loss(self, loss: float, x: Array, target: Array, split: str = "") -> None:
        """Refuse a loss that is not finite, and say whether weights, x or the targets cause it."""
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
        """Refuse outputs that are not finite, and say whether weights or x cause it.

        The largest of NaN outputs would be called a class all the same.
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
        """Refuse weights, biases and feedback with a NaN or an infinity, and say where it is."""
        for index, layer in enumerate(self.weighted):
            for name in ("W", "b", "B", "D"):
                if (array := getattr(layer, name)) is not None:
                    checks.finite(f"{name} of net.weighted[{index}]", array)

    # -- what comes in -------------------------------------------------------------------------

    def infer_shapes(self, input_shape: Shape) -> None:
        """Work out the shape of every layer from the shape of one sample, or say what clashes."""
        shape = input_shape
        if len(input_shape) == 3:
            channels, height, width = input_shape
            shape = (height, width, channels)
        before = [vars(layer).copy() for layer in self.layers]
        try:
            for layer in self.layers:
                layer.infer_shapes(shape)
                shape = layer.shape_out
        except (TypeError, ValueError):  # half of the layers must not keep shapes of other images
            for layer, attributes in zip(self.layers, before, strict=True):
                vars(layer).clear()
                vars(layer).update(attributes)
            raise
        self.input_shape = input_shape
        self.work = sum(layer.work for layer in self.weighted)
        largest = max(layer.signal_size for layer in self.weighted)
        self.signal_bytes = largest * np.dtype(self.dtype).itemsize

    def as_input(self, x: Array, name: str = "x") -> Array:
        """Return samples as the layers take them, checked: images become (N, H, W, channels)."""
        checks.unmasked(name, x)
        x = np.asarray(x)
        if x.ndim not in (2, 4) or len(x) == 0:
            raise ValueError(
                f"{name} has shape {x.shape}, but must be (N, features) or (N, channels, height, "
                f"width) with at least one sample{checks.grey_cure(name, x.shape)}"
            )
        if x.ndim == 4 and x.shape[1] != self._channels() == x.shape[3]:
            raise ValueError(
                f"{name} has samples of shape {x.shape[1:]}, but their {x.shape[3]} channels must "
                f"come first: {name}.transpose(0, 3, 1, 2)"
            )
        if self.input_shape is None:
            self.infer_shapes(x.shape[1:])
        if x.shape[1:] != self.input_shape:
            raise ValueError(
                f"{name} has samples of shape {x.shape[1:]}, but the network takes "
                f"{self.input_shape}{self._hint(x.ndim)}"
            )
        x = checks.cast(name, x, self.dtype)
        return x if x.ndim == 2 else np.ascontiguousarray(x.transpose(0, 2, 3, 1))

    def as_target(self, y: Array, samples: int, name: str = "y") -> Array:
        """Return target rows (N, n_outputs) for labels or rows, checked."""
        checks.unmasked(name, y)
        target = losses.as_targets(y, self.n_outputs, self.head, self.dtype, name)
        if len(target) != samples:
            raise ValueError(f"{name} has {len(target)} entries, but there are {samples} samples")
        return target

    def _hint(self, dimensions: int) -> str:
        images = self.input_shape is not None and len(self.input_shape) == 3
        if images == (dimensions == 4):
            return ""
        return "; see Dataset.as_images()" if images else "; put Flatten() first"

    def _channels(self) -> int | None:
        """Return how many channels an image must have, as far as it is known."""
        if self.input_shape is not None:
            return self.input_shape[0] if len(self.input_shape) == 3 else None
        channels = (layer.channels_in for layer in self.layers if isinstance(layer, Conv2D))
        return next(channels, None)

    # -- on disk -------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the weights and biases to a file, which `numpy.load` opens too; no feedback.

        Parameters
        ----------
        path
            The file, under just this name; one that is there is replaced, once the new one is
            whole.

        Raises
        ------
        OSError
            If the file cannot be written, or another run is writing it.
        """
        with archive.only_writer(Path(path)):
            archive.write(path, "weights", {"network": self.outline()}, self._weights())

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
            If the file is not a whole one, or of another network.

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
        weights = self._weights()
        for name, array in archive.fitted(path, arrays, weights).items():
            weights[name][...] = array
        return self

    def outline(self) -> dict[str, str]:
        """Return what each layer is, and the loss: the same for networks that can swap weights."""
        layers = {f"layer {index}": _outline(layer) for index, layer in enumerate(self.layers)}
        return {**layers, "loss": self.head.name}

    def _weights(self) -> dict[str, Array]:
        both = [
            (f"weighted/{index}/{name}", getattr(layer, name))
            for index, layer in enumerate(self.weighted)
            for name in ("W", "b")
        ]
        return {place: array for place, array in both if array is not None}

    # -- building ------------------------------------------------------------------------------

    def _check_layers(self) -> None:
        for layer in self.layers:
            if not isinstance(layer, Layer):
                raise TypeError(f"layers must hold nofb layers, but holds {layer!r}")
        if len(set(self.layers)) < len(self.layers):
            raise ValueError("layers holds the same layer twice; every layer owns its own arrays")
        for layer in self.layers:
            if layer in _TAKEN:
                raise ValueError(
                    f"layers holds {layer!r}, which belongs to another network, and a new network "
                    "draws the weights of its layers: give it a new layer, and to keep weights, "
                    "set new.layers[0].W = old.layers[0].W afterwards, and b likewise"
                )
        last = self.layers[-1] if self.layers else None
        if not isinstance(last, Dense) or last.activation.name != "identity":
            raise ValueError(
                f"the last layer must be a Dense without activation, since the loss brings its "
                f"output unit, but it is {last!r}"
            )

        if last.n_out == 1 and self.head.shares:
            raise ValueError(
                f"the loss {self.head.name} has a softmax, which is 1 whatever its one output "
                'gets: use "binary_cross_entropy" for two classes, "squared_error" for real values'
            )

    def _find_weightless(self, layer: WeightedLayer) -> list[WeightlessLayer]:
        found: list[WeightlessLayer] = []
        for above in self.layers[self.layers.index(layer) + 1 :]:
            if not isinstance(above, WeightlessLayer):
                break
            found.append(above)
        return found

    def _needs_image(self) -> bool:
        first = self.layers[: self.layers.index(self.weighted[0])]
        images = [layer for layer in self.layers if isinstance(layer, Conv2D | MaxPool2D)]
        return bool(images) or any(not isinstance(layer, Dropout | Activation) for layer in first)

    def _draw(self) -> None:
        rng = seeds.generator(self.seed, "weights")
        for index, layer in enumerate(self.layers):
            if isinstance(layer, WeightedLayer):
                layer.draw_weights(rng, self.dtype)
            elif isinstance(layer, Dropout) and layer.seed is None:
                layer.rng = seeds.generator(self.seed, "dropout", index)

    def __repr__(self) -> str:
        layers = ", ".join(map(repr, self.layers))
        return f"Network([{layers}], loss={self.head.name!r})"


def _outline(layer: Layer) -> str:
    known = type(layer).__repr__ is not object.__repr__
    text = repr(layer) if known else type(layer).__qualname__
    if isinstance(layer, WeightedLayer):
        bias = "no b" if layer.b is None else f"b {layer.b.shape}"
        return f"{text} with W {layer.W.shape}, {bias}"
    return text
