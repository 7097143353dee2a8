"""The command prints in any encoding, without a terminal, and to a disk that is full."""

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import nofb
from nofb.cli import main
from nofb.cli.streams import readable

TRAIN = ["train", "fa", "--hidden", "8", "--epochs", "1"]
COMPARE = ["compare", "--rules", "fa", "--hidden", "8", "--epochs", "1", "--seeds", "2"]
DIAGNOSED = r"‖e‖² ≤ ½ ŷᵀũ ∘ Δ_l, λ → ∞, Nøkland’s ±5°"


def nofb_in(folder, *words, encoding="utf-8", **more):
    """Run the command as a shell would, with the encoding of a terminal."""
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    command = [sys.executable, "-m", "nofb", *words]
    return subprocess.run(command, cwd=folder, env=environment, check=False, **more)


@pytest.mark.parametrize("encoding", ["cp1252", "cp437", "ascii", "utf-16"])
def test_a_redirect_on_windows_gets_every_line(tmp_path, encoding):
    """A student who saves the equations in a file must not get an error about a charmap."""
    found = nofb_in(tmp_path, "explain", "fa", encoding=encoding, capture_output=True)
    text = found.stdout.decode(encoding)
    assert (found.returncode, found.stderr) == (0, b"")
    assert len(text.splitlines()) > 20 and "�" not in text
    assert ("ŷ - y" if encoding == "utf-16" else "= yhat - y") in text, "y - y would be 0"
    assert ("Nøkland" if encoding in ("cp1252", "utf-16") else "Nokland") in text


def test_a_run_shows_its_angles_in_ascii(tmp_path):
    """A table must not fail at its first line because of a degree sign."""
    found = nofb_in(tmp_path, *TRAIN, encoding="ascii", capture_output=True, text=True)
    assert (found.returncode, found.stderr) == (0, "")
    assert re.search(r"^    1 .* %    \d\d deg   0 deg$", found.stdout, re.M)


def test_a_comparison_ends_with_its_table_on_a_terminal_without_greek(tmp_path):
    """After an hour of runs, the table must not fail at the sign for "transposed"."""
    found = nofb_in(tmp_path, *COMPARE, encoding="ascii", capture_output=True, text=True)
    assert found.returncode == 0 and "the W^T that it replaces" in found.stdout
    page = Path(tmp_path, "nofb-compare", "report.html").read_text(encoding="utf-8")
    assert "°" in page, "files are UTF-8, whatever the terminal is"


def test_every_symbol_of_a_header_has_a_spelling_in_ascii():
    """A question mark in an equation could be any symbol."""
    texts = [Path(sys.modules[rule.__module__].__file__) for rule in nofb.rules.RULES.values()]
    for path in texts:
        spelled = readable(path.read_text(encoding="utf-8").replace("?", ""))
        assert spelled.isascii() and "?" not in spelled, path
    assert readable(DIAGNOSED) == (
        "||e||^2 <= 1/2 yhat^Tutilde .* Delta_l, lambda -> inf, Nokland's +-5 deg"
    )
    assert readable("\udcff 学") == "? ?"


def test_a_path_that_is_no_unicode_is_printed_and_refused_in_one_sentence(capsys):
    """On Linux the name of a file can be any sequence of bytes."""
    assert main(["sweep", "\udcff.toml"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


# -- streams that are closed ---------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell closes them")
@pytest.mark.parametrize(
    ("closed", "words"), [("2>&-", TRAIN), ("0<&- 1>&- 2>&-", [*COMPARE, "--jobs", "2"])]
)
def test_closed_streams_stop_no_command(tmp_path, closed, words):
    """A cron job or pythonw has no console, and neither have its workers."""
    command = f'exec "$0" -m nofb {" ".join(words)} {closed}'
    found = subprocess.run(
        ["/bin/sh", "-c", command, sys.executable],
        cwd=tmp_path, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert (found.returncode, found.stderr) == (0, "")
    if words[0] == "compare":
        log = Path(tmp_path, "nofb-compare", "runs.jsonl").read_text(encoding="utf-8")
        assert log.count('"result"') == 2 and '"error"' not in log


@pytest.mark.parametrize("stream", [None, "closed"])
def test_a_process_without_standard_error_trains(monkeypatch, stream):
    """In pythonw sys.stderr is None, and sys.stderr.isatty() is an AttributeError."""
    if stream:
        stream = io.StringIO()
        stream.close()
    monkeypatch.setattr(sys, "stderr", stream)
    net = nofb.Network([nofb.Dense(2, 2)])
    run = nofb.fit(net, nofb.rules.make("bp"), nofb.datasets.load("xor"), epochs=1)
    assert run.history.epochs == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a disk that is always full")
@pytest.mark.parametrize("words", [["rules"], TRAIN], ids=lambda words: words[0])
def test_a_full_disk_gives_one_sentence_and_a_failure(tmp_path, words):
    """Exit code 0 would mean that the file holds the table."""
    with Path("/dev/full").open("w") as full:
        found = nofb_in(tmp_path, *words, stdout=full, stderr=subprocess.PIPE, text=True)
        nobody = nofb_in(tmp_path, "explain", "nosuch", stdout=full, stderr=full)
    assert found.returncode == nobody.returncode == 2
    assert found.stderr == "nofb: [Errno 28] No space left on device\n"


def test_a_reader_that_closes_the_pipe_is_no_error(tmp_path):
    """`nofb rules | head -1` must not end with a traceback."""
    read, write = os.pipe()
    os.close(read)
    try:
        found = nofb_in(tmp_path, "rules", stdout=write, stderr=subprocess.PIPE)
    finally:
        os.close(write)
    assert (found.returncode, found.stderr) == (0, b"")


# -- the machine ---------------------------------------------------------------------------------


def test_a_network_beyond_memory_is_refused_in_a_sentence(capsys):
    """A typing error in --hidden must not print a traceback of forty lines."""
    assert main(["train", "fa", "--hidden", str(10**14)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("nofb: there is too little memory (Unable to allocate ")
    assert said.endswith("): take fewer units, or smaller batches\n") and said.count("\n") == 1


def test_the_command_prints_its_version(capsys):
    """Every bug report needs it first."""
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0 and capsys.readouterr().out == f"nofb {nofb.__version__}\n"
