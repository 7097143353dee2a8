"""Arithmetic on plain arrays, compiled by Numba, or NumPy's own. Nothing here knows of layers."""
