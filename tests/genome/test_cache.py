"""Where things are kept, and gzip made into bgzip."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from regtrack.errors import InputError
from regtrack.genome.bgzip import recompress
from regtrack.genome.cache import cache_folder
from regtrack.genome.faidx import check_format


def test_the_cache_is_where_one_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("REGTRACK_CACHE", str(tmp_path / "own"))
    assert cache_folder() == tmp_path / "own"
    monkeypatch.setenv("REGTRACK_CACHE", "~/own")
    assert cache_folder() == Path("~/own").expanduser()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REGTRACK_CACHE", "here")
    assert cache_folder() == tmp_path / "here"
    monkeypatch.setenv("REGTRACK_CACHE", "")
    assert cache_folder() == tmp_path / "xdg" / "regtrack"


@pytest.mark.parametrize("size", [0, 1, 65_280, 3_000_001])
def test_bgzip_has_the_same_content(tmp_path: Path, size: int) -> None:
    content = bytes(number * number % 251 for number in range(size))
    source, target = tmp_path / "a.gz", tmp_path / "b.gz"
    source.write_bytes(gzip.compress(content[: size // 2]) + gzip.compress(content[size // 2 :]))
    told: list[int] = []
    recompress(source, target, told.append)
    assert gzip.decompress(target.read_bytes()) == content
    assert check_format(target)
    assert told == sorted(told)
    assert all(one <= source.stat().st_size for one in told)


def test_a_truncated_source_is_said_to_be(tmp_path: Path) -> None:
    source = tmp_path / "a.gz"
    source.write_bytes(gzip.compress(bytes(range(256)) * 99)[:-20])
    with pytest.raises(InputError, match=r"a\.gz: truncated or damaged gzip file"):
        recompress(source, tmp_path / "b.gz", lambda _: None)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    source = tmp_path / "a.gz"
    source.write_bytes(gzip.compress(b">a\nA\n"))
    with pytest.raises(FileNotFoundError, match=r"no/b\.gz"):
        recompress(source, tmp_path / "no" / "b.gz", lambda _: None)
