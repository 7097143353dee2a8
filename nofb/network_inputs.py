"""What a network takes: samples, targets and the shape of a sample, checked and in its own form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nofb import checks, losses
from nofb.graph import Graph
from nofb.types import Array, Shape

KEPT_WHOLE = ": a Dataset keeps them whole if it has a vocabulary, or a label for every token"


def as_input(net: Graph, x: Array, name: str) -> Array:
    """Return samples as the layers take them: images become (N, H, W, channels).

    The first samples determine the shape of the network's input, unless it has one.

    Raises
    ------
    TypeError, ValueError
        If there is no sample, or samples do not have the shape or the values that the network
        takes.
    """
    checks.unmasked(name, x)
    x = np.asarray(x)
    if x.ndim not in _dimensions(net) or len(x) == 0:
        raise ValueError(
            f"{name} has shape {x.shape}, but must be {_forms(net)} with at least one sample"
            f"{checks.grey_cure(name, x.shape)}"
        )
    if x.ndim == 4 and x.shape[1] != _channels(net) == x.shape[3]:
        raise ValueError(
            f"{name} has samples of shape {x.shape[1:]}, but their {x.shape[3]} channels must "
            f"come first: {name}.transpose(0, 3, 1, 2)"
        )
    if net.input_shape is None:
        net.infer_shapes(x.shape[1:])
    if x.shape[1:] != net.input_shape:
        raise ValueError(
            f"{name} has samples of shape {x.shape[1:]}, but the network takes "
            f"{net.input_shape}{_hint(net, x.ndim)}"
        )
    if net.takes_tokens:
        return checks.tokens(name, x, net.nodes[0].n_in, KEPT_WHOLE)  # type: ignore[attr-defined]
    x = checks.cast(name, x, net.dtype)
    return np.ascontiguousarray(x.transpose(0, 2, 3, 1)) if x.ndim == 4 else x


def as_target(net: Graph, y: Array, samples: int, name: str) -> Array:
    """Return target rows (N, n_outputs) for labels or rows; see `Network.as_target`.

    Raises
    ------
    TypeError, ValueError
        If targets do not fit the outputs, or their number is not that of the samples.
    """
    checks.unmasked(name, y)
    if (rows := net.rows_per_sample) > 1:
        y = checks.by_token(name, y, rows)
    target = losses.as_targets(y, net.n_outputs, net.head, net.dtype, name)
    if len(target) != samples * rows:
        raise ValueError(
            f"{name} has {len(target) // rows} entries, but there are {samples} samples"
        )
    return target.reshape(samples, *net.last.shape_out) if rows > 1 else target


def checked_shape(net: Graph, given: Any) -> Shape:
    """Return the shape of one sample as a tuple.

    Raises
    ------
    TypeError, ValueError
        If it is no tuple of sizes, or has its channels in another place than the first.
    """
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise TypeError(f"input_shape must be a tuple such as ({given},), but is {given!r}")
    shape = tuple(checks.whole("each number of input_shape", size) for size in given)
    channels = _channels(net)
    if channels is not None and len(shape) == 2:
        raise ValueError(f"input_shape is {shape}, but images have channels: {(1, *shape)}")
    if channels is not None and len(shape) == 3 and shape[0] != channels == shape[2]:
        raise ValueError(
            f"input_shape is {shape}, but the channels come first: {(channels, *shape[:2])}"
        )
    return shape


def _dimensions(net: Graph) -> tuple[int, ...]:
    """Return how many dimensions x may have."""
    if net.takes_tokens:
        return (2,)
    sequences = net.input_shape is not None and len(net.input_shape) == 2
    return (3,) if sequences else (2, 4)


def _forms(net: Graph) -> str:
    if net.takes_tokens:
        return "(N, tokens)"
    sequences = _dimensions(net) == (3,)
    images = "(N, features) or (N, channels, height, width)"
    return "(N, tokens, units)" if sequences else images


def _hint(net: Graph, dimensions: int) -> str:
    images = net.input_shape is not None and len(net.input_shape) == 3
    if images == (dimensions == 4):
        return ""
    return "; see Dataset.as_images()" if images else "; put Flatten() first"


def _channels(net: Graph) -> int | None:
    """Return how many channels an image must have, or `None` if that is not known."""
    if net.input_shape is not None:
        return net.input_shape[0] if len(net.input_shape) == 3 else None
    return next((layer.channels_in for layer in net.nodes if layer.channels_in), None)
