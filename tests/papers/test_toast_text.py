"""The study of TOAST on text: its runs, and what its tables say of them."""

import numpy as np
import pytest

from nofb import Network
from nofb.datasets import PRINTABLE
from nofb.networks import minilm
from nofb.papers.toast_text import STUDY, language, sentiment, training


def record(part, method, seed, **numbers):
    """Return a kept run with made-up numbers."""
    result = {"stopped": None, "parameters": 770, "seconds": 1.0, "mask": None, "td": None}
    task = {"part": part, "method": method, "seed": seed, "epochs": 1}
    return {"task": task, "result": result | numbers}


def test_every_method_has_as_many_seeds():
    """A mean over fewer seeds would have another spread."""
    runs = STUDY.tasks()
    for part, seeds in (("sentiment", 5), ("language", 3)):
        found = [(run["method"], run["seed"]) for run in runs if run["part"] == part]
        assert len(set(found)) == len(found) == 6 * seeds
    assert {run["epochs"] for run in STUDY.tasks(1)} == {1}


def test_the_table_of_accuracies_is_in_per_cent_with_the_spread():
    """Of the last epoch, not of the best one, which the test set would have chosen."""
    records = [
        record("sentiment", "LoRA", seed, test_accuracy=[0.9, end], train_accuracy=[0.5, 1.0])
        for seed, end in enumerate([0.8, 0.7, 0.6])
    ]
    (rows,) = sentiment.tables(records).values()
    assert rows[1][:6] == ["LoRA", "0.003", "770", "3", "70.0 ± 10.0", "100.0 ± 0.0"]
    assert sentiment.lines(records)[2] == ["LoRA", "1", "770", "0.7", "1", ""]


def test_the_table_of_losses_has_what_was_there_before():
    """A model that reads Shakespeare already knows some letters of source code."""
    numbers = {"before": 4.0, "test_loss": [3.5, 3.0], "test_accuracy": [0.1, 0.2]}
    steered = {"mask": 0.25, "td": [1.0, 2.0]}
    records = [record("language", "TOAST", seed, **numbers, **steered) for seed in range(2)]
    (rows,) = language.tables(records).values()
    expected = ["TOAST", "0.003", "770", "2", "4.000 ± 0.000", "3.000 ± 0.000", "20.0 ± 0.0"]
    assert rows[1] == [*expected, "0.25", "1.00 2.00"]
    assert language.lines(records)[1] == ["TOAST", "0", "770", "4", "3", "0.2", "0.25"]


@pytest.mark.parametrize("method", sentiment.CASES)
def test_a_run_of_the_sentiment_task_says_what_came_out(method, monkeypatch):
    """On an encoder that is small and knows nothing."""
    from nofb.datasets import Dataset

    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 9, (40, 6)), np.arange(40) % 2
    data = Dataset(x, y, x[:8], y[:8], vocabulary=PRINTABLE)
    small = minilm.Sizes(vocabulary=96, places=6, units=6, heads=2, blocks=2)
    net = Network(minilm.text_encoder(2, small), input_shape=(6,))
    monkeypatch.setattr(sentiment, "reviews", lambda: data)
    monkeypatch.setattr(sentiment, "backbone", lambda: net)
    monkeypatch.setattr(training, "STEERED", 3)
    found = sentiment.sentiment({"method": method, "seed": 1, "epochs": 2})
    assert len(found["test_accuracy"]) == 2
    assert (found["mask"] is None) == ("TOAST" not in method)
    if found["td"]:
        assert len(found["td"]) == 2
