"""How a step grows with width, depth and batch. Run as `python -m benchmarks.growth THREADS`."""

from __future__ import annotations

import json
import sys

from benchmarks import measure
from benchmarks.cases import Case, mlp
from benchmarks.contenders import Contender, bare, ours, pytorch

GROWTH = {
    "width": [(n, Case(f"2 x {n}", mlp(n, n), 64)) for n in (50, 100, 200, 400, 800, 1600)],
    "depth": [(n, Case(f"{n} x 240", mlp(*[240] * n), 64)) for n in (1, 2, 4, 8, 16, 32, 64, 100)],
    "batch": [(n, Case("2 x 800", mlp(800, 800), n)) for n in (8, 16, 32, 64, 128, 256, 512, 1024)],
}
CONTENDERS = [ours.CONTENDERS[0], *bare.CONTENDERS, pytorch.CONTENDERS[0]]


def names(contender: Contender) -> tuple[str, ...]:
    return ("bp", "fa", "dfa") if contender.name == "nofb" else ("bp",)


def main(threads: int) -> dict[str, dict[int, dict[str, measure.Timed]]]:
    """Return the time of each player's step, for each kind of growth and each size."""
    measured: dict[str, dict[int, dict[str, measure.Timed]]] = {}
    for kind, cases in GROWTH.items():
        measured[kind] = {}
        for size, case in cases:
            players = {
                f"{contender.name} {rule}": (contender, contender.make(case, rule))
                for contender in CONTENDERS
                for rule in names(contender)
            }
            measured[kind][size] = measure.take_turns(players, threads)
        print(f"{threads} threads: growth with {kind}", file=sys.stderr, flush=True)
    return measured


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
