"""Shi et al. 2023, "TOAST": does feedback steer a frozen transformer, and which rules train it?

`pretrain` made the backbone and `pretune` the feedback path that nofb ships. `methods` compares
TOAST with other methods of transfer, and `variants` changes one of its options at a time.
`feedback` and `frozen_path` train it without weight transport.
"""

from nofb.papers.study import Study
from nofb.papers.toast import feedback, frozen_path, methods, variants

STUDY = Study(
    "toast",
    "Shi et al. 2023: TOAST, other methods of transfer, and training without weight transport",
    "an hour on one idle core",
    ("mnist", "fashion_mnist"),
    (methods.PART, variants.PART, feedback.PART, frozen_path.PART),
)
