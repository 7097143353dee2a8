"""The tables of README.md and the figures, from the measurements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from nofb.plots.style import OKABE_ITO, using

Results = Mapping[str, Any]
BEGIN, END = "<!-- measured -->", "<!-- end of what was measured -->"
LIMITS = ("bare products", "bare products, cut")
OTHERS = (
    "NumPy",
    "PyTorch",
    "PyTorch, oneDNN",
    "PyTorch, channels last",
    "PyTorch, compiled",
    "JAX, jitted",
    "BioTorch",
)


def write(found: Results, folder: Path) -> None:
    """Write the tables between the marks in README.md, and the figures into its folder."""
    readme = folder / "README.md"
    before, _, rest = readme.read_text(encoding="utf-8").partition(BEGIN)
    text = "\n\n".join(sections(found))
    readme.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.partition(END)[2]}", "utf-8")
    if "growth" in found:
        growth_figure(found["growth"]).savefig(folder / "growth.png", dpi=120)


def sections(found: Results) -> Iterator[str]:
    yield ", ".join(f"{name} {value}" for name, value in found["origin"].items()) + "."
    for threads, cases in found.get("steps", {}).items():
        yield f"## Steps, {threads} thread{'s' if threads != '1' else ''}"
        yield "\n".join(step_table(cases))
    for threads, cases in found.get("branches", {}).items():
        yield f"## Networks with branches, {threads} thread{'s' if threads != '1' else ''}"
        yield "\n".join(step_table(cases))
    if "growth" in found:
        yield "## How a step grows"
        yield "![Step time against width, depth and batch](growth.png)"
        for threads, kinds in found["growth"].items():
            yield "\n".join(depth_table(threads, kinds["depth"]))
    if "epoch" in found:
        yield "## An epoch of 60,000 samples, 784-800-800-10, batch 64"
        yield "\n".join(epoch_table(found["epoch"]))
    if "start" in found:
        yield "## From the start of the process to the end of the first step"
        rows = [[name, f"{seconds:.2f} s"] for name, seconds in found["start"].items()]
        yield "\n".join(table(["what", "median"], rows))
    if "memory" in found:
        yield "## Memory of 784-800-800-10, batch 128, feedback alignment with momentum"
        rows = [[name, f"{size:,.0f} bytes"] for name, size in found["memory"].items()]
        yield "\n".join(table(["what", "size"], rows))


def step_table(cases: Results) -> Iterator[str]:
    """Times of nofb in milliseconds, then ratios of other times to nofb's, by rule."""
    rows = []
    for label, players in cases.items():
        seconds = {name: timed["seconds"] for name, timed in players.items()}
        ours = {rule: seconds[f"nofb {rule}"] for rule in ("bp", "fa", "dfa")}
        limits = [seconds[f"{name} bp"] for name in LIMITS if f"{name} bp" in seconds]
        spread = max(players[f"nofb {rule}"]["spread"] for rule in ours)
        times = [f"{1000 * ours[rule]:.3g}" for rule in ours]
        compared = [f"{ours['bp'] / min(limits):.2f}" if limits else "-"]
        compared.append(f"{ours['fa'] / ours['bp']:.2f}")
        compared.append(f"{ours['dfa'] / ours['bp']:.2f}")
        others = [ratios(name, ours, seconds) for name in OTHERS]
        rows.append([label, *times, f"{100 * spread:.0f} %", *compared, *others])
    heading = ["network", "bp ms", "fa ms", "dfa ms", "spread", "bp ÷ bare", "fa ÷ bp", "dfa ÷ bp"]
    yield from table([*heading, *(f"{name} ÷ nofb" for name in OTHERS)], rows)


def ratios(name: str, ours: Mapping[str, float], seconds: Mapping[str, float]) -> str:
    """Return a contender's times divided by nofb's, for each rule."""
    found = [
        f"{seconds[f'{name} {rule}'] / ours[rule]:.2f}" if f"{name} {rule}" in seconds else "-"
        for rule in ours
    ]
    return "" if set(found) == {"-"} else " ".join(found)


def depth_table(threads: str, depths: Results) -> Iterator[str]:
    names = ["nofb bp", "nofb dfa", "bare products bp", "PyTorch bp"]
    rows = [
        [depth, *(f"{1000 * players[name]['seconds']:.3g}" for name in names)]
        for depth, players in depths.items()
    ]
    head = f"hidden layers of 240, {threads} thread{'s' if threads != '1' else ''}"
    yield from table([head, *(f"{name}, ms" for name in names)], rows)


def epoch_table(epochs: Results) -> Iterator[str]:
    rows = [
        [threads, *(f"{seconds:.2f}" for seconds in found.values()), f"{_share(found):.2f}"]
        for threads, found in epochs.items()
    ]
    yield from table(["threads", "nofb, s", "PyTorch with its DataLoader, s", "ratio"], rows)


def _share(found: Mapping[str, float]) -> float:
    ours, theirs = found.values()
    return ours / theirs


def table(heading: list[str], rows: list[list[str]]) -> Iterator[str]:
    """Yield a Markdown table."""
    for row in (heading, ["---"] * len(heading), *rows):
        yield f"| {' | '.join(row)} |"


LINES = {
    "nofb bp": ("nofb, backprop", "black", "-"),
    "nofb dfa": ("nofb, direct feedback", "vermillion", "-"),
    "bare products bp": ("bare products of backprop", "black", ":"),
    "PyTorch bp": ("PyTorch, backprop", "sky blue", "-"),
}


def growth_figure(growth: Results) -> Figure:
    """Draw step time against width, depth and batch, one row for each number of threads."""
    with using("light"):
        figure = Figure(figsize=(10.5, 3.4 * len(growth)), layout="constrained")
        grid = figure.subplots(len(growth), 3, squeeze=False)
        for panels, (threads, kinds) in zip(grid, growth.items(), strict=True):
            for axes, (kind, sizes) in zip(panels, kinds.items(), strict=True):
                for name, (label, colour, line) in LINES.items():
                    times = [1000 * players[name]["seconds"] for players in sizes.values()]
                    places = [int(size) for size in sizes]
                    axes.plot(places, times, line, color=OKABE_ITO[colour], label=label, marker=".")
                axes.set(xscale="log", yscale="log", xlabel=XLABELS[kind])
            panels[0].set_ylabel(f"ms a step, {threads} thread{'s' if threads != '1' else ''}")
        grid[0][0].legend(loc="lower right")
    return figure


XLABELS = {
    "width": "units in each of 2 hidden layers (batch 64)",
    "depth": "hidden layers of 240 units (batch 64)",
    "batch": "samples in a batch (784-800-800-10)",
}
