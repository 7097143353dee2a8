"""The running loss and accuracy of an epoch: means over its samples, for any batches."""

import numpy as np
import oracles
import pytest

import nofb
from nofb.datasets import Dataset
from nofb.training import SGD

STILL = 1e-30  # a learning rate at which no weight moves


@pytest.mark.parametrize("batch_size", [1, 3, 4, 6, 7, 50])
@pytest.mark.parametrize("loss", ["cross_entropy", "squared_error"])
def test_with_fixed_weights_the_running_measures_are_those_of_all_samples(loss, batch_size):
    """If the last, smaller batch counted as a full one, its samples would count more."""
    net = oracles.dense_net(loss=loss)
    x, y = oracles.batch(net, samples=7)
    y = np.where(np.arange(7) < 6, net.predict(x), y)  # all wrong in the last batch
    y[6] = (net.predict(x)[6] + 1) % 3
    history = nofb.fit(
        net, nofb.rules.Backprop(), Dataset(x, y, x, y), epochs=2, batch_size=batch_size,
        optimizer=SGD(lr=STILL), shuffle=False, probe=0, progress=False,
    ).history  # fmt: skip
    np.testing.assert_allclose(history["loss"], net.loss(x, y), rtol=1e-12)
    np.testing.assert_allclose(history["train_accuracy"], 6 / 7, rtol=1e-12)


def test_with_changing_weights_each_batch_counts_with_the_loss_before_its_own_step():
    """(4 l_1 + 1 l_2) / 5: the loss of a batch is measured before its step."""
    net, twin = oracles.dense_net(), oracles.dense_net()
    x, y = oracles.batch(net, samples=5)
    history = nofb.fit(
        net, nofb.rules.Backprop(), Dataset(x, y, x, y), epochs=1, batch_size=4,
        optimizer=SGD(lr=0.5), shuffle=False, probe=0, progress=False,
    ).history  # fmt: skip
    rule = oracles.attached("bp", twin)
    first = twin.loss(x[:4], y[:4])
    oracles.learn(rule, twin, x[:4], y[:4], steps=1, lr=0.5)
    last = twin.loss(x[4:], y[4:])
    assert abs(first - last) > 0.1
    np.testing.assert_allclose(history["loss"], [(4 * first + last) / 5], rtol=1e-12)


def test_several_columns_of_zeros_and_ones_are_targets_and_no_classes():
    """A sample may be in two groups or in none, so a fraction of correct classes has no meaning."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(30, 4)), rng.integers(0, 2, (30, 3)).astype(float)
    data = nofb.datasets.Dataset(x[:20], y[:20], x[20:], y[20:])
    net = nofb.Network([nofb.Dense(4, 5, "tanh"), nofb.Dense(5, 3)], loss="binary_cross_entropy")
    run = nofb.fit(net, nofb.rules.make("bp"), data, 1, progress=False)
    assert np.isnan(run.history["test_accuracy"]).all()
    assert np.isfinite(run.history["test_loss"]).all()
