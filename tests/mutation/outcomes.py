"""The results of mutation testing: results.md, a row for each module, and all survivors."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import TestOutcome, WorkItem, WorkResult

HERE = Path(__file__).resolve().parent
KINDS = ("mutants", "left out", "not Python", "not run", "killed", "equivalent", "survived")
AGAIN = ", again"  # a note for mutants that were run again, after new tests
INTRODUCTION = """# Mutation testing: what the tests do not see

Written by `python tests/mutation/run.py`, which says how. A *mutant* is one change to one line.

* *Left out*: its operator is one of those that plan.toml strikes, with the reasons: it makes a
  mutant that is the original, that fails at once, or that repeats another.
* *Not run*: of the others, a random sample of each module is run, with a fixed seed.
* *Killed*: a test failed. *Survived*: a test is missing. The survivors are named below.
* *Equivalent*: no test could fail, for a reason that equivalent.toml gives.
* *Seen* is killed / (killed + survived).
"""
SUMMARY = """
Of {mutants} mutants {left out} were left out and {not run} were not run. Of the {run} that were
run, {killed} were killed, {equivalent} are equivalent and {survived} survived: {seen} are seen.

Tests were written for what survived, and survivors were run again. The *first* pass killed
{first} of {judged}, which is {share}. The new tests were written for the sample, so it is this
share, and not the last column, that says what to expect of the mutants that were not run: about
{missed} of them would survive. Rather more, since a module that changed was sampled again, when
tests for its first sample had been written.
"""


def write_table(sessions: Mapping[str, Path]) -> None:
    """Write results.md from the sessions of all modules that were run."""
    excuses = equivalents()
    counts: dict[str, Counter[str]] = {}
    missed: list[str] = []
    later = 0
    for module, path in sessions.items():
        if path.exists():
            with use_db(path) as kept:
                kinds = [kind_of(module, result, excuses) for _, result in done(kept)]
                counts[module] = Counter(kinds) + Counter(
                    {"not run": kept.num_work_items - len(kinds)}
                )
                missed += survivors(module, kept, excuses)
                later += sum(killed_later(result) for _, result in done(kept))
    total = sum(counts.values(), Counter())
    body = table(counts, total)
    lines = [INTRODUCTION, *body, summary(total, later), "## Survivors", ""]
    lines += missed or ["None."]
    (HERE / "results.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(body[-1])


def equivalents() -> list[dict]:
    """Return the mutants that no test can kill, as equivalent.toml describes them."""
    return tomllib.loads((HERE / "equivalent.toml").read_text("utf-8"))["equivalent"]


def killed_later(result: WorkResult) -> bool:
    """Return whether a mutant was killed by tests that were written after it had survived."""
    return result.test_outcome is TestOutcome.KILLED and str(result.output).endswith(AGAIN)


def summary(total: Counter[str], later: int) -> str:
    """Return sentences on the results of all mutants, and of a first run."""
    judged = total["killed"] + total["survived"]
    first = total["killed"] - later
    return SUMMARY.format(
        **{kind: total[kind] for kind in KINDS},
        run=judged + total["equivalent"],
        seen=f"{total['killed'] / judged:.1%}",
        judged=judged,
        first=first,
        share=f"{first / judged:.1%}",
        missed=round(total["not run"] * (1 - first / judged)),
    )


def done(kept: WorkDB) -> Iterator[tuple[WorkItem, WorkResult]]:
    """Yield every mutant that has an outcome, in the order of the file."""
    yield from sorted(kept.completed_work_items, key=lambda pair: pair[0].mutations[0].start_pos)


def kind_of(module: str, result: WorkResult, excuses: list[dict]) -> str:
    """Return the result of a mutant, one of `KINDS`."""
    if result.test_outcome is TestOutcome.KILLED:
        return "killed"
    if result.test_outcome is TestOutcome.SURVIVED:
        return "equivalent" if excused(module, result.diff, excuses) else "survived"
    return str(result.output)


def excused(module: str, diff: str, excuses: list[dict]) -> bool:
    """Return whether equivalent.toml gives a reason for a mutant, in its module or in all."""
    old, new = (re.sub(r"\s+", " ", line) for line in diff.split("\n"))
    return any(
        excuse.get("module", module) == module
        and excuse.get("line", old) in old
        and any(re.search(pattern, new) for pattern in excuse["becomes"])
        for excuse in excuses
    )


def survivors(module: str, kept: WorkDB, excuses: list[dict]) -> Iterator[str]:
    """Yield a line about each mutant that no test detected and no reason excuses."""
    for item, result in done(kept):
        if kind_of(module, result, excuses) == "survived":
            old, new = result.diff.split("\n")
            line = item.mutations[0].start_pos[0]
            yield f"* {module}:{line}: `{old}` became `{new}`"


def table(counts: Mapping[str, Counter[str]], total: Counter[str]) -> list[str]:
    """Return the table as lines of Markdown: a row for each module, and their sum."""
    rows = [row(name, count) for name, count in [*counts.items(), ("all", total)]]
    head = ["module", *KINDS, "seen"]
    return [" | ".join(["", *cells, ""]).strip() for cells in (head, ["---"] * len(head), *rows)]


def row(name: str, count: Counter[str]) -> list[str]:
    """Return the cells of one module."""
    count["mutants"] = sum(count[kind] for kind in KINDS[1:])
    judged = count["killed"] + count["survived"]
    seen = f"{count['killed'] / judged:.1%}" if judged else "-"
    return [name.removeprefix("nofb/"), *(str(count[kind]) for kind in KINDS), seen]
