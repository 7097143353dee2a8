"""Hashes of code, for tasks, checkpoints, registration and worker processes.

A stored result is only used again with the code that computed it. For nofb, the hash is of the
files when this process imported them. For other code, it is of what this process has loaded.
"""

from nofb.fingerprint.classes import Code, of_class, of_function, of_work, when_met
from nofb.fingerprint.installed import PROCESS, StaleCodeWarning, check, of_nofb, warn_of_changes
from nofb.fingerprint.outside import UnknownCodeError

__all__ = [
    "PROCESS",
    "Code",
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
