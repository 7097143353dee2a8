"""A data set: four arrays, a training and a test split, which are checked once.

It never changes, and its arrays are read-only copies. `as_images` or a validation split returns a
new data set.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nofb import arguments, checks
from nofb.datasets import tokens, validation, whitening
from nofb.datasets.splits import last_part, stratified_split
from nofb.datasets.vocabulary import Vocabulary
from nofb.datasets.word_pieces import WordPieces


@arguments.explained(
    x_test="keep some samples for the test, such as Dataset(x[100:], y[100:], x[:100], y[:100])"
)
@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Samples and targets for training and testing, one sample per row.

    Parameters
    ----------
    x_train, x_test : array, (n, features) or (n, channels, height, width)
        Real, finite numbers; pixels are best in [0, 1]. float64 stays float64, every other
        numeric type becomes float32; nothing is rescaled. The data set keeps copies, which are
        read-only: `x_train.copy()` can be changed. Sequences are integers (n, tokens), if y has a
        label for each token or there is a vocabulary; they stay integers.
    y_train, y_test : array, (n,) or (n, columns)
        Class labels 0 to K-1 as an integer vector or as one-hot rows (which become labels),
        or real-valued columns for regression. Of sequences also a label for each token, integers
        (n, tokens).
    name : str
        The name of the data set in reports.
    image_shape : tuple, optional
        (channels, height, width) of samples given as flat rows.
    vocabulary : Vocabulary or WordPieces, optional
        The meaning of the tokens of sequences.
    class_names : sequence of str, optional
        The name of each class, for figures; "0", "1", ... if left out.

    Attributes
    ----------
    n_classes : int or None
        K, or None for regression.
    n_tokens : int or None
        The number of different tokens, or None for samples that are not sequences.

    Raises
    ------
    ValueError
        For empty data, shapes that do not fit each other, a NaN or infinite number, a negative
        label, a test label that is not a training class, a masked array that hides values.
    TypeError
        For text, objects or complex numbers, and for a vector of labels that are not integers.

    Warns
    -----
    DataWarning
        For pixels from 0 to 255, images with their channels at the end, a column of labels, and
        labels from 1 instead of 0.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.linspace(0.0, 1.0, 40).reshape(10, 4)
    >>> y = np.arange(10) % 2
    >>> Dataset(x[:8], y[:8], x[8:], y[8:], image_shape=(1, 2, 2))
    Dataset('mine': 8 training and 2 test samples of 1x2x2, 2 classes)
    """

    x_train: NDArray[Any]
    y_train: NDArray[Any]
    x_test: NDArray[Any]
    y_test: NDArray[Any]
    name: str = "mine"
    image_shape: tuple[int, int, int] | None = None
    vocabulary: Vocabulary | WordPieces | None = None
    class_names: Sequence[str] | None = None
    n_classes: int | None = field(init=False)
    n_tokens: int | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        validation.name(self.name)
        if self.vocabulary is not None or tokens.are_tokens(self.x_train, self.y_train):
            self._take_sequences()
        else:
            self._take_features()
        self._set(class_names=validation.class_names(self.class_names, self.n_classes))

    def _take_sequences(self) -> None:
        given = self.x_train, self.y_train, self.x_test, self.y_test
        found = tokens.sequences(*given, self.vocabulary)
        validation.same_features(found.x_train, found.x_test)
        validation.same_length(found.x_train, found.y_train, "train")
        validation.same_length(found.x_test, found.y_test, "test")
        if self.image_shape is not None:
            raise ValueError(
                f"image_shape is {self.image_shape!r} but x_train holds tokens, not pixels; "
                "leave it out."
            )
        self._set(**vars(found))

    def _take_features(self) -> None:
        x_train = validation.features(self.x_train, "x_train")
        x_test = validation.features(self.x_test, "x_test")
        y_train, y_test, n_classes = validation.targets(self.y_train, self.y_test)
        validation.same_features(x_train, x_test)
        validation.same_length(x_train, y_train, "train")
        validation.same_length(x_test, y_test, "test")
        image_shape = validation.image_shape(self.image_shape, x_train)
        self._set(x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
        self._set(image_shape=image_shape, n_classes=n_classes)

    @property
    def n_outputs(self) -> int:
        """The number of output units that fit: the number of classes, or of target columns."""
        return int(self.y_train.shape[1]) if self.n_classes is None else self.n_classes

    @property
    def digest(self) -> str:
        """The identity of the samples and targets: half of a SHA-256 of the four arrays."""
        total = hashlib.sha256()
        for array in (self.x_train, self.y_train, self.x_test, self.y_test):
            total.update(f"{array.dtype} {array.shape}".encode())
            total.update(np.ascontiguousarray(array).reshape(-1).data)
        return total.hexdigest()[:32]

    def with_class_names(self, names: Sequence[str] | None) -> Dataset:
        """Return the same samples with other names of the classes; `None` for "0", "1", ...

        Raises
        ------
        ValueError
            If there are not as many names as classes, or two are equal.

        Examples
        --------
        >>> from nofb.datasets import xor
        >>> xor().with_class_names(["same sign", "different"]).class_names
        ('same sign', 'different')
        """
        other = self._copy()
        other._set(class_names=validation.class_names(names, self.n_classes))
        return other

    def take(self, n_train: int, n_test: int | None = None, seed: int = 0) -> Dataset:
        """Return a smaller data set of samples that are drawn at random, for a quick run.

        Parameters
        ----------
        n_train, n_test : int
            The numbers of training and of test samples; all test samples if left out.
        seed : int
            Seed of the generator that draws them.

        Raises
        ------
        ValueError
            If there are fewer samples.

        Examples
        --------
        >>> from nofb.datasets import load
        >>> load("digits").take(100, 50)
        Dataset('digits': 100 training and 50 test samples of 1x8x8, 10 classes)
        """
        rng, other = np.random.default_rng(seed), self._copy()
        for split, number in (("train", n_train), ("test", n_test)):
            x, y = getattr(self, f"x_{split}"), getattr(self, f"y_{split}")
            if number is None:
                continue
            if checks.whole(f"n_{split}", number) > len(y):
                raise ValueError(
                    f"n_{split} is {number}, but the data set {self.name!r} has {len(y)} samples "
                    "there."
                )
            rows = rng.permutation(len(y))[:number]
            other._set(**{f"x_{split}": x[rows], f"y_{split}": y[rows]})
        return other

    def as_images(self) -> Dataset:
        """Return the same samples with x of shape (n, channels, height, width).

        Raises
        ------
        ValueError
            If the data set has no `image_shape`.

        Examples
        --------
        >>> from nofb.datasets import load
        >>> load("digits").as_images().x_test.shape
        (359, 1, 8, 8)
        """
        if self.image_shape is None:
            raise ValueError(
                f"the data set {self.name!r} has no image_shape, so its {self.x_train.shape[1]} "
                "features are not images; give image_shape=(channels, height, width)."
            )
        return self._with_sample_shape(self.image_shape)

    def flat(self) -> Dataset:
        """Return the same samples with x of shape (n, features)."""
        return self._with_sample_shape((int(np.prod(self.x_train.shape[1:])),))

    def centred(self) -> Dataset:
        """Return the same images with pixels in [-1, 1] instead of [0, 1].

        Inputs around zero let the first layer learn faster (LeCun et al. 1998, Efficient BackProp).

        Raises
        ------
        ValueError
            If there is no `image_shape`, or a value is not in [0, 1].

        Examples
        --------
        >>> from nofb.datasets import load
        >>> data = load("digits").centred()
        >>> float(data.x_train.min()), float(data.x_train.max())
        (-1.0, 1.0)
        """
        values = self.as_images().x_train, self.as_images().x_test
        if min(x.min() for x in values) < 0 or max(x.max() for x in values) > 1:
            raise ValueError(
                f"the pixels of the data set {self.name!r} are not all in [0, 1]; divide them by "
                "the largest value that a pixel can have first."
            )
        other = self._copy()
        other._set(x_train=2 * self.x_train - 1, x_test=2 * self.x_test - 1)
        return other

    def whitened(self, epsilon: float = 0.01) -> Dataset:
        """Return the same samples after ZCA whitening, which the training split decides.

        Parameters
        ----------
        epsilon : float
            What is added to the variance of each direction, above 0.

        Examples
        --------
        >>> from nofb.datasets import load
        >>> x = load("fashion_small").whitened(1e-3).flat().x_train
        >>> bool(abs(x.mean(axis=0)).max() < 1e-3)
        True
        """
        if self.n_tokens is not None:
            raise ValueError(f"the data set {self.name!r} holds tokens, which cannot be whitened.")
        flat, shape = self.flat(), self.x_train.shape[1:]
        mean, M = whitening.zca(flat.x_train, epsilon)
        other = self._copy()
        for split in ("x_train", "x_test"):
            rows = (getattr(flat, split) - mean) @ M
            other._set(**{split: rows.reshape(-1, *shape)})
        return other

    def split_validation(self, fraction: float, seed: int = 0) -> Dataset:
        """Hold out a stratified part of the training data, to choose settings by it.

        If every token of a sequence has a label, as in a text, the last sequences are held out.
        Sequences in between would share content with their neighbours.

        Parameters
        ----------
        fraction : float
            The fraction of each class that is held out, above 0 and below 1. Real-valued targets
            count as one class.
        seed : int
            Seed of the generator that picks the samples.

        Returns
        -------
        Dataset
            Its training split is the rest, its test split the held-out part.

        Raises
        ------
        ValueError
            If `fraction` is outside (0, 1) or holds out no sample at all.

        Examples
        --------
        >>> from nofb.datasets import load
        >>> load("digits").split_validation(0.25, seed=1)
        Dataset('digits (validation)': 1079 training and 359 test samples of 1x8x8, 10 classes)
        """
        if not isinstance(fraction, (int, float, np.floating)) or not 0 < fraction < 1:
            raise ValueError(f"fraction is {fraction!r}; it must be a number above 0 and below 1.")
        n_train = len(self.y_train)
        kept, held_out = self._split(float(fraction), np.random.default_rng(seed))
        if len(held_out) == 0:
            raise ValueError(
                f"fraction is {fraction!r}, which holds out none of the {n_train} training "
                "samples; it must leave at least one on each side."
            )
        part = self._copy()
        part._set(x_train=self.x_train[kept], y_train=self.y_train[kept])
        part._set(x_test=self.x_train[held_out], y_test=self.y_train[held_out])
        part._set(name=f"{self.name} (validation)")
        return part

    def _split(
        self, fraction: float, rng: np.random.Generator
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        n_train = len(self.y_train)
        if self.n_classes is None:
            return stratified_split(np.zeros(n_train, dtype=np.int64), fraction, rng)
        if self.y_train.ndim == 2:
            return last_part(n_train, fraction)
        return stratified_split(self.y_train, fraction, rng)

    def __repr__(self) -> str:
        shape = "x".join(str(side) for side in self.image_shape or ())
        kind = "features" if self.n_tokens is None else "tokens"
        sample = f"of {shape}" if shape else f"with {self.x_train.shape[1]} {kind}"
        kind = "targets" if self.n_classes is None else "classes"
        return (
            f"Dataset({self.name!r}: {len(self.y_train)} training and {len(self.y_test)} test "
            f"samples {sample}, {self.n_outputs} {kind})"
        )

    def _with_sample_shape(self, shape: tuple[int, ...]) -> Dataset:
        other = self._copy()
        other._set(x_train=self.x_train.reshape(-1, *shape), x_test=self.x_test.reshape(-1, *shape))
        return other

    def _copy(self) -> Dataset:
        # The arrays of a checked data set need no second check, and this check could lose a class
        # that has a one-hot column but no training sample.
        return copy.copy(self)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._set(**state)  # copied and unpickled arrays come writable

    def _set(self, **values: Any) -> None:
        for attribute, value in values.items():
            if isinstance(value, np.ndarray):
                value.flags.writeable = False
            object.__setattr__(self, attribute, value)
