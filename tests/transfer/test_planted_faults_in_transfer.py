"""Faults planted into the methods of transfer: a test must fail on each one."""

import pytest
from planting import NO_FAULT, Equation, Fault, assert_seen, planted_runs

TOAST, LORA, BACKBONE = (f"transfer/{name}.py" for name in ("toast", "lora", "backbone"))
INVARIANTS, METHODS, GRADIENTS = (
    f"transfer/test_{name}.py" for name in ("toast_invariants", "methods", "gradients_of_transfer")
)
VALUES = f"{INVARIANTS}::test_td_is_added_to_the_values_only[vision]"
WRITTEN = f"{INVARIANTS}::test_td_follows_its_equation"
MASK = (
    f"{INVARIANTS}::test_the_mask_does_not_depend_on_the_length_of_the_task_and_of_each_token[7.0]"
)
TASK = f"{GRADIENTS}::test_parameters_learn_from_the_mean_gradient"
FROZEN = f"{INVARIANTS}::test_the_backbone_does_not_change_in_any_bit[toast-transfer]"
LOST = f"{GRADIENTS}::test_pretuning_adds_the_gradient_of_the_reconstruction_loss_only_to_a"
SCALE = f"{METHODS}::test_lora_scales_its_branch_by_alpha_over_r"

FAULTS = {
    "a top-down signal that steers the queries": Fault(
        TOAST, Equation("receive", 5),
        "return [graph.add(Sum(), Q, td), K, graph.add(attention.value, at)]",
        VALUES,
    ),
    "a mask without its clamp": Fault(
        TOAST, Equation("mask", 1), "return cos.copy()", MASK
    ),
    "a mask that the length of the task scales": Fault(
        TOAST, "np.sqrt((z[i] * z[i]).sum()) * length\n", "np.sqrt((z[i] * z[i]).sum())\n", MASK
    ),
    "A and C exchanged": Fault(
        TOAST, "for A, C in zip(reversed(self.A), reversed(self.C), strict=True):",
        "for C, A in zip(reversed(self.A), reversed(self.C), strict=True):", WRITTEN,
    ),
    "P after the first A": Fault(
        TOAST, Equation("wire_columns", 1),
        "s = graph.add(self.P, graph.add(self.A.pop(), graph.add(self.selection, z)))", WRITTEN,
    ),
    "the feedback of block 1 in the last block": Fault(
        TOAST, "self.td.insert(0, ", "self.td.append(", WRITTEN
    ),
    "the bias added once in the released form": Fault(
        TOAST, "block.attention.value.b *= 2", "block.attention.value.b *= 1",
        f"{INVARIANTS}::test_the_released_form_changes_the_output_of_a_block_by_the_value_bias_through_w_o",
    ),
    "a task whose own length is not taken out of its gradient": Fault(
        TOAST, Equation("task_update", 1), "update += v / length * (z[i] / size)", TASK
    ),
    "a gradient where the mask is cut off": Fault(
        TOAST, "if cos[i] > 0:\n            size, v", "if cos[i] != 0:\n            size, v",
        TASK,
    ),
    "a reconstruction that is summed": Fault(
        TOAST, Equation("undo_update", 8),
        "return above.dtype.type(2 * c) * (above.T @ lost)", LOST,
    ),
    "a reconstruction of what is above": Fault(
        TOAST, "lost = above @ W - below", "lost = below @ W - above", LOST
    ),
    "frozen weights that change": Fault(
        BACKBONE, "        node.frozen = True\n", "        node.frozen = False\n",
        FROZEN,
    ),
    "decay of frozen weights": Fault(
        "training/step.py", "if layer.frozen or not", "if not",
        FROZEN,
    ),
    "a LoRA that forgets α/r": Fault(LORA, "Factor(alpha / rank)", "Factor(1)", SCALE),
    "a merge that forgets α/r": Fault(
        LORA, Equation("low_rank", 1), "return V @ U",
        f"{METHODS}::test_a_merged_lora_is_the_two_branch_form_and_unmerging_restores_every_bit",
    ),
    "a LoRA whose U is drawn": Fault(
        LORA, Equation("__init__", 3), 'self.up = Dense(rank, n_out, init="xavier", bias=False)',
        f"{METHODS}::test_it_starts_as_the_linear_probe",
    ),
    "prompts that accumulate": Fault(
        "transfer/prompts.py", "if prompts is not self.prompts[0]:", "if False:",
        f"{METHODS}::test_prompts_are_replaced_in_each_block_and_the_sequence_keeps_its_length",
    ),
    "tokens of the last block that are normalised for language": Fault(
        BACKBONE, "self.inputs[-1] if self.rows == EACH else self.final", "self.final",
        f"{METHODS}::test_language_selects_from_tokens_that_are_not_normalised",
    ),
    "a signal through a layer that nothing below learns from": Fault(
        "graph.py", "layer.sends or layer.is_taught", "layer.sends or layer.learns",
        "transfer/test_rules_on_transfer.py::test_no_signal_is_sent_where_nothing_learns",
    ),
}  # fmt: skip


FOLDERS = ["transfer", "layers"]  # of tests, which are copied
runs = planted_runs(FAULTS, FOLDERS)


@pytest.mark.parametrize("name", [NO_FAULT, *FAULTS])
def test_a_fault_in_transfer_is_detected_by_its_test(name, runs):
    """If the tests pass with a wrong line, the derivation is not tested."""
    assert_seen(name, runs)
