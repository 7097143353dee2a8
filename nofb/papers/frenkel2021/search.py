"""Which learning rate does each rule want? The authors' slides do not give theirs.

The network has two hidden layers: a rate that suits one may be too large for fa with two.

`python -m nofb.papers.frenkel2021.search` writes found.json.
"""

from pathlib import Path

from nofb.papers.found import write_found
from nofb.papers.frenkel2021.training import BATCH, EPOCHS, RULES
from nofb.runs.search import Search
from nofb.runs.specification import Specification

SHORT = Specification(
    data="mnist", centred=False, hidden=(500, 500), activation="tanh", loss="binary_cross_entropy",
    input_dropout=0.0, optimizer="sgd", epochs=10, batch_size=BATCH,
    validation=0.2, probe=0, optimizer_options={"schedule": "constant", "nesterov": True},
)  # fmt: skip
LONGER = ("drtp",)  # it learns slowly: the rate that is best after ten epochs is not best after all
RATES = 0.01, 0.03, 0.1


def searches() -> dict[str, Search]:
    """Return the search of each rule's rate, with some of the training samples held out.

    Examples
    --------
    >>> found = searches()
    >>> found["bp"].run.epochs, found["drtp"].run.epochs
    (10, 50)
    """
    epochs = {rule: EPOCHS if rule in LONGER else SHORT.epochs for rule in RULES}
    return {
        rule: Search(SHORT.replace(rule=rule, epochs=epochs[rule]), {"lr": RATES}) for rule in RULES
    }


if __name__ == "__main__":
    write_found(searches(), Path(__file__), jobs=1, log=Path("nofb-frenkel2021.jsonl"))
