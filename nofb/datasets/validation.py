"""What may enter a data set: real, finite numbers in matching shapes, and sensible targets.

Every refusal is one sentence that names the argument, what was given and what is allowed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

TARGET_KINDS = "class labels (integers 0 to K-1), one-hot rows, or 2-D floats for regression"


def name(given: object) -> None:
    """Refuse a name that is not one line which sentences, tables and figures can show."""
    if not isinstance(given, str):
        raise TypeError(f"name is {given!r}; it must be a string.")
    if not given.strip() or not given.isprintable():
        raise ValueError(f"name is {given!r}; it must be one line of printable signs.")


def features(values: ArrayLike, argument: str) -> NDArray[np.floating[Any]]:
    """Return `values` as contiguous float32 (float64 stays), shape (n, d) or (n, C, H, W)."""
    array = _real(values, argument)
    if array.ndim not in (2, 4):
        raise ValueError(
            f"{argument} has shape {array.shape}; it must be (samples, features) "
            "or (samples, channels, height, width)."
        )
    floats = _floats(array)
    _refuse_non_finite(floats, argument, "feature")
    return floats


def targets(y_train: ArrayLike, y_test: ArrayLike) -> tuple[NDArray[Any], NDArray[Any], int | None]:
    """Return training and test targets and the number of classes (None for regression)."""
    train, test = _real(y_train, "y_train"), _real(y_test, "y_test")
    if train.ndim == test.ndim == 2 and train.shape[1] != test.shape[1]:
        raise ValueError(
            f"y_train has shape {train.shape} and y_test {test.shape}; "
            "both must have the same number of columns."
        )
    if train.ndim == 2 and train.dtype.kind == "f" and not _is_one_hot(train):
        return _real_targets(train, "y_train"), _real_targets(test, "y_test"), None
    train_labels, n_classes = _labels(train, "y_train")
    test_labels, _ = _labels(test, "y_test")
    _refuse_unknown_classes(test_labels, n_classes)
    return train_labels, test_labels, n_classes


def same_length(x: NDArray[Any], y: NDArray[Any], split: str) -> None:
    """Refuse a split whose features and targets differ in their number of samples."""
    if len(x) != len(y):
        raise ValueError(
            f"x_{split} has shape {x.shape} and y_{split} {y.shape}; "
            "both must have the same number of samples."
        )


def same_features(x_train: NDArray[Any], x_test: NDArray[Any]) -> None:
    """Refuse two splits whose samples differ in shape."""
    if x_train.shape[1:] != x_test.shape[1:]:
        raise ValueError(
            f"x_train has shape {x_train.shape} and x_test {x_test.shape}; "
            "all but the number of samples must agree."
        )


def image_shape(shape: tuple[int, int, int] | None, x: NDArray[Any]) -> tuple[int, int, int] | None:
    """Return (channels, height, width) after checking it against `x`; 4-D `x` brings its own."""
    if shape is None:
        return x.shape[1:] if x.ndim == 4 else None
    given = tuple(shape)
    if len(given) != 3 or not all(isinstance(side, (int, np.integer)) for side in given):
        raise ValueError(
            f"image_shape is {shape!r}; it must be three integers (channels, height, width)."
        )
    if min(given) < 1 or (given != x.shape[1:] and (x.ndim == 4 or np.prod(given) != x.shape[1])):
        raise ValueError(f"image_shape is {given} but x_train has shape {x.shape}; they must fit.")
    return int(given[0]), int(given[1]), int(given[2])


def _real(values: ArrayLike, argument: str) -> NDArray[Any]:
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(
            f"{argument} cannot be made into an array ({error}); its rows must be equally long."
        ) from error
    if array.dtype.kind not in "fiub":
        raise TypeError(
            f"{argument} has dtype {array.dtype}; it must hold real numbers (floats or integers)."
        )
    if array.size == 0:
        raise ValueError(f"{argument} has shape {array.shape} and is empty; it must hold data.")
    return array


def _floats(array: NDArray[Any]) -> NDArray[np.floating[Any]]:
    if array.dtype.kind == "f" and array.dtype.itemsize >= 8:
        return np.ascontiguousarray(array, dtype=np.float64)
    return np.ascontiguousarray(array, dtype=np.float32)


def _refuse_non_finite(array: NDArray[Any], argument: str, column_word: str) -> None:
    finite = np.isfinite(array)
    if finite.all():
        return
    position = tuple(int(i) for i in np.argwhere(~finite)[0])
    column = position[1] if array.ndim == 2 else position[1:]
    raise ValueError(
        f"{argument} is {array[position]} at sample {position[0]}, {column_word} {column}; "
        "every value must be finite."
    )


def _is_one_hot(array: NDArray[Any]) -> bool:
    if array.ndim != 2 or array.shape[1] < 2:
        return False
    zeros_and_ones = np.isin(array, (0, 1)).all()
    return bool(zeros_and_ones and (array.sum(axis=1) == 1).all())


def _real_targets(array: NDArray[Any], argument: str) -> NDArray[np.floating[Any]]:
    if array.ndim != 2:
        raise ValueError(
            f"{argument} has shape {array.shape}; "
            "y_train holds real targets, so it must be (samples, targets)."
        )
    floats = _floats(array)
    _refuse_non_finite(floats, argument, "target")
    return floats


def _labels(array: NDArray[Any], argument: str) -> tuple[NDArray[np.int64], int]:
    if _is_one_hot(array):
        return array.argmax(axis=1).astype(np.int64), array.shape[1]
    if array.ndim != 1:
        raise ValueError(
            f"{argument} has shape {array.shape} and dtype {array.dtype}, and not every row is "
            f"one-hot; it must be {TARGET_KINDS}."
        )
    if array.dtype.kind not in "iu":
        raise TypeError(f"{argument} is a vector of {array.dtype}; it must be {TARGET_KINDS}.")
    lowest = int(array.argmin())
    if array[lowest] < 0:
        raise ValueError(
            f"{argument} holds the label {array[lowest]} at sample {lowest}; "
            "labels must be integers from 0."
        )
    return array.astype(np.int64), int(array.max()) + 1


def _refuse_unknown_classes(test_labels: NDArray[np.int64], n_classes: int) -> None:
    highest = int(test_labels.argmax())
    if test_labels[highest] >= n_classes:
        raise ValueError(
            f"y_test holds the label {test_labels[highest]} at sample {highest}, but y_train has "
            f"the classes 0 to {n_classes - 1} only; test labels must be among them."
        )
