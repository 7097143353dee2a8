"""A trace: all results of one forward pass, and the backward pass of signals through the layers.

Rules read it. Signals are rows. `arrive` passes a signal from a layer to the layers below it, where
signals add up; `delta` multiplies them by the slope f'(a) there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from nofb import threads
from nofb.graph import Graph
from nofb.layers.base import Layer, Record, WeightedLayer, WeightlessLayer
from nofb.meeting import Meeting
from nofb.types import Array


class Trace:
    """The results of one forward pass: `trace[layer].h_below`, `.a`, `.h`, and the output error.

    The arrays are allocated once and used again for the next batch, so `nofb.fit` needs one trace
    only. `Network.forward` makes a new trace in every call.

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
    output
        The network's output ŷ (N, n_outputs), a row for each token if every token has some.
    target
        y as rows (N, n_outputs), after `set_target`.
    error
        The output error e = ŷ - y (N, n_outputs), after `set_target`.
    deltas
        The last teaching signal of each layer, shaped like its pre-activation.
    passed
        The signal on the output of each other layer with parameters, as it passed last.
    to_input
        Whether signals travel on to the samples, where nothing learns.
    at_input
        The signal on the samples then, shaped like `x`, or `None` if none has arrived.
    """

    output: Array
    target: Array
    error: Array

    def __init__(
        self, net: Graph, samples: int, whole: Trace | None = None, first: int = 0
    ) -> None:
        self.net = net
        self.samples = samples
        self.whole = whole
        self.first = first
        self.deltas: dict[WeightedLayer, Array] = {}
        self.passed: dict[WeightlessLayer, Array] = {}
        self.records: dict[Layer, Record] = {
            layer: Record(samples, net.dtype, whole[layer] if whole else None, first)
            for layer in net.nodes
        }
        self.meeting: Meeting | None = None  # of pieces that run in parallel
        self.train = False
        self._x: Array | None = None
        self.at_input: Array | None = None
        self.to_input = False
        self._of: Array | None = None  # the input of the whole batch, of which this is a piece
        self._arrived: dict[Layer, Array] = {}
        self._relayed: dict[Layer, Array] = {}
        self._pieces: dict[int, list[Trace]] = {}
        self._second: Trace | None = None
        self._steps: dict[WeightedLayer, tuple[Array, Array | None]]
        self._steps = {} if whole is None else whole._steps

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> None:
            if hasattr(type(self), name):  # a property that fails: its own error
                return object.__getattribute__(self, name)
            cure = ": call trace.set_target(...) first" if name in ("error", "target") else ""
            raise AttributeError(
                f"'Trace' object has no attribute {name!r}{cure}", name=name, obj=self
            )

    def __getitem__(self, layer: Layer) -> Record:
        return self.records[layer]

    @property
    def predictions(self) -> int:
        """The number of output rows: every update is a mean over them."""
        return self.samples * self.net.rows_per_sample

    # -- forward -------------------------------------------------------------------------------

    def rows(self, samples: int) -> Trace:
        """Return a trace for a smaller batch, in this one's memory."""
        return self if samples == self.samples else Trace(self.net, samples, whole=self)

    def fill(self, x: Array, train: bool = False, last: Layer | None = None) -> Trace:
        """Compute a forward pass of x (as `Network.as_input` returns it) and store the results.

        With `last`, the pass ends at this layer: those after it, and the output, are not computed.

        Raises
        ------
        ValueError
            If x is not what `Network.as_input` returns for this number of samples.
        """
        self._open(x)
        self._set_train(train)
        for layer in self.net.weightless:
            layer.prepare(self.records[layer])
        work = self.samples * self.net.work
        nodes = self.net.nodes if last is None else self.net.nodes[: self.net.nodes.index(last) + 1]
        if threads.pays_off(work):
            self._forward_in_pieces(self.pieces(len(threads.cut(self.samples, work))), nodes)
        else:
            for node in nodes:
                node.forward(self.records[node])
        if last is None:
            self._unit()
        return self

    @property
    def x(self) -> Array:
        """The samples, as `Network.as_input` returns them."""
        return cast(Array, self._x)

    def again(
        self,
        added: Mapping[Any, Array] | None = None,
        x: Array | None = None,
        target: Array | None = None,
        received: Mapping[Any, Callable[[Array], Array]] | None = None,
    ) -> Trace:
        """Compute a second forward pass of the samples, with the same dropout masks.

        Parameters
        ----------
        added
            For some layers, an array that is added to their input, such as noise.
        x
            Other samples instead, as `Network.as_input` returns them.
        target
            Other target rows; the default are those of the first pass, if it has any.
        received
            For some layers, a function of their input (N, ...), such as a normalisation.

        Returns
        -------
        Trace
            The second pass. Its memory is used again by the next call.
        """
        if self._second is None:
            self._second = Trace(self.net, self.samples)
        second, added, received = self._second, added or {}, received or {}
        second._set_train(self.train)
        second._x = None  # a layer may have received a sum before this pass
        second._open(self._x if x is None else x)  # type: ignore[arg-type]
        for layer, record in second.records.items():
            layer.prepare_like(record, self[layer])
            if layer in added:
                layer.open(record, sum_at(layer, record, added[layer]), *record.received[1:])
            if layer in received:
                layer.open(record, received[layer](record.h_below), *record.received[1:])
            layer.forward(record)
        second._unit()
        if target is None:
            target = getattr(self, "target", None)
        return second if target is None else second.set_target(target)

    def set_target(self, target: Array) -> Trace:
        """Store the target rows (N, n_outputs) and the output error e = ŷ - y.

        Raises
        ------
        ValueError
            If the rows are not what `Network.as_target` returns for this number of samples.
        """
        output = self.output
        if target.shape != output.shape:
            shape = self.records[self.net.last].h.shape
            if target.shape != shape:
                raise ValueError(
                    f"target has shape {target.shape}, but the outputs have {shape}: "
                    "net.as_target(y, samples) makes rows of labels"
                )
            target = target.reshape(output.shape)
        self.target, self._arrived = target, {}
        self.error = self._error
        np.subtract(output, target, out=self.error)  # δ_L = e = ŷ - y  (N, n_L)
        return self

    def loss(self) -> float:
        """Return the loss, a mean over output rows; needs `set_target` first."""
        return self.net.head.mean(self._last_a, self.target)

    def losses(self) -> Array:
        """Return the loss of each sample (N,), summed over its rows; needs `set_target` first."""
        a, total, each = self._last_a, self.net.head.total, self.net.rows_per_sample
        rows = (slice(i, i + each) for i in range(0, len(a), each))
        return np.array([total(a[row], self.target[row]) for row in rows])

    # -- backward pass ---------------------------------------------------------------------------

    def downward(self, instead: Mapping[Layer, Array] | None = None) -> Iterator[WeightedLayer]:
        """Yield every layer with weights, last to first; the last one has the output error.

        Between them, signals that arrive at weightless layers are passed on to their sources. A
        frozen layer with no learning layer below it is left out.

        Parameters
        ----------
        instead
            For some layers, a signal on their output (N, ...) that replaces what arrives there.
        """
        net, last = self.net, self.net.last
        self.at_input = None
        net.find_teachable()
        self._arrived = {last: self.error.reshape(self.records[last].h.shape)}
        for layer in reversed(net.nodes):
            if instead and layer in instead:
                self._arrived[layer] = self[layer].shaped(instead[layer], layer)
            if layer.weighted:
                if net.teachable(layer) or self.to_input:
                    yield cast(WeightedLayer, layer)
            elif layer in self._arrived:
                self._pass_on(cast(WeightlessLayer, layer), self._arrived.pop(layer))
        self._arrived = {}  # the signals of the next rule must not be added to these

    def delta(self, layer: WeightedLayer, signal: Array | None = None) -> Array:
        """Return the teaching signal δ of a layer: the signal at it, times the slope f'(a).

        Parameters
        ----------
        layer
            The layer.
        signal
            A signal on what the next layer receives, after any pooling (N, units); `None` for the
            sum of all signals that have arrived.

        Returns
        -------
        Array
            δ, as rows (N, n_out); a convolution has a row for each patch.

        Raises
        ------
        ValueError
            If no signal has arrived, or if the given signal has another shape.
        """
        if signal is not None:
            top = self.net.shown(layer)
            signal = self._descend(layer, self[top].shaped(signal, top))
        elif not self.reached(layer):
            raise ValueError(
                f"no signal has arrived at {layer!r}: loop over trace.downward(), and send one "
                "with trace.arrive from each layer above it"
            )
        else:
            signal = self.arrived(layer)
        return self._times_slope(layer, signal)

    def reached(self, layer: WeightedLayer) -> bool:
        """Return whether a signal has arrived at a layer."""
        return layer in self._arrived

    def arrived(self, layer: WeightedLayer) -> Array:
        """Return the sum of all signals that have arrived at a layer; see `reached`."""
        return self._arrived[layer]

    def times_slope(self, layer: WeightedLayer, signal: Array) -> Array:
        """Return signal ∘ f'(a), for a signal on the activation: δ as rows (N, n_out)."""
        return self._times_slope(layer, self[layer].shaped(signal, layer))

    def _times_slope(self, layer: WeightedLayer, signal: Array) -> Array:
        record, f = self.records[layer], layer.activation
        delta = (
            f.times_slope(signal, record.h, record.a)
            if f.needs_a
            else f.times_slope(signal, record.h)
        )
        return delta if delta.ndim == 2 else delta.reshape(-1, layer.n_out)

    def arrive(self, layer: WeightedLayer, signal: Array) -> None:
        """Send a signal of `layer` to the layers below, where it is added to other signals.

        Parameters
        ----------
        layer
            A layer with weights that has another one below it: `layer.sends` is `True`.
        signal
            A signal on the input of W, as rows (N, n_in): δ B for feedback alignment.
        """
        if not (layer.sends or self.to_input):
            raise ValueError(
                f"nothing below {layer!r} learns: send a signal further `if layer.sends`"
            )
        (source,) = self.net.sources[layer]
        self._send(source, self.on_input(layer, signal))

    def below(self, layer: WeightedLayer, signal: Array) -> Array:
        """Convert a signal on the input of W (N, n_in) to a signal on the activation below."""
        return self._descend(self.net.below(layer), self.on_input(layer, signal))

    # -- signals upward --------------------------------------------------------------------------

    def upward(self) -> Iterator[WeightedLayer]:
        """Yield every layer with weights, first to last.

        Between them, signals given to `relay` are passed on to the layers above.
        """
        self._relayed = {}
        for layer in self.net.nodes:
            sources = self.net.sources[layer]
            if layer.weighted:
                yield cast(WeightedLayer, layer)
            elif any(source in self._relayed for source in sources):
                signals = [self._from(source) for source in sources]
                self._relayed[layer] = self._relay(cast(WeightlessLayer, layer), *signals)
        self._relayed = {}

    def relay(self, layer: WeightedLayer, delta: Array) -> None:
        """Pass the teaching signal of a layer, rows (N, n_out), on to the layers above it."""
        self._relayed[layer] = self[layer].shaped(delta, layer)

    def from_below(self, layer: WeightedLayer) -> Array:
        """Return the signal that was relayed to a layer, as rows for its W (N, n_in)."""
        (source,) = self.net.sources[layer]
        return self.input_rows(layer, self._from(source))

    def shown(self, layer: WeightedLayer, signal: Array) -> Array:
        """Convert a signal on the activation of a layer to one on what the next layer receives."""
        signal = self[layer].shaped(signal, layer)
        for each in self.net.weightless_above(layer):
            signal = self._relay(each, signal)
        return signal

    # -- rows ------------------------------------------------------------------------------------

    def on_input(self, layer: WeightedLayer, signal: Array) -> Array:
        """Return a signal on the input of W (N, n_in), shaped like what the layer received."""
        return layer.scatter(self[layer], signal)

    def input_rows(self, layer: WeightedLayer, signal: Array) -> Array:
        """Return an array that is shaped like the layer's input as rows for its W (N, n_in)."""
        return layer.gather(self[layer], signal)

    def activity(self, layer: WeightedLayer) -> Array:
        """Return the output of a layer after its activation, also if that is a separate layer.

        Other layers that keep the shape, such as dropout, are included; pooling is not.
        """
        found: Layer = layer
        for above in self.net.weightless_above(layer):
            if above.shape_out != layer.shape_out:
                break
            found = above
        return self[found].h

    def h_shown(self, layer: WeightedLayer) -> Array:
        """Return what other layers receive from a layer (after pooling), one row per output row."""
        return self[self.net.shown(layer)].h.reshape(self.predictions, -1)

    def h_below(self, layer: WeightedLayer) -> Array:
        """Return the input of W, as rows (N, n_in)."""
        return layer.received(self[layer])

    def delta_rows(self, layer: WeightedLayer) -> Array:
        """Return the last teaching signal of a layer, as rows (N, n_out)."""
        return self.deltas[layer].reshape(-1, layer.n_out)

    def whole_signal(self, layer: Layer) -> Array:
        """Return the memory in which pieces collect their signals on a layer's output."""
        return self[layer].array("signal", layer.shape_out)

    def step_of(self, layer: WeightedLayer) -> tuple[Array, Array | None]:
        """Return memory for dW and db of a layer; smaller batches use the same memory."""
        if layer not in self._steps:
            db = None if layer.b is None else np.empty_like(layer.b)
            self._steps[layer] = np.empty_like(layer.W), db
        return self._steps[layer]

    # -- memory ----------------------------------------------------------------------------------

    def pieces(self, count: int) -> list[Trace]:
        """Return traces of `count` slices of the samples, in the memory of this one."""
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
        """Take over the arrays of the whole trace, for the samples of this piece."""
        rows = slice(self.first, self.first + self.samples)
        if self._of is not (x := whole._x) and x is not None:
            self._of = x
            self._open(x[rows])
        self._set_train(whole.train)
        if hasattr(whole, "target"):
            each = self.net.rows_per_sample
            rows = slice(each * rows.start, each * rows.stop)
            self.target, self.error = whole.target[rows], whole.error[rows]

    def _open(self, x: Array) -> None:
        """Connect each layer to the output of its sources; not needed if the memory is the same."""
        if x is self._x:
            return
        net, shape = self.net, (self.samples, *self.net.shape_in)
        dtype = np.int64 if net.takes_tokens else net.dtype
        if x.shape != shape or x.dtype != dtype or not x.flags.c_contiguous:
            raise ValueError(
                f"x has shape {x.shape} and dtype {x.dtype}, but this trace takes {shape} and "
                f"{np.dtype(dtype)}, C-contiguous, as net.as_input(x) gives it"
            )
        self._x = x
        for layer, record in self.records.items():
            sources = net.sources[layer]
            layer.open(record, *(x if at is None else self[at].h for at in sources))
        last, form = self.records[net.last], (-1, net.n_outputs)
        self.output, self._last_a = last.h.reshape(form), last.a.reshape(form)
        self._error = last.array("error", net.last.shape_out).reshape(form)

    def _forward(self, layers: Iterable[Layer]) -> None:
        """Compute some layers."""
        for layer in layers:
            layer.forward(self[layer])

    def _forward_in_pieces(self, pieces: Sequence[Trace], nodes: Sequence[Layer]) -> None:
        """Compute some layers; a layer that needs the whole batch is not cut."""
        for by_sample, group in groupby(nodes, lambda layer: layer.by_sample):
            layers = list(group)
            if by_sample:
                threads.run([partial(piece._forward, layers) for piece in pieces])
            else:
                self._forward(layers)

    def _set_train(self, train: bool) -> None:
        """Set for every layer whether this is a training pass."""
        if train is not self.train:
            self.train = train
            for record in self.records.values():
                record.train = train

    def _unit(self) -> None:
        self.net.head.unit(self._last_a, self.output)  # ŷ

    def _send(self, source: Layer | None, signal: Array) -> None:
        """Send a signal to the output of a layer, or to the samples, if it is needed there."""
        if source is None:
            if self.to_input:
                self.at_input = signal if self.at_input is None else self.at_input + signal
        elif self.to_input or self.net.teachable(source):
            self._add(source, signal)

    def _add(self, layer: Layer, signal: Array) -> None:
        """Add a signal to those that have arrived at a layer's output."""
        there = self._arrived.get(layer)
        self._arrived[layer] = signal if there is None else there + signal

    def _pass_on(self, layer: WeightlessLayer, signal: Array) -> None:
        """Store a signal on the output of a weightless layer, and send it where it is useful."""
        if not (layer.sends or self.to_input):
            self._store(layer, signal)
            return
        signals = self._back(layer, signal)
        for source, each in zip(self.net.sources[layer], signals, strict=True):
            self._send(source, each)

    def _store(self, layer: WeightlessLayer, signal: Array) -> None:
        """Store the signal on the output of a layer whose parameters learn."""
        if layer.is_taught:
            self.passed[layer] = signal

    def _back(self, layer: WeightlessLayer, signal: Array) -> tuple[Array, ...]:
        """Return the signal on each input of a weightless layer, and store that on its output."""
        self._store(layer, signal)
        if self.meeting and not layer.by_sample:
            return (self._together(layer, "back", signal, self.meeting),)
        signals = layer.back(self[layer], signal)
        return signals if isinstance(signals, tuple) else (signals,)

    def _relay(self, layer: WeightlessLayer, *signals: Array) -> Array:
        """Return the signal that a weightless layer relays."""
        if self.meeting and not layer.by_sample:
            (signal,) = signals
            return self._together(layer, "relay", signal, self.meeting)
        return layer.relay(self[layer], *signals)

    def _together(self, layer: WeightlessLayer, way: str, signal: Array, at: Meeting) -> Array:
        """Send a signal through a layer that needs the whole batch: all pieces wait for it."""
        whole, rows = cast(Trace, self.whole), slice(self.first, self.first + self.samples)
        signals = whole.whole_signal(layer)
        signals[rows] = signal
        sent = at.together((layer, way), lambda: getattr(layer, way)(whole[layer], signals))
        return sent[rows]

    def _from(self, layer: Layer | None) -> Array:
        """Return the signal that a layer relays, zeros if there is none."""
        if layer in self._relayed:
            return self._relayed[layer]
        return np.zeros_like(self._x if layer is None else self[layer].h)

    def _descend(self, layer: WeightedLayer, signal: Array) -> Array:
        """Convert a signal on what the next layer receives to one on the activation of `layer`."""
        for each in reversed(self.net.weightless_above(layer)):
            (signal,) = self._back(each, signal)
        return signal


def sum_at(layer: Layer, record: Record, added: Array) -> Array:
    """Return the input of a layer with something added to it.

    Raises
    ------
    ValueError
        If its shape does not fit; the sentence names the layer and the shape needed.
    """
    shape = record.h_below.shape
    try:
        total = record.h_below + added
    except ValueError:
        total = None
    if total is None or total.shape != shape:
        raise ValueError(
            f"what is added to the input of {layer!r} has shape {np.shape(added)}, "
            f"but needs {shape}"
        )
    return total
