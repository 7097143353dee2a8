"""Nøkland's tables: the networks of its rows, where they start, and what a cell says."""

import numpy as np
import pytest
from tiny_images import TRAIN, tiny

from nofb import papers
from nofb.cli.outcome import exit_code
from nofb.datasets import Dataset
from nofb.layers import Conv2D, Dropout
from nofb.optimizers import RMSprop
from nofb.papers.nokland2016 import (
    convolutional,
    features,
    freezing,
    starts,
    tables,
    training,
)
from nofb.papers.nokland2016.rows import BATCH, CIFAR10, MNIST, OWN_FEEDBACK, draw_biases
from nofb.report.failures import MEANT, failure
from nofb.rules import make
from nofb.training import FastGradientSign, StopTraining
from nofb.training.run import Run

ROWS = [(table, model) for table, rows in tables.ROWS.items() for model in rows]
UNIFORM = 1 / np.sqrt(784)


def data_of(row):
    """Return one image of the row's own size, in its own shape."""
    shape = (1, 28, 28) if row.data == "mnist" else (3, 32, 32)
    x, y = np.full((10, int(np.prod(shape))), 0.5), np.arange(10)
    data = Dataset(x, y, x, y, row.data, image_shape=shape)
    return data.as_images() if row.convolutions else data.flat()


def record(model="1x800 tanh", rule="bp", seed=0, table="mnist", test=(2.0,), train=(0.0,)):
    """Return a run that was not trained."""
    task = {
        "part": table,
        "model": model,
        "rule": rule,
        "seed": seed,
        "epochs": len(test),
        "lr": 0.0003,
    }
    result = {"stopped": None, "train_error": list(train), "test_error": list(test), "seconds": 90}
    return {"task": task, "result": result}


# -- the rows ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("table", "model"), ROWS)
def test_the_network_of_a_row_has_the_layers_of_its_name(table, model):
    """A row that trains another network would be compared with the wrong number."""
    row = tables.ROWS[table][model]
    net = row.network("bp", data_of(row), seed=0)
    sizes = [layer.n_out for layer in net.weighted]
    if row.convolutions:
        assert sizes == [96, 128, 256, 2048, 2048, 10]
        assert [each.kernel_size for each in net.weighted if isinstance(each, Conv2D)] == [
            (5, 5)
        ] * 3
        assert net.weighted[3].n_in == 256 * 3 * 3  # the map after three poolings of 32 x 32
        return
    depth, width = model.split()[0].split("x")
    assert sizes == [int(width)] * int(depth) + [10]
    assert {layer.activation.name for layer in net.weighted[:-1]} == {row.activation}
    assert model.split()[1].rstrip(",") == row.activation


@pytest.mark.parametrize(("table", "model"), ROWS)
@pytest.mark.parametrize("rule", ["bp", "fa", "dfa", "ifa"])
def test_weights_start_at_zero_where_the_rule_can_learn_from_zero(table, model, rule):
    """Backprop and IFA send nothing through weights of zero; ReLU units pass nothing at zero."""
    row = tables.ROWS[table][model]
    if rule not in row.rules:
        return
    net = row.network(rule, data_of(row), seed=0)
    every = np.concatenate([each.ravel() for layer in net.weighted for each in (layer.W, layer.b)])
    zero = rule in ("fa", "dfa") and row.activation != "relu"
    assert bool(every.any()) != (zero or model == "100x240 tanh, all from zero")


def test_in_the_released_code_only_the_first_layer_of_fa_starts_uniform(tiny_images):
    """A start that is the paper's by mistake would answer nothing."""
    released, uniform = (starts.network(start, seed=1) for start in starts.STARTS)
    first, *others = zip(released.weighted, uniform.weighted, strict=True)
    assert len(others) == 7 and np.array_equal(first[0].W, first[1].W) and first[0].b.any()
    assert np.array_equal(first[0].b, first[1].b)
    for zero, random in others:
        assert not zero.W.any() and not zero.b.any() and random.W.any() and random.b.any()


def test_other_weights_and_biases_start_uniform_with_the_papers_bound():
    """Biases that start at zero are another network than the paper's."""
    row = MNIST["1x800 tanh"]
    net = row.network("bp", data_of(row), seed=3)
    for array in (net.weighted[0].W, net.weighted[0].b):
        assert 0.95 * UNIFORM < np.abs(array).max() <= UNIFORM
    again = row.network("bp", data_of(row), seed=3)
    draw_biases(again, seed=3)
    np.testing.assert_array_equal(net.weighted[0].b, again.weighted[0].b)
    assert np.isin(net.weighted[0].b, net.weighted[0].W).mean() < 0.1  # a stream of their own


def test_dropout_is_a_tenth_of_the_inputs_and_half_of_each_hidden_layer():
    """And the rate falls, and weights are bounded, which only these rows have in the paper."""
    for name, row in (MNIST | CIFAR10).items():
        rates = [each.rate for each in row.network("bp", data_of(row), 0).layers
                 if isinstance(each, Dropout)]  # fmt: skip
        full = tables.length(row, "bp", short=None, most=None)
        optimizer = row.optimizer(full["lr"], full["schedule"])
        optimizer.at(20, 300)
        if "dropout" in name:
            assert rates == [0.1] + [0.5] * len(row.hidden)
            assert optimizer.factor == pytest.approx(1 / (1 + 0.1 * 20))
            assert optimizer.max_norm == 3.0
        else:
            assert rates == [] and optimizer.max_norm is None
            assert optimizer.factor == 1


def test_a_step_is_that_of_the_sum_over_the_batch():
    """The released code sums: the same epsilon would slow layers whose updates are tiny."""
    rng = np.random.default_rng(0)
    ours, theirs = np.zeros((3, 2)), np.zeros((3, 2))
    mean, total = MNIST["7x240 tanh"].optimizer(1e-4, "constant"), RMSprop(lr=1e-4)
    assert total.epsilon == 1e-8
    for _ in range(5):
        update = 1e-9 * rng.normal(size=(3, 2))
        mean.step("W", ours, update)
        total.step("W", theirs, BATCH * update)
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)


def test_adversarial_rows_are_attacked_along_what_their_name_says():
    """The released code attacks along the true gradient, for every rule."""
    rows = {name: row for name, row in (MNIST | OWN_FEEDBACK).items() if row.perturb is not None}
    assert {name: row.perturb.along for name, row in rows.items()} == {
        "2x800 tanh adversarial": "gradient",
        "2x800 tanh adversarial, own feedback": "feedback",
    }
    assert MNIST["2x800 tanh adversarial"].perturb.epsilon == 0.08  # of pixels in [0, 1]


def test_rows_that_stay_where_they_start_are_run_for_three_epochs():
    """Three hundred epochs at chance would cost a day, and show nothing more."""
    for full, longest in ((False, 30), (True, 300)):
        tasks = tables.tasks("mnist", full)
        deep = {t["rule"]: t["epochs"] for t in tasks if t["model"] == "100x240 tanh"}
        assert deep == {"bp": 3, "fa": 3, "ifa": 3, "dfa": longest}
    assert {t["epochs"] for t in tables.tasks("mnist", full=True, epochs=2)} == {2}


def test_short_runs_have_no_slower_rate_than_the_released_one():
    """They have a third of the epochs at most; `--full` has the released rate and length."""
    for table, every in tables.ROWS.items():
        rows = {name: row for name, row in every.items() if not row.convolutions}
        short, full = ({t["model"]: t["lr"] for t in tables.tasks(table, each)} for each in (0, 1))
        assert full == {name: pytest.approx(row.rate) for name, row in rows.items()}
        faster = {name: short[name] / full[name] for name in rows}
        known = {name: tables.SHORT.get(name, tables.Short()).faster for name in rows}
        assert faster == pytest.approx(known) and min(known.values()) >= 1
    assert {task["lr"] for task in convolutional.tasks(full=True)} == {5e-5}
    assert [t["lr"] for t in convolutional.tasks(full=False)] == [5e-5, 1.5e-4, 1.5e-4]
    assert MNIST["2x800 tanh"].rate == 1e-4 and CIFAR10["convolutional tanh"].rate == 5e-5


def test_every_published_number_has_a_row():
    """A number that no run is compared with would be left out silently."""
    runs = {
        (t["part"], t["model"], t["rule"])
        for name in tables.ROWS
        for t in tables.tasks(name, full=False)
    }
    runs |= {("cifar10", t["model"], t["rule"]) for t in convolutional.tasks(full=False)}
    assert set(tables.PUBLISHED) <= runs


def test_a_run_needs_the_data_of_its_own_row_only(tiny_images):
    """Whoever has MNIST could run no row, since other rows need CIFAR-10."""
    study = papers.find("nokland2016")
    for part in study.parts:
        tasks = part.tasks(None)
        name = "cifar10_jpeg" if part.name in ("cifar10", "convolutional") else "mnist"
        assert study.data_of(tasks) == [name], part.name
    assert study.data_of(study.tasks()) == ["mnist", "cifar10_jpeg"]
    lenet = papers.find("sign_symmetry")
    assert lenet.data_of([task for task in lenet.tasks() if task["data"] == "mnist"]) == ["mnist"]


# -- one run -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("table", "model", "along"), [
    ("mnist", "2x800 tanh", None),
    ("mnist", "2x800 tanh adversarial", "gradient"),
    ("own_feedback", "2x800 tanh adversarial, own feedback", "feedback"),
])  # fmt: skip
def test_a_row_trains_on_moved_samples_only_if_its_name_says_so(
    table, model, along, tiny_images, tmp_path, monkeypatch
):
    """Trained on clean samples, the row would be the one above it under another name."""
    moved, move = [], FastGradientSign.__call__

    def look(self, rule, net, trace):
        moved.append((self.epsilon, self.along))
        return move(self, rule, net, trace)

    monkeypatch.setattr(FastGradientSign, "__call__", look)
    task = {"part": table, "model": model, "rule": "fa", "seed": 0, "epochs": 1, "lr": 0.0003,
            "schedule": "constant"}  # fmt: skip
    assert tables.train(task, tmp_path)["stopped"] is None
    assert moved == ([(0.08, along)] * -(-TRAIN // BATCH) if along else [])


def test_a_run_stops_at_a_training_error_of_a_hundredth_of_a_per_cent():
    """The paper stops there; more epochs would be another experiment."""
    row = MNIST["1x800 tanh"]
    run = Run(row.network("bp", data_of(row), 0), make("bp"), row.optimizer(0.001, "constant"))
    run.history.append({"train_accuracy": 0.99989})
    tables.stop_when_learned(run)
    run.history.append({"train_accuracy": 0.9999})
    with pytest.raises(StopTraining, match=r"0\.01 %"):
        tables.stop_when_learned(run)


def test_pixels_of_convolutions_are_whitened_and_others_are_not(tiny_images):
    """The paper whitens the inputs of the convolutional network alone."""
    plain = training.load(CIFAR10["1x1000 tanh"])
    np.testing.assert_array_equal(plain.x_train, tiny("cifar10_jpeg").flat().x_train)
    white = training.load(CIFAR10["convolutional tanh"])
    assert white.x_train.shape[1:] == (3, 16, 16)
    assert np.abs(white.x_train.mean(axis=0)).max() < 1e-3


@pytest.mark.parametrize("rule", freezing.ROW.rules)
def test_the_first_layer_rests_and_is_then_released(rule, tiny_images, tmp_path, monkeypatch):
    """Figure 4 compares what happens at the release; `fa` had no feedback to this layer then."""
    monkeypatch.setattr(freezing, "REST", 1)
    task = {"part": "freezing", "rule": rule, "rest": 1, "seed": 0, "epochs": 3}
    rested, first = [], []

    def look(run):
        rested.append(run.net.weighted[0].frozen)
        first.append(run.net.weighted[0].W.copy())

    freezing.train(task, tmp_path, [look])
    assert len(first) == 3 and rested[0] and not rested[-1]
    start = freezing.ROW.network(rule, training.load(freezing.ROW), 0).weighted[0].W
    np.testing.assert_array_equal(first[0], start)
    assert np.abs(first[1] - start).max() > 0


def test_the_variance_between_classes_is_all_of_it_if_samples_of_a_class_are_equal():
    """And nearly none of it for activations that do not know the class."""
    rng, y = np.random.default_rng(0), np.arange(1000) % 10
    assert features.between(rng.normal(size=(10, 5))[y], y) == pytest.approx(1)
    assert features.between(rng.normal(size=(1000, 5)), y) == pytest.approx(9 / 999, rel=0.5)
    assert features.between(np.zeros((1000, 5)), y) == 0


def test_the_features_are_those_before_and_after_training(tiny_images, tmp_path):
    """Measured twice at one time, they would show that training changes nothing."""
    task = features.tasks(epochs=5)[0]
    data = training.load(features.ROW)
    result = features.train(task, tmp_path)
    net = features.ROW.network(task["rule"], data, task["seed"])
    assert result["before"] == features.shares(net, data)
    assert (np.array(result["after"]) > result["before"]).all()
    runs = [{"task": task, "result": {**result, "before": [0.1] * 3, "after": [0.5] * 3}}]
    ((_, row),) = features.tables(runs).values()
    assert row[3:] == ["10 10 10", "50 50 50"]


def test_the_error_is_shown_when_the_rest_ends_and_at_the_end():
    """A run that is shorter than the rest has no error after it."""
    task, errors = {"rule": "bp", "rest": 10}, [float(epoch) for epoch in range(1, 13)]
    runs = [{"task": task, "result": {"test_error": each}} for each in (errors, errors[:3])]
    ((_, long, short),) = freezing.tables(runs).values()
    assert long == ["bp", "10 epochs", "10.00", "12.00"] and short[2:] == ["-", "3.00"]


def test_the_plane_of_a_figure_keeps_the_distances_of_flat_points():
    """Points that lie in a plane already must keep their shape."""
    rng = np.random.default_rng(0)
    flat = rng.normal(size=(30, 2)) @ np.linalg.qr(rng.normal(size=(6, 2)))[0].T
    seen = features.in_plane(flat)

    def distances(points):
        return np.linalg.norm(points[:, None] - points, axis=-1)

    np.testing.assert_allclose(distances(seen), distances(flat), atol=1e-9)


# -- the tables ----------------------------------------------------------------------------------


def test_a_cell_has_the_mean_and_the_deviation_over_seeds_beside_the_published_one():
    """With n instead of n - 1, three seeds look more certain than they are."""
    runs = [record(seed=seed, test=[9.0, error]) for seed, error in enumerate((1.5, 1.6, 2.0))]
    runs.append(record(rule="ifa", test=[3.0], train=[0.5]))
    ((heading, (names, row)),) = tables.tables(runs).items()
    assert "MNIST" in heading and names[0] == "model" and row[0] == "1x800 tanh"
    spread = np.std([1.5, 1.6, 2.0], ddof=1)
    assert row[1] == f"1.70 ± {spread:.2f} / 1.59 ± 0.04"
    assert row[2] == "- / 1.68 ± 0.05"
    assert names[1:5] == [*(f"{rule}: nofb / published" for rule in ("bp", "fa", "dfa")),
                          "ifa: nofb"]  # fmt: skip
    assert row[4] == "3.00 (0.50)", "a training error that is left is shown"
    assert row[5:] == ["3 0 0 1", "2 - - 1", "1.5 - - 1.5"]


def test_the_table_of_cifar_says_that_the_images_were_encoded_again():
    """JPEG changes pixels, so that nobody may take these for the published conditions."""
    (heading,) = tables.tables([record("1x1000 tanh", table="cifar10", test=[46.0])])
    assert "re-encoded as JPEG" in heading


def test_the_convolutional_network_is_beside_its_published_ends():
    """Few epochs are far from the end: a reader must see how far, and for which rule."""
    errors = {"bp": [63.0, 50.0], "dfa": [64.0, 55.0]}
    runs = [
        record(convolutional.MODEL, rule, table=convolutional.NAME, test=test, train=[60.0, 45.0])
        for rule, test in errors.items()
    ]
    ((_, row),) = convolutional.table(runs).values()
    assert row[1:4] == ["50.00 (45.00) / 22.50 ± 0.40", "- / 27.10 ± 0.80",
                        "55.00 (45.00) / 26.90 ± 0.50"]  # fmt: skip
    found = [(each.rule, each.published.mean, each.mean) for each in convolutional.compared(runs)]
    assert found == [("bp", 22.5, 50.0), ("dfa", 26.9, 55.0)]
    (axes,) = convolutional.figure(runs).axes
    drawn = [np.ravel(line.get_ydata()).tolist() for line in axes.lines]
    assert drawn == [[63.0, 50.0], [22.5, 22.5], [64.0, 55.0], [26.9, 26.9]]


@pytest.mark.parametrize(("model", "test", "train", "holds"), [
    ("100x240 tanh", 4.2, 0.02, [True, False]),
    ("100x240 tanh", 4.4, 0.01, [False, True]),
    ("2x800 tanh dropout", 1.9, 1.0, [True]),
    ("2x800 tanh dropout", 2.1, 0.0, [False]),
    ("1x800 tanh", 1.0, 0.0, []),
])  # fmt: skip
def test_a_statement_of_the_paper_holds_only_if_our_runs_agree(model, test, train, holds):
    """The statements: depth, a training error of zero, and a lower error with dropout."""
    runs = [record("2x800 tanh", "dfa", test=(2.0,))]
    runs.append(record(model, "dfa", test=(test,), train=(train,)))
    assert [each.holds for each in tables.claims(runs)] == holds


def test_a_gain_within_the_noise_of_the_seeds_is_no_gain():
    """A difference of 0.06 points between means that are known to 0.2 says nothing."""
    clean = [record("2x800 tanh", "dfa", seed, test=(e,)) for seed, e in enumerate((1.8, 2.0, 2.2))]
    (claim,) = tables.claims([*clean, record("2x800 tanh dropout", "dfa", test=(1.95,))])
    assert not claim.holds and "standard error of the difference 0.12" in claim.measured
    (claim,) = tables.claims([*clean, record("2x800 tanh dropout", "dfa", test=(1.85,))])
    assert claim.holds


def test_the_convolutional_network_has_a_statement_too():
    """The paper says that its training error becomes zero."""
    runs = [record("convolutional tanh", "dfa", table="convolutional", train=(9.9,))]
    (claim,) = convolutional.claims(runs)
    assert not claim.holds and claim.measured == "training error 9.90 %"


def test_every_error_of_every_epoch_is_kept():
    """Who draws curves needs them."""
    rows = tables.lines([record("2x800 tanh adversarial, own feedback", test=[3.0, 2.5],
                                train=[1.0, 0.5])])  # fmt: skip
    assert rows[1:] == [
        ["mnist", "2x800 tanh adversarial own feedback", "bp", "0", "0.0003", "1", "1", "3"],
        ["mnist", "2x800 tanh adversarial own feedback", "bp", "0", "0.0003", "2", "0.5", "2.5"],
    ]


def test_the_figures_have_a_panel_for_each_layer_and_rule():
    """Figure 3: three layers under two rules. Figure 4: one panel for each rule."""
    runs = [
        {"task": {"rule": rule, "epochs": 1},
         "result": {"points": [[[0.0, 1.0], [1.0, 0.0]]] * 3, "classes": [0, 1],
                    "after": [0.5] * 3, "before": [0.1] * 3, "test_error": 2.0}}
        for rule in ("bp", "dfa")
    ]  # fmt: skip
    assert len(features.figure(runs).axes) == 6
    rest = [
        {"task": {"rule": rule, "rest": rest}, "result": {"test_error": [3.0, 2.0]}}
        for rule in ("bp", "dfa")
        for rest in (0, 20)
    ]
    panels = freezing.figure(rest).axes
    assert len(panels) == 2 and all(len(axes.lines) == 3 for axes in panels)
    assert BATCH == 64


def test_a_run_that_has_learned_everything_counts(tiny_images, tmp_path, monkeypatch):
    """The paper ends a run at a training error of 0.01 %; such a run is finished, and not lost."""
    monkeypatch.setattr(tables, "LEARNED", 1.0)
    task = next(t for t in tables.tasks("mnist", False, 2) if t["model"] == "1x800 tanh")
    record = {"task": task, "result": tables.train(task, tmp_path)}
    assert len(record["result"]["test_error"]) == 1 and MEANT in record["result"]["stopped"]
    assert failure(record) is None and exit_code([record]) == 0
    assert papers.find("nokland2016").by_part([record])
