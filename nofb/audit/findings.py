"""The questions and the findings of an audit, and their contradictions to the rule's claim.

Every finding comes from an experiment: one thing was changed in a second run, and the updates of
the hidden layers changed too, or did not. The last layer learns from its own error in every rule,
so it is excluded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from nofb.rules import Uses
from nofb.text import percent


@dataclass(frozen=True)
class Question:
    """One thing that a rule may use.

    Attributes
    ----------
    heading
        Its name in a table.
    experiment
        What is changed: if steps change with it, the rule uses it.
    """

    heading: str
    experiment: str


# fmt: off
QUESTIONS = {
    "error": Question("error",
        "the output ŷ, and with it the error, is replaced"),
    "labels": Question("labels",
        "the target y is replaced and the error stays, whether ŷ moves with y or not"),
    "transport": Question("Wᵀ",
        "the weights of the layer above get other sizes, and keep their signs"),
    "signs": Question("signs of W",
        "the weights of the layer above get other signs, but not if other sizes alone do it"),
    "forward_weights": Question("own W",
        "the layer's own weights are replaced"),
    "others": Question("other W",
        "the weights of any other layer are replaced"),
    "feedback": Question("random feedback",
        "the rule was attached with another seed, and what it drew then does not learn; random "
        "numbers that it draws anew in each step stay the same, unless it calls them feedback"),
    "learned_feedback": Question("learned feedback",
        "earlier steps had other samples and other weights, which were then restored"),
    "second_phase": Question("second phase",
        "outputs were held constant in earlier steps, whenever the rule asked for them other than "
        "in a second pass"),
    "second_pass": Question("second pass",
        "outputs were held constant whenever the rule sent samples through the network once more"),
    "activations": Question("activations",
        "the response of a layer's units, as the forward pass left it, is replaced"),
}
# fmt: on


@dataclass(frozen=True)
class Findings:
    """What a rule really uses.

    Attributes
    ----------
    uses
        In the terms of the rule's claim.
    changes
        For each question, by which fraction of its length a hidden layer's step changes.
    when
        The methods of the rule that read the weights above.
    layers
        The hidden layers, from 0, for which the weights above are read in full.
    others
        Where the other layers are whose weights it reads: "above", "below".
    phases
        When units respond once more, outside of the forward pass: "to learn", "to teach".
    activations
        Whose activations it reads, after the forward pass: a layer's "own", those "above", "below".
    """

    uses: Uses
    changes: Mapping[str, float]
    when: tuple[str, ...] = ()
    layers: tuple[int, ...] = ()
    others: tuple[str, ...] = ()
    phases: tuple[str, ...] = ()
    activations: tuple[str, ...] = ()

    def evidence(self, name: str) -> str:
        """Return what an experiment showed, in a sentence.

        Examples
        --------
        >>> Findings(Uses(error=True), {"error": 0.5}).evidence("error")
        "a hidden layer's step changes by 50 % if the output ŷ, and with it the error, is replaced"
        """
        change, experiment = self.changes[name], QUESTIONS[name].experiment
        if not change:
            return f"no hidden layer's step changes if {experiment}"
        return f"a hidden layer's step changes by {percent(change)} if {experiment}"

    def cell(self, name: str) -> str:
        """Return what was found, as a table shows it."""
        several = {
            "others": self.others,
            "second_phase": self.phases,
            "activations": self.activations,
        }
        if name in several:
            return ", ".join(several[name]) or "-"
        if not self.changes[name]:
            return "-"
        return self._transport() if name == "transport" else "yes"

    def _transport(self) -> str:
        """Return when, or for which layers, the weights above are read."""
        if "teach" not in self.when:
            return "at first" if self.when == ("attach",) else "slowly"
        return "yes" if 0 in self.layers else "at the top"


def contradictions(claim: Uses, found: Findings) -> list[str]:
    """Return a sentence for each use in which a claim and the findings disagree.

    Examples
    --------
    >>> from nofb.audit import audit
    >>> contradictions(Uses(error=True, feedback=True), audit("fa"))
    []
    >>> contradictions(Uses(error=True), audit("fa"))  # doctest: +ELLIPSIS
    ["it uses random feedback and does not say so: a hidden layer's step changes by ...
    """
    sentences = []
    for use in (use.name for use in fields(Uses)):
        claimed, used = getattr(claim, use), getattr(found.uses, use)
        if claimed != used:
            words = ("uses {} and does not say so", "says that it uses {} and does not")[claimed]
            what = words.format(QUESTIONS[use].heading)
            sentences.append(f"it {what}: {found.evidence(use)}")
    return sentences
