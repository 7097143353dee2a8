"""6: Kolen-Pollack's law."""

from __future__ import annotations

from typing import Any

import numpy as np

from nofb.course.chapters.draws import few, normal, sizes, whole
from nofb.course.task import Answer, Arguments, Item, Learning, Question, Task, Wrong

TITLE = "Kolen-Pollack's law"


def product_arguments(rng: np.random.Generator) -> Arguments:
    N, n_in, n_out = sizes(rng, 3)
    return normal(rng, N, n_in), normal(rng, N, n_out), N


def decay_arguments(rng: np.random.Generator) -> Arguments:
    n_in, n_out = sizes(rng, 2)
    return normal(rng, n_in, n_out), normal(rng, n_out, n_in), 0.1


def product_example(rng: np.random.Generator) -> Arguments:
    n_in, n_out = few(rng, 2)
    return whole(rng, 2, n_in), whole(rng, 2, n_out), 2


def is_the_weight_step_transposed(kernel: Answer, rng: np.random.Generator) -> str | None:
    h, delta, N = product_arguments(rng)
    if not np.allclose(np.asarray(kernel(h, delta, N)).T, h.T @ delta / N):
        return "ΔBᵀ must equal ΔW: only then does W - Bᵀ not move by the steps"
    return None


def the_gap_shrinks(kernel: Answer, rng: np.random.Generator) -> str | None:
    """After t steps W - Bᵀ is (1 - λ)^t of what it was."""
    W, B, decay = decay_arguments(rng)
    before = W - B.T
    for _ in range(5):
        W, B = kernel(W, B, decay)
    if not np.allclose(W - B.T, (1 - decay) ** 5 * before):
        return "after five steps the gap W - Bᵀ must be (1 - λ)⁵ of what it was"
    return None


def gap(values: dict[str, Any]) -> float:
    """Return how many per cent of the gap are left."""
    return float(100 * (1 - values["decay"]) ** values["steps"])


ITEMS: list[Item] = [
    Task(
        number="6.1",
        title="The same product, at the feedback synapse",
        hole="nofb.rules.kolen_pollack:reciprocal_product",
        equation="ΔB = δᵀ h_below / N",
        minutes=10,
        points=3,
        needs=("1.6", "2.1"),
        story="A feedback synapse sees the same two numbers as the forward one: what came "
        "in below, and the teaching signal above. It can work out the same step, "
        "without being told a weight.",
        hints=(
            "B is (n_out, n_in), the shape of Wᵀ.",
            "ΔW is h_belowᵀ δ / N. What is its transpose?",
            "delta.T @ h_below / samples",
        ),
        draw=product_arguments,
        example=product_example,
        properties=(is_the_weight_step_transposed,),
        wrong=(
            Wrong(
                "return delta.T @ h_below",
                "this is a sum over the batch where ΔW is a mean: divide by N",
            ),
            Wrong(
                "return -delta.T @ h_below / samples", "the sign is wrong: B would run away from Wᵀ"
            ),
            Wrong(
                "return delta.T @ h_below / samples**2",
                "divided by N twice: B learns N times more slowly than W",
            ),
        ),
        learning=Learning("kp", 0.87),
    ),
    Task(
        number="6.2",
        title="Both forget the same fraction",
        hole="nofb.rules.kolen_pollack:decay_both",
        equation="W ← (1 - λ) W,  B ← (1 - λ) B",
        minutes=10,
        points=3,
        needs=("6.1",),
        story="Equal steps keep W - Bᵀ as it is. Equal decay makes it shrink, by the same "
        "factor each step: that is the whole law.",
        hints=(
            "Both change in place.",
            "`W = (1 - decay) * W` makes a new array: the caller never sees it.",
            "W *= 1 - decay; B *= 1 - decay",
        ),
        draw=decay_arguments,
        example=lambda rng: (whole(rng, 2, 3), whole(rng, 3, 2), 0.1),
        properties=(the_gap_shrinks,),
        wrong=(
            Wrong("W *= 1 - decay", "only W forgets: B must forget the same fraction"),
            Wrong("W *= decay\nB *= decay", "λ is what is forgotten, not what is kept"),
            Wrong("W -= decay\nB -= decay", "a fraction is forgotten, not an amount"),
            Wrong(
                "B[...] = W.T\nW *= 1 - decay\nB *= 1 - decay",
                "B is copied from W: that is weight transport",
            ),
        ),
    ),
    Question(
        number="6.3",
        title="What is left of the gap",
        minutes=10,
        points=3,
        needs=("6.2",),
        asks="λ is {decay} per step. How many per cent of W - Bᵀ are left after {steps} steps?",
        values=lambda rng: {
            "decay": float(rng.choice([0.001, 0.002, 0.005, 0.01])),
            "steps": int(rng.integers(2, 9)) * 100,
        },
        key=gap,
        tolerance=0.01,
        hints=(
            "The steps of the rule cancel in W - Bᵀ; only the decay is left.",
            "Each step keeps 1 - λ of it.",
            "100 (1 - λ)^t",
        ),
        wrong=(
            (
                lambda values: gap(values) / 100,
                "this is a fraction: the question asks for per cent",
            ),
            (
                lambda values: max(0.0, 100 * (1 - values["decay"] * values["steps"])),
                "each step forgets a part of what is left, not of the start: (1 - "
                "λ)^t, not 1 - λ t",
            ),
            (
                lambda values: 100 - gap(values),
                "this is what is gone: the question asks what is left",
            ),
        ),
    ),
    Question(
        number="6.4",
        title="The released code has no decay",
        minutes=15,
        points=3,
        needs=("6.2",),
        by_hand=True,
        asks="In the released runs λ is 0, so W - Bᵀ never changes. In their logs the "
        "angle between B and Wᵀ falls from 20° to 4° all the same. Explain in two or "
        "three sentences how that can be.",
        key=lambda values: (
            "The gap is constant, but W and B grow by the same steps; the angle "
            "depends on the gap beside the length of W, so it falls as W grows. "
            "Points: the gap is constant (1), W and Bᵀ gain the same increments (1), "
            "an angle is relative to length (1)."
        ),
        hints=(
            "What is equal in W and Bᵀ, and what is not?",
            "Both gain the same sum of steps.",
            "Two long vectors that differ by a short one have a small angle.",
        ),
    ),
]
