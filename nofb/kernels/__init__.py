"""Arithmetic on plain arrays, compiled by Numba. Nothing here knows of layers, rules or data."""
