"""The optimizers: the step of a parameter, given the update of a rule.

They do not depend on layers or rules. A parameter has a name, under which its running averages are
kept. So weights, biases and learned feedback matrices are all treated in the same way.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numba.core.errors import NumbaError

from nofb import arguments, checks, schedules, settings, threads
from nofb.kernels import steps
from nofb.schedules import Schedule
from nofb.threads import Job
from nofb.types import Array

Kernel = Callable[..., object]
Move = tuple[str, Array, Array]  # the name, the array and the update of a parameter
Plan = tuple[Kernel, tuple[Array, ...], tuple[float, ...]]

INFINITY = float("inf")
OTHER_NAMES = {
    "learning_rate": "it is called lr",
    "weight_decay": "it is called decay, and is not multiplied by the learning rate",
}
TRAFFIC = 16  # a step is limited by memory: one number costs as much as this many multiply-adds


@dataclass
class Optimizer(ABC):
    """The common part of all optimizers: a learning rate with a schedule, weight decay, two limits.

    Decay is decoupled from the update, and acts on matrices only, never on biases:
    W ← W - η_t (step) - (η_t / η_0) λ W.

    Parameters
    ----------
    lr
        The learning rate η_0, greater than 0.
    schedule
        A name in `nofb.schedules.SCHEDULES`, or a function `(epoch, epochs) -> factor`.
    decay
        λ, per step; from 0 to less than 1.
    max_norm
        The largest length of the weights into one unit, or `None`.
    max_gradient
        The largest length of all updates of one step together, or `None`. If they are longer, all
        are shortened by the same factor (Pascanu et al. 2013). Learned feedback matrices count too.
    layer_factors
        A factor of the learning rate for each layer with weights, from the first one up, or `None`
        for 1. It holds for W, b and learned feedback of the layer, not for decay. Released code
        often has another rate for the last layer.

    Attributes
    ----------
    state
        For each parameter's name, its running averages. `nofb.fit` starts without any.

    Raises
    ------
    TypeError, ValueError
        If a number is out of its range, also if it is set later; or if the schedule is unknown.

    Examples
    --------
    >>> optimizer = SGD()
    >>> optimizer.max_gradient = -1
    Traceback (most recent call last):
    ...
    ValueError: max_gradient must be finite and greater than 0, but is -1
    """

    lr: float = settings.number(0.1, above=0)
    schedule: str | Schedule = "constant"
    decay: float = settings.number(0.0, least=0, below=1)
    max_norm: float | None = settings.number(None, above=0, optional=True)
    max_gradient: float | None = settings.number(None, above=0, optional=True)
    _: KW_ONLY
    layer_factors: tuple[float, ...] | None = settings.numbers(None, least=0)
    factor: float = field(default=1.0, init=False, repr=False)
    state: dict[str, dict[str, Array]] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        settings.check(self)
        schedules.get(self.schedule)

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; a setting that is changed later has the same bounds as a new one."""
        super().__setattr__(name, settings.checked(type(self), name, value))

    def rate(self, name: str) -> float:
        """Return the learning rate of a parameter now: η_0, by the schedule and its layer.

        Examples
        --------
        >>> SGD(lr=0.1, layer_factors=[1, 0.5]).rate("1.W"), SGD(lr=0.1).rate("1.W")
        (0.05, 0.1)
        """
        layer = name.partition(".")[0]
        of_layer = 1.0
        if self.layer_factors is not None and layer.isdigit():
            of_layer = self.layer_factors[int(layer)]
        return self.lr * self.factor * of_layer

    def reset(self) -> None:
        """Remove all running averages: the next step is the first one of a run."""
        self.state = {}
        self.factor = 1.0

    def at(self, epoch: float, epochs: int) -> None:
        """Set the learning rate for this time; `epoch` counts from 0 and may have a fraction.

        Raises
        ------
        TypeError, ValueError
            If the value of the schedule is not a valid factor.

        Examples
        --------
        >>> SGD(schedule=lambda epoch, epochs: 1 - epoch).at(2, 3)
        Traceback (most recent call last):
        ...
        ValueError: the factor that schedule returns must be finite and at least 0, but is -1
        """
        factor = schedules.get(self.schedule)(epoch, epochs)
        # This runs in every step: a plain float in its range needs no full check.
        if not (type(factor) is float and 0 <= factor < INFINITY):
            checks.number("the factor that schedule returns", factor, least=0)
        self.factor = factor

    def step(self, name: str, parameter: Array, update: Array) -> None:
        """Update one parameter, in place.

        Parameters
        ----------
        name
            The name of its running averages, such as "0.W".
        parameter, update
            C-contiguous arrays of the same shape; the step is against `update`.

        Raises
        ------
        TypeError
            If the parameter is not writable, or an array is not C-contiguous or not real.
        ValueError
            If the parameter, the update or the averages kept under this name differ in shape.

        Examples
        --------
        >>> SGD().step("W", np.zeros((2, 3)), np.zeros((3, 2)))
        Traceback (most recent call last):
        ...
        ValueError: the update of W has shape (3, 2), but W has (2, 3)
        """
        ((_, _, update),) = self._shortened([(name, parameter, update)])
        self._step(name, parameter, update)

    def _step(self, name: str, parameter: Array, update: Array) -> None:
        kernel, averages, numbers = self.plan(name, parameter)
        try:
            self._move(kernel, (parameter, update, *averages), numbers)
        except (ValueError, TypeError, NumbaError):  # kernels check; this raises a clear message
            check(name, parameter, update, averages)
            raise
        if self.max_norm is not None:
            self._limit(parameter)

    def step_all(self, moves: Sequence[Move]) -> None:
        """Update several parameters, each given as (name, parameter, update), with all threads."""
        moves = self._shortened(moves)
        alone = threads.size() == 1
        work = TRAFFIC * sum(parameter.size for _, parameter, _ in moves)
        if not alone and threads.pays_off(work):
            threads.run(job for move in moves for job in self._jobs(*move))
            for _, parameter, _ in moves:
                self._limit(parameter)
        else:
            for move in moves:
                self._step(*move)

    def _shortened(self, moves: Sequence[Move]) -> Sequence[Move]:
        """Return the moves of one step, with updates shortened to `max_gradient` together."""
        if self.max_gradient is None:
            return moves
        for name, _, update in moves:
            checks.real(f"the update of {name}", update)
        length = math.sqrt(sum(steps.squared_length(update) for _, _, update in moves))
        if not self.max_gradient < length < INFINITY:  # the training loop finds NaN and infinity
            return moves
        factor = self.max_gradient / length
        return [(name, parameter, update * factor) for name, parameter, update in moves]

    @abstractmethod
    def plan(self, name: str, W: Array) -> Plan:
        """Return the kernel of the step, the running averages of W, and the kernel's numbers."""

    def _move(self, kernel: Kernel, arrays: Sequence[Array], numbers: Sequence[float]) -> None:
        """Update a parameter, or some of its rows; it is the first of the arrays."""
        parameter = arrays[0]
        if self.decay and parameter.ndim > 1:
            parameter *= parameter.dtype.type(1 - self.factor * self.decay)
        kernel(*arrays, *numbers)

    def _jobs(self, name: str, parameter: Array, update: Array) -> list[Job]:
        """Return the step of a parameter, divided into jobs of some rows each."""
        kernel, averages, numbers = self.plan(name, parameter)
        check(name, parameter, update, averages)
        arrays = parameter, update, *averages
        return [
            partial(self._move, kernel, [array[rows] for array in arrays], numbers)
            for rows in threads.cut(len(parameter), TRAFFIC * parameter.size)
        ]

    def _limit(self, parameter: Array) -> None:
        if self.max_norm is not None and parameter.ndim > 1:
            steps.limit_columns(parameter, self.max_norm)

    def average(self, name: str, kind: str, like: Array) -> Array:
        """Return a running average of one parameter, zeros before the first step."""
        try:
            return self.state[name][kind]
        except KeyError:
            zeros = self.state.setdefault(name, {})[kind] = np.zeros_like(like)
            return zeros


def check(name: str, parameter: Array, update: Array, averages: Sequence[Array]) -> None:
    """Refuse arrays that cannot be used together, with the reason.

    Raises
    ------
    TypeError
        If no kernel takes the memory layout or the type of an array.
    ValueError
        If the shapes differ.
    """
    if not parameter.flags.carray:
        raise TypeError(
            f"{name} must be a writable and C-contiguous array, since it is moved in place: "
            "give a copy"
        )
    if update.shape != parameter.shape:
        raise ValueError(
            f"the update of {name} has shape {update.shape}, but {name} has {parameter.shape}"
        )
    checks.real(f"the update of {name}", update)
    if not update.flags.c_contiguous:
        raise TypeError(f"the update of {name} must be C-contiguous: np.ascontiguousarray makes it")
    for average in averages:
        if (average.shape, average.dtype) != (parameter.shape, parameter.dtype):
            raise ValueError(
                f"a running average of {name} is {average.dtype} {average.shape}, but {name} is "
                f"{parameter.dtype} {parameter.shape}: these averages are of another network, and "
                "optimizer.reset() forgets them"
            )


@arguments.explained(**OTHER_NAMES)
@dataclass
class SGD(Optimizer):
    """Stochastic gradient descent, with optional momentum.

    Parameters
    ----------
    lr, schedule, decay, max_norm, max_gradient, layer_factors
        As for every `Optimizer`.
    momentum
        μ, from 0 to less than 1: the fraction of the last step that is added.
    nesterov
        Whether to use Nesterov momentum, which looks one step ahead; needs momentum.

    Examples
    --------
    >>> W = np.ones((2, 1))
    >>> SGD(lr=0.1).step("W", W, np.array([[1.0], [2.0]]))
    >>> W.tolist()
    [[0.9], [0.8]]
    """

    momentum: float = settings.number(0.0, least=0, below=1)
    nesterov: bool = settings.switch(False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_nesterov()

    def _check_nesterov(self) -> None:
        if self.nesterov and not self.momentum:
            raise ValueError("nesterov looks ahead along the momentum, so momentum must not be 0")

    def plan(self, name: str, W: Array) -> Plan:
        lr = self.rate(name)
        if not self.momentum:
            self._check_nesterov()  # either may have been set after the other
            return steps.descend, (), (lr,)
        kernel = steps.nesterov if self.nesterov else steps.momentum
        return kernel, (self.average(name, "v", W),), (lr, self.momentum)


@arguments.explained(**OTHER_NAMES)
@dataclass
class RMSprop(Optimizer):
    """Steps divided by the recent size of each entry's updates (Nøkland's choice).

    Parameters
    ----------
    lr, schedule, decay, max_norm, max_gradient, layer_factors
        As for every `Optimizer`.
    rho
        The fraction of the running average of squares that is kept at each step.
    epsilon
        Keeps the division finite.

    Examples
    --------
    >>> W = np.zeros((2, 1))
    >>> RMSprop(lr=0.1, rho=0.0).step("W", W, np.array([[3.0], [-0.5]]))
    >>> W.round(6).tolist()
    [[-0.1], [0.1]]
    """

    lr: float = 1e-3
    rho: float = settings.number(0.99, least=0, below=1)
    epsilon: float = settings.number(1e-8, above=0)

    def plan(self, name: str, W: Array) -> Plan:
        numbers = self.rate(name), self.rho, self.epsilon
        return steps.rmsprop, (self.average(name, "s", W),), numbers


@arguments.explained(**OTHER_NAMES)
@dataclass
class Adam(Optimizer):
    """Momentum and RMSprop together, with a correction for their start at zero (Kingma & Ba 2015).

    Parameters
    ----------
    lr, schedule, decay, max_norm, max_gradient, layer_factors
        As for every `Optimizer`.
    beta1, beta2
        The fractions of the running averages of updates and of squares that are kept at each step.
    epsilon
        Keeps the division finite.

    Examples
    --------
    >>> W = np.zeros((2, 1))
    >>> Adam(lr=0.1).step("W", W, np.array([[3.0], [-0.5]]))
    >>> W.round(6).tolist()
    [[-0.1], [0.1]]
    """

    lr: float = 1e-3
    beta1: float = settings.number(0.9, least=0, below=1)
    beta2: float = settings.number(0.999, least=0, below=1)
    epsilon: float = settings.number(1e-8, above=0)

    def plan(self, name: str, W: Array) -> Plan:
        t = self.average(name, "t", np.zeros(1))
        t += 1
        correction = float(np.sqrt(1 - self.beta2 ** t[0]))
        lr = self.rate(name) * correction / float(1 - self.beta1 ** t[0])
        numbers = lr, self.beta1, self.beta2, self.epsilon * correction
        return steps.adam, (self.average(name, "m", W), self.average(name, "s", W)), numbers


@arguments.explained(**OTHER_NAMES)
@dataclass
class AdamW(Adam):
    """Adam with weight decay by default (Loshchilov & Hutter 2019).

    Here `decay` is λ itself, per step. A library that multiplies it by the learning rate calls the
    same default 0.01.
    """

    decay: float = 1e-5


OPTIMIZERS: dict[str, type[Optimizer]] = {
    "sgd": SGD,
    "rmsprop": RMSprop,
    "adam": Adam,
    "adamw": AdamW,
}


def make(name: str, **attributes: object) -> Optimizer:
    """Build the optimizer with this short name, a key of `OPTIMIZERS`."""
    checks.choice("optimizer", name, OPTIMIZERS)
    return OPTIMIZERS[name](**attributes)  # type: ignore[arg-type]
