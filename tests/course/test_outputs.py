"""Tasks that write into their arguments: what counts is what was written there."""

import numpy as np
import pytest

from nofb.course import TASKS, Task, find
from nofb.course.calls import with_old_numbers
from nofb.course.judge import judge

IN_PLACE = [n for n, item in TASKS.items() if isinstance(item, Task) and item.in_place]
WINDOWS = (
    "for y in range({of}.shape[1]):\n    for x in range({of}.shape[2]):\n"
    "        t, l = y * stride[0], x * stride[1]\n        {line}"
)
ADDED = {
    "1.4": "e = np.exp(a - a.max(1, keepdims=True))\noutput += e / e.sum(1, keepdims=True)",
    "1.6": "dW += h_below.T @ delta / samples\ndb += delta.sum(0) / samples",
    "8.1": WINDOWS.format(
        of="pooled",
        line="pooled[:, y, x] += maps[:, t:t + size[0], l:l + size[1]].mean((1, 2))",
    ),
    "8.2": WINDOWS.format(
        of="pooled",
        line="maps[:, t:t + size[0], l:l + size[1]] += "
        "pooled[:, y:y + 1, x:x + 1] / (size[0] * size[1])",
    ),
    "8.3": "run = patches.shape[4]\nfor y in range(patches.shape[1]):\n"
    "    for x in range(patches.shape[2]):\n        for i in range(patches.shape[3]):\n"
    "            maps[:, y * stride + i, x * step:x * step + run] += patches[:, y, x, i]",
}


def judged(number, body):
    task = find(number)
    return judge(task, task.function_of(body), "theirs.py")


def test_every_task_that_only_writes_says_so():
    """Then an answer with += is tried with old numbers in its outputs."""
    assert {number for number in IN_PLACE if find(number).writes} == set(ADDED)
    for number in ADDED:
        task = find(number)
        assert set(task.writes) <= set(task.arguments)


@pytest.mark.parametrize("number", ADDED)
def test_an_answer_that_adds_to_its_output_is_wrong(number):
    """nofb's buffers hold old numbers: with += the second batch would contain the first."""
    verdict = judged(number, ADDED[number])
    assert verdict.score <= 0.2 * find(number).points
    assert f"{find(number).writes[0]} is added to what it held before" in verdict.sentence


@pytest.mark.parametrize("number", IN_PLACE)
def test_a_body_that_does_nothing_earns_nothing(number):
    """The shapes are right without a line of the student's own."""
    verdict = judged(number, "pass")
    assert verdict.score == 0 and "is as it was before: write into it" in verdict.sentence


@pytest.mark.parametrize("number", ADDED)
def test_outputs_hold_neither_zeros_nor_only_nan_before_a_call(number):
    """Zeros hide a missing =, and NaN would be blamed on a division."""
    task = find(number)
    arguments = task.draw(np.random.default_rng(0))
    filled = with_old_numbers(task, arguments)
    for name, before, now in zip(task.arguments, arguments, filled, strict=True):
        if name in task.writes:
            assert np.isfinite(now).all() and np.all(now != 0) and now.shape == before.shape
        else:
            assert np.array_equal(before, now)


def test_a_new_array_under_the_old_name_is_named_as_the_cause():
    """`output = ...` is the commonest mistake of these tasks."""
    verdict = judged(
        "1.4", "e = np.exp(a - a.max(1, keepdims=True))\noutput = e / e.sum(1)[:, None]"
    )
    assert "`output = ...` makes a new array, which the caller never sees" in verdict.sentence
    verdict = judged("5.3", "B = B + rate * dB - decay * B")
    assert verdict.score == 0 and "write into it, B[...] = ..." in verdict.sentence


def test_a_result_that_is_returned_instead_of_written_is_named():
    verdict = judged("8.5", "return scale * A * (dA - (dA * A).sum(-1, keepdims=True))")
    assert "softmax_back returns its result: write it into dA" in verdict.sentence


def test_an_input_that_is_changed_on_the_way_is_named():
    """`a -= a.max()` saves a line, and changes an array that others still need."""
    body = "a -= a.max(1, keepdims=True)\ne = np.exp(a)\noutput[...] = e / e.sum(1, keepdims=True)"
    verdict = judged("1.4", body)
    assert verdict.score == 0 and "softmax changes its argument a" in verdict.sentence


def test_the_array_and_the_place_of_a_wrong_number_are_named():
    """A function with two outputs has two first numbers."""
    verdict = judged("1.6", "dW[...] = h_below.T @ delta / samples\ndb[...] = delta[0]")
    assert "of db is " in verdict.sentence and verdict.sentence.startswith("entry [")


def test_an_output_that_is_left_out_is_named():
    verdict = judged("1.6", "dW[...] = h_below.T @ delta / samples")
    assert verdict.sentence.startswith("db is as it was before")


def test_softmax_that_overflows_is_told_so():
    """A student must not look for a division by zero where exp(1000) is infinite."""
    verdict = judged("1.4", "e = np.exp(a)\noutput[...] = e / e.sum(1, keepdims=True)")
    assert verdict.score < find("1.4").points and "does exp overflow?" in verdict.sentence


@pytest.mark.parametrize(
    "body",
    ["p = np.exp(a)\np = p / p.sum(1, keepdims=True)\nreturn -(target * np.log(p)).sum()",
     "p = np.exp(a - a.max(1, keepdims=True))\np = p / p.sum(1, keepdims=True)\n"
     "return -(target * np.log(p + 1e-300)).sum()"],
    ids=["without a shift", "with a shift before log of softmax"],
)  # fmt: skip
def test_a_loss_without_the_log_of_a_sum_of_exp_loses_points(body):
    """With large logits the probability is 0, and its logarithm is no loss any more."""
    verdict = judged("1.5", body)
    assert 0 < verdict.score < find("1.5").points and verdict.steps[-1].name == "what must be true"


def test_a_product_that_does_not_fit_is_told_in_plain_words():
    """NumPy's own sentence is about gufunc signatures."""
    task = find("3.4")
    verdict = judge(task, task.function_of("return np.sign(e) @ D.T"), "theirs.py")
    assert "the shapes do not fit for @" in verdict.sentence and "gufunc" not in verdict.sentence
