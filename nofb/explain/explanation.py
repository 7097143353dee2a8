"""A rule or a method explained: its header as mathematics, and its source, or one update."""

from __future__ import annotations

from dataclasses import dataclass

from nofb.explain import plain, rich
from nofb.explain.headers import Header, Paragraph, header
from nofb.explain.hyper_parameters import hyper_parameters
from nofb.explain.sources import Source, source
from nofb.explain.subjects import Subject, found_by
from nofb.explain.values import Block, of_function
from nofb.explain.walk import Walk, walk
from nofb.rules import Rule
from nofb.transfer import Transferred


@dataclass(frozen=True, repr=False)
class Explanation:
    """What `nofb.explain` returns: plain text in a terminal, mathematics in a notebook."""

    header: Header
    body: Source | Walk  # its code, or a walk through one update
    parameters: tuple[Paragraph, ...] = ()
    everything: bool = False  # also the code of other files that runs around its own
    given: str = ""  # the name or the address that finds it; "" for a class of a notebook

    def __repr__(self) -> str:
        return plain.page(self.header, *self._shown())

    def _repr_html_(self) -> str:
        return rich.page(self.header, *self._shown())

    def _shown(self) -> tuple[tuple[Paragraph, ...], list[Block]]:
        """Return the paragraphs of the header that are shown, and the blocks below it."""
        if isinstance(self.body, Source):
            words = (*self.header.paragraphs, *self.parameters)
            if not self.everything:
                around = [Block(says=self._around())] if self.body.has_more else []
                return words, [*self.body.own_blocks(), *around]
        else:
            words = ()
        shared = [of_function(each, f"{each.name} in {each.file}") for each in self.body.shared]
        title = [Block(title=f"What all {self.body.word}s share")] if shared else []
        return words, [*self.body.blocks(), *title, *shared]

    def _around(self) -> str:
        lead = "The code of other files that runs around it: "
        if not self.given:
            return f"{lead}nofb.explain(..., everything=True)."
        command, call = f"nofb explain {self.given} --all", f"nofb.explain({self.given!r}"
        return f"{lead}{command}, or {call}, everything=True)."


def explain(
    subject: str | Subject | Rule | Transferred,
    step: bool = False,
    seed: int = 0,
    everything: bool = False,
) -> Explanation:
    """Explain a rule or a method; a notebook displays the result, elsewhere `print` it.

    Parameters
    ----------
    subject
        A short name of `nofb.rules.RULES` or `nofb.transfer.METHODS`, module:Class for a rule, a
        class, or a rule or a model with its attributes.
    step
        Whether to show one update instead of the source, with every array beside the line that
        computed it: of a 2-3-2 network by a rule, or of a transformer of two blocks by a method.
    seed
        The seed of the weights, the feedback and the batch of this update.
    everything
        Whether to show the code of other files too that runs around that of its own file.

    Raises
    ------
    TypeError, ValueError
        If there is no such rule or method.

    Examples
    --------
    >>> print(explain("fa"))  # doctest: +ELLIPSIS
    feedback alignment (fa)
    Lillicrap, Cownden, Tweed & Akerman 2016 (Nature Communications 7:13276; arXiv 1411.0247).
    ...
    """
    body = walk(subject, seed) if step else source(subject)
    words = tuple(hyper_parameters(subject))
    return Explanation(header(subject), body, words, everything, found_by(subject))
