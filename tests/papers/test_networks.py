"""The study of all rules on networks with branches: its runs, and what it shows."""

import json
from pathlib import Path

import numpy as np
import pytest

from nofb.papers.networks import images, search, settings, text
from nofb.rules import RULES, TARGETS

KEPT = Path(__file__).parents[2] / "docs" / "networks" / "runs.jsonl"


@pytest.fixture(scope="module")
def kept():
    records = [json.loads(line) for line in KEPT.read_text("utf-8").splitlines()]
    return {part: [r for r in records if r["task"]["part"] == part] for part in ("images", "text")}


def test_every_rule_that_sends_signals_is_in_the_study():
    """A missing rule would look as if it did not apply."""
    sending = set(RULES) - set(TARGETS)
    assert set(settings.RULES) <= sending
    assert not any(RULES[name].compared for name in sending - set(settings.RULES))


@pytest.mark.parametrize("network", [*settings.IMAGES, settings.TEXT])
def test_every_rule_has_the_rate_that_the_one_search_chooses(network):
    """A rate that was chosen by hand for one rule would be an advantage."""
    found = json.loads(Path(search.__file__).with_name(settings.FOUND).read_text("utf-8"))
    every = search.searches(network)
    assert found["rates"][network].keys() == every.keys()
    for rule, each in every.items():
        losses = found["losses"][network][rule]
        each.found = {(float(rate),): loss for rate, loss in losses.items()}
        assert each.best == (found["rates"][network][rule],)
        assert not each.next_points(), "the search had not come to its end"


def test_a_rate_at_an_end_of_the_grid_is_compared_with_only_one_beyond_it():
    """A short search prefers large rates, and even larger ones would diverge in a longer run."""
    each = search.searches("lenet")["fa"]
    each.found = dict(zip(each.next_points(), (3.0, 2.0, 1.0), strict=True))
    (point,) = each.next_points()
    assert point == (2 * search.RATES[-1],)
    each.found[point] = 0.5
    assert not each.next_points()


def test_a_task_and_the_search_train_the_same_network_on_the_same_samples():
    """A rate that was found for another network, or for other pixels, would not fit."""
    for network in (*settings.IMAGES, settings.TEXT):
        task = {"network": network, "rule": "fa", "seed": 0, "epochs": 9, "lr": 0.1}
        searched = search.searches(network)["fa"].run
        for name in ("data", "network", "options", "optimizer", "batch_size", "centred"):
            assert getattr(searched, name) == getattr(settings.run_for(task), name)
        assert searched.validation > 0 and settings.run_for(task).validation == 0


def test_the_sizes_of_the_networks_follow_their_names():
    """ResNet-8 has eight layers, and two shortcuts with weights beside them."""
    layers = {}
    for network in settings.IMAGES:
        run = settings.run_of(network, "bp")
        layers[network] = len(run.network_for(run.load()).weighted)
        assert len(images.layers(network)) == layers[network] - 1
    assert layers == {"lenet": 5, "resnet": 8 + 2, "vision_transformer": 1 + 2 * 6 + 1}


def test_a_run_gives_one_accuracy_for_each_epoch_and_one_angle_for_each_layer():
    task = {"part": "images", "network": "lenet", "rule": "fa", "seed": 0, "epochs": 1, "lr": 0.01}
    result = images.images(task)
    assert len(result["test_accuracy"]) == 1 and len(result["signal_angle"]) == 4
    assert all(0 <= angle <= 180 for angle in result["signal_angle"])


def test_backprop_is_at_no_angle_to_itself(kept):
    for part in kept.values():
        for record in part:
            if record["task"]["rule"] == "bp":
                assert np.max(record["result"]["signal_angle"]) < 0.1


def test_counting_pairs_is_better_than_counting_characters():
    """A network must be better than both, so they must not be exchanged."""
    alone, pairs = text.counted()
    assert 0 < pairs < alone < np.log2(62)


@pytest.mark.parametrize("part", [images.PART, text.PART], ids=lambda part: part.name)
def test_the_figure_of_the_kept_runs_can_be_drawn(kept, part):
    assert part.figure(kept[part.name]).to_bytes("png").startswith(b"\x89PNG")
