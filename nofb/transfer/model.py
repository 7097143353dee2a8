"""A transferred network: frozen copies of a backbone's layers, and the layers of a method.

It is a `nofb.Network`, so it works with `nofb.fit`, every rule and every measure. Everything before
the first layer that learns is computed once for each sample, by `as_input`.
"""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np

from nofb import archive, checks, saved_weights, seeds, settings
from nofb.layers import Dense, Layer
from nofb.layers.base import Wiring
from nofb.layers.block import Block, Part
from nofb.losses import LOSSES
from nofb.network import Network
from nofb.transfer.backbone import EACH, Backbone, Parts, attends, mean_attention
from nofb.transfer.layers import TakeUnits
from nofb.types import Array

HEADS = ("new", "backbone", "published")
FEW = float(np.log(99))  # a logistic unit with the bias -log 99 starts at 1 %


@dataclass(kw_only=True)
class Options:
    """The options of every method.

    Parameters
    ----------
    head
        The start of the head: "new" is drawn as any `Dense`; "backbone" is a copy of the backbone's
        own; "published" is the start in TOAST's code, W normal with variance 2 / outputs and b =
        -log 99. `None` is "backbone" if each token has the same number of outputs as there, and
        "new" otherwise.
    loss
        A name in `nofb.losses.LOSSES`; `None` for the backbone's loss.
    """

    head: str | None = settings.choice(None, HEADS, optional=True)
    loss: str | None = settings.choice(None, LOSSES, optional=True)

    def __post_init__(self) -> None:
        settings.check(self)


class Transferred(Network):
    """A network that starts as a backbone and learns another task, see `nofb.transfer.make`.

    Parameters
    ----------
    backbone
        A trained transformer, such as `nofb.networks.make("vision_transformer", data)` after
        `nofb.fit`. It is copied.
    n_outputs
        The number of outputs of the task for each sample; or for each token, if the backbone has
        outputs for each token.
    seed
        The seed of the layers that the method adds, and of the head.
    start
        A model whose added layers are copied, such as a TOAST that was pre-tuned on another task.
        If its head has another size, a new head is drawn.
    options
        The options of the method.

    Attributes
    ----------
    name, title, paper
        The method's short name in `nofb.transfer.METHODS`, its full name, and its source.
    options
        The given options, and the defaults of the others.
    backbone
        The frozen copy, which computes the input of the first layers once for each sample.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    paper: ClassVar[str]
    options_type: ClassVar[type[Options]] = Options

    def __init__(
        self,
        backbone: Network | Backbone,
        n_outputs: int,
        seed: int = 0,
        start: Transferred | None = None,
        **options: Any,
    ) -> None:
        checks.table(f"the method {self.name!r}", options, self._option_names())
        self.options = self.options_type(**options)
        self.backbone = backbone_of(backbone)
        self.check_options()
        head = Dense(self.head_units, checks.whole("n_outputs", n_outputs))  # a = h W + b
        parts = [*self.body(self.backbone.copies()), head]
        own = self.backbone.net
        super().__init__(parts, self.options.loss or own.head.name, seed, own.dtype, self.takes())
        self.input_shape = own.input_shape  # as `as_input` takes samples
        self._start_head()
        if start is not None:
            self._take_from(start)
        self.freeze()

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> None:
            if hasattr(type(self), name):  # a property that fails: its own error
                return object.__getattribute__(self, name)
            others = [kind.name for kind in _kinds(Transferred) if hasattr(kind, name)]
            cure = f"; it belongs to: {', '.join(others)}" if others else ""
            method = getattr(type(self), "name", type(self).__name__)
            raise AttributeError(
                f"a model of {method!r} has no {name!r}{cure}", name=name, obj=self
            )

    # -- what a method sets ----------------------------------------------------------------------

    @abstractmethod
    def body(self, copies: Parts) -> list[Part]:
        """Return the part below the head, with frozen copies of the backbone's parts."""

    def kept(self) -> list[Layer]:
        """Return the backbone's layers whose concatenated outputs the first layers take."""
        return [self.backbone.inputs[0], *self._present()]

    def takes(self) -> tuple[int, ...]:
        """Return the shape of one sample for the first layers."""
        return *self.kept()[0].shape_out[:-1], sum(self.widths)

    @property
    def widths(self) -> list[int]:
        """The number of units of each kept layer."""
        return [layer.shape_out[-1] for layer in self.kept()]

    def check_options(self) -> None:
        """Refuse options that do not fit the backbone."""

    def freeze(self) -> None:
        """Freeze the added layers that do not learn."""

    @property
    def head_units(self) -> int:
        """The number of inputs of the head."""
        return self.backbone.units

    def groups(self) -> dict[str, list[Layer]]:
        """Return the layers that the method adds, by their names."""
        return {"head": [self.last]}

    def _present(self) -> list[Layer]:
        return [] if self.backbone.present is None else [self.backbone.present]

    # -- what comes in ---------------------------------------------------------------------------

    def as_input(self, x: Array, name: str = "x") -> Array:
        """Return the input of the first layers: samples that were sent through the frozen backbone.

        It is computed at each call, for all given samples.
        """
        return self.backbone.send(self.backbone.net.as_input(x, name), *self.kept())

    @property
    def reads_tokens(self) -> bool:
        return self.backbone.net.reads_tokens

    # -- what it is ------------------------------------------------------------------------------

    @property
    def trained_parameters(self) -> int:
        """The number of trained parameters."""
        return sum(_size(node) for node in self.nodes if not node.frozen)

    @property
    def all_parameters(self) -> int:
        """The number of all parameters: those of the backbone, and those that the method adds."""
        return self.backbone.size + sum(_size(node) for node in self.added)

    def attention(self, x: Array) -> tuple[Array, Array]:
        """Return the attention weights of all blocks before and after, each a mean over heads.

        Parameters
        ----------
        x
            Samples.

        Returns
        -------
        tuple
            Two arrays (blocks, N, T, T): of the backbone alone, and of this network, whose blocks
            may have more tokens; row i has the weights of token i for all tokens.
        """
        samples = self.backbone.net.as_input(x)
        before = self.backbone.attention(samples)
        if not attends(self):  # a head alone
            return before, before
        after = mean_attention(self, self._pieces(self.as_input(x)), len(samples))
        earlier = before[: len(before) - len(after)]  # of blocks that were computed once
        return before, np.concatenate([earlier, after]) if len(earlier) else after

    def outline(self) -> dict[str, str]:
        """Return a description of each layer, and of the backbone that it needs."""
        return {**super().outline(), "method": self.title, "backbone": self.backbone.digest}

    def __str__(self) -> str:
        trained, total = self.trained_parameters, self.all_parameters
        names = [name for name, layers in self.groups().items() if not layers[0].frozen]
        share = 100 * trained / total
        return (
            f"{super().__str__()}\n{self.title}: {trained:,} of {total:,} parameters learn "
            f"({share:.2g} %): {', '.join(names)}"
        )

    def __repr__(self) -> str:
        changed = settings.changed(self.options).items()
        given = "".join(f", {name}={value!r}" for name, value in changed)
        return f"{type(self).__name__}({self.n_outputs} outputs{given})"

    # -- on disk ---------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the layers that the method adds or has trained, and the identity of the backbone.

        The backbone's own weights are not written; `nofb.transfer.load` needs the same backbone.

        Parameters
        ----------
        path
            The file; an existing one is replaced when the new one is complete.

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        about = {
            "method": self.name,
            "n_outputs": self.n_outputs,
            "seed": self.seed,
            "options": self._given(),
            "network": self.outline(),
        }
        with archive.only_writer(Path(path)):
            archive.write(path, "transfer", about, self._own_weights())

    def load(self, path: str | os.PathLike[str]) -> Transferred:
        """Fill the layers that the method adds or trains, from a file of `save` or a checkpoint.

        Raises
        ------
        OSError
            If there is no such file.
        ValueError
            If the file is not complete, belongs to another method, or needs another backbone.
        """
        about, arrays = archive.read(path, "transfer", "checkpoint", parts={"network": dict})
        check_backbone(path, about, self.backbone)
        checks.same(str(path), about["network"], self.outline())
        if about["kind"] == "transfer":  # where a copy is missing, it is as in the backbone
            arrays = {**self._copies(), **arrays}
        saved_weights.fill(self, arrays, path)
        return self

    def _own_weights(self) -> dict[str, Array]:
        """Return the arrays that the method adds or trains, by place; copies that changed, too."""
        own, copies = saved_weights.weights(self), self._copies()
        for place, array in copies.items():
            if np.array_equal(own[place], array):
                del own[place]
        return own

    def _copies(self) -> dict[str, Array]:
        """Return the arrays of the backbone's copies as they were at the start, by place."""
        new = type(self)(self.backbone, self.n_outputs, self.seed, **self._given())
        added = {id(a) for node in new.added for a in node.parameters().values()}
        weights = saved_weights.weights(new)
        return {place: array for place, array in weights.items() if id(array) not in added}

    def _given(self) -> dict[str, Any]:
        """Return what the method was told, and the defaults of the rest."""
        return {name: getattr(self.options, name) for name in self._option_names()}

    @classmethod
    def _option_names(cls) -> list[str]:
        return [field.name for field in fields(cls.options_type) if field.init]

    # -- building --------------------------------------------------------------------------------

    def _draw(self) -> None:
        """Draw the layers that the method adds; the frozen copies keep their weights."""
        self.added = [node for node in self.nodes if not node.frozen]
        rng = seeds.generator(self.seed, "weights")
        for index, layer in enumerate(self.nodes):
            if not layer.frozen:
                layer.draw(rng, self.dtype)
            layer.seed_masks(seeds.generator(self.seed, "dropout", index))

    def _start_head(self) -> None:
        head, own = self.last, self.backbone.net.last
        alike = head.W.shape == own.W.shape
        start = self.options.head
        if start is None:
            start = "backbone" if alike and self.backbone.rows == EACH else "new"
        if start == "backbone":
            if not alike:
                raise ValueError(
                    f"head is 'backbone', but that one has W {own.W.shape}, and this head "
                    f"{head.W.shape}: head='new' draws one"
                )
            head.W, head.b = own.W, np.zeros(own.n_out) if own.b is None else own.b
        elif start == "published":
            rng = seeds.generator(self.seed, "weights", 1)
            head.W = rng.normal(0, np.sqrt(2 / head.n_out), head.W.shape)
            head.b = np.full(head.n_out, -FEW)

    def _take_from(self, start: Transferred) -> None:
        """Copy the layers that both models add; a head of another size is new."""
        if not isinstance(start, Transferred):
            raise TypeError(f"start must be a model of nofb.transfer, but is {start!r}")
        if start.backbone.digest != self.backbone.digest:
            raise ValueError("start was made on another backbone: give the one it was made on")
        mine, theirs = self.groups(), start.groups()
        shared = [name for name in mine if name in theirs and name != "head"]
        if not shared:
            raise ValueError(
                f"start is {start!r}, which adds {', '.join(theirs)}, and {self.title} adds "
                f"{', '.join(mine)}: they have nothing in common to start from"
            )
        for name in shared:
            if len(mine[name]) != len(theirs[name]):
                raise ValueError(
                    f"start has {len(theirs[name])} {name}, but this model has {len(mine[name])}"
                )
            for layer, other in zip(mine[name], theirs[name], strict=True):
                for key, array in other.parameters().items():
                    if array.shape != (shape := layer.parameters()[key].shape):
                        raise ValueError(
                            f"start has {name} of shape {array.shape}, but this model has {shape}: "
                            "give it the options of start"
                        )
                    setattr(layer, key, array)


def backbone_of(given: Network | Backbone) -> Backbone:
    """Return the backbone of a network; one that was transferred already is refused.

    Raises
    ------
    TypeError, ValueError
        If it is not a network, or is a model of `nofb.transfer`, or has another structure.
    """
    if isinstance(given, Transferred):
        raise TypeError(
            f"backbone must be a trained network, but is {given!r}, a model of nofb.transfer: give "
            "the network that it was made on"
        )
    return given if isinstance(given, Backbone) else Backbone(given)


def check_backbone(path: object, about: dict[str, Any], backbone: Backbone) -> None:
    """Refuse a file that needs another backbone.

    Raises
    ------
    ValueError
        With both digests.
    """
    needed = about["network"].get("backbone")
    if needed != backbone.digest:
        raise ValueError(
            f"{path} needs the backbone {needed}, but the one given is {backbone.digest}: give "
            "the network that the model was made on, with the same weights"
        )


class Columns(Block):
    """Splits the concatenated inputs of a method's layers into columns, which the method connects.

    Parameters
    ----------
    copies
        Copies of the backbone's parts.
    widths
        The number of units of each column.
    """

    def __init__(self, copies: Parts, widths: Sequence[int]) -> None:
        self.copies = copies
        ends = np.cumsum(widths).tolist()
        alone = len(widths) == 1
        self.columns = [] if alone else [
            TakeUnits(end - width, end) for end, width in zip(ends, widths, strict=True)
        ]  # fmt: skip

    def wire(self, graph: Wiring, at: Layer | None) -> Layer:
        """Add everything below the head to a graph."""
        columns: list[Layer | None] = [graph.add(column, at) for column in self.columns]
        given = columns or [at]
        return self.wire_columns(graph, *given)

    @abstractmethod
    def wire_columns(self, graph: Wiring, *given: Layer | None) -> Layer:
        """Add everything above the columns, and return the node of the head's input."""

    def wire_top(self, graph: Wiring, at: Layer | None, present: Layer | None = None) -> Layer:
        """Add the normalisation of the last tokens and the pooling, as in the backbone."""
        top = at if self.copies.norm is None else graph.add(self.copies.norm, at)
        if self.copies.pool is None:
            return cast(Layer, top)
        return graph.add(self.copies.pool, top, *([] if present is None else [present]))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.copies.blocks)} blocks)"


def _kinds(kind: type[Transferred]) -> list[type[Transferred]]:
    """Return all classes of methods below a class."""
    return [each for below in kind.__subclasses__() for each in (below, *_kinds(below))]


def _size(layer: Layer) -> int:
    return sum(array.size for array in layer.parameters().values())
