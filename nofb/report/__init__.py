"""Reports of a comparison: a folder with a page, figures and numbers, or a table to print.

`write` fills the folder, `check_folder` tests first whether it can be written, `table` is text.
"""

from __future__ import annotations

from pathlib import Path

from nofb.report import differences, numbers, page
from nofb.report.folder import as_files, check_folder, put
from nofb.report.origin import origin
from nofb.report.summary import rows, table
from nofb.runs.compare import Comparison

__all__ = ["check_folder", "table", "write"]


def write(comparison: Comparison, folder: str | Path, command: str) -> Path:
    """Write a comparison into a folder, which is created if needed.

    Parameters
    ----------
    comparison
        The runs.
    folder
        The folder. It gets `report.html`, which needs no network, each figure as PNG and SVG,
        `results.json` and `results.csv`, and `table.md` and `table.tex`: the table and the paired
        differences from the first rule for a paper. Files of these names are replaced, others are
        unchanged.
    command
        The command that repeats the comparison, for the reader.

    Returns
    -------
    Path
        Of `report.html`.

    Raises
    ------
    OSError
        If the folder cannot be written; then nothing is left in it.
    """
    from nofb.plots import FIGURES  # late: a table needs no matplotlib, which loads slowly

    folder = Path(folder)
    check_folder(folder)
    about = origin(command)
    files: dict[str, bytes] = {}
    for stem, draw in FIGURES.items():
        files |= as_files(stem, draw(comparison, "light"))
    drawings = {stem: files[f"{stem}.svg"] for stem in FIGURES}
    files["results.json"] = numbers.as_json(comparison, about).encode()
    files["results.csv"] = numbers.as_csv(comparison).encode()
    files["table.md"] = _tables(comparison, "markdown").encode()
    files["table.tex"] = _tables(comparison, "latex").encode()
    files["report.html"] = page.render(comparison, drawings, about).encode()
    put(files, folder)
    return folder / "report.html"


def _tables(comparison: Comparison, form: str) -> str:
    """Return the table of the rules, and that of their differences, for a paper."""
    texts = [differences.FORMS[form](rows(comparison))]
    if len(comparison.rules) > 1:
        texts.append(differences.table(comparison, form=form))
    return "\n\n".join(texts) + "\n"
