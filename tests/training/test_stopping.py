"""Ctrl-C and callbacks: a stopped run is returned, and arguments are checked before training."""

import os
import re
import signal
import subprocess
import sys
import threading
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from oracles import dense_net

import nofb
from nofb import SGD, Dense, Network, rules
from nofb.plots import LivePlot
from nofb.runs.grid import run_grid
from nofb.runs.run_log import read_log
from nofb.training.interrupts import end_everything

DIGITS = nofb.datasets.load("digits")
PART = nofb.datasets.Dataset(DIGITS.x_train[:160], DIGITS.y_train[:160],
                             DIGITS.x_test[:40], DIGITS.y_test[:40])  # fmt: skip


def net_for(hidden=(12,), seed=0):
    sizes = [64, *hidden, 10]
    layers = [Dense(n, m, "tanh") for n, m in pairwise(sizes[:-1])]
    return Network([*layers, Dense(*sizes[-2:])], seed=seed)


def train(net=None, rule="fa", data=PART, **options):
    options = {"epochs": 4, "batch_size": 32, "progress": False, **options}
    rule = rules.make(rule) if isinstance(rule, str) else rule
    return nofb.fit(net or net_for(), rule, data, **options)


def press():
    """Press Ctrl-C, as in a terminal or by the button of a notebook."""
    os.kill(os.getpid(), signal.SIGINT)


class PressedAt(rules.FeedbackAlignment):
    """Feedback alignment that is interrupted in the middle of a given step."""

    def __init__(self, *numbers):
        super().__init__()
        self.numbers, self.steps = numbers, 0

    def signals(self, net, trace):
        self.steps += len(trace.output) == 32 and net.rule is self and trace.samples == 32
        for layer, delta in super().signals(net, trace):
            if self.steps in self.numbers and layer is net.weighted[-1]:
                press()
            yield layer, delta


def same_weights(net, other):
    return all(
        (one.W == two.W).all() for one, two in zip(net.weighted, other.weighted, strict=True)
    )


# -- Ctrl-C --------------------------------------------------------------------------------------


def test_ctrl_c_returns_the_run_so_far_and_says_where_it_stopped():
    """Without a checkpoint an hour of training was lost, with its history."""
    run = train(rule=PressedAt(13), probe=0)  # five steps in an epoch
    assert run.stopped == "fa was stopped by the user in epoch 3, step 3" and run.interrupted
    whole = train(probe=0)
    assert whole.stopped is None and not whole.interrupted
    assert run.history.epochs == 2
    for name in set(whole.history) - {"seconds"}:
        np.testing.assert_array_equal(run.history[name], whole.history[name][:2])


def test_ctrl_c_waits_for_the_end_of_the_step():
    """In the middle of a step some layers have changed and others not."""
    stopped, twin = net_for(), net_for()
    train(stopped, PressedAt(3), probe=0)
    rule, optimizer = rules.make("fa"), SGD()
    rule.attach(twin)
    order = np.arange(160)
    nofb.seeds.generator(0, "order").shuffle(order)
    for first in (0, 32, 64):
        x, y = PART.x_train[order[first : first + 32]], PART.y_train[order[first : first + 32]]
        for layer, update in zip(twin.weighted, rule.updates(twin, x, y), strict=True):
            layer.W -= optimizer.lr * update.dW
            layer.b -= optimizer.lr * update.db
    for one, two in zip(stopped.weighted, twin.weighted, strict=True):
        np.testing.assert_allclose(one.W, two.W, rtol=1e-5, atol=1e-7)


def test_a_second_ctrl_c_interrupts_at_once():
    """A user who presses twice does not want to wait."""
    before = signal.getsignal(signal.SIGINT)

    class Twice(PressedAt):
        def signals(self, net, trace):
            yield from super().signals(net, trace)
            if self.steps in self.numbers:
                press()

    with pytest.raises(KeyboardInterrupt):
        train(rule=Twice(7), probe=0)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("numbers", [(), (7,)])
def test_ctrl_c_has_pythons_own_handler_again_after_a_run(numbers):
    """Otherwise nofb would catch the next Ctrl-C of other code."""
    before = signal.getsignal(signal.SIGINT)
    train(rule=PressedAt(*numbers), probe=0)
    assert signal.getsignal(signal.SIGINT) is before
    with pytest.raises(KeyboardInterrupt):
        press()


def test_ctrl_c_between_two_steps_counts_the_finished_epoch():
    """During an evaluation or a callback there is no step to name."""
    run = train(callbacks=[lambda run: press() if run.history.epochs == 2 else None])
    assert run.stopped == "fa was stopped by the user after epoch 2"
    assert run.history.epochs == 2


def test_ctrl_c_during_a_separate_phase_of_the_feedback_stops_too():
    """The phase of a mirror can take longer than an epoch of steps."""

    class Apart(rules.FeedbackAlignment):
        def feedback_passes(self, epoch):
            return 1

        def learn_feedback(self, net, trace):
            press()

    run = train(rule=Apart())
    assert run.interrupted and run.history.epochs == 0
    assert run.stopped == "fa was stopped by the user in epoch 1, before its steps"


def test_a_raised_interrupt_returns_the_run_as_well():
    """Debuggers and some shells raise KeyboardInterrupt themselves."""

    def stop(run):
        if run.history.epochs == 2:
            raise KeyboardInterrupt

    run = train(callbacks=[stop])
    assert run.interrupted and run.history.epochs == 2


def test_a_run_outside_of_the_main_thread_trains_normally():
    """Python allows signal handlers in the main thread only."""
    found = []
    thread = threading.Thread(target=lambda: found.append(train()))
    thread.start()
    thread.join()
    np.testing.assert_array_equal(found[0].history["loss"], train().history["loss"])


def test_a_stopped_run_resumes_from_its_last_complete_epoch(tmp_path, monkeypatch):
    """Half an epoch must neither count twice nor be skipped."""
    options = {"checkpoint": nofb.Checkpoint(tmp_path / "run.npz", resume=True), "probe": 0}
    assert train(rule=PressedAt(13), **options).history.epochs == 2
    monkeypatch.setitem(globals(), "press", lambda: None)
    resumed = train(rule=PressedAt(13), **options)
    assert resumed.stopped is None and resumed.history.epochs == 4
    assert same_weights(resumed.net, train(probe=0).net)


# -- many runs -----------------------------------------------------------------------------------


def interrupted_work(task):
    if task["n"] == 1:
        train(rule=PressedAt(3), probe=0)
    return {"n": task["n"]}


def test_ctrl_c_ends_a_whole_grid_and_no_unfinished_run_is_logged_as_finished(tmp_path):
    """The next sweep would use the results of a few steps as those of a whole run."""
    log = tmp_path / "runs.jsonl"
    with pytest.raises(KeyboardInterrupt):
        list(run_grid(interrupted_work, [{"n": n} for n in range(3)], log=log))
    assert [record["task"]["n"] for record in read_log(log).values()] == [0]


def test_ctrl_c_stops_all_runs_of_a_grid_and_only_there():
    """The handler of a grid must not remain after it."""
    with end_everything(), pytest.raises(KeyboardInterrupt):
        train(rule=PressedAt(3), probe=0)
    assert train(rule=PressedAt(3), probe=0).interrupted


INTERRUPTED = """
import os, signal, sys
from nofb import cli, rules
signal.signal(signal.SIGINT, signal.default_int_handler)

class Pressed(rules.FeedbackAlignment):
    def after_step(self, net):
        os.kill(os.getpid(), signal.SIGINT)

rules.RULES["fa"] = Pressed
sys.exit(cli.main(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    "words",
    [
        ["train", "fa", "--lr", "0.01"],
        ["compare", "--rules", "fa", "--seeds", "2", "--jobs", "1", "--lr", "0.01", "--out", "out"],
    ],
)
def test_the_commands_end_with_their_sentence_and_exit_code_130(words, tmp_path):
    """A script must not continue after Ctrl-C as if the command had succeeded."""
    ended = subprocess.run([sys.executable, "-c", INTERRUPTED, *words], cwd=tmp_path,
                           capture_output=True, text=True, check=False)  # fmt: skip
    assert ended.returncode == 130
    assert ended.stderr.startswith("nofb: stopped") and ended.stderr.count("\n") == 1
    log = tmp_path / "out" / "runs.jsonl"
    assert not log.exists() or not read_log(log)


# -- callbacks -----------------------------------------------------------------------------------


def test_a_callback_stops_a_run_with_its_reason():
    """A run could be stopped only by an error, which lost it."""

    def stop(run):
        if run.history.epochs == 2:
            raise nofb.StopTraining("that will do")

    seen = []
    run = train(callbacks=[stop, lambda run: seen.append(run.history.epochs)])
    assert run.stopped == "fa was stopped by a callback after epoch 2: that will do"
    assert not run.interrupted and run.history.epochs == 2
    assert seen == [1, 2], "a callback that stands behind must see the last epoch"
    assert same_weights(run.net, train(epochs=2).net)


def test_a_stop_without_a_reason_gives_a_complete_sentence():
    """`raise nofb.StopTraining` is the shortest form."""

    def stop(run):
        raise nofb.StopTraining

    assert train(callbacks=[stop]).stopped == "fa was stopped by a callback after epoch 1"


def test_the_last_epoch_of_a_stopped_run_is_saved_with_any_value_of_every(tmp_path):
    """Otherwise a resumed run would repeat finished epochs."""

    def stop(run):
        if run.history.epochs == 3:
            raise nofb.StopTraining

    checkpoint = nofb.Checkpoint(tmp_path / "run.npz", every=10, resume=True)
    options = {"checkpoint": checkpoint, "epochs": 5}
    train(callbacks=[stop], **options)
    seen = []
    whole = train(callbacks=[lambda run: seen.append(run.history.epochs)], **options)
    assert seen == [4, 5]
    assert same_weights(whole.net, train(epochs=5).net)


def test_an_error_of_a_callback_is_raised_to_the_user():
    """A mistake in a callback must not look like a finished run."""
    with pytest.raises(ZeroDivisionError):
        train(callbacks=[lambda run: 1 / 0])


def test_callbacks_are_called_at_the_beginning_and_at_the_end():
    """Some callbacks need a check before training, or a summary after it."""
    told = []

    class Told(nofb.Callback):
        def begin(self, run):
            told.append(("begin", run.history.epochs, "test_loss" in run.history.start))

        def __call__(self, run):
            told.append(run.history.epochs)

        def end(self, run):
            told.append(("end", run.stopped))

    train(callbacks=[Told()], epochs=2)
    assert told == [("begin", 0, True), 1, 2, ("end", None)]


def test_a_generator_of_callbacks_is_called_after_every_epoch():
    """It was empty after the first epoch."""
    seen = []
    train(callbacks=(f for f in [lambda run: seen.append(run.history.epochs)]))
    assert seen == [1, 2, 3, 4]


def test_the_examples_of_the_page_on_stopping_print_what_the_page_shows(tmp_path, monkeypatch):
    """A reader compares the output with the comment behind the line."""
    monkeypatch.chdir(tmp_path)
    page = (Path(__file__).parents[2] / "docs" / "checkpoints.md").read_text(encoding="utf-8")
    names, checked = {}, 0
    for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(block, names)
        for shown, value in re.findall(r"^((?:short|early|stopping)\S.*?) +# (.*)$", block, re.M):
            if " = " not in shown:
                assert eval(shown, names) == eval(value)
                checked += 1
    assert checked == 3


# -- checked before a weight changes -------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        ({"callbacks": print}, TypeError, r"callbacks must be a list .*print>: put it in \[\]"),
        ({"callbacks": [None]}, TypeError, "callbacks holds None, but must hold functions"),
        ({"callbacks": "f"}, TypeError, "callbacks holds 'f', but must hold functions"),
        ({"callbacks": [LivePlot]}, TypeError, r"the class LivePlot: call it, LivePlot\(\)"),
        ({"rule": rules.Backprop}, TypeError, r'rule must be such as nofb.rules.make\("fa"\)'),
        ({"optimizer": 0.1}, TypeError, r"optimizer must be such as nofb.SGD\(lr=0.1\), but is 0"),
        ({"optimizer": SGD}, TypeError, r"optimizer must be such as nofb.SGD\(lr=0.1\)"),
        ({"optimizer": None}, TypeError, r"optimizer must be such as .* but is None"),
        ({"optimizer": "adma"}, ValueError,
         r"optimizer is 'adma' \(did you mean 'adam'\?\), but must be one of: sgd, "),
        ({"shuffle": "no"}, TypeError, "shuffle must be True or False, but is 'no'"),
        ({"progress": None}, TypeError, "progress must be True or False"),
        ({"batch_size": 2.5}, TypeError, "batch_size must be a whole number"),
        ({"seed": "a"}, TypeError, "seed must be a whole number"),
        ({"probe": [PART.x_test, PART.y_test]}, TypeError, r"a pair of other samples \(x, y\)"),
        ({"probe": (PART.x_test,)}, TypeError, r"a pair of other samples \(x, y\)"),
        ({"probe": True}, TypeError, "probe must be a whole number, but is True"),
        ({"callbacks": [nofb.EarlyStopping(2)]}, ValueError, "such as validation=0.1"),
        ({"checkpoint": True}, TypeError, "checkpoint must be the path of a file, but is True"),
    ],
)  # fmt: skip
def test_a_wrong_argument_is_found_before_the_first_epoch(options, error, sentence):
    """`callbacks=f` failed after the first epoch, when the weights had changed."""
    net = net_for()
    with pytest.raises(error, match=sentence):
        train(net, **options)
    assert same_weights(net, net_for())


def test_layers_without_a_network_are_refused_with_the_cure():
    """A reader may take a list of layers for a network, but it has no loss and no seed."""
    net = net_for()
    with pytest.raises(TypeError, match=r"net must be such as nofb.Network"):
        nofb.fit(net.layers, rules.make("fa"), PART)
    assert net.rule is None


def test_a_live_plot_outside_of_a_notebook_fails_before_the_first_step():
    """It failed after the first epoch."""
    net = net_for()
    with pytest.raises(RuntimeError, match="draws in a notebook"):
        train(net, callbacks=[LivePlot()])
    assert same_weights(net, net_for())


def test_a_wrong_argument_leaves_no_checkpoint(tmp_path):
    """Otherwise the next, correct call would find an existing checkpoint."""
    with pytest.raises(TypeError):
        train(callbacks=print, checkpoint=tmp_path / "run.npz")
    with pytest.raises(ValueError, match="x_train has samples of shape"):
        train(dense_net(), checkpoint=tmp_path / "run.npz")
    assert not list(tmp_path.iterdir())
