"""Checkpoints: a run that was stopped and resumed equals the run that was not."""

import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from oracles import DENSE_ONLY
from training.stopped import PART, mlp, train, wide

import nofb
from nofb import (
    SGD,
    Activation,
    Adam,
    AdamW,
    Checkpoint,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    MaxPool2D,
    Network,
    RMSprop,
    archive,
    rules,
    schedules,
)  # fmt: skip
from nofb.datasets import Dataset
from nofb.initialisers import scaled
from nofb.rules import FeedbackAlignment
from nofb.training import DivergenceWarning
from nofb.training.checkpoint_file import open_checkpoint
from nofb.training.description import is_plain

IMAGES = Dataset(
    *(part.reshape(-1, 1, 8, 8) if part.ndim == 2 else part for part in
      (PART.x_train, PART.y_train, PART.x_test, PART.y_test))
)  # fmt: skip


class StoppedError(Exception):
    """Raised to end a run."""


def stop_after(epochs):
    """Return a callback that ends a run before the checkpoint of the next epoch."""

    def callback(run):
        if run.history.epochs > epochs:
            raise StoppedError

    return callback


def undropped(**options):
    """Return the network without dropout between its layers, for rules that invert layers."""
    first = [Dropout(0.1), Dense(64, 12), Activation("tanh")]
    layers = [*first, Dense(12, 9, "tanh"), Dense(9, 10)]
    return Network(layers, **options)


def convnet():
    """Return a small convolutional network."""
    layers = [
        Conv2D(1, 3, 3), Activation("tanh"), MaxPool2D(2), Dropout(0.1),
        Conv2D(3, 4, 2, activation="tanh"), Flatten(), Dense(16, 10),
    ]  # fmt: skip
    return Network(layers)


def train_in_pieces(path, **options):
    """Train, end the run twice by an error, and resume it each time."""
    for epochs in (1, 3):
        with pytest.raises(StoppedError):
            train(path, resume=True, callbacks=[stop_after(epochs)], **options)
    return train(path, resume=True, **options)


def arrays_of(run):
    """Return everything that a run has learned and recorded, without the time it took."""
    arrays = {
        f"{index}.{name}": getattr(layer, name)
        for index, layer in enumerate(run.net.weighted)
        for name in "WbBD"
    }
    inverses = {i: each.inverse for i, each in enumerate(run.net.weighted) if each.inverse}
    arrays |= {f"{index}.c": inverse.c for index, inverse in inverses.items()}
    start = {f"start {name}": value for name, value in run.history.start.items()}
    history = {name: run.history[name] for name in run.history if name != "seconds"}
    averages = {f"{n} {k}": a for n, kinds in run.optimizer.state.items() for k, a in kinds.items()}
    return {**arrays, **start, **history, **averages}


def assert_same(run, other):
    """Assert that two runs are equal, and name the array that differs."""
    arrays, others = arrays_of(run), arrays_of(other)
    assert list(arrays) == list(others)
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, others[name], err_msg=name, strict=array is not None)


# -- what resumes bit for bit ---------------------------------------------------------------------


@pytest.mark.parametrize("rule", rules.RULES)
def test_a_resumed_run_equals_the_run_that_was_never_stopped(tmp_path, rule):
    """Otherwise a result would depend on when the computer was switched off."""
    options = {"rule": rule, "net": undropped if rule in DENSE_ONLY else mlp}
    assert_same(train_in_pieces(tmp_path / "run.npz", **options), train(**options))


@pytest.mark.parametrize(
    "options",
    [
        {"optimizer": SGD},
        {"optimizer": partial(SGD, 0.1, momentum=0.9, nesterov=True, schedule="cosine")},
        {"optimizer": partial(RMSprop, 0.002, schedule=schedules.step(every=2), decay=1e-4)},
        {"optimizer": partial(Adam, 0.002, schedule=lambda epoch, epochs: 0.9**epoch)},
        {"optimizer": partial(AdamW, 0.002, schedule="inverse_time", max_norm=1.0)},
        {"optimizer": partial(AdamW, 0.002, schedule=schedules.warmup(0.5), max_gradient=0.1)},
        {"validation": 0.2, "probe": 0, "seed": 3},
        {"batch_size": 64, "net": partial(mlp, dtype=np.float64, seed=5)},
        {"net": convnet, "data": IMAGES},
        {"net": convnet, "data": IMAGES, "rule": "dfa"},
        {"net": convnet, "data": IMAGES, "rule": "brsf", "optimizer": Adam},
        {"rule": rules.RandomRelay},
        {"rule": partial(rules.DirectFeedbackAlignment, shared=True, zero_weights=True)},
        {"rule": partial(FeedbackAlignment, feedback_init=scaled("xavier", 2.0))},
        {
            "rule": partial(
                rules.IteratedInverses,
                **{"inverse_schedule": "cosine", "inverse_steps": 2, "inverse_decay": 1e-4},
                **{"epochs_before": 2, "epochs_between": 1},
            ),
            "net": undropped,
        },
    ],
)
def test_optimizers_schedules_splits_images_and_variants_resume_too(tmp_path, options):
    """If momentum, a schedule or a mask started again, the curve would have a kink."""
    assert_same(train_in_pieces(tmp_path / "run.npz", **options), train(**options))


def test_a_regression_without_accuracies_keeps_its_nans(tmp_path):
    """A NaN in the history must be restored as NaN, not as zero or an error."""
    options = {
        "data": nofb.datasets.linear_teacher(),
        "net": lambda: Network([Dense(30, 20), Dense(20, 10)], loss="squared_error"),
        "optimizer": partial(SGD, 0.02),
    }
    resumed = train_in_pieces(tmp_path / "run.npz", **options)
    assert np.isnan(resumed.history["test_accuracy"]).all()
    assert_same(resumed, train(**options))


@dataclass
class Noise:
    """The state of `Learner` for a layer."""

    noise: np.ndarray


class Learner(FeedbackAlignment):
    """A rule with state of every allowed kind."""

    def __init__(self, rate=0.1, rng=None):
        super().__init__()
        self.rate = rate
        self.rng = np.random.Generator(np.random.MT19937(1)) if rng is None else rng
        self.inner = SGD(lr=rate, momentum=0.5)
        self.seen = {"steps": 0, 7: [0.0, (1, None)]}

    def draw_feedback(self, net, rng):
        super().draw_feedback(net, rng)
        self.net = net
        self.first = net.weighted[0]
        for layer in net.weighted[1:]:
            layer.rule_state = Noise(np.zeros_like(layer.B))
        self.rates = dict.fromkeys(net.weighted, 1.0)

    def after_step(self, net):
        self.rate *= 0.99
        self.seen["steps"] += 1
        self.seen[7] = [self.seen[7][0] + self.rng.random(), (self.seen["steps"], None)]
        if self.seen["steps"] == 2:
            self.late = np.random.default_rng(5)
            self.top = net.weighted[-1].B
        for layer in net.weighted[1:]:
            noise = layer.rule_state.noise
            self.rates[layer] *= 0.9
            noise += self.rates[layer] * self.rate * self.rng.standard_normal(noise.shape)
            self.inner.step(str(layer.n_in), layer.B, noise)
        if self.seen["steps"] > 2:
            self.top += self.late.random() * self.seen[7][0]


def test_a_rule_with_state_of_every_kind_resumes(tmp_path):
    """The author of a rule need not write code for its checkpoint."""
    options = {"rule": Learner, "optimizer": partial(SGD, 0.01)}
    resumed, whole = train_in_pieces(tmp_path / "run.npz", **options), train(**options)
    assert_same(resumed, whole)
    assert resumed.rule.seen == whole.rule.seen and resumed.rule.rate == whole.rule.rate
    assert resumed.rule.top is resumed.net.weighted[-1].B, "one array became two"
    assert resumed.rule.first is resumed.net.weighted[0]


def test_the_same_objects_resume_after_an_interrupt_in_the_middle_of_an_epoch(tmp_path):
    """A user stops a notebook cell and runs it again; half an epoch must not count twice."""

    class Interrupted(FeedbackAlignment):
        steps = 0

        def after_step(self, net):
            type(self).steps += 1
            if self.steps == 13:
                raise KeyboardInterrupt

    net, rule, optimizer = mlp(), Interrupted(), SGD(0.1, momentum=0.9)
    W = net.weighted[0].W
    checkpoint = Checkpoint(tmp_path / "run.npz", resume=True)
    options = {"epochs": 4, "progress": False, "checkpoint": checkpoint}
    assert nofb.fit(net, rule, PART, optimizer=optimizer, **options).interrupted
    run = nofb.fit(net, rule, PART, optimizer=optimizer, **options)
    assert_same(run, train())
    assert net.weighted[0].W is W, "whoever holds an array of the network holds an old one"


def test_a_rule_that_was_attached_to_another_network_before_resumes(tmp_path):
    """Its state for the layers of the other network does not belong to this run."""
    elsewhere, rule = mlp(seed=9), rules.make("frsf")
    rule.attach(elsewhere)
    kept = elsewhere.weighted[1].rule_state.M.copy()
    resumed = train_in_pieces(tmp_path / "run.npz", rule=lambda: rule)
    assert_same(resumed, train(rule="frsf"))
    np.testing.assert_array_equal(elsewhere.weighted[1].rule_state.M, kept)


def test_more_epochs_continue_the_run_and_the_same_number_returns_it(tmp_path):
    """A user can extend a run, and to load a finished one costs nothing."""
    path, seen = tmp_path / "run.npz", []
    train(path)
    again = train(path, resume=True, callbacks=[seen.append])
    assert_same(again, train())
    assert not seen, "a finished run was trained further"
    assert_same(train(path, resume=True, epochs=6), train(epochs=6))


def test_the_file_is_written_every_so_many_epochs_and_after_the_last_one(tmp_path):
    """Otherwise a power failure after the end would lose the last epochs."""
    path, held = tmp_path / "run.npz", []

    def look(run):
        held.append(archive.read(path, "checkpoint")[0]["epochs"] if path.exists() else 0)

    train(path, epochs=5, every=2, callbacks=[look])
    assert held == [0, 0, 2, 2, 4]
    assert archive.read(path, "checkpoint")[0]["epochs"] == 5


def test_a_run_that_diverges_keeps_its_last_finite_epoch_and_diverges_again(tmp_path):
    """A file full of NaN would be useless."""
    options = {
        "net": lambda: Network([Dense(64, 9, "relu"), Dense(9, 10)]),
        "optimizer": partial(SGD, 1.0, schedule=lambda epoch, epochs: 10**epoch),
    }
    path, sentences = tmp_path / "run.npz", []
    for _ in range(2):
        with pytest.warns(DivergenceWarning):
            run = train(path, resume=True, epochs=20, **options)
        sentences.append(run.stopped)
        assert archive.read(path, "checkpoint")[0]["epochs"] == run.history.epochs > 0
    assert sentences[0] == sentences[1]


# -- weights alone --------------------------------------------------------------------------------


def test_saved_weights_fill_a_network_of_the_same_layers_in_place(tmp_path):
    """A user loads the trained network later, into the same arrays."""
    net = train().net
    net.save(tmp_path / "weights.npz")
    twin = mlp(seed=1)
    W = twin.weighted[0].W
    assert twin.load(tmp_path / "weights.npz") is twin
    assert twin.weighted[0].W is W
    np.testing.assert_array_equal(twin.outputs(PART.x_test), net.outputs(PART.x_test))
    assert twin.weighted[1].B is None, "weights came with a feedback path"


def test_plain_numpy_opens_saved_weights(tmp_path):
    """A user must be able to read the weights without nofb."""
    net = convnet()
    net.save(tmp_path / "weights")
    with np.load(tmp_path / "weights", allow_pickle=False) as file:
        assert set(file.files) == {"about.json"} | {
            f"weighted/{i}/{n}" for i in range(3) for n in "Wb"
        }
        np.testing.assert_array_equal(file["weighted/1/W"], net.weighted[1].W)


def test_weights_can_be_read_from_a_checkpoint_and_change_their_type(tmp_path):
    """A user may evaluate the network of a stopped run, also in float64."""
    run = train(tmp_path / "run.npz", rule="frsf")
    net = mlp(dtype=np.float64).load(tmp_path / "run.npz")
    assert net.weighted[1].W.dtype == np.float64
    np.testing.assert_array_equal(net.weighted[1].W, run.net.weighted[1].W)


@pytest.mark.parametrize(
    ("net", "sentence"),
    [
        (wide, """layer 1 is "Dense(64, 13, activation='tanh') with W (64, 13), b (13,)","""),
        (lambda: Network([Dense(64, 10, bias=False)]), 'with W (64, 10), no b"'),
        (partial(mlp, loss="squared_error"), "loss is 'squared_error', but "),
        (convnet, 'layer 0 is "Conv2D(1, 3, (3, 3)'),
    ],
)
def test_weights_of_other_layers_are_refused(tmp_path, net, sentence):
    """Weights that fit another kind of network by chance would be silently wrong."""
    mlp().save(tmp_path / "weights.npz")
    net = net()
    before = net.weighted[0].W.copy()
    with pytest.raises(ValueError, match=re.escape(sentence)):
        net.load(tmp_path / "weights.npz")
    np.testing.assert_array_equal(net.weighted[0].W, before)


def test_weights_that_cannot_be_written_or_found_give_a_sentence(tmp_path):
    """A typing error in a path is a frequent mistake."""
    with pytest.raises(OSError, match=r"none/weights\.npz cannot be written: No such file"):
        mlp().save(tmp_path / "none" / "weights.npz")
    with pytest.raises(FileNotFoundError, match=r"No such file or directory: .*weights\.npz"):
        mlp().load(tmp_path / "weights.npz")


def test_the_examples_of_the_docs_run_and_are_correct(tmp_path, monkeypatch):
    """A user who opens the file with plain NumPy needs these names."""
    monkeypatch.chdir(tmp_path)
    page = (Path(__file__).parents[2] / "docs" / "checkpoints.md").read_text(encoding="utf-8")
    names = {}
    for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(block, names)
    shown = re.search(r"^(about.*?) +# (.*)$", page, re.MULTILINE)
    assert repr(eval(shown[1], names)) == shown[2]
    np.testing.assert_array_equal(names["accuracy"], names["run"].history["test_accuracy"])
    np.testing.assert_array_equal(names["twin"].weighted[1].W, names["net"].weighted[1].W)


def test_only_an_object_whose_state_is_its_attributes_is_saved():
    """Other state, of a dictionary or of slots, would be missing after a resume."""

    class Own:
        """An object with attributes only."""

    class Words(dict):
        """An object with entries as well as attributes."""

    class Slotted(Own):
        """An object with slots as well as attributes."""

        __slots__ = ("held",)

    assert is_plain(Own())
    assert not any(map(is_plain, (Words(), Slotted(), {}, 1)))


def test_an_existing_checkpoint_is_resumed_only_on_request(tmp_path):
    """By default a run must not resume from a forgotten file."""
    (tmp_path / "run.npz").write_bytes(b"of another run")
    with pytest.raises(FileExistsError), open_checkpoint(Checkpoint(tmp_path / "run.npz")):
        pass
