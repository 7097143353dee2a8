"""Maps: what convolutions, pooling and patches take. Their errors write shapes as users do."""

from __future__ import annotations

from nofb.layers.base import Layer
from nofb.types import Shape


def check_maps(layer: Layer, shape_in: Shape, channels: int | None = None) -> None:
    """Refuse a sample that is no map, or has other channels; errors put the channels first.

    Parameters
    ----------
    layer
        The layer that receives it.
    shape_in
        The shape of a sample inside a network: (height, width, channels) for a map.
    channels
        How many channels it must have, if the layer has a fixed number.

    Examples
    --------
    >>> from nofb import MaxPool2D
    >>> check_maps(MaxPool2D(2), (784,))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: MaxPool2D((2, 2), stride=(2, 2)) takes maps (channels, height, width), but ...
    """
    expected = f"{layer!r} takes maps ({channels or 'channels'}, height, width), but receives"
    if len(shape_in) != 3:
        raise ValueError(
            f"{expected} {shape_in}: give images, see Dataset.as_images(), and put Flatten() and "
            "Dense after this layer"
        )
    height, width, received = shape_in
    if channels not in (None, received):
        raise ValueError(f"{expected} {(received, height, width)}: take channels_in={received}")
