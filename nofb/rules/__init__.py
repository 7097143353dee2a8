"""The learning rules, one file each, with their short names.

`RULES` maps each short name to its class; `make("fa")` builds one. Classes in the files of this
folder are found automatically. A custom rule is added by `register`, or when a command is given
its address, module:Class.
"""

from typing import Any

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
COMPARED = tuple(name for name, rule in RULES.items() if rule.compared)  # if no rules are named

globals().update({rule.__name__: rule for rule in _found})
__all__ += [rule.__name__ for rule in _found]


def __getattr__(name: str) -> Any:
    """Say how to build a rule that is called by its short name; type checkers allow any class."""
    short = name.lower()
    cure = f": nofb.rules.make({short!r}) builds this rule" if short in RULES else ""
    raise AttributeError(f"module 'nofb.rules' has no attribute {name!r}{cure}")


def __dir__() -> list[str]:
    return sorted(__all__)
