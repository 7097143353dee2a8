"""What a teaching signal depends on: errors, labels, weights."""

import numpy as np
import oracles
import pytest
from oracles import attached, batch, dense_net, taught_trace
from rules.families import DIRECT, FIXED, LEARNED, NETS, RULES, SIGN_SYMMETRY, but

from nofb import Network, rules
from nofb.rules import RandomRelay

INVERTING = [name for name in oracles.DENSE_ONLY if name != "fwdtp"]  # inverses that learn


TEACHING = [  # rules with signals for hidden layers, for any layers between them
    name for name in RULES if name not in ("shallow", *oracles.DENSE_ONLY)
]


FORWARD = [name for name, rule in rules.RULES.items() if rule.family == "forward"]


# -- what a signal depends on ---------------------------------------------------------------------


@pytest.mark.parametrize("net_name", NETS)
@pytest.mark.parametrize("name", ["bp", "fa", "dfa", "ifa", *SIGN_SYMMETRY, *LEARNED])
def test_a_teaching_signal_is_linear_in_the_error(name, net_name):
    """Twice the error, twice the signal: none of these rules may clip a signal."""
    net = oracles.NETS[net_name]()
    rule = attached(name, net)
    trace = taught_trace(net, *batch(net))
    once = oracles.hidden_signals(rule, net, trace)
    trace.error *= 2
    for delta, twice in zip(once, oracles.hidden_signals(rule, net, trace), strict=True):
        np.testing.assert_allclose(twice, 2 * delta, rtol=1e-12)
        assert delta.any()


@pytest.mark.parametrize(("name", "degree"), [("dfa", 1), ("sdfa", 0), ("drtp", 0)])
def test_only_direct_feedback_depends_on_the_size_of_the_error(name, degree):
    """Error signs and labels do not become smaller as the network learns; errors do."""
    net = dense_net()
    rule = attached(name, net)
    trace = taught_trace(net, *batch(net))
    before = oracles.hidden_signals(rule, net, trace)
    trace.error *= 1e-9
    for delta, after in zip(before, oracles.hidden_signals(rule, net, trace), strict=True):
        np.testing.assert_allclose(after, 1e-9**degree * delta, rtol=1e-12)


@pytest.mark.parametrize("name", FIXED)
def test_a_negative_feedback_matrix_gives_a_negative_signal(name):
    """A signal is linear in its feedback matrix; no sign of D or B is preferred."""
    net = dense_net((5, 4, 3))
    rule = attached(name, net)
    trace = taught_trace(net, *batch(net))
    (before,) = oracles.hidden_signals(rule, net, trace)
    for layer in net.weighted:
        for matrix in (layer.B, layer.D):
            if matrix is not None:
                matrix *= -2
    (after,) = oracles.hidden_signals(rule, net, trace)
    np.testing.assert_allclose(after, -2 * before, rtol=1e-12)


@pytest.mark.parametrize(("loss", "rank"), [("squared_error", 3), ("cross_entropy", 2)])
def test_the_rank_of_direct_feedback_is_at_most_the_number_of_outputs(loss, rank):
    """e D has rank at most n_outputs, and one less if the errors of a sample sum to zero."""
    net = dense_net((5, 10, 12, 3), "identity", loss=loss)
    rule = attached("dfa", net)
    trace = taught_trace(net, *batch(net, 20))
    for delta in oracles.hidden_signals(rule, net, trace):
        assert np.linalg.matrix_rank(delta, tol=1e-9) == rank


@pytest.mark.parametrize("silencer", ["dropout", "pooling"])
@pytest.mark.parametrize("name", TEACHING)
def test_a_dropped_unit_is_not_taught(name, silencer):
    """Every signal is multiplied by the masks, and sent to the maxima, of the forward pass."""
    if silencer == "pooling" and name in FORWARD:
        pytest.skip("other units win in its further passes")
    net = dense_net(dropout=0.5) if silencer == "dropout" else oracles.shallow_conv_net()
    rule = attached(name, net)
    trace = taught_trace(net, *batch(net))
    found = oracles.signals(rule, net, trace)
    for above in net.weighted[1:]:
        silent = trace.below(above, np.ones_like(trace.h_below(above))) == 0
        assert silent.any()
        assert not found[net.below(above)][silent].any()


# -- what a rule may use --------------------------------------------------------------------------


def reaction(rule: rules.Rule, net: Network, spoil) -> bool:
    """Return whether the hidden updates change if `spoil(trace)` follows the forward pass."""
    x, y = batch(net)
    before = oracles.teach(rule, net, taught_trace(net, x, y))
    trace = taught_trace(net, x, y)
    spoil(trace)
    after = oracles.teach(rule, net, trace)
    pairs = zip(oracles.parts(before[:-1]), oracles.parts(after[:-1]), strict=True)
    return any(oracles.unlike(one, other) for one, other in pairs)


def poison(*arrays) -> None:
    for array in arrays:
        array[:] = np.nan


@pytest.mark.parametrize(("name", "net_name"), but(*FORWARD))  # these run W forward again
def test_a_rule_reads_the_weights_in_its_backward_pass_only_if_it_claims_so(name, net_name):
    """The weight transport problem itself: a rule without transport must not use W again."""
    net = oracles.NETS[net_name]()
    rule = attached(name, net)
    reads = reaction(rule, net, lambda trace: poison(*(layer.W for layer in net.weighted)))
    if name not in ("sa", *INVERTING):  # these read W as well, but to change B
        assert reads == (rule.uses.transport or rule.uses.signs or rule.uses.forward_weights)
    rule = rules.RULES[name]
    at_once = rule.uses.transport and rule.family != "learned"  # sa reads W slowly, to train B
    iterates = name in ("itp", "itp_drl")  # f, for the reconstruction error
    assert reads == (at_once or rule.uses.signs or rule.uses.forward_weights or iterates)


@pytest.mark.parametrize("net_name", NETS)
def test_the_forward_relay_reads_only_the_weights_of_the_layers_between(net_name):
    """Indirect feedback needs W_2 ... W_{L-1}; W_1 and W_L would be another use of weights."""
    net = oracles.NETS[net_name]()
    rule = attached("ifa", net)
    ends = [net.weighted[0].W, net.weighted[-1].W]
    assert not reaction(rule, net, lambda trace: poison(*ends))
    net = oracles.NETS[net_name]()
    rule.attach(net)
    assert reaction(rule, net, lambda trace: poison(net.weighted[1].W))


@pytest.mark.parametrize("net_name", NETS)
def test_the_random_relay_reads_no_weights(net_name):
    """So this form of indirect feedback uses no forward weights, as it claims."""
    net = oracles.NETS[net_name]()
    rule = attached(RandomRelay(), net)
    assert not rule.uses.forward_weights
    assert not reaction(rule, net, lambda trace: poison(*(layer.W for layer in net.weighted)))


@pytest.mark.parametrize("name", RULES)
def test_a_rule_reads_the_error_and_the_labels_only_if_it_claims_so(name):
    """Target projection teaches before the output is computed; no other rule can claim this."""
    rule = attached(name, net := dense_net())
    hears_error = reaction(rule, net, lambda trace: poison(trace.error))
    assert hears_error == rule.uses.error
    assert reaction(rule, net, lambda trace: poison(trace.target)) == rule.uses.labels


@pytest.mark.parametrize("name", RULES)
def test_a_rule_has_feedback_matrices_only_if_it_claims_so_and_claims_whether_they_learn(name):
    """The checker and the docs use these claims of the header."""
    rule = attached(name, net := dense_net())
    matrices = [m for layer in net.weighted for m in (layer.B, layer.D) if m is not None]
    hears = reaction(rule, net, lambda trace: poison(*matrices))
    matrices_drawn = [*FIXED, "fwdtp"]
    assert hears == (name in matrices_drawn or rule.uses.learned_feedback)
    elsewhere = ["brsf", "frsf", "pepita"]  # magnitudes, and PEPITA's projection
    assert rule.uses.feedback == (name in [*matrices_drawn, *elsewhere])
    assert rule.uses.learned_feedback == (name in [*LEARNED, *INVERTING])


@pytest.mark.parametrize("name", DIRECT)
def test_a_direct_signal_does_not_depend_on_the_other_layers(name):
    """Then all layers may learn at once: only e or y, D_l and the layer's activation are used."""
    net = dense_net((5, 4, 6, 7, 3))
    rule = attached(name, net)
    middle = net.weighted[1]
    trace = taught_trace(net, *batch(net))
    expected = oracles.signals(rule, net, trace)[middle]
    for layer in (net.weighted[0], *net.weighted[2:]):
        poison(trace[layer].a, trace[layer].h, *(m for m in (layer.W, layer.D) if m is not None))
    np.testing.assert_array_equal(oracles.signals(rule, net, trace)[middle], expected)
