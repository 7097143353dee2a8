"""Targets through five hidden layers, with settings from held-out samples, and published errors.

The network is Meulemans et al.'s, 784-5x256-10 with tanh. `search` chose the settings, and
`errors` trains with them.
"""

from nofb.papers.deep_targets import errors
from nofb.papers.study import Study

STUDY = Study(
    "deep_targets",
    "Targets through five hidden layers: test errors of 784-5x256-10, and published ones",
    "an hour on one idle core",
    ("mnist", "fashion_mnist"),
    (errors.PART,),
)
