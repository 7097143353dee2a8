"""The third part of chapter 8: TOAST, which steers a frozen transformer from the top down."""

from __future__ import annotations

import numpy as np

from nofb.course.chapters.draws import normal, sizes, softmax, whole
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


def steered_arguments(rng: np.random.Generator) -> Arguments:
    T, d_X, d = sizes(rng, 3)
    W_Q, W_K, W_V = (normal(rng, d_X, d) for _ in range(3))
    return normal(rng, T, d_X), normal(rng, T, d_X), W_Q, W_K, W_V


def steered_example(rng: np.random.Generator) -> Arguments:
    """Two tokens whose scores are 0, so that each takes one half from both."""
    zero = np.zeros((2, 1))
    return whole(rng, 2, 2), whole(rng, 2, 2), zero, whole(rng, 2, 1), whole(rng, 2, 1)


def without_td_it_is_the_first_pass(kernel: Answer, rng: np.random.Generator) -> str | None:
    """Zero top-down feedback leaves the frozen backbone as it is."""
    X, td, W_Q, W_K, W_V = steered_arguments(rng)
    A = softmax((X @ W_Q) @ (X @ W_K).T / np.sqrt(W_Q.shape[1]))
    if not np.allclose(kernel(X, 0 * td, W_Q, W_K, W_V), A @ X @ W_V):
        return "with td = 0 this must be plain attention, as in the first pass"
    return None


def td_does_not_change_where_tokens_attend(kernel: Answer, rng: np.random.Generator) -> str | None:
    X, td, *W = steered_arguments(rng)
    plain, once, twice = (np.asarray(kernel(X, k * td, *W)) for k in range(3))
    if not np.allclose(twice - plain, 2 * (once - plain)):
        return "twice the td must change the output by twice as much: td is in the values only"
    return None


ATTENTION = """scores = ({Q} @ W_Q) @ ({K} @ W_K).T / {root}
A = np.exp(scores - scores.max(1, keepdims=True))
return A / A.sum(1, keepdims=True) @ ({V} @ W_V)"""

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
    Task(
        number="8.10",
        title="A second pass, steered from the top",
        hole="nofb.course.holes:steered_attention",
        numbered="eq. 5 of nofb/transfer/toast.py",
        equation="softmax(Q Kᵀ / √d) V,  Q = X W_Q,  K = X W_K,  V = (X + td) W_V",
        minutes=20,
        points=4,
        needs=("8.9",),
        story="In the second pass the top-down signal td is added to what the values are "
        "computed from. Queries and keys are those of the frozen network, so td changes "
        "what a token passes on, and not where it attends. X and td are (T, d_X) for one "
        "sample and one head, each W is (d_X, d).",
        hints=(
            "Compute Q, K and V first. In which of them is td?",
            "Each row of softmax(Q Kᵀ / √d) sums to 1; d is the number of columns of Q.",
            "A = softmax of the rows of Q @ K.T / np.sqrt(Q.shape[1]); A @ ((X + td) @ W_V)",
        ),
        draw=steered_arguments,
        example=steered_example,
        solution=ATTENTION.format(Q="X", K="X", V="(X + td)", root="np.sqrt(W_Q.shape[1])"),
        properties=(without_td_it_is_the_first_pass, td_does_not_change_where_tokens_attend),
        wrong=(
            Wrong(
                ATTENTION.format(
                    Q="(X + td)", K="(X + td)", V="(X + td)", root="np.sqrt(W_Q.shape[1])"
                ),
                "td is in the queries and keys too: it must be in the values only",
            ),
            Wrong(
                ATTENTION.format(Q="X", K="X", V="X", root="np.sqrt(W_Q.shape[1])"),
                "td is missing: this is the first pass",
            ),
            Wrong(
                ATTENTION.format(Q="X", K="X", V="(X + td)", root="1.0"),
                "the scores must be divided by √d",
            ),
            Wrong(
                ATTENTION.format(Q="X", K="X", V="(X + td)", root="np.sqrt(X.shape[1])"),
                "d is the number of columns of Q, not of X",
            ),
            Wrong(
                ATTENTION.format(Q="X", K="X", V="X", root="np.sqrt(W_Q.shape[1])") + " + td @ W_V",
                "td is added after the attention: a value with its td is passed to other tokens",
            ),
        ),
    ),
]
