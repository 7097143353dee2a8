"""`nofb.compare`: rules on one's own network and data, with what `nofb compare` gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nofb import arguments, report
from nofb.datasets import Dataset
from nofb.networks.own import MakeNetwork
from nofb.optimizers import Optimizer
from nofb.report import differences, summary
from nofb.rules import Rule
from nofb.runs.compare import Comparison
from nofb.runs.own_networks import compare_own
from nofb.tables import Tabular

COMMAND = "nofb.compare(...)"


@dataclass(frozen=True)
class Compared(Comparison, Tabular):
    """A comparison that prints as a table; `nofb.plots.learning_curves` and others draw it."""

    def __str__(self) -> str:
        return summary.table(self)

    def __repr__(self) -> str:
        return f"Compared({', '.join(self.rules)}: {len(self.seeds)} seeds)"

    def rows(self) -> list[list[str]]:
        """Return the table as words, the names of the columns first."""
        return summary.rows(self)

    words = rows

    def differences(self, reference: str | None = None, form: str = "text") -> str:
        """Return the paired differences from a rule, the first one if left out, as a table.

        Parameters
        ----------
        reference
            A rule of the comparison.
        form
            "text", "markdown" or "latex".

        Raises
        ------
        ValueError
            If there is no such rule, or no such form.
        """
        return differences.table(self, reference, form)

    def write(self, folder: str | Path) -> Path:
        """Write the report, figures and every number into a folder, as `nofb compare` does."""
        return report.write(self, folder, COMMAND)


@arguments.explained()
def compare(
    rules: Sequence[str | Rule],
    make_network: MakeNetwork | str,
    data: Dataset | str,
    seeds: int | Sequence[int] = 5,
    *,
    epochs: int = 20,
    batch_size: int = 32,
    optimizer: Optimizer | str | Mapping[str, Optimizer] = "sgd",
    out: str | Path | None = None,
    log: str | Path | None = None,
    jobs: int = 1,
    progress: bool = True,
) -> Compared:
    """Train several rules on one's own network and data, all from the same starts.

    Parameters
    ----------
    rules
        Short names, keys of `nofb.rules.RULES`; module:Class; or rules with their attributes.
    make_network
        A function of the seed that returns a new network: `lambda seed: Network([...], seed=seed)`.
        Or its address, such as "my_net:make".
    data
        A data set, such as `nofb.datasets.Dataset(x_train, y_train, x_test, y_test, name="mine")`.
        Or a name for `nofb.datasets.load`: of a data set of nofb, of one that was registered, or
        the address of a function that returns one, such as "my_data:build". Its values stay as
        they are; images become flat rows for a network that takes rows, and the reverse.
    seeds
        Their number, for 0, 1, ...; or a list of seeds. A seed draws the weights, the feedback and
        the order of samples.
    epochs, batch_size
        As for `nofb.fit`.
    optimizer
        The optimizer of every rule, as for `nofb.fit`; or a table with one for each rule, by its
        short name: rules may need different learning rates.
    out
        A folder for the report, the figures and every number; `write` does this later, too.
    log
        A JSON Lines file that keeps every finished run at once. The same call with the same file
        does only the runs that are missing: those with the same rule, attributes, network, data,
        optimizer and code are taken from it.
    jobs
        How many runs are done in parallel, each in its own process, which imports `make_network`
        and custom rules from their modules.
    progress
        Whether a progress bar is shown, in a terminal or a notebook.

    Returns
    -------
    Compared
        Printed, it is the table of `nofb compare`. `markdown()`, `latex()` and `differences()` are
        tables for a paper.

    Raises
    ------
    TypeError, ValueError
        If an argument is wrong, or the data do not fit the network.

    Examples
    --------
    >>> import nofb
    >>> from nofb import Dense, Network
    >>> data = nofb.datasets.load("digits")
    >>> make = lambda seed: Network([Dense(64, 16, "tanh"), Dense(16, 10)], seed=seed)
    >>> found = nofb.compare(["bp", "fa"], make, data, seeds=2, epochs=2)
    >>> found.rules, found.curves("fa", "test_accuracy").shape
    (['bp', 'fa'], (2, 2))
    """
    if out is not None:
        report.check_folder(out)
    found = compare_own(
        rules, make_network, data, seeds, epochs, batch_size, optimizer, progress, jobs, log
    )
    compared = Compared(**vars(found))
    if out is not None:
        compared.write(out)
    return compared
