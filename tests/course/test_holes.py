"""Tasks whose functions nofb has as several kernels give what nofb's layers give."""

import numpy as np

from nofb import datasets, networks, transfer
from nofb.course import holes

DATA = datasets.load("digits")


def steered_model():
    """Return TOAST on a small transformer with one head, all of whose arrays are random."""
    net = networks.make(
        "vision_transformer", DATA, patch=4, blocks=1, units=8, heads=1, dtype="float64"
    )
    return transfer.make("toast", net, n_outputs=3, std=0.5)


def test_feature_selection_is_what_toast_sends_down():
    """The task would else teach another selection than the one that nofb trains."""
    model = steered_model()
    x = DATA.as_images().x_test[:2]
    trace, it = model.forward(x), model.steered
    z, found = trace[it.selection].h_below, trace[it.P].h
    for sample in range(len(x)):
        right = holes.feature_selection(z[sample], it.selection.xi, it.P.W)
        np.testing.assert_allclose(right, found[sample], atol=1e-12)


def test_steered_attention_is_the_second_pass_of_toast():
    """With biases of 0, as a student's function has none."""
    model = steered_model()
    attention = model.steered.blocks[0].attention
    for layer in (attention.query, attention.key, attention.value):
        layer.b[:] = 0
    x = DATA.as_images().x_test[:2]
    trace = model.forward(x)
    X, td = trace[attention.query].h_below, trace[model.steered.td[0]].h
    W = [layer.W for layer in (attention.query, attention.key, attention.value)]
    assert np.abs(td).max() > 1e-3
    for sample in range(len(x)):
        right = holes.steered_attention(X[sample], td[sample], *W)
        np.testing.assert_allclose(right, trace[attention.attend].h[sample], atol=1e-12)
