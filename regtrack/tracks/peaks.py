"""Predicted peaks: where a track lies at or above its threshold, as narrowPeak."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pysam

from regtrack.atomic import naming
from regtrack.genome.intervals import Positions
from regtrack.tracks.segments import Segments, Values


def narrow_peaks(
    pieces: Iterable[tuple[str, Segments]], threshold: float, name: str
) -> Iterator[str]:
    """Call peaks: runs of touching segments whose value is at or above the threshold.

    Parameters
    ----------
    pieces
        Chromosome and segments, several pieces of one chromosome from left to right; a
        peak may reach from one into the next.
    threshold
        Probability.
    name
        Goes before the peak's number in the name column.

    Yields
    ------
    str
        One narrowPeak line per peak (0-based, half-open). Score is 1000 times the
        highest value, signalValue the highest value; the summit is the middle of the
        highest segment; pValue and qValue are -1, which is "not assigned".
    """
    number = 0
    for chrom, group in itertools.groupby(pieces, key=lambda piece: piece[0]):
        starts, ends, values = _high(threshold, (segments for _, segments in group))
        # A peak begins at every segment that does not touch the one before.
        firsts = np.flatnonzero(np.append(starts[:1] >= 0, starts[1:] != ends[:-1]))
        lasts = np.append(firsts, len(starts))[1:]
        for first, last in zip(firsts, lasts, strict=True):
            number += 1
            top = first + int(values[first:last].argmax())
            summit = (starts[top] + ends[top]) // 2 - starts[first]
            highest = float(values[top])
            yield (
                f"{chrom}\t{starts[first]}\t{ends[last - 1]}\t{name}_{number}\t"
                f"{round(1000 * highest)}\t.\t{highest:.6g}\t-1\t-1\t{summit}\n"
            )


def _high(threshold: float, pieces: Iterable[Segments]) -> tuple[Positions, Positions, Values]:
    """Starts, ends and values of the segments at or above the threshold, of all pieces."""
    kept = [
        (piece.starts[high], piece.ends[high], piece.values[high])
        for piece in pieces
        for high in [piece.values >= np.float32(threshold)]
    ]
    starts, ends, values = (np.concatenate(column) for column in zip(*kept, strict=True))
    return starts, ends, values


def write_peaks(path: Path, lines: Iterable[str]) -> None:
    """Write sorted BED lines as `path` (bgzip) and `path`.tbi (tabix), each complete.

    The index comes first in place, so that a peak file is never without one.

    Raises
    ------
    OSError
        When the files cannot be written.
    """
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        aside = Path(folder) / path.name
        with naming(path):
            with pysam.BGZFile(str(aside), "wb", None) as file:
                for line in lines:
                    file.write(line.encode())
            pysam.tabix_index(str(aside), preset="bed", force=True)
        index = aside.with_name(f"{aside.name}.tbi")
        index.replace(path.with_name(index.name))
        aside.replace(path)
