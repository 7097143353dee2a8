"""What the page says in words: the outcome in short, and what to look at in each figure."""

from __future__ import annotations

from nofb.report.summary import remarks, score, score_name
from nofb.rules import CONTROLS
from nofb.runs.compare import Comparison

HEADINGS = {
    "learning_curves": "Who learns, and how fast?",
    "alignment": "Does the feedback line up with backprop's?",
    "accuracy_against_angle": "Does it pay to line up?",
}
LEARNING = (
    "Look at where each line ends, and how soon it gets there. Backprop, the thick solid line, is "
    "the ceiling: it sends errors back through its own weights. The thick dashed line, the "
    "baseline, trains the last layer alone: a rule below it is worse than not teaching the hidden "
    "layers."
)
ALIGNMENT = (
    "Upper row: what a layer is told to change, its teaching signal, against what backprop would "
    "tell it. At 0° they agree, inside the grey band random feedback would do as well, and below "
    "the band steps go downhill. Lower row: the feedback matrix that ends at the layer against the "
    "transposed weights it stands for. Where the feedback is fixed and its line still falls, the "
    "forward weights have come to agree with it."
)
ACCURACY = (
    "Each large point is a rule. Further left it teaches the first hidden layer more as backprop "
    "would; further {better} it does better on new samples. Look for rules that learn well in "
    "spite of a large angle: a signal need not be backprop's to be useful."
)


def caption(stem: str, comparison: Comparison) -> str:
    """Return what to look at in a figure; empty for one without words."""
    better = "down" if comparison.classes is None else "up"
    alignment = ALIGNMENT + "".join(f" {each}" for each in remarks(comparison))
    texts = {
        "learning_curves": LEARNING,
        "alignment": alignment,
        "accuracy_against_angle": ACCURACY.format(better=better),
    }
    return texts.get(stem, "")


def headline(comparison: Comparison) -> str:
    """Return the page's title."""
    rules = len(comparison.rules)
    return f"{rules} learning rule{'s' if rules > 1 else ''} on {comparison.settings.data}"


def outcome(comparison: Comparison) -> str:
    """Return in a few sentences how the rules did, between the baseline and the ceiling."""
    ends = {
        "bp": "Backprop ends with a {} of {}",
        "shallow": "The last layer alone ends with a {} of {}",
    }
    parts = [
        text.format(score_name(comparison), score(comparison, rule)) + "."
        for rule, text in ends.items()
        if comparison.of(rule)
    ]
    text = " ".join([*parts, *_above_the_floor(comparison)])
    return text.replace(" ± ", "\u00a0±\u00a0").replace(" %", "\u00a0%")  # no line breaks there


def _above_the_floor(comparison: Comparison) -> list[str]:
    """Say which rules do better, on average, than the last layer alone."""
    others = [rule for rule in comparison.rules if rule not in CONTROLS]
    if not others or not comparison.of("shallow"):
        return []
    measure, sign = ("test_loss", -1) if comparison.classes is None else ("test_accuracy", 1)
    floor = sign * comparison.final("shallow", measure)[0]
    above = [r for r in others if sign * comparison.final(r, measure)[0] > floor]
    named = f" ({', '.join(above)})" if above else ""
    return [
        f"Of the {len(others)} other rule{'s' if len(others) > 1 else ''}, {len(above)} "
        f"end{'s' if len(above) == 1 else ''} on average better than that{named}."
    ]
