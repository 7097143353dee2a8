"""TOAST: what if the task told a frozen transformer, from the top down, where to attend?

Shi, Gai, Darrell & Wang 2023 (arXiv 2305.15542), built on AbSViT (Shi et al. 2023, CVPR).

Pass 1, the frozen backbone alone; z is its last output. Features are selected, and sent back:
    m_i     = clamp(cos(z_i, ξ), 0, 1)              (1)   one number for each token i
    s_{L+1} = m z P                                 (2)   tokens weighted, then features combined
    s_l     = s_{l+1} A_lᵀ                          (3)   the feedback path, from the top down
    td_l    = s_l C_lᵀ                              (4)   the top-down signal
Pass 2, the same sample and weights; queries and keys as in the backbone:
    V_l     = (Xn_l + td_l) W_V + b_V               (5)   td steers the values only
    a       = h W + b                               (6)   the head gets the end of pass 2
Pre-tuning, on the data of the backbone; no gradient flows into the tokens X:
    L_var   = c Σ_l mean (X_{l+1} A_lᵀ - X_l)²      (7)   A_l learns to invert block l
    ΔA_lᵀ   = 2 c X_{l+1}ᵀ (X_{l+1} A_lᵀ - X_l) / n (8)   a local product, without signals

Symbols: z last tokens of pass 1 (N, T, d); ξ task (d,); m mask (N, T); P features combined (d, d),
    the identity at the start; A_l, C_l feedback path (d, d); s_l selected features on their way
    down (N, T, d); td_l top-down signal (N, T, d); X_l tokens that block l receives in pass 2
    (N, T, d), Xn_l the same normalised; W_V, b_V frozen; L number of blocks; n = N T d; c weight of
    the loss; W, b head.
Uses: A, C, P and the head are Dense layers with their own B, and ξ needs only its own signal and
    z. So every rule can train them, with a B in each frozen layer too. With direct feedback D, ξ
    gets no signal and does not change. Pass 1 has no trained parameters, so it is computed once
    for each sample.
Trap: if cos(z_i, ξ) ≤ 0 for all tokens, the mask is 0 and ξ has no gradient, so it can never
    recover. Then there is a DeadMaskWarning; a smaller learning rate helps.
What learns: A, C, ξ and the head, in both stages. P stays the identity, as in the released code,
    unless `train_p`; the released language stage trains C and ξ only, as with `train_a=False`.
Released code: the vision code adds the value bias twice, V = Xn W_V + b_V + td W_V + b_V. So even
    td = 0 changes the output of each block by b_V W_O: `released=True`. It truncates the normal
    start at ±2, a hundred standard deviations; here it is not truncated. Its 0.02 is for d = 768,
    and is multiplied by √(768/d) here. For language z is not normalised; here this is so if each
    token has outputs. The vision code has L_var but never calls it: its pre-tuning is not released.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np

from nofb import callers, checks, settings
from nofb.initialisers import scaled
from nofb.kernels.jit import kernel
from nofb.layers import Attention, Dense, Layer, Record, Sum, WeightedLayer
from nofb.layers.base import Wiring
from nofb.layers.block import Part
from nofb.layers.learned import LearnedLayer
from nofb.trace import Trace
from nofb.transfer.backbone import Parts, Receive, TransformerBlock, mean_attention
from nofb.transfer.model import Columns, Options, Transferred
from nofb.types import Array, FloatType, Shape

STAGES = ("transfer", "pretune")


class DeadMaskWarning(RuntimeWarning):
    """The mask is 0 for all tokens of a batch, so that the task can learn nothing from it."""


@kernel
def cosines(z: Array, xi: Array) -> Array:
    """The cosine of each token and the task; 0 for a token or a task without length."""
    cos, length = np.zeros(len(z), z.dtype), np.sqrt((xi * xi).sum())
    for i in range(len(z)):
        size = np.sqrt((z[i] * z[i]).sum()) * length
        if size > 0:
            cos[i] = (z[i] * xi).sum() / size  # cos(z_i, ξ)  (N T,)
    return cos


@kernel
def mask(cos: Array) -> Array:
    """The fraction of each token that is selected: its part in the direction of the task."""
    return np.minimum(np.maximum(cos, cos.dtype.type(0)), cos.dtype.type(1))  # eq. 1  (N T,)


@kernel
def select(z: Array, m: Array) -> Array:
    """Tokens, each times its mask."""
    return m.reshape(-1, 1) * z  # eq. 2, without P  (N T, d)


@kernel
def along_cosines(v: Array, z: Array, xi: Array, cos: Array) -> Array:
    """The derivative of Σ v cos by z: orthogonal to z, and only where the mask is not clamped."""
    along, length = np.zeros_like(z), np.sqrt((xi * xi).sum())
    for i in range(len(z)):
        if cos[i] > 0:  # the derivative of clamp in eq. 1
            size = np.sqrt((z[i] * z[i]).sum())
            along[i] = v[i] / size * (xi / length - cos[i] * z[i] / size)
    return along  # v_i ∂cos_i / ∂z_i  (N T, d)


@kernel
def task_update(signal: Array, z: Array, xi: Array, cos: Array, samples: int) -> Array:
    """Δξ: the task turns to tokens that should have been selected more, scaled by its length."""
    update, length = np.zeros_like(xi), np.sqrt((xi * xi).sum())
    for i in range(len(z)):
        if cos[i] > 0:
            size, v = np.sqrt((z[i] * z[i]).sum()), (signal[i] * z[i]).sum()
            update += v / length * (z[i] / size - cos[i] * xi / length)  # v_i ∂m_i / ∂ξ of eq. 1
    return update / xi.dtype.type(samples)


@kernel
def undo_update(above: Array, below: Array, W: Array, c: float) -> Array:
    """The update of A_lᵀ = W from the tokens at both ends of a block."""
    lost = above @ W - below  # X_{l+1} A_lᵀ - X_l  (N T, d)
    return above.dtype.type(2 * c / below.size) * (above.T @ lost)  # eq. 8  (d, d)


class FeatureSelection(LearnedLayer):
    """h = m z: each token times its part in the direction of the task (eqs. 1 and 2).

    Parameters
    ----------
    units
        The number of units of a token.

    Attributes
    ----------
    xi
        The task ξ (units,), which learns; only its direction matters.

    Examples
    --------
    >>> selection = FeatureSelection(8)
    >>> selection.infer_shapes((5, 8))
    >>> selection.shape_out
    (5, 8)
    """

    LEARNED = ("xi",)
    keeps_shape = True
    SIZES = (*LearnedLayer.SIZES, "units")

    xi: Array

    def __init__(self, units: int) -> None:
        self.units = checks.whole("units", units)

    @property
    def array_shape(self) -> Shape:
        return (self.units,)

    def draw(self, rng: np.random.Generator, dtype: FloatType) -> None:
        """Draw ξ from a normal distribution."""
        self.dtype = dtype
        self.xi = rng.normal(size=self.units)

    def infer_shapes(self, shape_in: Shape) -> None:
        """Accept tokens of `units` units."""
        if len(shape_in) != 2 or shape_in[1] != self.units:
            raise ValueError(f"{self!r} takes tokens of {self.units} units, but has {shape_in}")
        self.set_shapes(shape_in, shape_in)

    def forward(self, record: Record) -> None:
        z = self._rows(record.h_below)
        cos = self.cosines(record)
        cos[:] = cosines(z, self.xi)
        self._rows(record.h)[...] = select(z, mask(cos))

    def mask(self, record: Record) -> Array:
        """Return m (N, T)."""
        return mask(self.cosines(record)).reshape(record.samples, -1)

    def cosines(self, record: Record) -> Array:
        """Return cos(z_i, ξ) of all tokens (N T,)."""
        return record.array("cos", self.shape_in[:1]).reshape(-1)

    def back(self, record: Record, signal: Array) -> Array:
        s, z = self._rows(record.signal(self, signal, self.shape_out)), self._rows(record.h_below)
        cos = self.cosines(record)
        through = select(s, mask(cos)) + along_cosines((s * z).sum(1), z, self.xi, cos)
        return through.reshape(signal.shape)

    def relay(self, record: Record, signal: Array) -> Array:
        s, z = self._rows(record.signal(self, signal, self.shape_in)), self._rows(record.h_below)
        cos = self.cosines(record)
        change = (along_cosines(np.ones_like(cos), z, self.xi, cos) * s).sum(1)
        return (select(s, mask(cos)) + select(z, change)).reshape(signal.shape)

    def learn(self, record: Record, signal: Array, samples: int) -> dict[str, Array]:
        """Return Δξ, for a signal on the selected tokens."""
        s, z = self._rows(record.signal(self, signal, self.shape_out)), self._rows(record.h_below)
        cos = self.cosines(record)
        if (cos <= 0).all():
            callers.warn(
                f"the task ξ points away from all {len(cos)} tokens of a batch: nothing is "
                "selected, td is 0, and ξ gets no gradient; a smaller learning rate keeps it alive",
                DeadMaskWarning,
            )
        return {"xi": task_update(s, z, self.xi, cos, samples)}

    def _rows(self, x: Array) -> Array:
        return x.reshape(-1, self.units)

    def __repr__(self) -> str:
        return f"FeatureSelection({self.units})"


@dataclass(kw_only=True)
class ToastOptions(Options):
    """The options of TOAST.

    Parameters
    ----------
    stage
        "pretune", on the data of the backbone, with L_var, where A must learn; or "transfer",
        without.
    reconstruction
        c, the weight of L_var in pre-tuning.
    train_a
        Whether the matrices A of the feedback path learn.
    train_p
        Whether the matrix P, which combines the selected features, learns.
    std
        The standard deviation of A and C at the start; `None` for 0.02 √(768/d).
    late
        The number of last blocks that get feedback; `None` for all. Earlier blocks are then
        computed once for each sample, like pass 1.
    released
        Whether the value bias is added twice, as in the released vision code.
    """

    stage: str = settings.choice("transfer", STAGES)
    reconstruction: float = settings.number(0.1, least=0)
    train_a: bool = settings.switch(True)
    train_p: bool = settings.switch(False)
    std: float | None = settings.number(None, above=0, optional=True)
    late: int | None = settings.whole(None, optional=True)
    released: bool = settings.switch(False)


def gaussian(rng: np.random.Generator, n_in: int, n_out: int) -> Array:
    """Return normal numbers of variance 1."""
    return rng.normal(size=(n_in, n_out))


def identity(rng: np.random.Generator, n_in: int, n_out: int) -> Array:
    """Return the identity."""
    return np.eye(n_in, n_out)


class Steered(Columns):
    """Selection, feedback path and the backbone's blocks, which the feedback steers.

    Attributes
    ----------
    selection, P, A, C
        The added layers; A and C from the first steered block up, each with W = A_lᵀ or C_lᵀ.
    blocks
        The steered blocks.
    td
        The node of td_l for each of them.
    tokens
        The node of X_l in pass 2 for each of them, and the output of the last one.
    """

    def __init__(
        self, copies: Parts, widths: Sequence[int], blocks: list[TransformerBlock], std: float
    ) -> None:
        super().__init__(copies, widths)
        units = widths[0]
        self.selection = FeatureSelection(units)
        self.P = Dense(units, units, init=identity, bias=False)
        start = scaled(gaussian, std)
        self.A, self.C = (
            [Dense(units, units, init=start, bias=False) for _ in blocks] for _ in range(2)
        )
        self.blocks = blocks
        self.td: list[Layer] = []
        self.tokens: list[Layer] = []

    def wire_columns(self, graph: Wiring, *given: Layer | None) -> Layer:
        X, z, *present = given
        self.tokens.append(cast(Layer, X))
        s = graph.add(self.P, graph.add(self.selection, z))  # eqs. 1 and 2  (N, T, d)
        for A, C in zip(reversed(self.A), reversed(self.C), strict=True):
            s = self.wire_matrix(graph, A, s)  # eq. 3  (N, T, d)
            td = self.wire_matrix(graph, C, s)  # eq. 4  (N, T, d)
            self.td.insert(0, td)
        for block, signal in zip(self.blocks, self.td, strict=True):
            X = block.wire(graph, X, steered_by(signal), *present)
            self.tokens.append(X)
        return self.wire_top(graph, X, *present)

    def wire_matrix(self, graph: Wiring, matrix: Dense, at: Layer) -> Layer:
        """Add one matrix of the feedback path."""
        return graph.add(matrix, at)


def steered_by(td: Layer) -> Receive:
    """Return the nodes of queries and keys as in the backbone, and of values with td added."""

    def receive(graph: Wiring, attention: Attention, at: Layer | None) -> list[Layer]:
        Q, K = graph.add(attention.query, at), graph.add(attention.key, at)
        return [Q, K, graph.add(attention.value, graph.add(Sum(), at, td))]  # eq. 5  (N, T, d)

    return receive


@dataclass
class Steering:
    """The results of both passes for some samples.

    Attributes
    ----------
    before, after
        Attention weights of all blocks in pass 1 and in pass 2 (blocks, N, T, T), a mean over
        heads: row i has the weights of token i for all tokens.
    mask
        m (N, T).
    td
        The top-down signals (steered blocks, N, T, d).
    output
        ŷ (N, n_outputs), or a row for each token.
    """

    before: Array
    after: Array
    mask: Array
    td: Array
    output: Array


class Toast(Transferred):
    """Feedback from the end of a frozen transformer steers its attention in a second pass.

    Attributes
    ----------
    steered
        The added layers, and those that they steer.

    Examples
    --------
    >>> import numpy as np
    >>> from nofb import datasets, networks, transfer
    >>> data = datasets.load("digits")
    >>> net = networks.make("vision_transformer", data, patch=4, blocks=2, units=16)
    >>> model = transfer.make("toast", net, n_outputs=10)
    >>> model.trained_parameters == 4 * 16 * 16 + 16 + 10 * 17  # A, C, ξ and the head
    True
    >>> steering = model.steer(data.as_images().x_test[:3])
    >>> steering.before.shape, steering.mask.shape, steering.td.shape
    ((2, 3, 5, 5), (3, 5), (2, 3, 5, 16))
    >>> bool(np.allclose(steering.before[0], steering.after[0]))
    True
    """

    name = "toast"
    title = "TOAST"
    paper = "Shi et al. 2023"
    options_type = ToastOptions
    wiring: ClassVar[type[Steered]] = Steered
    frozen_a: ClassVar[str] = "leave train_a out, or take stage='transfer'"
    options: ToastOptions
    steered: Steered

    def body(self, copies: Parts) -> list[Part]:
        blocks = copies.blocks[self.first :]
        if self.options.released:
            for block in blocks:
                if block.attention.value.b is not None:
                    block.attention.value.b *= 2  # b_V once for Xn, and a second time for td
        self.steered = self.wiring(copies, self.widths, blocks, self.std, **self.wiring_options())
        return [self.steered]

    def wiring_options(self) -> dict[str, Any]:
        """Return the other arguments of the wiring."""
        return {}

    def kept(self) -> list[Layer]:
        return [self.backbone.inputs[self.first], self.backbone.selected, *self._present()]

    def check_options(self) -> None:
        if self.options.stage == "pretune" and not self.options.train_a:
            raise ValueError(
                "stage is 'pretune', in which A learns to invert the blocks, but A is frozen: "
                f"{self.frozen_a}"
            )
        late, blocks = self.options.late, len(self.backbone.blocks)
        if late is not None and late > blocks:
            raise ValueError(f"late is {late}, but the backbone has only {blocks} blocks")

    @property
    def first(self) -> int:
        """The index of the first block that gets feedback."""
        return 0 if self.options.late is None else len(self.backbone.blocks) - self.options.late

    @property
    def std(self) -> float:
        """The standard deviation of A and C at the start."""
        return self.options.std or 0.02 * float(np.sqrt(768 / self.backbone.units))

    def groups(self) -> dict[str, list[Layer]]:
        it = self.steered
        return {"ξ": [it.selection], "P": [it.P], "A": [*it.A], "C": [*it.C], **super().groups()}

    def freeze(self) -> None:
        self.steered.P.frozen = not self.options.train_p
        for A in self.steered.A:
            A.frozen = not self.options.train_a

    def local_updates(self, trace: Trace) -> dict[WeightedLayer, Array]:
        """Return the term of L_var in the update of each A_lᵀ in pre-tuning (eqs. 7 and 8)."""
        if self.options.stage != "pretune":
            return {}
        units, c = self.backbone.units, self.options.reconstruction
        X = [tokens.reshape(-1, units) for tokens in self._tokens(trace)]
        return {
            A: undo_update(above, below, A.W, c)
            for A, below, above in zip(self.steered.A, X[:-1], X[1:], strict=True)
            if not A.frozen
        }

    def local_losses(self) -> dict[str, float]:
        """Return c of L_var, in pre-tuning."""
        pretuned = self.options.stage == "pretune"
        return {"reconstruction": self.options.reconstruction} if pretuned else {}

    def outline(self) -> dict[str, str]:
        """Return what each layer is, which backbone it needs, and whether it is as released."""
        form = {"value bias": "added twice, as released"} if self.options.released else {}
        return {**super().outline(), **form}

    def reconstruction_loss(self, x: Array) -> float:
        """Return L_var for some samples (eq. 7)."""
        X, c = self._tokens(self.forward(x)), self.options.reconstruction
        lost = [np.mean((X[i + 1] @ A.W - X[i]) ** 2) for i, A in enumerate(self.steered.A)]
        return c * float(sum(lost))  # eq. 7

    def steer(self, x: Array, strength: float = 1.0) -> Steering:
        """Return the results of both passes for some samples.

        Parameters
        ----------
        x
            Samples.
        strength
            The factor of all td: 0 is the frozen backbone.

        Raises
        ------
        TypeError, ValueError
            If it is not a number of at least 0.
        """
        strength = checks.number("strength", strength, least=0)
        samples = self.backbone.net.as_input(x)
        ready = self.as_input(x)
        m = np.concatenate([self._mask(trace) for trace, _ in self._pieces(ready)])
        d = self.backbone.units
        with np.errstate(over="ignore"):
            ready[..., d : 2 * d] *= strength  # td is linear in the length of z; m ignores it
            if not np.isfinite((ready[..., d : 2 * d] ** 2).sum(-1)).all():
                raise ValueError(
                    f"strength is {strength:g}, which is too much for {np.dtype(self.dtype)}"
                )
        before = self.backbone.attention(samples)
        after = before.copy()
        after[self.first :] = mean_attention(self, self._pieces(ready), len(ready))
        td, output = [], []
        for trace, _ in self._pieces(ready):
            td.append(np.stack([trace[layer].h for layer in self.steered.td]))
            output.append(trace.output.reshape(trace.samples, *self.last.shape_out))
        return Steering(before, after, m, np.concatenate(td, axis=1), np.concatenate(output))

    def _tokens(self, trace: Trace) -> list[Array]:
        """Return X_l (N, T, d) of pass 2, for each steered block and above the last one."""
        return [trace[layer].h for layer in self.steered.tokens]

    def _mask(self, trace: Trace) -> Array:
        return self.steered.selection.mask(trace[self.steered.selection])
