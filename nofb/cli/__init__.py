"""The command `nofb`: compare, train, sweep, reproduce, rules, audit, check, data."""

from nofb.cli.main import main

__all__ = ["main"]
