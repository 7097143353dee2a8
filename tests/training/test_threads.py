"""Threads: the same results with any number of threads, and no error is lost."""

import os
import subprocess
import sys
import threading

import numpy as np
import oracles
import pytest

import nofb
from nofb import Dense, Network, rules, threads
from nofb.trace import Trace


@pytest.fixture
def cut_everything(monkeypatch):
    """Set the smallest part to 1, so that small networks are cut between threads, too."""
    monkeypatch.setattr(threads, "SMALLEST_PART", 1)
    monkeypatch.setattr(threads, "ROWS", 1)


@pytest.mark.parametrize("samples", [1, 2, 7])
@pytest.mark.parametrize(("name", "net_name"), oracles.RULES_AND_NETS)
def test_several_threads_compute_the_updates_of_one(name, net_name, samples, cut_everything):
    """If half of the samples were missing, or counted twice, a network would train, but worse."""
    net = oracles.NETS[net_name]()
    rule = oracles.attached(name, net)
    x, y = oracles.batch(net, samples)
    alone = oracles.teach(rule, net, oracles.taught_trace(net, x, y))
    for size in (2, 3):
        with threads.team(size):
            together = oracles.teach(rule, net, oracles.taught_trace(net, x, y))
        oracles.assert_close(together, alone)


def test_a_whole_trace_holds_the_results_of_its_parts(cut_everything):
    """Rules read h_below, a and h of the whole batch, which several threads have computed."""
    net = oracles.conv_net()
    x, y = oracles.batch(net)
    alone = oracles.taught_trace(net, x, y)
    with threads.team(2):
        together = oracles.taught_trace(net, x, y)
    for layer in net.layers:
        np.testing.assert_allclose(together[layer].h, alone[layer].h, rtol=1e-12)
        np.testing.assert_allclose(together[layer].h_below, alone[layer].h_below, rtol=1e-12)
    np.testing.assert_allclose(together.error, alone.error, rtol=1e-12, atol=1e-15)


def test_dropout_draws_the_same_masks_with_several_threads(cut_everything):
    """Masks drawn by two threads at once would differ from run to run."""
    net = oracles.dense_net(dropout=0.5)
    x, y = oracles.batch(net)
    alone = oracles.taught_trace(net, x, y)
    with threads.team(2):
        together = oracles.taught_trace(net, x, y)
    np.testing.assert_array_equal(together.output, alone.output)


def test_one_trace_serves_batches_of_two_sizes_with_several_threads(cut_everything):
    """The last batch of an epoch is smaller, and is cut at other samples."""
    net = oracles.dense_net()
    rule = oracles.attached("bp", net)
    trace = Trace(net, 7)
    with threads.team(2):
        for samples in (7, 3, 7):
            x, y = oracles.batch(net, samples, seed=samples)
            part = trace.rows(samples).fill(net.as_input(x), train=True)
            found = oracles.teach(rule, net, part.set_target(net.as_target(y, samples)))
            oracles.assert_close(found, rule.updates(net, x, y))


def test_a_run_does_not_depend_on_the_number_of_threads():
    """A result must be reproducible on a computer with another number of cores."""
    data = nofb.datasets.two_moons(400, seed=0)
    losses = []
    for size in (1, 2):
        net = Network([Dense(2, 600, "tanh"), Dense(600, 600, "tanh"), Dense(600, 2)], seed=1)
        with threads.team(size):
            run = nofb.fit(net, rules.make("dfa"), data, epochs=2, batch_size=64, progress=False)
        losses.append(run.history["loss"])
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-5)


@pytest.mark.parametrize("name", rules.TARGETS)
def test_inverses_learn_the_same_with_several_threads(name, cut_everything):
    """Two reconstruction steps that share an array or noise would depend on their order."""
    learned = []
    for size in (1, 3):
        net = oracles.dense_net((5, 6, 7, 6, 4, 3))
        rule = oracles.attached(name, net)
        with threads.team(size):
            for seed in range(3):
                rule.before_step(net, oracles.taught_trace(net, *oracles.batch(net, seed=seed)))
        inverses = [layer.inverse for layer in net.weighted if layer.inverse is not None]
        learned.append([array.copy() for inverse in inverses for array in (inverse.B, inverse.c)])
    for alone, together in zip(*learned, strict=True):
        np.testing.assert_array_equal(together, alone)


def test_an_error_in_another_thread_is_raised_in_the_main_one():
    """If a thread ended silently, its results would be zeros."""
    started = threading.Barrier(2)

    def fail():
        started.wait(timeout=10)  # both jobs run at once, so one of them is in another thread
        if threading.current_thread() is not threading.main_thread():
            raise ArithmeticError("from a helper")

    with threads.team(2) as two:
        with pytest.raises(ArithmeticError, match="from a helper"):
            two.run([fail, fail])
        done = []
        two.run([lambda: done.append(1)] * 3)
        assert done == [1, 1, 1], "the team must be fit for work after an error"


def test_an_error_in_the_main_thread_waits_for_the_others_to_end():
    """A user who catches the error must not find threads that still write into the arrays."""
    ended = []

    def jobs():
        yield lambda: ended.append("job")
        raise KeyboardInterrupt

    with threads.team(2) as two:
        with pytest.raises(KeyboardInterrupt):
            two.run(jobs())
        before = list(ended)
        two.run([])
        assert ended == before


def test_a_thread_of_a_team_has_no_team_of_its_own():
    """If threads started threads, there would be many more than cores."""
    sizes = []
    started = threading.Barrier(2)

    def look():
        started.wait(timeout=10)
        sizes.append(threads.size())

    with threads.team(2) as two:
        two.run([look, look])
    assert sorted(sizes) == [1, 2]


def test_a_team_ends_with_its_context_and_the_outer_one_is_active_again():
    """Otherwise later code would run with the threads of an old team."""
    assert threads.size() == 1
    with threads.team(3):
        with threads.team():
            assert threads.size() == 3, "a team that is there goes on"
        with threads.team(2):
            assert threads.size() == 2
        assert threads.size() == 3
    assert threads.size() == 1


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("NOFB_NUM_THREADS", "3", "3"),
        ("OMP_NUM_THREADS", "1", "1"),
        ("NOFB_NUM_THREADS", "two", "NOFB_NUM_THREADS must be a whole number from 1 to 256"),
        ("NOFB_NUM_THREADS", "0", "NOFB_NUM_THREADS must be a whole number from 1 to 256"),
        ("NOFB_NUM_THREADS", "100000", "from 1 to 256, but is '100000'"),
        ("OMP_NUM_THREADS", "3,2,1", "3"),
    ],
)
def test_an_environment_variable_sets_the_number_of_threads(name, text, expected):
    """On a shared machine each worker process of a grid must use one thread."""
    environment = {k: v for k, v in os.environ.items() if not k.endswith("NUM_THREADS")}
    found = subprocess.run(
        [sys.executable, "-c", "from nofb import threads; print(threads.default())"],
        env=environment | {name: text}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert expected in found.stdout + found.stderr
