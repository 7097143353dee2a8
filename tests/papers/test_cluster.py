"""What ResNet-18 on ImageNet would cost: counted layer by layer, and hours proportional to it."""

import json

import numpy as np
import pytest

from nofb.papers.residual import cluster, imagenet
from nofb.rules import make


@pytest.fixture(scope="module")
def large():
    return imagenet.resnet18()


def test_resnet_18_has_the_number_of_weights_that_everybody_counts(large):
    """11,689,512, with its thousand outputs and the two parameters of each normalised map."""
    assert cluster.parameters(large) == 11_689_512


def test_multiply_adds_are_those_of_each_convolution_and_the_output(large):
    """Filters times positions; the maps are 112, 55, 28, 14 and 7 pixels wide."""
    first = 3 * 49 * 64 * 112**2
    stages = 4 * 9 * 64 * 64 * 55**2
    for below, width, side in ((64, 128, 28), (128, 256, 14), (256, 512, 7)):
        stages += (9 * below * width + 3 * 9 * width * width + below * width) * side**2
    assert large.work == first + stages + 512 * 1000


def test_hours_are_proportional_to_multiply_adds_and_samples():
    """A step of ResNet-8 that takes a second for a sample takes 1281167 · 90 of them in all."""
    work = cluster.resnet8().work
    assert cluster.hours(1.0, work) == pytest.approx(1_281_167 * 90 / 3600)
    assert cluster.hours(2.0, 3 * work) == pytest.approx(6 * cluster.hours(1.0, work))


@pytest.mark.parametrize("rule", ["bp", "fa", "dfa", "usf"])
def test_feedback_is_counted_as_a_rule_draws_it(rule):
    """On the large network it is counted without drawing: a D alone can be gigabytes."""
    net, made = imagenet.resnet18(32, 7), make(rule)
    made.attach(net)
    drawn = [a.size for layer in net.weighted for a in (layer.B, layer.D) if a is not None]
    assert cluster.feedback(net, rule) == sum(drawn)


def test_memory_grows_with_the_batch_by_what_each_sample_keeps(large):
    """A batch of nothing keeps W, dW and one average of each, and the feedback."""
    fixed = cluster.memory(large, "bp", batch=0)
    assert fixed == 4 * 3 * cluster.parameters(large)
    one = cluster.memory(large, "bp", batch=1) - fixed
    assert cluster.memory(large, "bp", batch=10) == pytest.approx(fixed + 10 * one)


def test_the_page_has_the_committed_measurement_of_every_rule():
    """Hours are worked out from it, and never typed."""
    found = cluster.measured()
    assert set(found["seconds"]) == set(imagenet.RULES)
    assert all(0 < seconds < 1 for seconds in found["seconds"].values())
    page = cluster.page({"seconds": {"bp": 0.001}})
    hours = cluster.hours(0.001, imagenet.resnet18().work)
    assert f"| bp | 1.00 | {hours:,.0f} |" in page and "771 GB" in page


@pytest.fixture
def words(tmp_path, monkeypatch):
    """Return the words of the command for one short run, on a folder with twelve images."""
    rng, data = np.random.default_rng(0), tmp_path / "data"
    data.mkdir()
    for split, n in (("train", 8), ("test", 4)):
        np.save(data / f"x_{split}.npy", rng.random((n, 3, 32, 32), np.float32))
        np.save(data / f"y_{split}.npy", np.arange(n) % 4)
    monkeypatch.setattr(imagenet, "RULES", ("fa",))
    return [str(data), "--out", str(tmp_path / "out"), "--epochs", "1", "--batch-size", "4"]


def test_a_run_on_a_folder_of_images_ends_and_is_not_repeated(words, tmp_path):
    """The file that a reader gives to a cluster must run to its end."""
    imagenet.main(words)
    (line,) = (tmp_path / "out" / "runs.jsonl").read_text("utf-8").splitlines()
    assert len(json.loads(line)["result"]["test_accuracy"]) == 1
    imagenet.main(words)
    assert (tmp_path / "out" / "runs.jsonl").read_text("utf-8").splitlines() == [line]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["runs.jsonl"]


def test_a_trial_is_not_the_result_of_other_settings(words, tmp_path, capsys):
    """After a trial of one epoch, the run of 90 would end at once, with the trial's accuracy."""
    imagenet.main(words)
    imagenet.main([*words[:-1], "8"])
    imagenet.main([str(tmp_path / "nowhere"), *words[1:]])
    first, other, lost = capsys.readouterr().out.splitlines()
    assert "'batch': 4" in first and "'batch': 8" in other and "nowhere" in lost
    assert "FileNotFoundError" in lost


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::nofb.training.DivergenceWarning")
def test_a_run_that_diverges_does_not_end_the_others(words, tmp_path, monkeypatch, capsys):
    """Its record is kept, so that every restart would end at the same place."""
    monkeypatch.setattr(imagenet, "RULES", ("fa", "bp"))
    monkeypatch.setattr(imagenet, "RATE", 1e30)
    imagenet.main(words)
    out = capsys.readouterr().out
    assert out.count("was stopped in epoch 1") == 2, out
    assert len((tmp_path / "out" / "runs.jsonl").read_text("utf-8").splitlines()) == 2
