"""A run of a network with branches resumes from its checkpoint, like every other one."""

import numpy as np
import pytest

from nofb import Adam, Checkpoint, fit, networks
from nofb.datasets import Dataset


def images():
    rng = np.random.default_rng(0)
    x, y = rng.random((24, 1, 8, 8)).astype(np.float32), rng.integers(0, 3, 24)
    return Dataset(x, y, x[:8], y[:8], name="noise")


@pytest.mark.parametrize("name", ["vision_transformer", "resnet"])
def test_the_optimizers_averages_for_norms_are_restored(name, tmp_path):
    """γ, β and positions have such averages too: their file was reported as damaged."""
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
