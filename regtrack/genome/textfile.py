"""Text files, plain or gzip, some lines at a time: what is small when packed may be huge."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from isal import isal_zlib

from regtrack.errors import InputError

LONGEST_LINE = 1_000_000  # bytes; no line of any format that is read here comes near it
_UNIT = LONGEST_LINE  # a line can be too long only where it began in an earlier one, or is the last
_GZIP = b"\x1f\x8b"
_NotDeflatedError: type[Exception] = isal_zlib.error  # type: ignore[assignment]
_BOM = b"\xef\xbb\xbf"  # a byte-order mark, from Windows editors
_OTHERS = {
    _GZIP: "compressed with gzip twice",
    b"BZh": "compressed with bzip2",
    b"\xfd7zXZ": "compressed with xz",
    b"\x28\xb5\x2f\xfd": "compressed with zstd",
    b"PK\x03\x04": "a zip archive",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}


def read_pieces(path: Path) -> Iterator[tuple[int, bytes]]:
    r"""Read a plain or gzip (also bgzip) file, some whole lines at a time.

    Lines end with `\n`, `\r\n` or `\r`, the last one perhaps with nothing. A byte-order mark
    is dropped. Needs some MB of memory, however large the file is.

    Yields
    ------
    int, bytes
        The number, from 1, of the first line, and lines.

    Raises
    ------
    InputError
        When a gzip file is truncated, damaged or empty; when a line is longer than
        `LONGEST_LINE` or holds a NUL byte; when the file is packed otherwise, or UTF-16.
    OSError
        When the file is missing, is a folder, or cannot be read.
    """
    line, rest, cut_after_return, first = 1, b"", False, True
    for whole in _units(path):
        if first:
            _check_beginning(path, whole)
        unit = whole.removeprefix(_BOM if first else b"\n" if cut_after_return else b"")
        first = False
        end = max(unit.rfind(b"\n"), unit.rfind(b"\r")) + 1
        text, begun = rest + unit[:end], rest + unit[end:] if not end else unit[end:]
        cut_after_return = not begun and unit.endswith(b"\r")
        if end:
            _check_piece(path, line, text)
            yield line, text
            line += count_lines(text)
        rest = begun
        _check_length(path, line, len(rest))
    if rest:
        _check_piece(path, line, rest)
        yield line, rest


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Read a UTF-8 text file line by line, with numbers from 1, without line ends.

    Raises
    ------
    InputError
        As `read_pieces`; when a line is not UTF-8.
    OSError
        As `read_pieces`.
    """
    for first, piece in read_pieces(path):
        try:
            text = piece.decode("utf-8")
        except UnicodeDecodeError as error:
            line = first + count_lines(piece[: error.start])
            raise InputError(path, "not a text file (UTF-8 expected)", line) from error
        lines = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")
        yield from enumerate(lines, start=first)


def read_text(path: Path) -> str:
    r"""Read a text file whole, with `\n` as line ends; raises what `read_lines` does."""
    return "".join(f"{line}\n" for _, line in read_lines(path))


def count_lines(text: bytes) -> int:
    r"""Number of line ends: of `\n`, `\r\n` and `\r`."""
    returns = text.count(b"\r")
    return text.count(b"\n") + (returns - text.count(b"\r\n") if returns else 0)


def _units(path: Path) -> Iterator[bytes]:
    """The content, unpacked, in stretches of `_UNIT` bytes at most; none is empty."""
    with path.open("rb") as file:
        begin = file.read(len(_GZIP))
        file.seek(0)
        if begin == _GZIP:
            yield from _unpacked(path, file)
            return
        if not begin and path.suffix in (".gz", ".bgz"):
            raise InputError(path, "is empty; expected a gzip file")
        while unit := file.read(_UNIT):
            yield unit


def _unpacked(path: Path, file: BinaryIO) -> Iterator[bytes]:
    """The content of a gzip file, of one part or many, which zeros may follow."""
    content = bytearray()  # bgzip has a part for each 64 kB
    packed = file.read(_UNIT)
    try:
        while packed:
            part = isal_zlib.decompressobj(isal_zlib.MAX_WBITS | 16)
            while not part.eof:
                packed = packed or file.read(_UNIT)
                unit = part.decompress(packed, _UNIT - len(content))
                if not unit and not packed:
                    raise InputError(path, "truncated or damaged gzip file (it ends too early)")
                packed = part.unconsumed_tail
                content += unit
                if len(content) == _UNIT:
                    yield bytes(content)
                    content.clear()
            packed = part.unused_data.lstrip(b"\0") or file.read(_UNIT).lstrip(b"\0")
    except _NotDeflatedError as error:
        raise InputError(path, f"truncated or damaged gzip file ({error})") from error
    if content:
        yield bytes(content)


def _check_beginning(path: Path, unit: bytes) -> None:
    for magic, what in _OTHERS.items():
        if unit.startswith(magic):
            raise InputError(path, f"is {what}; expected text, plain or gzip")


def _check_piece(path: Path, line: int, text: bytes) -> None:
    """Only the first line of a piece can have begun in an earlier one, and so be too long."""
    ends = [end for end in (text.find(b"\n"), text.find(b"\r")) if end >= 0]
    _check_length(path, line, min(ends, default=len(text)))
    zero = text.find(b"\0")
    if zero >= 0:
        line += count_lines(text[:zero])
        raise InputError(path, "holds a NUL byte; expected text: is the file damaged?", line)


def _check_length(path: Path, line: int, length: int) -> None:
    if length > LONGEST_LINE:
        raise InputError(path, f"a line of more than {LONGEST_LINE:,} bytes; expected text", line)
