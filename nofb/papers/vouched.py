"""The results of vouching: the rows of kept runs that later code also gives, in `vouched.json`."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FILE = "vouched.json"  # in the folder of the runs


@dataclass(frozen=True)
class Row:
    """The result for one row.

    Attributes
    ----------
    name
        The name of its runs.
    seed
        The seed of the run that was repeated, if it has one.
    code
        The code that made the kept run, `None` if the log does not name it.
    compared
        The number of values that were compared.
    largest
        The value with the largest difference, relative to its tolerance.
    differs
        How today's code differs, or why it fails; `None` if it gives the row.
    chaos
        Whether the difference is only as large as that of a change in the last bit of the weights.
    """

    name: str
    seed: int | None
    code: str | None
    compared: int
    largest: str
    differs: str | None
    chaos: bool = False


def keep(rows: Sequence[Row], folder: Path, code: str) -> None:
    """Write the results into the folder of the runs, with the code and the date.

    Results of the same code for other rows stay in the file; those of another code do not.
    """
    path, new = folder / FILE, {row.name: asdict(row) for row in rows}
    found: dict[str, Any] = _read(path) if path.exists() else {"code": code, "rows": []}
    earlier = {row["name"]: row for row in found["rows"] if found["code"] == code}
    when = datetime.now(UTC).isoformat(timespec="seconds")
    content = {"code": code, "date": when, "rows": list({**earlier, **new}.values())}
    text = json.dumps(content, indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def _read(path: Path) -> dict[str, Any]:
    """Return the content of the file; every row has a name, and says whether it differs."""
    try:
        found = json.loads(path.read_text("utf-8"))
        _ = found["date"][:10], found["code"]
        _ = [(row["name"], row["differs"], row["chaos"]) for row in found["rows"]]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is not what --vouch writes: delete it ({error!r})") from error
    return dict(found)


def vouched(folder: Path | None, code: str, rows: Collection[str] = ()) -> str:
    """Return which rows of a folder were vouched for, and whether this was today's `code`.

    Those of `rows`, the rows of earlier code that are shown, that were not tried are counted too.
    """
    path = None if folder is None else folder / FILE
    if path is None or not path.exists():
        return "They have not been compared with today's code (--vouch)."
    found = _read(path)
    lost = [row["name"] for row in found["rows"] if row["differs"]]
    given = len(found["rows"]) - len(lost)
    chaos = sum(row["chaos"] for row in found["rows"])
    on, by = found["date"][:10], found["code"]
    later = len(set(rows) - {row["name"] for row in found["rows"]})
    said = (
        f"On {on}, code {by} repeated the start of one run of each row: "
        f"{given} of {len(found['rows'])} rows agree"
    )
    if chaos:
        said += f", {chaos} of them only as well as after a change in the last bit of the weights"
    said += f"; these do not: {', '.join(lost)}." if lost else "."
    if by != code:
        said += " Today's code has not been tried (--vouch)."
    return f"{said} {later} more rows were not tried (--vouch)." if later else said
