"""9: write your own rule."""

from __future__ import annotations

import numpy as np

from nofb.course.chapters.draws import error, few, normal, sizes, small_error, whole
from nofb.course.task import Answer, Arguments, Item, Question, Task, Wrong

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


OWN = "activations (own, above)"
AUDITS = (  # the mistake of question 9.7, and what `nofb audit` finds
    ("a", f"error, Wᵀ (at first), other W (above), {OWN}"),
    ("b", f"error, Wᵀ (slowly), other W (above), {OWN}"),
    ("c", f"error, signs of W, other W (above), random feedback, {OWN}"),
    ("d", f"labels, random feedback, {OWN}"),
    ("e", f"error, own W, random feedback, {OWN}"),
)

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
    Question(
        number="9.5",
        title="Is it backprop in disguise?",
        minutes=15,
        points=3,
        needs=("2.1",),
        asks="A friend's rule learns as fast as backprop. `nofb check` says that its "
        "signal has an angle of 0.0° to backprop's at every layer, before training. "
        "Which of these is true? a: B was drawn well. b: somewhere it uses Wᵀ. c: "
        "the network is linear. Answer with a letter.",
        key=lambda values: "b",
        hints=(
            "Which angle has a random B, before training?",
            "A linear network does not turn a random direction into the right one.",
            "Nothing but Wᵀ itself, or a multiple of it, has the angle 0.",
        ),
        wrong=(
            (lambda values: "a", "no random draw lies within 0.0° of one direction among hundreds"),
            (lambda values: "c", "also in a linear network δ B differs from δ Wᵀ"),
            (lambda values: "none", "an angle of 0.0° at every layer has a cause"),
        ),
    ),
    Question(
        number="9.6",
        title="Your own rule",
        minutes=60,
        points=6,
        needs=("2.1", "3.1", "9.5"),
        by_hand=True,
        asks="Write a rule of your own (docs: writing a rule), let `nofb check` test it, "
        "and hand in its file's text with the verdicts. Say what it uses, and what "
        "you expected.",
        key=lambda values: (
            "The rule runs (1), `uses` says what it uses, and the audit agrees (2), "
            "a question stands behind it (1), the result is reported as it came out "
            "(2)."
        ),
        hints=(
            "Start from a copy of feedback_alignment.py.",
            "One change is enough: what could B be, other than random?",
            "`nofb check my_rule:MyRule` names what is wrong in sentences.",
        ),
    ),
    Question(
        number="9.7",
        title="Find the fault from the audit",
        minutes=15,
        points=3,
        needs=("9.5",),
        asks="A friend wrote feedback alignment, and made one mistake. `nofb audit` finds that the "
        "rule uses: {found}. Feedback alignment uses: error, random feedback, activations (own, "
        "above). Which line is the mistake? "
        "a: `layer.B = layer.W.T` in draw_feedback, where B is drawn. "
        "b: `layer.B = layer.W.T` in after_step, which is called after each step. "
        "c: `layer.B = np.sign(layer.W.T) * abs(layer.B)` in after_step. "
        "d: `trace.arrive(layer, trace.target @ layer.B)` at the output layer. "
        "e: `yield layer, delta + 0.1 * np.sign(layer.W).mean(0)`. Answer with a letter.",
        values=lambda rng: dict(
            zip(("letter", "found"), AUDITS[int(rng.integers(len(AUDITS)))], strict=True)
        ),
        key=lambda values: values["letter"],
        hints=(
            "Compare the two lists: what is new, and what is missing?",
            "'at first' is what was drawn at the start, 'slowly' what earlier steps have left.",
            "Which of the lines reads y, which its own W, which only the sign of W?",
        ),
        wrong=(
            (
                lambda values: "a",
                "a copies Wᵀ once, so Wᵀ would be used 'at first', and nothing random is left",
            ),
            (
                lambda values: "b",
                "b copies Wᵀ after each step, so Wᵀ would be used 'slowly', through earlier steps",
            ),
            (
                lambda values: "c",
                "c reads only signs: the row would say 'signs of W', and still random feedback",
            ),
            (
                lambda values: "d",
                "d sends y and not ŷ - y: the row would say 'labels', and no error",
            ),
            (
                lambda values: "e",
                "e reads the layer's own weights: the row would say 'own W'",
            ),
        ),
    ),
]
