"""Runs of transfer: what is measured of a model, and the cost of its predictions."""

import numpy as np
import pytest

from nofb import transfer
from nofb.runs.transfer import Plan
from nofb.runs.transfer_run import everything, looked_at, model_of
from nofb.transfer.cost import forward_cost, multiply_adds
from nofb.transfer.tasks import CASES, TASKS, sides

D, T, MLP, BLOCKS, PATCH = 64, 9, 256, 4, 14 * 14


@pytest.fixture(scope="module")
def models():
    """Return a model of each case before training."""
    plan = Plan(cases=tuple(CASES), seeds=1)
    return {task["case"]: model_of(task) for task in plan.tasks()}


@pytest.fixture(scope="module")
def images():
    return everything("vision").x_test[:12]


def by_hand(tokens=T, blocks=BLOCKS):
    """Return the multiply-adds of blocks: four matrices, the two of the MLP, and attention."""
    return blocks * (tokens * (4 * D * D + 2 * D * MLP) + 2 * tokens * tokens * D)


def test_the_cost_is_that_of_a_count_by_hand(models):
    """A student chooses by this column; prompts add ten tokens to each block."""
    alone = (T - 1) * PATCH * D + by_hand()
    head = 10 * D
    expected = {
        "linear": alone + head,
        "linear_all": alone + (T - 1) * head,
        "finetune": alone + head,
        "lora": alone + head + BLOCKS * T * (D * 4 + 4 * 3 * D),
        "prompts": alone - by_hand() + by_hand(T + 10) + head,
        "toast": alone + by_hand() + head + T * D * D * (1 + 2 * BLOCKS),
    }
    for name, total in expected.items():
        assert forward_cost(models[name]) == pytest.approx(total / alone, rel=1e-12), name
    assert multiply_adds(models["linear"].nodes) == head


def test_feedback_into_late_blocks_alone_costs_less(models):
    """The paper's TOAST-Late: pass 2 begins at the first block with feedback."""
    net = models["toast"].backbone
    late = transfer.make("toast", net, 10, late=1)
    alone = (T - 1) * PATCH * D + by_hand()
    own = by_hand(blocks=1) + 10 * D + T * D * D * 3
    assert forward_cost(late) == pytest.approx((alone + own) / alone, rel=1e-12)


def test_the_kept_attention_is_that_of_the_model(models, images):
    """The maps in the report are drawn from it."""
    model, asked = models["toast"], sides("composites_small")[: len(images)]
    found = looked_at(model, images, lambda: asked)
    steering = model.steer(images)
    rows = found["rows"]
    assert asked[rows].any(axis=0).all()  # the images include garments on both sides
    np.testing.assert_allclose(found["before"], steering.before[:, rows, 0, 1:], atol=1e-4)
    np.testing.assert_allclose(found["after"], steering.after[:, rows, 0, 1:], atol=1e-4)
    np.testing.assert_allclose(found["mask_of"], steering.mask[rows], atol=1e-4)
    share = [np.mean([weights[0, 1:][own].sum() for weights, own in zip(block, asked, strict=True)])
             for block in steering.before]  # fmt: skip
    np.testing.assert_allclose(found["on_before"], share, atol=1e-4)
    assert found["dead"] is False


def test_a_mask_of_zeros_is_reported_as_dead(models, images):
    """No signal is sent back any more, so ξ can never recover."""
    model = transfer.make("toast", models["toast"].backbone, 10)
    model.steered.selection.xi = np.zeros(D, np.float32)
    found = looked_at(model, images)
    assert found["dead"] is True and found["mask"] == 0 and found["td"] == [0.0] * BLOCKS


def test_prompts_in_front_of_the_patches_are_left_out(models, images):
    """Attention of the class token to ten prompts is no attention to the image."""
    _, after = models["prompts"].attention(images)
    found = looked_at(models["prompts"], images)
    np.testing.assert_allclose(found["after"], after[:, found["rows"], 0, -8:], atol=1e-4)


def test_a_seed_draws_other_training_samples_and_the_same_test_samples():
    """Otherwise the spread over seeds would not include the choice of samples."""
    known, data = TASKS["vision"], everything("vision")
    one, other = (known.drawn(data, 50, seed) for seed in (0, 1))
    assert not np.array_equal(one.x_train, other.x_train)
    assert one.x_test is other.x_test or np.array_equal(one.x_test, other.x_test)
    np.testing.assert_array_equal(one.x_train, known.drawn(data, 50, 0).x_train)


def test_released_changes_toast_alone():
    """The value bias that is added twice is an error of TOAST's code, not of LoRA's."""
    tasks = Plan(cases=("lora", "toast"), seeds=1, released=True).tasks()
    assert [task["released"] for task in tasks] == [False, True]
    assert model_of(tasks[1]).options.released
