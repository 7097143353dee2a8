"""9: write your own rule."""

from __future__ import annotations

import numpy as np

from nofb.course.chapters import own_rule
from nofb.course.chapters.draws import error, few, normal, sizes, small_error, whole
from nofb.course.task import Answer, Arguments, Item, Task, Wrong

TITLE = "Write your own rule"


def modulate_arguments(rng: np.random.Generator) -> Arguments:
    N, n_0, n_L = sizes(rng, 3)
    return normal(rng, N, n_0), error(rng, N, n_L), normal(rng, n_L, n_0)


def nothing_to_correct(kernel: Answer, rng: np.random.Generator) -> str | None:
    x, e, F = modulate_arguments(rng)
    if not np.array_equal(kernel(x, 0 * e, F), x):
        return "where the error is 0, the second pass must see the input itself"
    return None


def credit_arguments(rng: np.random.Generator) -> Arguments:
    N, n = sizes(rng, 2)
    return normal(rng, N), 0.1 * normal(rng, N, n), 0.1


def estimates_a_gradient(kernel: Answer, rng: np.random.Generator) -> str | None:
    """For a linear loss c = ξ g, the mean of the credit is g."""
    g, width, N = normal(rng, 4), 0.1, 40_000
    xi = width * normal(rng, N, 4)
    found = np.asarray(kernel(xi @ g, xi, width)).mean(0)
    if not np.allclose(found, g, atol=0.1):
        return "for a loss that is linear in the noise, the mean credit must be its gradient"
    return None


def regression_arguments(rng: np.random.Generator) -> Arguments:
    N, n_out, n_in = sizes(rng, 3)
    return normal(rng, N, n_out), normal(rng, N, n_in), N


def regression_example(rng: np.random.Generator) -> Arguments:
    n_out, n_in = few(rng, 2)
    return whole(rng, 2, n_out), whole(rng, 2, n_in), 2


def vanishes_where_nothing_is_wrong(kernel: Answer, rng: np.random.Generator) -> str | None:
    delta, wrong, N = regression_arguments(rng)
    if np.any(np.asarray(kernel(delta, 0 * wrong, N))):
        return "where nothing is wrong, B must not move"
    return None


def pull_arguments(rng: np.random.Generator) -> Arguments:
    n_in, n_out = sizes(rng, 2)
    return normal(rng, n_in, n_out), normal(rng, n_out, n_in), 0.1, 0.2, 0.3


ITEMS: list[Item] = [
    Task(
        number="9.1",
        title="A second pass with the error in it",
        hole="nofb.rules.pepita:modulate",
        equation="x' = x + e F",
        minutes=10,
        points=2,
        needs=("3.1",),
        story="PEPITA has no backward pass. The error goes to the *input*, and the network "
        "runs once more; a layer learns from how its activation has moved.",
        hints=(
            "F has a row for each output, a column for each input.",
            "The input keeps what it had, and something is added.",
            "x + e @ F",
        ),
        draw=modulate_arguments,
        example=lambda rng: (whole(rng, 2, 2), small_error(rng, 2), whole(rng, 3, 2)),
        properties=(nothing_to_correct,),
        wrong=(
            Wrong("return x - e @ F", "the sign is wrong: here the error is added"),
            Wrong("return e @ F", "the input itself is missing"),
            Wrong("return x + np.sign(e) @ F", "the errors themselves are sent, not their signs"),
        ),
    ),
    Task(
        number="9.2",
        title="What did my noise do?",
        hole="nofb.rules.node_perturbation_feedback:credit",
        equation="λ = (change / σ²) ξ",
        minutes=20,
        points=3,
        needs=("5.2",),
        story="Every unit adds a little noise, and is told by how much the loss of the "
        "sample has changed. On average, their product is the gradient.",
        hints=(
            "`change` has one number for each sample: it multiplies that sample's noise.",
            "E[ξ ξᵀ] = σ² I: divide by σ², with σ = width.",
            "(change / width**2)[:, None] * xi",
        ),
        draw=credit_arguments,
        example=lambda rng: (whole(rng, 2) / 10, whole(rng, 2, 3) / 10, 0.1),
        properties=(estimates_a_gradient,),
        wrong=(
            Wrong("return change[:, None] * xi", "divide by σ²: the noise enters twice"),
            Wrong("return (change / width)[:, None] * xi", "divide by σ², not by σ"),
            Wrong("return change.sum() / width**2 * xi", "each sample has a change of its own"),
        ),
    ),
    Task(
        number="9.3",
        title="Feedback that learns by regression",
        hole="nofb.rules.node_perturbation_feedback:regression",
        equation="ΔB = δᵀ wrong / N",
        minutes=10,
        points=2,
        needs=("9.2",),
        story="B is moved so that δ B predicts the gradient that the noise has shown.",
        hints=(
            "It is the slope of ½‖wrong‖² in B, where wrong = δ B - λ.",
            "B is (n_out, n_in).",
            "delta.T @ wrong / samples",
        ),
        draw=regression_arguments,
        example=regression_example,
        properties=(vanishes_where_nothing_is_wrong,),
        wrong=(
            Wrong("return delta.T @ wrong", "this is a sum over the batch: divide by N"),
            Wrong(
                "return -delta.T @ wrong / samples",
                "the sign is wrong: the optimizer subtracts an update",
            ),
            Wrong(
                "return np.sign(delta).T @ wrong / samples",
                "the signal itself enters, not its sign",
            ),
        ),
    ),
    Task(
        number="9.4",
        title="A pull that is weight transport",
        hole="nofb.rules.symmetric_alignment:pull_together",
        equation="B ← B - 2 η decay B + η pull Wᵀ",
        minutes=15,
        points=2,
        needs=("6.2",),
        story="Symmetric alignment pulls B to Wᵀ. It works well, and that is no wonder: "
        "write it, and mark the term that reads the weights.",
        hints=(
            "B changes in place, and both terms use B as it was.",
            "W[j, i] belongs to B[i, j].",
            "B += rate * pull * W.T - 2 * rate * decay * B",
        ),
        draw=pull_arguments,
        example=lambda rng: (whole(rng, 2, 3), whole(rng, 3, 2), 0.1, 0.5, 1.0),
        wrong=(
            Wrong("B -= 2 * rate * decay * B", "the pull to Wᵀ is missing"),
            Wrong(
                "B += rate * pull * W.T - rate * decay * B",
                "the derivative of B² is 2 B: the 2 is missing",
            ),
            Wrong(
                "B += -rate * pull * W.T - 2 * rate * decay * B",
                "the pull has the wrong sign: B flees Wᵀ",
            ),
        ),
    ),
    *own_rule.ITEMS,
]
