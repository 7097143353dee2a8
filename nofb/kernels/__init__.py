"""Arithmetic on plain arrays, by Numba or NumPy. The functions here do not depend on layers."""
