"""1: the error, the slope, and the weight update."""

from __future__ import annotations

from typing import Any

import numpy as np

from nofb.course.chapters.draws import few, normal, one_hot, sizes, softmax, tenths, whole
from nofb.course.task import Answer, Arguments, Item, Learning, Question, Task, Wrong

TITLE = "The error, the slope, the weight update"


def tanh_arguments(rng: np.random.Generator) -> Arguments:
    N, n = sizes(rng, 2)
    return normal(rng, N, n), np.tanh(normal(rng, N, n))


def logistic_arguments(rng: np.random.Generator) -> Arguments:
    N, n = sizes(rng, 2)
    return normal(rng, N, n), 1 / (1 + np.exp(-normal(rng, N, n)))


def relu_arguments(rng: np.random.Generator) -> Arguments:
    N, n = sizes(rng, 2)
    return normal(rng, N, n), np.maximum(normal(rng, N, n), 0)


def slope_is_a_derivative(f: Any) -> Any:
    """Return a property: the kernel's slope agrees with central differences of f."""

    def holds(kernel: Answer, rng: np.random.Generator) -> str | None:
        a, step = normal(rng, 4, 5) + 0.1, 1e-6
        measured = (f(a + step) - f(a - step)) / (2 * step)
        found = kernel(np.ones_like(a), f(a))
        if not np.allclose(found, measured, atol=1e-5):
            worst = np.unravel_index(np.argmax(abs(found - measured)), a.shape)
            return (
                f"at a = {a[worst]:.3f} the slope is {measured[worst]:.4f} by central differences, "
                f"but yours is {np.asarray(found)[worst]:.4f}"
            )
        return None

    return holds


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


def softmax_arguments(rng: np.random.Generator) -> Arguments:
    N, n = sizes(rng, 2)
    return 3 * normal(rng, N, n), np.zeros((N, n))


def softmax_ignores_a_shift(kernel: Answer, rng: np.random.Generator) -> str | None:
    """Adding a number to all a of a sample changes no share, and large a do not overflow."""
    a, output = softmax_arguments(rng)
    shifted = kernel(a + 1000.0, output.copy())
    if not np.isfinite(shifted[-1]).all():
        return "a of 1000 overflow: subtract the largest a of each sample first"
    if not np.allclose(shifted[-1], kernel(a, output)[-1]):
        return "adding a number to all a of a sample changes the shares"
    return None


def momentum_arguments(rng: np.random.Generator) -> Arguments:
    m, n = sizes(rng, 2)
    return normal(rng, m, n), normal(rng, m, n), normal(rng, m, n), 0.1, 0.9


def cross_entropy_arguments(rng: np.random.Generator) -> Arguments:
    N, n = sizes(rng, 2)
    return 3 * normal(rng, N, n), one_hot(rng, N, n)


def loss_has_the_error_as_slope(kernel: Answer, rng: np.random.Generator) -> str | None:
    """∂L/∂a = ŷ - y: the reason why the output error is so simple."""
    a, y = cross_entropy_arguments(rng)
    way, step = normal(rng, *a.shape), 1e-6
    rise = (kernel(a + step * way, y) - kernel(a - step * way, y)) / (2 * step)
    if not np.isclose(rise, ((softmax(a) - y) * way).sum(), atol=1e-4):
        return "the slope of your loss along a is not ŷ - y"
    return None


ITEMS: list[Item] = [
    Task(
        number="1.1",
        title="The slope of a logistic unit",
        hole="nofb.kernels.slopes:times_logistic_slope",
        equation="δ = signal ∘ h (1 - h)",
        minutes=10,
        points=2,
        story="A signal at the output of a unit becomes a signal at its input by one "
        "factor, the slope. The slope of a logistic unit can be computed from its output "
        "alone.",
        hints=(
            "h is 1 / (1 + exp(-a)). Differentiate it, and write the result with h alone.",
            "The slope is largest where h is a half, and 0 where h is 0 or 1.",
            "The slope is h (1 - h); the signal is multiplied with it, number by number.",
        ),
        draw=logistic_arguments,
        example=lambda rng: (whole(rng, 2, 2), tenths(rng, 2, 2)),
        properties=(slope_is_a_derivative(lambda a: 1 / (1 + np.exp(-a))),),
        wrong=(
            Wrong("return signal", "the slope is missing: the signal comes out as it went in"),
            Wrong("return signal * h * (1 + h)", "the slope falls towards h = 1: it is h (1 - h)"),
            Wrong(
                "return signal * (1 - h * h)", "this is the slope of tanh, not of a logistic unit"
            ),
            Wrong("return h * (1 - h)", "the signal is missing: this is the slope alone"),
        ),
    ),
    Task(
        number="1.2",
        title="The slope of a tanh unit",
        hole="nofb.kernels.slopes:times_tanh_slope",
        equation="δ = signal ∘ (1 - h²)",
        minutes=5,
        points=2,
        needs=("1.1",),
        story="The same for tanh. At a = 0 its slope is 1, four times that of a logistic "
        "unit, so that a network of tanh units can start from zero.",
        hints=(
            "h is tanh(a). What is the derivative of tanh, written with tanh?",
            "At h = 0 the slope is 1.",
            "The slope is 1 - h².",
        ),
        draw=tanh_arguments,
        example=lambda rng: (whole(rng, 2, 2), tenths(rng, 2, 2) * np.sign(whole(rng, 2, 2))),
        properties=(slope_is_a_derivative(np.tanh),),
        wrong=(
            Wrong("return signal", "the slope is missing: the signal comes out as it went in"),
            Wrong("return signal * (1 - h)", "h must be squared: the slope is 1 - h²"),
            Wrong(
                "return signal * (1 - np.tanh(h) ** 2)", "h is tanh(a) already: it is applied twice"
            ),
            Wrong(
                "return signal * h * (1 - h)", "this is the slope of a logistic unit, not of tanh"
            ),
        ),
        learning=None,
    ),
    Task(
        number="1.3",
        title="The slope of a rectified unit",
        hole="nofb.kernels.slopes:times_relu_slope",
        equation="δ = signal where h > 0, and 0 elsewhere",
        minutes=5,
        points=2,
        needs=("1.1",),
        story="A rectified unit (ReLU) passes a signal if it is active, and blocks it otherwise.",
        hints=(
            "Where the unit gives 0, a small change of a changes nothing.",
            "np.where chooses between two arrays.",
            "np.where(h > 0, signal, 0)",
        ),
        draw=relu_arguments,
        example=lambda rng: (whole(rng, 2, 3), np.maximum(whole(rng, 2, 3), 0)),
        properties=(slope_is_a_derivative(lambda a: np.maximum(a, 0)),),
        wrong=(
            Wrong("return signal", "the slope is missing: silent units let the signal pass"),
            Wrong("return signal * h", "the slope is 1 where the unit is active, not h"),
            Wrong(
                "return np.where(h > 0, 1.0, 0.0)",
                "the signal is missing: this is the slope alone",
            ),
            Wrong(
                "return np.where(signal > 0, signal, 0)",
                "what decides is h, not the sign of the signal",
            ),
        ),
    ),
    Task(
        number="1.4",
        title="Softmax, without an overflow",
        hole="nofb.kernels.losses:softmax",
        equation="ŷ = exp(a) / Σ exp(a), for each sample",
        minutes=15,
        points=3,
        story="The output units turn their inputs into probabilities. Write them into `output`.",
        hints=(
            "The sum goes over the classes of one sample, not over samples.",
            "exp(1000) is infinite. Which number can you subtract from all a of a sample?",
            "Subtract a.max(axis=1, keepdims=True) first, and write into output[...].",
        ),
        draw=softmax_arguments,
        example=lambda rng: (whole(rng, 2, 3), np.zeros((2, 3))),
        properties=(softmax_ignores_a_shift,),
        wrong=(
            Wrong(
                "e = np.exp(a - a.max())\noutput[...] = e / e.sum()",
                "the shares of all samples together sum to 1: sum over one sample's classes",
            ),
            Wrong(
                "e = np.exp(a - a.max(0))\noutput[...] = e / e.sum(0)",
                "the sum goes over samples: it must go over classes, axis 1",
            ),
            Wrong(
                "output[...] = np.exp(a - a.max(1, keepdims=True))",
                "the sum is missing: the shares of a sample must sum to 1",
            ),
        ),
    ),
    Task(
        number="1.5",
        title="The loss whose slope is the error",
        hole="nofb.kernels.losses:cross_entropy",
        equation="L = Σ over samples of -Σ_j y_j log ŷ_j",
        minutes=15,
        points=3,
        needs=("1.4",),
        story="With softmax, this loss has the output error as its slope: ∂L/∂a = ŷ - y. "
        "The kernel returns a sum over samples; whoever calls it divides by N.",
        hints=(
            "log softmax(a) = a - log Σ exp(a). Nothing is divided.",
            "log Σ exp(a) = m + log Σ exp(a - m), for any m.",
            "(target * (log_total[:, None] - a)).sum(), with log_total of each sample.",
        ),
        draw=cross_entropy_arguments,
        example=lambda rng: (whole(rng, 2, 3), one_hot(rng, 2, 3)),
        properties=(loss_has_the_error_as_slope,),
        wrong=(
            Wrong(
                "m = a.max(1, keepdims=True)\nl = np.log(np.exp(a - m).sum(1, keepdims=True)) + m\n"
                "return float((target * (l - a)).sum()) / len(a)",
                "this is the mean over samples: the kernel returns the sum",
            ),
            Wrong(
                "m = a.max(1, keepdims=True)\nl = np.log(np.exp(a - m).sum(1, keepdims=True)) + m\n"
                "return float((target * (a - l)).sum())",
                "the sign is wrong: a loss falls when the right class becomes likelier",
            ),
            Wrong(
                "return float(0.5 * ((a - target) ** 2).sum())",
                "this is the squared error of a, not the cross-entropy of softmax(a)",
            ),
        ),
    ),
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
