"""The smallest possible networks, with every rule: one unit, one pixel, one sample.

An index error appears here first, so `.ci/bounds` runs this file with checked indices, and
`.ci/python_only` without compilation.
"""

import numpy as np
import oracles
import pytest
from oracles import attached, batch, dense_net, image_net, roughened

from nofb import Activation, Conv2D, Dense, MaxPool2D, Network, Update, rules
from nofb.training import SGD
from nofb.training.step import moves, step


def stack(*layers):
    """Return a network of these layers."""
    return roughened(Network(layers, dtype=np.float64))


DENSE = {
    "no hidden layer": lambda: dense_net((3, 2)),
    "no hidden layer, one input": lambda: dense_net((1, 2)),
    "one hidden layer of one unit": lambda: dense_net((3, 1, 2)),
    "one input": lambda: dense_net((1, 4, 2)),
    "one unit in every layer": lambda: dense_net((1, 1, 1, 1), loss="squared_error"),
    "a narrow layer between wide ones": lambda: dense_net((4, 5, 1, 6, 3), "leaky_relu"),
    "no bias": lambda: dense_net((3, 4, 5, 2), bias=False),
    "one unit and no bias": lambda: dense_net((1, 1, 2), "logistic", bias=False),
}
MAPS = {
    "steps wider than the patch": lambda: image_net(
        [Conv2D(2, 3, 2, stride=(3, 4), activation="tanh")], (2, 8, 7)
    ),
    "one channel, one filter, one pixel": lambda: image_net(
        [Conv2D(1, 1, 1, activation="relu")], (1, 1, 1)
    ),
    "a patch as large as the image": lambda: image_net(
        [Conv2D(2, 3, (4, 5), activation="tanh")], (2, 4, 5)
    ),
    "more padding than image": lambda: image_net(
        [Conv2D(1, 2, 3, stride=2, padding=(2, 3), activation="logistic")], (1, 1, 2)
    ),
    "windows with gaps and pixels left over": lambda: image_net(
        [Conv2D(1, 2, 2, activation="tanh"), MaxPool2D((1, 2), stride=(3, 1))], (1, 6, 5)
    ),
    "one window over the whole map": lambda: image_net(
        [Conv2D(1, 3, 2, activation="leaky_relu"), MaxPool2D(4)], (1, 5, 5)
    ),
    "maps without bias": lambda: image_net(
        [Conv2D(2, 3, 2, activation="tanh", bias=False), Conv2D(3, 2, 2, bias=False)], (2, 4, 4)
    ),
}
APART = {
    "activations of their own": lambda: dense_net(apart=True),
    "an activation below every weight": lambda: stack(
        Activation("tanh"), Dense(5, 3), Activation("relu"), Dense(3, 2)
    ),
    "two activations in a row": lambda: stack(
        Dense(4, 3), Activation("tanh"), Activation("logistic"), Dense(3, 2)
    ),
}
SPLIT_MAPS = {
    "maps with an activation of their own": lambda: image_net(
        [Conv2D(2, 3, 2), Activation("tanh"), MaxPool2D(2)], (2, 5, 5)
    )
}
NETS = DENSE | APART | MAPS | SPLIT_MAPS
UNLABELLED = [  # too few inputs for the label of forward-forward
    name for name, make in NETS.items() if not 1 < (net := make()).n_outputs <= net.inputs
]
RULES_AND_NETS = [
    (name, net_name)
    for name in rules.RULES
    for net_name in NETS
    if (net_name in DENSE | APART or name not in oracles.DENSE_ONLY)
    and not (name == "ff" and net_name in UNLABELLED)
]
QUICK = {name: {"steps_before": 2} for name in ("wm", "wm_released", "ia")}
SAMPLES = [1, 3]


def odd(name: str, net_name: str, samples: int):
    """Return a rule attached to a small network, the network, and a batch for it."""
    net = NETS[net_name]()
    x, y = batch(net, samples)
    if net.n_outputs == 1:
        y = np.sin(3 * x)  # one number for each sample
    return attached(name, net, **QUICK.get(name, {})), net, x, y


@pytest.mark.parametrize("samples", SAMPLES)
@pytest.mark.parametrize("net_name", DENSE)
@pytest.mark.parametrize("name", rules.RULES)
def test_on_odd_dense_networks_a_rules_updates_are_those_of_its_equations(name, net_name, samples):
    """An equation that holds for five units must hold for one."""
    if name == "ff" and net_name in UNLABELLED:
        pytest.skip("no label fits on its inputs, which it says: see below")
    rule, net, x, y = odd(name, net_name, samples)
    expected = oracles.columns_updates(name, net, x, net.as_target(y, samples))
    oracles.assert_close(rule.updates(net, x, y), expected)


@pytest.mark.parametrize("samples", SAMPLES)
@pytest.mark.parametrize(("name", "net_name"), RULES_AND_NETS)
def test_on_odd_networks_a_step_changes_every_array_by_its_update(name, net_name, samples):
    """W ← W - η dW, in arrays of the same shapes; and feedback that learns stays finite."""
    rule, net, x, y = odd(name, net_name, samples)
    if name.startswith(("kp", "dkp")):
        rule.decay = 0.0  # the rule's own decay is added
    before = oracles.arrays_of(net)
    trace = net.forward(x, train=True).set_target(net.as_target(y, samples))
    updates = step(net, rule, SGD(lr=0.1), trace)
    after = oracles.arrays_of(net)
    assert {key: array.shape for key, array in after.items()} == {
        key: array.shape for key, array in before.items()
    }
    assert all(np.isfinite(array).all() for array in after.values())
    for index, (layer, update) in enumerate(zip(net.weighted, updates, strict=True)):
        if rule.learns(net, layer):
            np.testing.assert_allclose(layer.W, before[f"W of layer {index}"] - 0.1 * update.dW)
    assert np.isfinite(net.loss(x, y))


@pytest.mark.parametrize("net_name", UNLABELLED)
def test_on_odd_networks_forward_forward_says_that_no_label_fits(net_name):
    with pytest.raises(ValueError, match="writes the label over the first inputs"):
        rules.make("ff").attach(NETS[net_name]())


def test_a_rule_that_teaches_no_bias_changes_none():
    """A student's rule may teach only weights; then the biases must not change."""
    net = dense_net()
    updates = [Update(np.ones_like(layer.W), db=None) for layer in net.weighted]
    moved = [name for name, _, _ in moves(net, rules.Backprop(), updates)]
    assert moved == [f"{index}.W" for index in range(len(net.weighted))]


@pytest.mark.parametrize("samples", SAMPLES)
@pytest.mark.parametrize("net_name", NETS)
def test_on_odd_networks_backprop_is_the_gradient(net_name, samples):
    """Finite differences work for any number of units."""
    rule, net, x, y = odd("bp", net_name, samples)
    oracles.assert_gradient(net, x, y, rule.updates(net, x, y), most=6)


@pytest.mark.parametrize("samples", SAMPLES)
@pytest.mark.parametrize("net_name", NETS)
def test_on_odd_networks_feedback_alignment_with_transposes_is_backprop(net_name, samples):
    """Both rules differ only in the matrix, which is the same here."""
    rule, net, x, y = odd("bp", net_name, samples)
    expected = rule.updates(net, x, y)
    rule = attached("fa", net)
    for layer in net.weighted[1:]:
        layer.B = layer.W.T
    oracles.assert_close(rule.updates(net, x, y), expected, rtol=1e-13)


@pytest.mark.parametrize("samples", SAMPLES)
@pytest.mark.parametrize("net_name", NETS)
def test_on_odd_networks_weights_minus_feedback_shrink_by_the_decay(net_name, samples):
    """W - Bᵀ ← (1 - λ)(W - Bᵀ), the law of Kolen and Pollack."""
    rule, net, x, y = odd("kp", net_name, samples)
    gaps = [layer.W - layer.B.T for layer in net.weighted[1:]]
    trace = net.forward(x, train=True).set_target(net.as_target(y, samples))
    step(net, rule, SGD(lr=0.1), trace)
    for layer, gap in zip(net.weighted[1:], gaps, strict=True):
        np.testing.assert_allclose(layer.W - layer.B.T, (1 - rule.decay) * gap, atol=1e-14)


def test_the_networks_have_the_sizes_of_their_names():
    """If the network had two units, the test for one unit would be wrong."""
    sizes = {name: make() for name, make in NETS.items()}
    assert max(layer.n_out for layer in sizes["one unit in every layer"].weighted) == 1
    assert len(sizes["no hidden layer"].weighted) == 1
    assert sizes["one channel, one filter, one pixel"].layers[0].W.shape == (1, 1)
    assert sizes["a patch as large as the image"].layers[0].shape_out == (1, 1, 3)
    assert sizes["windows with gaps and pixels left over"].layers[1].shape_out == (2, 3, 2)
