"""The command `nofb`: compare, train, sweep, reproduce, explain, audit, check, rules, data."""

from nofb.cli.main import main

__all__ = ["main"]
