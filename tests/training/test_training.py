"""The training loop: what it learns, what it records, and what it refuses."""

import tracemalloc
import warnings
from itertools import pairwise

import numpy as np
import pytest
from oracles import DENSE_ONLY

import nofb
from nofb import SGD, Conv2D, Dense, Dropout, Flatten, MaxPool2D, Network, rules
from nofb.datasets import Dataset, linear_teacher
from nofb.diagnosis import ALIGNMENT
from nofb.training import DivergenceWarning
from nofb.training.batches import Batches

DIGITS = nofb.datasets.load("digits")


def small_net(seed=0, hidden=(24,), activation="tanh"):
    """Return a network for digits."""
    sizes = [64, *hidden]
    layers = [Dense(n, m, activation=activation) for n, m in pairwise(sizes)]
    return Network([*layers, Dense(sizes[-1], 10)], seed=seed)


def train(net=None, rule="fa", data=DIGITS, **options):
    """Train without output for two epochs, or as the options say."""
    options = {"epochs": 2, "progress": False, **options}
    return nofb.fit(net or small_net(), rules.make(rule), data, **options)


def test_every_rule_except_the_control_changes_every_layer():
    """If a hidden layer never changes, the rule does not reach it."""
    for name in rules.RULES:
        net = small_net(hidden=(20, 12))
        before = [layer.W.copy() for layer in net.weighted]
        train(net, name, epochs=1)
        moved = [bool((layer.W != W).any()) for layer, W in zip(net.weighted, before, strict=True)]
        assert moved == ([False, False, True] if name == "shallow" else [True] * 3), name


@pytest.mark.parametrize("name", ["bp", "fa", "dfa", "ifa", "usf", "brsf", "frsf", "drtp"])
def test_a_rule_that_trains_hidden_layers_is_better_than_the_shallow_control(name):
    """With eight hidden units, random features alone cannot distinguish ten digits."""
    accuracy = {}
    for rule in (name, "shallow"):
        optimizer = SGD(lr=0.03, momentum=0.9)
        run = train(small_net(hidden=(8,)), rule, epochs=10, optimizer=optimizer, probe=0)
        accuracy[rule] = run.history["test_accuracy"][-1]
    assert accuracy[name] > accuracy["shallow"] + 0.05


def test_the_same_seed_gives_the_same_run_and_another_seed_another():
    """Otherwise no result could be reproduced."""
    for rule in ("fa", "brsf"):
        first, again, other = (train(small_net(), rule, seed=seed) for seed in (0, 0, 1))
        for name in set(first.history) - {"seconds"}:
            np.testing.assert_array_equal(first.history[name], again.history[name])
        assert (first.history["loss"] != other.history["loss"]).all()


def test_the_history_holds_one_value_for_each_epoch_and_the_start():
    """A curve without its start would not show that the feedback began at 90°."""
    history = train(epochs=3, validation=0.25).history
    scalars = {"loss", "train_accuracy", "seconds", "test_loss", "test_accuracy",
               "validation_loss", "validation_accuracy"}  # fmt: skip
    measures = [measure.name for measure in ALIGNMENT]
    assert set(history) == scalars | set(measures)
    assert all(history[name].shape == (3,) for name in scalars)
    assert all(history[name].shape == (3, 2) for name in measures)
    assert history.from_start("test_accuracy").shape == (4,)
    assert history.from_start("weight_angle").shape == (4, 2)
    with pytest.raises(KeyError, match="history has no 'acc'; it has: loss"):
        history["acc"]


def test_the_recorded_accuracy_and_loss_are_those_of_the_network():
    """A user who measures the network must find the numbers of the history."""
    net = small_net()
    history = train(net).history
    right = (net.predict(DIGITS.x_test) == DIGITS.y_test).mean()
    assert history["test_accuracy"][-1] == pytest.approx(right)
    output = net.outputs(DIGITS.x_test).astype(np.float64)
    loss = -np.log(output[np.arange(len(output)), DIGITS.y_test]).mean()
    assert history["test_loss"][-1] == pytest.approx(loss, rel=1e-5)


def test_each_epoch_uses_every_sample_once_in_a_new_order_with_the_last_ones():
    """Without the last batch some samples would never be used; a fixed order adds a bias."""
    x, target = np.arange(10.0).reshape(10, 1), np.arange(20.0).reshape(10, 2)
    batches = Batches(x, target, 4, np.random.default_rng(0))
    epochs = [[(x.copy(), y.copy()) for x, y in batches] for _ in range(2)]
    for epoch in epochs:
        assert [len(x) for x, _ in epoch] == [4, 4, 2] and len(batches) == 3
        seen = np.concatenate([x for x, _ in epoch]).ravel()
        assert sorted(seen) == list(range(10))
        np.testing.assert_array_equal(np.concatenate([y for _, y in epoch])[:, 0], 2 * seen)
    assert (epochs[0][0][0] != epochs[1][0][0]).any()


def test_without_shuffling_every_epoch_has_the_order_of_the_data():
    """Some released codes never shuffle; to repeat them, the order must be that of the data."""
    x, target = np.arange(5.0).reshape(5, 1), np.zeros((5, 2))
    batches = Batches(x, target, 2, np.random.default_rng(0), shuffle=False)
    for _ in range(2):
        assert [x.ravel().tolist() for x, _ in batches] == [[0, 1], [2, 3], [4]]
    losses = [train(seed=seed, rule="bp", shuffle=False).history["loss"] for seed in (0, 1)]
    np.testing.assert_array_equal(*losses)
    assert (train(rule="bp").history["loss"] != losses[0]).all()


def test_a_rule_can_be_compared_with_backprop_on_other_samples_than_the_test_split():
    """A published angle for one training sample can be reproduced only with that sample."""
    own = DIGITS.x_test[:30], DIGITS.y_test[:30]
    name = "delta_angle_end_to_end"
    first, same, other = (
        train(probe=probe).history[name] for probe in (30, own, (DIGITS.x_train[:1], [4]))
    )
    np.testing.assert_array_equal(first, same)
    assert (first[:, 0] != other[:, 0]).all()


def test_a_last_smaller_batch_is_a_mean_over_its_own_samples():
    """Divided by the full batch size, the samples of the last batch would count less."""
    x, y = DIGITS.x_train[:5], np.array([0, 1, 2, 3, 4])
    data = Dataset(x, y, x, y)
    net, twin = small_net(), small_net()
    train(net, "bp", data, epochs=1, batch_size=4, optimizer=SGD(lr=0.5), probe=0)
    order = np.arange(5)
    nofb.seeds.generator(0, "order").shuffle(order)
    rule = rules.Backprop()
    rule.attach(twin)
    for rows in (order[:4], order[4:]):
        for layer, update in zip(twin.weighted, rule.updates(twin, x[rows], y[rows]), strict=True):
            layer.W -= 0.5 * update.dW
            layer.b -= 0.5 * update.db
    for layer, other in zip(net.weighted, twin.weighted, strict=True):
        np.testing.assert_allclose(layer.W, other.W, rtol=1e-4, atol=1e-6)


def test_a_run_attaches_its_rule_unless_it_is_attached():
    """A matrix B that a student has assigned must be used, and not drawn again."""
    net, rule = small_net(), rules.FeedbackAlignment()
    rule.attach(net, seed=7)
    net.weighted[1].B = np.ascontiguousarray(net.weighted[1].W.T)
    mine = net.weighted[1].B.copy()
    nofb.fit(net, rule, DIGITS, epochs=1, progress=False)
    np.testing.assert_array_equal(net.weighted[1].B, mine)
    nofb.fit(net, rules.DirectFeedbackAlignment(), DIGITS, epochs=1, progress=False)
    assert net.weighted[1].B is None and net.weighted[0].D is not None


def test_fixed_feedback_does_not_change():
    """Feedback alignment learns because the *weights* align with the random feedback."""
    for name, attribute in (("fa", "B"), ("dfa", "D")):
        net, rule = small_net(), rules.make(name)
        rule.attach(net)
        before = {layer: getattr(layer, attribute) for layer in net.weighted}
        before = {layer: matrix.copy() for layer, matrix in before.items() if matrix is not None}
        nofb.fit(net, rule, DIGITS, epochs=1, progress=False)
        assert before
        for layer, matrix in before.items():
            np.testing.assert_array_equal(getattr(layer, attribute), matrix)


def test_the_validation_split_is_a_part_of_the_training_samples():
    """If it came from the test split, the choice would use the reported samples."""
    seen = []
    train(validation=0.25, callbacks=[lambda run: seen.append(run)], epochs=1)
    held = DIGITS.split_validation(0.25, 0)
    accuracy = seen[0].net.accuracy(held.x_test, held.y_test)
    assert seen[0].history["validation_accuracy"][-1] == pytest.approx(accuracy)


def test_a_diverging_run_stops_and_says_where():
    """A network full of NaN must never look like a trained one."""
    with pytest.warns(DivergenceWarning, match=r"bp was stopped in epoch 1, step \d+: the loss is"):
        run = train(small_net(activation="relu"), "bp", optimizer=SGD(lr=1e6))
    assert run.stopped is not None and "a learning rate below 1e+06 may help" in run.stopped
    assert run.history.epochs == 0 and len(run.history) == 0


def test_a_run_that_diverges_in_its_last_step_is_detected():
    """No later batch can show it, so the evaluation of the test split must."""
    first = Dataset(DIGITS.x_train[:20], np.arange(20) % 10, DIGITS.x_test, DIGITS.y_test)
    with pytest.warns(DivergenceWarning, match="epoch 1, after its steps"):
        run = train(small_net(activation="relu"), "bp", first, epochs=1, batch_size=20,
                    optimizer=SGD(lr=1e6))  # fmt: skip
    assert run.stopped is not None and run.history.epochs == 0


def test_callbacks_are_called_after_every_epoch_with_the_run_so_far():
    """A live plot needs each epoch as it ends."""
    epochs = []
    train(epochs=3, callbacks=[lambda run: epochs.append(run.history.epochs)])
    assert epochs == [1, 2, 3]


def test_a_regression_is_trained_without_an_accuracy():
    """Lillicrap's linear teacher: feedback alignment learns a linear task without classes."""
    data = linear_teacher()
    net = Network([Dense(30, 20), Dense(20, 10)], loss="squared_error")
    run = nofb.fit(net, rules.FeedbackAlignment(), data, epochs=20, optimizer=SGD(lr=0.02),
                   progress=False)  # fmt: skip
    assert run.history["test_loss"][-1] < 0.01 * run.history.start["test_loss"]
    assert np.isnan(run.history["test_accuracy"]).all()
    assert np.isnan(run.history["train_accuracy"]).all()
    assert run.history["weight_angle"][-1, 1] < 60 < run.history.start["weight_angle"][1]


def test_images_train_a_convolutional_network_with_every_rule_that_takes_one():
    """Only rules of targets need layers that have an inverse."""
    data = DIGITS.as_images()
    part = Dataset(data.x_train[:200], data.y_train[:200], data.x_test[:50], data.y_test[:50])
    for name in set(rules.RULES) - set(DENSE_ONLY):
        layers = [
            Conv2D(1, 4, 3, padding=1, activation="tanh"), MaxPool2D(2), Dropout(0.1),
            Conv2D(4, 5, 3, activation="tanh"), Flatten(), Dense(20, 10),
        ]  # fmt: skip
        net = Network(layers)
        before = [layer.W.copy() for layer in net.weighted]
        history = train(net, name, part, epochs=4, optimizer=SGD(lr=0.01)).history
        # The error's signs do not become smaller, so sdfa needs a smaller rate than others;
        # the loss of ff is that of an output layer that the hidden layers do not train.
        assert history["loss"][-1] < history["loss"][0] or name in ("sdfa", "ff"), name
        moved = [(layer.W != W).any() for layer, W in zip(net.weighted, before, strict=True)]
        assert all(moved) or name == "shallow"


@pytest.mark.parametrize("name", DENSE_ONLY)
def test_a_rule_that_inverts_layers_refuses_what_it_cannot_invert(name):
    """A target that skipped a pooling layer or a mask would be one for other units."""
    inner = [Dense(8, 8, "tanh"), Dropout(0.1), Dense(8, 10)]
    maps = [Conv2D(1, 2, 3), MaxPool2D(2), Flatten(), Dense(18, 10)]
    for layers, odd in ((inner, "Dropout(0.1)"), (maps, "Conv2D(1, 2,")):
        with pytest.raises(ValueError, match="Activation layers only, but from") as refusal:
            rules.make(name).attach(Network(layers))
        assert str(refusal.value).startswith(f"{name} sends targets") and odd in str(refusal.value)
    rules.make(name).attach(Network([Dropout(0.1), Dense(8, 8, "tanh"), Dense(8, 10)]))


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        ({"epochs": 0}, ValueError, "epochs must be at least 1, but is 0"),
        ({"epochs": 1.5}, TypeError, "epochs must be a whole number, but is 1.5"),
        ({"batch_size": -2}, ValueError, "batch_size must be at least 1"),
        ({"validation": 1.0}, ValueError, "validation must be .* less than 1, but is 1.0"),
        ({"seed": -1}, ValueError, "seed must be at least 0"),
        ({"probe": -1}, ValueError, "probe must be at least 0"),
        ({"data": (1, 2)}, TypeError, "data must be a nofb.datasets.Dataset, but is tuple"),
        ({"net": Network([Dense(9, 10)])}, ValueError,
         r"x_train has samples of shape \(64,\), but the network takes \(9,\)"),
        ({"net": Network([Dense(64, 4)])}, ValueError,
         "y_train holds the label . at sample .*labels are 0 to 3"),
        ({"data": DIGITS.as_images()}, ValueError, "put Flatten"),
    ],
)  # fmt: skip
def test_bad_arguments_are_named(options, error, sentence):
    """One sentence that names the mistake helps more than a traceback from a kernel."""
    with pytest.raises(error, match=sentence):
        train(**options)


@pytest.mark.parametrize("name", ["bp", "fa", "dfa", "usf", "kp", "wm"])
def test_training_allocates_no_memory_that_stays_or_grows(name):
    """Buffers are allocated once: ten times more epochs must not need more memory."""
    net, rule = small_net(), rules.make(name)
    options = {"progress": False, "probe": 0, "optimizer": SGD(lr=0.1, momentum=0.9)}
    nofb.fit(net, rule, DIGITS, epochs=1, **options)
    peaks = []
    for epochs in (1, 10):
        tracemalloc.start()
        nofb.fit(net, rule, DIGITS, epochs=epochs, **options)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.05 * peaks[0]


def test_nothing_is_printed_if_the_output_is_no_terminal(capsys):
    """A progress bar in a log file is noise."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train(progress=True)
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""
