"""The second part of chapter 9: questions about rules, and a rule of the student's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nofb.course.chapters.draws import letter_of
from nofb.course.task import Item, Question

DRAWN_WELL, USES_W, LINEAR = "B was drawn well", "somewhere it uses Wᵀ", "the network is linear"

ACTIVATIONS = "activations (own, above)"
AUDITS = {  # a mistake's line, and what `nofb audit` finds
    "`layer.B = layer.W.T` in draw_feedback, where B is drawn": (
        f"error, Wᵀ (at first), other W (above), {ACTIVATIONS}"
    ),
    "`layer.B = layer.W.T` in after_step, which is called after each step": (
        f"error, Wᵀ (slowly), other W (above), {ACTIVATIONS}"
    ),
    "`layer.B = np.sign(layer.W.T) * abs(layer.B)` in after_step": (
        f"error, signs of W, other W (above), random feedback, {ACTIVATIONS}"
    ),
    "`trace.arrive(layer, trace.target @ layer.B)` at the output layer": (
        f"labels, random feedback, {ACTIVATIONS}"
    ),
    "`yield layer, delta + 0.1 * np.sign(layer.W).mean(0)`": (
        f"error, own W, random feedback, {ACTIVATIONS}"
    ),
}
LINES = list(AUDITS)


def in_any_order(rng: np.random.Generator, texts: Sequence[str]) -> dict[str, Any]:
    """Return texts under the letters a, b, c and so on."""
    return dict(zip("abcde", rng.permutation(texts).tolist(), strict=False))


def one_mistake(rng: np.random.Generator) -> dict[str, Any]:
    """Draw a mistake, and the order of the lines."""
    line = LINES[int(rng.integers(len(LINES)))]
    return {**in_any_order(rng, LINES), "line": line, "found": AUDITS[line]}


def letter_of_line(values: dict[str, Any], line: str) -> str:
    """Return the letter of a line."""
    return letter_of({letter: values[letter] for letter in "abcde"}, line)


ITEMS: list[Item] = [
    Question(
        number="9.5",
        title="Is it backprop in disguise?",
        minutes=15,
        points=3,
        needs=("2.1",),
        asks="A friend's rule learns as fast as backprop. `nofb check` says that its "
        "signal has an angle of 0.0° to backprop's at every layer, before training. "
        "Which of these is true? a: {a}. b: {b}. c: {c}. Answer with a letter.",
        values=lambda rng: in_any_order(rng, (DRAWN_WELL, USES_W, LINEAR)),
        key=lambda values: letter_of(values, USES_W),
        hints=(
            "Which angle has a random B, before training?",
            "A linear network does not turn a random direction into the right one.",
            "Nothing but Wᵀ itself, or a multiple of it, has the angle 0.",
        ),
        wrong=(
            (
                lambda values: letter_of(values, DRAWN_WELL),
                "no random draw lies within 0.0° of one direction among hundreds",
            ),
            (
                lambda values: letter_of(values, LINEAR),
                "also in a linear network δ B differs from δ Wᵀ",
            ),
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
        "above). Which line is the mistake? a: {a}. b: {b}. c: {c}. d: {d}. e: {e}. "
        "Answer with a letter.",
        values=one_mistake,
        key=lambda values: letter_of_line(values, values["line"]),
        hints=(
            "Compare the two lists: what is new, and what is missing?",
            "'at first' is what was drawn at the start, 'slowly' what earlier steps have left.",
            "Which of the lines reads y, which its own W, which only the sign of W?",
        ),
        wrong=(
            (
                lambda values: letter_of_line(values, LINES[0]),
                "this line copies Wᵀ once, so Wᵀ would be used 'at first', and nothing random "
                "would be left",
            ),
            (
                lambda values: letter_of_line(values, LINES[1]),
                "this line copies Wᵀ after each step, so Wᵀ would be used 'slowly', through "
                "earlier steps",
            ),
            (
                lambda values: letter_of_line(values, LINES[2]),
                "this line reads only signs: the row would say 'signs of W', and still random "
                "feedback",
            ),
            (
                lambda values: letter_of_line(values, LINES[3]),
                "this line sends y and not ŷ - y: the row would say 'labels', and no error",
            ),
            (
                lambda values: letter_of_line(values, LINES[4]),
                "this line reads the layer's own weights: the row would say 'own W'",
            ),
        ),
    ),
]
