"""Sweeps that were not run, and a configuration for the command."""

from __future__ import annotations

SHORT = {"hidden": [6], "epochs": 2}
