"""The command `nofb`: compare, train, sweep, rules, data."""

from nofb.cli.main import main

__all__ = ["main"]
