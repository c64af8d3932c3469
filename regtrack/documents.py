"""JSON and TOML documents: read once, held against a declared shape, refused in one line.

A shape is a type, mostly a frozen dataclass with type hints that can be evaluated. Nothing is
converted: `1.0`, `"1"` and `true` are no whole numbers. What a dataclass's `__post_init__`
refuses with a ValueError or a TypeError is refused here, too. Keys that a shape does not name
are passed over, so that an older regtrack reads what a newer one added.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from regtrack.errors import InputError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

T = TypeVar("T")

_BYTE = re.compile(r" \(byte (\d+)\)")
_PLACE = re.compile(r" - at `\$\.?(.*)`")


class _Versioned(msgspec.Struct):
    """What every document of a format that may change begins with."""

    format: int


def read_json(path: Path, shape: type[T], version: int | None = None) -> T:
    """Read a JSON file of a known shape.

    Parameters
    ----------
    version
        The newest format that can be read, of a document whose key `format` names its own.

    Raises
    ------
    InputError
        When the file is not JSON, not of this shape, or of a newer format; it names the line
        or the key.
    OSError
        When it cannot be read.
    """
    return parse_json(path.read_bytes(), shape, path, version)


def parse_json(
    text: bytes | str, shape: type[T], where: str | Path, version: int | None = None
) -> T:
    """As `read_json`, of a text that stands in the file `where`."""
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    try:
        if version is not None:
            written = msgspec.json.decode(data, type=_Versioned).format
            if written < 1:
                raise InputError(where, f"damaged (format: expected 1 or more, got {written})")
            if written > version:
                raise InputError(
                    where,
                    f"written in format {written}; this regtrack reads up to {version}: "
                    "please update it",
                )
        return msgspec.json.decode(data, type=shape)
    except msgspec.ValidationError as error:
        raise InputError(where, f"damaged ({_plain(str(error))})") from error
    except (ValueError, RecursionError) as error:
        byte = _BYTE.search(str(error))
        line = data.count(b"\n", 0, int(byte[1])) + 1 if byte else None
        problem = _BYTE.sub("", str(error)).removeprefix("JSON is malformed: ")
        raise InputError(where, f"damaged: not JSON ({problem})", line) from error


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file, with or without a byte-order mark.

    Raises
    ------
    InputError
        When the file is not TOML.
    OSError
        When it cannot be read.
    """
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except RecursionError as error:
        raise InputError(path, "not TOML: nested too deeply") from error
    except ValueError as error:  # of the format, the encoding, or a number of too many digits
        raise InputError(path, f"not TOML: {error}") from error


def _plain(problem: str) -> str:
    """The problem, with its place first: `tracks[0].threshold: expected float, got str`."""
    place = _PLACE.search(problem)
    said = _PLACE.sub("", problem).replace("`", "")
    said = said[:1].lower() + said[1:]
    return f"{place[1]}: {said}" if place and place[1] else said
