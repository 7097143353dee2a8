"""MiniLM: a pretrained text encoder. The embeddings of similar sentences are close.

Wang et al. 2020 (arXiv 2002.10957) distilled it; Reimers & Gurevych 2019 (arXiv 1908.10084)
describe the training on sentences. It has six blocks, with the normalisation after each sum, as in
the first transformers. A text is the mean of its tokens.

The 22.6 million weights are those of all-MiniLM-L6-v2, from the extra `transfer`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np

from nofb import checks, extras
from nofb.datasets.word_pieces import LONGEST, minilm_folder
from nofb.layers import (
    Attention,
    Block,
    Dense,
    Embedding,
    Layer,
    LayerNorm,
    MeanToken,
    Positions,
    Present,
    Residual,
)
from nofb.network import Network
from nofb.networks.transformer_block import EPSILON, post_norm_blocks
from nofb.trace import Trace
from nofb.types import Array

FILE = "model.safetensors"
AT_ONCE = 32  # texts in a forward pass: one of 256 tokens needs 20 MB in every block


@dataclass(frozen=True)
class Sizes:
    """The sizes of a text encoder; those of MiniLM by default."""

    vocabulary: int = 30_522
    places: int = 512
    units: int = 384
    heads: int = 12
    blocks: int = 6


def text_encoder(n_outputs: int, sizes: Sizes = Sizes()) -> list[Layer | Block]:
    """Return the layers of an encoder of padded text, with a dense layer on the mean of its tokens.

    Examples
    --------
    >>> small = Sizes(vocabulary=20, places=8, units=6, heads=2, blocks=1)
    >>> net = Network(text_encoder(2, small), input_shape=(5,))
    >>> net.forward(np.array([[7, 3, 9, 0, 0]])).output.shape
    (1, 2)
    """
    units, present = sizes.units, Present()
    return [
        Embedding(sizes.vocabulary, units), present, Positions(sizes.places, units),
        LayerNorm(units, EPSILON),
        *post_norm_blocks(sizes.blocks, units, sizes.heads, present),
        MeanToken(present), Dense(units, n_outputs),
    ]  # fmt: skip


def load(
    n_outputs: int = 2,
    length: int = LONGEST,
    seed: int = 0,
    folder: str | os.PathLike[str] | None = None,
) -> Network:
    """Return MiniLM with its trained weights, and a new dense layer on top.

    Parameters
    ----------
    n_outputs
        The outputs of the last dense layer, which is drawn from `seed`.
    length
        The number of tokens of a text, with padding; up to 512.
    seed
        The seed of the last layer.
    folder
        The folder of model.safetensors; `None` for the package's.

    Returns
    -------
    Network
        It takes tokens (N, length), as `nofb.datasets.WordPieces` returns them.

    Raises
    ------
    ModuleNotFoundError
        If a package of the extra `transfer` is missing.
    OSError, ValueError
        If there is no such file, or it belongs to another network.
    """
    safetensors = extras.imported("safetensors.numpy", "transfer", "MiniLM")
    file = (minilm_folder() if folder is None else Path(folder)) / FILE
    net = Network(text_encoder(n_outputs), seed=seed, input_shape=(checks.whole("length", length),))
    fill(net, safetensors.load_file(file), str(file))
    return net


def embed(net: Network, tokens: Array) -> Array:
    """Return the embedding of each text: the mean of its tokens, of length 1 (N, units).

    Parameters
    ----------
    net
        An encoder of `load` or `text_encoder`.
    tokens
        Whole numbers (N, length).
    """
    x = net.as_input(tokens, "tokens")
    trace, means = Trace(net, min(len(x), AT_ONCE)), []
    for start in range(0, len(x), AT_ONCE):
        piece = np.require(x[start : start + AT_ONCE], requirements="W")
        means.append(trace.rows(len(piece)).fill(piece)[net.last].h_below.copy())
    mean = np.concatenate(means)
    return mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), EPSILON)


def fill(net: Network, arrays: Mapping[str, Array], source: str = "arrays") -> None:
    """Fill an encoder with weights that have BERT's names; BERT stores them as (n_out, n_in).

    Raises
    ------
    ValueError
        If an array is missing, or has another shape.
    """
    named = _Named(arrays, source)
    embedding, _, positions, norm, *blocks = net.layers[:-2]
    cast(Embedding, embedding).W = named["embeddings.word_embeddings.weight"]
    places = named["embeddings.position_embeddings.weight"]
    # All tokens of a text with one part have the first type, so its embedding is a constant.
    cast(Positions, positions).positions = (
        places + named["embeddings.token_type_embeddings.weight"][0]
    )
    named.norm("embeddings.LayerNorm", norm)
    for index in range(len(blocks) // 4):
        attended, above, fed, top = blocks[4 * index : 4 * index + 4]
        place = f"encoder.layer.{index}"
        (attention,) = cast(Residual, attended).layers
        for name in ("query", "key", "value"):
            named.dense(f"{place}.attention.self.{name}", getattr(attention, name))
        named.dense(f"{place}.attention.output.dense", cast(Attention, attention).output)
        named.norm(f"{place}.attention.output.LayerNorm", above)
        wide, narrow = cast(Residual, fed).layers
        named.dense(f"{place}.intermediate.dense", wide)
        named.dense(f"{place}.output.dense", narrow)
        named.norm(f"{place}.output.LayerNorm", top)


@dataclass(frozen=True)
class _Named:
    """The arrays of a file, by name."""

    arrays: Mapping[str, Array]
    source: str

    def __getitem__(self, name: str) -> Array:
        if name not in self.arrays:
            raise ValueError(f"{self.source} has no array {name!r}, which BERT's weights have")
        return self.arrays[name]

    def dense(self, name: str, layer: object) -> None:
        """Fill a dense layer."""
        dense = cast(Dense, layer)
        dense.W, dense.b = self[f"{name}.weight"].T, self[f"{name}.bias"]

    def norm(self, name: str, layer: object) -> None:
        """Fill a layer normalisation."""
        norm = cast(LayerNorm, layer)
        norm.gamma, norm.beta = self[f"{name}.weight"], self[f"{name}.bias"]
