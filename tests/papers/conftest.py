"""Tiny data for the studies of images."""

import pytest
from tiny_images import SHAPES, tiny

from nofb import datasets
from nofb.papers.nokland2016 import training
from nofb.papers.residual import errors as residual
from nofb.papers.sign_symmetry import errors as sign_symmetry


@pytest.fixture
def tiny_images(monkeypatch):
    """Give every study tiny images, and the same learning rate to every rule."""
    embedded = datasets.load
    monkeypatch.setattr(
        datasets, "load", lambda name: tiny(name) if name in SHAPES else embedded(name)
    )
    for errors in (sign_symmetry, residual):
        rates = {rule: {"lr": 0.003} for rule in errors.RULES}
        monkeypatch.setattr(errors, "found", lambda package, rates=rates: rates)
    training.load.cache_clear()
    yield
    training.load.cache_clear()
