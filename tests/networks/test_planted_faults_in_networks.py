"""Faults planted into networks with branches: a test of whole networks must fail on each one."""

import pytest
from planting import NO_FAULT, Fault, assert_seen, planted_runs

NAIVE = "test_outputs_loss_and_every_gradient_equal_those_of_a_naive_network"
RESNET, VISION, LANGUAGE = (
    f"{NAIVE}[2-{name}]" for name in ("resnet", "vision_transformer", "language_model")
)

FAULTS = {
    "a shortcut whose signal is dropped": Fault(
        "layers/sum.py", "(record.signal(self, signal, self.shape_out),) * len(record.received)",
        "(record.signal(self, signal, self.shape_out), 0 * signal)", VISION,
    ),
    "positions that are added twice": Fault(
        "layers/positions.py", "np.add(record.h_below, self", "np.add(record.h_below, 2 * self",
        VISION,
    ),
    "a class token that learns from the first patch": Fault(
        "layers/class_token.py", "signal[:, 0].sum(0)", "signal[:, 1].sum(0)", VISION
    ),
    "a backward pass of batch normalisation without gamma": Fault(
        "layers/batch_norm.py", "x, mean, r, self.gamma).reshape", "x, mean, r, r / r).reshape",
        RESNET,
    ),
    "a backward pass of layer normalisation without gamma": Fault(
        "layers/layer_norm.py", "self.shape_out), self.gamma)", "self.shape_out), self.gamma**0)",
        VISION,
    ),
    "gamma that learns from the sum": Fault(
        "layers/layer_norm.py", "along_z / self.dtype(samples)", "along_z", VISION
    ),
    "beta that learns from the sum": Fault(
        "layers/batch_norm.py", "total / self.dtype(samples)", "total", RESNET
    ),
    "scores without the root": Fault("layers/attend.py", "** -0.5)", "** -1.0)", LANGUAGE),
    "a language model that reads the next token": Fault(
        "networks/language_model.py", "causal=True", "causal=False", LANGUAGE
    ),
    "running averages that never change": Fault(
        "training/step.py", "layer.remember(trace[layer])", "pass",
        "test_running_averages_change_in_training",
    ),
    "a file without running averages": Fault(
        "saved_weights.py", "in (layer.parameters() | layer.state()).items()\n    }",
        "in layer.parameters().items()\n    }", "test_a_file_of_weights_holds_the_averages",
    ),
    "a piece that takes the first rows of a norm": Fault(
        "trace.py", "return sent[rows]", "return sent[: self.samples]",
        "test_several_threads_teach_what_one_thread_does[bp-rows]",
    ),
}  # fmt: skip


FOLDERS = ["networks", "graph"]  # of tests, which are copied
runs = planted_runs(FAULTS, FOLDERS)


@pytest.mark.parametrize("name", [NO_FAULT, *FAULTS])
def test_a_fault_in_a_network_is_detected_by_its_test(name, runs):
    """If the tests pass with a wrong line, the network is not tested."""
    assert_seen(name, runs)
