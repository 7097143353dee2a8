"""How fast does an iterated inverse find its target? By the Lipschitz constant, or not at all.

A linear layer with an inverse that is wrong by exactly ρ shows the bound attained: with g ∘ f - id
a rotation times ρ, every error is multiplied by ρ. A tanh layer with an inverse that learned from
noise shows it kept: no iteration is slower than the largest constant that was met on the way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from nofb.diagnosis.contraction import lipschitz
from nofb.initialisers import orthogonal
from nofb.layers import Dense, Inverse
from nofb.layers.inverse import Use
from nofb.optimizers import Adam
from nofb.rules import IteratedInverses
from nofb.types import Array

CONSTANTS = (0.3, 0.6, 0.9, 1.1)
LESSONS = (150, 300, 600)
UNITS, WIDE, SAMPLES, ITERATIONS = 20, 60, 50, 12

Task = Mapping[str, Any]


def tasks() -> list[dict[str, Any]]:
    """Return a run for each constant, and for each length of learning.

    Examples
    --------
    >>> tasks()[0]
    {'part': 'contraction', 'constant': 0.3}
    >>> tasks()[-1]
    {'part': 'contraction', 'lessons': 600}
    """
    linear = [{"part": "contraction", "constant": constant} for constant in CONSTANTS]
    learned = [{"part": "contraction", "lessons": lessons} for lessons in LESSONS]
    return [*linear, *learned]


def contraction(task: Task) -> dict[str, Any]:
    """Iterate one inverse.

    Returns
    -------
    dict
        "error", ‖h^(k) - h*‖ over its start for every k, the largest of all samples; "residual",
        the same of ‖f(h^(k)) - t‖; "constant", the largest Lipschitz constant of g ∘ f - id met.
    """
    rng = np.random.default_rng(0)
    f, g = wrong_by(task["constant"], rng) if "constant" in task else taught(task["lessons"], rng)
    solution = rng.standard_normal((SAMPLES, UNITS)) / 2
    start = solution + 0.1 * rng.standard_normal(solution.shape)
    path = iterates(f, g, f(solution), start)
    errors = np.array([np.linalg.norm(h - solution, axis=1) for h in path])
    residuals = np.array([np.linalg.norm(f(h) - f(solution), axis=1) for h in path])
    between = np.concatenate([solution + s * (h - solution) for h in path for s in (0, 0.5, 1)])
    return {
        "error": (errors / errors[0]).max(axis=1).tolist(),
        "residual": (residuals / residuals[0]).max(axis=1).tolist(),
        "constant": float(lipschitz(f, g, between).max()),
    }


def iterates(f: Dense, g: Inverse, t: Array, start: Array) -> list[Array]:
    """Return h^(0) ... h^(K)."""
    path, rule = [start], IteratedInverses(iterations=1)
    for _ in range(ITERATIONS):
        path.append(rule.target_below(f, g, path[-1], t, t))
    return path


def wrong_by(constant: float, rng: np.random.Generator) -> tuple[Dense, Inverse]:
    """Return a linear layer, and an inverse with g ∘ f = id + ρ times a rotation."""
    W = orthogonal(rng, UNITS, UNITS) * 1.5
    rotation = orthogonal(rng, UNITS, UNITS)
    exact = np.linalg.inv(W)
    return layer(W), Inverse(exact @ (np.eye(UNITS) + constant * rotation))


def taught(lessons: int, rng: np.random.Generator) -> tuple[Dense, Inverse]:
    """Return a tanh layer that widens, and an inverse that learned from so many batches."""
    W = 0.5 * orthogonal(rng, UNITS, WIDE)
    f = layer(W, "tanh")
    g = Inverse(0.1 * orthogonal(rng, WIDE, UNITS))
    optimizer = Adam(lr=1e-3)
    for _ in range(lessons):
        h = rng.standard_normal((SAMPLES, UNITS))
        z = f(h)
        guess = g(z)
        dB, dc = g.gradient([Use(z, guess, guess - h)])
        optimizer.step("B", g.B, dB)
        optimizer.step("c", g.c, dc)
    return f, g


def layer(W: Array, activation: str | None = None) -> Dense:
    """Return a dense layer with these weights and no bias."""
    made = Dense(W.shape[0], W.shape[1], activation, bias=False)
    made.draw(np.random.default_rng(0), np.float64)
    made.W = W
    return made
