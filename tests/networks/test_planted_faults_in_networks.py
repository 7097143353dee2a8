"""Faults planted into networks that branch: a test of whole networks must fail on every one."""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from test_planted_faults import FAILED, OPTIONS, PASSED, Fault, plant

import nofb

TESTS = Path(__file__).parents[1]
PAPERS = "networks/test_against_the_papers.py"
NAIVE = f"{PAPERS}::test_outputs_loss_and_every_gradient_are_those_of_a_naive_network"
RESNET, VISION, LANGUAGE = (
    f"{NAIVE}[2-{name}]" for name in ("resnet", "vision_transformer", "language_model")
)
AVERAGES = "networks/test_running_averages.py"

FAULTS = {
    "a shortcut whose signal is dropped": Fault(
        "layers/sum.py", "(record.signal(self, signal, self.shape_out),) * len(record.received)",
        "(record.signal(self, signal, self.shape_out), 0 * signal)", VISION,
    ),
    "positions that are added twice": Fault(
        "layers/positions.py", "np.add(record.h_below, self", "np.add(record.h_below, 2 * self",
        VISION,
    ),
    "a class token that learns from the first patch": Fault(
        "layers/class_token.py", "signal[:, 0].sum(0)", "signal[:, 1].sum(0)", VISION
    ),
    "batch normalisation that goes back without gamma": Fault(
        "layers/batch_norm.py", "x, mean, r, self.gamma).reshape", "x, mean, r, r / r).reshape",
        RESNET,
    ),
    "layer normalisation that goes back without gamma": Fault(
        "layers/layer_norm.py", "self.shape_out), self.gamma)", "self.shape_out), self.gamma**0)",
        VISION,
    ),
    "gamma that learns from the sum": Fault(
        "layers/layer_norm.py", "along_z / self.dtype(samples)", "along_z", VISION
    ),
    "beta that learns from the sum": Fault(
        "layers/batch_norm.py", "total / self.dtype(samples)", "total", RESNET
    ),
    "scores without the root": Fault("layers/attend.py", "** -0.5)", "** -1.0)", LANGUAGE),
    "a language model that sees the next token": Fault(
        "networks/language_model.py", "causal=True", "causal=False", LANGUAGE
    ),
    "running averages that stay": Fault(
        "training/step.py", "layer.remember(trace[layer])", "pass",
        f"{AVERAGES}::test_running_averages_have_moved_towards_the_data",
    ),
    "a file without running averages": Fault(
        "network.py", "in (layer.parameters() | layer.state()).items()\n        }",
        "in layer.parameters().items()\n        }", f"{AVERAGES}::test_a_file_holds_the_averages",
    ),
    "a piece that takes the first rows of a norm": Fault(
        "trace.py", "return sent[rows]", "return sent[: self.samples]",
        "graph/test_batches_between_threads.py::test_a_team_teaches_what_one_thread_does[bp-rows]",
    ),
}  # fmt: skip


def run_with(fault: Fault | None, place: Path) -> subprocess.CompletedProcess[str]:
    """Copy the package and these tests to `place`, plant the fault, and run the tests."""
    leave_out = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(nofb.__file__).parent, place / "nofb", ignore=leave_out)
    for folder in ("networks", "graph"):
        shutil.copytree(TESTS / folder, place / folder, ignore=leave_out)
    if fault:
        plant(fault, place / "nofb")
    chosen = [fault] if fault else FAULTS.values()
    settings = {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(place), "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "--import-mode=importlib",
         *sorted({each.seen_by for each in chosen}), *OPTIONS],
        cwd=place, env=os.environ | settings, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_planted_fault_fails_the_test_that_must_see_it(tmp_path):
    """Networks that a wrong line survives are not tested; without a fault all pass."""
    names = [None, *FAULTS]
    with ThreadPoolExecutor(max_workers=2) as pool:
        runs = [
            pool.submit(run_with, name and FAULTS[name], tmp_path / str(i))
            for i, name in enumerate(names)
        ]
    for name, run in zip(names, runs, strict=True):
        done = run.result()
        expected = FAILED if name else PASSED
        assert done.returncode == expected, f"{name}: {done.stdout}{done.stderr}"
