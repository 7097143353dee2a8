"""Every rule from the same start, several seeds: who learns, how fast, and how well aligned."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from nofb import checks
from nofb.datasets import Dataset
from nofb.experiments.settings import Settings
from nofb.rules import COMPARED, RULES, make
from nofb.training import DivergenceWarning, History, Run, fit
from nofb.types import Array


@dataclass(frozen=True)
class Result:
    """One run: a rule, a seed, and what happened.

    Attributes
    ----------
    rule, seed, lr
        The rule's short name, the seed of everything random, and the learning rate.
    history
        One value of each measure for each epoch.
    stopped
        Why the run ended early, or `None`.
    """

    rule: str
    seed: int
    lr: float
    history: History
    stopped: str | None


@dataclass(frozen=True)
class Comparison:
    """All runs of a comparison.

    Attributes
    ----------
    settings
        What the runs had in common.
    results
        Rule by rule, seed by seed.
    units
        The units of each layer with weights, from the input side up.
    classes
        How many classes there are, or `None` for a regression.
    """

    settings: Settings
    results: tuple[Result, ...]
    units: tuple[int, ...]
    classes: int | None

    @property
    def rules(self) -> list[str]:
        """The rules, in the order in which they were asked for."""
        return list(dict.fromkeys(result.rule for result in self.results))

    @property
    def seeds(self) -> list[int]:
        """The seeds, in order."""
        return list(dict.fromkeys(result.seed for result in self.results))

    def of(self, rule: str) -> list[Result]:
        """Return the runs of one rule that came to their end."""
        return [r for r in self.results if r.rule == rule and r.stopped is None]

    def curves(self, rule: str, measure: str, start: bool = False) -> Array:
        """Return a measure of all finished runs: (seeds, epochs) or (seeds, epochs, layers).

        With `start`, the value before the first step stands in front.
        """
        histories = [result.history for result in self.of(rule)]
        if not histories:
            return np.empty((0, 0))
        return np.array([h.from_start(measure) if start else h[measure] for h in histories])

    def final(self, rule: str, measure: str) -> tuple[Array, Array]:
        """Return mean and standard deviation over seeds of a measure's last value.

        The deviation is the sample's (n - 1); with one seed it is NaN, with none both are.
        """
        last = self.curves(rule, measure)[:, -1:]
        if not last.size:
            return np.array(np.nan), np.array(np.nan)
        last = last[:, 0]
        mean = np.asarray(last.mean(axis=0))
        return mean, np.asarray(last.std(axis=0, ddof=1) if len(last) > 1 else mean * np.nan)


def train(settings: Settings, rule: str, seed: int, data: Dataset, probe: int = 100) -> Run:
    """Train one rule from one seed; a run that diverges says so in `stopped`, and nowhere else."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DivergenceWarning)
        return fit(
            settings.network(data, seed),
            make(rule),
            data,
            epochs=settings.epochs,
            batch_size=settings.batch_size,
            optimizer=settings.make_optimizer(rule),
            seed=seed,
            probe=probe,
            progress=False,
        )


def run_one(settings: Settings, rule: str, seed: int) -> Result:
    """Train one rule from one seed on the whole training split."""
    run = train(settings, rule, seed, settings.load())
    return Result(rule, seed, settings.rate(rule), run.history, run.stopped)


def run_all(settings: Settings, plan: Sequence[tuple[str, int]], jobs: int) -> Iterator[Result]:
    """Train every (rule, seed) of a plan, in order; several at once where there are processes."""
    if jobs == 1:
        yield from (run_one(settings, rule, seed) for rule, seed in plan)
        return
    from joblib import Parallel, delayed  # late, since it takes as long to import as NumPy

    parallel = Parallel(n_jobs=min(jobs, len(plan)), return_as="generator")
    yield from parallel(delayed(run_one)(settings, rule, seed) for rule, seed in plan)


def compare(
    rules: Sequence[str] = COMPARED,
    settings: Settings | None = None,
    seeds: int = 5,
    jobs: int = 1,
    done: Callable[[Result], object] = lambda result: None,
) -> Comparison:
    """Train every rule from the same starts.

    Parameters
    ----------
    rules
        Short names, keys of `nofb.rules.RULES`; `COMPARED` if left out.
    settings
        What the runs have in common; the defaults if left out.
    seeds
        How many seeds: 0, 1, ... Each draws weights, feedback and the order of samples.
    jobs
        How many runs go on at once, in processes of their own.
    done
        Is called with each result as it comes in.

    Returns
    -------
    Comparison
        With every run; one that diverged is kept and says why.

    Raises
    ------
    TypeError, ValueError
        If a name is not known or a number is out of its range.

    Examples
    --------
    >>> comparison = compare(["bp", "shallow"], Settings(hidden=(16,), epochs=3), seeds=1)
    >>> bp, shallow = (comparison.final(rule, "test_accuracy")[0] for rule in comparison.rules)
    >>> bool(bp > shallow)
    True
    """
    settings = Settings() if settings is None else settings
    for rule in rules:
        checks.choice("rule", rule, RULES)
        settings.rate(rule)
    plan = [(rule, seed) for rule in rules for seed in range(checks.whole("seeds", seeds))]
    data = settings.load()
    results = []
    for result in run_all(settings, plan, checks.whole("jobs", jobs)):
        results.append(result)
        done(result)
    units = tuple(layer.n_out for layer in settings.network(data, 0).weighted)
    return Comparison(settings, tuple(results), units, data.n_classes)
