"""The first part of chapter 1: slopes of units, softmax, and the loss."""

from __future__ import annotations

from typing import Any

import numpy as np

from nofb.course.chapters.draws import normal, one_hot, sizes, softmax, tenths, whole
from nofb.course.task import Answer, Arguments, Item, Task, Wrong


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


def large_logits_do_not_overflow(kernel: Answer, rng: np.random.Generator) -> str | None:
    """Where one logit is far above the others, log Σ exp(a) is this logit."""
    a = rng.permuted(np.tile([0.0, 1000.0, 2000.0], (4, 1)), axis=1)
    y = one_hot(rng, 4, 3)
    with np.errstate(all="ignore"):
        found = kernel(a, y)
    if not np.isclose(found, (2000.0 - (a * y).sum(1)).sum()):
        return "with logits of 1000 and 2000 the loss is wrong: log of softmax takes log 0 there"
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
        writes=("output",),
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
        properties=(loss_has_the_error_as_slope, large_logits_do_not_overflow),
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
]
