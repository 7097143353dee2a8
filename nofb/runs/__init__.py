"""Runs: the specification of a run, grids of runs, their logs, and searches."""
