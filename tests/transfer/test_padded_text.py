"""Transfer of an encoder of padded text, such as MiniLM."""

import numpy as np
import pytest
from transfer import cases

from nofb import Network, rules, transfer

OPTIONS = {"prompts": {"count": 2}}
WORDS = np.array([[3, 1, 4, 6, 5], [5, 2, 0, 0, 0], [6, 0, 0, 0, 0], [1, 1, 2, 0, 0]])
LABELS = np.array([0, 2, 1, 1])


def reader(length):
    """Return a backbone for a number of words; its weights do not depend on this number."""
    net = Network(cases.padded(), dtype=np.float64, seed=4, input_shape=(length,))
    rng = np.random.default_rng(5)
    for node in net.nodes:
        for array in node.parameters().values():
            array += rng.normal(0, 0.2, array.shape)
    return net


@pytest.mark.parametrize("method", transfer.METHODS)
@pytest.mark.parametrize("rule", ["bp", "fa"])
def test_padding_changes_neither_outputs_nor_updates_of_a_method(method, rule):
    """Padding reaches the selection, the prompts and td, too, and must not count there."""
    found = []
    for length in (5, 9):
        made = transfer.make(method, reader(length), 3, **OPTIONS.get(method, {}))
        cases.shake(made)
        taught = rules.make(rule)
        taught.attach(made, seed=0)
        x = np.pad(WORDS, ((0, 0), (0, length - 5)))
        steps = [update.dW for update in taught.updates(made, x, LABELS)]
        found.append([made.outputs(x), *(dW for dW in steps if dW is not None)])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-13)


def test_no_token_attends_to_padding_before_or_after_steering():
    """Prompts are in front of the sentence and always present."""
    made = cases.shake(transfer.make("toast", reader(5), 3))
    for weights in (made.steer(WORDS).before, made.steer(WORDS).after):
        assert (weights[:, 1, :, 2:] == 0).all()
        np.testing.assert_allclose(weights.sum(-1), 1, rtol=1e-12)
    prompted = cases.shake(transfer.make("prompts", reader(5), 3, count=2))
    _, after = prompted.attention(WORDS)
    assert (after[:, 1, :, -3:] == 0).all()
    assert (after[:, 1, :, :-3] > 0).all()
