"""Small stand-ins for data sets, their files and their mirrors."""

from __future__ import annotations

import pytest
from datasets.stand_ins import Mirrors


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.delenv("NOFB_DATA_DIR", raising=False)
    monkeypatch.setenv("NOFB_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def mirrors(monkeypatch, cache):
    return Mirrors(monkeypatch)
