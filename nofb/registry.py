"""Finds rules by their short name, or by an address, module:Class.

Every class in a file of `nofb.rules` that defines its own `name` is registered automatically. Its
place in the order follows from its family and its paper.
"""

from __future__ import annotations

import inspect
import re
from contextlib import suppress
from importlib import import_module
from pkgutil import iter_modules

from nofb import checks, fingerprint
from nofb.custom_rules import address, checked, is_own, load
from nofb.rule import Rule
from nofb.text import printable

RULES: dict[str, type[Rule]] = {}  # by short name: those of nofb, then custom rules
FAMILIES = {  # in the order in which rules are listed
    "control": "The controls: a ceiling and a floor",
    "random": "Errors through fixed random matrices",
    "signs": "Errors through the signs of the weights",
    "learned": "Errors through matrices that learn",
    "targets": "Targets instead of errors",
    "forward": "Further forward passes instead of a backward pass",
    "other": "Others",
}
METHODS_OF_TRANSFER = ("linear", "finetune", "lora", "prompts", "toast", "toast_lite")
YEAR = re.compile(r"\b\d{4}\b")
VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def rules_in(package: str, path: list[str]) -> list[type[Rule]]:
    """Return the rules in the files of a package, ordered by family, year, paper and file.

    Examples
    --------
    >>> from nofb import rules
    >>> [rule.name for rule in rules_in("nofb.rules", rules.__path__)][:3]
    ['bp', 'fa', 'dfa']
    """
    files = sorted(file.name for file in iter_modules(path))
    modules = (import_module(f"{package}.{file}") for file in files)
    found = (each for module in modules for each in vars(module).values()
             if inspect.isclass(each) and issubclass(each, Rule)
             and each.__module__ == module.__name__ and "name" in vars(each))  # fmt: skip
    return sorted(found, key=_place)


def _place(rule: type[Rule]) -> tuple[bool, int, str, str]:
    """Return the sort key of a rule; a rule without a paper is last."""
    year = YEAR.search(rule.paper)
    return not year, list(FAMILIES).index(rule.family), year[0] if year else "", rule.paper


def register(rule: type[Rule]) -> type[Rule]:
    """Add a custom rule to `RULES`, so that its short name works everywhere in nofb.

    Parameters
    ----------
    rule
        The class. It replaces an earlier class from the same place, for example when a notebook
        cell is run again.

    Raises
    ------
    ValueError
        If it is not a class of a rule, if it lacks `name`, `uses` or `signals`, or if its name
        belongs to another rule.

    Examples
    --------
    >>> from nofb.rules import FeedbackAlignment
    >>> class Mine(FeedbackAlignment):
    ...     pass
    >>> register(Mine)
    Traceback (most recent call last):
    ...
    ValueError: Mine calls itself 'fa', as FeedbackAlignment does: give it a name of its own
    """
    name = checked(rule).name
    there = RULES.get(name, rule)
    if there is not rule and not is_own(there):
        raise ValueError(
            f"{rule.__name__} calls itself {name!r}, as {there.__name__} does: "
            "give it a name of its own"
        )
    if address(there) != address(rule):
        raise ValueError(
            f"{address(rule)} calls itself {name!r}, as {address(there)} does: give it a name of "
            f"its own, or take the other one off first with del nofb.rules.RULES[{name!r}]"
        )
    RULES[name] = rule
    with suppress(fingerprint.UnknownCodeError):  # raised again where the hash is needed
        fingerprint.of_class(rule)  # records its files as they are now
    return rule


def find(word: str, argument: str = "rule") -> type[Rule]:
    """Return the rule with this short name, or the rule at an address, which is then registered.

    Parameters
    ----------
    word
        A key of `RULES`, or module:Class.
    argument
        The name of the argument in an error.

    Raises
    ------
    ValueError
        If there is no such rule, or if it cannot be used.

    Examples
    --------
    >>> find("fa") is find("nofb.rules.feedback_alignment:FeedbackAlignment")
    True
    """
    named = isinstance(word, str)
    if named and ":" in word:
        return register(load(word))
    if not named or word not in RULES:
        if named and word in METHODS_OF_TRANSFER:
            raise ValueError(
                f"{argument} is {word!r}, which is no rule, but a method of transfer: "
                f"nofb.transfer.make({word!r}, backbone, n_outputs) makes a network that nofb.fit "
                f"trains with any rule, and `nofb transfer {word}` compares it with others"
            )
        own = word[:-3] if named and word.endswith(".py") else ""
        own = f"or module:Class, such as {own if own.isidentifier() else 'my_rule'}:MyRule"
        checks.choice(argument, word, [*RULES, own], titles())
    return checked(RULES[word])


def titles() -> dict[str, str]:
    """Return the short name of each rule by its title, and by the name of its class.

    Examples
    --------
    >>> titles()["feedback alignment"], titles()["FeedbackAlignment"]
    ('fa', 'fa')
    """
    return {full: name for name, rule in RULES.items() for full in (rule.title, rule.__name__)}


def make(name: str, **attributes: object) -> Rule:
    """Build the rule with this short name.

    Parameters
    ----------
    name
        A key of `RULES`, or module:Class.
    attributes
        The rule's hyper-parameters. `preset` is a name in the rule's `presets`: the settings of a
        paper. Other attributes override those of the preset.

    Raises
    ------
    ValueError
        If no rule has this name, or if the rule has no such attribute; the error lists the known
        names. Also if an attribute without a default is missing, or a custom rule cannot be built.

    Examples
    --------
    >>> make("dfa", entries=1)
    DirectFeedbackAlignment(entries=1)
    >>> make("dtp", preset="meulemans2020").step_size
    0.2195
    >>> make("bq")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: rule is 'bq' (did you mean 'bp'?), but must be one of: bp, fa, dfa, ifa, ...
    """
    rule = find(name)
    if (preset := attributes.pop("preset", None)) is not None:
        if not rule.presets:
            raise ValueError(f"preset is {preset!r}, but rule {rule.name!r} has no presets")
        checks.choice(f"preset of rule {rule.name!r}", preset, rule.presets)
        attributes = rule.presets[str(preset)] | attributes
    parameters = inspect.signature(rule).parameters
    for attribute in attributes:
        if attribute not in parameters:
            has = ", ".join(parameters) or "none"
            raise ValueError(f"rule {rule.name!r} has no attribute {attribute!r}; it has: {has}")
    for parameter in parameters.values():
        optional = parameter.default is not parameter.empty or parameter.kind in VARIADIC
        if parameter.name not in attributes and not optional:
            raise ValueError(f"rule {rule.name!r} needs {parameter.name!r}: give it a default")
    try:
        return rule(**attributes)
    except (Exception, SystemExit) as error:  # a user's __init__ may raise anything
        if not is_own(rule) or isinstance(error, ValueError | OSError):
            raise
        text = f"{type(error).__name__}: {printable(str(error))}"
        raise ValueError(f"{name} cannot be built: {text}") from error
