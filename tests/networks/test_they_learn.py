"""Networks with branches learn digits, by backprop and by feedback alignment."""

import numpy as np
import pytest

import nofb
from nofb import SGD, Adam, networks, rules

FLOOR = 0.3  # on 200 test digits after so few epochs; chance is 0.1


def digits(name):
    """Return a third of the digits, in the form that the network takes."""
    data = nofb.datasets.load("digits")
    some = nofb.datasets.Dataset(
        data.x_train[:700], data.y_train[:700], data.x_test[:200], data.y_test[:200],
        image_shape=data.image_shape,
    )  # fmt: skip
    return networks.prepared(name, some)


@pytest.mark.parametrize("rule", ["bp", "fa"])
@pytest.mark.parametrize(
    ("name", "options", "optimizer"),
    [
        ("resnet", {}, SGD(lr=0.1, momentum=0.9)),
        ("vision_transformer", {"patch": 2, "units": 24, "blocks": 1}, Adam(lr=0.003)),
    ],
)
def test_a_network_with_branches_learns_digits(name, options, optimizer, rule):
    """All parts may be correct and the whole network still not learn."""
    data = digits(name)
    net = networks.make(name, data, **options, seed=0)
    run = nofb.fit(
        net, rules.make(rule), data, epochs=2 if name == "resnet" else 8, batch_size=32,
        optimizer=optimizer, probe=0, progress=False,
    )  # fmt: skip
    accuracy = run.history["test_accuracy"][-1]
    assert accuracy > FLOOR and np.isfinite(run.history["loss"]).all()
