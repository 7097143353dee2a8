"""What was tried beyond the study of TOAST: more tokens, and few numbers for each task."""

import json

import numpy as np
import pytest

from nofb.datasets import composites
from nofb.papers.toast import beyond, settings


@pytest.fixture(scope="module", autouse=True)
def small():
    """Run on the composites that are here offline, once."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (settings, beyond):
            patch.setattr(module, "splits", lambda: composites.load(composites.SMALL))
        patch.setattr(beyond, "EPOCHS", 1)
        patch.setattr(beyond, "N", 64)
        yield


def test_what_a_task_costs_is_what_learns():
    """The comparison is by numbers that learn: one that learns unseen would be a gift."""
    head = 10 * 65
    wanted = [head, head + 64, head + 64, *[head + 2 * 64] * 3, head + 4 * 64]
    for (name, build), parameters in zip(beyond.BUILDS.items(), wanted, strict=True):
        net = build(0)
        assert net.trained_parameters == parameters, name
        start = [array.copy() for node in net.nodes for array in node.parameters().values()]
        x = composites.load(composites.SMALL)[0].images[:40] / np.float32(255)
        given = beyond.Dataset(x, np.arange(40) % 10, x, np.arange(40) % 10, "few")
        settings.train(net, given, 0.1, "bp", 0, 2, probe=0)
        ends = [array for node in net.nodes for array in node.parameters().values()]
        moved = sum(a.size for a, b in zip(start, ends, strict=True) if not np.array_equal(a, b))
        assert moved == parameters, name


def test_both_tasks_have_the_same_images():
    """Else a difference between digit and garment could be one of images."""
    digits, garments = (beyond.images(name, 64, 0) for name in ("digits", "garments"))
    np.testing.assert_array_equal(digits.x_train, garments.x_train)
    assert not np.array_equal(digits.y_train, garments.y_train)
    np.testing.assert_array_equal(garments.y_train, settings.data(64, 0).y_train)
    np.testing.assert_array_equal(garments.y_test, settings.data(64, 0).y_test)


def test_four_small_patches_count_as_the_large_one_that_they_make():
    """A side that is taken for the other would turn the result around."""
    attention = np.zeros((1, 1, 33, 33))
    attention[0, 0, 0, 1:] = np.arange(32)  # 8 in each row
    wanted = [0 + 1 + 8 + 9, 2 + 3 + 10 + 11, 4 + 5 + 12 + 13, 6 + 7 + 14 + 15]
    wanted += [each + 4 * 16 for each in wanted]
    assert beyond.coarse(attention)[0, 0, 0].tolist() == wanted


def test_the_command_prints_a_line_for_each_task_and_way(capsys, monkeypatch):
    """What the page quotes is what the command prints."""
    ways = dict(list(beyond.BUILDS.items())[:2])
    monkeypatch.setattr(beyond, "BUILDS", ways)
    beyond.main(["targets", "--seeds", "0"])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["target"], line["what"]) for line in lines] == [
        (target, way) for target in ("garments", "digits") for way in ways
    ]
