"""Forward-forward: every layer learns alone to distinguish right labels from wrong ones."""

import numpy as np
import oracles
import passes
import pytest
from oracles import attached, batch, dense_net, differences, normal, taught_trace

import nofb
from nofb import Activation, BatchNorm, Dense, LayerNorm, Network, rules
from nofb.rules import forward_forward as ff
from nofb.rules.forward_forward import ForwardForward, judged

THRESHOLD = 0.3
EQUATIONS = {"ff": passes.forward_forward}
DEFAULTS = {"ff": {"threshold": 0.5}}
USES = {"ff": "labels second_pass"}
KERNELS = {
    "forward_forward.to_length_one_each": lambda: (normal(7, 5),),
    "forward_forward.log_odds": lambda: (normal(7, 5), 0.5),
    "forward_forward.logistic": lambda: (normal(7),),
    "forward_forward.encourage": lambda: (normal(7, 5), normal(7)),
    "forward_forward.discourage": lambda: (normal(7, 5), normal(7)),
}


def net_of(activation="tanh", sizes=(6, 4, 5, 3)):
    return dense_net(sizes, activation)


def layerwise(net, x, labels):
    """Yield each hidden layer, its input, and its activations, computed independently."""
    h = x.copy()
    h[:, : labels.shape[1]] = labels
    for layer in net.weighted[:-1]:
        received = h / np.sqrt((h**2).mean(axis=1, keepdims=True) + ff.EPSILON)
        h = oracles.ACTIVATIONS[layer.activation.name][0](received @ layer.W + layer.b)
        yield layer, received, h


def local_loss(net, k, x, right, wrong):
    """Return the mean of -log p for right labels and -log(1 - p) for wrong ones, of layer k."""
    total = 0.0
    for labels, sign in ((right, -1), (wrong, 1)):
        *_, (_, _, h) = list(layerwise(net, x, labels))[: k + 1]
        odds = (h**2).sum(axis=1) - THRESHOLD * h.shape[1]
        total += np.logaddexp(0, sign * odds).mean()
    return total


@pytest.mark.parametrize("activation", ["tanh", "relu", "logistic"])
def test_each_layer_follows_the_gradient_of_its_own_loss(activation):
    """Checked by central differences: with a lost factor 2 the rule is another one."""
    net = net_of(activation)
    x, y = batch(net)
    rule = attached("ff", net, threshold=THRESHOLD)
    right = np.eye(3)[y]
    wrong = net.weighted[0].rule_state.draw(right)
    updates = rule.updates(net, x, y)
    for k, layer in enumerate(net.weighted[:-1]):
        for name, found in (("W", updates[k].dW), ("b", updates[k].db)):
            parameter = getattr(layer, name)
            entries = np.arange(parameter.size)
            loss = lambda k=k: local_loss(net, k, x, right, wrong)  # noqa: E731
            measured = differences(loss, parameter, entries)
            np.testing.assert_allclose(found.ravel(), measured, rtol=0, atol=1e-7)


def test_no_layer_depends_on_a_layer_above_it():
    """Its gradient is local: other weights above must not change the updates of a layer."""
    net = net_of()
    x, y = batch(net)
    rule = attached("ff", net)
    first = rule.updates(net, x, y)[0].dW.copy()
    for layer in net.weighted[1:]:
        layer.W *= -3
    np.testing.assert_array_equal(rule.updates(net, x, y)[0].dW, first)


def test_the_length_of_a_layers_output_does_not_reach_the_next_one():
    """Otherwise a layer could copy the goodness of the one below, and learn nothing."""
    net = net_of("relu")
    x, y = batch(net)
    rule = attached("ff", net)
    trace = taught_trace(net, x, y)
    before = rule.labelled(net, trace, trace.target)[net.weighted[1]].h.copy()
    net.weighted[0].W *= 7
    net.weighted[0].b *= 7
    after = rule.labelled(net, trace, trace.target)[net.weighted[1]].h
    np.testing.assert_allclose(after, before, rtol=1e-6)


def test_a_row_keeps_its_direction_and_gets_the_length_of_a_row_of_ones():
    h = np.random.default_rng(0).normal(size=(5, 8))
    out = ff.to_length_one_each(h)
    np.testing.assert_allclose((out**2).mean(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(out / np.linalg.norm(out, axis=1, keepdims=True),
                               h / np.linalg.norm(h, axis=1, keepdims=True))  # fmt: skip
    assert not ff.to_length_one_each(np.zeros((1, 4))).any()  # a row of zeros gives no NaN


def test_at_the_threshold_the_gradients_of_right_and_wrong_labels_are_opposite():
    """At G = θ n, p = 1/2, and the two gradients are opposite; far from it one of them is 0."""
    h = np.random.default_rng(1).normal(size=(4, 6))
    doubt = np.zeros(4)
    np.testing.assert_array_equal(ff.encourage(h, doubt), -ff.discourage(h, doubt))
    np.testing.assert_allclose(ff.discourage(h, doubt), h, rtol=1e-15)
    assert not ff.encourage(h, np.full(4, 800.0)).any()
    assert not ff.discourage(h, np.full(4, -800.0)).any()


# ---- the wrong labels


@pytest.mark.parametrize("n", [2, 3, 10])
def test_a_wrong_label_is_never_the_right_one_and_all_others_are_equally_frequent(n):
    """If all classes were drawn, one in ten "wrong" labels would be right."""
    draws = 3000
    labels = np.arange(n)
    target = np.eye(n)[labels]
    state = ff.WrongLabels()
    counts = np.zeros((n, n))
    for state.step in range(draws):
        wrong = state.draw(target)
        assert (wrong.sum(axis=1) == 1).all()
        counts += wrong
    assert not np.diag(counts).any()
    expected = draws / (n - 1)
    others = counts[~np.eye(n, dtype=bool)]
    assert np.abs(others - expected).max() <= 5 * np.sqrt(expected)


def test_the_wrong_labels_change_with_every_step_and_not_within_one():
    """Updates can be computed twice for a batch; but fixed labels would leave most classes out."""
    net = net_of()
    x, y = batch(net, 40)
    rule = attached("ff", net)
    drawn = []
    for _ in range(3):
        state, target = net.weighted[0].rule_state, net.as_target(y, len(x))
        drawn.append(state.draw(target))
        rule.updates(net, x, y)
        np.testing.assert_array_equal(state.draw(target), drawn[-1])
        rule.after_step(net)
    assert not np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[1], drawn[2])


def test_the_label_is_written_into_the_first_inputs_of_a_copy():
    """Neither the user's samples nor the first pass may contain the label."""
    net = net_of()
    x, y = batch(net)
    trace = taught_trace(net, x, y)
    labelled = attached("ff", net).labelled(net, trace, trace.target)
    np.testing.assert_array_equal(labelled.x[:, :3], np.eye(3)[y])
    np.testing.assert_array_equal(labelled.x[:, 3:], x[:, 3:])
    np.testing.assert_array_equal(trace.x, x)


# -- its prediction --


@pytest.mark.parametrize("sizes", [(6, 4, 5, 3), (6, 4, 3), (6, 4, 5, 7, 3)])
def test_a_class_is_predicted_by_trying_every_label(sizes):
    """By the goodness above the threshold, summed over all hidden layers but the first."""
    net = net_of("relu", sizes)
    x, y = batch(net, 20)
    attached("ff", net, threshold=THRESHOLD)
    scores = np.empty((len(x), 3))
    for label in range(3):
        row = np.eye(3)[np.full(len(x), label)]
        odds = [(h**2).sum(axis=1) - THRESHOLD * h.shape[1] for *_, h in layerwise(net, x, row)]
        scores[:, label] = sum(odds[1:] or odds)
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(net.outputs(x), p, rtol=1e-9)
    np.testing.assert_array_equal(net.predict(x), scores.argmax(axis=1))
    assert net.accuracy(x, y) == (scores.argmax(axis=1) == y).mean()
    assert net.loss(x, y) == pytest.approx(-np.log(p[np.arange(len(x)), y]).mean())


def test_with_another_rule_attached_the_output_layer_predicts():
    """The weights belong to the network; the rule determines how a class is predicted."""
    net = net_of()
    x, _ = batch(net)
    plain = net.outputs(x)
    attached("ff", net)
    assert oracles.unlike(net.outputs(x), plain)
    attached("bp", net)
    np.testing.assert_array_equal(net.outputs(x), plain)


def test_a_run_is_measured_by_the_rules_own_predictions():
    """`history` must hold the accuracy under this rule, not under backprop."""
    data = nofb.datasets.load("digits").flat()
    net = Network([Dense(64, 32, "relu", init="he"), Dense(32, 32, "relu", init="he"),
                   Dense(32, 10)], seed=0)  # fmt: skip
    optimizer = nofb.Adam(lr=0.01, schedule="cosine")
    run = nofb.fit(net, rules.make("ff"), data, epochs=12, optimizer=optimizer, progress=False)
    assert run.history["test_accuracy"][-1] == net.accuracy(data.x_test, data.y_test)
    assert run.history["test_accuracy"][-1] > 0.85


@pytest.mark.parametrize(
    "net",
    [
        lambda: Network([Dense(4, 3, "tanh"), Dense(3, 1)], loss="binary_cross_entropy"),
        lambda: Network([Dense(2, 3, "tanh"), Dense(3, 5)]),
    ],
)
def test_a_network_without_place_for_the_label_is_refused(net):
    with pytest.raises(ValueError, match="forward-forward writes the label over the first inputs"):
        rules.make("ff").attach(net())


@pytest.mark.parametrize("norm", [BatchNorm, LayerNorm])
def test_goodness_is_measured_below_what_normalises(norm):
    """Each pass, or sample, is normalised: above, right and wrong labels are equally good."""
    layers = [Dense(12, 8), norm(8), Activation("relu"), Dense(8, 6), norm(6), Dense(6, 3)]
    net = Network(layers, seed=0, dtype=np.float64)
    rule = ForwardForward()
    rule.attach(net)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(7, 12)), rng.integers(0, 3, 7)
    trace = net.forward(x, train=True).set_target(net.as_target(y, 7))
    labelled = rule.labelled(net, trace, trace.target)
    first = net.weighted[0]
    own = labelled[first].h.copy()
    assert np.array_equal(judged(labelled, first), own)
    goodness = (own**2).sum(axis=1) - rule.threshold * 8
    right = -2 * own / (1 + np.exp(goodness))[:, None]
    signals = [signal for layer, signal, *_ in rule.signals(net, trace) if layer is first]
    np.testing.assert_allclose(signals[0].reshape(7, 8), right, rtol=1e-9)


@pytest.mark.parametrize("norm", [None, BatchNorm, LayerNorm])
def test_a_network_that_normalises_learns_too(norm):
    """Goodness above batch normalisation left ResNet-8 at chance."""
    data = nofb.datasets.load("digits")
    hidden = []
    for _ in range(2):
        hidden += [Dense(64, 64), *([norm(64)] if norm else []), Activation("relu")]
    net = Network([*hidden, Dense(64, 10)], seed=0)
    run = nofb.fit(net, ForwardForward(), data, 6, optimizer=nofb.Adam(lr=0.004), probe=0)
    assert run.history["test_accuracy"][-1] > 0.5
