"""The command `nofb`: compare, train, rules, data."""

from nofb.cli.main import main

__all__ = ["main"]
