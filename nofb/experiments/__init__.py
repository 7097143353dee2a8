"""Runs worth repeating: rules side by side, sweeps over settings, searches of learning rates."""
