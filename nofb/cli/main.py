"""The command `nofb`. Each subcommand is a file beside this one with `add` and `run`.

Wrong input ends with one sentence on standard error and the exit code 2, never with a traceback. A
rule that ends Python has the same result. Only this file and `outcome` set the exit code.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from nofb.cli import (
    audit,
    check,
    cite,
    compare,
    course,
    data,
    explain,
    lessons,
    reproduce,
    rules,
    streams,
    sweep,
    train,
    transfer,
)
from nofb.fingerprint.owners import is_own
from nofb.training.interrupts import end_everything
from nofb.version import __version__


class Parser(argparse.ArgumentParser):
    """A parser that prints one sentence for an error, and takes options by their whole names."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"nofb: {message}; see {self.prog} --help\n")


def build_parser() -> Parser:
    """Return the parser of the whole command."""
    parser = Parser(prog="nofb", description="Learning without weight transport, side by side.")
    parser.add_argument("--version", action="version", version=f"nofb {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    teaching = (explain, lessons, audit, check, course, rules, cite, data)
    for module in (compare, train, sweep, transfer, reproduce, *teaching):
        module.add(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with these arguments and return its exit code.

    Examples
    --------
    >>> main(["train", "fa", "--epochs", "1", "--hidden", "8", "--seed", "0"])  # doctest: +ELLIPSIS
    fa: feedback alignment...
    0
    """
    streams.prepare()
    words = sys.argv[1:] if argv is None else list(argv)
    parser = build_parser()
    options, unknown = parser.parse_known_args(words or ["--help"])
    if unknown:
        if not words[0].startswith("-"):
            parser.prog = f"nofb {words[0]}"  # its help lists the options
        parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    options.command = shlex.join(["nofb", *words])
    try:
        with end_everything():
            code: int = options.run(options)
        sys.stdout.flush()
    except BrokenPipeError:  # `head`, or a pager, has closed the pipe
        streams.forget_output()
        return 0
    except (ValueError, OSError, ModuleNotFoundError, MemoryError) as error:
        streams.forget_output()
        streams.say(_sentence(error))
        return 2
    except SystemExit as end:  # of a custom rule; argparse ended before
        streams.say(f"{_last_line(end)} ends Python with sys.exit({end.code!r})")
        return 2
    except KeyboardInterrupt as interrupt:
        streams.say(str(interrupt) or "stopped")
        return 130
    return code


def _last_line(error: BaseException) -> str:
    """Return the innermost file and line of the user's own code in an error."""
    place, trace = "a rule", error.__traceback__
    while trace is not None:
        if is_own(trace.tb_frame.f_globals.get("__name__", "")):
            place = f"{trace.tb_frame.f_code.co_filename}, line {trace.tb_lineno},"
        trace = trace.tb_next
    return place


def _sentence(error: Exception) -> str:
    """Return the text of an error, with a cure if it has none."""
    if isinstance(error, MemoryError):
        return f"there is too little memory ({error}): take fewer units, or smaller batches"
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename} cannot be read or written: {error.strerror}"
    return str(error)
