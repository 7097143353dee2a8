"""The figures of the lessons, so that a lesson's own code is what it teaches.

Each function draws arrays that the lesson has computed, and returns a `Picture`.
"""

from nofb.plots.lessons.clouds import clouds
from nofb.plots.lessons.course_of_training import (
    accuracies,
    accuracy_and_matrices,
    accuracy_by_layer,
    published_runs,
)
from nofb.plots.lessons.first_update import one_step, two_passes
from nofb.plots.lessons.gauss_newton import directions, singular_values, step_angles
from nofb.plots.lessons.inverses import changes, converging, near_and_far, reconstructions
from nofb.plots.lessons.paths import feedback_paths, learned_after_steps, residual_paths
from nofb.plots.lessons.theory import (
    alignment_law,
    lengths_and_angles,
    lengths_of_signals,
    with_theory,
    wrong_signs,
)
from nofb.plots.lessons.what_was_learned import (
    class_maps,
    filters_and_feedback,
    seeds,
    strengths,
)

__all__ = [
    "accuracies",
    "accuracy_and_matrices",
    "accuracy_by_layer",
    "alignment_law",
    "changes",
    "class_maps",
    "clouds",
    "converging",
    "directions",
    "feedback_paths",
    "filters_and_feedback",
    "learned_after_steps",
    "lengths_and_angles",
    "lengths_of_signals",
    "near_and_far",
    "one_step",
    "published_runs",
    "reconstructions",
    "residual_paths",
    "seeds",
    "singular_values",
    "step_angles",
    "strengths",
    "two_passes",
    "with_theory",
    "wrong_signs",
]
