"""What a teacher does before a class: data sets ahead, and lessons in a folder."""

import json

import pytest
from datasets.stand_ins import Mirrors, source_of, tiny_idx_contents

from nofb.cli import main
from nofb.cli.lessons import shipped, without_links
from nofb.datasets import sources


@pytest.fixture
def mirrors(monkeypatch, tmp_path):
    """Serve a small MNIST, and nothing else."""
    monkeypatch.delenv("NOFB_DATA_DIR", raising=False)
    monkeypatch.setenv("NOFB_CACHE_DIR", str(tmp_path / "cache"))
    contents = tiny_idx_contents()
    monkeypatch.setattr(sources, "MNIST", source_of(sources.MNIST, contents))
    found = Mirrors(monkeypatch)
    for file, content in zip(sources.MNIST.files, contents, strict=True):
        found.served[sources.MNIST.mirrors[0] + file.name] = content
    return found


def test_data_that_was_fetched_ahead_needs_no_network_in_class(mirrors, capsys):
    """Forty students who download at once wait for an hour, or get nothing."""
    assert main(["data", "fetch", "mnist"]) == 0
    said = capsys.readouterr().out
    assert "mnist: 20 training and 10 test samples, cached" in said
    mirrors.served.clear()
    mirrors.asked.clear()
    assert main(["data", "fetch", "mnist"]) == 0
    assert mirrors.asked == []


def test_fetch_goes_on_after_a_data_set_that_cannot_be_had(mirrors, capsys):
    """The other data sets must be there in the morning."""
    assert main(["data", "fetch", "cifar10", "mnist", "digits"]) == 1
    out, err = capsys.readouterr()
    assert "nofb: cifar10: connect to the internet, or put cifar-10-binary.tar.gz into" in err
    assert out.splitlines()[0].startswith("mnist: 20") and out.splitlines()[1].startswith("digits")


def test_fetch_without_names_asks_for_every_data_set_that_nofb_does_not_have(mirrors, capsys):
    """Shipped ones are always there, so a report on them would hide what is missing."""
    assert main(["data", "fetch"]) == 1
    out, err = capsys.readouterr()
    asked = {url.rpartition("/")[2] for url in mirrors.asked}
    assert {"cifar-10-binary.tar.gz", "shakespeare.txt"} < asked
    assert "digits" not in out and "digits" not in err


def test_fetch_refuses_a_name_that_does_not_exist(mirrors, capsys):
    """A typing error must not look like a missing network."""
    assert main(["data", "fetch", "minst"]) == 2
    assert "the data set is 'minst' (did you mean 'mnist'?)" in capsys.readouterr().err


def test_lessons_are_copied_to_a_folder_of_ones_own(tmp_path, capsys):
    """The installed package may be read-only, and a student writes into a lesson."""
    assert main(["lessons", str(tmp_path / "mine")]) == 0
    copied = sorted(path.name for path in (tmp_path / "mine").iterdir())
    assert copied[0] == "00_one_update_by_hand.ipynb" and len(copied) >= 13
    assert f"{len(copied)} of {len(copied)} lessons copied" in capsys.readouterr().out
    for lesson in (tmp_path / "mine").iterdir():
        assert "](../" not in lesson.read_text("utf-8")  # nothing of nofb is beside a copy


def test_a_lesson_that_a_student_has_changed_stays_as_it_is(tmp_path, capsys):
    """A second copy would destroy an evening's answers."""
    main(["lessons", str(tmp_path)])
    lessons = sorted(tmp_path.iterdir())
    lessons[0].write_text("my answers", encoding="utf-8")
    lessons[1].unlink()
    capsys.readouterr()
    assert main(["lessons", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    assert lessons[0].read_text(encoding="utf-8") == "my answers"
    assert f"{lessons[0]} was changed" in err
    assert lessons[1].exists() and out.startswith("1 of ")


@pytest.mark.parametrize("lesson", shipped(), ids=lambda path: path.stem)
def test_a_copied_lesson_is_a_notebook_with_the_same_code_and_no_dead_link(lesson):
    """JupyterLab refuses a file that is no JSON, and a link to nofb's files leads nowhere."""
    content = lesson.read_bytes()
    before, copy = json.loads(content), json.loads(without_links(content))
    code = [
        [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        for notebook in (before, copy)
    ]
    assert code[0] == code[1] and len(before["cells"]) == len(copy["cells"])
    assert not any("](../" in "".join(cell["source"]) for cell in copy["cells"])
