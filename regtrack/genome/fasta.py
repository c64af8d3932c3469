"""The genome: a FASTA file, plain or bgzip, read by position."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from regtrack.errors import InputError
from regtrack.genome.content import Content
from regtrack.genome.faidx import make_index
from regtrack.genome.fasta_scan import LETTERS, Record, scan
from regtrack.genome.intervals import IntervalSet

Codes = npt.NDArray[np.uint8]

# N=0, A=1, C=2, T=3, G=4, as the paper's published code has it. Soft-masked (lower
# case) bases are bases; any other letter is N.
BASES = "NACTG"
_NEWLINE, _BLANK, _NO_BASE = 5, 6, 7


def _translation() -> bytes:
    """What each byte is: a base's code, or one of the three that are no base."""
    kinds = bytearray([_NO_BASE]) * 256
    for letter in LETTERS:
        kinds[letter] = max(BASES.find(chr(letter).upper()), 0)
    for blank in b" \t\v\f\r":
        kinds[blank] = _BLANK
    kinds[ord("\n")] = _NEWLINE
    return bytes(kinds)


_TRANSLATION = _translation()
# Lines longer than this are not read whole for a few of their bases.
_LONGEST_LINE = 1 << 16
_SCAN_LENGTH = 1 << 24
# A and T, C and G change places; N stays.
_COMPLEMENT = np.array([0, 3, 4, 1, 2], dtype=np.uint8)


class Genome:
    """Random access to the sequence of a FASTA file.

    A missing or outdated index is made beside the file, or, where that folder cannot
    be written, in the user's cache folder. Several threads may read it.

    Parameters
    ----------
    path
        FASTA, plain or bgzip.

    Raises
    ------
    InputError
        When the file is empty, truncated, gzip but not bgzip, or not FASTA.
    OSError
        When the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        index = make_index(path)
        self._content = index.content
        self._fai = index.fai
        self._records = {record.name: record for record in index.records}
        self.chrom_sizes: Mapping[str, int] = MappingProxyType(
            {record.name: record.length for record in index.records}
        )

    def codes(self, chrom: str, start: int, end: int) -> Codes:
        """Coded bases of [start, end), 0-based, half-open.

        Returns
        -------
        uint8 array of shape (end - start,)
            N=0, A=1, C=2, T=3, G=4. Positions outside the chromosome are N, so that
            a window may reach over its ends.

        Raises
        ------
        InputError
            When there is something else than bases, as IUPAC writes them, or the file has
            changed since it was opened.
        """
        record = self._records[chrom]
        first, last = max(start, 0), min(end, record.length)
        codes = np.zeros(end - start, dtype=np.uint8)
        if first < last:
            read = _read_lines if record.bases <= _LONGEST_LINE else _read_long_lines
            bases = read(self._content, record, first, last)
            if bases is None:
                raise self._other(chrom)
            codes[first - start : last - start] = bases
        return codes

    def known(self, regions: Mapping[str, IntervalSet]) -> dict[str, IntervalSet]:
        """The bases of some regions that are not N, in memory that does not grow with them.

        Chromosomes without a known base are left out.
        """
        by_chrom = {}
        for chrom, intervals in regions.items():
            starts: list[int] = []
            ends: list[int] = []
            for offset, codes in self._scan(chrom, intervals):
                known = np.zeros(len(codes) + 2, dtype=bool)
                known[1:-1] = codes > 0
                edges = np.flatnonzero(known[1:] != known[:-1]) + offset
                starts += edges[0::2].tolist()
                ends += edges[1::2].tolist()
            if starts:
                by_chrom[chrom] = IntervalSet.of(starts, ends)
        return by_chrom

    def digest(self, regions: Mapping[str, IntervalSet], reach: int = 0) -> str:
        """SHA-256 of some regions and the coded sequence in them and `reach` bases around."""
        total = hashlib.sha256()
        for chrom, intervals in regions.items():
            for start, end in intervals:
                total.update(f"{chrom}\t{start}\t{end}\n".encode())
            around = IntervalSet.of(
                np.maximum(intervals.starts - reach, 0),
                np.minimum(intervals.ends + reach, self.chrom_sizes[chrom]),
            )
            for _, codes in self._scan(chrom, around):
                total.update(codes.tobytes())
        return total.hexdigest()

    def _scan(self, chrom: str, intervals: IntervalSet) -> Iterator[tuple[int, Codes]]:
        """Start and codes of consecutive pieces that together are the intervals."""
        for first, last in intervals:
            for start in range(first, last, _SCAN_LENGTH):
                yield start, self.codes(chrom, start, min(start + _SCAN_LENGTH, last))

    def _other(self, chrom: str) -> InputError:
        """Why a line is not as its index says: mostly because it is wrong, which a scan finds."""
        scan(self._content)
        return InputError(
            self.path,
            f"the lines of {chrom} are not as {self._fai} says; remove that index, unless the "
            "FASTA file has just changed",
        )


def _read_lines(content: Content, record: Record, first: int, last: int) -> Codes | None:
    """Codes of the bases [first, last) of a record; None where their lines are not as it says.

    Lines are read whole: bases that were moved show at a line's end.
    """
    line, column = divmod(first, record.bases)
    begin = record.offset + line * record.width
    end = min(record.offset + ((last - 1) // record.bases + 1) * record.width, record.end)
    seen = np.frombuffer(content.read(begin, end).translate(_TRANSLATION), np.uint8)
    if len(seen) < end - begin:
        return None
    whole = len(seen) // record.width
    lines = seen[: whole * record.width].reshape(whole, record.width)
    bases = np.concatenate((lines[:, : record.bases].ravel(), seen[whole * record.width :]))
    if (
        bases.max() >= len(BASES)
        or np.any(lines[:, record.bases : -1] != _BLANK)
        or np.any(lines[:, -1] != _NEWLINE)
    ):
        return None
    return bases[column : column + last - first]


def _read_long_lines(content: Content, record: Record, first: int, last: int) -> Codes | None:
    """As `_read_lines`, but no more of a line than is asked for."""
    parts = []
    while first < last:
        until = min(last, (first // record.bases + 1) * record.bases)
        begin = record.byte(first)
        part = content.read(begin, begin + until - first).translate(_TRANSLATION)
        parts.append(np.frombuffer(part, np.uint8))
        if len(part) < until - first or parts[-1].max() >= len(BASES):
            return None
        first = until
    return np.concatenate(parts)


def reverse_complement(codes: Codes) -> Codes:
    """The other strand, read in its direction: codes of any shape, reversed along the last axis."""
    return _COMPLEMENT[codes[..., ::-1]]


def sizes_fingerprint(chrom_sizes: Mapping[str, int]) -> str:
    """SHA-256 of the chromosomes' names and lengths, whatever their order."""
    lines = "".join(f"{chrom}\t{size}\n" for chrom, size in sorted(chrom_sizes.items()))
    return hashlib.sha256(lines.encode()).hexdigest()
