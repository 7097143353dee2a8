"""Networks with branches: signals are added where branches join, and no rule depends on them."""

import numpy as np
import pytest

from nofb import (
    Attention,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    MaxPool2D,
    Network,
    Residual,
    rules,
)
from nofb.rules import RULES, TARGETS

CHAIN_ONLY = TARGETS
EVERYWHERE = [name for name in RULES if name not in CHAIN_ONLY]


def transformer(**options):
    """Return a small network with attention, residual blocks, and tokens as rows."""
    return Network(
        [
            Dense(7, 12),
            Residual([Attention(12, 3)]),
            Residual([Dense(12, 9, "tanh"), Dense(9, 12)]),
            Residual([Attention(12, 2, causal=True)], shortcut=Dense(12, 12, "tanh")),
            Flatten(),
            Dense(72, 4),
        ],
        dtype=np.float64, input_shape=(6, 7), **options,
    )  # fmt: skip


def maps(**options):
    """Return a small network with convolutions, a projected shortcut, dropout and pooling."""
    branch = [
        Conv2D(4, 5, 3, padding=1, stride=2, activation="tanh"),
        Dropout(0.3),
        Conv2D(5, 5, 1),
    ]
    return Network(
        [
            Conv2D(3, 4, 3, activation="relu"),
            Residual(branch, shortcut=Conv2D(4, 5, 1, stride=2), activation="relu"),
            MaxPool2D(2),
            Flatten(),
            Dense(5, 3),
        ],
        dtype=np.float64, input_shape=(3, 8, 6), **options,
    )  # fmt: skip


def tokens(**options):
    """Return a causal network with outputs for every token."""
    layers = [Dense(7, 12), Residual([Attention(12, 3, causal=True)]), Dense(12, 4)]
    return Network(layers, dtype=np.float64, input_shape=(6, 7), **options)


NETWORKS = [transformer, maps, tokens]


def batch(net, samples=5, seed=0):
    rng = np.random.default_rng(seed)
    per_sample = (6,) if net.rows_per_sample > 1 else ()
    x = rng.standard_normal((samples, *net.input_shape))
    return x, rng.integers(0, net.n_outputs, (samples, *per_sample))


def attached(name, net, **settings):
    rule = rules.make(name, **settings)
    rule.attach(net, seed=3)
    return rule


def masks_again(net):
    for layer in net.nodes:
        if isinstance(layer, Dropout):
            layer.rng = np.random.default_rng(0)


@pytest.mark.parametrize("build", NETWORKS)
@pytest.mark.parametrize("samples", [1, 7])
def test_backprop_agrees_with_central_differences_in_every_matrix(build, samples):
    net = build()
    x, y = batch(net, samples)
    rule = attached("bp", net)

    def loss():
        masks_again(net)
        return net.forward(x, train=True).set_target(net.as_target(y, samples)).loss()

    masks_again(net)
    updates = rule.updates(net, x, y)
    rng, width = np.random.default_rng(1), 1e-5
    for layer, update in zip(net.weighted, updates, strict=True):
        for array, gradient in ((layer.W, update.dW), (layer.b, update.db)):
            for _ in range(3):
                place = tuple(rng.integers(0, array.shape))
                kept = array[place]
                array[place] = kept + width
                above = loss()
                array[place] = kept - width
                slope = (above - loss()) / (2 * width)
                array[place] = kept
                assert gradient[place] == pytest.approx(slope, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("build", NETWORKS)
def test_feedback_alignment_with_transposed_weights_is_backprop_exactly(build):
    """If a branch were left out or counted twice, the two would differ."""
    net = build()
    x, y = batch(net)
    masks_again(net)
    true = attached("bp", net).updates(net, x, y)
    rule = attached("fa", net)
    for layer in net.weighted:
        if layer.B is not None:
            vars(layer).update(B=layer.W.T)  # the view that backprop multiplies with, not a copy
    masks_again(net)
    for mine, its in zip(rule.updates(net, x, y), true, strict=True):
        np.testing.assert_array_equal(mine.dW, its.dW)
        np.testing.assert_array_equal(mine.db, its.db)


@pytest.mark.parametrize("build", NETWORKS)
def test_only_layers_above_something_that_learns_have_feedback(build):
    net = build()
    attached("fa", net)
    bare = [layer for layer in net.weighted if layer.B is None]
    assert bare == net.weighted[:1]


@pytest.mark.parametrize("build", NETWORKS)
def test_kolen_pollack_shrinks_every_difference_by_its_decay(build):
    """W - Bᵀ gets no update, on whatever path the signals come."""
    from nofb import SGD
    from nofb.trace import Trace
    from nofb.training.step import step

    net = build()
    x, y = batch(net)
    rule, optimizer = attached("kp", net, decay=0.01), SGD(lr=0.1)
    gaps = [layer.W - layer.B.T for layer in net.weighted if layer.B is not None]
    trace = Trace(net, len(x))
    for _ in range(20):
        trace.fill(net.as_input(x), train=True).set_target(net.as_target(y, len(x)))
        step(net, rule, optimizer, trace)
    after = [layer.W - layer.B.T for layer in net.weighted if layer.B is not None]
    for was, now in zip(gaps, after, strict=True):
        np.testing.assert_allclose(now, 0.99**20 * was, rtol=1e-10, atol=1e-13)


WRITING = ("pepita", "ff")  # one sample for each label


@pytest.mark.parametrize("build", NETWORKS)
@pytest.mark.parametrize("name", EVERYWHERE)
def test_every_rule_that_sends_signals_works_and_gives_finite_updates(name, build):
    net = build()
    x, y = batch(net)
    if name in WRITING and net.rows_per_sample > 1:
        with pytest.raises(ValueError, match="changes each sample by its label or error"):
            attached(name, net)
        return
    for update in attached(name, net).updates(net, x, y):
        assert np.isfinite(update.dW).all()


@pytest.mark.parametrize("name", CHAIN_ONLY)
def test_rules_that_send_targets_refuse_a_network_with_branches(name):
    net = transformer()
    with pytest.raises(
        ValueError, match=r"sends targets through Dense and Activation layers only|does not branch"
    ):
        attached(name, net).updates(net, *batch(net))


@pytest.mark.parametrize("name", ["fa", "dfa", "kp", "ifa", "usf"])
def test_a_batch_cut_between_threads_gives_the_same_updates(name):
    from nofb import threads

    net = transformer()
    x, y = batch(net, samples=64)
    rule = attached(name, net)
    alone = rule.updates(net, x, y)
    net.work = 10**7  # as if it were a large network
    with threads.team(2):
        shared = rule.updates(net, x, y)
    for one, other in zip(alone, shared, strict=True):
        np.testing.assert_allclose(one.dW, other.dW, rtol=1e-10, atol=1e-14)


def test_a_mirror_learns_every_feedback_matrix_of_a_transformer():
    from nofb.diagnosis import angle

    net = transformer()
    rule = attached("wm", net, steps_before=0)
    rule.mirror(net, steps=2000)
    for layer in net.weighted[1:]:
        assert angle(layer.B, layer.W.T) < 15


def test_sign_symmetry_uses_the_signs_of_every_matrix():
    net = transformer()
    attached("frsf", net)
    for layer in net.weighted[1:]:
        np.testing.assert_array_equal(np.sign(layer.B), np.sign(layer.W.T))


def test_a_frozen_layer_does_not_change_and_still_sends_signals():
    from nofb import SGD
    from nofb.trace import Trace
    from nofb.training.step import step

    net = transformer()
    frozen = net.weighted[3]
    frozen.frozen = True
    before = [layer.W.copy() for layer in net.weighted]
    rule = attached("kp", net)
    x, y = batch(net)
    trace = Trace(net, len(x)).fill(net.as_input(x)).set_target(net.as_target(y, len(x)))
    step(net, rule, SGD(lr=0.1, decay=0.01), trace)
    moved = [not np.array_equal(W, layer.W) for W, layer in zip(before, net.weighted, strict=True)]
    assert moved == [layer is not frozen for layer in net.weighted]


def test_dfa_to_blocks_is_dfa_if_every_layer_is_a_block():
    layers = [(5, 6, "tanh"), (6, 4, "relu"), (4, 3, None)]
    nets = [Network([Dense(*each) for each in layers], dtype=np.float64) for _ in range(2)]
    x, y = np.random.default_rng(0).standard_normal((7, 5)), np.arange(7) % 3
    one, other = (
        attached(name, net).updates(net, x, y)
        for name, net in zip(("dfa", "dfa_blocks"), nets, strict=True)
    )
    for mine, its in zip(one, other, strict=True):
        np.testing.assert_array_equal(mine.dW, its.dW)


def test_dfa_to_blocks_with_transposed_weights_is_backprop_inside_the_last_block():
    """The last block gets the error itself, and inside it B = Wᵀ is backprop."""
    block = [Dense(6, 5, "tanh"), Dense(5, 6)]
    net = Network([Dense(4, 6), Residual(block), Dense(6, 3)], dtype=np.float64)
    x, y = np.random.default_rng(0).standard_normal((7, 4)), np.arange(7) % 3
    rule = attached("dfa_blocks", net)
    upper = block[1]
    upper.B = upper.W.T
    upper.D = net.weighted[-1].W.T  # what the last layer would send to the top of the block
    mine, true = rule.updates(net, x, y), attached("bp", net).updates(net, x, y)
    for k in (1, 2, 3):
        np.testing.assert_allclose(mine[k].dW, true[k].dW, rtol=1e-12)
    assert not np.allclose(mine[0].dW, true[0].dW)


def test_a_branch_that_does_not_fit_its_sum_is_refused():
    with pytest.raises(ValueError, match="shortcut"):
        Network([Residual([Dense(4, 5)]), Dense(5, 2)])


def test_a_branch_without_layers_is_refused():
    with pytest.raises(ValueError, match="at least one layer"):
        Residual([])


def test_one_layer_in_two_places_is_refused():
    shared = Dense(4, 4)
    with pytest.raises(ValueError, match="twice"):
        Network([Residual([shared]), shared, Dense(4, 2)])


def test_a_number_of_heads_that_does_not_divide_the_units_is_refused():
    with pytest.raises(ValueError, match="must divide the 12 units"):
        Attention(12, 5)


def test_a_copy_and_a_file_hold_all_weights(tmp_path):
    net, twin = transformer(seed=0), transformer(seed=1)
    net.save(tmp_path / "net.npz")
    twin.load(tmp_path / "net.npz")
    x, _ = batch(net)
    np.testing.assert_array_equal(net.outputs(x), twin.outputs(x))


def test_tokens_have_classes_and_the_loss_is_a_mean_over_them():
    net = tokens()
    x, y = batch(net)
    outputs = net.outputs(x)
    assert outputs.shape == (5, 6, 4)
    chosen = np.take_along_axis(outputs, y[..., None], axis=2)
    assert net.loss(x, y) == pytest.approx(-np.log(chosen).mean())
    assert net.accuracy(x, y) == pytest.approx((net.predict(x) == y).mean())


def test_labels_for_samples_are_refused_if_tokens_have_outputs():
    net = tokens()
    x, _ = batch(net)
    with pytest.raises(ValueError, match="every token has outputs"):
        net.loss(x, np.zeros(5, int))


def test_the_table_of_a_network_shows_layers_in_blocks_and_their_feedback():
    net = transformer()
    attached("fa", net)
    lines = str(net).splitlines()
    assert lines[0].split() == ["layer", "gives", "parameters", "feedback"]
    assert any(line.startswith("  Attend(3") for line in lines)
    assert lines[-1].split()[1] == f"{sum(a.size for k in net.weighted for a in (k.W, k.b)):,}"


@pytest.mark.parametrize("name", ["fa", "usf", "frsf", "wm", "kp", "np_feedback"])
def test_the_first_weights_have_feedback_where_a_normalisation_below_them_learns(name):
    """γ and β of the first layer learn from what the first W sends back."""
    net = Network([BatchNorm(6), Dense(6, 5, "tanh"), Dense(5, 3)], dtype=np.float64)
    rule = attached(name, net)
    assert net.senders == net.weighted
    assert all(layer.B is not None for layer in net.weighted)
    x = np.random.default_rng(0).standard_normal((7, 6))
    trace = net.forward(x, train=True).set_target(net.as_target(np.arange(7) % 3, 7))
    rule.teach(net, trace)
    assert list(trace.passed) == net.layers[:1]


def test_layers_that_are_no_list_are_refused():
    with pytest.raises(
        TypeError, match=r"layers must be a list of layers, but is Dense.*put it in"
    ):
        Network(Dense(6, 3))


def test_frozen_must_be_true_or_false():
    with pytest.raises(TypeError, match=r"frozen of Dense.* must be True or False, but is 'yes'"):
        Dense(3, 2).frozen = "yes"
