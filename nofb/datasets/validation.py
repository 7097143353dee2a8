"""Checks the arrays of a data set: real, finite numbers in matching shapes, and valid targets.

Every error is one sentence that names the argument, the given value and the allowed ones. If a
value is almost certainly a mistake, but could be intended, there is a `DataWarning`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nofb import callers, checks

LABELS_FROM_0 = "np.unique(y, return_inverse=True)[1] numbers any labels from 0"
MOST_CLASSES = 1_000_000
TARGET_KINDS = "class labels (integers 0 to K-1), one-hot rows, or 2-D floats for regression"


class DataWarning(UserWarning):
    """A data set can be used, but almost certainly has a mistake."""


def name(given: object) -> None:
    """Refuse a name that is not one line of printable characters."""
    if not isinstance(given, str):
        raise TypeError(f"name is {given!r}; it must be a string.")
    if not given.strip() or not given.isprintable():
        raise ValueError(f"name is {given!r}; it must be one line of printable signs.")


def class_names(given: Sequence[str] | None, n_classes: int | None) -> tuple[str, ...] | None:
    """Return the name of each class, numbers if none are given; `None` for regression.

    Examples
    --------
    >>> class_names(None, 2), class_names(["cat", "dog"], 2), class_names(None, None)
    (('0', '1'), ('cat', 'dog'), None)
    >>> class_names(["cat"], 2)
    Traceback (most recent call last):
    ...
    ValueError: class_names has 1 names, but there are 2 classes.
    """
    if given is None:
        return None if n_classes is None else tuple(map(str, range(n_classes)))
    names = checks.distinct("class_names", checks.listed("class_names", given))
    if len(names) != n_classes:
        raise ValueError(
            f"class_names has {len(names)} names, but there are {n_classes or 'no'} classes."
        )
    return tuple(checks.line("a name in class_names", each) for each in names)


def features(values: ArrayLike, argument: str) -> NDArray[np.floating[Any]]:
    """Return a contiguous copy in float32 (float64 stays), shape (n, d) or (n, C, H, W)."""
    array = real(values, argument)
    if array.ndim not in (2, 4):
        raise ValueError(
            f"{argument} has shape {array.shape}; it must be (samples, features) "
            f"or (samples, channels, height, width){checks.grey_cure(argument, array.shape)}."
        )
    floats = _floats(array)
    _refuse_non_finite(floats, argument, "feature")
    _warn_of_raw_pixels(floats, argument)
    return floats


def targets(y_train: ArrayLike, y_test: ArrayLike) -> tuple[NDArray[Any], NDArray[Any], int | None]:
    """Return training and test targets and the number of classes (None for regression)."""
    train, test = real(y_train, "y_train"), real(y_test, "y_test")
    if train.ndim == test.ndim == 2 and train.shape[1] != test.shape[1]:
        raise ValueError(
            f"y_train has shape {train.shape} and y_test {test.shape}; "
            "both must have the same number of columns."
        )
    if train.ndim == 2 and train.dtype.kind == "f" and not is_one_hot(train):
        _warn_of_a_column_of_labels(train)
        return _real_targets(train, "y_train"), _real_targets(test, "y_test"), None
    train_labels, n_classes = _labels(train, "y_train")
    test_labels, _ = _labels(test, "y_test")
    _refuse_unknown_classes(test_labels, n_classes)
    if train.ndim == 1:
        _warn_of_labels_from_1(train_labels, test_labels, n_classes)
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
    """Return (channels, height, width) after a check against `x`; 4-D `x` already has it."""
    if shape is None:
        if x.ndim == 4:
            _warn_of_channels_last(x.shape[1:], f"x_train has shape {x.shape}")
            return x.shape[1:]
        return None
    given = tuple(shape)
    if len(given) != 3 or not all(isinstance(side, (int, np.integer)) for side in given):
        raise ValueError(
            f"image_shape is {shape!r}; it must be three integers (channels, height, width)."
        )
    if min(given) < 1 or (given != x.shape[1:] and (x.ndim == 4 or np.prod(given) != x.shape[1])):
        raise ValueError(f"image_shape is {given} but x_train has shape {x.shape}; they must fit.")
    _warn_of_channels_last(given, f"image_shape is {given}")
    return int(given[0]), int(given[1]), int(given[2])


def real(values: ArrayLike, argument: str) -> NDArray[Any]:
    """Return an array of real numbers that is not empty, or raise an error."""
    checks.unmasked(argument, values)
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(
            f"{argument} cannot be made into an array ({error}); its rows must be equally long."
        ) from error
    if array.dtype.kind not in "fiub":
        cure = f"; {LABELS_FROM_0}" if argument.startswith("y") else ""
        raise TypeError(
            f"{argument} has dtype {array.dtype}; it must hold real numbers (floats or integers)"
            f"{cure}."
        )
    if array.size == 0:
        raise ValueError(f"{argument} has shape {array.shape} and is empty; it must hold data.")
    return array


def _floats(array: NDArray[Any]) -> NDArray[np.floating[Any]]:
    """Return a copy, which the data set owns: later changes of `array` have no effect."""
    double = array.dtype.kind == "f" and array.dtype.itemsize >= 8
    with np.errstate(
        over="ignore"
    ):  # a long double that is too large becomes infinite and is refused
        return np.array(array, dtype=np.float64 if double else np.float32, order="C")


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


def is_one_hot(array: NDArray[Any]) -> bool:
    """Return whether each row has a single 1 among zeros."""
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
    if is_one_hot(array):
        return array.argmax(axis=1).astype(np.int64), array.shape[1]
    if array.ndim != 1:
        cure = "; for a column of labels: y.ravel()" if array.shape[1:] == (1,) else ""
        raise ValueError(
            f"{argument} has shape {array.shape} and dtype {array.dtype}, and not every row is "
            f"one-hot; it must be {TARGET_KINDS}{cure}."
        )
    if array.dtype.kind not in "iu":
        raise TypeError(
            f"{argument} is a vector of {array.dtype}; it must be {TARGET_KINDS}: y.astype(int) "
            "makes labels of whole numbers, y.reshape(-1, 1) a column for regression."
        )
    lowest = int(array.argmin())
    if array[lowest] < 0:
        raise ValueError(
            f"{argument} holds the label {array[lowest]} at sample {lowest}; "
            f"labels must be integers from 0; {LABELS_FROM_0}."
        )
    highest = int(array.argmax())
    if array[highest] >= MOST_CLASSES:
        raise ValueError(
            f"{argument} holds the label {array[highest]} at sample {highest}; "
            f"labels are the numbers of at most {MOST_CLASSES} classes; {LABELS_FROM_0}."
        )
    return array.astype(np.int64), int(array[highest]) + 1


def _refuse_unknown_classes(test_labels: NDArray[np.int64], n_classes: int) -> None:
    highest = int(test_labels.argmax())
    if test_labels[highest] >= n_classes:
        raise ValueError(
            f"y_test holds the label {test_labels[highest]} at sample {highest}, but y_train has "
            f"the classes 0 to {n_classes - 1} only; test labels must be among them."
        )


def _warn_of_raw_pixels(x: NDArray[np.floating[Any]], argument: str) -> None:
    """Warn of whole numbers from 0 to just the largest that one or two bytes can hold."""
    top = x.max()
    if top in (255, 65535) and x.min() >= 0 and (x == np.rint(x)).all():
        _warn(
            f"{argument} holds whole numbers from 0 to {top:g}, as pixels in a file do, but a "
            f"network learns from values of about 1: {argument} / {top:g}"
        )


def _warn_of_channels_last(shape: tuple[int, ...], what: str) -> None:
    """Warn of maps of 1 or 3 columns in as many channels as rows, or of photographs."""
    channels, height, width = shape
    if width in (1, 3) and min(channels, height) >= 8 and (channels == height or width == 3):
        _warn(
            f"{what}, which means {channels} channels of {height} x {width} pixels; if the "
            f"channels are the {width} at the end: x.transpose(0, 3, 1, 2) brings them first"
        )


def _warn_of_a_column_of_labels(y: NDArray[np.floating[Any]]) -> None:
    """Warn of a column that holds each of 0 to K-1, or of 1 to K, and some of them twice.

    A column of only 0 and 1 gives no warning: a logistic output uses them as two classes.
    """
    if y.shape[1] != 1:
        return
    values = np.unique(y)
    consecutive = values[0] in (0, 1) and (values == values[0] + np.arange(len(values))).all()
    if 3 <= len(values) < len(y) and consecutive:
        _warn(
            f"y_train is a column of the whole numbers {values[0]:g} to {values[-1]:g}, taken as "
            "real-valued targets (regression); if they are labels: y.ravel().astype(int)"
        )


def _warn_of_labels_from_1(
    train: NDArray[np.int64], test: NDArray[np.int64], n_classes: int
) -> None:
    """Warn of labels that are all of 1 to K, two at least, and never 0.

    With ten samples in each class, a class is missing by chance in less than one of 10000 draws.
    """
    if n_classes < 3 or len(train) < 10 * n_classes or test.min() == 0:
        return
    if np.array_equal(np.unique(train), np.arange(1, n_classes)):
        _warn(
            f"no sample has the label 0, so the first of {n_classes} classes is empty; "
            f"{LABELS_FROM_0}"
        )


def _warn(sentence: str) -> None:
    callers.warn(f"{sentence}.", DataWarning)
