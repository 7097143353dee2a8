"""The second part of chapter 1: the weight update, backprop's signal, and momentum."""

from __future__ import annotations

import numpy as np

from nofb.course.chapters.draws import few, normal, sizes, whole
from nofb.course.task import Answer, Arguments, Item, Learning, Question, Task, Wrong


def update_arguments(rng: np.random.Generator) -> Arguments:
    N, n_in, n_out = sizes(rng, 3)
    return (
        normal(rng, N, n_in),
        normal(rng, N, n_out),
        N,
        np.zeros((n_in, n_out)),
        np.zeros(n_out),
    )


def update_is_a_mean(kernel: Answer, rng: np.random.Generator) -> str | None:
    """A batch that is repeated has the same mean."""
    h, delta, N, dW, db = update_arguments(rng)
    once = kernel(h, delta, N, dW, db)
    twice = kernel(np.tile(h, (2, 1)), np.tile(delta, (2, 1)), 2 * N, dW.copy(), db.copy())
    if not np.allclose(once[-1], twice[-1]) or not np.allclose(once[-2], twice[-2]):
        return "the same batch, given twice over, makes another step: an update is a mean"
    return None


def send_back_arguments(rng: np.random.Generator) -> Arguments:
    N, n_out, n_in = sizes(rng, 3)
    return normal(rng, N, n_out), normal(rng, n_in, n_out)


def send_back_is_the_gradient(kernel: Answer, rng: np.random.Generator) -> str | None:
    """⟨δ Wᵀ, v⟩ = ⟨δ, v W⟩ for every v: that is what a transpose is."""
    delta, W = send_back_arguments(rng)
    v = normal(rng, len(delta), len(W))
    if not np.isclose((kernel(delta, W) * v).sum(), (delta * (v @ W)).sum()):
        return "⟨δ Wᵀ, v⟩ and ⟨δ, v W⟩ differ for some v, so this is not the transpose of W"
    return None


def update_example(rng: np.random.Generator) -> Arguments:
    n_in, n_out = few(rng, 2)
    h_below, delta = whole(rng, 2, n_in), whole(rng, 2, n_out)
    return h_below, delta, 2, np.zeros((n_in, n_out)), np.zeros(n_out)


def send_back_example(rng: np.random.Generator) -> Arguments:
    N, n_out, n_in = few(rng, 3)
    return whole(rng, N, n_out), whole(rng, n_in, n_out)


def momentum_arguments(rng: np.random.Generator) -> Arguments:
    m, n = sizes(rng, 2)
    return normal(rng, m, n), normal(rng, m, n), normal(rng, m, n), 0.1, 0.9


ITEMS: list[Item] = [
    Task(
        number="1.6",
        title="The weight update",
        hole="nofb.kernels.dense:weight_update",
        equation="ΔW = h_belowᵀ δ / N,  Δb = Σ δ / N",
        minutes=15,
        points=3,
        needs=("1.2",),
        story="Every rule of this course ends here: a weight moves by what came in, times "
        "the teaching signal. Both results are means over the batch, and are written "
        "into dW and db.",
        hints=(
            "dW has a row for each unit below and a column for each unit of the layer.",
            "Samples are rows, so the sum over samples is the product's inner axis.",
            "dW[...] = h_below.T @ delta / samples; db[...] = delta.sum(0) / samples",
        ),
        draw=update_arguments,
        writes=("dW", "db"),
        example=update_example,
        solution="dW[...] = h_below.T @ delta / samples\ndb[...] = delta.sum(0) / samples",
        properties=(update_is_a_mean,),
        wrong=(
            Wrong(
                "dW[...] = h_below.T @ delta\ndb[...] = delta.sum(0)",
                "these are sums over the batch: divide both by N",
            ),
            Wrong(
                "dW[...] = h_below.T @ delta / samples\ndb[...] = delta.sum(0)",
                "db is a sum over the batch where dW is a mean: divide it by N too",
            ),
            Wrong(
                "dW[...] = h_below.T @ delta / samples\ndb[...] = delta.sum(0) / samples**2",
                "db is divided by N twice, as in a released code: biases then learn "
                "N times too slowly",
            ),
            Wrong(
                "dW[...] = -h_below.T @ delta / samples\ndb[...] = -delta.sum(0) / samples",
                "the sign is wrong: the optimizer subtracts an update",
            ),
        ),
    ),
    Task(
        number="1.7",
        title="Backprop sends the signal down",
        hole="nofb.rules.backprop:send_back",
        equation="s = δ Wᵀ",
        minutes=10,
        points=2,
        needs=("1.6",),
        story="One line, and the subject of this whole course: the signal travels down "
        "through the very weights that the activity went up through.",
        hints=(
            "delta is (N, n_out) and W is (n_in, n_out). The result is (N, n_in).",
            "Every unit below sums over the units above, each times the weight between them.",
            "delta @ W.T",
        ),
        draw=send_back_arguments,
        example=send_back_example,
        properties=(send_back_is_the_gradient,),
        wrong=(
            Wrong("return delta @ np.abs(W.T)", "the signs of the weights are lost"),
            Wrong(
                "return delta @ W.T / len(delta)",
                "nothing is averaged here: a sum over units, for each sample",
            ),
            Wrong(
                "return delta @ np.sign(W.T)",
                "these are the signs of the weights, not the weights: that is sign-symmetry",
            ),
            Wrong(
                "return -delta @ W.T", "the sign is wrong: the signal is that of the error ŷ - y"
            ),
        ),
        learning=Learning("bp", 0.9),
    ),
    Task(
        number="1.8",
        title="A step with momentum",
        hole="nofb.kernels.steps:momentum",
        equation="v ← μ v + ΔW,  W ← W - η v",
        minutes=10,
        points=2,
        needs=("1.6",),
        story="What the optimizer makes of an update. Both arrays change in place.",
        hints=(
            "v changes first, and W takes the new v.",
            "`v = mu * v + dW` makes a new array: the caller never sees it. Write v[...] = ...",
            "v[...] = mu * v + dW; W -= lr * v",
        ),
        draw=momentum_arguments,
        example=lambda rng: (*(whole(rng, 1, 3) for _ in range(3)), 0.1, 0.5),
        solution="v[...] = mu * v + dW\nW -= lr * v",
        wrong=(
            Wrong("W -= lr * v\nv[...] = mu * v + dW", "W takes the old v: change v first"),
            Wrong(
                "v[...] = mu * v + (1 - mu) * dW\nW -= lr * v",
                "ΔW enters whole here, not 1 - μ of it",
            ),
            Wrong(
                "W -= lr * (mu * v + dW)",
                "v itself does not change: the next step starts from the old one",
            ),
            Wrong(
                "v[...] = mu * v + dW\nW += lr * v",
                "the sign is wrong: a step goes against the update",
            ),
        ),
    ),
    Question(
        number="1.9",
        title="How much slower?",
        minutes=10,
        points=2,
        needs=("1.6",),
        asks="A released code makes ΔW a sum over the batch, and divides it by N when the "
        "step is taken. Its Δb is a mean over the batch already, and is divided by N "
        "once more. The batch has {samples} samples. By which factor do biases learn "
        "more slowly than they should?",
        values=lambda rng: {"samples": int(rng.integers(20, 200))},
        key=lambda values: values["samples"],
        tolerance=1e-6,
        hints=(
            "Write down Δb as the code has it, and as it should be.",
            "A mean that is divided by N again is a sum divided by N².",
            "The factor is the batch size.",
        ),
        wrong=(
            (
                lambda values: values["samples"] ** 2,
                "the code divides by N², but one N of it is right: only one is too many",
            ),
            (
                lambda values: 1 / values["samples"],
                "this is the speed that is left: the question asks how many times slower",
            ),
            (lambda values: 2, "divided twice does not mean half as fast: each division is by N"),
        ),
    ),
]
