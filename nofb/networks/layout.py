"""What a network reads off a data set, or a sentence if the samples are laid out otherwise."""

from __future__ import annotations

from nofb.datasets import Dataset


def image_shape(data: Dataset) -> tuple[int, int, int]:
    """Return (channels, height, width) of images (n, channels, height, width).

    Raises
    ------
    ValueError
        If the samples are no images.
    """
    if data.x_train.ndim != 4:
        raise ValueError(
            "the network takes images (n, channels, height, width), but x_train of the data set "
            f"{data.name!r} has shape {data.x_train.shape}: give data.as_images()"
        )
    channels, height, width = data.x_train.shape[1:]
    return channels, height, width


def sequence_length(data: Dataset) -> int:
    """Return how many tokens a sequence (n, tokens) has.

    Raises
    ------
    ValueError
        If the samples are no tokens.
    """
    if data.n_tokens is None:
        raise ValueError(
            "the network takes tokens, which are whole numbers (n, tokens) with a label for each, "
            f'but {data!r} has none: load a text with nofb.datasets.load("text")'
        )
    return int(data.x_train.shape[1])
