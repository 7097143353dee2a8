"""A layer owns its arrays: every array that a user assigns is checked and copied."""

import numpy as np
import pytest

import nofb
from nofb import Conv2D, Dense, Flatten, Network, initialisers, rules
from nofb.layers.inverse import Inverse

DIGITS = nofb.datasets.load("digits")


def net(width=16, **options):
    """Return the network that most cases use: 64, some tanh units, 10."""
    return Network([Dense(64, width, "tanh", **options), Dense(width, 10, **options)])


# Typical arrays of users: transposed as in PyTorch, double precision, a strided slice, read-only.
LAYOUTS = {
    "transposed": lambda W: np.ascontiguousarray(W.T).T,
    "double": lambda W: W.astype(np.float64),
    "strided": lambda W: np.repeat(W, 2, axis=1)[:, ::2],
    "read-only": lambda W: np.frombuffer(W.tobytes(), W.dtype).reshape(W.shape),
    "list": lambda W: W.tolist(),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_weights_assigned_by_hand_learn_like_drawn_ones(layout):
    """In another layout a kernel would change a copy, and the layer would silently never learn."""
    trained = []
    for change in (lambda W: W, LAYOUTS[layout]):
        twin = net()
        for layer in twin.weighted:
            layer.W = change(layer.W)
        nofb.fit(twin, rules.make("fa"), DIGITS, epochs=1, probe=0, progress=False)
        trained.append([layer.W for layer in twin.weighted])
    for W, expected, start in zip(trained[1], trained[0], net().weighted, strict=True):
        np.testing.assert_array_equal(W, expected)
        assert (W != start.W).any()


@pytest.mark.parametrize("name", ["W", "b", "B", "D"])
def test_an_assigned_array_is_copied(name):
    """The user's array and the layer's must not change with each other."""
    layer = net().weighted[1]
    shape = {"W": (16, 10), "b": (10,), "B": (10, 16), "D": (10, 10)}[name]
    mine = np.ones(shape, np.float32)
    setattr(layer, name, mine)
    mine[:] = 5
    assert (getattr(layer, name) == 1).all()
    getattr(layer, name)[:] = 7
    assert (mine == 5).all()


def test_two_layers_can_swap_their_weights():
    """Assignment makes a new array and does not change the old one, as in plain Python."""
    first, second = Network([Dense(3, 3, "tanh"), Dense(3, 3)]).weighted
    W, V = first.W.copy(), second.W.copy()
    first.W, second.W = second.W, first.W
    np.testing.assert_array_equal(first.W, V)
    np.testing.assert_array_equal(second.W, W)


def test_a_change_in_place_keeps_the_array():
    """Other references to the array must see the change; W *= 2 assigns W to itself."""
    layer = net().weighted[0]
    W = layer.W
    layer.W *= 2
    assert layer.W is W


REFUSED = {
    "W of another shape": ("W", np.ones((64, 17)), ValueError, r"has shape \(64, 17\).*\(64, 16\)"),
    "W as PyTorch has it": ("W", np.ones((16, 64)), ValueError, "transposed: give its .T"),
    "b as a column": ("b", np.ones((16, 1)), ValueError, r"b of Dense.* needs \(16,\)"),
    "no W": ("W", None, TypeError, "W of Dense.* must be an array, but is None"),
    "no b": ("b", None, TypeError, "b of Dense.* must be an array, but is None"),
    "complex numbers": ("W", np.ones((64, 16), complex), TypeError, "real numbers.*complex128"),
    "objects": ("W", np.full((64, 16), None), TypeError, "real numbers.*object"),
    "words": ("b", ["a"] * 16, TypeError, "b of Dense.* must hold real numbers"),
    "NaN": ("W", np.full((64, 16), np.nan), ValueError, r"holds nan at index \(0, 0\)"),
    "too large for float32": ("W", np.full((64, 16), 1e39), ValueError, "holds inf"),
    "D of one dimension": ("D", np.ones(16), ValueError, r"has shape \(16,\).*\(any, any\)"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_array_is_refused_where_it_is_assigned(case):
    """A kernel would read past its end; the sentence must name the array and both shapes."""
    name, array, error, sentence = REFUSED[case]
    layer = net().weighted[0]
    before = getattr(layer, name)
    with pytest.raises(error, match=sentence):
        setattr(layer, name, array)
    assert getattr(layer, name) is before


def test_feedback_set_to_w_instead_of_its_transpose_is_refused_and_the_cure_is_named():
    """`WeightMirror.mirror` crashed the process, since its kernel did not check the shape of B."""
    trained = net()
    rule = rules.make("wm", steps_before=0)
    rule.attach(trained)
    layer = trained.layers[1]
    with pytest.raises(ValueError, match=r"\(16, 10\), but needs \(10, 16\); it is transposed"):
        layer.B = layer.W
    rule.mirror(trained, steps=2)
    assert np.isfinite(layer.B).all()


def test_a_layer_without_biases_takes_none():
    """A bias that is never updated would look like one that did not learn."""
    layer = net(bias=False).weighted[0]
    layer.b = None
    with pytest.raises(ValueError, match="bias=False, so that it takes no b"):
        layer.b = np.zeros(16)


def test_filters_are_owned_too():
    """A convolution is a layer with weights like any other."""
    layers = [Conv2D(1, 3, 3, activation="tanh"), Conv2D(3, 4, 3), Flatten(), Dense(64, 10)]
    second = Network(layers, input_shape=(1, 8, 8)).weighted[1]
    second.B = second.W.T
    assert second.B.flags.c_contiguous and not np.shares_memory(second.B, second.W)
    with pytest.raises(ValueError, match=r"B of Conv2D.* \(27, 4\), but needs \(4, 27\)"):
        second.B = second.W


# -- initialisers --------------------------------------------------------------------------------


def test_an_initialisers_array_is_never_the_layers_own():
    """Layers or rules "from the same start" used one array, and each changed the others'."""
    start = np.full((6, 6), 0.5, np.float32)
    shared = Network(
        [Dense(6, 6, "tanh", init=lambda *_: start), Dense(6, 6, init=lambda *_: start)]
    )
    rules.make("fa", feedback_init=lambda *_: start).attach(shared)
    first, last = shared.weighted
    first.W[:] = 1
    last.B[:] = 2
    assert (start == 0.5).all() and (last.W == 0.5).all()


@pytest.mark.parametrize("name", ["fa", "dfa", "ifa", "tp", "ddtp"])
def test_an_initialiser_that_draws_another_shape_is_refused_for_every_path(name):
    """A matrix of another shape must be refused before a kernel reads past its end."""
    turned = initialisers.get("xavier")
    option = "inverse_init" if name in ("tp", "ddtp") else "feedback_init"
    rule = rules.make(name, **{option: lambda rng, n_in, n_out: turned(rng, n_in + 1, n_out)})
    with pytest.raises(ValueError, match=r"a feedback matrix of .* has shape .* but needs"):
        rule.attach(net())


def test_an_initialiser_that_draws_weights_of_another_shape_is_refused():
    """(n_out, n_in) is the order of PyTorch, and a typical first mistake."""
    with pytest.raises(ValueError, match=r"W of Dense\(64.* has shape \(16, 64\).* give its .T"):
        net(init=lambda rng, n_in, n_out: rng.normal(size=(n_out, n_in)))


def test_one_matrix_for_all_layers_is_copied_to_each():
    """With `shared=True` the values are equal, but a change to one layer must not reach another."""
    deep = Network([Dense(5, 4, "tanh"), Dense(4, 4, "tanh"), Dense(4, 3)])
    rules.make("dfa", shared=True).attach(deep)
    first, second, _ = deep.weighted
    np.testing.assert_array_equal(first.D, second.D)
    first.D[:] = 0
    assert second.D.any()


# -- inverses ------------------------------------------------------------------------------------


def test_an_inverse_and_its_layer_have_one_matrix_however_it_is_set():
    """Otherwise targets would use one matrix, and diagnostics would measure another."""
    taught = net()
    rules.make("tp").attach(taught)
    layer = taught.weighted[1]
    layer.B = np.full((10, 16), 0.25)
    assert layer.inverse.B is layer.B and layer.inverse.W is layer.B and (layer.B == 0.25).all()
    layer.inverse.B = np.full((10, 16), 0.5)
    assert (layer.B == 0.5).all()
    for given in (np.ones((16, 10)), np.full((10, 16), np.inf)):
        with pytest.raises(ValueError, match="B of "):
            layer.inverse.B = given
    with pytest.raises(ValueError, match=r"c of Inverse.* needs \(16,\)"):
        layer.inverse.c = np.ones(10)


def test_attaching_another_rule_removes_the_inverse():
    """If B still changed a forgotten inverse, one array would have two owners."""
    taught = net()
    rules.make("tp").attach(taught)
    old = taught.weighted[1].inverse
    rules.make("fa").attach(taught)
    assert isinstance(old, Inverse) and taught.weighted[1].inverse is None
    assert not np.shares_memory(old.B, taught.weighted[1].B)
