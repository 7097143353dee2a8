"""Times steps: all implementations take turns, in rounds, and medians are compared.

`python -m benchmarks.measure THREADS`, in its own process with this number of cores, prints its
measurements as JSON. A turn starts with a pause, until the threads of the previous turn are idle,
and with steps that are not timed.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Iterable, Mapping

import numpy as np

from benchmarks.cases import CASES, RULES, Case, Step
from benchmarks.contenders import Contender, available

ROUNDS = 9
TURN = 0.08  # seconds of timed steps in each turn
REST = 0.03

Timed = dict[str, float]


def take_turns(
    players: Mapping[str, tuple[Contender, Step]], threads: int, rounds: int = ROUNDS
) -> dict[str, Timed]:
    """Return for each player the median time of a step, in seconds, and its spread over rounds."""
    counts = {name: _steps_in_a_turn(*player, threads) for name, player in players.items()}
    medians: dict[str, list[float]] = {name: [] for name in players}
    for _ in range(rounds):
        for name, (contender, step) in players.items():
            times = _turn(contender, step, threads, counts[name])
            medians[name].append(statistics.median(times))
    return {name: summary(each) for name, each in medians.items()}


def summary(medians: Iterable[float]) -> Timed:
    """Return the median of the rounds' medians, and their interquartile range."""
    low, middle, high = np.quantile(list(medians), [0.25, 0.5, 0.75])
    return {"seconds": float(middle), "spread": float((high - low) / middle)}


def _turn(contender: Contender, step: Step, threads: int, count: int) -> list[float]:
    time.sleep(REST)
    times = []
    with contender.threads(threads):
        for _ in range(max(3, count // 4)):
            step()
        for _ in range(count):
            start = time.perf_counter()
            step()
            times.append(time.perf_counter() - start)
    return times


def _steps_in_a_turn(contender: Contender, step: Step, threads: int) -> int:
    once = statistics.median(_turn(contender, step, threads, 5))
    return int(min(max(TURN / once, 5), 2000))


def players(case: Case, contenders: list[Contender]) -> dict[str, tuple[Contender, Step]]:
    """Return the step of each implementation and rule, by a name such as "nofb fa"."""
    made = {}
    for rule in RULES:
        for contender in contenders:
            step = contender.make(case, rule)
            if step is not None:
                made[f"{contender.name} {rule}"] = contender, step
    return made


def main(threads: int) -> dict[str, dict[str, Timed]]:
    """Measure every case."""
    contenders = available()
    measured = {}
    for case in CASES:
        measured[case.label] = take_turns(players(case, contenders), threads)
        print(f"{threads} threads: {case.label}", file=sys.stderr, flush=True)
    return measured


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
