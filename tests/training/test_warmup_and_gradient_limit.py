"""Settings for transformers: a rate with a warm-up, and updates of limited length."""

import pickle

import numpy as np
import pytest

import nofb
from nofb import Dense, Network, threads
from nofb.optimizers import SGD, Adam, AdamW, RMSprop
from nofb.schedules import cosine, warmup

RNG = np.random.default_rng(0)
SHAPES = {"0.W": (5, 3), "0.b": (3,), "1.W": (3, 2)}


def moves(scale=1.0, dtype=np.float64):
    """Return parameters of zeros with updates whose total length is `scale`."""
    updates = [RNG.normal(size=shape) for shape in SHAPES.values()]
    length = np.sqrt(sum((update**2).sum() for update in updates))
    return [
        (name, np.zeros(shape, dtype), (scale * update / length).astype(dtype))
        for (name, shape), update in zip(SHAPES.items(), updates, strict=True)
    ]


def total(arrays):
    return np.sqrt(sum((array**2).sum() for array in arrays))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("length", [3.0, 1.0001, 400.0])
def test_updates_above_the_limit_are_all_shortened_by_one_factor(length, dtype):
    """If each parameter were shortened alone, the direction of the step would change."""
    given = moves(length, dtype)
    SGD(lr=1.0, max_gradient=1.0).step_all(given)
    for _, parameter, update in given:
        np.testing.assert_allclose(parameter, -update / length, rtol=1e-5)
        assert parameter.dtype == dtype
    assert total(parameter for _, parameter, _ in given) == pytest.approx(1.0, rel=1e-5)


def test_updates_below_the_limit_do_not_change():
    """If short updates were lengthened, it would be normalised gradient descent."""
    given = moves(0.75)
    SGD(lr=1.0, max_gradient=1.0).step_all(given)
    for _, parameter, update in given:
        np.testing.assert_array_equal(parameter, -update)


@pytest.mark.parametrize("make", [SGD, RMSprop, Adam, AdamW])
def test_the_limit_is_applied_before_the_running_averages(make):
    """A limit after Adam's division would limit the step, which is another method."""
    long, short = moves(8.0), moves(1.0)
    short = [(name, p.copy(), u / 8.0) for name, p, u in long]
    limited, plain = make(lr=0.1, max_gradient=1.0), make(lr=0.1)
    limited.step_all(long)
    plain.step_all(short)
    for (_, one, _), (_, other, _) in zip(long, short, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_the_limit_does_not_change_the_updates_that_a_rule_returned():
    """A callback, or a rule that keeps its update, would find a shortened one."""
    given = moves(5.0)
    kept = [update.copy() for _, _, update in given]
    SGD(lr=1.0, max_gradient=1.0).step_all(given)
    for (_, _, update), before in zip(given, kept, strict=True):
        np.testing.assert_array_equal(update, before)


def test_a_single_parameter_is_limited_too():
    """`step` is `step_all` with one parameter."""
    W, update = np.zeros((2, 1)), np.array([[3.0], [4.0]])
    SGD(lr=1.0, max_gradient=1.0).step("W", W, update)
    np.testing.assert_allclose(W, [[-0.6], [-0.8]])


def test_small_updates_are_not_lost_in_the_sum_of_squares():
    """In float32 a million small squares beside a large one would count as zero."""
    large, many = np.array([4096.0], np.float32), np.full((1000, 1000), 1.0, np.float32)
    given = [("a", np.zeros(1, np.float32), large), ("b", np.zeros_like(many), many)]
    SGD(lr=1.0, max_gradient=1.0).step_all(given)
    assert given[0][1][0] == pytest.approx(-4096 / np.sqrt(4096.0**2 + 1e6), rel=1e-6)


def test_several_threads_take_the_same_limited_step():
    """If parts of a matrix were limited alone, each would have another factor."""
    updates = [RNG.normal(size=(1500, 1200)), RNG.normal(size=(1200,))]
    ends = []
    for size in (1, 2):
        parameters = [np.zeros_like(update) for update in updates]
        with threads.team(size):
            names = zip(("W", "b"), parameters, updates, strict=True)
            SGD(lr=1.0, max_gradient=2.0).step_all(list(names))
        ends.append(parameters)
    assert total(ends[0]) == pytest.approx(2.0)
    for one, two in zip(*ends, strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("wrong", [np.ones((5, 3), complex), np.full((5, 3), "a")])
def test_an_update_without_real_numbers_is_named_before_its_length_is_computed(wrong):
    """The error of Numba would not help a student."""
    with pytest.raises(TypeError, match=r"the update of 0\.W must hold real numbers"):
        SGD(max_gradient=1.0).step_all([("0.W", np.zeros((5, 3)), wrong)])


def test_kolen_pollack_keeps_its_law_with_the_limit():
    """W and B must get the same shortened update; otherwise W - Bᵀ does not shrink by 1 - λ."""
    net = Network([Dense(4, 6, activation="tanh"), Dense(6, 3)], seed=0, dtype=np.float64)
    rule, layer = nofb.rules.make("kp_released"), net.layers[1]  # without its own decay
    rule.attach(net, seed=1)
    gap = layer.W - layer.B.T
    data = nofb.datasets.Dataset(10 * RNG.normal(size=(8, 4)), np.arange(8) % 3,
                                 RNG.normal(size=(3, 4)), np.arange(3))  # fmt: skip
    optimizer = SGD(lr=0.5, decay=0.1, max_gradient=0.01)
    nofb.fit(net, rule, data, 3, 8, optimizer, probe=0, progress=False)
    np.testing.assert_allclose(layer.W - layer.B.T, 0.9**3 * gap, rtol=1e-9)


def test_a_run_that_diverges_with_the_limit_says_so():
    """If the limit turned NaN into a short step, it would hide the divergence."""
    (_, W, _), *_ = given = moves(1.0)
    given[0][2][0, 0] = np.nan
    SGD(lr=1.0, max_gradient=0.5).step_all(given)
    assert np.isnan(W[0, 0])


@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.9])
def test_a_warm_up_rises_linearly_and_then_does_not_change_the_schedule(fraction):
    """With a kink, or a later start of the cosine, every later step would have another rate."""
    schedule, ends = warmup(fraction), fraction * 12
    for share in (0.0, 0.25, 0.75, 1.0):
        expected = share * cosine()(share * ends, 12)
        assert schedule(share * ends, 12) == pytest.approx(expected)
    for epoch in np.linspace(ends, 12, 5):
        assert schedule(epoch, 12) == pytest.approx(cosine()(epoch, 12))


def test_a_warm_up_can_be_combined_with_any_schedule():
    """The schedule may be a name, an object or a user's function."""
    for then in ("constant", lambda epoch, epochs: 1.0, warmup(0.5, "constant")):
        assert warmup(0.5, then)(3.0, 4) == 1.0
    with pytest.raises(ValueError, match=r"schedule is 'cosin'"):
        warmup(0.1, "cosin")


@pytest.mark.parametrize("fraction", [0, 1, -0.1, float("nan")])
def test_a_warm_up_that_is_not_shorter_than_the_run_is_refused(fraction):
    """The full rate would never be reached."""
    with pytest.raises(ValueError, match="fraction must be"):
        warmup(fraction)


def test_a_warm_up_can_be_pickled_and_has_a_name():
    """Runs in other processes, and checkpoints, need both."""
    there = pickle.loads(pickle.dumps(AdamW(schedule=warmup(0.2))))
    there.at(0.1, 1)
    assert there.factor == pytest.approx(0.5 * cosine()(0.1, 1))
    named = SGD(schedule="warmup")
    named.at(0.05, 1)
    assert named.factor == pytest.approx(0.5 * cosine()(0.05, 1))


def test_updates_of_whole_numbers_are_shortened_too():
    """A factor below 1 that became a whole number would stop all learning."""
    W = np.zeros((2, 1))
    SGD(lr=1.0, max_gradient=0.5).step("W", W, np.array([[3], [4]]))
    np.testing.assert_allclose(W, [[-0.3], [-0.4]])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("huge", [1e200, np.inf])
def test_updates_without_a_finite_length_are_not_shortened_to_nothing(huge):
    """The run has diverged, and whoever trains must see it in the weights."""
    W = np.zeros((2, 1))
    SGD(lr=1.0, max_gradient=0.5).step("W", W, np.array([[huge], [1.0]]))
    assert W[0, 0] == -huge


def test_a_schedule_that_is_set_later_is_followed():
    """As a rate that is set later is."""
    optimizer = SGD()
    optimizer.schedule = "cosine"
    optimizer.at(10, 10)
    assert optimizer.factor == 0
