"""The second part of chapter 8: TOAST, which steers a frozen transformer from the top down."""

from __future__ import annotations

import numpy as np

from nofb.course.chapters.draws import normal, sizes, whole
from nofb.course.task import Answer, Arguments, Item, Task, Wrong


def selection_arguments(rng: np.random.Generator) -> Arguments:
    T, d = 2 + sizes(rng, 1)[0], 5
    return normal(rng, T, d), normal(rng, d), normal(rng, d, d)


def selection_example(rng: np.random.Generator) -> Arguments:
    """Tokens of length 5 and 10 that point towards the task and away from it: cosines 0.6, 0.8."""
    z = np.array([[3.0, 4.0], [8.0, -6.0], [-4.0, 3.0]])
    xi = rng.permutation([2.0, 0.0]) * rng.choice([-1.0, 1.0])
    return rng.permutation(z), xi, whole(rng, 2, 2)


def only_the_direction_of_the_task_counts(kernel: Answer, rng: np.random.Generator) -> str | None:
    z, xi, P = selection_arguments(rng)
    if not np.allclose(kernel(z, xi, P), kernel(z, 7 * xi, P)):
        return "a task that is seven times as long has the same direction, but your u changes"
    return None


def tokens_that_point_away_are_left_out(kernel: Answer, rng: np.random.Generator) -> str | None:
    z, xi, P = selection_arguments(rng)
    away = z - 10 * xi  # every cosine is below 0
    if np.any(np.asarray(kernel(away[(away @ xi) < 0], xi, P))):
        return "a token that points away from the task must give u = 0"
    return None


ITEMS: list[Item] = [
    Task(
        number="8.9",
        title="Which features does the task need?",
        hole="nofb.course.holes:feature_selection",
        numbered="eq. 1 and eq. 2 of nofb/transfer/toast.py",
        equation="m_i = clamp(cos(z_i, ξ), 0, 1),  u = m z P",
        minutes=20,
        points=4,
        needs=("8.5",),
        story="TOAST trains a frozen transformer for a new task without a change to its "
        "weights. After a first pass, a task vector ξ selects tokens by the angle between "
        "them, and P combines their features. The result u is sent down. z is (T, d) for one "
        "sample, ξ is (d,), P is (d, d).",
        hints=(
            "The cosine of two vectors is their inner product divided by both lengths.",
            "np.linalg.norm(z, axis=1) has the length of each token; np.clip clamps.",
            "m = np.clip(z @ xi / (np.linalg.norm(z, axis=1) * np.linalg.norm(xi)), 0, 1); "
            "(m[:, None] * z) @ P",
        ),
        draw=selection_arguments,
        example=selection_example,
        solution="cos = z @ xi / (np.linalg.norm(z, axis=1) * np.linalg.norm(xi))\n"
        "return (np.clip(cos, 0, 1)[:, None] * z) @ P",
        properties=(only_the_direction_of_the_task_counts, tokens_that_point_away_are_left_out),
        wrong=(
            Wrong(
                "cos = z @ xi / (np.linalg.norm(z, axis=1) * np.linalg.norm(xi))\n"
                "return (cos[:, None] * z) @ P",
                "the cosine is not clamped: a token that points away must not be selected",
            ),
            Wrong(
                "return (np.clip(z @ xi, 0, 1)[:, None] * z) @ P",
                "this is the inner product: the cosine divides it by both lengths",
            ),
            Wrong(
                "cos = z @ xi / (np.linalg.norm(z, axis=1) * np.linalg.norm(xi))\n"
                "return np.clip(cos, 0, 1)[:, None] * z",
                "P is missing: it combines the features of the selected tokens",
            ),
            Wrong(
                "cos = z @ xi / (np.linalg.norm(z, axis=1) * np.linalg.norm(xi))\n"
                "return (abs(cos)[:, None] * z) @ P",
                "the absolute value selects tokens that point away: they must get 0",
            ),
        ),
    ),
]
