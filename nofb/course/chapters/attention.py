"""The second part of chapter 8: attention, layer normalisation, and residual sums."""

from __future__ import annotations

from typing import Any

import numpy as np

from nofb.course.chapters.draws import normal, sizes, softmax, tenths, whole
from nofb.course.task import Answer, Arguments, Item, Question, Task, Wrong


def norm_arguments(rng: np.random.Generator) -> Arguments:
    R, n = sizes(rng, 2)
    x = normal(rng, R, n)
    mean, r = x.mean(1), 1 / np.sqrt(x.var(1) + 1e-5)
    return normal(rng, R, n), x, mean, r, normal(rng, n)


def ignores_what_the_norm_removes(kernel: Answer, rng: np.random.Generator) -> str | None:
    """A change of all units by one number changes nothing, so the signal sums to 0."""
    found = np.asarray(kernel(*norm_arguments(rng)))
    if not np.allclose(found.sum(1), 0, atol=1e-9):
        return "adding a number to all units of a row changes nothing above, so a row must sum to 0"
    return None


def attention_arguments(rng: np.random.Generator) -> Arguments:
    N, heads, T = sizes(rng, 3)
    A = softmax(normal(rng, N, heads, T, T))
    return A, normal(rng, N, heads, T, T), 0.5


def each_row_of_the_signal_sums_to_zero(kernel: Answer, rng: np.random.Generator) -> str | None:
    """Adding a number to all scores of a row changes no weight."""
    A, dA, scale = attention_arguments(rng)
    found = kernel(A, dA.copy(), scale)[-1]
    if not np.allclose(found.sum(-1), 0, atol=1e-9):
        return "adding a number to a row of scores changes no weight, so the signal must sum to 0"
    return None


def attention_example(rng: np.random.Generator) -> Arguments:
    share = tenths(rng, 1, 1, 2, 1)
    return np.concatenate([share, 1 - share], axis=-1), whole(rng, 1, 1, 2, 2), 0.5


def norm_example(rng: np.random.Generator) -> Arguments:
    """Two units one above the mean, two one below it: r = 1 and z = ±1, if ε is left out."""
    mean = whole(rng, 1)
    x = mean[:, None] + rng.permutation([[-1.0, -1.0, 1.0, 1.0]], axis=1)
    return whole(rng, 1, 4), x, mean, np.ones(1), whole(rng, 4)


def shift_arguments(rng: np.random.Generator) -> Arguments:
    N, heads, T = sizes(rng, 3)
    return (np.exp(normal(rng, N, heads, T, T)),)


def attention_sizes(rng: np.random.Generator) -> dict[str, Any]:
    """Draw the numbers of question 8.7."""
    heads = int(rng.integers(2, 9))
    return {"units": heads * int(rng.integers(8, 65)), "heads": heads}


def parameters(values: dict[str, Any]) -> int:
    """Return the number of entries of B of one attention."""
    return int(4 * values["units"] ** 2)


ITEMS: list[Item] = [
    Task(
        number="8.4",
        title="Attention's weights sum to one",
        hole="nofb.kernels.attention:normalise",
        equation="A ← A / Σ_j A",
        minutes=10,
        points=2,
        needs=("1.4",),
        story="The last line of a softmax, for each row of each head. A changes in place.",
        hints=(
            "A is (N, heads, T, T), and a row is the last axis.",
            "keepdims=True keeps the shape for the division.",
            "A /= A.sum(-1, keepdims=True)",
        ),
        draw=shift_arguments,
        example=lambda rng: (np.abs(whole(rng, 1, 1, 2, 3)),),
        wrong=(
            Wrong(
                "A /= A.sum(-2, keepdims=True)",
                "columns sum to 1 here: it must be rows, the last axis",
            ),
            Wrong(
                "A /= A.sum((-2, -1), keepdims=True)", "the whole matrix sums to 1: each row must"
            ),
            Wrong(
                "A /= np.sqrt((A**2).sum(-1, keepdims=True))",
                "rows have length 1 here: they must sum to 1",
            ),
        ),
    ),
    Task(
        number="8.5",
        title="Attention's derivative, without a weight",
        hole="nofb.kernels.attention:softmax_back",
        equation="dA ← scale A ∘ (dA - Σ_j dA ∘ A)",
        minutes=25,
        points=5,
        needs=("8.4",),
        story="From a signal on the attention weights to one on the scores. Activations "
        "are all that it needs: there is nothing to transport in attention but its "
        "four matrices.",
        hints=(
            "∂A_j/∂score_k = A_j (1 if j = k, else 0) - A_j A_k.",
            "Σ_j dA_j ∂A_j/∂score_k = A_k (dA_k - Σ_j dA_j A_j).",
            "dA[...] = scale * A * (dA - (dA * A).sum(-1, keepdims=True))",
        ),
        draw=attention_arguments,
        example=attention_example,
        properties=(each_row_of_the_signal_sums_to_zero,),
        wrong=(
            Wrong(
                "dA[...] = scale * A * dA",
                "the sum is missing: weights of a row compete with each other",
            ),
            Wrong(
                "dA[...] = scale * A * (dA - dA.sum(-1, keepdims=True))",
                "the sum must be weighed with A: Σ_j dA ∘ A",
            ),
            Wrong(
                "dA[...] = A * (dA - (dA * A).sum(-1, keepdims=True))",
                "the scale is missing: scores are divided by √d, and so is their signal",
            ),
            Wrong(
                "dA[...] = scale * A * (1 - A) * dA",
                "this is the diagonal of the derivative alone: other weights of the row move too",
            ),
        ),
    ),
    Task(
        number="8.6",
        title="Back through a layer normalisation",
        hole="nofb.kernels.normalise:layer_norm_back",
        equation="r (γ s - mean(γ s) - z mean(γ s ∘ z)),  z = (x - μ) r",
        minutes=25,
        points=4,
        needs=("8.5",),
        story="The mean and the length of a row are removed; a signal along them must be "
        "removed too.",
        hints=(
            "Means go over the units of a row.",
            "mean and r have one entry for each row: [:, None].",
            "g = gamma * signal; r[:, None] * (g - g.mean(1)[:, None] - z * (g * "
            "z).mean(1)[:, None])",
        ),
        draw=norm_arguments,
        example=norm_example,
        properties=(ignores_what_the_norm_removes,),
        wrong=(
            Wrong(
                "return gamma * signal * r[:, None]",
                "μ and r are taken for constants: both depend on x",
            ),
            Wrong(
                "g = gamma * signal\nreturn r[:, None] * (g - g.mean(1)[:, None])",
                "the last term is missing: r depends on x too",
            ),
            Wrong(
                "z = (x - mean[:, None]) * r[:, None]\n"
                "return r[:, None] * (signal - signal.mean(1)[:, None] - z * (signal * "
                "z).mean(1)[:, None])",
                "γ is missing: the signal is on γ z + β",
            ),
        ),
    ),
    Question(
        number="8.7",
        title="What would have to be transported",
        minutes=10,
        points=2,
        needs=("8.5",),
        asks="An attention has {units} units, {heads} heads, and four dense layers with "
        "biases. How many numbers would a brain have to transport for exact backprop "
        "through it?",
        values=attention_sizes,
        key=parameters,
        hints=(
            "Only matrices that a signal travels back through are transported.",
            "Biases send nothing back, and the softmax has no weights.",
            "Four matrices of units × units.",
        ),
        wrong=(
            (
                lambda values: 4 * values["units"] ** 2 + 4 * values["units"],
                "biases send nothing back",
            ),
            (
                lambda values: 3 * values["units"] ** 2,
                "query, key and value are three: the output has one too",
            ),
            (
                lambda values: 4 * values["units"] ** 2 * values["heads"],
                "heads share the units: they do not make the matrices larger",
            ),
        ),
    ),
    Question(
        number="8.8",
        title="Why a residual sum helps",
        minutes=15,
        points=3,
        needs=("8.2",),
        by_hand=True,
        asks="In a residual network of random feedback, the angle at the lowest block is "
        "smaller than in a plain network of as many layers. Explain in two or three "
        "sentences what the sum does to the signal.",
        key=lambda values: (
            "h = x + branch(x) sends the signal down both ways and adds it up; the "
            "shortcut has no matrix, so a part of the signal arrives unchanged by "
            "any B. Points: two ways (1), the shortcut transports nothing (1), its "
            "part is exact whatever B is (1)."
        ),
        hints=(
            "Which matrices does the signal meet on the shortcut?",
            "Signals add up where ways meet.",
            "The part that came by the shortcut is what backprop would have sent by it too.",
        ),
    ),
]
