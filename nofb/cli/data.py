"""`nofb data`: the data sets, and where each one is stored; `nofb data fetch` downloads them."""

import argparse

from nofb import datasets
from nofb.cli.streams import say
from nofb.text import entry

NAME = 19  # columns of a name


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand, and `fetch` below it."""
    parser = commands.add_parser("data", help="list the data sets, or download them ahead")
    parser.set_defaults(run=run)
    below = parser.add_subparsers(metavar="fetch")
    ahead = below.add_parser("fetch", help="download data sets ahead, for work without a network")
    ahead.add_argument("names", nargs="*", metavar="NAME",
                       help="data sets (default: all that nofb does not have)")  # fmt: skip
    ahead.set_defaults(run=fetch)


def run(options: argparse.Namespace) -> int:
    """Print each data set in a few lines."""
    for row in datasets.describe():
        print(entry(row.name, *described(row), indent=NAME))
    print("\nnofb data fetch NAME downloads one ahead, for work without a network.")
    return 0


def described(row: datasets.Description) -> tuple[str, str, str]:
    """Return what a data set is, its sizes, and its place and licence."""
    shape = "x".join(map(str, row.shape)) + " numbers" * (len(row.shape) == 1)
    kind = "regression" if row.n_classes is None else f"{row.n_classes} classes"
    sizes = f"{row.n_train} training and {row.n_test} test samples of {shape}, {kind}"
    return row.what, sizes, f"{row.where}; licence: {row.licence}"


def fetch(options: argparse.Namespace) -> int:
    """Load each data set once, which downloads and checks its files; go on after a failure."""
    failed = 0
    rows = datasets.describe()
    missing = [row.name for row in rows if row.is_published and not row.is_shipped]
    for name in options.names or missing:
        try:
            data = datasets.load(name)
        except (ConnectionError, FileNotFoundError, ModuleNotFoundError) as error:
            say(f"{name}: {error}")
            failed += 1
            continue
        where = next(row.where for row in rows if row.name == name)
        print(f"{name}: {len(data.x_train)} training and {len(data.x_test)} test samples, {where}")
    return int(failed > 0)
