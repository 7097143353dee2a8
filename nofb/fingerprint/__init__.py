"""Which code is this? One answer, for tasks, checkpoints, registration and worker processes.

A kept number is only shown again for the code that made it. Of nofb that is the text that was on
the disk when this process imported it; of anything else it is what this process has loaded.
"""

from nofb.fingerprint.classes import of_class, of_function, of_work, when_met
from nofb.fingerprint.installed import PROCESS, StaleCodeWarning, check, of_nofb, warn_of_changes
from nofb.fingerprint.outside import UnknownCodeError

__all__ = [
    "PROCESS",
    "StaleCodeWarning",
    "UnknownCodeError",
    "check",
    "of_class",
    "of_function",
    "of_nofb",
    "of_work",
    "warn_of_changes",
    "when_met",
]
