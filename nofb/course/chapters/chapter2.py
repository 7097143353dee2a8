"""2: feedback alignment."""

from __future__ import annotations

import numpy as np

from nofb.course.chapters.draws import few, normal, sizes, whole
from nofb.course.task import Answer, Arguments, Item, Learning, Question, Task, Wrong

TITLE = "Feedback alignment"


def arguments(rng: np.random.Generator) -> Arguments:
    N, n_out, n_in = sizes(rng, 3)
    return normal(rng, N, n_out), normal(rng, n_out, n_in)


def example(rng: np.random.Generator) -> Arguments:
    N, n_out, n_in = few(rng, 3)
    return whole(rng, N, n_out), whole(rng, n_out, n_in)


def is_backprop_if_b_is_w_transposed(kernel: Answer, rng: np.random.Generator) -> str | None:
    """FA with B = Wᵀ is backprop: the sharpest test of any form of it."""
    delta, W = normal(rng, 5, 3), normal(rng, 4, 3)
    if not np.allclose(kernel(delta, np.ascontiguousarray(W.T)), delta @ W.T):
        return "with B = Wᵀ this must be backprop, and it is not"
    return None


def is_linear_in_delta(kernel: Answer, rng: np.random.Generator) -> str | None:
    """Twice the signal above is twice the signal below."""
    delta, B = arguments(rng)
    if not np.allclose(kernel(3 * delta, B), 3 * np.asarray(kernel(delta, B))):
        return "three times the signal above must be three times the signal below"
    return None


ITEMS: list[Item] = [
    Task(
        number="2.1",
        title="The signal comes back through B",
        hole="nofb.rules.feedback_alignment:send_back",
        equation="s = δ B",
        minutes=10,
        points=3,
        needs=("1.7",),
        story="Backprop's line with one letter changed. B is drawn once and never learns.",
        hints=(
            "B stands where Wᵀ stood: it is (n_out, n_in) already.",
            "Compare the shapes in the header: what goes in is (N, n_out), what "
            "comes out (N, n_in).",
            "delta @ B",
        ),
        draw=arguments,
        example=example,
        properties=(is_backprop_if_b_is_w_transposed, is_linear_in_delta),
        wrong=(
            Wrong("return delta @ np.sign(B)", "only the signs of B come back: B is used as it is"),
            Wrong(
                "return delta @ B / len(delta)", "nothing is averaged here: the update divides by N"
            ),
            Wrong(
                "return delta @ B / np.linalg.norm(B)",
                "B is used as it is, and not made of length 1",
            ),
            Wrong("return -delta @ B", "the sign is wrong: ΔW would climb up the loss"),
        ),
        learning=Learning("fa", 0.82),
    ),
    Question(
        number="2.2",
        title="The angle before training",
        minutes=10,
        points=2,
        needs=("2.1",),
        asks="B is drawn independently of W, with mean 0. A hidden layer has {units} "
        "units. Before any training, what is the expected angle between the signal "
        "of feedback alignment and backprop's, in degrees?",
        values=lambda rng: {"units": int(rng.integers(100, 1000))},
        key=lambda values: 90,
        tolerance=0.01,
        hints=(
            "Which way does δ B point, seen from δ Wᵀ, if B knows nothing of W?",
            "The mean of the cosine is 0, by symmetry: B and -B are equally likely.",
            "Two directions that know nothing of each other are at right angles on average.",
        ),
        wrong=(
            (lambda values: 0, "0 degrees would be backprop itself: B knows nothing of W yet"),
            (lambda values: 45, "the cosine is 0 on average, and 45 degrees have a cosine of 0.71"),
            (lambda values: 180, "that is the opposite of the gradient; B is as likely as -B"),
        ),
    ),
    Question(
        number="2.3",
        title="How wide is chance?",
        minutes=15,
        points=3,
        needs=("2.2",),
        asks="The cosine of two random directions in n dimensions has a standard "
        "deviation of 1/√n. For one sample, and a hidden layer of {units} units: how "
        "many degrees around 90° hold 95 % of random angles, on either side? (Two "
        "standard deviations; for such small cosines an angle moves by as much as "
        "its cosine, in radians.)",
        values=lambda rng: {"units": int(rng.integers(100, 1000))},
        key=lambda values: float(np.degrees(2 / np.sqrt(values["units"]))),
        tolerance=0.01,
        hints=(
            "Two standard deviations of the cosine are 2/√n.",
            "One radian is 57.3 degrees.",
            "57.3 · 2 / √n",
        ),
        wrong=(
            (
                lambda values: float(np.degrees(1 / np.sqrt(values["units"]))),
                "this is one standard deviation: 95 % need two",
            ),
            (
                lambda values: float(np.degrees(1.96 / np.sqrt(values["units"]))),
                "these are 1.96 standard deviations: the question says two",
            ),
            (
                lambda values: float(2 / np.sqrt(values["units"])),
                "this is in radians: the question asks for degrees",
            ),
            (
                lambda values: float(np.degrees(2 / values["units"])),
                "the root is missing: 1/√n, not 1/n",
            ),
        ),
    ),
    Question(
        number="2.4",
        title="Why does it learn at all?",
        minutes=20,
        points=4,
        needs=("2.1", "2.2"),
        by_hand=True,
        asks="Look at the picture of task 2.1 in the notebook: the angle between your signal and "
        "backprop's falls, and so does the angle between B and Wᵀ. Nobody moves B. Explain in "
        "three or four sentences why.",
        key=lambda values: (
            "ΔW_1 = xᵀ δ_1 has δ_1 = (e B) ∘ f', so W_1 takes up the directions of "
            "B; h_1 then holds e B, and ΔW_2 = h_1ᵀ e adds a part of Bᵀ eᵀ e: W_2 "
            "comes to Bᵀ, by the update of the layer above. Points: B is fixed (1), "
            "W moves (1), W_1 carries B forward (1), the update of W_2 contains Bᵀ "
            "(1)."
        ),
        hints=(
            "Only one of the two can move.",
            "What does W_1 consist of after a few steps, if every step was xᵀ (e B)?",
            "h_1 then contains e B. Write down ΔW_2 = h_1ᵀ e with it.",
        ),
    ),
    Question(
        number="2.5",
        title="Predict the angle between B and Wᵀ",
        minutes=10,
        points=2,
        needs=("2.2",),
        by_hand=True,
        asks="A network 64-100-10 learns digits with feedback alignment for 20 epochs. Which angle "
        "between B and Wᵀ of the output layer do you expect after 0, 1, 5, 10 and 20 epochs? Begin "
        "your text with the five numbers, then give your reason in one sentence, before you draw "
        "the curve: the notebook draws your numbers beside it. Keep them, whatever it shows.",
        key=lambda values: (
            "Measured: 90, 87, 78, 73, 69 degrees. Points: the start is near 90 (1), the angle "
            "falls, with a reason why W moves (1). The numbers themselves do not matter. Only the "
            "part of W that the steps have added is along Bᵀ; the random start stays in W, and "
            "nothing removes it. So the angle does not come to 0."
        ),
        hints=(
            "B and W are independent at the start.",
            "W is its random start plus all steps. Which of the two is along Bᵀ?",
            "Nothing removes the random start, so the angle does not come to 0.",
        ),
    ),
]
