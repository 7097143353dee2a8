"""The update of every layer after one batch, computed from the rule's teaching signals."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil
from threading import BrokenBarrierError
from typing import Any, TypeVar

import numpy as np

from nofb import threads
from nofb.kernels.dense import mean_rows, weight_update
from nofb.layers.base import Layer, WeightedLayer, WeightlessLayer
from nofb.meeting import Meeting
from nofb.threads import Job
from nofb.trace import Trace
from nofb.types import Array

# A layer, its δ, and (for a rule with further passes) the pass whose inputs multiply δ.
Signals = Iterable[tuple[WeightedLayer, Array] | tuple[WeightedLayer, Array, Trace]]
Taught = Iterator[tuple[WeightedLayer, Array, Trace]]
Result = TypeVar("Result")
GiveSignals = Callable[[Trace], Signals]
Reader = Callable[[Signals, str, str], Signals]

PIECE = 2**24  # bytes: larger signals are computed in pieces, since so much memory is slow


@dataclass
class Update:
    """The update of one layer, in the role of a gradient: optimizers subtract it.

    Attributes
    ----------
    dW
        The update of the weights (n_in, n_out), a mean over the batch.
    db
        The update of the biases (n_out,), a mean over the batch; `None` without biases.
    dB
        The update of the feedback matrix (n_out, n_in), if the rule learns it; otherwise `None`.
    dD
        The update of the direct feedback matrix, if the rule learns it; otherwise `None`.
    """

    dW: Array
    db: Array | None
    dB: Array | None = None
    dD: Array | None = None


def updates(trace: Trace, signals: GiveSignals, by_sample: bool) -> list[Update]:
    """Return ΔW = h_belowᵀ δ / N and Δb = mean δ of each layer with weights.

    The update of a layer without a signal is zero.

    Parameters
    ----------
    trace
        A trace with a target; it stores the signals as `trace.deltas`.
    signals
        A function that yields layers and their δ for a trace.
    by_sample
        Whether the signals of a sample do not depend on other samples: then pieces of the batch run
        in parallel.
    """
    work = trace.samples * trace.net.work
    pieces = trace.pieces(count_pieces(trace, work)) if by_sample else [trace]
    trace.passed = {}
    if len(pieces) > 1:
        meeting = None if trace.net.by_sample else Meeting(len(pieces))
        try:
            threads.do([partial(collect, piece, trace, signals, meeting) for piece in pieces], work)
            alike = all(piece.deltas.keys() == pieces[0].deltas.keys() for piece in pieces)
        except BrokenBarrierError:  # a piece failed while others waited for it
            alike = False
        if not alike:
            return updates(trace, signals, by_sample=False)
        taught: Taught = ((layer, trace.whole_signal(layer), trace) for layer in pieces[0].deltas)
        trace.passed = {layer: trace.whole_signal(layer) for layer in pieces[0].passed}
    else:
        taught = checked(trace, signals)
    trace.deltas = {}
    if threads.pays_off(work):  # a product can begin as soon as its signal is known
        threads.run(job for each in taught for job in products(trace, *each))
    else:
        for layer, delta, passed in taught:
            product(trace, layer, delta, passed)
    return [update_of(trace, layer) for layer in trace.net.weighted]


def in_full(signals: Signals, trace: Trace) -> Taught:
    """Yield each layer, its signal, and the pass it belongs to; the default is the first pass."""
    for layer, signal, *passed in signals:
        yield layer, signal, passed[0] if passed else trace


def checked(trace: Trace, signals: GiveSignals) -> Taught:
    """Yield each layer, its checked signal (shaped like its pre-activation), and the pass."""
    for layer, signal, passed in in_full(signals(trace), trace):
        yield layer, trace[layer].shaped(signal, layer), passed


def as_given(given: Signals, method: str, what: str) -> Signals:
    """Return what a method of a rule yields, unchecked: its users check it."""
    return given


def pairs(given: Iterable[Any] | None, method: str, what: str) -> Signals:
    """Yield what a method of a rule yields, or raise if it is not a pair (layer, array)."""
    cure = f"{method} must yield a pair (layer, {what}), in this order, once for each layer"
    if given is None:
        raise TypeError(f"{cure}, but returns nothing")
    if isinstance(given, tuple) and not all(isinstance(pair, tuple) for pair in given):
        raise TypeError(f"{cure}, but returns one: use yield instead of return")
    for pair in given:
        if not _is_pair(pair):
            kinds = [type(each).__name__ for each in pair] if isinstance(pair, tuple) else []
            found = f"({', '.join(kinds)})" if kinds else type(pair).__name__
            raise TypeError(f"{cure}, but yields {found}")
        yield pair


def _is_pair(given: Any) -> bool:
    """Return whether it is (layer, array), or (layer, array, pass)."""
    if not isinstance(given, tuple) or len(given) not in (2, 3):
        return False
    return isinstance(given[0], WeightedLayer) and (len(given) == 2 or isinstance(given[2], Trace))


def collect(
    piece: Trace, whole: Trace, signals: GiveSignals, meeting: Meeting | None = None
) -> None:
    """Write the signals of some samples into the memory of the whole trace."""
    rows = slice(piece.first, piece.first + piece.samples)
    piece.deltas, piece.passed, piece.meeting = {}, {}, meeting
    try:
        for layer, delta, passed in checked(piece, signals):
            if passed is not piece:
                raise ValueError(
                    "a rule with further passes cannot be cut: set its by_sample to False"
                )
            piece.deltas[layer] = kept(whole, layer, rows, delta)
        if meeting is not None:
            meeting.end()
    except BaseException:
        if meeting is not None:
            meeting.call_off()
        raise
    finally:
        piece.meeting = None
    piece.passed = {
        other: kept(whole, other, rows, signal) for other, signal in piece.passed.items()
    }


def kept(whole: Trace, layer: Layer, rows: slice, signal: Array) -> Array:
    """Write a signal on a layer's output into the memory of the whole trace, and return it."""
    there = whole.whole_signal(layer)[rows]
    there[...] = signal
    return there


def other_updates(trace: Trace) -> dict[WeightlessLayer, dict[str, Array]]:
    """Return the updates of layers that have parameters but no weights."""
    return {
        layer: layer.learn(trace[layer], signal, trace.predictions)
        for layer, signal in trace.passed.items()
        if not layer.frozen
    }


def count_pieces(trace: Trace, work: int) -> int:
    """Return the number of pieces for the signals: one per thread, and more if they are huge."""
    N, size = trace.samples, trace.samples * trace.net.signal_bytes
    if not trace.net.by_sample:  # pieces wait for each other: each needs its own thread
        return len(threads.cut(N, work)) if threads.pays_off(work) else 1
    if size <= PIECE and not threads.pays_off(work):
        return 1
    return min(N, max(len(threads.cut(N, work)), ceil(size / PIECE)))


def note(trace: Trace, layer: WeightedLayer, delta: Array) -> Array:
    """Store the signal of a layer in `trace.deltas`, and return it as rows.

    Raises
    ------
    ValueError
        If the layer already has a signal.
    """
    if layer in trace.deltas:
        raise ValueError(
            f"signals gave {layer!r} a signal twice: add up what it is to get, and yield it once"
        )
    trace.deltas[layer] = delta
    return delta.reshape(-1, layer.n_out)


def product(trace: Trace, layer: WeightedLayer, delta: Array, passed: Trace) -> None:
    """Compute the weight update of one layer immediately."""
    if passed is not trace:
        add_product(trace, layer, delta, passed)
        return
    rows, (dW, db) = note(trace, layer, delta), trace.step_of(layer)
    if not layer.frozen:
        write_product(trace, layer, rows, dW, db)


def write_product(
    passed: Trace, layer: WeightedLayer, rows: Array, dW: Array, db: Array | None
) -> None:
    """Write into dW and db the product of a layer's input in a pass with rows of δ."""
    if rows.size > dW.size:  # of patches and tokens: NumPy's product is faster for so many rows
        mean_delta = mean_rows(rows, passed.predictions, db)
        layer.weight_product(passed[layer], mean_delta, dW)
    else:
        weight_update(passed.h_below(layer), rows, passed.predictions, dW, db)


def add_product(trace: Trace, layer: WeightedLayer, delta: Array, passed: Trace) -> None:
    """Add the product of another pass immediately: the next pass uses the same memory."""
    (dW, db), rows = trace.step_of(layer), delta.reshape(-1, layer.n_out)
    if layer not in trace.deltas:
        trace.deltas[layer] = delta
        write_product(passed, layer, rows, dW, db)
        return
    trace.deltas[layer] = trace.deltas[layer] + delta
    more, more_b = np.empty_like(dW), None if db is None else np.empty_like(db)
    write_product(passed, layer, rows, more, more_b)
    dW += more
    if db is not None:
        db += more_b


def products(trace: Trace, layer: WeightedLayer, delta: Array, passed: Trace) -> list[Job]:
    """Return the weight product of one layer, cut into jobs if it is large."""
    if passed is not trace:
        add_product(trace, layer, delta, passed)
        return []
    rows, (dW, db) = note(trace, layer, delta), trace.step_of(layer)
    if layer.frozen:
        return []
    # A job uses copies, because the rule may change its own arrays while it continues.
    mean_delta = mean_rows(rows, trace.predictions, db)
    cuts = threads.cut(layer.n_in, trace.samples * layer.work)
    return [partial(layer.weight_product, trace[layer], mean_delta, dW, cut) for cut in cuts]


def side_by_side(trace: Trace, jobs: Sequence[Callable[[], Result]]) -> list[Result]:
    """Return the results of jobs that are independent and each large enough for a thread."""
    return threads.results(jobs, trace.samples * trace.net.work)


def update_of(trace: Trace, layer: WeightedLayer) -> Update:
    """Return the update of a layer; zeros if it has no signal or is frozen."""
    dW, db = trace.step_of(layer)
    if layer not in trace.deltas or layer.frozen:
        dW[:] = 0
        if db is not None:
            db[:] = 0
    return Update(dW, db)
