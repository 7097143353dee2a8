"""A mistake in a custom kernel: the sentence names the kernel, its arguments and the cure."""

import re
from pathlib import Path

import numpy as np
import pytest
import students
from numba import config
from numba.core.registry import CPUDispatcher

from nofb import Dense, Network
from nofb.check import check
from nofb.kernels import calls
from nofb.kernels.jit import kernel
from nofb.rule import modules_of

compiled = pytest.mark.skipif(bool(config.DISABLE_JIT), reason="nothing is compiled")


@kernel
def loop_outside(delta, B):
    sent = np.zeros((delta.shape[0], B.shape[1]), delta.dtype)
    for n in range(delta.shape[0]):
        for i in range(B.shape[1]):
            for j in range(B.shape[0]):
                sent[n, i] += delta[n, i] * B[j, i]  # outside
    return sent


@kernel
def half(delta, B):
    return 0.5 * delta @ B


@kernel
def half_cured(delta, B):
    return delta.dtype.type(0.5) * delta @ B


@kernel
def times_one(delta, B):
    return (delta * 1.0) @ B


@kernel
def product(delta, B):
    return delta @ B


@kernel
def turned(delta, B):
    return delta @ B.T  # turned


@kernel
def unturned_signs(delta, W):
    return delta @ np.sign(W)  # signs


@kernel
def entries(delta, B):
    return delta * B  # entries


@kernel
def outer(delta, B):
    return turned(delta, B)


@kernel
def of_a_layer(delta, layer):
    return delta @ layer.B


class Student(students.Student):
    """Feedback alignment with the kernel `send`."""

    send = staticmethod(lambda delta, layer: product(delta, layer.B))


class OwnArray(Student):
    """Its matrices stay float64, in the state of the rule."""

    def draw_feedback(self, net, rng):
        for layer in net.weighted[1:]:
            layer.rule_state = rng.normal(0, 0.3, layer.feedback_shape)

    def send(self, delta, layer):
        return product(delta, layer.rule_state)


class SendsAlways(Student):
    """The first layer, which has no B, sends a signal too."""

    def signals(self, net, trace):
        for layer in trace.downward():
            delta = trace.delta(layer)
            yield layer, delta
            trace.arrive(layer, product(delta, layer.B))


def by(way):
    """Return a rule that sends its signals by the function `way`."""

    class Own(Student):
        send = staticmethod(way)

    return Own()


def first_failure(rule) -> str:
    """Return the first failure of `nofb check`."""
    return next(v.sentence for _, v in check(rule) if v.passed is False)


def told(rule) -> str:
    """Return the error that a script gets when it asks for updates."""
    net = Network([Dense(5, 4, "tanh"), Dense(4, 6, "tanh"), Dense(6, 3)])
    rule.attach(net)
    with pytest.raises((TypeError, ValueError)) as caught:
        rule.updates(net, np.ones((7, 5), np.float32), np.zeros(7, int))
    return str(caught.value)


def line_with(mark: str) -> int:
    """Return the number of the line of this file that ends with a given comment."""
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    return next(n for n, line in enumerate(lines, 1) if line.endswith(f"  # {mark}"))


def test_a_loop_that_reads_outside_of_an_array_is_reported_with_its_line():
    """The compiled kernel read past the end of δ, and the claims of the rule were blamed."""
    sentence = first_failure(by(lambda delta, layer: loop_outside(delta, layer.B)))
    where = f"IndexError in line {line_with('outside')} of test_mistakes_in_kernels.py: "
    assert f"it stops with {where}" in sentence
    if not config.DISABLE_JIT:
        assert "kernel loop_outside stops at `sent[n, i] += delta[n, i] * B[j, i]`" in sentence
    assert "index 3 is out of bounds for axis 1 with size 3" in sentence


@compiled
def test_after_a_check_kernels_are_compiled_again():
    """Otherwise a rule would train a hundred times more slowly after a check."""
    rule = by(lambda delta, layer: loop_outside(delta, layer.B))
    first_failure(rule)
    kernels = calls.kernels_in(modules_of(type(rule)))
    assert loop_outside in kernels and half in kernels
    assert {type(each) for each in kernels} == {CPUDispatcher}


@compiled
@pytest.mark.parametrize(
    ("rule", "given"),
    [
        (by(lambda delta, layer: half(delta, layer.B)), "half .* float32, B .* float32"),
        (by(lambda delta, layer: times_one(delta, layer.B)), "times_one .*float32, B .*float32"),
        (OwnArray(), r"product .*delta \(7, 3\) of float32, B \(3, 6\) of float64"),
    ],
    ids=["a number", "a number times", "an array of one's own"],
)
def test_two_types_in_one_product_get_their_cure_and_no_hint_about_b(rule, given):
    """The sentence recommended `if layer.sends`, which the rule already had."""
    for sentence in (told(rule), first_failure(rule).replace("(1, 3)", "(7, 3)")):
        assert re.search(f"kernel {given}.*float32 into float64", sentence), sentence
        assert "`delta.dtype.type(0.5) * delta`" in sentence
        assert "`.astype(net.dtype)`" in sentence and "layer.sends" not in sentence


def test_the_cure_for_two_types_works():
    """A cure that does not run would mislead the student."""
    net = Network([Dense(5, 4, "tanh"), Dense(4, 3)])
    rule = by(lambda delta, layer: half_cured(delta, layer.B))
    rule.attach(net)
    assert rule.updates(net, np.ones((7, 5)), np.zeros(7, int))[0].dW.dtype == np.float32


@compiled
def test_only_a_b_that_is_none_gets_the_hint_about_none():
    """It is the most frequent mistake of all, and keeps its hint."""
    hint = "the first layer has no B: send a signal further `if layer.sends`"
    for sentence in (told(SendsAlways()), first_failure(SendsAlways())):
        assert sentence.count(hint) == 1 and "B None" in sentence


@compiled
@pytest.mark.parametrize(
    ("send", "sentence"),
    [
        (
            lambda delta, layer: turned(delta, layer.B),
            r"kernel turned stops at `return delta @ B.T`, given delta \(7, 3\) .*, B \(3, 6\) ",
        ),
        (
            lambda delta, layer: outer(delta, layer.B),
            r"^(?!.*kernel outer).*kernel turned stops at `return delta @ B.T`, given delta \(7, 3",
        ),
        (
            lambda delta, layer: unturned_signs(delta, layer.W),
            r"kernel unturned_signs stops at .* given delta \(7, 3\) .*, W \(6, 3\) of float",
        ),
        (
            lambda delta, layer: entries(delta, layer.B),
            r"kernel entries stops at .* given delta \(7, 3\) .*, B \(3, 6\) .* broadcast together",
        ),
        (
            of_a_layer,
            r"a kernel takes arrays and numbers, but `layer` is a Dense: pass `layer.W`",
        ),
    ],
    ids=["turned", "in a kernel that it calls", "signs", "entries", "a layer"],
)
def test_a_kernel_with_arguments_that_do_not_fit_names_them(send, sentence):
    """Numba names neither the kernel nor the shapes, but a line of its own npyimpl.py."""
    for found in (told(by(send)), first_failure(by(send))):
        assert re.search(sentence, found), found
        assert "npyimpl" not in found


def test_a_transposed_matrix_in_a_kernel_is_reported():
    """If all layers have one size, it would run and compute a wrong signal."""
    sentence = first_failure(by(lambda delta, layer: turned(delta, layer.B)))
    assert f"in line {line_with('turned')} of test_mistakes_in_kernels.py" in sentence
    assert sentence.endswith("shows why: the feedback matrix is transposed")


class Scores(Student):
    """Its kernel for after_step calls a function that Numba does not support."""

    def after_step(self, net):
        unknown_to_numba(net.weighted[1].B)


@kernel
def unknown_to_numba(B):
    return np.einsum("ij->ji", B)


@compiled
def test_a_kernel_of_another_method_is_named_too():
    """Only `teach` had such a sentence before."""
    sentence = first_failure(Scores())
    assert re.search(r"kernel unknown_to_numba cannot be compiled for B \(6, 4\)", sentence)
    assert "numpy.einsum" in sentence
