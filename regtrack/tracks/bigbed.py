"""bigBed files: peaks as the UCSC browser reads them over the web (`bigNarrowPeak`)."""

from __future__ import annotations

import errno
import mmap
import os
import re
import struct
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pybigtools
import pyBigWig

from regtrack.atomic import replacing
from regtrack.errors import InputError
from regtrack.paths import utf8_path
from regtrack.tracks.bbi import BIGBED_MAGIC, check_header, not_bbi
from regtrack.tracks.bigwig_trees import HEADER, read_chroms
from regtrack.tracks.peaks.files import PeakLine

# What the columns are called; UCSC's own names, so that its pages know them.
NARROW_PEAK = """table bigNarrowPeak
"BED6+4: peaks of a predicted signal, based on their highest value"
(
    string chrom;        "Chromosome"
    uint chromStart;     "First base, counted from 0"
    uint chromEnd;       "Base behind the last one"
    string name;         "Name of the peak"
    uint score;          "1000 times the highest value"
    char[1] strand;      "No strand"
    float signalValue;   "Highest predicted probability"
    float pValue;        "Not assigned: -1"
    float qValue;        "Not assigned: -1"
    int peak;            "Highest base, counted from chromStart"
)
"""
FIELDS = 10
_BED_FIELDS = 6
# Place in the header of the number of fields, and of those which are BED's own.
_FIELDS_AT = 32
_COUNTS = struct.Struct("<HH")
# Some readers split columns at any space.
_NAME = re.compile(r"[^\s\0-\x1f\x7f]+")

# Start and end (0-based, half-open), and the other columns, tab-separated.
Entry = tuple[int, int, str]


@dataclass(frozen=True)
class BigBedHeader:
    """What a bigBed file says of itself.

    Parameters
    ----------
    fields, bed_fields
        Number of columns, and of those which are BED's own.
    chrom_sizes
        Length of each chromosome in the file, in bases.
    """

    fields: int
    bed_fields: int
    chrom_sizes: Mapping[str, int]


def read_header(path: Path) -> BigBedHeader:
    """Read what stands before the entries of a bigBed file, also of one that lies.

    Little-endian files, as everyone writes them.

    Raises
    ------
    InputError
        When the file is not a bigBed file, or is truncated or damaged.
    OSError
        When it cannot be read.
    """
    check_header(path, BIGBED_MAGIC)
    mark = struct.pack("<I", BIGBED_MAGIC)
    with path.open("rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    magic, _, _, chroms_at, _, _, fields, bed_fields, *_ = HEADER.unpack_from(data)
    # The mark that begins a file ends it, too; some machines write its bytes backwards.
    if magic != BIGBED_MAGIC or data[-len(mark) :] not in {mark, mark[::-1]}:
        raise not_bbi(path, BIGBED_MAGIC)
    try:
        # pyBigWig would follow a tree that leads to itself until the process dies.
        sizes = read_chroms(data, chroms_at)
    except (struct.error, ValueError, OverflowError) as error:
        raise not_bbi(path, BIGBED_MAGIC) from error
    return BigBedHeader(fields, bed_fields, sizes)


class BigBedReader:
    """Reads the entries of a bigBed file that regtrack wrote itself; a context manager.

    Raises
    ------
    InputError
        When the file is not a bigBed file, or is truncated.
    OSError
        When it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.header = read_header(path)
        try:
            with utf8_path(path) as place:
                self._file = pyBigWig.open(str(place))
        except RuntimeError as error:
            raise not_bbi(path, BIGBED_MAGIC) from error

    def __enter__(self) -> BigBedReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def entries(self, chrom: str) -> list[Entry]:
        """All that lies on a chromosome of the file, in its order.

        Raises
        ------
        InputError
            When the file's data cannot be decoded.
        """
        try:
            entries = self._file.entries(chrom, 0, self.header.chrom_sizes[chrom])
        except RuntimeError as error:
            raise InputError(self._path, f"cannot be read on {chrom}; is it complete?") from error
        return list(entries or ())


def write_narrow_peaks(
    path: Path, peaks: Sequence[PeakLine], chrom_sizes: Mapping[str, int]
) -> None:
    """Write peaks as bigNarrowPeak, complete or not at all, and read back every one.

    Parameters
    ----------
    peaks
        On each chromosome in the order of their starts.
    chrom_sizes
        Lengths in bases, of the peaks' chromosomes at least.

    Raises
    ------
    ValueError
        When there is no peak (the format has no empty file), a peak is out of order, reaches
        past its chromosome, or holds what the format does not.
    OSError
        When the file cannot be written, or does not hold what was written.
    """
    if not peaks:
        raise ValueError("a bigBed file needs at least one peak")
    # The format wants chromosomes in the order of their names.
    chroms = sorted({peak.chrom for peak in peaks})
    by_chrom: dict[str, list[Entry]] = {chrom: [] for chrom in chroms}
    for peak in peaks:
        _check(peak, chrom_sizes)
        by_chrom[peak.chrom].append((peak.start, peak.end, _columns(peak)))
    for chrom, entries in by_chrom.items():
        if any(left[0] > right[0] for left, right in pairwise(entries)):
            raise ValueError(f"peaks of {chrom} are out of order")
    sizes = {chrom: chrom_sizes[chrom] for chrom in chroms}
    with replacing(path) as aside, tempfile.TemporaryDirectory(dir=path.parent) as folder:
        scratch = Path(folder) / "peaks.bb"  # pybigtools goes by the end of the name
        scratch.touch()  # an OSError that names the file, where pybigtools has words alone
        _write(scratch, sizes, by_chrom)
        if not _holds(scratch, by_chrom):
            raise OSError(errno.EIO, "not written whole; is the disk full?")
        scratch.replace(aside)


def _check(peak: PeakLine, chrom_sizes: Mapping[str, int]) -> None:
    """Refuse what pybigtools would write, or print an error about and return."""
    size = chrom_sizes.get(peak.chrom)
    if size is None:
        raise ValueError(f"a peak on {peak.chrom}, which the genome does not have")
    place = f"peak {peak.name!r} at {peak.chrom} {peak.start}-{peak.end} (0-based)"
    if not 0 <= peak.start < peak.end <= size:
        raise ValueError(f"{place}: outside of the chromosome of {size:,} bases, or empty")
    if not 0 <= peak.score <= 1000 or not 0 <= peak.summit < peak.end - peak.start:
        raise ValueError(f"{place}: score {peak.score} or summit {peak.summit} out of bounds")
    if not _NAME.fullmatch(peak.name):
        raise ValueError(f"{place}: a name must not be empty, nor hold a space")


def _columns(peak: PeakLine) -> str:
    """What follows the end, as narrowPeak has it."""
    return f"{peak.name}\t{peak.score}\t.\t{peak.value:.6g}\t-1\t-1\t{peak.summit}"


def _write(path: Path, sizes: Mapping[str, int], by_chrom: Mapping[str, Sequence[Entry]]) -> None:
    """Let pybigtools write, and put its header right; whether it did, a reader must find out."""
    rows = ((chrom, *entry) for chrom, entries in by_chrom.items() for entry in entries)
    with _quiet():
        try:
            with utf8_path(path) as place:
                pybigtools.open(str(place), "w").write(dict(sizes), rows, autosql=NARROW_PEAK)
        except BaseException as error:
            # Its panics, on a full disk, are no Exception, and their class has no module.
            if type(error).__name__ != "PanicException":
                raise
    with path.open("rb+") as file:
        # Of 10 columns 6 are BED's own: pybigtools takes all for such.
        file.seek(_FIELDS_AT)
        file.write(_COUNTS.pack(FIELDS, _BED_FIELDS))


def _holds(path: Path, by_chrom: Mapping[str, Sequence[Entry]]) -> bool:
    """Whether a file holds these entries, and no others."""
    try:
        with BigBedReader(path) as reader:
            return {chrom: reader.entries(chrom) for chrom in reader.header.chrom_sizes} == by_chrom
    except InputError:
        return False


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep stdout and stderr clear of what pybigtools prints: errors, backtraces of threads."""
    copies = {stream: os.dup(stream) for stream in (1, 2)}
    try:
        with Path(os.devnull).open("wb") as nothing:
            for stream in copies:
                os.dup2(nothing.fileno(), stream)
        yield
    finally:
        for stream, copy in copies.items():
            os.dup2(copy, stream)
            os.close(copy)
