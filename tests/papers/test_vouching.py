"""Vouching: a kept row that today's code does not reproduce is named, and the page says so."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from nofb import fingerprint, papers
from nofb.cli import main
from nofb.papers import bengio2020, learned_feedback, meulemans2020
from nofb.papers.learned_feedback import law
from nofb.papers.vouched import FILE, vouched
from nofb.papers.vouching import excess, first_of_rows, numbers, vouch
from nofb.runs.run_log import read_log

DOCS = Path(__file__).parents[2] / "docs"
FEW = {  # a few seconds, with data that are always available
    "bengio2020": ["contraction 0.9", "contraction 150"],
    "learned_feedback": ["floor linear 0.2 64", "law 0.01", "depth wm"],
    "meulemans2020": ["laptop bp", "laptop dtp", "laptop ddtp"],
}


def kept(name):
    return list(read_log(DOCS / name / "runs.jsonl").values())


@pytest.mark.parametrize("name", FEW)
def test_todays_code_reproduces_some_kept_rows(name):
    """A change of the code that makes a published table wrong must be detected."""
    rows = vouch(papers.find(name), kept(name), only=FEW[name])
    assert sorted(row.name for row in rows) == sorted(FEW[name])
    assert [row for row in rows if row.differs] == [] and all(row.compared for row in rows)


def test_a_row_that_todays_code_does_not_reproduce_is_named():
    """With another decay the angles of the law differ from the first epoch on."""
    (row,) = vouch(learned_feedback.STUDY, kept("learned_feedback"), only=["law 0.01"])
    assert row.differs is None
    run = law.RUN
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(law, "RUN", run.replace(lr=4 * run.lr))
        (row,) = vouch(learned_feedback.STUDY, kept("learned_feedback"), only=["law 0.01"])
    assert row.differs is not None and "angle" in row.largest


def test_a_row_that_depends_on_the_last_bit_of_its_weights_is_marked():
    """Two damped iterations amplify rounding: sums in another order end elsewhere."""
    (row,) = vouch(meulemans2020.STUDY, kept("meulemans2020"), only=["laptop itp_drl"])
    assert row.differs is None and row.chaos
    (row,) = vouch(meulemans2020.STUDY, kept("meulemans2020"), only=["laptop bp"])
    assert row.differs is None and not row.chaos


def test_only_the_first_epoch_is_run_with_the_schedule_of_the_whole_run():
    """Cosine annealing over one epoch would be another first epoch than that of twenty."""
    ends = []

    def look(run):
        ends.append((run.history.epochs, run.optimizer.factor))

    task = next(t for t in meulemans2020.STUDY.tasks() if t["rule"] == "bp")
    part = meulemans2020.STUDY.part(task)

    def run(task, callbacks):
        return part.run(task, callbacks=[look, *callbacks])

    study = replace(meulemans2020.STUDY, parts=(replace(part, run=run),))
    (row,) = vouch(study, kept("meulemans2020"), only=["laptop bp"])
    assert [epochs for epochs, _ in ends] == [1] and row.differs is None
    assert row.compared == 1 + 6 * 4 * 2  # an error, and angles of four layers at start and end


def test_the_lowest_seed_of_each_row_is_used_and_no_failed_run():
    """Which run is repeated must not depend on the order of the log."""
    tasks = [{"rule": "fa", "epochs": 9, "seed": seed} for seed in (3, 1, 0)]
    records = [{"task": task, "result": {}} for task in tasks[:2]]
    records.append({"task": tasks[2], "error": "MemoryError"})
    assert {name: r["task"]["seed"] for name, r in first_of_rows(records).items()} == {"fa": 1}


def test_the_numbers_of_an_unfinished_run_are_compared_as_far_as_it_goes():
    """Nineteen epochs that were not run are no difference; a missing layer is one."""
    old, new = {"angles": {"c": [[1.0, 2.0], [3.0, 4.0]]}}, {"angles": {"c": [[1.0, 2.5]]}}
    assert list(numbers(old, new, begun=True)) == [("angles c", 1.0, 1.0), ("angles c", 2.0, 2.5)]
    for begun in (True, False):
        (_, lost) = numbers({"angle": [[1.0, 2.0]]}, {"angle": [[1.0]]}, begun)
        assert lost == ("angle", 2.0, None) and excess(*lost) == float("inf")
    (lost,) = numbers({"error": []}, {"error": [1.0]}, begun=True)
    assert lost == ("error", None, 1.0) and excess(*lost) == float("inf")
    for other in ("a text", float("nan"), float("inf")):
        assert excess("error", other, 1.0) == excess("error", 1.0, other) == float("inf")


def test_a_small_difference_is_accepted_and_a_larger_one_is_not():
    """Another BLAS rounds differently; another rule gives other numbers."""
    assert excess("test_error", 5.0, 5.2) < 1 < excess("test_error", 5.0, 5.4)
    assert excess("weight_angle", 2.0, 2.4) < 1 < excess("weight_angle", 2.0, 2.6)
    assert excess("loss", 1.0, 1.019) < 1 < excess("loss", 1.0, 1.021)
    assert excess("loss", 0.0, 1e-9) == excess("loss", None, 1.0) == float("inf")


def test_a_run_that_fails_today_vouches_for_no_row():
    """Missing data, or an error in the code, do not confirm a result."""

    def run(task):
        raise OSError("no such data here")

    parts = [replace(part, run=run, by_epoch=()) for part in bengio2020.STUDY.parts[:1]]
    study = replace(bengio2020.STUDY, parts=tuple(parts))
    (row,) = vouch(study, kept("bengio2020"), only=["contraction 0.3"])
    assert row.differs == "OSError: no such data here" and row.compared == 0


def test_a_page_states_whether_its_rows_were_vouched_for(tmp_path, capsys, monkeypatch):
    """A reader of a table assumes that today's code reproduces it."""
    task = {"part": "contraction", "constant": 0.3, "code": "0123456789ab"}
    (record,) = [r for r in kept("bengio2020") if r["task"].get("constant") == 0.3]
    (tmp_path / "runs.jsonl").write_text(json.dumps({**record, "task": task}) + "\n")
    part = replace(bengio2020.STUDY.parts[0], tasks=lambda epochs: [dict(list(task.items())[:2])])
    monkeypatch.setattr(bengio2020, "STUDY", replace(bengio2020.STUDY, parts=(part,)))
    words = ["reproduce", "bengio2020", "--jobs", "1", "--out", str(tmp_path)]

    def page():
        assert main(words) == 0
        capsys.readouterr()
        return (tmp_path / "bengio2020.md").read_text("utf-8")

    assert "earlier code of nofb (0123456789ab). They have not been compared" in page()
    assert main([*words, "--vouch"]) == 0
    assert "gives the same" in capsys.readouterr().out
    assert "1 of 1 rows agree" in page() and "has not been tried" not in page()
    assert "has not been tried" in vouched(tmp_path, "another code")
    tried = [row["name"] for row in json.loads((tmp_path / FILE).read_text("utf-8"))["rows"]]
    assert "not tried" not in vouched(tmp_path, "another code", tried)
    assert "2 more rows were not tried" in vouched(tmp_path, "another code", [*tried, "a", "b"])
    record["result"]["error"][3] = 0.5
    (tmp_path / "runs.jsonl").write_text(json.dumps({**record, "task": task}) + "\n")
    assert main([*words, "--vouch"]) == 1
    assert "these do not: contraction 0.3." in page().replace("\n", " ")


def test_without_kept_runs_there_is_nothing_to_vouch_for(tmp_path, capsys):
    """An empty folder must not look like a confirmed table."""
    assert main(["reproduce", "bengio2020", "--vouch", "--out", str(tmp_path / "no")]) == 2
    assert "--out names the folder of the runs" in capsys.readouterr().err


def test_kept_runs_of_a_part_that_is_gone_are_not_vouched_for(tmp_path, capsys):
    """A study may lose a part; the log keeps its runs, and the others can still be compared."""
    log, gone = tmp_path / "runs.jsonl", {"task": {"part": "gone"}, "result": {"error": [1.0]}}
    (record,) = [r for r in kept("bengio2020") if r["task"].get("constant") == 0.3]
    log.write_text(json.dumps(gone) + "\n")
    words = ["reproduce", "bengio2020", "--vouch", "--jobs", "1", "--out", str(tmp_path)]
    assert main(words) == 2
    assert "keeps no runs of bengio2020 that could be vouched for" in capsys.readouterr().err
    record["task"]["code"] = "0123456789ab"
    log.write_text(json.dumps(gone) + "\n" + json.dumps(record) + "\n")
    assert main(words) == 0
    assert "1 of 1 rows agree" in capsys.readouterr().out.replace("\n", " ")


def test_without_its_data_a_study_is_not_vouched_for(tmp_path, capsys, monkeypatch):
    """A missing data set must not look like rows that today's code does not reproduce."""
    log = (DOCS / "two_gradients" / "runs.jsonl").read_text("utf-8")
    (tmp_path / "runs.jsonl").write_text(log)
    monkeypatch.setenv("NOFB_DATA_DIR", str(tmp_path / "nowhere"))
    assert main(["reproduce", "two_gradients", "--vouch", "--out", str(tmp_path)]) == 2
    assert "NOFB_DATA_DIR is" in capsys.readouterr().err
    assert not (tmp_path / "vouched.json").exists()


def test_the_code_of_a_study_is_what_its_runs_import(monkeypatch):
    """After a changed title the runs are kept; after a changed learning rate they are not."""
    before = fingerprint.of_work(law.law)
    monkeypatch.setattr(law, "HEADING", "another heading")
    assert fingerprint.of_work(law.law) == before
    monkeypatch.setattr(law, "RUN", law.RUN.replace(lr=0.1))
    assert fingerprint.of_work(law.law) != before
