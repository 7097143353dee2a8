"""Direct Kolen-Pollack: what its direct matrices become, by the laws in its header."""

import numpy as np
import oracles
import pytest
from oracles import attached, batch, dense_net, normal, taught_trace

import nofb
from nofb import rules
from nofb.training.step import step

LAMBDA = 0.05
DEFAULTS = {
    "dkp": {"feedback_init": "uniform_fan_out", "zero_weights": False, "decay": 0.001},
}
USES = {"dkp": "error learned_feedback"}
KERNELS = {
    "direct_kolen_pollack.direct_product": lambda: (normal(7, 3), normal(7, 5), 7),
    "direct_kolen_pollack.forget": lambda: (normal(3, 5), 0.1),
}
OPTIMIZERS = {
    "sgd": lambda: nofb.SGD(lr=0.1),
    "momentum": lambda: nofb.SGD(lr=0.05, momentum=0.9),
    "adam": lambda: nofb.Adam(lr=0.01),
    "rmsprop": lambda: nofb.RMSprop(lr=0.01),
}


def train(net, rule, optimizer, steps=6):
    """Let a rule and an optimizer take steps, each on another batch; yield the trace of each."""
    for number in range(steps):
        trace = taught_trace(net, *batch(net, seed=number))
        step(net, rule, optimizer, trace)
        yield trace


@pytest.mark.parametrize("make", [dense_net, oracles.conv_net, oracles.shallow_conv_net])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_below_the_output_it_follows_kolen_pollacks_law(make, optimizer):
    """W_L - D_{L-1}ᵀ shrinks by exactly 1 - λ in each step, for any data and any optimizer."""
    net = make()
    rule = attached("dkp", net, decay=LAMBDA)
    below, last = net.weighted[-2:]
    apart = last.W - below.D.T
    for _ in train(net, rule, OPTIMIZERS[optimizer]()):
        apart = (1 - LAMBDA) * apart
        np.testing.assert_allclose(last.W - below.D.T, apart, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("net_name", ["dense", "conv"])
def test_in_deeper_layers_it_learns_what_a_direct_path_to_the_output_would_learn(net_name):
    """V_l - D_lᵀ shrinks by 1 - λ, where V_l is a path that the network does not have."""
    net = oracles.NETS[net_name]()
    rule = attached("dkp", net, decay=LAMBDA)
    rng = np.random.default_rng(0)
    V = {layer: rng.normal(size=layer.D.T.shape) for layer in net.weighted[:-1]}
    apart = {layer: V[layer] - layer.D.T for layer in V}
    for trace in train(net, rule, nofb.SGD(lr=0.1)):
        for layer in V:
            h = trace[net.weighted[net.weighted.index(layer) + 1]].h_below
            h = h.reshape(trace.samples, -1)
            V[layer] = (1 - LAMBDA) * (V[layer] - 0.1 * h.T @ trace.error / trace.samples)
            apart[layer] = (1 - LAMBDA) * apart[layer]
            np.testing.assert_allclose(V[layer] - layer.D.T, apart[layer], rtol=1e-9, atol=1e-12)


def test_with_fixed_linear_weights_each_matrix_is_the_one_below_sent_forward():
    """D_{l+1} - D_l W_{l+1} shrinks by 1 - λ: by this law it is no backprop two layers down."""
    net = dense_net(activation="identity", bias=False)
    rule = attached("dkp", net, decay=LAMBDA)
    first, second, _ = net.weighted
    apart = second.D - first.D @ second.W
    for number in range(6):
        for layer, dD in rule.feedback_updates(net, taught_trace(net, *batch(net, seed=number))):
            layer.D -= 0.1 * dD
        rule.after_step(net)
        apart = (1 - LAMBDA) * apart
        np.testing.assert_allclose(second.D - first.D @ second.W, apart, rtol=1e-9, atol=1e-12)


def test_with_one_hidden_layer_it_is_kolen_pollack():
    """The direct path is then the only path."""
    nets = [dense_net((5, 4, 3)) for _ in range(2)]
    kp, dkp = (attached(name, net, decay=LAMBDA)
               for name, net in zip(("kp", "dkp"), nets, strict=True))  # fmt: skip
    nets[1].weighted[0].D = nets[0].weighted[1].B
    for net, rule in zip(nets, (kp, dkp), strict=True):
        assert len(list(train(net, rule, nofb.SGD(lr=0.1, momentum=0.9)))) == 6
    for one, other in zip(nets[0].weighted, nets[1].weighted, strict=True):
        np.testing.assert_allclose(other.W, one.W, rtol=1e-12)
    np.testing.assert_allclose(nets[1].weighted[0].D, nets[0].weighted[1].B, rtol=1e-12)


def test_its_first_step_is_that_of_direct_feedback_alignment():
    """It differs in how the matrices change, not in how they are used."""
    nets = [dense_net() for _ in range(2)]
    x, y = batch(nets[0])
    one, other = (attached(name, net).updates(net, x, y)
                  for name, net in zip(("dfa", "dkp"), nets, strict=True))  # fmt: skip
    oracles.assert_same(one, other)
    assert [update.dD is None for update in one] == [True, True, True]
    assert [update.dD is None for update in other] == [False, False, True]
    assert all(update.dB is None for update in other)


def test_hidden_weights_do_not_decay():
    """There is no matrix that they must approach."""
    net = dense_net(loss="squared_error")
    x, _ = batch(net)
    rule = attached("dkp", net, decay=LAMBDA)
    before = [layer.W.copy() for layer in net.weighted]
    trace = net.forward(x)
    step(net, rule, nofb.SGD(lr=0.1), trace.set_target(trace.output.copy()))
    np.testing.assert_array_equal(net.weighted[0].W, before[0])
    np.testing.assert_array_equal(net.weighted[1].W, before[1])
    np.testing.assert_allclose(net.weighted[2].W, (1 - LAMBDA) * before[2], rtol=1e-15)


def test_the_decay_follows_the_learning_rate():
    net = dense_net()
    rule = attached("dkp", net, decay=LAMBDA)
    rule.clock.factor  # noqa: B018 - it has one
    rule.clock = type(rule.clock)(0, 1, 0.5)
    D = net.weighted[0].D.copy()
    rule.after_step(net)
    np.testing.assert_allclose(net.weighted[0].D, (1 - 0.5 * LAMBDA) * D, rtol=1e-15)


def test_a_run_that_was_stopped_resumes_with_its_matrices(tmp_path):
    """D and its momentum belong to the run: with a new D it would start again."""
    data = nofb.datasets.load("xor")
    make = lambda: nofb.Network([nofb.Dense(2, 8, "tanh"), nofb.Dense(8, 2)], seed=1)  # noqa: E731

    def go(net, epochs, **options):
        return nofb.fit(net, rules.make("dkp"), data, epochs=epochs, progress=False, probe=0,
                        optimizer=nofb.SGD(lr=0.1, momentum=0.9), **options)  # fmt: skip

    whole, half, rest = make(), make(), make()
    go(whole, 4)
    calls = []

    def stop(run):
        calls.append(run)
        if len(calls) == 2:
            raise nofb.StopTraining

    file = tmp_path / "run.npz"
    go(half, 4, checkpoint=file, callbacks=[stop])
    go(rest, 4, checkpoint=nofb.Checkpoint(file, resume=True))
    for one, other in zip(whole.weighted, rest.weighted, strict=True):
        np.testing.assert_array_equal(one.W, other.W)
    np.testing.assert_array_equal(whole.weighted[0].D, rest.weighted[0].D)


@pytest.mark.parametrize("option", ["shared", "entries"])
def test_options_that_would_not_survive_a_step_are_refused(option):
    with pytest.raises(ValueError, match=f"has no attribute '{option}'"):
        rules.make("dkp", **{option: 1})
