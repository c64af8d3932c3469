"""Documents are read whole and of the right shape, or refused in one line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from regtrack.documents import parse_json, read_json, read_toml
from regtrack.errors import InputError


@dataclass(frozen=True)
class Item:
    """An inner shape."""

    name: str
    size: int
    share: float | None = None

    def __post_init__(self) -> None:
        if self.size < 0:
            raise ValueError(f"expected a size of 0 or more, got {self.size}")


@dataclass(frozen=True)
class Listing:
    """An outer shape."""

    items: tuple[Item, ...]
    notes: Mapping[str, Any]


def write(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "listing.json"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def problem(path: Path, **more: Any) -> str:
    with pytest.raises(InputError) as caught:
        read_json(path, Listing, **more)
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(str(path))


def test_a_document_becomes_values_of_its_shape(tmp_path: Path) -> None:
    record = {"items": [{"name": "a", "size": 1}, {"name": "b", "size": 2, "share": 0.5}]}
    path = write(tmp_path, json.dumps({**record, "notes": {"x": [1, "y"]}, "format": 1}))
    expected = Listing((Item("a", 1), Item("b", 2, 0.5)), {"x": [1, "y"]})
    assert read_json(path, Listing, version=1) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"items": 5, "notes": {}}', ": damaged (items: expected array, got int)"),
        ('{"items": []}', ": damaged (object missing required field notes)"),
        ("[]", ": damaged (expected object, got array)"),
        (
            '{"items": [{"name": "a", "size": "1"}], "notes": {}}',
            ": damaged (items[0].size: expected int, got str)",
        ),
        (
            '{"items": [{"name": "a", "size": 1.0}], "notes": {}}',
            ": damaged (items[0].size: expected int, got float)",
        ),
        (
            '{"items": [{"name": "a", "size": true}], "notes": {}}',
            ": damaged (items[0].size: expected int, got bool)",
        ),
        (
            '{"items": [{"name": "a", "size": -4}], "notes": {}}',
            ": damaged (items[0]: expected a size of 0 or more, got -4)",
        ),
        ("", ": damaged: not JSON (Input data was truncated)"),
        ('{"items": [],\n"notes": {}', ": damaged: not JSON (Input data was truncated)"),
        ('{"items": [],\n\n"notes": {"x": NaN}}', ":3: damaged: not JSON (invalid character)"),
        ("\0\0\0", ":1: damaged: not JSON (invalid character)"),
    ],
)
def test_another_shape_is_refused_naming_the_place(tmp_path: Path, text: str, said: str) -> None:
    assert problem(write(tmp_path, text)) == said


@pytest.mark.parametrize(
    "text",
    [
        b"[" * 100_000,
        b'{"items": [], "notes": {"x": ' + b"[" * 100_000,
        b'{"items": [], "notes": {"x": ' + b'{"y": ' * 5_000,
        b'{"items": [{"name": "\xff", "size": 1}], "notes": {}}',
        b'{"items": [{"name": "\\ud800", "size": 1}], "notes": {}}',
        b'{"items": [{"name": "a", "size": 1, "share": 1e999}], "notes": {}}',
        b'{"items": [{"name": "a", "size": ' + b"9" * 20_000 + b'}], "notes": {}}',
    ],
)
def test_what_no_document_holds_is_refused(tmp_path: Path, text: bytes) -> None:
    assert "damaged" in problem(write(tmp_path, text))


def test_a_newer_format_is_refused_naming_both(tmp_path: Path) -> None:
    # Whatever its shape: the newer one may have changed all else.
    path = write(tmp_path, '{"format": 3, "other": 1}')
    assert problem(path, version=2) == (
        ": written in format 3; this regtrack reads up to 2: please update it"
    )


def test_a_format_that_never_was_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, '{"format": 0, "items": [], "notes": {}}')
    assert problem(path, version=2) == ": damaged (format: expected 1 or more, got 0)"


def test_a_format_that_is_no_number_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, '{"format": "1", "items": [], "notes": {}}')
    assert problem(path, version=2) == ": damaged (format: expected int, got str)"


def test_a_text_from_inside_a_file_names_the_file() -> None:
    with pytest.raises(InputError, match=r"model: damaged \(expected object, got int\)"):
        parse_json("5", Listing, "model")


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_toml_is_read_with_and_without_a_byte_order_mark(tmp_path: Path, mark: bytes) -> None:
    path = tmp_path / "some.toml"
    path.write_bytes(mark + b"[defaults]\ngenome = 'hg19.fa'\n")
    assert read_toml(path) == {"defaults": {"genome": "hg19.fa"}}


@pytest.mark.parametrize(
    "text", [b"x=" + b"[" * 5_000, b"x = \xff", b"x =", b"\0", b"x = " + b"9" * 5_000]
)
def test_what_is_not_toml_is_refused(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "some.toml"
    path.write_bytes(text)
    with pytest.raises(InputError, match="not TOML"):
        read_toml(path)
