"""The speed of nofb, compared with other implementations. Run `python -m benchmarks`."""
