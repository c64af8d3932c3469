"""The genome: a FASTA file, plain or bgzip, read by position."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pysam

from regtrack.errors import InputError
from regtrack.genome.faidx import check_format, make_index
from regtrack.genome.intervals import IntervalSet

Codes = npt.NDArray[np.uint8]

# N=0, A=1, C=2, T=3, G=4, as the paper's published code has it. Soft-masked (lower
# case) bases are bases; any letter but ACGT is N.
BASES = "NACTG"
_CODE_OF = np.zeros(256, dtype=np.uint8)
for _code, _base in enumerate(BASES):
    _CODE_OF[ord(_base)] = _CODE_OF[ord(_base.lower())] = _code

_SCAN_LENGTH = 1 << 24
# A and T, C and G change places; N stays.
_COMPLEMENT = np.array([0, 3, 4, 1, 2], dtype=np.uint8)


class Genome:
    """Random access to the sequence of a FASTA file.

    A missing or outdated index is made beside the file, or, where that folder cannot
    be written, in the user's cache folder. Not to be shared between threads.

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
        fai, gzi = make_index(path, check_format(path))
        try:
            self._file = pysam.FastaFile(
                str(path),
                filepath_index=str(fai),
                filepath_index_compressed=str(gzi) if gzi else None,
            )
        except (OSError, ValueError) as error:
            raise InputError(path, f"cannot be opened with its index {fai}: {error}") from error
        self.chrom_sizes: Mapping[str, int] = MappingProxyType(
            dict(zip(self._file.references, self._file.lengths, strict=True))
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
            When the file holds less sequence than its index says.
        """
        size = self.chrom_sizes[chrom]
        first, last = max(start, 0), min(end, size)
        codes = np.zeros(end - start, dtype=np.uint8)
        if first < last:
            try:
                text = self._file.fetch(chrom, first, last)
            except UnicodeDecodeError as error:
                raise InputError(self.path, f"a byte in {chrom} that is no letter") from error
            except (OSError, ValueError) as error:
                raise self._short(chrom) from error
            if len(text) != last - first:
                raise self._short(chrom)
            codes[first - start : last - start] = _CODE_OF[np.frombuffer(text.encode(), np.uint8)]
        return codes

    def known(self, regions: Mapping[str, IntervalSet]) -> dict[str, IntervalSet]:
        """The bases of some regions that are not N, in memory that does not grow with them.

        Chromosomes without a known base are left out.
        """
        found = {}
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
                found[chrom] = IntervalSet.of(starts, ends)
        return found

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

    def _short(self, chrom: str) -> InputError:
        return InputError(
            self.path,
            f"less sequence of {chrom} than its index says: the file is truncated, or the "
            ".fai belongs to another file",
        )


def reverse_complement(codes: Codes) -> Codes:
    """The other strand, read in its direction: codes of any shape, reversed along the last axis."""
    return _COMPLEMENT[codes[..., ::-1]]


def sizes_fingerprint(chrom_sizes: Mapping[str, int]) -> str:
    """SHA-256 of the chromosomes' names and lengths, whatever their order."""
    lines = "".join(f"{chrom}\t{size}\n" for chrom, size in sorted(chrom_sizes.items()))
    return hashlib.sha256(lines.encode()).hexdigest()
