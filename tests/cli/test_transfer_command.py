"""`nofb transfer` as a student uses it, with typical mistakes."""

import csv
import re

import commands
import pytest

from nofb.cli import main

QUICK = ["--seeds", "1", "--samples", "60", "--epochs", "1", "--jobs", "1"]


def run(capsys, *words):
    """Run `nofb transfer`."""
    return commands.run(capsys, "transfer", *words)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder of a short comparison."""
    out = tmp_path_factory.mktemp("transfer")
    assert main(["transfer", "linear", "toast", *QUICK, "--out", str(out)]) == 0
    return out


def test_it_writes_a_page_a_table_every_number_and_the_maps(folder):
    """A student hands in the folder, and a teacher opens it without nofb."""
    names = {path.name for path in folder.iterdir()}
    assert {"report.html", "report.md", "results.csv", "runs.jsonl"} <= names
    for stem in ("scores", "attention_by_block", "attention_toast"):
        assert {f"{stem}.png", f"{stem}.svg"} <= names
    assert "attention_linear.png" not in names  # a new head alone changes no attention


def test_the_page_shows_its_images_and_loads_nothing_from_a_network(folder):
    """The maps are inside the page: its content policy must allow them, and no other source."""
    page = (folder / "report.html").read_text("utf-8")
    assert "of one seed: differences may be chance" in page
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    assert "default-src 'none'" in policy and "img-src data:" in policy
    sources = re.findall(r'(?:src|href)="([^"#]+)"', page)
    assert any(each.startswith("data:image/png") for each in sources)
    local = {path.name for path in folder.iterdir()}
    assert all(each.startswith("data:") or each in local for each in sources)


def test_every_number_is_in_the_csv(folder):
    """A user who draws another figure must not have to train again."""
    with (folder / "results.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["method"] for row in rows} == {"linear", "toast"}
    measures = {row["measure"] for row in rows if row["method"] == "toast"}
    assert {"test_accuracy", "test_loss", "seconds", "mask", "td, block 4"} <= measures
    assert {row["parameters"] for row in rows if row["method"] == "linear"} == {"650"}


def test_the_same_command_uses_the_finished_runs_and_its_table_fits(capsys, folder):
    """Ctrl-C in the tenth minute must not lose the first nine; and a line must not wrap."""
    code, out, _ = run(capsys, "linear", "toast", *QUICK, "--out", str(folder))
    assert code == 0
    assert out.startswith("2 of 2 runs were finished earlier")
    assert len((folder / "runs.jsonl").read_text().splitlines()) == 2
    table = out[out.index("method") : out.index("The attention maps")]
    assert max(map(len, table.splitlines())) <= 100


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["toasd"],
            "method is 'toasd' (did you mean 'toast'?), but must be one of: linear, linear_all",
        ),
        (["--task", "birds"], "task is 'birds', but must be one of: vision"),
        (["--seeds", "0"], "seeds must be"),
        (["--samples", "0"], "samples must be"),
        (["--samples", "2001"], "samples is 2001, but vision has 2000 for training"),
        (["--epochs", "0"], "epochs must be"),
        (["--lr", "0"], "lr must be"),
        (["--rule", "nobody"], "rule is 'nobody'"),
        (["--jobs", "0"], "jobs must be"),
        (["toast", "--rule", "dtp"], "dtp sends targets through"),
    ],
)
def test_a_mistake_gets_a_sentence(capsys, tmp_path, words, sentence):
    """No run is started and no file is written."""
    code, out, err = run(capsys, *words, "--out", str(tmp_path / "new"))
    assert code == 2 and out == ""
    assert sentence in err and "Traceback" not in err
    assert not (tmp_path / "new").exists()


def test_without_a_network_the_sentence_names_the_task_that_needs_no_download(
    capsys, tmp_path, monkeypatch
):
    """A lecture hall may have no network."""
    monkeypatch.setenv("NOFB_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("NOFB_DATA_DIR", raising=False)

    def refuse(*given, **options):
        raise ConnectionError("no network")

    monkeypatch.setattr("nofb.datasets.download._download", refuse)
    words = ["linear", "--task", "vision_mnist", *QUICK]
    code, _, err = run(capsys, *words, "--out", str(tmp_path / "new"))
    assert code == 2
    assert "--task vision" in err and "NOFB_DATA_DIR" in err
