"""Running averages are kept everywhere: in files, copies, and runs that were killed."""

import copy
import pickle

import numpy as np
import pytest
from networks.cases import batch, build

import nofb
from nofb import BatchNorm, Dense, Network, StopTraining, rules
from nofb.datasets import Dataset


def small(seed=0):
    """Return a small network with a norm in a branch and one beside it."""
    branch = [BatchNorm(5), Dense(5, 5, "relu")]
    block = nofb.Residual(branch, shortcut=BatchNorm(5))
    return Network([Dense(4, 5), block, Dense(5, 3)], seed=seed)


def data():
    rng = np.random.default_rng(0)
    y = np.arange(22) % 3
    x = rng.normal(size=(22, 4)) + 3 * y[:, None]
    return Dataset(x, y, x, y)


def arrays(net):
    """Return all arrays that a forward pass in use depends on."""
    return [array for layer in net.nodes for array in (layer.parameters() | layer.state()).values()]


def assert_same(one, other):
    for mine, its in zip(arrays(one), arrays(other), strict=True):
        np.testing.assert_array_equal(mine, its)


def trained(net, **options):
    return nofb.fit(
        net, rules.FeedbackAlignment(), data(), batch_size=5, probe=0, progress=False, **options
    )


def test_running_averages_change_in_training():
    """Otherwise the tests below would compare zeros with zeros."""
    net = small()
    trained(net, epochs=3)
    states = [layer.state() for layer in net.nodes if layer.state()]
    assert len(states) == 2
    for state in states:
        assert state["running_mean"].all() and (state["running_variance"] != 1).all()


def test_a_run_that_was_stopped_is_resumed_bit_for_bit(tmp_path):
    """A network without its averages would train the same, but classify differently."""
    whole, resumed, path = small(), small(), tmp_path / "run.npz"

    def stop(run):
        if len(run.history["loss"]) == 2:
            raise StopTraining("as if it were killed")

    trained(whole, epochs=5)
    trained(resumed, epochs=5, checkpoint=path, callbacks=[stop])
    fresh = small()
    run = trained(fresh, epochs=5, checkpoint=nofb.Checkpoint(path, resume=True))
    assert len(run.history["loss"]) == 5
    assert_same(fresh, whole)


@pytest.mark.parametrize(
    "again",
    [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))],
    ids=["copy", "pickle"],
)
def test_a_copy_has_its_own_averages(again):
    """Training the copy must not change those of the original."""
    net = small()
    trained(net, epochs=1)
    twin, before = again(net), copy.deepcopy(net)
    assert_same(twin, net)
    trained(twin, epochs=1)
    assert_same(net, before)
    assert not np.array_equal(arrays(twin)[-3], arrays(net)[-3])


def test_a_file_of_weights_holds_the_averages(tmp_path):
    """Another user must be able to repeat the measurement."""
    net, twin, (x, _) = build("resnet", seed=1), build("resnet", seed=2), batch("resnet")
    net.save(tmp_path / "net.npz")
    twin.load(tmp_path / "net.npz")
    assert_same(twin, net)
    np.testing.assert_array_equal(twin.outputs(x), net.outputs(x))


def test_a_forward_pass_and_updates_without_a_step_change_no_averages():
    """Averages change in a training step; a comparison of rules on a batch changes no array."""
    net, (x, y) = build("resnet"), batch("resnet")
    before = copy.deepcopy(net)
    rule = rules.Backprop()
    rule.attach(net)
    net.forward(x, train=True)
    rule.updates(net, x, y)
    net.evaluate(x, y)
    assert_same(net, before)
