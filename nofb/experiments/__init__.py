"""Runs worth repeating: every rule side by side, and how their learning rates were chosen."""
