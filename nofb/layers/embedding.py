"""An embedding: a table with a vector for each token of a vocabulary."""

import numpy as np

from nofb import checks
from nofb.initialisers import Initialiser
from nofb.layers.base import Record, WeightedLayer
from nofb.types import Array, Shape


class Embedding(WeightedLayer):
    """h = W[token]: a dense layer on one-hot inputs, computed by indexing.

    It maps whole numbers (N, tokens) to (N, tokens, units). It sends no signal further down.

    Parameters
    ----------
    tokens
        The size of the vocabulary; its tokens are numbered from 0.
    units
        The length of the vector of a token.
    init
        How W (tokens, units) is drawn: a name in `nofb.initialisers.INITIALISERS`, or a function.

    Raises
    ------
    TypeError, ValueError
        If a size is not a positive whole number, or a name is not known.

    Examples
    --------
    >>> layer = Embedding(65, 16)
    >>> layer.infer_shapes((50,))
    >>> layer.shape_out
    (50, 16)
    """

    takes = "tokens"
    makes_tokens = True

    def __init__(self, tokens: int, units: int, init: str | Initialiser = "xavier") -> None:
        n_in, n_out = checks.whole("tokens", tokens), checks.whole("units", units)
        super().__init__(n_in, n_out, None, init, bias=False)

    def infer_shapes(self, shape_in: Shape) -> None:
        """Accept a sequence of tokens."""
        if len(shape_in) != 1:
            raise ValueError(f"{self!r} takes tokens (N, tokens), but a sample has {shape_in}")
        self.set_shapes(shape_in, (*shape_in, self.n_out))
        self.work = shape_in[0] * self.n_in * self.n_out

    def affine(self, record: Record) -> None:
        np.take(self.W, self._tokens(record.h_below), axis=0, out=record.a, mode="clip")

    def received(self, record: Record) -> Array:
        return self.gather(record, record.h_below)

    def gather(self, record: Record, h_below: Array) -> Array:
        """Return tokens (N, T) as one-hot rows (N T, tokens of the vocabulary)."""
        tokens = self._tokens(h_below).reshape(-1)
        rows = np.zeros((tokens.size, self.n_in), self.dtype)
        rows[np.arange(tokens.size), tokens] = 1
        return rows

    def scatter(self, record: Record, rows: Array) -> Array:
        raise ValueError(f"{self!r} sends nothing down: tokens are numbers of words, not activity")

    def _tokens(self, given: Array) -> Array:
        """Return tokens, checked, since an index must be inside W."""
        if not np.issubdtype(given.dtype, np.integer):
            raise TypeError(f"{self!r} takes whole numbers, but receives {given.dtype}")
        unknown = given[(given < 0) | (given >= self.n_in)]
        if unknown.size:
            raise ValueError(
                f"{self!r} receives the token {unknown[0]}, but its vocabulary has the tokens 0 to "
                f"{self.n_in - 1}"
            )
        return given

    def __repr__(self) -> str:
        return f"Embedding({self.n_in}, {self.n_out})"
