"""Predicted peaks as narrowPeak files."""

from __future__ import annotations

import errno
import itertools
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pysam

from regtrack.atomic import errors_naming
from regtrack.errors import InputError
from regtrack.genome.bgzip import writing_bgzip
from regtrack.genome.content import BGZIP_END
from regtrack.genome.textfile import read_text
from regtrack.tracks.peaks.called import join_parts
from regtrack.tracks.peaks.rules import PeakRules
from regtrack.tracks.segments import Records, concatenated

_LINES_AT_ONCE = 1_000

# tabix's first index, .tbi, counts so many bases of a chromosome; .csi takes any number.
_TBI_BASES = 2**29
# Of .csi: the bases of its smallest bin, as a power of 2, which is .tbi's too.
_CSI_SHIFT = 14


class PeakLine(NamedTuple):
    """One line of a peak file that `write_peaks` wrote.

    `start` and `end` are 0-based, half-open; `score` is 0 to 1000, `value` the highest
    probability or signal, `summit` counted from `start`.
    """

    chrom: str
    start: int
    end: int
    name: str
    score: int
    value: float
    summit: int


def read_peaks(path: Path, most: float = 1) -> list[PeakLine]:
    """Read the peaks that were called for a track, in the file's order.

    Parameters
    ----------
    most
        That a value can be: 1 for probabilities.

    Raises
    ------
    InputError
        For a truncated file, or a line that is not narrowPeak.
    OSError
        When the file cannot be read.
    """
    peaks = []
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        try:
            peaks.append(_peak(line.split("\t"), most))
        except ValueError as error:
            raise InputError(path, f"not narrowPeak ({error})", number) from error
    return peaks


def _peak(fields: list[str], most: float) -> PeakLine:
    """One line's; raises ValueError for what `write_peaks` cannot have written."""
    chrom, start, end, name, score, _, value, _, _, summit = fields
    peak = PeakLine(chrom, int(start), int(end), name, int(score), float(value), int(summit))
    if not (0 <= peak.start < peak.end < 2**32 and 0 <= peak.summit < peak.end - peak.start):
        raise ValueError(f"not a peak: {start} to {end} with its summit at {summit}")
    if not (0 <= peak.score <= 1000 and 0 <= peak.value <= most):
        raise ValueError(f"not a value of 0 to {most:g}: {value} with a score of {score}")
    return peak


def strongest_first(peaks: Iterable[PeakLine]) -> list[PeakLine]:
    """Peaks by their highest value, the highest first.

    Of equally high ones the widest comes first (a plateau, not a spike), then what stood first.
    """
    return sorted(peaks, key=lambda peak: (-peak.value, peak.start - peak.end))


def narrow_peaks(
    parts: Iterable[tuple[str, Records]], peak_rules: PeakRules, name: str, scale: float = 1
) -> Iterator[str]:
    """Lines of a peak file.

    Parameters
    ----------
    parts
        Chromosome and PEAK, several pieces of one chromosome from left to right; a peak may
        reach from one into the next.
    peak_rules
        As when these were called.
    name
        Goes before the peak's number in the name column.
    scale
        Value that has the highest score: 1 for probabilities, the marker's range for signals.

    Yields
    ------
    str
        One narrowPeak line per peak (0-based, half-open). signalValue is the highest value, score
        1000 times its share of the scale; the summit is counted from the start; pValue and qValue
        are -1, which is "not assigned".
    """
    number = 0
    for chrom, pieces in itertools.groupby(parts, key=lambda part: part[0]):
        for peak in _whole(concatenated([piece for _, piece in pieces]), peak_rules).tolist():
            start, end, value, summit, _ = peak
            number += 1
            signal = f"{value:.6g}"
            score = round(1000 * min(float(signal) / scale, 1))
            yield (
                f"{chrom}\t{start}\t{end}\t{name}_{number}\t{score}\t.\t"
                f"{signal}\t-1\t-1\t{summit - start}\n"
            )


def _whole(parts: Records, peak_rules: PeakRules) -> Records:
    """PEAK of whole peaks, from sorted parts on one chromosome."""
    if not len(parts):
        return parts
    starts, ends = parts["start"].astype(np.int64), parts["end"].astype(np.int64)
    firsts, lasts, is_long = join_parts(starts, ends, peak_rules)
    # The summit is that of the part with the highest mean around it, the first of several.
    highest = np.repeat(np.maximum.reduceat(parts["mean"], firsts), lasts + 1 - firsts)
    candidates = np.flatnonzero(parts["mean"] == highest)
    whole = parts[candidates[np.searchsorted(candidates, firsts)]]
    whole["start"], whole["end"] = starts[firsts], ends[lasts]
    whole["value"] = np.maximum.reduceat(parts["value"], firsts)
    long: Records = whole[is_long]
    return long


def _settle(path: Path) -> None:
    """See that a bgzip file is whole, and on the disk: htslib passes over a full disk.

    Raises
    ------
    OSError
        When it does not end as it should.
    """
    with path.open("rb+") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - len(BGZIP_END)))
        if file.read() != BGZIP_END:
            raise OSError(errno.EIO, "not written whole; is the disk full?")
        os.fsync(file.fileno())


def index_suffix(chrom_sizes: Mapping[str, int]) -> str:
    """How the name of a peak file's index goes on, for a genome: `.tbi` or `.csi`."""
    longest = max(chrom_sizes.values(), default=0)
    return ".tbi" if longest <= _TBI_BASES else ".csi"


def write_peaks(path: Path, lines: Iterable[str], suffix: str = ".tbi") -> None:
    """Write sorted BED lines as `path` (bgzip) and its index (tabix), each complete.

    The index comes first in place, so that a peak file is never without one.

    Parameters
    ----------
    suffix
        Of the index, as `index_suffix` of the genome has it.

    Raises
    ------
    OSError
        When the files cannot be written.
    """
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        aside = Path(folder) / path.name
        with errors_naming(path):
            try:
                # Level 1: half the time of the usual one, and the file is 5% larger.
                with writing_bgzip(aside, 1) as file:
                    remaining = iter(lines)
                    while text := "".join(itertools.islice(remaining, _LINES_AT_ONCE)):
                        file.write(text.encode())
                pysam.tabix_index(
                    str(aside),
                    preset="bed",
                    force=True,
                    csi=suffix == ".csi",
                    min_shift=_CSI_SHIFT if suffix == ".csi" else -1,
                )
            except OSError as error:
                if error.errno:
                    raise
                raise OSError(errno.EIO, f"{error}; is the disk full?") from error
            index = aside.with_name(f"{aside.name}{suffix}")
            for written in aside, index:
                _settle(written)
        index.replace(path.with_name(index.name))
        aside.replace(path)
