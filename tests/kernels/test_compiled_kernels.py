"""A compiled kernel computes what its Python code says, and keeps the type of its arrays."""

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Callable

import numpy as np
import pytest
from oracles import normal
from stated import stated

from nofb import kernels, noise, rules, transfer


def modules():
    """Return the modules with kernels: `nofb.kernels`, and every file of a rule or of a method."""
    for package in (kernels, rules, transfer):
        for info in pkgutil.iter_modules(package.__path__):
            yield importlib.import_module(f"{package.__name__}.{info.name}")
    yield noise


def kernel_names(module) -> list[str]:
    """Return the functions that a file decorates as kernels, from its text."""
    return [
        node.name
        for node in ast.parse(inspect.getsource(module)).body
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
        if ast.unparse(decorator).startswith("kernel")
    ]


KERNELS: dict[str, Callable] = {
    f"{module.__name__.rpartition('.')[2]}.{name}": getattr(module, name)
    for module in modules()
    for name in kernel_names(module)
}


def step_of(averages: int = 0):
    """Return a parameter, its update, and some positive running averages."""
    return tuple(normal(5, 4, seed=i) ** (2 if i > 1 else 1) for i in range(2 + averages))


def zeros(*shapes: tuple[int, ...]):
    return tuple(np.zeros(shape) for shape in shapes)


def winners():
    """Return winners (N, H', W', C) inside maps (2, 4, 5, 3)."""
    return np.random.default_rng(1).integers(0, 20, (2, 2, 3, 3)).astype(np.int32)


OF_LAYERS = {
    "losses.softmax": lambda: (normal(7, 4), *zeros((7, 4))),
    "losses.cross_entropy": lambda: (normal(7, 4), normal(7, 4, seed=1)),
    "losses.binary_cross_entropy": lambda: (normal(7, 4), normal(7, 4, seed=1)),
    "losses.squared_error": lambda: (normal(7, 4), normal(7, 4, seed=1)),
    "patches.gather": lambda: (normal(2, 6, 27), 1, 6, *zeros((2, 5, 4, 2, 9))),
    "patches.scatter": lambda: (normal(2, 5, 4, 2, 9), 1, 6, *zeros((2, 6, 27))),
    "pooling.max_pool": lambda: (
        normal(2, 4, 5, 3), (2, 3), (2, 1), *zeros((2, 2, 3, 3)), winners(),
    ),
    "pooling.max_pool_of_four": lambda: (
        normal(2, 4, 5, 3), *zeros((2, 2, 2, 3)), winners()[:, :, :2],
    ),
    "pooling.to_winners": lambda: (normal(2, 2, 3, 3), winners(), *zeros((2, 4, 5, 3))),
    "pooling.from_winners": lambda: (normal(2, 4, 5, 3), winners(), *zeros((2, 2, 3, 3))),
    "pooling.avg_pool": lambda: (normal(2, 4, 5, 3), (2, 3), (2, 1), *zeros((2, 2, 3, 3))),
    "pooling.to_windows": lambda: (normal(2, 2, 3, 3), (2, 3), (2, 1), *zeros((2, 4, 5, 3))),
    "normalise.column_moments": lambda: (normal(7, 4),),
    "normalise.batch_norm": lambda: (
        normal(7, 4), *(normal(4, seed=i) for i in range(4)), *zeros((7, 4)),
    ),
    "normalise.batch_norm_sums": lambda: (
        normal(7, 4), normal(7, 4, seed=1), normal(4), normal(4, seed=1),
    ),
    "normalise.batch_norm_back": lambda: (
        normal(7, 4), normal(7, 4, seed=1), *(normal(4, seed=i) for i in range(3)),
    ),
    "normalise.layer_norm": lambda: (
        normal(7, 4), normal(4), normal(4, seed=1), 1e-5, *zeros((7, 4), (7,), (7,)),
    ),
    "normalise.layer_norm_sums": lambda: (
        normal(7, 4), normal(7, 4, seed=1), normal(7), normal(7, seed=1),
    ),
    "normalise.layer_norm_back": lambda: (
        normal(7, 4), normal(7, 4, seed=1), normal(7), normal(7, seed=1), normal(4),
    ),
    "attention.hide": lambda: (normal(2, 3, 4, 4), np.array([[1.0, 1, 0, 1], [1, 0, 0, 0]])),
    "attention.shift": lambda: (normal(2, 3, 4, 4), 0.5, True),
    "attention.normalise": lambda: (normal(2, 3, 4, 4) ** 2,),
    "attention.softmax_back": lambda: (normal(2, 3, 4, 4), normal(2, 3, 4, 4, seed=1), 0.5),
    "dense.group": lambda: (12, 4),
    "dense.add_bias": lambda: (normal(7, 4), normal(4)),
    "dense.mean_rows": lambda: (normal(7, 4), 7, *zeros((4,))),
    "dense.weight_update": lambda: (normal(7, 5), normal(7, 4), 7, *zeros((5, 4), (4,))),
    "directions.row_products": lambda: (normal(7, 4), normal(7, 4, seed=1)),
    "slopes.times_tanh_slope": lambda: (normal(7, 4), np.tanh(normal(7, 4))),
    "slopes.times_logistic_slope": lambda: (normal(7, 4), np.tanh(normal(7, 4)) ** 2),
    "slopes.times_relu_slope": lambda: (normal(7, 4), normal(7, 4).clip(0)),
    "slopes.leaky_relu": lambda: (normal(7, 4), *zeros((7, 4))),
    "slopes.times_leaky_relu_slope": lambda: (normal(7, 4), normal(7, 4, seed=1)),
    "slopes.gelu_angle": lambda: (normal(7, 4),),
    "slopes.gelu": lambda: (normal(7, 4), np.tanh(normal(7, 4, seed=1)), *zeros((7, 4))),
    "slopes.times_gelu_slope": lambda: tuple(normal(7, 4, seed=i) for i in range(3)),
    "steps.squared_length": lambda: (normal(5, 4),),
    "slopes.exact_gelu": lambda: (normal(7, 4), *zeros((7, 4))),
    "slopes.exact_gelu_single": lambda: (normal(7, 4), *zeros((7, 4))),
    "slopes.times_exact_gelu_slope": lambda: tuple(normal(7, 4, seed=i) for i in range(4)),
    "steps.fit": lambda: step_of(),
    "steps.descend": lambda: (*step_of(), 0.1),
    "steps.momentum": lambda: (*step_of(1), 0.1, 0.9),
    "steps.nesterov": lambda: (*step_of(1), 0.1, 0.9),
    "steps.rmsprop": lambda: (*step_of(1), 0.1, 0.9, 1e-8),
    "steps.adam": lambda: (*step_of(2), 0.1, 0.9, 0.99, 1e-8),
    "steps.limit_columns": lambda: (normal(5, 4), 1.5),
    "noise.spread": lambda: (
        normal(7, 4), 0.1, normal(64), np.random.default_rng(2).random((7, 4)),
    ),
}  # fmt: skip
OF_RULES = {
    "backprop.send_back": lambda: (normal(7, 4), normal(5, 4)),
    "feedback_alignment.send_back": lambda: (normal(7, 4), normal(4, 5)),
    "direct_feedback_alignment.project": lambda: (normal(7, 3), normal(3, 5)),
    "direct_feedback_to_blocks.project": lambda: (normal(7, 3), normal(3, 5)),
    "direct_feedback_to_blocks.send_back": lambda: (normal(7, 4), normal(4, 5)),
    "direct_random_target_projection.project": lambda: (np.eye(3)[[0, 2, 1]], normal(3, 5)),
    "error_sign.project_sign": lambda: (normal(7, 3), normal(3, 5)),
    "indirect_feedback_alignment.project": lambda: (normal(7, 3), normal(3, 5)),
    "indirect_feedback_alignment.relay": lambda: (normal(7, 5), normal(5, 4)),
    "sign_symmetry.take_signs": lambda: (normal(5, 4), normal(4, 5)),
    "sign_symmetry.send_back": lambda: (normal(7, 4), normal(4, 5)),
    "weight_mirror.send_back": lambda: (normal(7, 4), normal(4, 5)),
    "weight_mirror.drive": lambda: (normal(7, 5), normal(5, 4)),
    "weight_mirror.correlate": lambda: (normal(7, 5), normal(7, 4), 6),
    "weight_mirror.follow": lambda: (normal(4, 5), normal(4, 5, seed=1), 0.2, 0.1),
    "information_alignment.missing": lambda: (normal(7, 5), normal(7, 4), normal(4, 5), 0.5),
    "information_alignment.correlate": lambda: (normal(7, 5), normal(7, 4), 6),
    "kolen_pollack.reciprocal_product": lambda: (normal(7, 5), normal(7, 4), 7),
    "kolen_pollack.decay_both": lambda: (normal(5, 4), normal(4, 5), 0.1),
    "symmetric_alignment.pull_together": lambda: (normal(5, 4), normal(4, 5), 0.1, 0.5, 1.0),
    "node_perturbation_feedback.credit": lambda: (normal(7), normal(7, 5), 0.1),
    "node_perturbation_feedback.regression": lambda: (normal(7, 4), normal(7, 5), 7),
    "gauss_newton_targets.gauss_newton": lambda: (normal(7, 3, 5), normal(7, 3), 0.01),
    "targets.output_target": lambda: (normal(7, 3), normal(7, 3, seed=1), 0.1),
    "targets.target_error": lambda: (normal(7, 3), normal(7, 3, seed=1), 0.1),
    "targets.difference_target": lambda: tuple(normal(7, 3, seed=i) for i in range(3)),
    "difference_target_propagation.gradient_target": lambda: (
        normal(7, 5), normal(7, 3), normal(5, 3), normal(7, 5, seed=1), 0.1,
    ),
    "iterated_difference_reconstruction.improve": lambda: (
        *(normal(7, 3, seed=i) for i in range(3)), 0.5,
    ),
    "iterated_inverses.improve": lambda: (
        *(normal(7, 3, seed=i) for i in range(3)), normal(7, 1),
    ),
    "iterated_inverses.layer_factor": lambda: (normal(7, 3), normal(7, 5)),
    "iterated_inverses.minimum_norm": lambda: (normal(7, 3), normal(7, 5), True),
    "lora.low_rank": lambda: (normal(5, 2), normal(2, 4), 0.5),
    "toast.cosines": lambda: (normal(7, 5), normal(5)),
    "toast.mask": lambda: (normal(7),),
    "toast.select": lambda: (normal(7, 5), normal(7)),
    "toast.along_cosines": lambda: (normal(7), normal(7, 5), normal(5), normal(7)),
    "toast.task_update": lambda: (
        normal(7, 5), normal(7, 5, seed=1), normal(5), normal(7), 3,
    ),
    "toast.undo_update": lambda: (normal(7, 5), normal(7, 5, seed=1), normal(5, 5), 0.1),
} | stated("KERNELS")  # fmt: skip


def as_tuple(result) -> tuple:
    """Return the result of a kernel as a tuple."""
    return result if isinstance(result, tuple) else (result,)


def test_every_kernel_has_arguments_in_this_file():
    """A kernel without a row in this table would not be tested."""
    assert set(KERNELS) == {*OF_LAYERS, *OF_RULES}


@pytest.mark.parametrize("name", KERNELS)
def test_a_compiled_kernel_computes_what_its_python_code_computes(name):
    """A student who debugs a kernel must see the numbers of the compiled one."""
    kernel, arguments = KERNELS[name], (OF_LAYERS | OF_RULES)[name]
    compiled, plain = arguments(), arguments()
    results = kernel(*compiled), getattr(kernel, "py_func", kernel)(*plain)
    if results[1] is not None:
        for one, other in zip(*map(as_tuple, results), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12)
    for one, other in zip(compiled, plain, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", OF_RULES)
def test_a_kernel_of_a_rule_keeps_the_type_of_its_arrays(name):
    """A number in double precision must not make the signals of a float32 network double."""
    given = [
        each.astype(np.float32) if isinstance(each, np.ndarray) else each
        for each in OF_RULES[name]()
    ]
    results = as_tuple(KERNELS[name](*given))
    assert {each.dtype.type for each in results if each is not None} <= {np.float32}


@pytest.mark.parametrize("name", ["mean_rows", "weight_update"])
def test_a_layer_without_biases_equals_one_with_biases_of_zero(name):
    """`bias=False` must change nothing else."""
    kernel, arguments = KERNELS[f"dense.{name}"], OF_LAYERS[f"dense.{name}"]
    biased, plain = list(arguments()), list(arguments())
    place = next(
        i for i, each in enumerate(plain) if isinstance(each, np.ndarray) and each.ndim == 1
    )
    biased[place][:], plain[place] = 0, None
    one, other = kernel(*biased), kernel(*plain)
    if one is not None:
        np.testing.assert_array_equal(one, other)
    for left, right in zip(biased, plain, strict=True):
        if right is not None:
            np.testing.assert_array_equal(left, right)
