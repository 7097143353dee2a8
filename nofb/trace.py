"""A trace: everything that one batch left behind in a network, and the room to teach from it.

Rules read it. Its three linear maps (`back`, `project`, `relay`) bring a signal to a layer's
activation, past any pooling, dropout or flattening on the way; `times_slope` takes it to the
pre-activation, where it is a teaching signal δ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from math import prod
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from nofb import threads
from nofb.kernels.products import product, weight_product, weight_product_in_rows
from nofb.layers import Layer, Record, WeightedLayer
from nofb.threads import Job
from nofb.types import Array
from nofb.updates import Update, Updates

if TYPE_CHECKING:
    from nofb.network import Network

__all__ = ["Trace", "Update"]

Result = TypeVar("Result")
Signals = Iterable[tuple[WeightedLayer, Array]]
Factors = tuple[WeightedLayer, Array, Array, Array]


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
    second
        The trace of a `second_pass`, if a rule has made one.
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
        self._updates: Updates = whole._updates if whole else Updates()
        self._parts: dict[int, list[Trace]] = {}
        self.second: Trace | None = None

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
        """Send x through the network (as `Network.as_input` gives it) and keep what happens.

        Raises
        ------
        ValueError
            If x is not what `Network.as_input` gives for so many samples.
        """
        self._open(x)
        self._updates.begin()
        for layer in self.net.dropouts:
            layer.draw_mask(self.records[layer], train)
        if threads.worth(self.samples * self.net.work):
            threads.share([part._forward for part in self._cut(x)])
        else:
            self._forward()
        return self

    def set_target(self, target: Array) -> Trace:
        """Note the target rows (N, n_outputs) and the output error e = ŷ - y.

        Raises
        ------
        ValueError
            If the rows are not what `Network.as_target` gives for so many samples.
        """
        last = self.net.weighted[-1]
        record = self.records[last]
        if target.shape != record.h.shape:
            raise ValueError(
                f"target has shape {target.shape}, but the outputs have {record.h.shape}: "
                "net.as_target(y, samples) makes rows of labels"
            )
        self.target = target
        self.error = record.array("error", last.shape_out)
        np.subtract(record.h, target, out=self.error)  # e = ŷ - y
        return self

    def loss(self) -> float:
        """Return the loss, a mean over samples; needs `set_target` first."""
        return self.net.head.mean(self[self.net.weighted[-1]].a, self.target)

    def times_slope(self, layer: WeightedLayer, signal: Array) -> Array:
        """Return signal ∘ f'(a), a teaching signal for `layer`. Works in place."""
        record = self.records[layer]
        ready = record.signal(layer, signal, layer.shape_out)
        if not (ready is signal or signal.flags.writeable):
            raise ValueError(
                f"times_slope changes the signal for {layer!r} in place, but it is read-only: "
                "give signal.copy()"
            )
        layer.activation.times_slope(ready, record.h)
        if ready is not signal:  # one in another memory layout must not lose its slope
            signal[...] = ready
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
        signal = layer.back(self.records[layer], delta, B)
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
        if error is not self.error:
            last = self.net.weighted[-1]
            error = self[last].signal(last, error, last.shape_out)
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
        signal = layer.relay(self.records[layer], shown, R)
        return self._descend(layer, self._ascend(layer, signal))  # units that are off hear nothing

    def weight_products(self, signals: Signals) -> None:
        """Write dW = h_belowᵀ δ / N and db = mean δ into the update of each layer with a signal.

        The update of a layer without a signal becomes zero. No layer's product needs another's:
        once the signals are known, they go on side by side.
        """
        self.deltas.clear()
        factors = self._factors(signals)
        if threads.worth(self.samples * self.net.work):
            threads.share(job for each in factors for job in self._weight_jobs(*each))
        else:
            for each in factors:
                weight_product(*each[1:])
        if len(self.deltas) != len(self.net.weighted):
            self._updates.only(self.deltas)

    def room_for_feedback(self, layer: WeightedLayer, B: Array) -> Array:
        """Return the dB of the layer's update, shaped like B, to be written: some rules learn B."""
        return self._updates.feedback(layer, B)

    def side_by_side(self, jobs: Sequence[Callable[[], Result]]) -> list[Result]:
        """Return what jobs give that need nothing of each other."""
        return threads.results(jobs, self.samples * self.net.work)

    def update(self, layer: WeightedLayer) -> Update:
        """Return the layer's update, all zeros before the first weight product."""
        return self._updates[layer]

    def second_pass(self) -> Trace:
        """Return a trace for another pass of the same samples, in memory of its own, made once."""
        if self.second is None:
            self.second = Trace(self.net, self.samples)
        return self.second

    def _open(self, x: Array) -> None:
        """Let each layer receive what the one below gives; nothing to do for the same memory."""
        if x is self._x:
            return
        shape = (self.samples, *self.net.layers[0].shape_in)
        if x.shape != shape or x.dtype != self.net.dtype or not x.flags.c_contiguous:
            raise ValueError(
                f"x has shape {x.shape} and dtype {x.dtype}, but this trace takes {shape} and "
                f"{np.dtype(self.net.dtype)}, C-contiguous, as net.as_input(x) gives it"
            )
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

    def _factors(self, signals: Signals) -> Iterator[Factors]:
        """Give each layer with a signal, h_below, δ / N and dW, write db, and note the signal."""
        for layer, signal in signals:
            record, update = self.records[layer], self.update(layer)
            delta = self.deltas[layer] = record.signal(layer, signal, layer.shape_out)
            mean_delta = layer.mean_delta(record, delta, update.db)
            yield layer, layer.received(record), mean_delta, update.dW

    def _weight_jobs(
        self, layer: WeightedLayer, h_below: Array, mean_delta: Array, dW: Array
    ) -> list[Job]:
        """Return the weight product of one layer, cut into jobs if it is a large one."""
        work = self.samples * layer.work
        if not threads.worth(work):
            return [partial(weight_product, h_below, mean_delta, dW)]
        cuts = threads.cut(layer.n_in, work)
        return [partial(weight_product_in_rows, h_below, mean_delta, dW, rows) for rows in cuts]

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
