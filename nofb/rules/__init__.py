"""The learning rules, one file each, and their short names.

`RULES` maps each short name to its class; `make("fa")` builds one. A class in a file of this folder
is found by itself. A custom rule joins them by `register`, or where a command is given its
address, module:Class.
"""

from typing import TYPE_CHECKING, Any

from nofb.registry import FAMILIES, RULES, find, make, register, rules_in
from nofb.rule import Rule, Uses
from nofb.updates import Signals

__all__ = [
    "COMPARED",
    "CONTROLS",
    "FAMILIES",
    "RULES",
    "TARGETS",
    "Rule",
    "Signals",
    "Uses",
    "find",
    "make",
    "register",
]

_found = rules_in(__name__, __path__)
RULES.update({rule.name: rule for rule in _found if rule.listed})
CONTROLS = tuple(name for name, rule in RULES.items() if rule.family == "control")
TARGETS = tuple(name for name, rule in RULES.items() if rule.family == "targets")
COMPARED = tuple(name for name, rule in RULES.items() if rule.compared)  # where none are named

globals().update({rule.__name__: rule for rule in _found})
__all__ += [rule.__name__ for rule in _found]

if TYPE_CHECKING:  # which cannot read the folder

    def __getattr__(name: str) -> Any: ...
