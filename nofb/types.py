"""The names that signatures use for arrays and shapes."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]  # an ndarray of float32 or float64 (or of integers, for labels)
Shape = tuple[int, ...]  # the shape of one sample, without the batch
FloatType = type[np.float32] | type[np.float64]
Map = Callable[[Array], Array]  # from rows to rows
