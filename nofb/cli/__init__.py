"""The command `nofb`; `nofb --help` lists its subcommands."""

from nofb.cli.main import main

__all__ = ["main"]
