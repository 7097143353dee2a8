"""A file or a folder that cannot be used: the sentence names it, without the number of an error."""

import os

import pytest

from nofb.cli import main
from nofb.runs import run_log


def test_a_configuration_that_is_missing_is_named(tmp_path, monkeypatch, capsys):
    """ "[Errno 2]" is a line of C, and no advice."""
    monkeypatch.chdir(tmp_path)
    assert main(["sweep", "missing.toml"]) == 2
    said = capsys.readouterr().err
    assert said == "nofb: missing.toml cannot be read or written: No such file or directory\n"


@pytest.mark.parametrize("number", [2, 13, 28])
def test_a_folder_that_cannot_be_made_is_named(tmp_path, monkeypatch, capsys, number):
    """Some folders look writable until something is made in them, as /proc does to root."""

    def refuse(path):
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(run_log, "open_log", refuse)
    monkeypatch.setattr("nofb.runs.grid.open_log", refuse)
    words = ["compare", "--rules", "bp", "--seeds", "1", "--epochs", "1", "--jobs", "1", "--out"]
    assert main([*words, str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"nofb: {tmp_path / 'out'}") and "Errno" not in said
    assert os.strerror(number) in said
