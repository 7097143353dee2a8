"""4: sign-symmetry."""

from __future__ import annotations

from typing import Any

import numpy as np

from nofb.course.chapters.draws import few, letter_of, normal, sizes, whole
from nofb.course.task import Answer, Arguments, Item, Learning, Question, Task, Wrong

TITLE = "Sign-symmetry"


def sign_arguments(rng: np.random.Generator) -> Arguments:
    n_in, n_out = sizes(rng, 2)
    W = normal(rng, n_in, n_out)
    W[0, 0] = 0.0
    return W, np.abs(normal(rng, n_out, n_in))


def has_the_signs_of_w(kernel: Answer, rng: np.random.Generator) -> str | None:
    W, M = sign_arguments(rng)
    B = np.asarray(kernel(W, M))
    if not np.array_equal(np.sign(B), np.sign(W.T)):
        return "some entries of B have another sign than the weight that they stand for"
    return None


def forgets_the_size_of_w(kernel: Answer, rng: np.random.Generator) -> str | None:
    W, M = sign_arguments(rng)
    if not np.allclose(kernel(W, M), kernel(7 * W, M)):
        return "weights that are seven times as large have the same signs, but your B changes"
    return None


def send_arguments(rng: np.random.Generator) -> Arguments:
    N, n_out, n_in = sizes(rng, 3)
    return normal(rng, N, n_out), np.sign(normal(rng, n_out, n_in))


def sign_example(rng: np.random.Generator) -> Arguments:
    n_in, n_out = few(rng, 2)
    W = whole(rng, n_in, n_out)
    W[0, 0] = 0.0
    return W, np.abs(whole(rng, n_out, n_in))


def send_example(rng: np.random.Generator) -> Arguments:
    N, n_out, n_in = few(rng, 3)
    return whole(rng, N, n_out), np.sign(whole(rng, n_out, n_in))


def mean_size(values: dict[str, Any], power: int) -> float:
    """Return the mean of |w| or of w², for question 4.3."""
    part = values["percent"] / 100
    return float(part + (1 - part) * values["size"] ** power)


def angle(cosine: float) -> float:
    """Return an angle in degrees."""
    return float(np.degrees(np.arccos(cosine)))


SIGNS = "signs of W 'yes', Wᵀ '-'"
PULL = "signs of W '-', Wᵀ 'slowly'"
MIRROR = "signs of W '-', Wᵀ '-', learned feedback 'yes', second phase 'to learn'"
AUDITS = (SIGNS, PULL, MIRROR)


ITEMS: list[Item] = [
    Task(
        number="4.1",
        title="The signs of the weights, and nothing else of them",
        hole="nofb.rules.sign_symmetry:take_signs",
        equation="B = M ∘ sign(Wᵀ)",
        minutes=10,
        points=3,
        needs=("2.1",),
        story="B knows which weights are positive and which are negative. Their sizes are random.",
        hints=(
            "B and M are (n_out, n_in), W is (n_in, n_out).",
            "The sign of 0 is 0: a weight of 0 sends nothing back.",
            "M * np.sign(W.T)",
        ),
        draw=sign_arguments,
        example=sign_example,
        properties=(has_the_signs_of_w, forgets_the_size_of_w),
        wrong=(
            Wrong("return M * W.T", "the sizes of the weights come through: take their signs"),
            Wrong("return np.sign(W.T)", "M is missing: it says how large the entries of B are"),
            Wrong(
                "return M * np.where(W.T >= 0, 1.0, -1.0)", "a weight of 0 has the sign 0, not 1"
            ),
            Wrong(
                "return np.sign(M) * np.abs(W.T)",
                "it is the other way round: sizes of M, signs of W",
            ),
        ),
        learning=Learning("usf", 0.87),
    ),
    Task(
        number="4.2",
        title="Signs send the signal back",
        hole="nofb.rules.sign_symmetry:send_back",
        equation="s = δ B",
        minutes=5,
        points=1,
        needs=("4.1",),
        story="The same line as in feedback alignment. Only B differs.",
        hints=(
            "B is (n_out, n_in).",
            "Nothing here knows of signs any more.",
            "delta @ B",
        ),
        draw=send_arguments,
        example=send_example,
        wrong=(
            Wrong(
                "return np.sign(delta) @ B",
                "the signal itself is sent: only the weights are reduced to signs",
            ),
            Wrong("return np.sign(delta @ B)", "the signal keeps its size"),
            Wrong(
                "return delta @ np.abs(B)", "the signs are lost, and they are all that B has of W"
            ),
        ),
    ),
    Question(
        number="4.3",
        title="The angle of signs",
        minutes=15,
        points=3,
        needs=("4.1",),
        asks="W has very many entries: {percent} % of them have the size 1, the others the size "
        "{size}. B has their signs, all of one size. What is the angle between B and Wᵀ, as long "
        "vectors, in degrees? (For normal entries, whose mean |w| is √(2/π) σ, it is 37 degrees.)",
        values=lambda rng: {
            "percent": int(rng.integers(10, 91)),
            "size": int(rng.integers(2, 10)),
        },
        key=lambda values: angle(mean_size(values, 1) / np.sqrt(mean_size(values, 2))),
        tolerance=0.02,
        hints=(
            "cos = Σ sign(w) w / (√n · √Σ w²).",
            "Σ sign(w) w is Σ |w|, which is n times the mean of |w|.",
            "cos = mean |w| / √(mean w²). For normal entries this is √(2/π).",
        ),
        wrong=(
            (lambda values: 90, "90 degrees would be chance: the signs agree, all of them"),
            (
                lambda values: angle(mean_size(values, 1) / mean_size(values, 2)),
                "the root is missing: the cosine is mean |w| / √(mean w²)",
            ),
            (lambda values: 0, "B would have to be a multiple of Wᵀ: the sizes differ"),
        ),
    ),
    Question(
        number="4.4",
        title="Which rule reads the weights?",
        minutes=15,
        points=3,
        needs=("4.1",),
        asks="`nofb audit` changes one quantity at a time. Three rules gave these rows. "
        "A: {A}. B: {B}. C: {C}. Which of them needs no weight transport of any kind? Answer with "
        "its letter.",
        values=lambda rng: dict(zip("ABC", rng.permutation(AUDITS).tolist(), strict=True)),
        key=lambda values: letter_of(values, MIRROR),
        hints=(
            "Signs are transported too, only fewer bits of them.",
            "'slowly' means that the feedback is pulled to Wᵀ, which it must read.",
            "A mirror sends noise through the forward weights, and sees only the response.",
        ),
        wrong=(
            (
                lambda values: letter_of(values, SIGNS),
                "this rule reads the signs of the weights: that is transport of one bit each",
            ),
            (
                lambda values: letter_of(values, PULL),
                "this rule pulls its feedback to Wᵀ, and so it reads Wᵀ, if slowly",
            ),
            (lambda values: "none", "one of them only observes how units respond to noise"),
        ),
    ),
]
