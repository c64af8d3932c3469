"""Fixtures of the tests of what is read."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def fasta(tmp_path: Path) -> Path:
    """Where a FASTA file goes: a folder of its own, apart from the cache."""
    folder = tmp_path / "genomes"
    folder.mkdir()
    return folder / "genome.fa"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of indices that cannot lie beside their file."""
    monkeypatch.delenv("REGTRACK_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "regtrack" / "faidx"
