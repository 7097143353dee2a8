"""Measures of a network and its rule on a fixed batch: angles, lengths, targets."""

from nofb.diagnosis.angles import angle, angles, norm_ratio, norm_ratios
from nofb.diagnosis.chance import chance_band
from nofb.diagnosis.confusion import confusion_matrix, most_confused
from nofb.diagnosis.measures import ALIGNMENT, DEFAULT, GAUSS_NEWTON, TARGETS, Measure
from nofb.diagnosis.paths import feedback_path, transport_path
from nofb.diagnosis.probe import Probe
from nofb.diagnosis.probe_batch import ProbeBatch
from nofb.diagnosis.targets import ContractionWarning
from nofb.diagnosis.view import View

MEANINGS = {each.name: each.meaning for each in ALIGNMENT + GAUSS_NEWTON + TARGETS}

__all__ = [
    "ALIGNMENT",
    "DEFAULT",
    "GAUSS_NEWTON",
    "MEANINGS",
    "TARGETS",
    "ContractionWarning",
    "Measure",
    "Probe",
    "ProbeBatch",
    "View",
    "angle",
    "angles",
    "chance_band",
    "confusion_matrix",
    "feedback_path",
    "most_confused",
    "norm_ratio",
    "norm_ratios",
    "transport_path",
]
