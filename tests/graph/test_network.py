"""What a network promises and refuses: its errors, its traces, its dropout, and its silence."""

import os
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import oracles
import pytest
from oracles import attached, batch, conv_net, dense_net

import nofb
from nofb import Conv2D, Dense, Dropout, Flatten, MaxPool2D, Network, activations, losses, rules
from nofb.rules import Rule, Uses
from nofb.updates import updates

X, LABELS = np.ones((4, 5)), np.array([0, 2, 1, 0])
IMAGES = np.ones((4, 2, 5, 6))

Case = tuple[Callable[[], object], type[Exception], list[str]]


def refuses(act: Callable[[], object], error: type[Exception], says: list[str]) -> None:
    """Demand that `act` raises `error` with a sentence that holds all of these words."""
    with pytest.raises(error) as caught:
        act()
    sentence = str(caught.value)
    assert caught.type is error
    for words in says:
        assert words in sentence, sentence


def hidden(activation: str | None = "tanh", **arguments) -> Network:
    return Network([Dense(5, 4, activation), Dense(4, 3)], **arguments)


# -- building ------------------------------------------------------------------------------------

BUILDING: dict[str, Case] = {
    "layers that do not meet": (
        lambda: Network([Dense(5, 4), Dense(3, 2)]), ValueError, ["(3,)", "(4,)"],
    ),
    "a dense layer on maps": (
        lambda: Network([Conv2D(2, 3, 2), Dense(60, 3)], input_shape=(2, 5, 6)),
        ValueError, ["(60,)", "(4, 5, 3)", "Flatten()"],
    ),
    "a convolution on rows": (
        lambda: Network([Dense(5, 4), Conv2D(2, 3, 2), Flatten(), Dense(4, 3)], input_shape=(5,)),
        ValueError, ["(height, width, 2)", "(4,)"],
    ),
    "a convolution on other channels": (
        lambda: Network([Conv2D(3, 4, 2), Flatten(), Dense(80, 3)], input_shape=(2, 5, 6)),
        ValueError, ["(height, width, 3)", "(5, 6, 2)"],
    ),
    "a convolution larger than its maps": (
        lambda: Network([Conv2D(2, 3, 7), Flatten(), Dense(9, 3)], input_shape=(2, 5, 6)),
        ValueError, ["(7, 7)", "does not fit", "5 x 6"],
    ),
    "pooling larger than its maps": (
        lambda: Network([MaxPool2D((2, 7)), Flatten(), Dense(9, 3)], input_shape=(2, 5, 6)),
        ValueError, ["(2, 7)", "does not fit", "5 x 6"],
    ),
    "pooling of rows": (
        lambda: Network([Dense(5, 4), MaxPool2D(2), Flatten(), Dense(2, 3)], input_shape=(5,)),
        ValueError, ["(height, width, channels)", "(4,)"],
    ),
    "an unknown activation": (
        lambda: Dense(5, 4, "tahn"), ValueError, ["activation", "'tahn'", *activations.ACTIVATIONS],
    ),
    "an unknown activation of a convolution": (
        lambda: Conv2D(1, 4, 3, activation="relux"), ValueError, ["activation", "'relux'", "relu"],
    ),
    "an unknown initialiser": (
        lambda: Dense(5, 4, init="xaver"), ValueError, ["init", "'xaver'", "xavier", "orthogonal"],
    ),
    "an unknown loss": (
        lambda: hidden(loss="mse"), ValueError, ["loss", "'mse'", *losses.LOSSES],
    ),
    "an unknown rule": (
        lambda: rules.make("bq"), ValueError, ["rule", "'bq'", *rules.RULES],
    ),
    "an unknown attribute of a rule": (
        lambda: rules.make("dfa", entrys=1),
        ValueError, ["'dfa'", "'entrys'", "entries", "shared", "feedback_init", "zero_weights"],
    ),
    "an attribute of a rule without any": (
        lambda: rules.make("bp", scale=1), ValueError, ["'bp'", "'scale'", "none"],
    ),
    "an unknown initialiser of feedback": (
        lambda: rules.make("fa", feedback_init="kaiming"),
        ValueError, ["feedback_init", "'kaiming'", "uniform_fan_out"],
    ),
    "a scale of zero": (
        lambda: rules.make("usf", scale=0), ValueError, ["scale", "greater than 0"],
    ),
    "no entries": (
        lambda: rules.make("dfa", entries=0), ValueError, ["entries", "at least 1", "0"],
    ),
    "an activation on the last layer": (
        lambda: Network([Dense(5, 4), Dense(4, 3, "tanh")]),
        ValueError, ["last layer", "without activation", "tanh"],
    ),
    "a last layer without weights": (
        lambda: Network([Dense(5, 4), Dropout(0.5)]), ValueError, ["last layer", "Dropout(0.5)"],
    ),
    "no layers": (lambda: Network([]), ValueError, ["last layer", "None"]),
    "something that is no layer": (
        lambda: Network([Dense(5, 4), "dense"]), TypeError, ["layers", "'dense'"],
    ),
    "one layer twice": (
        lambda: Network([(layer := Dense(4, 4)), layer, Dense(4, 3)]),
        ValueError, ["same layer twice"],
    ),
    "a half-precision network": (
        lambda: hidden(dtype=np.float16), TypeError, ["dtype", "float32", "float64", "float16"],
    ),
    "a seed below zero": (lambda: hidden(seed=-1), ValueError, ["seed", "at least 0", "-1"]),
    "a seed that is no number": (lambda: hidden(seed=0.5), TypeError, ["seed", "0.5"]),
    "a rate of one": (lambda: Dropout(1.0), ValueError, ["rate", "less than 1", "1.0"]),
    "a rate below zero": (lambda: Dropout(-0.1), ValueError, ["rate", "at least 0", "-0.1"]),
    "a rate that is no number": (lambda: Dropout("half"), TypeError, ["rate", "'half'"]),
    "three numbers for a pair": (
        lambda: Conv2D(1, 2, (3, 3, 3)), ValueError, ["kernel_size", "(3, 3, 3)", "pair"],
    ),
    "a padding below zero": (
        lambda: Conv2D(1, 2, 3, padding=-1), ValueError, ["padding", "at least 0", "-1"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BUILDING)
def test_a_network_that_can_not_be_built_says_why(case):
    """A sentence that names what was given and what is allowed is the first lesson of a course."""
    refuses(*BUILDING[case])


@pytest.mark.parametrize(
    ("name", "build"),
    [
        ("n_in", lambda size: Dense(size, 3)),
        ("n_out", lambda size: Dense(3, size)),
        ("channels_in", lambda size: Conv2D(size, 3, 2)),
        ("channels_out", lambda size: Conv2D(1, size, 2)),
        ("kernel_size", lambda size: Conv2D(1, 3, size)),
        ("kernel_size", lambda size: Conv2D(1, 3, (2, size))),
        ("stride", lambda size: Conv2D(1, 3, 2, stride=size)),
        ("size", lambda size: MaxPool2D(size)),
        ("stride", lambda size: MaxPool2D(2, size)),
        ("entries", lambda size: rules.make("dfa", entries=size)),
    ],
)
def test_a_size_is_a_whole_number_of_at_least_one(name, build):
    """True and 2.0 are mistakes, not sizes, though Python would take them for numbers."""
    for wrong in (2.0, True, np.True_, "3", [3]):
        refuses(lambda wrong=wrong: build(wrong), TypeError, [name, "whole number", repr(wrong)])
    for small in (0, -2):
        refuses(lambda small=small: build(small), ValueError, [name, "at least 1", str(small)])
    assert build(np.int64(3)) is not None


# -- what comes in -------------------------------------------------------------------------------


def with_value(value: float):
    x = X.copy()
    x[1, 2] = value
    return x


INPUTS: dict[str, Case] = {
    "other features": (
        lambda: dense_net().forward(np.ones((4, 6))), ValueError, ["x", "(6,)", "(5,)"],
    ),
    "one sample without its batch": (
        lambda: dense_net().forward(np.ones(5)), ValueError, ["x", "(5,)", "(N, features)"],
    ),
    "an empty batch": (
        lambda: dense_net().forward(np.ones((0, 5))), ValueError, ["(0, 5)", "at least one sample"],
    ),
    "images for a dense network": (
        lambda: dense_net().forward(IMAGES), ValueError, ["(2, 5, 6)", "(5,)", "Flatten()"],
    ),
    "rows for a network of maps": (
        lambda: conv_net().forward(np.ones((4, 60))),
        ValueError, ["(60,)", "(2, 5, 6)", "as_images()"],
    ),
    "images of another size": (
        lambda: conv_net().forward(np.ones((4, 2, 6, 5))), ValueError, ["(2, 6, 5)", "(2, 5, 6)"],
    ),
    "NaN": (
        lambda: dense_net().forward(with_value(np.nan)),
        ValueError, ["x", "nan", "(1, 2)", "finite"],
    ),
    "infinity": (
        lambda: dense_net().predict(with_value(np.inf)),
        ValueError, ["x", "inf", "(1, 2)", "finite"],
    ),
    "words": (
        lambda: dense_net().forward(np.array([["a"] * 5])), TypeError, ["x", "real numbers", "<U1"],
    ),
    "complex numbers": (
        lambda: dense_net().forward(X * 1j), TypeError, ["x", "real numbers", "complex128"],
    ),
    "a label without an output": (
        lambda: dense_net().loss(X, np.array([0, 1, 3, 2])),
        ValueError, ["label 3", "sample 2", "3 outputs", "0 to 2"],
    ),
    "a label below zero": (
        lambda: dense_net().loss(X, np.array([0, -1, 1, 2])), ValueError, ["label -1", "sample 1"],
    ),
    "labels that are not whole": (
        lambda: dense_net().loss(X, np.array([0.0, 1.0, 2.0, 1.0])),
        TypeError, ["integers", "float64"],
    ),
    "too few labels": (
        lambda: dense_net().loss(X, LABELS[:3]), ValueError, ["y has 3", "4 samples"],
    ),
    "too many target rows": (
        lambda: dense_net().loss(X, np.eye(3)[[0, 1, 2, 0, 1]]),
        ValueError, ["y has 5", "4 samples"],
    ),
    "target rows of another width": (
        lambda: dense_net().loss(X, np.eye(4)), ValueError, ["(4, 4)", "(N, 3)"],
    ),
    "targets that are not finite": (
        lambda: dense_net().loss(X, np.full((4, 3), np.nan)), ValueError, ["y", "nan", "finite"],
    ),
    "target rows of words": (
        lambda: dense_net().loss(X, np.full((4, 3), "a")), TypeError, ["y", "<U1"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", INPUTS)
def test_data_that_do_not_fit_are_refused_with_both_shapes(case):
    """NaN and misfits must be reported where they enter, never trained through silently."""
    refuses(*INPUTS[case])


def test_integers_lists_and_other_precisions_are_welcome():
    """Pixels are bytes; what can be converted without loss of meaning is converted."""
    net = dense_net()
    expected = net.forward(X).output
    types = [X.astype(dtype) for dtype in (int, np.uint8, np.float32)]
    for x in (*types, X.tolist(), np.asfortranarray(X)):
        np.testing.assert_allclose(net.forward(x).output, expected, rtol=1e-12)
    for y in (LABELS.astype(np.uint8), LABELS.tolist(), np.eye(3, dtype=int)[LABELS]):
        assert net.loss(X, y) == net.loss(X, LABELS)


# -- rules and their matrices --------------------------------------------------------------------


class Student(Rule):
    """A rule whose signals are shaped as somebody thought they should be."""

    name, title, paper, uses = "student", "a draft", "none", Uses()

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape

    def signals(self, net, trace):
        yield net.weighted[0], np.ones(self.shape)


def updates_with(rule: Rule, net: Network, then: str = "", **matrices) -> Callable[[], object]:
    """Attach a rule, `then` perhaps another, set B or D, and return how to ask for updates."""
    rule.attach(net)
    if then:
        attached(then, net)
    for name, matrix in matrices.items():
        setattr(net.weighted[1 if name == "B" else 0], name, matrix)
    return lambda: rule.updates(net, X, LABELS)


TEACHING: dict[str, Case] = {
    "a rule that is not attached": (
        lambda: rules.make("fa").updates(dense_net(), X, LABELS),
        ValueError, ["FeedbackAlignment()", "not attached", "attach(net)"],
    ),
    "a rule that another has replaced": (
        lambda: updates_with(rules.make("fa"), dense_net(), then="bp")(),
        ValueError, ["FeedbackAlignment()", "not attached"],
    ),
    "feedback taken off": (
        lambda: updates_with(rules.make("fa"), dense_net(), B=None)(),
        ValueError, ["Dense(4, 6", "no feedback matrix", "attach"],
    ),
    "direct feedback taken off": (
        lambda: updates_with(rules.make("dfa"), dense_net(), D=None)(),
        ValueError, ["Dense(5, 4", "no direct feedback matrix", "attach"],
    ),
    "the one feedback matrix of a relay taken off": (
        lambda: updates_with(rules.make("ifa"), dense_net(), D=None)(),
        ValueError, ["Dense(5, 4", "no direct feedback matrix", "attach"],
    ),
    "a step of a rule that is not attached": (
        lambda: rules.make("fa").teach(net := dense_net(), oracles.taught_trace(net, X, LABELS)),
        ValueError, ["FeedbackAlignment()", "not attached", "attach(net)"],
    ),
    "feedback of another shape": (
        lambda: updates_with(rules.make("fa"), dense_net(), B=np.ones((4, 6)))(),
        ValueError, ["B of Dense(4, 6", "(4, 6)", "(6, 4)", "it is transposed"],
    ),
    "feedback of another type": (
        lambda: updates_with(rules.make("fa"), dense_net(), B=np.ones((6, 4), complex))(),
        TypeError, ["B of Dense(4, 6", "real numbers", "complex128"],
    ),
    "direct feedback of another shape": (
        lambda: updates_with(rules.make("dfa"), dense_net(), D=np.ones((4, 3)))(),
        ValueError, ["direct feedback matrix", "Dense(5, 4", "(4, 3)", "(3, 4)"],
    ),
    "direct feedback from too few outputs": (
        lambda: updates_with(rules.make("dfa"), dense_net(), D=np.ones((2, 4)))(),
        ValueError, ["direct feedback matrix", "Dense(5, 4", "(2, 4)", "(3, 4)"],
    ),
    "direct feedback of another type": (
        lambda: updates_with(rules.make("dfa"), dense_net(), D=np.full((3, 4), "a"))(),
        TypeError, ["D of Dense(5, 4", "real numbers", "<U1"],
    ),
    "a teaching signal of another shape": (
        lambda: updates_with(Student((4, 5)), dense_net())(),
        ValueError, ["the signal for Dense(5, 4", "(4, 5)", "(4, 4)"],
    ),
    "a seed of feedback below zero": (
        lambda: rules.make("fa").attach(dense_net(), seed=-1), ValueError, ["seed", "at least 0"],
    ),
    "direct feedback to maps of unknown size": (
        lambda: rules.make("dfa").attach(
            Network([Conv2D(2, 3, 2), Conv2D(3, 4, 2), Flatten(), Dense(60, 3)])
        ),
        ValueError, ["size of its images", "input_shape=(channels, height, width)"],
    ),
    "a layer with nothing below": (
        lambda: (net := dense_net()).below(net.weighted[0]), ValueError, ["below", "Dense(5, 4"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TEACHING)
def test_a_rule_that_can_not_teach_says_why(case):
    """A student's first own rule goes wrong in these ways; the sentence must name the layer."""
    refuses(*TEACHING[case])


def test_a_teaching_signal_of_the_right_shape_is_accepted():
    """The refusals above must not refuse everything."""
    (first, *others) = updates_with(Student((4, 4)), dense_net())()
    np.testing.assert_allclose(first.dW, np.ones((5, 4)))
    assert not any(update.dW.any() for update in others)


@pytest.mark.parametrize("make", [np.asfortranarray, lambda B: np.repeat(B, 2, axis=1)[:, ::2]])
def test_feedback_in_any_memory_layout_teaches_alike(make):
    """A transposed or sliced matrix is a natural thing to set, and must not warn or differ."""
    net = dense_net()
    rule = attached("fa", net)
    expected = rule.updates(net, X, LABELS)
    net.weighted[1].B = make(net.weighted[1].B)
    oracles.assert_close(rule.updates(net, X, LABELS), expected)


def test_direct_feedback_needs_no_image_size_where_only_dense_layers_are_reached():
    """Flattened images into dense layers: the widths are known before the first image."""
    net = Network([Flatten(), Dense(60, 4, "tanh"), Dense(4, 3)])
    attached("dfa", net)
    assert net.weighted[0].D.shape == (3, 4)


def test_a_network_of_maps_learns_its_size_from_its_first_batch():
    """From then on another size is refused, and direct feedback can be drawn."""
    net = Network([Conv2D(2, 3, 2, activation="tanh"), Flatten(), Dense(60, 3)])
    net.forward(IMAGES)
    refuses(lambda: net.forward(np.ones((4, 2, 6, 5))), ValueError, ["(2, 6, 5)", "(2, 5, 6)"])
    attached("dfa", net)
    assert net.weighted[0].D.shape == (3, 60)


# -- traces --------------------------------------------------------------------------------------


def records(trace: nofb.Trace):
    return [array for record in trace.records.values() for array in record.arrays.values()]


@pytest.mark.parametrize("net_name", oracles.NETS)
def test_two_forward_passes_share_no_memory(net_name):
    """What a student looks at must not change under their eyes with the next batch."""
    net = oracles.NETS[net_name]()
    rule = attached("bp", net)
    traces = [oracles.taught_trace(net, *batch(net)) for _ in range(2)]
    updates = [list(oracles.parts(rule.teach(net, trace))) for trace in traces]
    for one in records(traces[0]) + updates[0]:
        assert not any(np.shares_memory(one, other) for other in records(traces[1]) + updates[1])


def test_a_trace_keeps_the_input_it_was_given():
    """Changing x afterwards must not change what the layer received."""
    net = dense_net()
    x, _ = batch(net)
    trace = net.forward(x)
    kept = x.copy()
    x[:] = 0
    np.testing.assert_array_equal(trace[net.layers[0]].h_below, kept)


@pytest.mark.parametrize("samples", [1, 3])
@pytest.mark.parametrize(("name", "net_name"), oracles.RULES_AND_NETS)
def test_a_smaller_batch_in_the_memory_of_a_larger_one_gives_the_same(name, net_name, samples):
    """The last batch of an epoch is smaller; nothing of the batch before may remain in it."""
    net = oracles.NETS[net_name]()
    rule = attached(name, net)
    large = oracles.taught_trace(net, *batch(net, 7))
    rule.teach(net, large)
    x, y = batch(net, samples, seed=1)
    small = large.rows(samples).fill(net.as_input(x), train=True)
    reused = oracles.teach(rule, net, small.set_target(net.as_target(y, samples)))
    for layer in net.weighted:
        assert np.shares_memory(small[layer].a, large[layer].a)
    oracles.assert_same(reused, rule.updates(net, x, y))


@pytest.mark.parametrize("net_name", oracles.NETS)
def test_a_signal_may_lie_in_memory_as_it_likes(net_name):
    """Somebody's own rule yields a transposed array, or one of another precision."""
    net = oracles.NETS[net_name]()
    trace = oracles.taught_trace(net, *batch(net))
    rule = attached("bp", net)
    expected = oracles.teach(rule, net, trace)
    for odd in (np.asfortranarray, np.float32, lambda delta: np.repeat(delta, 2, -1)[..., ::2]):
        given = [(layer, odd(delta)) for layer, delta in rule.signals(net, trace)]
        found = updates(trace, lambda piece, given=given: given, by_sample=False)
        oracles.assert_close(found, expected, rtol=1e-5, atol=1e-6)


def test_the_trace_that_is_asked_for_its_own_rows_gives_itself():
    """`fit` asks for every batch, and most have the full size."""
    trace = dense_net().forward(X)
    assert trace.rows(4) is trace


FILL = nofb.network.Trace.fill


@pytest.mark.parametrize("net_name", oracles.NETS)
def test_a_whole_data_set_is_evaluated_as_its_samples_are(net_name, monkeypatch):
    """Evaluation goes through in pieces, of which the last is smaller."""
    monkeypatch.setattr(nofb.network, "ROWS_AT_ONCE", 3)
    net = oracles.NETS[net_name]()
    x, y = batch(net, 7)
    trace = net.forward(x).set_target(net.as_target(y, 7))
    np.testing.assert_allclose(net.outputs(x), trace.output, rtol=1e-12)
    np.testing.assert_array_equal(net.predict(x), trace.output.argmax(axis=1))
    assert net.loss(x, y) == pytest.approx(trace.loss(), rel=1e-12)
    right = (net.predict(x) == y).mean()
    assert net.accuracy(x, y) == pytest.approx(right)
    assert net.accuracy(x, net.predict(x)) == 1


def test_samples_that_leave_much_behind_go_through_a_few_at_once(monkeypatch):
    """A thousand samples of a large transformer would fill the memory of a computer."""
    layers = [Dense(4, 6, "tanh"), Dense(6, 2)]
    net = Network(layers, dtype=np.float64, input_shape=(4,))
    assert net.sample_bytes == 2 * (6 + 2) * 8
    monkeypatch.setattr(nofb.network, "BYTES_AT_ONCE", 3 * net.sample_bytes)
    sizes = []
    monkeypatch.setattr(
        nofb.network.Trace, "fill", lambda trace, x: sizes.append(len(x)) or FILL(trace, x)
    )
    x = np.random.default_rng(0).normal(size=(7, 4))
    assert net.outputs(x).shape == (7, 2)
    assert sizes == [3, 3, 1]


def test_one_seed_draws_one_network():
    """The same seed, the same start; another seed, another."""
    one, same, other = (dense_net(seed=seed) for seed in (1, 1, 2))
    for layers in zip(one.weighted, same.weighted, other.weighted, strict=True):
        np.testing.assert_array_equal(layers[0].W, layers[1].W)
        assert (layers[0].W != layers[2].W).all()


# -- dropout -------------------------------------------------------------------------------------


def masks(net: Network, train: bool = True):
    """Return what each dropout layer makes of one pass over a batch of ones, flat."""
    x = np.ones((50, *net.input_shape))
    trace = net.forward(x, train=train)
    shown = [
        np.divide(trace[layer].h, trace[layer].h_below).ravel()
        for layer in net.layers
        if isinstance(layer, Dropout)
    ]
    return np.concatenate(shown)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])
def test_dropout_silences_at_its_rate_and_preserves_the_mean(rate):
    """Inverted dropout: the survivors are louder by 1 / (1 - rate), so testing needs no scale."""
    net = Network([Dropout(rate), Dense(400, 3)], dtype=np.float64)
    mask = masks(net)
    np.testing.assert_allclose(np.unique(mask), [0, 1 / (1 - rate)], rtol=1e-12)
    assert (mask == 0).mean() == pytest.approx(rate, abs=0.02)
    assert mask.mean() == pytest.approx(1, abs=0.05)


def test_dropout_is_off_outside_training():
    """Predictions come from the whole network and from the same one every time."""
    net, plain = dense_net(dropout=0.5), dense_net()
    x, y = batch(net)
    np.testing.assert_array_equal(net.forward(x).output, plain.forward(x).output)
    np.testing.assert_array_equal(net.outputs(x), plain.outputs(x))
    assert net.evaluate(x, y) == plain.evaluate(x, y)
    assert (masks(net, train=False) == 1).all()


def test_a_rate_of_zero_silences_nothing():
    """The control of every dropout experiment."""
    assert (masks(dense_net(dropout=0.0)) == 1).all()


def test_networks_of_one_seed_draw_the_same_masks_and_every_pass_draws_new_ones():
    """A run is repeated by its seed, but no two batches meet the same mask."""
    one, same, other = (dense_net(dropout=0.5, seed=seed) for seed in (1, 1, 2))
    first, second = masks(one), masks(one)
    np.testing.assert_array_equal(first, masks(same))
    np.testing.assert_array_equal(second, masks(same))
    assert (first != second).any()
    assert (first != masks(other)).any()


def test_two_dropout_layers_draw_different_masks():
    """Equal masks would silence whole paths instead of single units."""
    net = Network([Dropout(0.5), Dropout(0.5), Dense(400, 3)])
    trace = net.forward(np.ones((50, 400)), train=True)
    lower, upper = (trace[layer].h != 0 for layer in net.layers[:2])
    assert upper.mean() == pytest.approx(0.25, abs=0.02)
    assert lower.mean() == pytest.approx(0.5, abs=0.02)


def test_a_dropout_layer_with_its_own_seed_keeps_it():
    """Masks can be held fixed while weights are drawn anew."""
    nets = [Network([Dropout(0.5, seed=4), Dense(400, 3)], seed=seed) for seed in (1, 2)]
    np.testing.assert_array_equal(masks(nets[0]), masks(nets[1]))


# -- importing -----------------------------------------------------------------------------------

LOOK_FOR_COMPILED = """
import importlib, pkgutil
import nofb
dispatchers, compiled = [], []
for package in (nofb.kernels, nofb.rules):
    for info in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        for name, value in vars(importlib.import_module(info.name)).items():
            if hasattr(value, "py_func"):
                dispatchers.append(name)
                if value.signatures != []:
                    compiled.append(name)
print(len(set(dispatchers)), compiled)
"""


def test_importing_nofb_compiles_nothing():
    """A notebook's first cell must not take seconds, nor `nofb --help`."""
    environment = {k: v for k, v in os.environ.items() if k != "NUMBA_DISABLE_JIT"}
    found = subprocess.run(
        [sys.executable, "-c", LOOK_FOR_COMPILED],
        env=environment, capture_output=True, text=True, check=True,
    ).stdout.split(maxsplit=1)  # fmt: skip
    assert int(found[0]) > 15
    assert found[1].strip() == "[]"
