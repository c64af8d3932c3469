"""Checks a downloaded file and gives it its final name."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from regtrack.atomic import errors_naming, replacing
from regtrack.errors import InputError, RegtrackError
from regtrack.fetching.download import drop
from regtrack.fetching.failures import DamagedError
from regtrack.fetching.records import Digests, Record, Records, digests
from regtrack.fetching.sources import Source
from regtrack.genome.bgzip import recompress
from regtrack.genome.faidx import make_index
from regtrack.observer import Observer, staged

_PIECE = 1 << 20


def check_begin(source: Source, part: Path) -> None:
    """Refuse the web page that some servers send in place of a file.

    Raises
    ------
    DamagedError
        Naming what it is.
    """
    with part.open("rb") as file:
        head = file.read(64)
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise DamagedError(source.url, "the server sent a web page in place of the file")
    if not head:
        raise DamagedError(source.url, "the server sent an empty file")
    if source.form in ("gzip", "fasta") and not head.startswith(b"\x1f\x8b"):
        raise DamagedError(source.url, "not a gzip file")


def check_content(source: Source, part: Path) -> None:
    """Read a file to its end.

    Raises
    ------
    DamagedError
        When it is truncated or damaged.
    """
    if source.form == "gzip":
        try:
            with gzip.open(part) as file:
                while file.read(_PIECE):
                    pass
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise DamagedError(source.url, f"truncated or damaged gzip file ({error})") from error
    elif source.form == "sizes":
        for number, line in enumerate(part.read_bytes().splitlines(), start=1):
            fields = line.split(b"\t")
            if len(fields) != 2 or not fields[0] or not fields[1].isdigit():
                raise DamagedError(
                    source.url, f"line {number} is not a chromosome's name and length"
                )


INDEXES = (".fai", ".gzi")


def place(
    source: Source,
    part: Path,
    md5: Callable[[str], str | None],
    records: Records,
    observer: Observer,
    check: Callable[[], object],
) -> None:
    """Check what was downloaded, record it, and give it its name.

    Recorded first: killed in between, the next run finds all of it in the partial file.

    Parameters
    ----------
    md5
        Tells the published checksum of a URL.
    check
        Is called now and then; what it raises ends the work.

    Raises
    ------
    DamagedError
        When it is not the file that was requested.
    FetchError
        When its checksum cannot be had.
    """
    check_begin(source, part)
    came = digests(part, md5=True)
    expected = source.md5 or md5(source.url)
    check_content(source, part)  # first: it says better what is wrong
    if expected not in (None, came.md5):
        raise DamagedError(source.url, f"its MD5 is {came.md5}, published is {expected}")
    final = part.with_suffix("")
    if source.form == "fasta":
        _place_genome(source, part, final, came, expected is not None, records, observer, check)
    else:
        records.add({source.path: Record.of(came, source.url, came, expected is not None)})
        with errors_naming(final):
            with part.open("rb+") as file:
                os.fsync(file.fileno())
            part.replace(final)
    drop(part)


def _place_genome(
    source: Source,
    part: Path,
    final: Path,
    came: Digests,
    published: bool,
    records: Records,
    observer: Observer,
    check: Callable[[], object],
) -> None:
    """Recompress and index aside; then all three get their names."""
    for left in final.parent.glob(f"{final.name}.*.tmp*"):
        left.unlink()  # of a killed run
    with replacing(final) as aside, ExitStack() as undo:
        made = {suffix: aside.with_name(f"{aside.name}{suffix}") for suffix in INDEXES}
        for path in made.values():
            undo.callback(path.unlink, missing_ok=True)
        try:
            with staged(observer, f"{final.name} to bgzip", "B", came.size) as advance:
                recompress(part, aside, _increments(advance, check))
            _index(aside)
        except InputError as error:
            raise DamagedError(source.url, error.problem) from error
        new = {source.path: Record.of(digests(aside), source.url, came, published)}
        for suffix, path in made.items():
            made_of_it = Record.of(digests(path), source.url, came, published)
            new[f"{source.path}{suffix}"] = made_of_it
        records.add(new)
        for suffix, path in made.items():
            path.replace(final.with_name(f"{final.name}{suffix}"))


def _increments(
    advance: Callable[[int], object], check: Callable[[], object]
) -> Callable[[int], None]:
    """Takes the bytes read so far, and advances by those that are new."""
    done = 0

    def progress(read: int) -> None:
        nonlocal done
        check()
        advance(read - done)
        done = read

    return progress


def wrong_indexes(source: Source, records: Records) -> tuple[str, ...]:
    """Paths of a genome's indexes that are not as recorded."""
    known = records.read()
    paths = [f"{source.path}{suffix}" for suffix in INDEXES]
    return tuple(path for path in paths if records.problem(path, source.url, known))


def mend_indexes(source: Source, folder: Path, records: Records) -> tuple[str, ...]:
    """Make the indexes of a sound genome again where they are not as recorded; names them."""
    wrong = wrong_indexes(source, records)
    if wrong:
        paths = [f"{source.path}{suffix}" for suffix in INDEXES]
        for path in paths:
            (folder / path).unlink(missing_ok=True)
        _index(folder / source.path)
        of = records.read()[source.path]
        came = Digests(of.source_size, "", of.source_md5)
        records.add(
            {
                path: Record.of(digests(folder / path), source.url, came, of.published)
                for path in paths
            }
        )
    return wrong


def _index(genome: Path) -> None:
    """Index a bgzip file, beside it and nowhere else."""
    if make_index(genome).fai.parent != genome.parent:
        raise RegtrackError(
            f"{genome}: its index cannot be written beside it; is the folder read-only, or the "
            "disk full?"
        )
