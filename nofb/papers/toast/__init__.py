"""Shi et al. 2023, "TOAST": does feedback steer a frozen transformer, and which rules teach it?

`pretrain` made the backbone and `pretune` the feedback path that nofb ships. `methods` compares
TOAST with the other methods of transfer, `variants` with itself, one thing changed; `feedback`
and `frozen_path` teach it without weight transport.
"""

from nofb.papers.study import Study
from nofb.papers.toast import feedback, frozen_path, methods, variants

STUDY = Study(
    "toast",
    "Shi et al. 2023: TOAST beside other methods of transfer, and taught without weight transport",
    "an hour on one idle core",
    ("mnist", "fashion_mnist"),
    (methods.PART, variants.PART, feedback.PART, frozen_path.PART),
)
