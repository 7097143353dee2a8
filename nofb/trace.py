"""A trace: everything that one batch left behind in a network, and the way back through it.

Rules read it. Signals are rows: `arrive` takes what a layer sends to those below it, signals add up
where they arrive, and `delta` multiplies them by the slope there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from nofb import threads
from nofb.layers import Dropout, Layer, Record, WeightedLayer
from nofb.types import Array

if TYPE_CHECKING:
    from nofb.network import Network


class Trace:
    """What one batch left behind: `trace[layer].h_below`, `.a` and `.h`, and the output error.

    What the forward pass writes is made once and used again for the next batch, so `nofb.fit` needs
    one trace only; `Network.forward` makes a new one at every call.

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
        The teaching signal of each layer that the rule taught last, shaped like its pre-activation.
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
        self._of: Array | None = None  # what a piece is a piece of
        self._arrived: dict[WeightedLayer, Array] = {}
        self._pieces: dict[int, list[Trace]] = {}
        self._second: Trace | None = None
        self._steps: dict[WeightedLayer, tuple[Array, Array | None]]
        self._steps = {} if whole is None else whole._steps

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> None:
            cure = ": call trace.set_target(...) first" if name in ("error", "target") else ""
            raise AttributeError(
                f"'Trace' object has no attribute {name!r}{cure}", name=name, obj=self
            )

    def __getitem__(self, layer: Layer) -> Record:
        return self.records[layer]

    @property
    def output(self) -> Array:
        """The network's output ŷ (N, n_outputs)."""
        return self[self.net.weighted[-1]].h

    # -- forward -------------------------------------------------------------------------------

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
        for layer in self.net.dropouts:
            layer.draw_mask(self.records[layer], train)
        work = self.samples * self.net.work
        if threads.worth(work):
            pieces = self.pieces(len(threads.cut(self.samples, work)))
            threads.share([piece._forward for piece in pieces])
        else:
            self._forward()
        return self

    @property
    def x(self) -> Array:
        """The samples, as `Network.as_input` gives them."""
        return self[self.net.layers[0]].h_below

    def again(
        self,
        added: Mapping[WeightedLayer, Array] | None = None,
        x: Array | None = None,
        target: Array | None = None,
        received: Mapping[WeightedLayer, Callable[[Array], Array]] | None = None,
    ) -> Trace:
        """Send the samples through once more, through the same dropout masks.

        Parameters
        ----------
        added
            For some layers, what is added to what they receive, such as noise.
        x
            Other samples instead, as `Network.as_input` gives them.
        target
            Other target rows; those of the first pass by default, if it knows any.
        received
            For some layers, a function of what they receive (N, ...), such as one that normalises.

        Returns
        -------
        Trace
            The second pass, in memory that the next one uses again.
        """
        if self._second is None:
            self._second = Trace(self.net, self.samples)
        h = self.x if x is None else x
        added, received = added or {}, received or {}
        for layer, record in self._second.records.items():
            layer.open(record, h)
            if isinstance(layer, Dropout):
                layer.mask(record)[...] = layer.mask(self[layer])
            if isinstance(layer, WeightedLayer) and layer in added:
                record.h_below = record.h_below + added[layer]
            if isinstance(layer, WeightedLayer) and layer in received:
                record.h_below = received[layer](record.h_below)
            layer.forward(record)
            h = record.h
        self._second._unit()
        target = getattr(self, "target", None) if target is None else target
        return self._second if target is None else self._second.set_target(target)

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
        self.target, self._arrived = target, {}
        self.error = record.array("error", last.shape_out)
        np.subtract(record.h, target, out=self.error)  # δ_L = e = ŷ - y  (N, n_L)
        return self

    def loss(self) -> float:
        """Return the loss, a mean over samples; needs `set_target` first."""
        return self.net.head.mean(self[self.net.weighted[-1]].a, self.target)

    def losses(self) -> Array:
        """Return the loss of each sample (N,); needs `set_target` first."""
        a, total = self[self.net.weighted[-1]].a, self.net.head.total
        rows = (slice(i, i + 1) for i in range(self.samples))
        return np.array([total(a[row], self.target[row]) for row in rows])

    # -- the way back ----------------------------------------------------------------------------

    def downward(self) -> Iterator[WeightedLayer]:
        """Give every layer with weights, from the output, where the error waits, to the first."""
        self._arrived = {self.net.weighted[-1]: self.error}
        yield from reversed(self.net.weighted)
        self._arrived = {}  # what another rule sends next must not be added to this

    def delta(self, layer: WeightedLayer, signal: Array | None = None) -> Array:
        """Return the teaching signal δ of a layer: the signal at it, times the slope f'(a).

        Parameters
        ----------
        layer
            The layer.
        signal
            A signal on what the layer shows to the next one, after any pooling (N, units);
            `None` for the sum of all that has arrived.

        Returns
        -------
        Array
            δ, as rows (N, n_out): a convolution has one for each patch.

        Raises
        ------
        ValueError
            If no signal has arrived, or the one given has another shape.
        """
        if signal is not None:
            top = [layer, *self.net.weightless_above(layer)][-1]
            signal = self._descend(layer, self[top].shaped(signal, top))
        elif layer not in self._arrived:
            raise ValueError(
                f"no signal has arrived at {layer!r}: loop over trace.downward(), and send one "
                "with trace.arrive from each layer above it"
            )
        else:
            signal = self._arrived[layer]
        return layer.activation.times_slope(signal, self[layer].h).reshape(-1, layer.n_out)

    def times_slope(self, layer: WeightedLayer, signal: Array) -> Array:
        """Return signal ∘ f'(a), for a signal on the activation: δ as rows (N, n_out)."""
        record = self[layer]
        delta = layer.activation.times_slope(record.shaped(signal, layer), record.h)
        return delta.reshape(-1, layer.n_out)

    def arrive(self, layer: WeightedLayer, signal: Array) -> None:
        """Let a signal of `layer` arrive below, where it is added to what is there already.

        Parameters
        ----------
        layer
            Any layer with weights but the first.
        signal
            On what its W is multiplied with, as rows (N, n_in): δ B for feedback alignment.
        """
        below, signal = self.net.below(layer), self.below(layer, signal)
        there = self._arrived.get(below)
        self._arrived[below] = signal if there is None else there + signal

    def below(self, layer: WeightedLayer, signal: Array) -> Array:
        """Return a signal on what W is multiplied with (N, n_in) as one on the activation below."""
        return self._descend(self.net.below(layer), self.on_input(layer, signal))

    def above(self, layer: WeightedLayer, delta_below: Array) -> Array:
        """Return the δ of the layer below as rows that W can be multiplied with (N, n_in)."""
        below = self.net.below(layer)
        shaped = self[below].shaped(delta_below, below)
        return self.input_rows(layer, self._ascend(below, shaped))

    def on_input(self, layer: WeightedLayer, signal: Array) -> Array:
        """Return a signal on what W is multiplied with (N, n_in), shaped like what was received."""
        return layer.scatter(self[layer], signal)

    def input_rows(self, layer: WeightedLayer, signal: Array) -> Array:
        """Return what is shaped like what a layer received as rows for its W (N, n_in)."""
        return layer.gather(self[layer], signal)

    def shown(self, layer: WeightedLayer, signal: Array) -> Array:
        """Return a signal on the activation of a layer as one on what it shows to the next one."""
        return self._ascend(layer, self[layer].shaped(signal, layer))

    def h_shown(self, layer: WeightedLayer) -> Array:
        """Return what a layer shows to the next one, after any pooling, a row for each sample."""
        top = [layer, *self.net.weightless_above(layer)][-1]
        return self[top].h.reshape(self.samples, -1)

    def h_below(self, layer: WeightedLayer) -> Array:
        """Return what W was multiplied with, as rows (N, n_in)."""
        return layer.received(self[layer])

    def delta_rows(self, layer: WeightedLayer) -> Array:
        """Return what a layer was taught last, as rows (N, n_out)."""
        return self.deltas[layer].reshape(-1, layer.n_out)

    def step_of(self, layer: WeightedLayer) -> tuple[Array, Array | None]:
        """Return memory for the step of a layer's W and b; a smaller batch writes into the same."""
        if layer not in self._steps:
            db = None if layer.b is None else np.empty_like(layer.b)
            self._steps[layer] = np.empty_like(layer.W), db
        return self._steps[layer]

    # -- memory ----------------------------------------------------------------------------------

    def pieces(self, count: int) -> list[Trace]:
        """Return traces of so many runs of samples, in this one's memory; one is this trace."""
        if count == 1:
            return [self]
        if count not in self._pieces:
            ends = [self.samples * end // count for end in range(count + 1)]
            self._pieces[count] = [
                Trace(self.net, last - first, self, first) for first, last in pairwise(ends)
            ]
        for piece in self._pieces[count]:
            piece._follow(self)
        return self._pieces[count]

    def _follow(self, whole: Trace) -> None:
        """See what the whole trace sees, for the samples of this piece."""
        rows = slice(self.first, self.first + self.samples)
        if self._of is not (x := whole._x) and x is not None:
            self._of = x
            self._open(x[rows])
        if hasattr(whole, "target"):
            self.target, self.error = whole.target[rows], whole.error[rows]

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
        self._unit()

    def _unit(self) -> None:
        last = self[self.net.weighted[-1]]
        self.net.head.unit(last.a, last.h)  # ŷ

    def _ascend(self, layer: WeightedLayer, signal: Array) -> Array:
        """Bring a signal on the activation of `layer` up to what it shows to the next one."""
        for each in self.net.weightless_above(layer):
            signal = each.relay(self[each], signal)
        return signal

    def _descend(self, layer: WeightedLayer, signal: Array) -> Array:
        """Bring a signal on what `layer` shows to the next one back to its own activation."""
        for each in reversed(self.net.weightless_above(layer)):
            signal = each.back(self[each], signal)
        return signal
