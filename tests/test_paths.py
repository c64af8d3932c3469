"""Paths as files keep them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regtrack.paths import as_text, from_text, named, nearest


@given(st.binary(min_size=1, max_size=12).filter(lambda raw: b"\\" not in raw and b"\0" not in raw))
def test_any_name_becomes_text_and_comes_back(raw: bytes) -> None:
    name = os.fsdecode(b"no such folder/" + raw)
    text = as_text(name)
    assert text.encode("utf-8")
    assert from_text(text) == Path(name)


def test_what_looks_like_an_escape_is_a_name_where_one_has_it(tmp_path: Path) -> None:
    odd = tmp_path / r"caf\xe9.fa"
    odd.touch()
    assert from_text(str(odd)) == odd


@pytest.mark.parametrize(
    ("name", "expected"), [(b"caf\xe9", r"caf\xe9"), ("café".encode(), "café"), (b"a b", "a b")]
)
def test_what_is_written_knows_a_file_by_a_name_that_is_text(name: bytes, expected: str) -> None:
    assert named(Path("folder") / os.fsdecode(name)) == expected


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        ("genome.fa", "; genome.fa.gz lies beside it"),
        ("modle.safetensors", "; model.safetensors lies beside it"),
        ("hg38.fa", ""),  # hg19.fa is another genome
        ("modle", "; model.safetensors lies beside it"),
        ("mine.safetensors", ""),
        ("model.fa", ""),
        ("peaks", ""),
    ],
)
def test_beside_a_path_that_is_not_there_the_one_with_a_name_like_it_is_found(
    tmp_path: Path, missing: str, expected: str
) -> None:
    for name in ("genome.fa.gz", "hg19.fa", "model.safetensors", "tracks"):
        (tmp_path / name).touch()
    assert nearest(tmp_path / missing) == expected


def test_of_a_path_whose_folder_is_not_there_the_folder_is_named(tmp_path: Path) -> None:
    assert nearest(tmp_path / "data" / "genome.fa") == f"; there is no folder {tmp_path / 'data'}"
