"""Faults planted into the rules: a test of their mathematics must fail on each one.

A test that passes proves something only if it can fail. Each fault here is a mistake that a
careful person has made before. Each run copies the package, plants a fault, and runs its test.
"""

import pytest
from planting import NO_FAULT, Equation, Fault, assert_seen, planted_runs

SIGNS = "rules/sign_symmetry.py"
RECIPROCAL = "rules/kolen_pollack.py"
DIRECT_RECIPROCAL = "rules/direct_kolen_pollack.py"
MIRROR = "rules/weight_mirror.py"
PERTURBATION = "rules/node_perturbation_feedback.py"
TARGETS = "rules/targets.py"
ITERATED = "rules/iterated_inverses.py"
FORWARD = "rules/forward_forward.py"
PEPITA = "rules/pepita.py"
INVERSE = "layers/inverse.py"

AS_WRITTEN = "test_a_rules_updates_are_those_of_its_equations"
READS_ERROR = "test_a_rule_reads_the_error_and_the_labels_only_if_it_claims_so"
MEAN = "test_an_update_is_the_mean_over_the_batch"
SIGNS_FOLLOW = "test_the_signs_of_the_feedback_follow_those_of_the_weights"
SHRINKS = "test_weights_minus_feedback_shrink_by_the_decay_at_every_step"
DIRECT_SHRINKS = "test_below_the_output_it_follows_kolen_pollacks_law"
FRESH_NOISE = "test_every_layer_and_every_step_gets_new_noise"
CONTENTED = "test_an_output_equal_to_its_target_leaves_every_layer_unchanged"
OWN_DISTANCE = "test_a_weight_update_is_the_gradient_of_the_layers_own_distance_to_its_target"
RECONSTRUCTION = "test_a_reconstruction_step_follows_the_gradient_of_the_loss_of_its_equation"
OWN_LOSS = "test_each_layer_follows_the_gradient_of_its_own_loss"
PEPITAS_STEPS = "test_its_updates_are_those_of_the_paper"

FAULTS = {
    # -- fixed feedback ---------------------------------------------------------------------------
    "feedback alignment that sends signals through the weights": Fault(
        "rules/feedback_alignment.py", "send_back(delta, layer.B)", "send_back(delta, layer.W.T)",
        "test_a_rule_reads_the_weights_in_its_backward_pass_only_if_it_claims_so",
    ),
    "feedback alignment through a single number": Fault(
        "rules/feedback_alignment.py", Equation("send_back", 2), "return delta @ (0 * B + 1)",
        AS_WRITTEN,
    ),
    "feedback is drawn from the stream of the weights": Fault(
        "rule.py", 'least=0), "feedback")', 'least=0), "weights")',
        "test_feedback_is_independent_of_weights_drawn_with_the_same_seed",
    ),
    "direct feedback of the target": Fault(
        "rules/direct_feedback_alignment.py", Equation("signals", 2),
        "delta = trace.delta(layer, project(trace.target, layer.D))", READS_ERROR,
    ),
    "direct feedback to blocks of the target": Fault(
        "rules/direct_feedback_to_blocks.py", Equation("signals", 2),
        "block.top: project(trace.target, block.weighted[-1].D)", READS_ERROR,
    ),
    "signs of the error with its size": Fault(
        "rules/error_sign.py", Equation("project_sign", 2), "return e @ D",
        "test_only_direct_feedback_depends_on_the_size_of_the_error",
    ),
    "indirect feedback of the target": Fault(
        "rules/indirect_feedback_alignment.py", Equation("signals", 2),
        "delta = trace.delta(layer, project(trace.target, layer.D))", READS_ERROR,
    ),
    "a relay through a single number": Fault(
        "rules/indirect_feedback_alignment.py", Equation("relay", 3),
        "return delta_below @ (0 * R + 1)",
        "test_indirect_feedback_with_a_random_relay_uses_its_own_matrices",
    ),
    "target projection of the error": Fault(
        "rules/direct_random_target_projection.py", Equation("signals", 2),
        "delta = trace.delta(layer, project(trace.error, layer.D))",
        "test_target_projection_is_half_the_negated_error_signs_plus_a_constant",
    ),
    # -- sign-symmetry ----------------------------------------------------------------------------
    "signs taken once": Fault(
        SIGNS, "layer.B[:] = take_signs(layer.W, ",
        "layer.B[:] = take_signs(vars(layer).setdefault('first', layer.W.copy()), ", SIGNS_FOLLOW,
    ),
    "signs not taken before teaching": Fault(
        SIGNS, Equation("signals", 2), "B = layer.B",
        "test_updates_use_the_current_signs_of_the_weights",
    ),
    "signs with the size of the weights": Fault(
        SIGNS, Equation("take_signs", 2), "return M * W.T",
        "test_sign_symmetry_does_not_depend_on_the_size_of_a_weight",
    ),
    "magnitudes without their absolute value": Fault(
        SIGNS, "np.abs(rng.standard_normal(layer.feedback_shape, layer.dtype))",
        "rng.standard_normal(layer.feedback_shape, layer.dtype)", SIGNS_FOLLOW,
    ),
    # -- feedback that learns ---------------------------------------------------------------------
    "Kolen-Pollack without decay": Fault(
        RECIPROCAL, Equation("after_step", 5), "decay_both(layer.W, layer.B, 0.0)", SHRINKS
    ),
    "Kolen-Pollack with decay on the weights only": Fault(
        RECIPROCAL, Equation("decay_both", 6), "pass", SHRINKS
    ),
    "Kolen-Pollack with decay on the feedback only": Fault(
        RECIPROCAL, Equation("decay_both", 5), "pass", SHRINKS
    ),
    "the feedback's step is a sum": Fault(
        RECIPROCAL, Equation("reciprocal_product", 4), "return delta.T @ h_below", SHRINKS
    ),
    "the feedback's step is copied from the weights": Fault(
        RECIPROCAL, Equation("feedback_updates", 4), "dB = trace.step_of(layer)[0].T.copy()",
        "test_the_feedback_computes_its_own_update",
    ),
    "a direct path that learns a sum": Fault(
        DIRECT_RECIPROCAL, Equation("direct_product", 4), "return e.T @ h", DIRECT_SHRINKS
    ),
    "a direct path without decay": Fault(
        DIRECT_RECIPROCAL, Equation("forget", 6), "pass", DIRECT_SHRINKS
    ),
    "a mirror whose responses are not centred": Fault(
        MIRROR, "z = z - z.mean(axis=0)", "pass",
        "test_responses_that_are_not_centred_give_an_estimate_that_is_mostly_noise",
    ),
    "a mirror that changes the weights": Fault(
        MIRROR, Equation("mirror_layer", 7),
        "follow(B, dB, factor * self.mirror_rate, factor * self.decay)\n"
        "layer.W += self.mirror_rate * dB.T",
        "test_mirror_mode_changes_only_the_feedback",
    ),
    "a mirror without decay": Fault(
        MIRROR, Equation("follow", 7), "B[i, j] += rate * dB[i, j]",
        "test_with_decay_the_feedback_converges_to_a_multiple_of_the_transpose",
    ),
    "a mirror whose decay does not follow the schedule": Fault(
        MIRROR, Equation("mirror_layer", 7),
        "follow(B, dB, factor * self.mirror_rate, self.decay)",
        "test_the_decay_of_a_mirror_follows_the_schedule_of_the_learning_rate",
    ),
    "one noise for all layers": Fault(
        MIRROR, Equation("mirror_layer", 4),
        "xi = self.width * NOISES[self.noise](np.random.default_rng(0), shape, net.dtype)",
        FRESH_NOISE,
    ),
    "noise that goes through the whole network": Fault(
        MIRROR, Equation("mirror_layer", 4),
        "xi = self.width * getattr(\n"
        "    net.below(layer).rule_state, 'z', state.rng.standard_normal(shape)\n"
        ")",
        "test_every_layer_of_a_network_is_mirrored_including_convolutions",
    ),
    "symmetric alignment with half its decay": Fault(
        "rules/symmetric_alignment.py", Equation("after_step", 5),
        "pull_together(layer.W, layer.B, rate, self.decay / 2, self.pull)",
        "test_a_step_of_symmetric_alignment_descends_its_regulariser",
    ),
    "information alignment with the wrong sign of its null term": Fault(
        "rules/information_alignment.py", Equation("missing", 6),
        "return xi + B.dtype.type(null) * (z @ B)", "test_a_mirror_step_descends_amp_and_null",
    ),
    "an estimated gradient divided by the width once": Fault(
        PERTURBATION, Equation("credit", 5),
        "return (change / change.dtype.type(width)).reshape(-1, 1) * xi",
        "test_the_estimate_of_the_gradient_is_as_noisy_as_the_header_states",
    ),
    "a noisy pass with its own masks": Fault(
        "layers/dropout.py", "self.mask(record)[...] = self.mask(first)", "self.prepare(record)",
        "test_the_noisy_pass_uses_the_masks_of_the_first_one",
    ),
    "feedback that regresses a sum": Fault(
        PERTURBATION, Equation("regression", 6), "return delta.T @ wrong",
        "test_the_feedback_follows_the_gradient_of_its_prediction_error",
    ),
    # -- targets ----------------------------------------------------------------------------------
    "a target without the difference": Fault(
        TARGETS, "return h_below + (g_t - g_h)", "return g_t", CONTENTED
    ),
    "a difference on the wrong side": Fault(
        "rules/difference_target_propagation.py", Equation("target_below", 2),
        "return difference_target(h_below, g(h), g(t))",
        "test_one_iteration_from_the_state_is_difference_target_propagation",
    ),
    "a teaching signal that is not divided by the step size": Fault(
        TARGETS, "return (h - t) / h.dtype.type(step_size)", "return h - t", OWN_DISTANCE
    ),
    "a teaching signal without its derivative": Fault(
        TARGETS, "return own.times_slope(error)", "return error", OWN_DISTANCE
    ),
    "the transposed weights instead of an inverse": Fault(
        "layer_maps.py", "        return self.layer.inverse\n",
        "        return Inverse(self.layer.W.T.copy(), self.layer.inverse.activation)\n",
        "test_a_target_below_the_output_layer_needs_no_weights_unless_a_rule_claims_so",
    ),
    "an inverse's step is a sum": Fault(
        INVERSE, "weight_update(z, signal, len(uses[0].z),", "weight_update(z, signal, 1,",
        RECONSTRUCTION,
    ),
    "an inverse without its derivative": Fault(
        INVERSE, "self.times_slope(use.gradient, self.before(use.z), use.g_z)", "use.gradient",
        RECONSTRUCTION,
    ),
    "an inverse that is used twice and learns from one use": Fault(
        INVERSE, "z = np.concatenate", "uses = uses[:1]\n        z = np.concatenate",
        RECONSTRUCTION,
    ),
    "an inverse trained with the layer's output without noise": Fault(
        TARGETS, "z = own.f(noisy)", "z = own.h", RECONSTRUCTION
    ),
    "an inverse trained with the layer's input without noise": Fault(
        TARGETS, "wrong = u - noisy", "wrong = u - own.h_below", RECONSTRUCTION
    ),
    "reconstruction through one layer alone": Fault(
        TARGETS, "for each in reversed(above):", "for each in above[:0]:", RECONSTRUCTION
    ),
    "local reconstruction without its second term": Fault(
        "rules/local_difference_reconstruction.py", Equation("inverse_loss", 8),
        "uses = Use(z, g_z, -2 * xi), Use(noisy, g_noisy, 0 * q), Use(own.h, g_h, 2 * xi)\n"
        "return InverseUpdate(loss, *g.gradient(uses))",
        RECONSTRUCTION,
    ),
    "an iteration from the wrong side": Fault(
        ITERATED, Equation("target_below", 3),
        "x = improve(x, -g_t, -g(z), self.alpha(z, h, t))",
        "test_a_latent_iteration_of_linear_layers_is_never_slower_than_its_constant",
    ),
    "an iteration whose target is the state": Fault(
        ITERATED, Equation("target_below", 3),
        "x = improve(x, g_t, g(t), self.alpha(f(x), h, t))",
        "test_iterated_targets_are_reached_by_every_layer_with_poor_inverses",
    ),
    "a layerwise factor without its square": Fault(
        ITERATED, Equation("teaching_signal", 8),
        "delta *= layer_factor(self.step_size**0.5 * e, change)",
        "test_the_layerwise_factor_makes_gauss_newton_steps_from_gradients_of_scaled_rotations",
    ),
    "a minimum norm without the bias": Fault(
        ITERATED, Equation("minimum_norm", 9),
        "shorter[i] = delta[i] / (h_below[i] ** 2).sum()",
        "test_the_minimum_norm_update_takes_a_linear_layer_to_its_target_in_one_step",
    ),
    "a direct target from zero": Fault(
        "rules/direct_difference_target_propagation.py", Equation("target_below", 2),
        "return difference_target(h_below, g(t), g(0 * h))", CONTENTED,
    ),
    "damping left out of Gauss-Newton": Fault(
        "rules/gauss_newton_targets.py", Equation("gauss_newton", 3),
        "change[i] = np.linalg.solve(J_i @ J_i.T, e_i) @ J_i",
        "test_the_gauss_newton_step_is_the_damped_least_squares_solution",
    ),
    # -- further forward passes -------------------------------------------------------------------
    "an input with the error of the wrong sign": Fault(
        PEPITA, Equation("modulate", 2), "return x - e @ F", PEPITAS_STEPS
    ),
    "a change of activity with the wrong sign": Fault(
        PEPITA, Equation("moved", 3), "return h_modulated - h", PEPITAS_STEPS
    ),
    "a step with the activities of the first pass": Fault(
        PEPITA, Equation("signals", 3),
        "yield layer, moved(trace.activity(layer), second.activity(layer))", PEPITAS_STEPS,
    ),
    "a layer that receives the length of the output below": Fault(
        FORWARD, Equation("to_length_one_each", 1), "return h",
        "test_the_length_of_a_layers_output_does_not_reach_the_next_one",
    ),
    "goodness that is a mean and its threshold a sum": Fault(
        FORWARD, Equation("log_odds", 2),
        "return (h * h).sum(axis=1) / h.shape[1] - h.dtype.type(threshold * h.shape[1])", OWN_LOSS,
    ),
    "a right label that is discouraged": Fault(
        FORWARD, Equation("encourage", 4), "return h.dtype.type(2) * doubt.reshape(-1, 1) * h",
        OWN_LOSS,
    ),
    "a wrong label that is encouraged": Fault(
        FORWARD, Equation("discourage", 5), "return h.dtype.type(-2) * belief.reshape(-1, 1) * h",
        OWN_LOSS,
    ),
    # -- what all rules share ---------------------------------------------------------------------
    "no derivative for a direct signal": Fault(
        "trace.py", "return self._times_slope(layer, self[layer].shaped(signal, layer))",
        "return self[layer].shaped(signal, layer).reshape(-1, layer.n_out)",
        "test_the_jacobians_are_those_of_finite_differences",
    ),
    "a sum instead of a mean": Fault(
        "kernels/dense.py", "delta.dtype.type(1) / delta.dtype.type(samples)",
        "delta.dtype.type(1)", MEAN,
    ),
    "the bias divided twice": Fault(
        "kernels/dense.py", "long_db[j] += long_mean[i, j]",
        "long_db[j] += long_mean[i, j] * share", MEAN,
    ),
}  # fmt: skip

FOLDERS = ["rules"]  # of tests, which are copied
runs = planted_runs(FAULTS, FOLDERS)


@pytest.mark.parametrize("name", [NO_FAULT, *FAULTS])
def test_a_fault_in_a_rule_is_detected_by_its_test(name, runs):
    """If the tests pass with a fault, they cannot distinguish feedback alignment from a mistake."""
    assert_seen(name, runs)
