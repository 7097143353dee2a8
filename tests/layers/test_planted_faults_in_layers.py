"""Faults planted into the layers of networks with branches: a test must fail on each one."""

import pytest
from planting import NO_FAULT, Fault, assert_seen, planted_runs

NORMALISE, ATTENTION, POOLING = (
    f"kernels/{name}.py" for name in ("normalise", "attention", "pooling")
)
BACK = "layers/test_layers_alone.py::test_the_backward_pass_is_the_derivative"
LEARN = "layers/test_layers_alone.py::test_parameters_learn_from_the_mean_gradient"
UP = "layers/test_layers_alone.py::test_relay_is_the_transpose_of_the_backward_pass"

FAULTS = {
    "a batch mean that is a constant": Fault(
        NORMALISE, "(signal[i, j] - total[j] - z * along_z[j])", "(signal[i, j] - z * along_z[j])",
        BACK,
    ),
    "a variance of a batch that is a constant": Fault(
        NORMALISE, "(signal[i, j] - total[j] - z * along_z[j])", "(signal[i, j] - total[j])", BACK
    ),
    "a backward pass in use that is the one of training": Fault(
        "layers/batch_norm.py", "if not record.train:", "if False:", BACK
    ),
    "a running variance of the biased kind": Fault(
        "layers/batch_norm.py", "(rows / (rows - 1))", "1.0",
        "test_running_averages_move_towards_the_batch",
    ),
    "use with the moments of the batch": Fault(
        "layers/batch_norm.py", "if record.train:", "if len(x) > 1:",
        "test_batch_norm_equals_the_naive_loop",
    ),
    "a layer mean that is a constant": Fault(
        NORMALISE, "(gamma[j] * signal[i, j] - total - z * along_z)",
        "(gamma[j] * signal[i, j] - z * along_z)", BACK,
    ),
    "a layer norm that relays through gamma first": Fault(
        "layers/layer_norm.py", "np.ones_like(self.gamma)) * self.gamma", "self.gamma)", UP
    ),
    "a softmax without its sum": Fault(
        ATTENTION, "(signal[j] - along)", "signal[j]", BACK
    ),
    "a token that depends on the next one": Fault(
        ATTENTION, "i % A.shape[2] + 1 if causal", "min(i % A.shape[2] + 2, row.size) if causal",
        "test_causal_tokens_do_not_depend_on_later_ones",
    ),
    "scores that are not shifted": Fault(
        ATTENTION, "scale * (row[j] - top)", "scale * row[j]",
        "test_large_scores_overflow_nothing",
    ),
    "keys that get the signal of the queries": Fault(
        "layers/attend.py", "np.matmul(dA.swapaxes(2, 3), Q, out=dK)", "np.matmul(dA, Q, out=dK)",
        BACK,
    ),
    "a mean that sends the whole signal to every pixel": Fault(
        POOLING, "factor * pooled[n, y, x, c]", "pooled[n, y, x, c]", BACK
    ),
    "windows of means that overwrite each other": Fault(
        POOLING, "maps[n, i, j, c] += factor", "maps[n, i, j, c] = factor", BACK
    ),
    "positions that learn from the sum": Fault(
        "layers/positions.py", "signal.sum(0) / self.dtype(samples)", "signal.sum(0)", LEARN
    ),
    "a class token that hides the first patch": Fault(
        "layers/class_token.py", "[:, 1:].copy()", "[:, :-1].copy()", BACK
    ),
    "a mean token that counts no tokens": Fault(
        "layers/one_token.py", "return np.full((record.samples, 1, tokens), 1 / tokens",
        "return np.full((record.samples, 1, tokens), 1",
        "layers/test_tokens.py::test_the_mean_token_is_the_mean",
    ),
    "padding that is attended to": Fault(
        ATTENTION, "rows[:, j] = -np.inf", "rows[:, j] = 0",
        "layers/test_padding.py::test_attention_equals_the_naive_loop_over_present_tokens",
    ),
    "a mean that counts padding": Fault(
        "layers/one_token.py", "present.sum(2, keepdims=True)", "record.dtype(tokens)",
        "layers/test_padding.py::test_the_mean_is_over_present_tokens",
    ),
    "a branch that is subtracted": Fault(
        "layers/sum.py", "record.h += each", "record.h -= each",
        "test_a_sum_adds_its_sources",
    ),
    "one-hot rows that are one off": Fault(
        "layers/embedding.py", "rows[np.arange(tokens.size), tokens]",
        "rows[np.arange(tokens.size), tokens - 1]",
        "test_an_embedding_equals_a_dense_layer_on_one_hot_rows",
    ),
}  # fmt: skip


FOLDERS = ["layers"]  # of tests, which are copied
runs = planted_runs(FAULTS, FOLDERS)


@pytest.mark.parametrize("name", [NO_FAULT, *FAULTS])
def test_a_fault_in_a_layer_is_detected_by_its_test(name, runs):
    """If the tests pass with a wrong line, the derivative is not tested."""
    assert_seen(name, runs)
