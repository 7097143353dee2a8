"""3: direct feedback, indirect feedback, and depth."""

from __future__ import annotations

import numpy as np

from nofb.course.chapters.draws import error, few, normal, one_hot, sizes, small_error, whole
from nofb.course.task import Answer, Arguments, Item, Learning, Question, Task, Wrong

TITLE = "Direct feedback and depth"


def direct_arguments(rng: np.random.Generator) -> Arguments:
    N, n_L, n = sizes(rng, 3)
    return error(rng, N, n_L), normal(rng, n_L, n)


def label_arguments(rng: np.random.Generator) -> Arguments:
    N, n_L, n = sizes(rng, 3)
    return one_hot(rng, N, n_L), normal(rng, n_L, n)


def relay_arguments(rng: np.random.Generator) -> Arguments:
    N, n_in, n_out = sizes(rng, 3)
    return normal(rng, N, n_in), normal(rng, n_in, n_out)


def direct_example(rng: np.random.Generator) -> Arguments:
    N, n = few(rng, 2)
    return small_error(rng, N), whole(rng, 3, n)


def relay_example(rng: np.random.Generator) -> Arguments:
    N, n_in, n_out = few(rng, 3)
    return whole(rng, N, n_in), whole(rng, n_in, n_out)


def product_arguments(rng: np.random.Generator) -> Arguments:
    N, n_L, n = sizes(rng, 3)
    return error(rng, N, n_L), normal(rng, N, n), N


def reaches_at_most_as_many_directions(kernel: Answer, rng: np.random.Generator) -> str | None:
    """All signals of a layer lie in the space that the rows of D span."""
    e, D = error(rng, 20, 3), normal(rng, 3, 12)
    rank = np.linalg.matrix_rank(np.asarray(kernel(e, D)))
    if rank > 2:
        return f"softmax errors of 3 outputs span 2 directions, but your signals span {rank}"
    return None


def ignores_the_size_of_errors(kernel: Answer, rng: np.random.Generator) -> str | None:
    e, D = direct_arguments(rng)
    if not np.allclose(kernel(e, D), kernel(5 * e, D)):
        return "an error that is five times as large has the same sign, but your signal changes"
    return None


def is_a_mean(kernel: Answer, rng: np.random.Generator) -> str | None:
    """The step for a batch that is repeated is the same."""
    e, h, N = product_arguments(rng)
    twice = kernel(np.tile(e, (2, 1)), np.tile(h, (2, 1)), 2 * N)
    if not np.allclose(kernel(e, h, N), twice):
        return "the same batch, given twice over, makes another step: an update is a mean"
    return None


ITEMS: list[Item] = [
    Task(
        number="3.1",
        title="The error goes straight to every layer",
        hole="nofb.rules.direct_feedback_alignment:project",
        equation="s_l = e D_l",
        minutes=10,
        points=3,
        needs=("2.1",),
        story="No layer waits for another: the output error reaches each by a matrix of its own.",
        hints=(
            "D has a row for each output and a column for each unit of the layer.",
            "e is (N, n_L); the signal is (N, n_l).",
            "e @ D",
        ),
        draw=direct_arguments,
        example=direct_example,
        properties=(reaches_at_most_as_many_directions,),
        wrong=(
            Wrong("return np.sign(e) @ D", "only the signs of the errors are sent: that is sDFA"),
            Wrong("return e @ D / len(e)", "nothing is averaged here: the update divides by N"),
            Wrong("return -e @ D", "the sign is wrong: the signal is that of ŷ - y"),
            Wrong("return np.maximum(e, 0) @ D", "errors below 0 count as well"),
        ),
        learning=Learning("dfa", 0.82),
    ),
    Task(
        number="3.2",
        title="Indirect: it enters at the bottom and travels up",
        hole="nofb.rules.indirect_feedback_alignment:relay",
        equation="s_l = δ_{l-1} R_l",
        minutes=10,
        points=2,
        needs=("3.1",),
        story="One random matrix brings the error to the first layer; from there it is "
        "relayed along the forward weights.",
        hints=(
            "R has the shape of W: (n_in, n_out).",
            "The signal goes *up*, as the activity does.",
            "delta_below @ R",
        ),
        draw=relay_arguments,
        example=relay_example,
        wrong=(
            Wrong(
                "return delta_below @ np.sign(R)",
                "the weights themselves relay, not only their signs",
            ),
            Wrong(
                "return np.tanh(delta_below @ R)",
                "a signal is not an activity: no f is applied, only the slope, elsewhere",
            ),
            Wrong(
                "return delta_below @ R / len(delta_below)",
                "nothing is averaged here: the update divides by N",
            ),
        ),
        learning=Learning("ifa", 0.82),
    ),
    Task(
        number="3.3",
        title="The label instead of the error",
        hole="nofb.rules.direct_random_target_projection:project",
        equation="s_l = y D_l",
        minutes=5,
        points=2,
        needs=("3.1",),
        story="The label is there before the network has answered. A layer can learn at once.",
        hints=(
            "y is one-hot: which row of D does a sample get?",
            "The product is the same as for the error.",
            "y @ D",
        ),
        draw=label_arguments,
        example=lambda rng: (one_hot(rng, 2, 3), whole(rng, 3, 2)),
        wrong=(
            Wrong(
                "return (y - y.mean(0)) @ D",
                "no mean is subtracted: a sample's signal depends on its own label alone",
            ),
            Wrong(
                "return -y @ D",
                "the sign is D's affair, which is drawn around 0: y enters as it is",
            ),
            Wrong("return y @ D / len(y)", "nothing is averaged here: the update divides by N"),
        ),
    ),
    Task(
        number="3.4",
        title="Only the signs of the errors",
        hole="nofb.rules.error_sign:project_sign",
        equation="s_l = sign(e) D_l",
        minutes=5,
        points=2,
        needs=("3.1",),
        story="One bit for each output and sample is all that has to be sent.",
        hints=(
            "np.sign gives -1, 0 or 1.",
            "The signs are those of the errors, not of the products.",
            "np.sign(e) @ D",
        ),
        draw=direct_arguments,
        example=direct_example,
        properties=(ignores_the_size_of_errors,),
        wrong=(
            Wrong(
                "return np.sign(e @ D)",
                "the signs are taken of the errors, before D, and not after it",
            ),
            Wrong("return e @ D", "these are the errors themselves, not their signs"),
            Wrong("return e @ np.sign(D)", "D is used as it is; the signs are those of the errors"),
        ),
    ),
    Task(
        number="3.5",
        title="A direct path that learns",
        hole="nofb.rules.direct_kolen_pollack:direct_product",
        equation="ΔD_l = eᵀ h_l / N",
        minutes=15,
        points=3,
        needs=("3.1", "1.6"),
        story="If the layer were connected to the output directly, this is how that "
        "connection would learn. Direct Kolen-Pollack lets D learn so.",
        hints=(
            "D is (n_L, n_l), and so is its step.",
            "The sum over samples is the inner axis of a product.",
            "e.T @ h / samples",
        ),
        draw=product_arguments,
        example=lambda rng: (small_error(rng, 2), whole(rng, 2, few(rng, 1)[0]), 2),
        properties=(is_a_mean,),
        wrong=(
            Wrong("return e.T @ h", "this is a sum over the batch: divide by N"),
            Wrong(
                "return -e.T @ h / samples", "the sign is wrong: the optimizer subtracts an update"
            ),
            Wrong(
                "return np.sign(e).T @ h / samples",
                "the errors themselves are needed, not their signs",
            ),
        ),
    ),
    Question(
        number="3.6",
        title="One layer a step",
        minutes=15,
        points=3,
        needs=("3.1",),
        asks="A network has {layers} hidden layers of tanh units without biases, and one "
        "output layer. All weights are 0. Direct feedback trains it. After how many "
        "steps has every weight matrix, the output layer's included, moved for the "
        "first time?",
        values=lambda rng: {"layers": int(rng.integers(3, 31))},
        key=lambda values: values["layers"] + 1,
        hints=(
            "ΔW_l = h_{l-1}ᵀ δ_l. Which h is not 0 at the first step?",
            "W_1 moves at step 1, since x is not 0 and the slope of tanh at 0 is 1. "
            "Then h_1 is not 0.",
            "W_l moves at step l; the output layer is number L.",
        ),
        wrong=(
            (lambda values: 1, "only W_1 moves at step 1: all h above are still 0"),
            (
                lambda values: values["layers"],
                "the output layer comes one step after the last hidden layer",
            ),
            (
                lambda values: 2,
                "with biases it is two steps; without them each layer waits for the one below",
            ),
        ),
    ),
]
