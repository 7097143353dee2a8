"""A run of a network that branches goes on from its checkpoint, as every other one."""

import numpy as np
import pytest

from nofb import Adam, Checkpoint, fit, networks
from nofb.datasets import Dataset


def images():
    rng = np.random.default_rng(0)
    x, y = rng.random((24, 1, 8, 8)).astype(np.float32), rng.integers(0, 3, 24)
    return Dataset(x, y, x[:8], y[:8], name="noise")


@pytest.mark.parametrize("name", ["vision_transformer", "resnet"])
def test_the_running_averages_of_norms_are_taken_up_again(name, tmp_path):
    """γ, β and positions have some as well: their file was called a damaged one."""
    data, path = images(), tmp_path / "run.npz"

    def run(epochs, checkpoint=None):
        net = networks.make(name, data, blocks=1)
        fit(net, "fa", data, epochs, optimizer=Adam(), progress=False, checkpoint=checkpoint)
        return net

    whole = run(2)
    run(1, path)
    resumed = run(2, Checkpoint(path, resume=True))
    for node, twin in zip(whole.nodes, resumed.nodes, strict=True):
        for key, array in node.parameters().items():
            np.testing.assert_array_equal(array, twin.parameters()[key])
