"""The audit of a top-down path as two tables, and what follows from them in sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from nofb.audit.top_down import TopDown
from nofb.audit.top_down_changes import COLUMNS, FIRST, LATER, PATH

MOVED = (
    "A steered transformer of three blocks runs twice, and the second time one quantity differs.\n"
    "m mask, u selected features, td_l top-down signal of block l, attention its weights in pass 2."
)
READ = (
    "Whose weights a rule reads to teach each part: they are replaced while the rule works, and\n"
    "the outputs of their units are held constant. A part with - is taught without any weight."
)

Claim = Callable[[TopDown], bool]


def rows(found: TopDown) -> list[list[str]]:
    """Return what was changed against what moved, with a heading."""
    heading = ["changed", *COLUMNS]
    body = [[change, *("moves" if moved[column] else "-" for column in COLUMNS)]
            for change, moved in found.moved.items()]  # fmt: skip
    return [heading, *body]


def read_rows(found: TopDown) -> list[list[str]]:
    """Return rules against what each one reads to teach a part, with a heading.

    Examples
    --------
    >>> from nofb.audit import top_down
    >>> for row in read_rows(top_down(rules=["bp"])):
    ...     print(row[0], row[4])
    rule C
    bp backbone, head
    """
    parts = list(next(iter(found.reads.values())))
    heading = ["rule", *parts]
    body = [[rule, *(_read(read[part]) for part in parts)] for rule, read in found.reads.items()]
    return [heading, *body]


def _read(owners: tuple[str, ...] | None) -> str:
    return "does not learn" if owners is None else ", ".join(owners) or "-"


def _none(found: TopDown, changes: list[str], columns: tuple[str, ...] = COLUMNS) -> bool:
    """Say whether none of some changes moves any of some columns."""
    return not any(found.moves(change) & {*columns} for change in changes)


def _moved_by_z_alone(found: TopDown) -> bool:
    kept = [change for change in found.moved if change.endswith("pass 1 kept")]
    return {*PATH} <= found.moves("the sample") and _none(found, kept, PATH)


def _mask_of_direction(found: TopDown) -> bool:
    lengths = ["another token of z", "the lengths of z's tokens", "the order of the tokens"]
    return (
        _none(found, ["the length of ξ"])
        and _none(found, lengths, ("m",))
        and "m" in found.moves("the direction of ξ")
        and _none(found, ["another token of z", "the order of the tokens"], PATH)
    )


def _downward(found: TopDown) -> bool:
    down, tap = found.moves("A_2") & {*PATH}, found.moves("C_2") & {*PATH}
    return down == {"td_2", "td_1"} and tap == {"td_2"}


def _values_alone(found: TopDown) -> bool:
    steering = ["the direction of ξ", "P", "A_2", "C_2"]
    return _none(found, steering, (FIRST,)) and all(
        {LATER, "output"} <= found.moves(change) for change in steering
    )


# fmt: off
CLAIMS: dict[str, Claim] = {
    "The top-down path depends on the sample through z alone: with z kept, no weight of the "
    "backbone moves m, u or td.": _moved_by_z_alone,
    "It depends neither on the labels nor on the head; both act on it by training only.":
        lambda found: _none(found, ["the labels", "the head"], PATH),
    "Each token is selected by itself: its m, u and td depend on no other token and on no "
    "position, and m only on the directions of z and ξ, on no length.": _mask_of_direction,
    "What a block is told depends on A of this block and those above, and on its own C.":
        _downward,
    "Queries and keys stay bottom-up: the attention weights of block 1 are those of pass 1, "
    "whatever the path says, and those of later blocks move with it.": _values_alone,
}
# fmt: on


def verdict(found: TopDown) -> Iterator[tuple[str, bool]]:
    """Give each claim about the path, and whether it holds; then what teaching it takes."""
    for sentence, holds in CLAIMS.items():
        yield sentence, holds(found)
    needs = [rule for rule, read in found.reads.items() if _reads(read, "backbone")]
    free = [rule for rule, read in found.reads.items() if not any(read.values())]
    if needs:
        words = "the path needs the weights of the frozen backbone and of the head"
        yield f"Taught by {_and(needs)}, {words}.", True
    if free:
        yield f"Taught by {_and(free)}, it needs no weight of any layer.", True


def _reads(read: Mapping[str, tuple[str, ...] | None], owner: str) -> bool:
    return any(owner in (owners or ()) for owners in read.values())


def _and(words: list[str]) -> str:
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
