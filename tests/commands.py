"""The command line, run in this process."""

from nofb.cli import main


def run(capsys, *words):
    """Run a command; return its exit code and what it printed, on each of the two streams."""
    try:
        code = main(list(words))
    except SystemExit as exit_:
        code = exit_.code
    captured = capsys.readouterr()
    return code, captured.out, captured.err
