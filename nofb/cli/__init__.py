"""The command `nofb`: compare, train, sweep, reproduce, rules, data."""

from nofb.cli.main import main

__all__ = ["main"]
