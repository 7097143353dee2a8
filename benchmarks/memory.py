"""What a run keeps in memory, by formula and as measured, and what a step allocates.

Run as `python -m benchmarks.memory`.
"""

from __future__ import annotations

import json
import resource
import tracemalloc

from benchmarks.cases import CASES, Case
from benchmarks.contenders import ours

STEPS = 1000


def formula(case: Case) -> int:
    """Return the bytes of a dense network that learns by feedback alignment with momentum.

    For each layer W, dW and v, each with its bias; B, but for the first; and for each sample a, h,
    the signal and its mean, the last two also for what the layer received.
    """
    net = ours.network(case)
    weights = sum(layer.W.size + layer.n_out for layer in net.weighted)
    feedback = sum(layer.W.size for layer in net.weighted[1:])
    units = sum(3 * layer.n_out for layer in net.weighted)
    signals = sum(layer.n_in for layer in net.weighted[1:]) + net.n_outputs
    return 4 * (3 * weights + feedback + case.batch * (units + signals))


def main() -> dict[str, float]:
    """Return bytes: kept by formula, kept as measured, the peak of a step, and of the process."""
    case = CASES[1]
    ours.make(case, "fa")()  # compiled kernels and imports are not the network's
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    step = ours.make(case, "fa")
    step()
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    for _ in range(STEPS):
        step()
    after, peak = tracemalloc.get_traced_memory()
    given = 4 * case.batch * (case.sizes[0] + case.sizes[-1])  # the batch: samples and targets
    return {
        "formula": formula(case),
        "measured": kept - before - given,
        f"grown over {STEPS} steps": after - kept,
        "peak of a step": peak - kept,
        "process": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }


if __name__ == "__main__":
    print(json.dumps(main()))
