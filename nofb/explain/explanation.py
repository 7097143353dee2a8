"""A rule explained: its header as mathematics, and its source beside it, or one update of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nofb.explain import plain, rich
from nofb.explain.headers import Header, Paragraph, header
from nofb.explain.sources import Source, source
from nofb.explain.values import Block, of_function
from nofb.explain.walk import Walk, walk
from nofb.rules import Rule


@dataclass(frozen=True, repr=False)
class Explanation:
    """What `nofb.explain` returns: plain text in a terminal, mathematics in a notebook."""

    header: Header
    body: Source | Walk  # what the rule runs, or a walk through one update

    def __repr__(self) -> str:
        return plain.page(self.header, self._words, self._blocks())

    def _repr_html_(self) -> str:
        return rich.page(self.header, self._words, self._blocks())

    @property
    def _words(self) -> tuple[Paragraph, ...]:
        return self.header.paragraphs if isinstance(self.body, Source) else ()

    def _blocks(self) -> Iterator[Block]:
        yield from self.body.blocks()
        yield Block(title="What all rules share" if self.body.shared else "")
        yield from (of_function(each, f"{each.name} in {each.file}") for each in self.body.shared)


def explain(rule: str | type[Rule] | Rule, step: bool = False, seed: int = 0) -> Explanation:
    """Explain a rule.

    Parameters
    ----------
    rule
        A short name of `nofb.rules.RULES`, a class, or a rule, whose attributes then count.
    step
        Whether to show, instead of the source, one update of a 2-3-2 network with every array
        beside the line that made it.
    seed
        Of the weights, the feedback and the batch of that update.

    Returns
    -------
    Explanation
        It shows itself in a notebook; `print` it anywhere else.

    Raises
    ------
    TypeError, ValueError
        If there is no such rule.

    Examples
    --------
    >>> print(explain("fa"))  # doctest: +ELLIPSIS
    feedback alignment (fa)
    Lillicrap, Cownden, Tweed & Akerman 2016 (Nature Communications 7:13276; arXiv 1411.0247).
    ...
    """
    return Explanation(header(rule), walk(rule, seed) if step else source(rule))
