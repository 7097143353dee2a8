"""5: weight mirrors."""

from __future__ import annotations

import numpy as np

from nofb.course.chapters.draws import few, normal, sizes, whole
from nofb.course.task import Answer, Arguments, Item, Question, Task, Wrong

TITLE = "Weight mirrors"


def drive_arguments(rng: np.random.Generator) -> Arguments:
    M, n_in, n_out = sizes(rng, 3)
    return normal(rng, M, n_in), normal(rng, n_in, n_out)


def correlate_arguments(rng: np.random.Generator) -> Arguments:
    M, n_in, n_out = sizes(rng, 3)
    return normal(rng, M, n_in), normal(rng, M, n_out), M - 1


def follow_arguments(rng: np.random.Generator) -> Arguments:
    n_out, n_in = sizes(rng, 2)
    return normal(rng, n_out, n_in), normal(rng, n_out, n_in), 0.1, 0.02


def drive_example(rng: np.random.Generator) -> Arguments:
    M, n_in, n_out = few(rng, 3)
    return whole(rng, M, n_in), whole(rng, n_in, n_out)


def correlate_example(rng: np.random.Generator) -> Arguments:
    n_in, n_out = few(rng, 2)
    return whole(rng, 3, n_in), whole(rng, 3, n_out), 2


def finds_w_transposed(kernel: Answer, rng: np.random.Generator) -> str | None:
    """The response of linear units to white noise holds Wᵀ."""
    W, M = normal(rng, 5, 4), 20_000
    xi = normal(rng, M, 5)
    found = np.asarray(kernel(xi, xi @ W, M))
    if found.shape != (4, 5) or not np.allclose(found, W.T, atol=0.15):
        return "with white noise and linear units the average must come to Wᵀ, and yours does not"
    return None


def has_its_fixed_point(kernel: Answer, rng: np.random.Generator) -> str | None:
    """B = (rate / decay) dB stays where it is."""
    _, dB, rate, decay = follow_arguments(rng)
    B = rate / decay * dB
    if not np.allclose(kernel(B.copy(), dB, rate, decay)[0], B):
        return "at B = (η_B / λ) ΔB growth and decay must cancel, but your B moves"
    return None


ITEMS: list[Item] = [
    Task(
        number="5.1",
        title="Noise goes up",
        hole="nofb.rules.weight_mirror:drive",
        equation="ξ W",
        minutes=5,
        points=1,
        needs=("2.1",),
        story="In mirror mode there is no image and no error: a layer below makes noise, "
        "and the layer above responds.",
        hints=(
            "Noise travels as activity does.",
            "ξ is (M, n_in), W is (n_in, n_out).",
            "xi @ W",
        ),
        draw=drive_arguments,
        example=drive_example,
        wrong=(
            Wrong("return np.tanh(xi @ W)", "f is applied elsewhere: this is its argument"),
            Wrong("return xi @ W / len(xi)", "nothing is averaged here"),
            Wrong("return xi @ np.sign(W)", "noise goes through the weights themselves"),
        ),
    ),
    Task(
        number="5.2",
        title="What both ends of a synapse share",
        hole="nofb.rules.weight_mirror:correlate",
        equation="ΔB = zᵀ ξ / count",
        minutes=15,
        points=4,
        needs=("5.1",),
        story="The heart of the mirror. A feedback synapse sees the noise at one end and "
        "the response at the other. The mean of their product is σ² Wᵀ, although "
        "the synapse was never shown a weight.",
        hints=(
            "B is (n_out, n_in), and so is its step.",
            "E[zᵀ ξ] = E[(ξ W)ᵀ ξ] = Wᵀ E[ξᵀ ξ] = σ² Wᵀ.",
            "z.T @ xi / count",
        ),
        draw=correlate_arguments,
        example=correlate_example,
        properties=(finds_w_transposed,),
        wrong=(
            Wrong("return z.T @ xi", "this is a sum over noise vectors: divide by their count"),
            Wrong(
                "return z.T @ xi / len(xi)", "divide by `count`: it is M - 1 where z was centred"
            ),
            Wrong("return -z.T @ xi / count", "the sign is wrong: B would come to -Wᵀ"),
            Wrong(
                "return np.sign(z).T @ xi / count", "the response itself is needed, not its sign"
            ),
        ),
    ),
    Task(
        number="5.3",
        title="B follows, and forgets a little",
        hole="nofb.rules.weight_mirror:follow",
        equation="B ← B + η_B ΔB - λ B",
        minutes=10,
        points=3,
        needs=("5.2",),
        story="Without decay B grows without limit, as it does in the released code.",
        hints=(
            "B changes in place.",
            "Both terms use B as it was.",
            "B += rate * dB - decay * B",
        ),
        draw=follow_arguments,
        example=lambda rng: (whole(rng, 2, 3), whole(rng, 2, 3), 0.5, 0.1),
        properties=(has_its_fixed_point,),
        wrong=(
            Wrong("B += rate * dB", "the decay is missing: B grows without bound"),
            Wrong(
                "B += rate * dB + decay * B", "the sign of the decay is wrong: B grows ever faster"
            ),
            Wrong(
                "B += rate * dB\nB -= decay * B",
                "the decay takes the new B: both terms use B as it was",
            ),
            Wrong("B -= rate * dB + decay * B", "the sign of ΔB is wrong: B would come to -Wᵀ"),
        ),
    ),
    Question(
        number="5.4",
        title="How much noise is enough?",
        minutes=15,
        points=3,
        needs=("5.2",),
        asks="The mean of zᵀ ξ over M noise vectors is σ² Wᵀ plus sampling noise, whose "
        "size falls as 1/√M. With M = {samples} the noise is {percent} % of the "
        "whole. How many noise vectors bring it to a quarter of that?",
        values=lambda rng: {
            "samples": int(rng.integers(2, 20)) * 100,
            "percent": int(rng.integers(10, 30)),
        },
        key=lambda values: 16 * values["samples"],
        tolerance=1e-6,
        hints=(
            "To halve what falls as 1/√M, M must grow by which factor?",
            "Four times as many vectors halve it.",
            "A quarter takes 4² = 16 times as many.",
        ),
        wrong=(
            (lambda values: 4 * values["samples"], "that halves it: 1/√4 is a half"),
            (lambda values: values["samples"] / 16, "more vectors are needed, not fewer"),
            (
                lambda values: 2 * values["samples"],
                "the noise falls with the root of M, not with M",
            ),
        ),
    ),
    Question(
        number="5.5",
        title="Predict the angle of a mirror",
        minutes=10,
        points=2,
        needs=("5.3", "5.4"),
        by_hand=True,
        asks="A mirror starts from a random B. Each mirror step uses 16 noise vectors, 20 units "
        "are below, λ = 0.02 and η_B = λ / σ². Which angle between B and Wᵀ do you expect after 0, "
        "10, 50, 100 and 300 mirror steps? Begin your text with the five numbers, then say "
        "which two numbers of this question decide where it ends, before you draw the curve: the "
        "notebook draws your numbers beside it.",
        key=lambda values: (
            "Measured: 94, 87, 45, 16, 7 degrees. The random start is multiplied by 0.98 in each "
            "step, so it is gone after some 1/λ = 50 steps, and the rest is noise: B is a mean of "
            "about 2/λ steps of 16 vectors. tan²θ = (n + 1) λ / ((2 - λ)(M - 1)) gives 6.8 "
            "degrees. Points: it starts near 90 and stops above 0 (1), λ and the number of noise "
            "vectors decide where (1)."
        ),
        hints=(
            "How much of the random start is left after 50 steps, if each step keeps 98 %?",
            "B is a mean over the last steps, and every step has sampling noise.",
            "A smaller λ or more noise vectors leave less noise in B.",
        ),
    ),
]
