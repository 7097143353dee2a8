"""A trace: everything that one batch left behind in a network, and the room to teach from it.

Rules read it. Its three linear maps (`back`, `project`, `relay`) bring a signal to a layer's
activation, past any pooling, dropout or flattening on the way; `times_slope` takes it to the
pre-activation, where it is a teaching signal δ.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from nofb import threads
from nofb.kernels.products import product, weight_product, weight_product_in_rows
from nofb.layers import Layer, Record, WeightedLayer
from nofb.threads import Job
from nofb.types import Array

if TYPE_CHECKING:
    from nofb.network import Network


@dataclass
class Update:
    """What a rule wants of one layer, in the role of a gradient: optimizers subtract it.

    Attributes
    ----------
    dW
        For the weights (n_in, n_out): a mean over the batch.
    db
        For the biases (n_out,), or `None` where there are none: a mean over the batch.
    dB
        For the feedback matrix (n_out, n_in), where a rule learns it; otherwise `None`.
    """

    dW: Array
    db: Array | None
    dB: Array | None = None


class Trace:
    """What one batch left behind: `trace[layer].h_below`, `.a` and `.h`, and the output error.

    Every array is made once and used again for the next batch, so `nofb.fit` needs one trace only;
    `Network.forward` makes a new one at every call.

    Parameters
    ----------
    net
        The network.
    samples
        N, the number of samples in the batch.
    whole
        A trace of a larger batch whose memory this one shares.
    first
        Where this one's samples begin among those of the larger batch.

    Attributes
    ----------
    target
        y as rows (N, n_outputs), after `set_target`.
    error
        The output error e = ŷ - y (N, n_outputs), after `set_target`.
    deltas
        The teaching signal of each layer in the last `weight_products`, in memory that the next
        one uses again.
    """

    target: Array
    error: Array

    def __init__(
        self, net: Network, samples: int, whole: Trace | None = None, first: int = 0
    ) -> None:
        self.net = net
        self.samples = samples
        self.whole = whole
        self.first = first
        self.deltas: dict[WeightedLayer, Array] = {}
        self.records: dict[Layer, Record] = {
            layer: Record(samples, net.dtype, whole[layer] if whole else None, first)
            for layer in net.layers
        }
        self._x: Array | None = None
        self._updates: dict[WeightedLayer, Update] = {}
        self._parts: dict[int, list[Trace]] = {}

    def __getitem__(self, layer: Layer) -> Record:
        return self.records[layer]

    @property
    def output(self) -> Array:
        """The network's output ŷ (N, n_outputs)."""
        return self[self.net.weighted[-1]].h

    def rows(self, samples: int) -> Trace:
        """Return a trace for a smaller batch, in this one's memory."""
        return self if samples == self.samples else Trace(self.net, samples, whole=self)

    def fill(self, x: Array, train: bool = False) -> Trace:
        """Send x through the network (as `Network.as_input` gives it) and keep what happens."""
        self._open(x)
        for layer in self.net.dropouts:
            layer.draw_mask(self[layer], train)
        if threads.worth(self.samples * self.net.work):
            threads.share([part._forward for part in self._cut(x)])
        else:
            self._forward()
        return self

    def set_target(self, target: Array) -> Trace:
        """Note the target rows (N, n_outputs) and the output error e = ŷ - y."""
        self.target = target
        self.error = self[self.net.weighted[-1]].array("error", (self.net.n_outputs,))
        np.subtract(self.output, target, out=self.error)  # e = ŷ - y
        return self

    def loss(self) -> float:
        """Return the loss, a mean over samples; needs `set_target` first."""
        return self.net.head.mean(self[self.net.weighted[-1]].a, self.target)

    def times_slope(self, layer: WeightedLayer, signal: Array) -> Array:
        """Return signal ∘ f'(a), a teaching signal for `layer`. Works in place."""
        h = self[layer].h
        if signal.shape != h.shape:  # a kernel would write past the end of it
            raise ValueError(
                f"the signal for {layer!r} has shape {signal.shape}, "
                f"but its activation has {h.shape}"
            )
        layer.activation.times_slope(signal, h)
        return signal

    def back(self, layer: WeightedLayer, delta: Array, B: Array | None) -> Array:
        """Send δ of `layer` back through B: a signal on the activation of the layer below.

        Parameters
        ----------
        layer
            Any layer with weights but the first.
        delta
            Its teaching signal (N, n_out) or (N, height, width, channels).
        B
            The matrix to go back through (n_out, n_in): `layer.W.T` for backprop.

        Returns
        -------
        Array
            δ B, shaped like `trace[below].h`, in memory that the next batch uses again.
        """
        B = self._fitting(layer, "feedback matrix", B, layer.feedback_shape)
        signal = layer.back(self[layer], delta, B)
        return self._descend(self.net.below(layer), signal)

    def project(self, layer: WeightedLayer, error: Array, D: Array | None) -> Array:
        """Send an output error through D straight to the activation of `layer`.

        Parameters
        ----------
        layer
            Any layer with weights but the last.
        error
            A signal on the outputs (N, n_outputs).
        D
            The direct feedback matrix (n_outputs, units that `layer` shows to the next one); after
            a convolution these are all pixels of all maps, after pooling.

        Returns
        -------
        Array
            error D, shaped like `trace[layer].h`, in memory that the next batch uses again.
        """
        top = [layer, *self.net.riders(layer)][-1]
        D = self._fitting(layer, "direct feedback matrix", D, (error.shape[1], prod(top.shape_out)))
        signal = self[top].array("projected", top.shape_out)
        product(error, D, signal.reshape(self.samples, -1))
        return self._descend(layer, signal)

    def relay(self, layer: WeightedLayer, delta_below: Array, R: Array | None) -> Array:
        """Send δ of the layer below *forward* through R: a signal on the activation of `layer`.

        Parameters
        ----------
        layer
            Any layer with weights but the first.
        delta_below
            The teaching signal of the layer below it.
        R
            The matrix to go forward through (n_in, n_out), such as `layer.W`.

        Returns
        -------
        Array
            δ_below R, shaped like `trace[layer].h`, in memory that the next batch uses again.
        """
        R = self._fitting(layer, "relay matrix", R, layer.W.shape)
        shown = self._ascend(self.net.below(layer), delta_below)
        signal = layer.relay(self[layer], shown, R)
        return self._descend(layer, self._ascend(layer, signal))  # units that are off hear nothing

    def weight_products(self, signals: Iterable[tuple[WeightedLayer, Array]]) -> None:
        """Write dW = h_belowᵀ δ / N and db = mean δ into the update of each layer with a signal.

        No layer's product needs another's: once the signals are known, they go on side by side.
        """
        if threads.worth(self.samples * self.net.work):
            threads.share(job for each in signals for job in self._weight_jobs(*each))
        else:
            for each in signals:
                weight_product(*self._factors(*each))

    def room_for_feedback(self, layer: WeightedLayer, B: Array) -> Array:
        """Return the dB of the layer's update, shaped like B and made once: some rules learn B."""
        update = self.update(layer)
        if update.dB is None:
            update.dB = np.zeros_like(B)
        return update.dB

    def update(self, layer: WeightedLayer) -> Update:
        """Return the room for the layer's update, all zeros before the first weight product."""
        if self.whole is not None:
            return self.whole.update(layer)
        if layer not in self._updates:
            db = None if layer.b is None else np.zeros_like(layer.b)
            self._updates[layer] = Update(np.zeros_like(layer.W), db)
        return self._updates[layer]

    def _open(self, x: Array) -> None:
        """Let each layer receive what the one below gives; nothing to do for the same memory."""
        if x is self._x:
            return
        h = self._x = x
        for layer, record in self.records.items():
            layer.open(record, h)
            h = record.h

    def _forward(self) -> None:
        """Do the arithmetic of a forward pass."""
        for layer, record in self.records.items():
            layer.forward(record)
        last = self[self.net.weighted[-1]]
        self.net.head.unit(last.a, last.h)  # ŷ

    def _factors(self, layer: WeightedLayer, delta: Array) -> tuple[Array, Array, Array]:
        """Return h_below, δ / N and dW, and write db: what a weight product takes."""
        record, update = self.records[layer], self.update(layer)
        self.deltas[layer] = delta
        if delta.shape != record.a.shape:
            raise ValueError(
                f"the teaching signal for {layer!r} has shape {delta.shape}, "
                f"but its pre-activation has {record.a.shape}"
            )
        return layer.received(record), layer.mean_delta(record, delta, update.db), update.dW

    def _weight_jobs(self, layer: WeightedLayer, delta: Array) -> list[Job]:
        """Return the weight product of one layer, cut into jobs if it is a large one."""
        factors, work = self._factors(layer, delta), self.samples * layer.work
        if not threads.worth(work):
            return [partial(weight_product, *factors)]
        cuts = threads.cut(layer.n_in, work)
        return [partial(weight_product_in_rows, *factors, rows) for rows in cuts]

    def _cut(self, x: Array) -> list[Trace]:
        """Return a trace of each thread's share of the samples, in this one's memory."""
        shares = threads.cut(self.samples, self.samples * self.net.work)
        if len(shares) not in self._parts:
            self._parts[len(shares)] = [
                Trace(self.net, rows.stop - rows.start, self, rows.start) for rows in shares
            ]
        for part in self._parts[len(shares)]:
            if part._x is None or part._x.base is not x:  # or else it is open on these rows already
                part._open(x[part.first : part.first + part.samples])
        return self._parts[len(shares)]

    def _ascend(self, layer: WeightedLayer, signal: Array) -> Array:
        """Bring a signal on the activation of `layer` up to what it shows to the next one."""
        for rider in self.net.riders(layer):
            signal = rider.relay(self[rider], signal)
        return signal

    def _descend(self, layer: WeightedLayer, signal: Array) -> Array:
        """Bring a signal on what `layer` shows to the next one back to its own activation."""
        for rider in reversed(self.net.riders(layer)):
            signal = rider.back(self[rider], signal)
        return signal

    def _fitting(
        self, layer: WeightedLayer, what: str, matrix: Array | None, shape: tuple[int, ...]
    ) -> Array:
        """Return the matrix, or say why it can not carry a signal."""
        if matrix is None:
            raise ValueError(f"{layer!r} has no {what}: attach the rule to the network first")
        if matrix.shape != shape:
            raise ValueError(f"the {what} of {layer!r} has shape {matrix.shape}, but needs {shape}")
        if matrix.dtype != self.net.dtype:
            raise TypeError(
                f"the {what} of {layer!r} is {matrix.dtype}, but the network is "
                f"{np.dtype(self.net.dtype)}"
            )
        return matrix if matrix.flags.forc else np.ascontiguousarray(matrix)
