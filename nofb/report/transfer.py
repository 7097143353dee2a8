"""The report of `nofb transfer`: a page, the same in Markdown, figures, every number."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path

from nofb.report.folder import as_files, check_folder, put
from nofb.report.origin import Origin, origin
from nofb.report.skeleton import bullets, definitions, figure, filled, named, table, whole
from nofb.report.transfer_table import (
    as_csv,
    as_markdown,
    cells,
    headings,
    notes,
    over_seeds,
    paper,
    score,
)
from nofb.runs.transfer import Transfers
from nofb.runs.transfer_run import backbone, everything
from nofb.transfer.tasks import ACCURACY, CASES, TransferTask

FROZEN = "All methods but fine-tuning keep the backbone's weights frozen."
SCORES = (
    "Compare the score of each method with its number of parameters. The linear probes show what "
    "the frozen backbone has already learned: from the class token alone, and from all tokens, "
    "which is the fairer probe. A method that ends below this second probe is not worth its cost "
    "here."
)
SCORES_OF_TEXT = (
    "Compare the score of each method with its number of parameters. The linear probe shows what "
    "the frozen backbone has already learned. There are attention maps for images only."
)
BY_BLOCK = (
    "The dashed line is the frozen backbone alone: the attention of its class token without "
    "the task. In pass 2 of TOAST the first block has the attention of pass 1, because only "
    "values are steered. Its new output then changes queries and keys from the second block on."
)
STEERED = (
    "Two rows for each test image of seed 0. Above: the image, and the attention of the class "
    "token in each block of pass 1, in orange. Below: the mask m, in blue, which selects the "
    "patches in the direction of the task, and pass 2, steered by them. Percentages are the "
    "attention on the object of the question."
)
CHANGED = (
    "Two rows for each test image of seed 0: the attention of the class token in each block, "
    "above in the backbone alone, and below with {title}. There is no mask, because there is no "
    "feedback."
)


def write(found: Transfers, folder: str | Path, command: str) -> Path:
    """Write a comparison into a folder, which is created if needed.

    Parameters
    ----------
    found
        The runs.
    folder
        The folder. It gets `report.html`, which needs no network, `report.md`, `results.csv` and
        each figure as PNG and SVG. Files of these names are replaced, others are unchanged.
    command
        The command that repeats the comparison, for the reader.

    Returns
    -------
    Path
        The path of `report.html`.

    Raises
    ------
    OSError
        If the folder cannot be written; then nothing is left in it.
    """
    from nofb.plots.transfer import figures  # late: a table needs no matplotlib

    folder = Path(folder)
    check_folder(folder)
    files: dict[str, bytes] = {}
    drawn = figures(found)
    for stem, draw in drawn.items():
        files |= as_files(stem, draw("light"))
    drawings = {stem: files[f"{stem}.svg"] for stem in drawn}
    files["results.csv"] = as_csv(found).encode()
    files["report.md"] = as_markdown(found, headline(found), outcome(found), command).encode()
    files["report.html"] = render(found, drawings, origin(command)).encode()
    put(files, folder)
    return folder / "report.html"


def render(found: Transfers, drawings: Mapping[str, bytes], about: Origin) -> str:
    """Return the page; `drawings` are SVG files in the light theme, by their files' stems."""
    rows = [cells(found, case) for case in found.plan.named]
    body = filled(
        "transfer.html",
        reading=escape(f"{over_seeds(found)} {FROZEN}"),
        table=table(
            ["method", *headings(found)[2:]],
            [(named(row[0], row[1], paper(row[0])), row[2:]) for row in rows],
        ),
        notes=bullets("The columns", notes(found)),
        figures="\n".join(
            figure(stem, drawing, *_words(stem, found.plan.known))
            for stem, drawing in drawings.items()
        ),
        settings=definitions(_settings(found)),
        command=escape(about.command),
        backbone=escape(_backbone(found)),
        source=escape(found.plan.known.source),
    )
    return whole(headline(found), outcome(found), body, about)


def headline(found: Transfers) -> str:
    """Return the page's title."""
    cases = found.plan.named
    return (
        f"{len(cases)} method{'s' if len(cases) > 1 else ''} of transfer: {found.plan.known.title}"
    )


def outcome(found: Transfers) -> str:
    """Return a few sentences on the results: the best method, and the rank of steering."""
    if not found.ended:
        return "No run was completed."
    measure = found.plan.known.measure
    sign = -1 if measure == ACCURACY else 1  # the best comes first
    order = sorted(found.ended, key=lambda case: sign * found.scores(case).mean())
    best = order[0]
    end = score(found, best)
    ending = f"a {measure} of {end}" if measure == ACCURACY else f"{end} {measure}"
    said = [f"{_first(CASES[best].title)} ends best, with {ending}."]
    steered = [case for case in order if case.startswith("toast")]
    if steered and steered[0] != best:
        place = order.index(steered[0]) + 1
        title = CASES[steered[0]].title
        said.append(f"{title} is number {place} of {len(order)}, with {score(found, steered[0])}.")
    return _joined(" ".join([*said, *found.dead()]))


def _first(title: str) -> str:
    """Return a title for the start of a sentence."""
    return title[0].upper() + title[1:]


def _joined(text: str) -> str:
    """Return a text without line breaks inside numbers."""
    return text.replace(" ± ", "\u00a0±\u00a0").replace(" %", "\u00a0%")


def _words(stem: str, known: TransferTask) -> tuple[str, str]:
    """Return heading and text of a figure."""
    if stem == "scores":
        text = SCORES_OF_TEXT if known.grid is None else SCORES
        return "Which methods learn, and with how many parameters?", text
    if stem == "attention_by_block":
        return "What does the class token attend to?", BY_BLOCK
    case = stem.removeprefix("attention_")
    title = CASES[case].title
    text = STEERED if case.startswith("toast") else CHANGED.format(title=title)
    return f"Attention before and after: {title}", text


def _backbone(found: Transfers) -> str:
    net = backbone(found.plan.task)
    numbers = sum(array.size for node in net.nodes for array in node.parameters().values())
    return f"{numbers:,} parameters, {found.plan.known.trained}"


def _settings(found: Transfers) -> dict[str, str]:
    """Return the common settings of all runs, as text."""
    plan, task = found.plan, found.records[0]["task"]
    tests = len(everything(plan.task).x_test)
    return {
        "task": f"{plan.task}. {plan.known.what}",
        "samples": f"{task['samples']:,} for training, {tests:,} for testing",
        "epochs": str(task["epochs"]),
        "rule": plan.rule,
        "lr": "each method's own" if plan.lr is None else f"{plan.lr:g}",
        "released": "yes: TOAST adds the value bias twice" if plan.released else "no",
        "seeds": ", ".join(map(str, range(plan.seeds))),
    }
