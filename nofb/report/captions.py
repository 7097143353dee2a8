"""The text of the page: a short outcome, and a caption for each figure."""

from __future__ import annotations

from nofb.report.summary import remarks, score, score_name
from nofb.rules import CONTROLS
from nofb.runs.compare import Comparison

HEADINGS = {
    "learning_curves": "Which rules learn, and how fast?",
    "each_rule": "How does each rule learn?",
    "alignment": "Does the feedback align with backprop?",
    "accuracy_against_angle": "Does alignment help?",
}
LEARNING = (
    "Compare the end of each line, and how fast it rises. Backprop, the thick solid line, is the "
    "ceiling: it sends errors back through the forward weights. The thick dashed line, the "
    "baseline, trains the last layer alone: a rule below it is worse than not training the hidden "
    "layers."
)
EACH = (
    "The same curves, each rule in a panel of its own: its mean over seeds in colour, with its "
    "final score above, and the means of all others in grey. The dashed line is "
    "chance."
)
ALIGNMENT = (
    "Upper row: the angle between a layer's teaching signal and backprop's. At 0° they agree; the "
    "grey band is the range of random feedback; below the band, small steps lower the loss. Lower "
    "row: the angle between the feedback matrix of the layer and the transposed weights that it "
    "replaces. If this line falls for fixed feedback, the forward weights have aligned with it."
)
ACCURACY = (
    "Each large point is a rule. Further left, its signal in the first hidden layer is closer to "
    "backprop's; further {better}, it is better on new samples. Some rules learn well with a large "
    "angle: a useful signal need not be that of backprop."
)


def caption(stem: str, comparison: Comparison) -> str:
    """Return the caption of a figure; empty if it has none."""
    better = "down" if comparison.classes is None else "up"
    alignment = ALIGNMENT + "".join(f" {each}" for each in remarks(comparison))
    texts = {
        "learning_curves": LEARNING,
        "each_rule": EACH,
        "alignment": alignment,
        "accuracy_against_angle": ACCURACY.format(better=better),
    }
    return texts.get(stem, "")


def headline(comparison: Comparison) -> str:
    """Return the page's title."""
    rules = len(comparison.rules)
    return f"{rules} learning rule{'s' if rules > 1 else ''} on {comparison.settings.data}"


def outcome(comparison: Comparison) -> str:
    """Return a few sentences on the results, between the baseline and the ceiling."""
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
    """Return which rules are better, on average, than the last layer alone."""
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
