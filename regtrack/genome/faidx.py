"""The index of a FASTA file (.fai, .gzi): believed where it fits the file, else made.

An index decides where bases are read: one of an earlier state of the file, or of another file,
would give other bases without a word. So every row is held against what stands where it
points. Of a record's lines only the first is looked at, whatever the file's size: where it and
the record's end are as the row says, a new index would hardly say anything else. Every line is
held against its row when it is read (`regtrack.genome.fasta`).
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import stat
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

from regtrack.atomic import replacing
from regtrack.errors import InputError
from regtrack.genome.cache import cache_folder
from regtrack.genome.content import BGZIP_END, BgzipContent, Content, PlainContent, ReadAhead
from regtrack.genome.fasta_scan import LETTERS, Record, scan
from regtrack.listing import first_names
from regtrack.notes import note
from regtrack.paths import is_there, nearest, shell_word

_ROW = re.compile(rb"([^\t]+)" + rb"\t([0-9]{1,18})" * 4)
_LINE_END = re.compile(rb"[ \t\v\f\r]*\n")
# From the last base of a sequence to the first of the next: headers of records without
# sequence may lie between them.
_HEADER = rb">(\S+)(?:[ \t\v\f][^\r\n]*)?\r*\n"
_BETWEEN = re.compile(
    rb"[^\s>][ \t\v\f\r]*\n(?:[ \t\v\f\r]*\n|"
    + _HEADER.replace(b"(\\S+)", rb"\S+")
    + rb")*"
    + _HEADER
)
_BEHIND = re.compile(rb"[^\s>]\s*")
# Longer headers and lines than these are not looked at in whole, so that a check stays cheap.
_LONGEST_BETWEEN = 1 << 20
_LONGEST_LINE = 1 << 16


@dataclass(frozen=True)
class FastaIndex:
    """A FASTA file and the index that fits it.

    Parameters
    ----------
    content
        The FASTA file.
    records
        In the order of the .fai.
    fai, gzi
        Paths of the index; the second one only with bgzip.
    """

    content: Content
    records: Sequence[Record]
    fai: Path
    gzi: Path | None


def check_format(path: Path) -> bool:
    """Tell plain FASTA (False) from bgzip (True).

    Raises
    ------
    InputError
        For anything else, an empty file, or a truncated bgzip file.
    OSError
        When the file cannot be read.
    """
    if stat.S_ISFIFO(path.stat().st_mode):
        raise InputError(path, "is a pipe, which cannot be read by position; expected a file")
    with path.open("rb") as handle:
        head = handle.read(18)
        size = handle.seek(0, os.SEEK_END)
        handle.seek(max(0, size - len(BGZIP_END)))
        tail = handle.read()
    if not head:
        raise InputError(path, "empty file; expected FASTA")
    if not head.startswith(b"\x1f\x8b"):
        if not head.startswith(b">"):
            raise InputError(path, "not a FASTA file; expected '>' as its first character", 1)
        return False
    if head[12:14] != b"BC":
        if not _unpacked_head(path).startswith(b">"):
            raise InputError(path, "not a FASTA file, though compressed; expected '>' at its begin")
        plain = shell_word(Path(path.name.removesuffix(".gz")))
        raise InputError(
            path,
            "compressed with gzip, which cannot be read by position: "
            f"gunzip {shell_word(Path(path.name))}, then --genome {plain} (or bgzip it)",
        )
    if tail != BGZIP_END:
        raise InputError(path, "truncated bgzip file (its end marker is missing)")
    return True


def _unpacked_head(path: Path) -> bytes:
    """The first byte of what a gzip file holds; of a damaged one `>`, as of a FASTA file."""
    try:
        with gzip.open(path) as file:
            return file.read(1)
    except (EOFError, OSError, zlib.error):
        return b">"


def make_index(path: Path) -> FastaIndex:
    """Index a FASTA file, where it has no index that fits; a note says so of one that does not.

    The .fai and, with bgzip, the .gzi lie beside the file, or in the user's cache folder where
    nothing can be written there.

    Raises
    ------
    InputError
        When there is no such file, it is not sound FASTA, or there is no folder to write to.
    OSError
        When it cannot be read.
    """
    if not is_there(path):
        raise InputError(
            path,
            f"no such file{nearest(path)}; expected FASTA (regtrack fetch genome hg19 brings one)",
        )
    content = BgzipContent(path) if check_format(path) else PlainContent(path)
    for place in _beside, _in_cache:
        folder, name = place(path)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            fai, gzi = folder / f"{name}.fai", folder / f"{name}.gzi"
            if isinstance(content, BgzipContent):
                _keep_gzi(content, gzi)
                return FastaIndex(content, _records(content, fai), fai, gzi)
            return FastaIndex(content, _records(content, fai), fai, None)
        except OSError as error:
            if error.filename == str(path):
                raise
            failure = error
    raise InputError(path, f"no index, and no folder to write one to ({failure})")


def _beside(path: Path) -> tuple[Path, str]:
    return path.parent, path.name


def _in_cache(path: Path) -> tuple[Path, str]:
    """Folder and name of an index kept away from its FASTA file."""
    key = hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:16]
    return cache_folder() / "faidx", f"{key}_{path.name}"


def _keep_gzi(content: BgzipContent, gzi: Path) -> None:
    """Leave a .gzi that lists the file's blocks; replace another one."""
    try:
        listed = _read(gzi)
        if listed is not None and content.is_gzi(listed):
            return
        misfit = "its blocks start at other offsets" if listed is not None else None
    except OSError as error:
        misfit = str(error)
    with _replaced(content, gzi, misfit) as aside:
        aside.write_bytes(content.gzi())


def _records(content: Content, fai: Path) -> list[Record]:
    """The rows of a .fai that fits the file; another one is replaced."""
    misfit = None
    try:
        listed = _read(fai)
        if listed is not None:
            records = _parse(listed)
            _check(content, records)
            return records
    except _MisfitError as error:
        misfit = str(error)
    except OSError as error:
        if error.filename == str(content.path):
            raise
        misfit = str(error)
    with _replaced(content, fai, misfit) as aside:
        aside.touch()  # no long work where nothing can be written
        records, without = scan(content)
        if not records:
            raise InputError(content.path, "contains no sequence; expected FASTA")
        aside.write_bytes(
            b"".join(("\t".join(map(str, record)) + "\n").encode() for record in records)
        )
    if without:
        count = f"{len(without):,} {'record' if len(without) == 1 else 'records'}"
        note(f"{content.path}: left out {count} without sequence: {first_names(without)}")
    return records


@contextmanager
def _replaced(content: Content, index: Path, misfit: str | None) -> Iterator[Path]:
    """As `replacing`; a note says so where the index was there, but does not fit."""
    about = f"does not fit {content.path.name} ({misfit})"
    try:
        with replacing(index) as aside:
            yield aside
    except OSError:
        if misfit is not None:
            note(f"{index}: {about}; ignored")
        raise
    if misfit is not None:
        note(f"{index}: {about}; rebuilt")


def _read(path: Path) -> bytes | None:
    """The content of a file; None where there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


class _MisfitError(Exception):
    """An index is not of its file."""


def _parse(text: bytes) -> list[Record]:
    """The rows of a .fai, but those without sequence, which old ones have."""
    if text and not text.endswith(b"\n"):
        raise _MisfitError("its last line is truncated")
    records = []
    for number, line in enumerate(text.split(b"\n")[:-1], start=1):
        row = _ROW.fullmatch(line)
        if row is None:
            raise _MisfitError(f"line {number} is not a name and four numbers")
        try:
            name = row[1].decode()
        except UnicodeDecodeError as error:
            raise _MisfitError(f"line {number} is not UTF-8") from error
        if not name.isprintable():  # which the file's own line is refused for
            raise _MisfitError(f"line {number} has a control character")
        length, offset, bases, width = map(int, row.groups()[1:])
        if length and (bases == 0 or (bases >= width and bases != length)):
            raise _MisfitError(f"{name} has lines of length 0")
        if length:
            # One line that ends nowhere, at the file's end, may have no width of its own.
            records.append(Record(name, length, offset, bases, max(width, bases + 1)))
    if len({record.name for record in records}) < len(records):
        raise _MisfitError("a name appears in it twice")
    return records


def _check(content: Content, records: Sequence[Record]) -> None:
    """See that the rows point at all sequence of the file, and at nothing else.

    Raises
    ------
    _MisfitError
        When they do not.
    """
    read = ReadAhead(content).read
    end = 0
    for name, length, offset, bases, width in sorted(records, key=attrgetter("offset")):
        if not 0 < offset - end <= _LONGEST_BETWEEN:
            raise _MisfitError(f"{name} begins elsewhere")
        header = _BETWEEN.fullmatch(read(end - 1, offset) if end else b"N\n" + read(0, offset))
        if header is None or header[1] != name.encode():
            raise _MisfitError(f"{name} begins elsewhere")
        first_line = min(bases, length)
        shown = min(first_line, _LONGEST_LINE)
        line = read(offset, offset + shown)
        if len(line) < shown or line.translate(None, LETTERS):
            raise _MisfitError(f"the lines of {name} are shorter")
        if first_line < length and (
            width - bases > _LONGEST_LINE
            or not _LINE_END.fullmatch(read(offset + bases, offset + width))
        ):
            raise _MisfitError(f"the lines of {name} end elsewhere")
        end = offset + length + (length - 1) // bases * (width - bases)
    if not records or not 0 <= content.size - end <= _LONGEST_BETWEEN:
        raise _MisfitError("it does not end where the file ends")
    if not _BEHIND.fullmatch(content.read(end - 1, content.size)):
        raise _MisfitError("it does not end where the file ends")
