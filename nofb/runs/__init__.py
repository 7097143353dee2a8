"""Runs: what one is, and how many are done, kept and searched."""
