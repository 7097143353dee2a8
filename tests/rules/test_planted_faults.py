"""Faults planted into a copy of nofb: the tests of the mathematics must fail on every one.

A test that passes proves something only if it can fail. Each fault here is one that a careful
person has made before; each run copies the package, changes one line, and runs the tests.
"""

import subprocess
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from planting import FAILED, PASSED, Fault, run_with

HERE = Path(__file__).parents[1]
FOLDERS = ("kernels", "rules", "training")
COPIED = [HERE / name for name in (*FOLDERS, "oracles.py", "passes.py", "stated.py")]
TESTS = [
    "kernels/test_gradients.py",
    "rules/test_identities.py",
    "rules/test_learned_feedback.py",
    "rules/test_neighbours.py",
    "rules/test_targets.py",
    "rules/test_inverses.py",
    "training/test_optimizers.py",
    "training/test_pieces.py",
    "training/test_running_measures.py",
]

BACKPROP = "rules/backprop.py"
FEEDBACK = "rules/feedback_alignment.py"
DIRECT = "rules/direct_feedback_alignment.py"
INDIRECT = "rules/indirect_feedback_alignment.py"
PROJECTION = "rules/direct_random_target_projection.py"
SIGNS = "rules/sign_symmetry.py"
RECIPROCAL = "rules/kolen_pollack.py"
MIRROR = "rules/weight_mirror.py"
SYMMETRIC = "rules/symmetric_alignment.py"
INFORMATION = "rules/information_alignment.py"
PERTURBATION = "rules/node_perturbation_feedback.py"
TARGETS = "rules/targets.py"
ITERATED = "rules/iterated_inverses.py"
DIRECT_TARGETS = "rules/direct_difference_target_propagation.py"
LOCAL = "rules/local_difference_reconstruction.py"
LAYER_MAPS = "layer_maps.py"
INVERSE = "layers/inverse.py"
TRACE = "trace.py"
DENSE = "kernels/dense.py"
SLOPES = "kernels/slopes.py"
POOLING = "kernels/pooling.py"

GRADIENT = "test_backprop_is_the_gradient_of_the_mean_loss"
GRADIENT_OF_IMAGES = "test_backprop_is_the_gradient_through_convolution_and_pooling"
SLOPE = "test_an_activation_and_its_slope_are_the_textbooks"
MEAN = "test_an_update_is_the_mean_over_the_batch"
SIGNS_FOLLOW = "test_the_signs_of_the_feedback_follow_those_of_the_weights"
SHRINKS = "test_weights_less_feedback_shrink_by_the_decay_at_every_step"
FRESH_NOISE = "test_every_layer_and_every_step_hears_fresh_noise"
CONTENTED = "test_an_output_that_is_its_own_target_leaves_every_layer_as_it_is"
OWN_DISTANCE = "test_a_weight_step_is_the_gradient_of_the_layers_own_distance_to_its_target"
LESSON = "test_a_lesson_is_the_gradient_of_the_loss_of_its_equation"
IN_PIECES = "test_a_batch_in_pieces_teaches_what_the_whole_batch_does"
READS_ERROR = "test_a_rule_reads_the_error_and_the_labels_only_if_it_says_so"


FAULTS = {
    "backprop goes back through B": Fault(
        BACKPROP,
        "send_back(delta, layer.W)",
        "send_back(delta, layer.B.T)",
        GRADIENT,
    ),
    "feedback alignment goes back through the weights": Fault(
        FEEDBACK,
        "send_back(delta, layer.B)",
        "send_back(delta, layer.W.T)",
        "test_a_rule_reads_the_weights_on_its_way_back_only_if_it_says_so",
    ),
    "feedback is drawn from the stream of the weights": Fault(
        "rule.py",
        'least=0), "feedback")',
        'least=0), "weights")',
        "test_feedback_knows_nothing_of_weights_drawn_with_the_same_seed",
    ),
    "no slope": Fault(
        TRACE,
        "return self._times_slope(layer, signal)",
        "return signal.reshape(-1, layer.n_out)",
        GRADIENT,
    ),
    "no slope for a signal that has not travelled": Fault(
        TRACE,
        "return self._times_slope(layer, self[layer].shaped(signal, layer))",
        "return self[layer].shaped(signal, layer).reshape(-1, layer.n_out)",
        "test_the_jacobians_are_those_of_finite_differences",
    ),
    "a signal that takes the place of another": Fault(
        TRACE,
        "signal if there is None else there + signal",
        "signal",
        "test_signals_add_up_where_they_arrive",
    ),
    "a piece that is put in the first rows": Fault(
        "updates.py",
        "there = whole.whole_signal(layer)[rows]",
        "there = whole.whole_signal(layer)[: piece.samples]",
        IN_PIECES,
    ),
    "a piece that hears the errors of the first rows": Fault(
        TRACE,
        "whole.target[rows], whole.error[rows]",
        "whole.target[: self.samples], whole.error[: self.samples]",
        IN_PIECES,
    ),
    "a custom rule that is cut because nofb's is": Fault(
        "rule.py",
        "cls.by_sample = False",
        "pass",
        "test_only_a_rule_that_says_so_is_taught_in_pieces",
    ),
    "no slope of tanh": Fault(SLOPES, "(one - h[i] * h[i])", "one", SLOPE),
    "no slope of logistic": Fault(SLOPES, "(h[i] * (one - h[i]))", "one", SLOPE),
    "no slope of relu": Fault(
        SLOPES, "signal[i] if h[i] > 0 else h.dtype.type(0)", "signal[i]", SLOPE
    ),
    "no leak": Fault(SLOPES, "else signal[i] * leak", "else signal[i] * 0", SLOPE),
    "a sum for a mean": Fault(
        DENSE,
        "delta.dtype.type(1) / delta.dtype.type(samples)",
        "delta.dtype.type(1)",
        MEAN,
    ),
    "the bias divided twice": Fault(
        DENSE, "long_db[j] += long_mean[i, j]", "long_db[j] += long_mean[i, j] * share", MEAN
    ),
    "direct feedback of the target": Fault(
        DIRECT,
        "project(trace.error, layer.D)",
        "project(trace.target, layer.D)",
        READS_ERROR,
    ),
    "indirect feedback of the target": Fault(
        INDIRECT,
        "project(trace.error, layer.D)",
        "project(trace.target, layer.D)",
        READS_ERROR,
    ),
    "target projection of the error": Fault(
        PROJECTION,
        "project(trace.target, layer.D)",
        "project(trace.error, layer.D)",
        "test_target_projection_is_half_the_negated_error_signs_plus_a_constant",
    ),
    "signs taken once": Fault(
        SIGNS,
        "layer.B[:] = take_signs(layer.W, ",
        "layer.B[:] = take_signs(vars(layer).setdefault('first', layer.W.copy()), ",
        SIGNS_FOLLOW,
    ),
    "signs not taken before teaching": Fault(
        SIGNS,
        "B = take_signs(layer.W, state_of(layer, Magnitudes).M)  # of W as it is now",
        "B = layer.B  # of W as it was",
        "test_updates_see_the_signs_that_the_weights_have_now",
    ),
    "magnitudes without their absolute value": Fault(
        SIGNS,
        "np.abs(rng.standard_normal(layer.feedback_shape, layer.dtype))",
        "rng.standard_normal(layer.feedback_shape, layer.dtype)",
        SIGNS_FOLLOW,
    ),
    "Kolen-Pollack without decay": Fault(
        RECIPROCAL, "dtype.type(1 - decay)", "dtype.type(1)", SHRINKS
    ),
    "Kolen-Pollack with decay on the weights only": Fault(RECIPROCAL, "B *= keep", "pass", SHRINKS),
    "the feedback's step is a sum": Fault(RECIPROCAL, " / delta.dtype.type(samples)", "", SHRINKS),
    "the feedback's step is carried across": Fault(
        RECIPROCAL,
        "reciprocal_product(h_below, delta, trace.predictions)",
        "trace.step_of(layer)[0].T.copy()",
        "test_the_feedback_works_out_its_own_change",
    ),
    "a mirror whose answers are not centred": Fault(
        MIRROR,
        "z = z - z.mean(axis=0)",
        "pass",
        "test_answers_that_are_not_centred_drown_the_transpose_in_noise",
    ),
    "a mirror that moves the weights": Fault(
        MIRROR,
        "factor * self.decay)  # eq. 7\n",
        "factor * self.decay)\n        layer.W += self.mirror_rate * dB.T\n",
        "test_mirror_mode_moves_the_feedback_and_nothing_else",
    ),
    "a mirror without decay": Fault(
        MIRROR,
        "rate * dB[i, j] - decay * B[i, j]",
        "rate * dB[i, j]",
        "test_with_decay_the_feedback_settles_at_a_multiple_of_the_transpose",
    ),
    "one noise for all layers": Fault(
        MIRROR,
        "NOISES[self.noise](state.rng, ",
        "NOISES[self.noise](np.random.default_rng(0), ",
        FRESH_NOISE,
    ),
    "noise that goes through the whole network": Fault(
        MIRROR,
        "NOISES[self.noise](state.rng, shape, net.dtype)",
        "getattr(net.below(layer).rule_state, 'z', state.rng.standard_normal(shape))",
        "test_every_layer_of_a_network_is_mirrored_filters_too",
    ),
    "symmetric alignment with half its decay": Fault(
        SYMMETRIC,
        "B.dtype.type(2 * rate * decay)",
        "B.dtype.type(rate * decay)",
        "test_a_step_of_symmetric_alignment_descends_its_regulariser",
    ),
    "information alignment that adds what was said already": Fault(
        INFORMATION,
        "xi - B.dtype.type(null) * (z @ B)",
        "xi + B.dtype.type(null) * (z @ B)",
        "test_a_mirror_step_descends_amp_and_null",
    ),
    "blame divided by the width once": Fault(
        PERTURBATION,
        "change.dtype.type(width**2)",
        "change.dtype.type(width)",
        "test_the_blame_is_as_noisy_as_its_header_says",
    ),
    "a noisy pass with masks of its own": Fault(
        "layers/dropout.py",
        "self.mask(record)[...] = self.mask(first)",
        "self.prepare(record)",
        "test_the_noisy_pass_meets_the_masks_of_the_first_one",
    ),
    "feedback that regresses a sum": Fault(
        PERTURBATION,
        "delta.T @ wrong / delta.dtype.type(samples)",
        "delta.T @ wrong",
        "test_the_feedback_descends_its_error_in_predicting_the_blame",
    ),
    "a target without the difference": Fault(
        TARGETS, "return h_below + (g_t - g_h)", "return g_t", CONTENTED
    ),
    "a difference on the wrong side": Fault(
        TARGETS,
        "h_below + (g_t - g_h)",
        "h_below + (g_h - g_t)",
        "test_one_iteration_from_the_state_is_difference_target_propagation",
    ),
    "a teaching signal that is not over the step size": Fault(
        TARGETS, "return (h - t) / h.dtype.type(step_size)", "return h - t", OWN_DISTANCE
    ),
    "a teaching signal without its slope": Fault(
        TARGETS,
        "return own.times_slope(error)",
        "return error",
        OWN_DISTANCE,
    ),
    "the transposed weights in the place of an inverse": Fault(
        LAYER_MAPS,
        "        return self.layer.inverse\n",
        "        return Inverse(self.layer.W.T.copy(), self.layer.inverse.activation)\n",
        "test_a_target_below_needs_nothing_of_the_weights_but_where_a_rule_says_so",
    ),
    "an inverse's step is a sum": Fault(
        INVERSE,
        "weight_update(z, signal, len(uses[0].z),",
        "weight_update(z, signal, 1,",
        LESSON,
    ),
    "an inverse without its slope": Fault(
        INVERSE,
        "self.times_slope(use.gradient, self.before(use.z), use.g_z)",
        "use.gradient",
        LESSON,
    ),
    "an inverse that is used twice and learns from one use": Fault(
        INVERSE, "z = np.concatenate", "uses = uses[:1]\n        z = np.concatenate", LESSON
    ),
    "an inverse that is taught what the layer gave without noise": Fault(
        TARGETS,
        "z = own.f(noisy)",
        "z = own.h",
        LESSON,
    ),
    "an inverse that is taught what the layer received without noise": Fault(
        TARGETS,
        "wrong = u - noisy",
        "wrong = u - own.h_below",
        LESSON,
    ),
    "an iteration from the wrong side": Fault(
        ITERATED,
        "improve(x, g_t, g(z),",
        "improve(x, -g_t, -g(z),",
        "test_a_latent_iteration_of_linear_layers_is_never_slower_than_its_constant",
    ),
    "an iteration that asks for the state again": Fault(
        ITERATED,
        "z = f(x)\n            x = improve(x, g_t, g(z), self.alpha(z, h, t))",
        "x = improve(x, g_t, g(t), self.alpha(f(x), h, t))",
        "test_iterated_targets_are_met_by_every_layer_of_a_network_with_crude_inverses",
    ),
    "a layerwise factor without its square": Fault(
        ITERATED,
        "layer_factor(self.step_size * e",
        "layer_factor(self.step_size**0.5 * e",
        "test_the_layerwise_factor_makes_gauss_newton_steps_of_scaled_rotations_gradients",
    ),
    "a minimum norm without the bias": Fault(
        ITERATED,
        " + h_below.dtype.type(bias)",
        "",
        "test_the_minimum_norm_step_takes_a_linear_layer_to_its_target_at_once",
    ),
    "a direct target from the error's own layer": Fault(
        DIRECT_TARGETS,
        "self.target_below(own.f, own.g, own.h, last.h, t)",
        "self.target_below(own.f, own.g, own.h, 0 * last.h, t)",
        CONTENTED,
    ),
    "reconstruction through one layer alone": Fault(
        TARGETS,
        "for each in reversed(above):",
        "for each in above[:0]:",
        LESSON,
    ),
    "local reconstruction without its second term": Fault(
        LOCAL,
        "Use(noisy, g_noisy, 2 * q), Use(own.h, g_h, 2 * (xi - q))",
        "Use(noisy, g_noisy, 0 * q), Use(own.h, g_h, 2 * xi)",
        LESSON,
    ),
    "damping left out of Gauss-Newton": Fault(
        "rules/gauss_newton_targets.py",
        " + damping * np.eye(n_L)",
        "",
        "test_the_gauss_newton_step_is_the_damped_least_squares_solution",
    ),
    "pooling sends to the first pixel of the window": Fault(
        POOLING,
        "winners[n, y, x, c] = best, winner",
        "winners[n, y, x, c] = best, top * maps.shape[2] + left",
        GRADIENT_OF_IMAGES,
    ),
    "overlapping windows overwrite each other": Fault(
        POOLING,
        "pixels[n, winners[n, y, x, c], c] += pooled[n, y, x, c]",
        "pixels[n, winners[n, y, x, c], c] = pooled[n, y, x, c]",
        GRADIENT_OF_IMAGES,
    ),
    "signals come back without the padding": Fault(
        "layers/conv2d.py",
        "signal[n] = inside[0]",
        "signal[n] = bordered[0, : signal.shape[1], : signal.shape[2]]",
        GRADIENT_OF_IMAGES,
    ),
    "no dropout mask on the way back": Fault(
        "layers/dropout.py",
        "record.signal(self, signal, self.shape_out) * self.mask(record)",
        "record.signal(self, signal, self.shape_out)",
        "test_backprop_meets_the_masks_that_the_forward_pass_met",
    ),
    "max-norm that lets a column grow to 1.5 times its limit": Fault(
        "kernels/steps.py",
        "if length > limit:",
        "if length > 1.5 * limit:",
        "test_no_column_is_left_longer_than_the_limit_however_little_it_exceeds_it",
    ),
    "a last, smaller batch that weighs as a whole one": Fault(
        "training/epoch.py",
        "loss += batch_loss * len(x)",
        "loss += batch_loss * batches.size",
        "test_while_no_weight_moves_the_running_measures_are_those_of_all_samples",
    ),
    "a mirror whose decay does not follow the schedule": Fault(
        MIRROR,
        "factor * self.mirror_rate, factor * self.decay",
        "factor * self.mirror_rate, self.decay",
        "test_the_decay_of_a_mirror_follows_the_schedule_of_the_learning_rate",
    ),
    "the error turned round": Fault(
        TRACE,
        "np.subtract(output, target, out=self.error)",
        "np.subtract(target, output, out=self.error)",
        GRADIENT,
    ),
}

NO_FAULT = "no fault"  # the control: all tests that must see a fault pass without any


def address(fault: Fault) -> str:
    """Return the test that must see the fault as pytest takes it: file::test."""
    here = [name for name in TESTS if f"def {fault.seen_by}(" in (HERE / name).read_text("utf-8")]
    assert len(here) == 1, f"{fault.seen_by} is in {here}"
    return f"{here[0]}::{fault.seen_by}"


def run_of(fault: Fault | None, place: Path) -> subprocess.CompletedProcess[str]:
    """Run the test that must see a fault on a copy that has it, or all of them on one without."""
    tests = [address(each) for each in ([fault] if fault else FAULTS.values())]
    return run_with(fault, tests, COPIED, place)


Runs = dict[str, Future[subprocess.CompletedProcess[str]]]


@pytest.fixture(scope="module")
def runs(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Runs]:
    """Start the runs of all faults that are tested, two at a time."""
    wanted = [
        item.callspec.params["name"]
        for item in request.session.items
        if item.path == request.path and hasattr(item, "callspec")
    ]
    with ThreadPoolExecutor(max_workers=2) as pool:
        yield {
            name: pool.submit(run_of, FAULTS.get(name), tmp_path_factory.mktemp("planted"))
            for name in wanted
        }


@pytest.mark.parametrize("name", [NO_FAULT, *FAULTS])
def test_a_fault_is_seen_by_the_test_that_must_see_it(name: str, runs: Runs) -> None:
    """A suite that a fault survives could not tell feedback alignment from a mistake."""
    done = runs[name].result()
    expected = PASSED if name == NO_FAULT else FAILED
    assert done.returncode == expected, done.stdout + done.stderr
