"""`nofb data`: the data sets, and where each one is stored."""

import argparse

from nofb import datasets
from nofb.text import columns


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the subcommand."""
    parser = commands.add_parser("data", help="list the data sets and where they are stored")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the table."""
    rows = [["name", "what", "train", "test", "sample", "classes", "licence", "where"]]
    for row in datasets.describe():
        shape = "x".join(map(str, row.shape))
        classes = "-" if row.n_classes is None else str(row.n_classes)
        sizes = [str(row.n_train), str(row.n_test)]
        rows.append([row.name, row.what, *sizes, shape, classes, row.licence, row.where])
    print(columns(rows))
    return 0
