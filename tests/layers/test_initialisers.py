"""How matrices are drawn: their variance by formula, and their random numbers."""

import numpy as np
import pytest
from oracles import dense_net

from nofb import initialisers, rules, seeds
from nofb.initialisers import INITIALISERS

N_IN, N_OUT = 400, 300

VARIANCES = {
    "xavier": 2 / (N_IN + N_OUT),
    "he": 2 / N_IN,
    "lecun": 1 / N_IN,
    "uniform_fan_in": 1 / N_IN / 3,
    "uniform_fan_out": 1 / N_OUT / 3,
    "orthogonal": 1 / N_IN,  # every column has length one
    "zeros": 0,
}


def drawn(name: str, n_in: int = N_IN, n_out: int = N_OUT):
    return INITIALISERS[name](np.random.default_rng(0), n_in, n_out)


def test_every_initialiser_has_a_known_variance():
    """An initialiser without a formula in this file would not be tested."""
    assert set(VARIANCES) == set(INITIALISERS)


@pytest.mark.parametrize("name", INITIALISERS)
def test_an_initialiser_has_the_mean_and_variance_of_its_formula(name):
    """The scale determines whether signals vanish or explode, and how well feedback can align."""
    W = drawn(name)
    assert W.shape == (N_IN, N_OUT)
    assert W.var() == pytest.approx(VARIANCES[name], rel=0.02)
    assert abs(W.mean()) <= 5 * np.sqrt(VARIANCES[name] / W.size)


@pytest.mark.parametrize("name", INITIALISERS)
def test_an_initialiser_is_repeated_by_its_generator(name):
    """The generator is the only source of random numbers, so a run can be repeated."""
    np.testing.assert_array_equal(drawn(name), drawn(name))


@pytest.mark.parametrize(("name", "fan"), [("uniform_fan_in", N_IN), ("uniform_fan_out", N_OUT)])
def test_a_uniform_initialiser_reaches_its_bounds_and_stays_inside(name, fan):
    """Nøkland's bounds are ±1/√fan, and his variances follow from them."""
    scaled = drawn(name) * np.sqrt(fan)
    assert -1 <= scaled.min() < -0.99
    assert 0.99 < scaled.max() <= 1
    quarters = np.histogram(scaled, bins=4, range=(-1, 1))[0] / scaled.size
    np.testing.assert_allclose(quarters, 0.25, atol=0.01)


@pytest.mark.parametrize("name", ["xavier", "he", "lecun"])
def test_a_normal_initialiser_is_normal(name):
    """The closed-form angles of sign-symmetry hold for Gaussian weights only."""
    standard = drawn(name) / np.sqrt(VARIANCES[name])
    assert (standard**4).mean() == pytest.approx(3, rel=0.03)
    assert (np.abs(standard) < 1).mean() == pytest.approx(0.6827, abs=0.005)


@pytest.mark.parametrize("shape", [(5, 5), (7, 3), (3, 7), (1, 4), (4, 1)])
def test_an_orthogonal_matrix_preserves_lengths(shape):
    """Its rows or columns, whichever are fewer, are orthonormal: all singular values are one."""
    values = np.linalg.svd(drawn("orthogonal", *shape), compute_uv=False)
    np.testing.assert_allclose(values, 1, rtol=1e-12)


def test_an_orthogonal_matrix_has_no_preferred_direction():
    """QR alone would fix the sign of the first column; here it is negative half of the time."""
    rng = np.random.default_rng(0)
    draws = np.array([initialisers.orthogonal(rng, 3, 2) for _ in range(2000)])
    np.testing.assert_allclose((draws < 0).mean(axis=0), 0.5, atol=0.05)
    np.testing.assert_allclose((draws**2).mean(axis=0), 1 / 3, atol=0.03)


@pytest.mark.parametrize("name", INITIALISERS)
def test_a_scaled_initialiser_draws_the_same_numbers_times_the_scale(name):
    """Alignment is studied with scaled feedback; nothing but the scale may change."""
    triple = initialisers.scaled(name, 3.0)(np.random.default_rng(0), 5, 4)
    np.testing.assert_allclose(triple, 3 * drawn(name, 5, 4), rtol=1e-15)


def test_an_initialiser_may_be_a_users_own_function():
    """The first experiment of many students is another initialiser."""
    net = dense_net(init=lambda rng, n_in, n_out: np.full((n_in, n_out), 0.5))
    assert all((layer.W == 0.5).all() for layer in net.weighted)


@pytest.mark.parametrize("scale", [-1.0, np.nan, np.inf])
def test_a_scale_below_zero_is_refused(scale):
    """With a symmetric distribution a negative scale would have no visible effect."""
    with pytest.raises(ValueError, match="scale must be finite and at least 0"):
        initialisers.scaled("he", scale)


# -- streams -------------------------------------------------------------------------------------


def numbers(rng: np.random.Generator):
    return rng.random(1000)


def overlap(one, other) -> bool:
    """Return whether any number of one array occurs in the other."""
    return bool(np.isin(one, other).any())


@pytest.mark.parametrize("seed", [0, 1, 12345])
def test_the_streams_of_one_seed_are_independent(seed):
    """Feedback from the stream of the weights would be correlated with the weights."""
    streams = [
        numbers(seeds.generator(seed, purpose, index))
        for purpose in seeds.PURPOSES
        for index in range(3)
    ]
    correlations = np.corrcoef(streams) - np.eye(len(streams))
    assert np.abs(correlations).max() < 0.15
    assert len(np.unique(streams)) == 1000 * len(streams)


@pytest.mark.parametrize("purpose", seeds.PURPOSES)
@pytest.mark.parametrize("seed", [0, 1, 7])
def test_no_stream_equals_the_one_that_users_draw_their_data_from(purpose, seed):
    """Data from default_rng(seed) must not consist of the same numbers as the weights."""
    own = numbers(np.random.default_rng(seed))
    assert not overlap(own, numbers(seeds.generator(seed, purpose)))


def test_no_stream_of_a_large_seed_equals_that_of_a_small_seed_for_another_purpose():
    """Seeds from a clock or a hash exceed 32 bits: they must not change the purpose."""
    small = np.concatenate([numbers(seeds.generator(0, purpose)) for purpose in seeds.PURPOSES])
    for power in (32, 64):
        for purpose in seeds.PURPOSES:
            assert not overlap(numbers(seeds.generator(2**power, purpose)), small)


def test_another_seed_gives_other_numbers_for_every_purpose():
    """A published number is compared by its spread over seeds."""
    for purpose in seeds.PURPOSES:
        one, other = (numbers(seeds.generator(seed, purpose)) for seed in (0, 1))
        assert not overlap(one, other)


def test_weights_do_not_depend_on_the_rule_and_feedback_not_on_the_weights_seed():
    """Rules are compared from the same start, and feedback is varied with the weights fixed."""
    nets = [dense_net(seed=seed) for seed in (1, 1, 2)]
    for net, feedback_seed in zip(nets, (3, 4, 3), strict=True):
        rules.make("fa").attach(net, seed=feedback_seed)
    first, other_feedback, other_weights = (net.weighted[1] for net in nets)
    np.testing.assert_array_equal(first.W, other_feedback.W)
    np.testing.assert_array_equal(first.B, other_weights.B)
    assert (first.B != other_feedback.B).all()
    assert (first.W != other_weights.W).all()


def test_forward_and_feedback_initialisers_are_chosen_separately():
    """Nøkland's start, zero weights with random feedback, needs two separate choices."""
    net = dense_net(init="zeros")
    rules.make("fa", feedback_init="lecun").attach(net)
    assert not any(layer.W.any() for layer in net.weighted)
    assert all(layer.B.any() for layer in net.weighted[1:])


@pytest.mark.parametrize("name", ["dfa", "fa"])
def test_default_feedback_is_uniform_by_the_number_of_units_it_reaches(name):
    """Nøkland draws D_l from ±1/√n_l; B reaches the units below, so its bound is ±1/√n_{l-1}."""
    net = dense_net((2, 300, 200))
    rules.make(name).attach(net)
    matrix = net.weighted[1].B if name == "fa" else net.weighted[0].D
    bound = 1 / np.sqrt(300)
    assert 0.99 * bound < np.abs(matrix).max() <= bound
    assert matrix.var() == pytest.approx(bound**2 / 3, rel=0.02)
