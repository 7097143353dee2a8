"""What was vouched for: which rows of kept runs later code was found to give, in `vouched.json`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

FILE = "vouched.json"  # in the folder of the runs


@dataclass(frozen=True)
class Row:
    """What became of one row.

    Attributes
    ----------
    name
        What its runs have in common.
    seed
        Of the run that was repeated, if it has one.
    code
        The code that made the kept run, `None` if the log does not say.
    compared
        How many numbers were compared.
    largest
        Which number differs most, for its tolerance.
    differs
        Where today's code gives another number, or why it gives none; `None` if it gives the row.
    chaos
        Whether it gives the row only as far as a change of the last bit of its weights would.
    """

    name: str
    seed: int | None
    code: str | None
    compared: int
    largest: str
    differs: str | None
    chaos: bool = False


def keep(rows: Sequence[Row], folder: Path, code: str) -> None:
    """Write into the folder of the runs what was vouched for, and by which code."""
    when = datetime.now(UTC).isoformat(timespec="seconds")
    content = {
        "code": code,
        "date": when,
        "rows": [asdict(row) for row in rows],
    }
    text = json.dumps(content, indent=1, ensure_ascii=False)
    (folder / FILE).write_text(text + "\n", encoding="utf-8")


def vouched(folder: Path | None, code: str) -> str:
    """Say which rows of a folder were vouched for, and whether today's `code` did it."""
    path = None if folder is None else folder / FILE
    if path is None or not path.exists():
        return "Nobody has vouched for them: does today's code still give them (--vouch)?"
    found = json.loads(path.read_text("utf-8"))
    lost = [row["name"] for row in found["rows"] if row["differs"]]
    given = len(found["rows"]) - len(lost)
    chaos = sum(row["chaos"] for row in found["rows"])
    said = (
        f"Code {found['code']} vouches for {given} of {len(found['rows'])} rows: on "
        f"{found['date'][:10]} it began one run of each again"
    )
    if chaos:
        said += f"; {chaos} of them differ as much as a change of the last bit makes"
    said += f"; not for: {', '.join(lost)}." if lost else "."
    return said if found["code"] == code else f"{said} Today's code has not been tried (--vouch)."
