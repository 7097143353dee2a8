"""The cases that are timed: networks, each with its batch of random numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Step = Callable[[], object]

RULES = ("bp", "fa", "dfa")
LR, MOMENTUM = 1e-4, 0.9
CLASSES = 10


@dataclass(frozen=True)
class Case:
    """One network and one batch: tanh units, softmax, cross-entropy, SGD with momentum, float32.

    Parameters
    ----------
    name
        Its name in the table.
    sizes
        The units of each layer, from the input to the output; empty for the convolutional network.
    batch
        The number of samples in a step.
    """

    name: str
    sizes: tuple[int, ...]
    batch: int

    @property
    def label(self) -> str:
        return f"{self.name}, batch {self.batch}"

    @property
    def convolutional(self) -> bool:
        return not self.sizes

    def samples(self) -> tuple[np.ndarray, np.ndarray]:
        """Return x (N, features) or (N, 1, 28, 28), float32, and labels (N,)."""
        rng = np.random.default_rng(0)
        shape = (1, 28, 28) if self.convolutional else self.sizes[:1]
        x = rng.normal(size=(self.batch, *shape)).astype(np.float32)
        return x, rng.integers(0, CLASSES, self.batch)


def mlp(*hidden: int, inputs: int = 784) -> tuple[int, ...]:
    return inputs, *hidden, CLASSES


CASES = [
    *(Case("784-800-800-10", mlp(800, 800), batch) for batch in (64, 128, 512)),
    Case("100 x 240", mlp(*[240] * 100), 64),
    Case("20 x 50", mlp(*[50] * 20), 32),
    Case("64-128-10", mlp(128, inputs=64), 32),
    Case("784-30-10", mlp(30), 10),
    Case("LeNet-like", (), 64),
]

# The convolutional network: (channels in, channels out, padding) of 5 x 5 filters, each followed by
# pooling of 2 x 2, and the units of the dense layers on top.
CONVOLUTIONS = ((1, 6, 2), (6, 16, 0))
DENSE = (400, 120, 84, CLASSES)
