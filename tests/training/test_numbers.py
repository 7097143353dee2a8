"""Meaningless numbers are refused, with the cure, before a weight changes."""

import warnings

import numpy as np
import pytest

import nofb
from nofb import SGD, Conv2D, Dense, Flatten, Network, losses, rules
from nofb.datasets import Dataset
from nofb.training import DivergenceWarning

DIGITS = nofb.datasets.load("digits")
RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4))
HALF = (X[:, 0] > 0).astype(int)  # two classes that a straight line separates


def logistic(**options):
    return Network([Dense(4, 8, "tanh"), Dense(8, 1)], loss="binary_cross_entropy", **options)


def linear(**options):
    return Network([Dense(4, 8, "tanh"), Dense(8, 1)], loss="squared_error", **options)


def train(net, data, **options):
    options = {"epochs": 3, "progress": False, "optimizer": SGD(lr=0.5), **options}
    return nofb.fit(net, rules.make("fa"), data, **options)


# -- one output ----------------------------------------------------------------------------------


def test_one_logistic_output_serves_two_classes():
    """Its accuracy was always 1 and its prediction 0, since the argmax of one number is 0."""
    net, data = logistic(), Dataset(X[:40], HALF[:40], X[40:], HALF[40:])
    run = train(net, data, epochs=30)
    predicted, above = net.predict(X), net.outputs(X)[:, 0] > 0.5
    np.testing.assert_array_equal(predicted, above)
    assert set(predicted) == {0, 1}
    right = (predicted[40:] == HALF[40:]).mean()
    assert 0.8 < right == pytest.approx(net.accuracy(X[40:], HALF[40:]))
    assert run.history["test_accuracy"][-1] == pytest.approx(right)
    assert net.accuracy(X, 1 - predicted) == 0
    assert run.history.start["test_accuracy"] < run.history["train_accuracy"][-1] <= 1


def test_labels_and_a_column_are_one_target_for_a_logistic_output():
    """Log loss in closed form: -log σ(a) where the label is 1, -log(1 - σ(a)) where it is 0."""
    net = logistic(dtype=np.float64)
    p = net.outputs(X)[:, 0]
    expected = -np.log(np.where(HALF == 1, p, 1 - p)).mean()
    for y in (HALF, HALF.astype(np.uint8), HALF[:, None], HALF[:, None].astype(float)):
        assert net.loss(X, y) == pytest.approx(expected, rel=1e-12)
    column = Dataset(X[:40], HALF[:40, None] * 1.0, X[40:], HALF[40:, None] * 1.0)
    labels = Dataset(X[:40], HALF[:40], X[40:], HALF[40:])
    first, same = (train(logistic(), data).history for data in (column, labels))
    for name in ("loss", "test_accuracy", "train_accuracy"):
        np.testing.assert_array_equal(first[name], same[name])


def test_one_logistic_output_and_two_softmax_outputs_are_one_classifier():
    """σ(a) is the second entry of softmax(0, a): equal weights must give equal outputs."""
    one, two = logistic(dtype=np.float64), Network([Dense(4, 8, "tanh"), Dense(8, 2)],
                                                   dtype=np.float64)  # fmt: skip
    two.layers[0].W[:], two.layers[1].W[:] = one.layers[0].W, 0
    two.layers[1].W[:, 1] = one.layers[1].W[:, 0]
    np.testing.assert_array_equal(one.predict(X), two.predict(X))
    assert one.evaluate(X, HALF) == pytest.approx(two.evaluate(X, HALF))


def test_a_logistic_output_refuses_a_third_class_with_the_cure():
    """Three classes need three outputs, and labels 1 and 2 must be numbered from 0."""
    with pytest.raises(ValueError, match=r"label 2 at sample 1, .* one output, for two classes: "
                       r"labels are 0 to 1; np\.unique\(y, return_inverse=True\)"):  # fmt: skip
        logistic().loss(X[:2], np.array([1, 2]))


def test_one_linear_output_has_no_classes():
    """A regression that "predicts" class 0 with accuracy 1 would be meaningless."""
    net, y = linear(), X[:, :1]
    with pytest.raises(ValueError, match=r"one linear output names none: outputs\(x\)"):
        net.predict(X)
    assert np.isnan(net.accuracy(X, y)) and np.isfinite(net.loss(X, y))
    run = train(net, Dataset(X[:40], y[:40], X[40:], y[40:]), optimizer=SGD(lr=0.05))
    assert np.isnan(run.history["test_accuracy"]).all()
    assert np.isnan(run.history["train_accuracy"]).all()


def test_one_linear_output_refuses_labels_with_the_cure():
    """The label 0 became the target 1, as if it were one-hot, and every other was refused."""
    with pytest.raises(ValueError, match=r"y is a vector of labels, .*: y\.reshape\(-1, 1\)"):
        linear().loss(X, np.zeros(60, int))
    with pytest.raises(TypeError, match=r"float64: .* y\.reshape\(-1, 1\) for real-valued"):
        linear().loss(X, X[:, 0])


def test_a_softmax_over_one_class_is_refused():
    """It is always 1, so its loss is 0 and its accuracy 100 %."""
    with pytest.raises(ValueError, match='use "binary_cross_entropy" for two classes'):
        Network([Dense(4, 8, "tanh"), Dense(8, 1)])


@pytest.mark.parametrize(
    ("net", "target"),
    [
        (logistic(), [[0.0], [2.0]]),
        (logistic(), [[0.5], [-1.0]]),
        (Network([Dense(4, 2)]), [[0.5, 0.5], [2.0, -1.0]]),
    ],
)
def test_targets_that_are_no_probabilities_are_refused(net, target):
    """ŷ - y is the gradient of a log loss for targets from 0 to 1 only; others diverge."""
    with pytest.raises(
        ValueError, match=r"at sample 1, but .*cross_entropy needs targets from 0 to"
    ):
        net.loss(X[:2], np.array(target))


# -- labels --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "error", "cure"),
    [
        (np.array(["cat", "dog"] * 20), TypeError, "np.unique(y, return_inverse=True)[1]"),
        (np.array([1, -1] * 20), ValueError, "np.unique(y, return_inverse=True)[1]"),
        (np.array([1.0, 0.0] * 20), TypeError, "y.astype(int)"),
        (np.array([True, False] * 20), TypeError, "y.astype(int)"),
        (np.array([0, 2] * 20)[:, None], ValueError, "y.ravel()"),
    ],
)
def test_labels_of_another_kind_are_refused_with_a_cure_that_works(y, error, cure):
    """A sentence with the line to write helps more than one with the mistake alone."""
    with pytest.raises(error) as refusal:
        Dataset(X[:40], y, X[40:], np.zeros(20, int))
    assert cure in str(refusal.value)
    mended = eval(
        cure.replace("_inverse=True)[1]", "_inverse=True)[1].ravel()"), {"np": np, "y": y}
    )
    assert Dataset(X[:40], mended, X[40:], np.ones(20, int)).n_classes in (2, 3)


@pytest.mark.parametrize("first", [0.0, 1.0])
def test_a_column_of_labels_is_not_silently_taken_for_a_regression(first):
    """The run ended with NaN as its accuracy, and users did not know why."""
    y = (first + np.arange(60) % 3).reshape(-1, 1)
    with pytest.warns(nofb.datasets.DataWarning, match=r"numbers \d to \d, .*y\.ravel\(\)") as seen:
        data = Dataset(X[:40], y[:40], X[40:], y[40:])
    assert data.n_classes is None and seen[0].filename == __file__


@pytest.mark.parametrize(
    "y",
    [
        RNG.normal(size=(60, 1)),
        RNG.integers(18, 80, size=(60, 1)) * 1.0,  # ages
        RNG.integers(0, 40, size=(60, 1)) ** 2.0,  # counts with gaps
        np.arange(60.0)[:, None],  # every value once
        np.arange(60.0)[:, None] % 2,  # targets of one unit, such as those of XOR
        np.arange(120.0).reshape(60, 2) % 3,
    ],
    ids=["reals", "ages", "counts", "a ramp", "0 and 1", "two columns"],
)
def test_a_valid_regression_gives_no_warning(y):
    """Users ignore a warning that was wrong once."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Dataset(X[:40], y[:40], X[40:], y[40:]).n_classes is None


def test_a_column_of_labels_is_refused_by_a_network_with_an_output_for_each():
    """Predictions can be scored without a data set, so the network must check, too."""
    with pytest.raises(ValueError, match=r"labels: y\.ravel\(\)\.astype\(int\)"):
        Network([Dense(4, 3)]).accuracy(X, np.zeros((60, 1)))


# -- pixels and images ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dtype", "top"),
    [(np.uint8, 255), (np.int64, 255), (np.float32, 255), (np.uint16, 65535), (float, 65535)],
)
def test_pixels_from_0_to_255_give_a_warning(dtype, top):
    """They saturate every tanh unit, and the error at the end blamed the learning rate."""
    raw = np.rint(DIGITS.x_train[:50] * top).astype(dtype)
    y = DIGITS.y_train[:50]
    with pytest.warns(nofb.datasets.DataWarning, match=f"x_train / {top}") as seen:
        Dataset(raw, y, DIGITS.x_test[:20], y[:20])
    assert len(seen) == 1
    with pytest.warns(nofb.datasets.DataWarning, match=f"x_test / {top}"):
        Dataset(DIGITS.x_train[:50], y, raw[:20], y[:20])  # only one of the two was scaled


def test_images_with_their_channels_at_the_end_give_a_warning():
    """Digits of 8 x 8 pixels were taken for eight maps of 8 x 1."""
    images, y = DIGITS.x_train[:50].reshape(-1, 8, 8, 1), DIGITS.y_train[:50]
    photographs = RNG.random((50, 20, 32, 3))
    for x, cured in ((images, (1, 8, 8)), (photographs, (3, 20, 32))):
        with pytest.warns(nofb.datasets.DataWarning, match=r"x\.transpose\(0, 3, 1, 2\)"):
            Dataset(x, y, x, y)
        turned = x.transpose(0, 3, 1, 2)
        assert Dataset(turned, y, turned, y).image_shape == cured
    with pytest.warns(nofb.datasets.DataWarning, match=r"image_shape is \(8, 8, 1\)"):
        Dataset(DIGITS.x_train, DIGITS.y_train, DIGITS.x_test, DIGITS.y_test, image_shape=(8, 8, 1))


@pytest.mark.parametrize(
    "x",
    [
        RNG.normal(size=(50, 9)) * 1000,  # large, but not pixels
        RNG.integers(0, 17, size=(50, 64)),  # the digits of scikit-learn
        RNG.integers(-255, 256, size=(50, 9)),
        RNG.integers(0, 2, size=(50, 9)),
        RNG.random((50, 3, 32, 32)),
        RNG.random((50, 22, 250, 1)),  # the electrodes of an EEG, over time
        RNG.random((50, 16, 4, 4)),
    ],
    ids=["large", "digits", "signed", "binary", "photographs", "series", "maps"],
)
def test_valid_samples_give_no_warning(x):
    """Standardised data, counts and time series are not pixels."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Dataset(x, np.arange(50) % 3, x, np.arange(50) % 3)


@pytest.mark.parametrize("known", [True, False])
def test_a_network_says_that_channels_come_first(known):
    """`predict` and `evaluate` accept arrays without a data set."""
    shape = (1, 8, 8) if known else None
    net = Network([Conv2D(1, 2, 3), Flatten(), Dense(72, 10)], input_shape=shape)
    images = DIGITS.x_test[:5].reshape(-1, 8, 8, 1)
    with pytest.raises(ValueError, match=r"must come first: x\.transpose\(0, 3, 1, 2\)"):
        net.predict(images)
    assert net.predict(images.transpose(0, 3, 1, 2)).shape == (5,)


# -- the range of the network's type -------------------------------------------------------------


def too_large(name):
    """Return data with finite float64 values, one of which float32 cannot hold."""
    arrays = {"x_train": X[:40].copy(), "x_test": X[40:].copy()}
    arrays |= {"y_train": X[:40, :1].copy(), "y_test": X[40:, :1].copy()}
    arrays[name][3, 0] = 1e300
    return Dataset(**arrays)


@pytest.mark.parametrize("name", ["x_train", "x_test", "y_train", "y_test"])
def test_a_value_that_float32_cannot_hold_is_refused_with_its_position(name):
    """It passed the check for infinity in float64, and became infinite in the network."""
    net = linear()
    before = [layer.W.copy() for layer in net.weighted]
    with pytest.raises(ValueError, match=rf"{name} holds 1e\+300 at index \(3, 0\), which float32 "
                       "cannot hold: scale the values"):  # fmt: skip
        train(net, too_large(name))
    for layer, W in zip(net.weighted, before, strict=True):
        np.testing.assert_array_equal(layer.W, W)


def test_float64_accepts_what_float32_cannot_hold():
    """The cure that the sentence names must work."""
    x = X.copy()
    x[3, 0] = 1e300
    assert linear(dtype=np.float64).outputs(x).shape == (60, 1)
    for act in (linear().outputs, linear().forward, rules.make("bp").attach(net := linear()) or
                (lambda x: net.rule.updates(net, x, X[:, :1]))):  # fmt: skip
        with pytest.raises(ValueError, match="which float32 cannot hold"):
            act(x)


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")  # the warning of NumPy
def test_inputs_that_overflow_in_the_network_are_named_before_a_weight_changes():
    """1e30 is a float32, but its square is not; no learning rate could help."""
    for split in ("x_train", "x_test"):
        arrays = {"x_train": X[:40].copy(), "x_test": X[40:].copy()}
        arrays[split][:] = 1e30
        net = Network([Dense(4, 8), Dense(8, 1)], loss="squared_error")
        before = [layer.W.copy() for layer in net.weighted]
        data = Dataset(y_train=X[:40, :1], y_test=X[40:, :1], **arrays)
        if split == "x_test":
            with pytest.raises(
                ValueError, match=r"not finite: the weights reach .* and x_test 1e\+30"
            ):
                train(net, data)
        else:
            with pytest.warns(DivergenceWarning, match=r"step 1: .*no weight has moved yet, so "
                              r"what helps is smaller inputs: x_train reaches 1e\+30"):  # fmt: skip
                train(net, data)
        for layer, W in zip(net.weighted, before, strict=True):
            np.testing.assert_array_equal(layer.W, W)


def test_the_error_of_a_diverged_run_names_large_inputs_beside_the_learning_rate():
    """With pixels up to 255 a smaller rate is only half of the cure."""
    x = DIGITS.x_train[:100] * 255 - 3.0
    data = Dataset(x, DIGITS.y_train[:100], x, DIGITS.y_train[:100])
    net = Network([Dense(64, 32, "relu"), Dense(32, 10)])
    with pytest.warns(DivergenceWarning, match="x_train reaches 252"):
        run = train(net, data, optimizer=SGD(lr=10.0), probe=0)
    assert "a learning rate below 10 may help" in run.stopped
    with pytest.warns(DivergenceWarning) as seen:
        train(
            Network([Dense(64, 32, "relu"), Dense(32, 10)]), DIGITS, optimizer=SGD(lr=1e6), probe=0
        )
    assert "x_train" not in str(seen[0].message)


# -- weights that are not finite -----------------------------------------------------------------


@pytest.mark.parametrize(("name", "layer"), [("W", 0), ("b", 1), ("W", 1)])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_network_with_weights_that_are_not_finite_says_so(name, layer, value):
    """It had an accuracy of 0.10 and predicted 0 for every sample."""
    net = Network([Dense(64, 16, "tanh"), Dense(16, 10)])
    getattr(net.layers[layer], name)[..., 2] = value
    acts = [lambda: net.predict(DIGITS.x_test), lambda: net.outputs(DIGITS.x_test),
            lambda: net.evaluate(DIGITS.x_test, DIGITS.y_test),
            lambda: net.accuracy(DIGITS.x_test, DIGITS.y_test)]  # fmt: skip
    if not (name == "W" and layer == 0 and value == np.inf):  # its tanh is 1, a finite number
        for act in acts:
            with pytest.raises(
                ValueError, match=rf"{name} of net\.weighted\[{layer}\] holds {value}"
            ):
                act()
    with pytest.raises(ValueError, match=rf"{name} of net\.weighted\[{layer}\] holds {value}"):
        train(net, DIGITS)


@pytest.mark.parametrize(("rule", "name", "layer"), [("fa", "B", 1), ("dfa", "D", 0)])
def test_feedback_that_is_not_finite_is_refused_before_the_first_step(rule, name, layer):
    """It makes every hidden layer NaN in one step, and a smaller learning rate would not help."""
    net, rule = Network([Dense(64, 16, "tanh"), Dense(16, 10)]), rules.make(rule)
    rule.attach(net)
    getattr(net.layers[layer], name)[0, 0] = np.nan
    with pytest.raises(ValueError, match=rf"{name} of net\.weighted\[{layer}\] holds nan at index"):
        nofb.fit(net, rule, DIGITS, epochs=1, progress=False)


def test_huge_weights_are_named_if_they_make_outputs_that_are_not_finite():
    """Weights of 1e30 are finite, and the outputs are not."""
    net = linear()
    for layer in net.weighted:
        layer.W[:] = 3e38
    with pytest.raises(ValueError, match=r"the weights reach 3e\+38 and x"):
        net.outputs(np.abs(X))


def test_every_loss_has_a_meaning_for_one_output():
    """The author of a new loss must define what a single output means."""
    for name, loss in losses.LOSSES.items():
        if loss.sums_to_one:
            assert loss.probabilities
        else:
            net = Network([Dense(4, 1)], loss=name)
            assert net.names_classes == loss.probabilities


def test_too_few_outputs_are_distinguished_from_labels_with_other_numbers():
    """If the labels are 0, 1 and 2 already, numbering them again would not help."""
    net = Network([Dense(4, 2)])
    with pytest.raises(ValueError, match="labels are 0 to 1; 3 classes need 3 outputs"):
        net.loss(np.ones((3, 4)), np.array([0, 1, 2]))
    with pytest.raises(
        ValueError, match=r"labels are 0 to 1; np\.unique\(y, return_inverse=True\)"
    ):
        net.loss(np.ones((3, 4)), np.array([0, 1, 5]))
