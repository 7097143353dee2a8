"""`nofb.fit` trains a model of transfer as it trains every network."""

import numpy as np
import pytest
from transfer.cases import NAMES, D, backbone, batch, model

from nofb import Adam, fit, rules, transfer
from nofb.datasets import Dataset
from nofb.optimizers import SGD
from nofb.training.step import step
from nofb.transfer import METHODS, Backbone

SAMPLES, TEST = 60, 20


def bright_halves():
    """Return images whose class is their brightest third: attention has to find it."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(SAMPLES + TEST, 1, 4, 6)).astype(np.float32)
    y = rng.integers(0, 3, len(x))
    for image, third in zip(x, y, strict=True):
        image[0, :, 2 * third : 2 * third + 2] += 2
    return Dataset(x[:SAMPLES], y[:SAMPLES], x[SAMPLES:], y[SAMPLES:], name="bright")


def trained(method, epochs=8, rule="bp", **options):
    net = model(method, dtype=np.float32, shaken=False, **options)
    run = fit(net, rule, bright_halves(), epochs, 10, Adam(lr=0.01), progress=False, probe=20)
    return net, run


@pytest.mark.parametrize("method", list(METHODS))
def test_a_model_learns(method):
    """The loss falls, and the accuracy is measured without dropout and other noise."""
    net, run = trained(method)
    assert run.history["test_loss"][-1] < 0.9 * run.history.start["test_loss"]
    data = bright_halves()
    loss, accuracy = net.evaluate(data.x_test, data.y_test)
    assert run.history["test_loss"][-1] == pytest.approx(loss, rel=1e-4)
    assert (net.predict(data.x_test) == data.y_test).mean() == pytest.approx(accuracy)


@pytest.mark.parametrize("rule", ["fa", "kp", "wm", "usf"])
def test_toast_learns_without_weight_transport(rule):
    """A, C, ξ and the head are trained through B, also in the frozen blocks."""
    net, run = trained("toast", rule=rule)
    start = model("toast", dtype=np.float32, shaken=False)
    assert run.history["test_loss"][-1] < run.history.start["test_loss"]
    for A, drawn in zip(net.steered.A, start.steered.A, strict=True):
        assert not np.array_equal(A.W, drawn.W)
    assert not np.array_equal(net.steered.selection.xi, start.steered.selection.xi)


@pytest.mark.parametrize("method", ["linear", "lora", "prompts", "toast", "toast_lite"])
def test_each_sample_goes_through_the_frozen_backbone_once(method, monkeypatch):
    """Pass 1 never changes: to compute it in each step would double the cost."""
    sent, send = [], Backbone.send

    def counted(self, x, *given):
        sent.append(len(x))
        return send(self, x, *given)

    monkeypatch.setattr(Backbone, "send", counted)
    trained(method, epochs=3)
    assert sorted(sent) == [TEST, SAMPLES]


def test_a_large_data_set_goes_through_in_pieces(monkeypatch):
    """The stored arrays of 35,000 samples would not fit into memory."""
    net, (x, _) = model("toast"), batch(model("toast"), samples=7)
    whole = net.as_input(x)
    monkeypatch.setattr("nofb.network.ROWS_AT_ONCE", 3)
    np.testing.assert_allclose(net.as_input(x), whole, rtol=1e-12)
    found = net.steer(x)
    assert found.before.shape == found.after.shape == (3, 7, 7, 7)
    assert found.td.shape == (3, 7, 7, D) and found.output.shape == (7, 3)


def test_the_samples_do_not_change():
    """`steer` scales its own copy."""
    net = model("toast")
    x, _ = batch(net)
    before = x.copy()
    net.steer(x, strength=2.0)
    np.testing.assert_array_equal(x, before)


def test_pretuning_trains_a_to_invert_its_block():
    """With c alone in the loss, A approaches the inverse of a block."""
    net = model("toast", dtype=np.float32, shaken=False, stage="pretune", reconstruction=5.0)
    x = bright_halves().x_test
    before = net.reconstruction_loss(x)
    fit(net, "bp", bright_halves(), 30, 10, Adam(lr=0.01), progress=False, probe=0)
    assert net.reconstruction_loss(x) < 0.3 * before


def test_kolen_pollack_keeps_its_law_in_pretuning():
    """W - Bᵀ of A shrinks by (1 - λ) a step: B gets the reconstruction loss's update as well."""
    net = model("toast", stage="pretune", reconstruction=0.3)
    rule = rules.make("kp", decay=0.1)
    rule.attach(net)
    A, (x, y) = net.steered.A[1], batch(net)
    gap = A.W - A.B.T
    for _ in range(5):
        trace = net.forward(x, train=True).set_target(net.as_target(y, len(x)))
        step(net, rule, SGD(lr=0.01), trace)
    np.testing.assert_allclose(A.W - A.B.T, 0.9**5 * gap, rtol=1e-10)


@pytest.mark.parametrize("method", list(METHODS))
def test_a_steered_language_model_still_generates_text(method):
    """Like its backbone it reads tokens, predicts the next one, and depends on no later token."""
    net = model(method, "language")
    if method == "linear":
        net = transfer.make("linear", backbone("language"), 3)
    written = net.generate(np.array([0, 1]), 6, seed=1)
    assert written[:2].tolist() == [0, 1] and len(written) == 8
    assert set(written.tolist()) <= {0, 1, 2}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("method", list(METHODS))
def test_attention_before_and_after_can_be_read_for_every_method(method, name):
    """The rows of both sum to 1; "before" is the backbone's, whatever was learned."""
    net = model(method, name)
    x, _ = batch(net)
    before, after = net.attention(x)
    tokens = net.backbone.tokens + (10 if method == "prompts" else 0)
    assert before.shape[1:] == (4, net.backbone.tokens, net.backbone.tokens)
    assert after.shape == (len(before), 4, tokens, tokens)
    np.testing.assert_allclose(before.sum(-1), 1)
    np.testing.assert_allclose(after.sum(-1), 1)


def test_a_model_accepts_the_samples_of_its_backbone_and_refuses_others():
    """The sentence is the backbone's, which knows the right shape."""
    net = model("toast")
    with pytest.raises(ValueError, match=r"x has samples of shape \(1, 4, 4\), but the network ta"):
        net.predict(np.zeros((2, 1, 4, 4)))
    with pytest.raises(ValueError, match="y has 3 entries, but there are 4 samples"):
        net.loss(batch(net)[0], [0, 1, 2])
