"""The optimizers against their textbook formulas in plain NumPy."""

import numpy as np
import pytest

from nofb import threads
from nofb.optimizers import make
from nofb.schedules import SCHEDULES, constant, cosine, inverse_time, step
from nofb.training import SGD, Adam, AdamW, RMSprop

RNG = np.random.default_rng(0)
UPDATES = RNG.normal(size=(6, 5, 3))
START = RNG.normal(size=(5, 3))


def walk(optimizer, updates=UPDATES):
    """Return the parameter after all updates of an optimizer."""
    W = START.copy()
    for dW in updates:
        optimizer.step("W", W, dW)
    return W


def naive_sgd(lr, momentum=0.0, nesterov=False):
    W, v = START.copy(), 0.0
    for dW in UPDATES:
        v = momentum * v + dW
        W = W - lr * (dW + momentum * v if nesterov else v)
    return W


def naive_rmsprop(lr, rho, epsilon):
    W, s = START.copy(), 0.0
    for dW in UPDATES:
        s = rho * s + (1 - rho) * dW**2
        W = W - lr * dW / (np.sqrt(s) + epsilon)
    return W


def naive_adam(lr, beta1, beta2, epsilon, decay=0.0):
    W, m, s = START.copy(), 0.0, 0.0
    for t, dW in enumerate(UPDATES, start=1):
        m = beta1 * m + (1 - beta1) * dW
        s = beta2 * s + (1 - beta2) * dW**2
        m_hat, s_hat = m / (1 - beta1**t), s / (1 - beta2**t)
        W = W - decay * W - lr * m_hat / (np.sqrt(s_hat) + epsilon)
    return W


@pytest.mark.parametrize(
    ("optimizer", "expected"),
    [
        (SGD(lr=0.1), naive_sgd(0.1)),
        (SGD(lr=0.1, momentum=0.9), naive_sgd(0.1, 0.9)),
        (SGD(lr=0.1, momentum=0.9, nesterov=True), naive_sgd(0.1, 0.9, True)),
        (RMSprop(lr=0.01, rho=0.9, epsilon=1e-3), naive_rmsprop(0.01, 0.9, 1e-3)),
        (Adam(lr=0.01, beta1=0.8, beta2=0.9, epsilon=1e-3), naive_adam(0.01, 0.8, 0.9, 1e-3)),
        (AdamW(lr=0.01, decay=0.02), naive_adam(0.01, 0.9, 0.999, 1e-8, 0.02)),
    ],
    ids=["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"],
)
def test_every_optimizer_follows_its_textbook_formula(optimizer, expected):
    """With a wrong bias correction or another form of momentum, no published rate would fit."""
    np.testing.assert_allclose(walk(optimizer), expected, rtol=1e-12)


@pytest.mark.parametrize("make_optimizer", [SGD, RMSprop, Adam, AdamW])
def test_weight_decay_is_decoupled_and_shrinks_matrices_geometrically(make_optimizer):
    """Kolen-Pollack's law needs W to shrink by exactly 1 - λ a step, whatever the optimizer."""
    W = walk(make_optimizer(lr=0.1, decay=0.03), np.zeros_like(UPDATES))
    np.testing.assert_allclose(W, (1 - 0.03) ** len(UPDATES) * START, rtol=1e-12)


def test_weight_decay_leaves_biases_alone():
    """With decay on biases every threshold would go to zero, which no paper does."""
    b = np.ones(3)
    SGD(lr=0.1, decay=0.5).step("b", b, np.zeros(3))
    assert b.tolist() == [1, 1, 1]


def test_weight_decay_falls_with_the_learning_rate():
    """A fixed decay with a falling rate would shrink a trained network to nothing."""
    optimizer = SGD(lr=0.1, decay=0.4, schedule=lambda epoch, epochs: 0.5)
    optimizer.at(3.0, 10)
    np.testing.assert_allclose(walk(optimizer, np.zeros((1, 5, 3))), 0.8 * START)


def test_the_rate_follows_the_schedule():
    """Cosine annealing that never reaches the optimizer would be a constant rate."""
    optimizer = SGD(lr=0.2, schedule="cosine")
    optimizer.at(5.0, 10)
    np.testing.assert_allclose(walk(optimizer, UPDATES[:1]), START - 0.1 * UPDATES[0])


@pytest.mark.parametrize("make_optimizer", [SGD, RMSprop, Adam, AdamW])
def test_every_optimizer_multiplies_its_rate_by_the_schedules_factor(make_optimizer):
    """The first step is proportional to the rate, for any averages."""
    whole, less = (make_optimizer(lr=0.2, decay=0.0, schedule=lambda *_, s=s: s) for s in (1, 0.25))
    for optimizer in (whole, less):
        optimizer.at(0.0, 10)
    steps = [START - walk(optimizer, UPDATES[:1]) for optimizer in (whole, less)]
    np.testing.assert_allclose(steps[1], 0.25 * steps[0], rtol=1e-9)


def test_max_norm_shortens_long_columns_only_and_keeps_their_direction():
    """Max-norm limits the weights into a unit: the columns of W, which is (n_in, n_out)."""
    W = np.array([[3.0, 0.1], [4.0, 0.2]])
    SGD(lr=0.1, max_norm=1.0).step("W", W, np.zeros((2, 2)))
    np.testing.assert_allclose(W, [[0.6, 0.1], [0.8, 0.2]])


@pytest.mark.parametrize("threaded", [True, False])
def test_max_norm_holds_for_all_parameters_of_a_step(threaded, monkeypatch):
    """A step in several threads moves rows, and the limit is for columns: it comes afterwards."""
    monkeypatch.setattr(threads, "size", lambda: 2 if threaded else 1)
    monkeypatch.setattr(threads, "pays_off", lambda work: threaded)
    monkeypatch.setattr(threads, "run", lambda jobs: [job() for job in jobs])
    moves = [(name, START.copy(), np.zeros_like(START)) for name in ("W1", "W2")]
    SGD(lr=0.1, max_norm=0.1).step_all(moves)
    for _, W, _ in moves:
        np.testing.assert_allclose(np.linalg.norm(W, axis=0), 0.1)


def test_max_norm_does_not_hide_that_weights_are_far_too_large():
    """Their squares overflow; scaled by limit / inf, they would all be zero, and training go on."""
    W = np.full((3, 2), 1e25, np.float32)
    with np.errstate(over="ignore"):
        SGD(lr=1e-9, max_norm=3.0).step("W", W, np.zeros_like(W))
    assert (np.float32(1e25) == W).all()


@pytest.mark.parametrize("times", [1.001, 1.25, 1.499, 1.75, 40.0])
def test_every_column_above_the_limit_is_shortened_however_little_it_exceeds_it(times):
    """A limit that allows 1.5 times its length is another limit."""
    directions = START / np.linalg.norm(START, axis=0)
    W = directions * [0.8 * times, 0.8, 0.8 / times]
    SGD(lr=0.1, max_norm=0.8).step("W", W, np.zeros_like(W))
    np.testing.assert_allclose(W, directions * [0.8, 0.8, 0.8 / times], rtol=1e-12)


def test_parameters_have_separate_averages():
    """Two layers with one momentum would change each other."""
    optimizer, W, b = SGD(lr=1.0, momentum=0.5), np.zeros((2, 2)), np.zeros(2)
    optimizer.step("W", W, np.ones((2, 2)))
    optimizer.step("b", b, np.zeros(2))
    assert b.tolist() == [0, 0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["sgd", "rmsprop", "adam", "adamw"])
def test_a_step_works_in_place_and_keeps_the_type(name, dtype):
    """If a step made a new array, the layer would keep its old weights."""
    W = np.ones((4, 3), dtype)
    optimizer = make(name, lr=0.1)
    optimizer.step("W", W, np.full((4, 3), 2, dtype))
    assert W.dtype == dtype
    assert (W < 1).all()


def test_schedules_return_the_factor_of_the_rate():
    """A schedule is a factor of η_0, so it starts at 1; only a warm-up starts at 0."""
    starts = {name: schedule()(0.0, 10) for name, schedule in SCHEDULES.items()}
    assert starts.pop("warmup") == 0
    assert set(starts.values()) == {1}
    assert constant()(7.5, 10) == 1
    assert step(every=3, factor=0.1)(6.5, 10) == pytest.approx(0.01)
    assert cosine()(5.0, 10) == pytest.approx(0.5)
    assert inverse_time(0.5)(4.0, 10) == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: SGD(lr=0), "lr must be finite and greater than 0, but is 0"),
        (lambda: SGD(lr=float("nan")), "lr must be finite"),
        (lambda: SGD(lr=0.1, momentum=1.0), r"momentum must be .* less than 1, but is 1.0"),
        (lambda: SGD(lr=0.1, nesterov=True), "momentum must not be 0"),
        (
            lambda: SGD(lr=0.1, schedule="cosin"),
            r"schedule is 'cosin' .*'cosine'\?\), .*constant, step, cosine",
        ),
        (lambda: SGD(lr=0.1, decay=-1), "decay must be"),
        (lambda: SGD(lr=0.1, max_norm=0), "max_norm must be"),
        (lambda: RMSprop(rho=1), "rho must be"),
        (lambda: Adam(beta2=1.5), "beta2 must be"),
        (
            lambda: make("agd"),
            r"optimizer is 'agd' \(did you mean 'sgd'\?\), but must be one of: sgd, rmsprop, adam",
        ),
    ],
)
def test_a_bad_hyper_parameter_is_named(build, sentence):
    """A student who mistypes a rate must read which one, and what is allowed."""
    with pytest.raises(ValueError, match=sentence):
        build()


def test_a_rate_that_is_no_number_is_refused():
    """A string from a form would fail inside of a kernel."""
    with pytest.raises(TypeError, match=r"lr must be a number, but is '0.1'"):
        SGD(lr="0.1")


@pytest.mark.parametrize("other", [(2, 3), (5, 2), (5, 4), (7, 3), (15,)])
@pytest.mark.parametrize("make_optimizer", [lambda: SGD(momentum=0.5), RMSprop, Adam])
def test_averages_of_a_smaller_or_a_larger_matrix_are_refused(make_optimizer, other):
    """Those of a larger one would fit into memory, but belong to other weights."""
    optimizer = make_optimizer()
    optimizer.step("W", np.zeros(other), np.ones(other))
    W = START.copy()
    with pytest.raises(ValueError, match=r"these averages are of another network"):
        optimizer.step("W", W, np.ones_like(W))
    np.testing.assert_array_equal(W, START)
