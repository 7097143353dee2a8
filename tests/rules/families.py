"""Which rules have something in common: lists that follow from their classes."""

import oracles
from oracles import dense_net

from nofb import Network, rules

RULES = list(rules.RULES)


SIGN_SYMMETRY = [name for name, rule in rules.RULES.items() if rule.family == "signs"]


FIXED = [name for name, rule in rules.RULES.items() if rule.family == "random"]


DIRECT = [name for name in FIXED if issubclass(rules.RULES[name], rules.DirectFeedbackAlignment)]


LEARNED = [name for name, rule in rules.RULES.items() if rule.family == "learned"]


NETS = list(oracles.NETS)


def but(*names: str) -> list[tuple[str, str]]:
    """Return all rules on all networks, without some rules."""
    return [(name, net_name) for name, net_name in oracles.RULES_AND_NETS if name not in names]


def linear_net(sizes=(5, 7, 6, 3), seed: int = 1) -> Network:
    return dense_net(sizes, "identity", loss="squared_error", bias=False, seed=seed)
