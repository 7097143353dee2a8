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

# A layer and its δ, and for a rule with further passes the one whose activities δ meets.
Signals = Iterable[tuple[WeightedLayer, Array] | tuple[WeightedLayer, Array, Trace]]
Taught = Iterator[tuple[WeightedLayer, Array, Trace]]
Result = TypeVar("Result")
GiveSignals = Callable[[Trace], Signals]
Reader = Callable[[Signals, str, str], Signals]

PIECE = 2**24  # bytes: signals that are larger are made in pieces, since so much memory is slow


@dataclass
class Update:
    """The update of one layer, in the role of a gradient: optimizers subtract it.

    Attributes
    ----------
    dW
        For the weights (n_in, n_out): a mean over the batch.
    db
        For the biases (n_out,), or `None` where there are none: a mean over the batch.
    dB
        For the feedback matrix (n_out, n_in), where a rule learns it; otherwise `None`.
    dD
        For the direct feedback matrix, where a rule learns it; otherwise `None`.
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
        A trace that knows its target; it keeps the signals, as `trace.deltas`.
    signals
        Gives layers and their δ, from a trace.
    by_sample
        Whether a sample's signals need no other sample: they are then made in pieces, side by side.
    """
    work = trace.samples * trace.net.work
    pieces = trace.pieces(count_pieces(trace, work)) if by_sample else [trace]
    trace.passed = {}
    if len(pieces) > 1:
        meeting = None if trace.net.by_sample else Meeting(len(pieces))
        try:
            threads.do([partial(collect, piece, trace, signals, meeting) for piece in pieces], work)
            alike = all(piece.deltas.keys() == pieces[0].deltas.keys() for piece in pieces)
        except BrokenBarrierError:  # a piece failed, and others waited for it
            alike = False
        if not alike:
            return updates(trace, signals, by_sample=False)
        taught: Taught = ((layer, trace.whole_signal(layer), trace) for layer in pieces[0].deltas)
        trace.passed = {layer: trace.whole_signal(layer) for layer in pieces[0].passed}
    else:
        taught = checked(trace, signals)
    trace.deltas = {}
    if threads.worth(work):  # a product can begin as soon as its signal is there
        threads.share(job for each in taught for job in products(trace, *each))
    else:
        for layer, delta, passed in taught:
            product(trace, layer, delta, passed)
    return [update_of(trace, layer) for layer in trace.net.weighted]


def in_full(signals: Signals, trace: Trace) -> Taught:
    """Give each layer, its signal, and the pass that it belongs to: the first one, if not said."""
    for layer, signal, *passed in signals:
        yield layer, signal, passed[0] if passed else trace


def checked(trace: Trace, signals: GiveSignals) -> Taught:
    """Give each layer and its signal, checked, shaped like its pre-activation, and the pass."""
    for layer, signal, passed in in_full(signals(trace), trace):
        yield layer, trace[layer].shaped(signal, layer), passed


def as_given(given: Signals, method: str, what: str) -> Signals:
    """Return what a method of a rule yields, unseen: whether it fits, its users find out."""
    return given


def pairs(given: Iterable[Any] | None, method: str, what: str) -> Signals:
    """Give what a method of a rule yields, or say that it is no pair of a layer and an array."""
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
    """Say whether it is a layer and an array, or these and a further pass."""
    if not isinstance(given, tuple) or len(given) not in (2, 3):
        return False
    return isinstance(given[0], WeightedLayer) and (len(given) == 2 or isinstance(given[2], Trace))


def collect(
    piece: Trace, whole: Trace, signals: GiveSignals, meeting: Meeting | None = None
) -> None:
    """Put the signals of some samples into the whole trace's memory."""
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
    """Put a signal on what a layer gives into the whole trace's memory, and return it there."""
    there = whole.whole_signal(layer)[rows]
    there[...] = signal
    return there


def other_updates(trace: Trace) -> dict[WeightlessLayer, dict[str, Array]]:
    """Return what the other layers with parameters learn from the signals that have passed."""
    return {
        layer: layer.learn(trace[layer], signal, trace.predictions)
        for layer, signal in trace.passed.items()
        if not layer.frozen
    }


def count_pieces(trace: Trace, work: int) -> int:
    """Return in how many pieces signals are made: one for each thread, and none of them huge."""
    N, size = trace.samples, trace.samples * trace.net.signal_bytes
    if not trace.net.by_sample:  # pieces meet on the way: each needs a thread of its own
        return len(threads.cut(N, work)) if threads.worth(work) else 1
    if size <= PIECE and not threads.worth(work):
        return 1
    return min(N, max(len(threads.cut(N, work)), ceil(size / PIECE)))


def note(trace: Trace, layer: WeightedLayer, delta: Array) -> Array:
    """Keep the signal of a layer as `trace.deltas` has it, and return it as rows.

    Raises
    ------
    ValueError
        If the layer got a signal before.
    """
    if layer in trace.deltas:
        raise ValueError(
            f"signals gave {layer!r} a signal twice: add up what it is to get, and yield it once"
        )
    trace.deltas[layer] = delta
    return delta.reshape(-1, layer.n_out)


def product(trace: Trace, layer: WeightedLayer, delta: Array, passed: Trace) -> None:
    """Work out the weight product of one layer at once."""
    if passed is not trace:
        add_product(trace, layer, delta, passed)
        return
    rows, (dW, db) = note(trace, layer, delta), trace.step_of(layer)
    if not layer.frozen:
        write_product(trace, layer, rows, dW, db)


def write_product(
    passed: Trace, layer: WeightedLayer, rows: Array, dW: Array, db: Array | None
) -> None:
    """Write into dW and db what rows of δ make of what a layer received in a pass."""
    if rows.size > dW.size:  # of patches and tokens: NumPy's product is faster for so many rows
        mean_delta = mean_rows(rows, passed.predictions, db)
        layer.weight_product(passed[layer], mean_delta, dW)
    else:
        weight_update(passed.h_below(layer), rows, passed.predictions, dW, db)


def add_product(trace: Trace, layer: WeightedLayer, delta: Array, passed: Trace) -> None:
    """Add the product of another pass, at once: the next pass will use its memory again."""
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
    """Return the weight product of one layer, cut into jobs if it is a large one."""
    if passed is not trace:
        add_product(trace, layer, delta, passed)
        return []
    rows, (dW, db) = note(trace, layer, delta), trace.step_of(layer)
    if layer.frozen:
        return []
    # What a job works with is not the rule's own array, which it may change while it goes on.
    mean_delta = mean_rows(rows, trace.predictions, db)
    cuts = threads.cut(layer.n_in, trace.samples * layer.work)
    return [partial(layer.weight_product, trace[layer], mean_delta, dW, cut) for cut in cuts]


def side_by_side(trace: Trace, jobs: Sequence[Callable[[], Result]]) -> list[Result]:
    """Return what jobs give, each as long as a part of a step, that need nothing of each other."""
    return threads.results(jobs, trace.samples * trace.net.work)


def update_of(trace: Trace, layer: WeightedLayer) -> Update:
    """Return the update of a layer, all zeros if it got no signal or is frozen."""
    dW, db = trace.step_of(layer)
    if layer not in trace.deltas or layer.frozen:
        dW[:] = 0
        if db is not None:
            db[:] = 0
    return Update(dW, db)
