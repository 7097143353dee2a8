"""How fast nofb is, beside other ways to take the same step. Run `python -m benchmarks`."""
