"""7: targets, the difference, and one iteration of an inverse."""

from __future__ import annotations

from typing import Any

import numpy as np

from nofb.course.chapters.draws import error, normal, sizes, small_error, whole
from nofb.course.task import Answer, Arguments, Item, Question, Task, Wrong

TITLE = "Targets, differences, inverses"


def output_arguments(rng: np.random.Generator) -> Arguments:
    N, n_L = sizes(rng, 2)
    return normal(rng, N, n_L), error(rng, N, n_L), 0.1


def error_arguments(rng: np.random.Generator) -> Arguments:
    N, n = sizes(rng, 2)
    return normal(rng, N, n), normal(rng, N, n), 0.1


def difference_arguments(rng: np.random.Generator) -> Arguments:
    N, n = sizes(rng, 2)
    return normal(rng, N, n), normal(rng, N, n), normal(rng, N, n)


def improve_arguments(rng: np.random.Generator) -> Arguments:
    N, n = sizes(rng, 2)
    return normal(rng, N, n), normal(rng, N, n), normal(rng, N, n), np.full((N, 1), 0.5)


def newton_arguments(rng: np.random.Generator) -> Arguments:
    N, n_L, n = 3, *sorted(sizes(rng, 2))
    return normal(rng, N, n_L, n), normal(rng, N, n_L), 0.1


def vanishes_where_the_target_is_met(kernel: Answer, rng: np.random.Generator) -> str | None:
    """t = h above gives t = h below, whatever the inverse does."""
    h_below, g_t, _ = difference_arguments(rng)
    if not np.array_equal(kernel(h_below, g_t, g_t), h_below):
        return "where the target above is the activation, the target below must be it too, exactly"
    return None


def stays_where_it_is_right(kernel: Answer, rng: np.random.Generator) -> str | None:
    x, wanted, _, damping = improve_arguments(rng)
    if not np.allclose(kernel(x, wanted, wanted, damping), x):
        return "where x reaches what is wanted, it must stay"
    return None


def undamped_reaches_the_error(kernel: Answer, rng: np.random.Generator) -> str | None:
    """With damping 0, J change = e: the smallest change that moves the output by e."""
    J, e, _ = newton_arguments(rng)
    change = np.asarray(kernel(J, e, 0.0))
    moved = np.einsum("ijk,ik->ij", J, change)
    if not np.allclose(moved, e, atol=1e-6):
        return "without damping, J times your change must be e"
    return None


def iterations(values: dict[str, Any]) -> float:
    """Return after how many iterations the error of question 7.6 is small enough, as a fraction."""
    return float(np.log(values["percent"] / 100) / np.log(values["factor"]))


ITEMS: list[Item] = [
    Task(
        number="7.1",
        numbered="eq. 1 of nofb/rules/iterated_inverses.py",
        title="The target of the output",
        hole="nofb.rules.targets:output_target",
        equation="t_L = a_L - η̂ e",
        minutes=5,
        points=1,
        needs=("1.6",),
        story="A target is an activation that would be better. At the output it lies a "
        "little down the loss.",
        hints=(
            "e is the slope of the loss in a.",
            "Down the loss is against e.",
            "a - step_size * e",
        ),
        draw=output_arguments,
        example=lambda rng: (whole(rng, 2, 3), small_error(rng, 2), 0.5),
        wrong=(
            Wrong("return a + step_size * e", "the sign is wrong: this target has a larger loss"),
            Wrong("return a - e", "the step size is missing"),
            Wrong("return -step_size * e", "a target is an activation, not a change: a is missing"),
        ),
    ),
    Task(
        number="7.2",
        numbered="eq. 3 of nofb/rules/difference_target_propagation.py",
        title="How far from its target",
        hole="nofb.rules.targets:target_error",
        equation="(h - t) / η̂",
        minutes=5,
        points=1,
        needs=("7.1",),
        story="Divided by the step size of the target, the distance has the size of a gradient.",
        hints=(
            "A layer that is above its target must come down.",
            "The optimizer subtracts an update, so the sign is that of h - t.",
            "(h - t) / step_size",
        ),
        draw=error_arguments,
        example=lambda rng: (whole(rng, 2, 3), whole(rng, 2, 3), 0.5),
        wrong=(
            Wrong(
                "return (t - h) / step_size", "the sign is wrong: the optimizer subtracts an update"
            ),
            Wrong("return h - t", "the step size is missing: the update shrinks with it"),
            Wrong(
                "return (h - t) * step_size",
                "divide by the step size, which made the distance small",
            ),
        ),
    ),
    Task(
        number="7.3",
        numbered="eq. 2 of nofb/rules/difference_target_propagation.py",
        title="The difference that makes an error cancel",
        hole="nofb.rules.targets:difference_target",
        equation="t_{l-1} = h_{l-1} + (g(t_l) - g(h_l))",
        minutes=15,
        points=4,
        needs=("7.1",),
        story="An inverse that is wrong sends a target that is wrong, even where nothing "
        "is to change. Lee et al. subtract what the inverse makes of the activation "
        "itself.",
        hints=(
            "If t = h, then what must the target below be?",
            "What the inverse makes of h is off by about as much as what it makes of t.",
            "h_below + (g_t - g_h), with the bracket first, so that equal terms cancel exactly.",
        ),
        draw=difference_arguments,
        example=lambda rng: tuple(whole(rng, 2, 3) for _ in range(3)),
        properties=(vanishes_where_the_target_is_met,),
        wrong=(
            Wrong(
                "return g_t",
                "this is plain target propagation: the inverse's own error stays in it",
            ),
            Wrong("return h_below + (g_h - g_t)", "the difference has the wrong sign"),
            Wrong("return g_t - g_h", "a target is an activation: add the difference to h below"),
        ),
    ),
    Task(
        number="7.4",
        title="One iteration of an inverse",
        hole="nofb.rules.iterated_inverses:improve",
        equation="x ← x + α (wanted - reached)",
        minutes=15,
        points=3,
        needs=("7.3",),
        story="Bengio 2020: an inexact inverse can still give exact targets. Send "
        "its guess up through the layer, compare with what is wanted, and correct the guess.",
        hints=(
            "x moves towards what is missing.",
            "α is one number for each sample, (N, 1).",
            "x + damping * (wanted - reached)",
        ),
        draw=improve_arguments,
        example=lambda rng: (*(whole(rng, 2, 3) for _ in range(3)), np.full((2, 1), 0.5)),
        properties=(stays_where_it_is_right,),
        wrong=(
            Wrong(
                "return x + damping * (reached - wanted)",
                "the sign is wrong: this goes away from what is wanted",
            ),
            Wrong(
                "return x + (wanted - reached)",
                "the damping is missing: the iteration may overshoot",
            ),
            Wrong(
                "return damping * (wanted - reached)",
                "x itself is missing: this is the correction alone",
            ),
            Wrong(
                "return (1 - damping) * x + damping * wanted",
                "what was reached is missing: the correction is wanted - reached",
            ),
        ),
    ),
    Task(
        number="7.5",
        title="The smallest change that does it",
        hole="nofb.rules.gauss_newton_targets:gauss_newton",
        equation="Δ = Jᵀ (J Jᵀ + λ I)⁻¹ e, for each sample",
        minutes=25,
        points=5,
        needs=("7.3",),
        story="Exact inverses give Gauss-Newton steps. J (N, n_L, n_l) says how the output "
        "moves with a layer; of all changes of the layer that move the output by e, "
        "this is the smallest.",
        hints=(
            "There is one J for each sample: a loop over samples is fine.",
            "Solve with the small matrix J Jᵀ + λ I, (n_L, n_L); do not invert it.",
            "np.linalg.solve(J[i] @ J[i].T + damping * np.eye(n_L), e[i]) @ J[i]",
        ),
        draw=newton_arguments,
        example=lambda rng: (whole(rng, 1, 1, 2), whole(rng, 1, 1), 1.0),
        properties=(undamped_reaches_the_error,),
        wrong=(
            Wrong(
                "return np.einsum('ijk,ij->ik', J, e)",
                "this is Jᵀ e, the gradient: the inverse of J Jᵀ + λ I is missing",
            ),
            Wrong(
                "out = []\nfor i in range(len(J)):\n    G = J[i] @ J[i].T\n"
                "    out.append(np.linalg.solve(G, e[i]) @ J[i])\nreturn np.array(out)",
                "the damping is missing",
            ),
            Wrong(
                "out = []\nfor i in range(len(J)):\n    G = J[i] @ J[i].T + damping\n"
                "    out.append(np.linalg.solve(G, e[i]) @ J[i])\nreturn np.array(out)",
                "the damping is added to all entries of J Jᵀ: it belongs on the diagonal, λ I",
            ),
        ),
    ),
    Question(
        number="7.6",
        title="Does iterating help?",
        minutes=15,
        points=3,
        needs=("7.4",),
        asks="One iteration multiplies the error of a guess by {factor} (or less). After "
        "how many iterations is it surely below {percent} % of what it was?",
        values=lambda rng: {
            "factor": int(rng.integers(50, 96)) / 100,
            "percent": int(rng.choice([1, 2, 3, 5, 7])),
        },
        key=lambda values: int(np.ceil(iterations(values))),
        hints=(
            "After k iterations the error is c^k of what it was.",
            "With p per cent, c^k < p / 100 means k > log(p / 100) / log c.",
            "Round the quotient of the two logarithms up.",
        ),
        wrong=(
            (
                lambda values: int(iterations(values)),
                "round up: a part of an iteration does not exist",
            ),
            (lambda values: 100, "the error falls by a factor each time, not by an amount"),
            (
                lambda values: int(np.ceil((1 - values["percent"] / 100) / (1 - values["factor"]))),
                "each iteration removes a part of what is left, not of the start",
            ),
        ),
    ),
]
