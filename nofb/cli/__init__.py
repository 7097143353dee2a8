"""The command `nofb`: compare, train, reproduce, rules, data."""

from nofb.cli.main import main

__all__ = ["main"]
