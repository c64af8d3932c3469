"""Positive bases of markers, in measured peaks or predicted, and evenly spread samples of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from regtrack.genome.bed_files import BedFiles
from regtrack.genome.fasta import Genome
from regtrack.genome.intervals import EMPTY, IntervalSet, Regions
from regtrack.genome.markers import Marker
from regtrack.genome.measured import read_measured
from regtrack.models.network import Network
from regtrack.observer import Observer
from regtrack.prediction.forward import feed
from regtrack.tracks.peaks.callers import ProbabilityPeakCaller
from regtrack.tracks.peaks.rules import BARE_RUNS


def spread(candidates: Regions, most: int) -> list[tuple[str, int]]:
    """At most `most` bases of a set, evenly spread over all of them, in order."""
    total = sum(intervals.bases for intervals in candidates.values())
    count = min(most, total)
    # The middle one of each of `count` equal parts.
    ranks = (2 * np.arange(count) + 1) * total // (2 * max(count, 1))
    bases: list[tuple[str, int]] = []
    before = 0
    for chrom, intervals in candidates.items():
        chrom_ranks = ranks[(ranks >= before) & (ranks < before + intervals.bases)] - before
        bases += [(chrom, position) for position in intervals.nth_base(chrom_ranks).tolist()]
        before += intervals.bases
    return bases


MEASURED = "measured peaks"
PREDICTED = "prediction"


class PeakTable:
    """The measured peaks of markers; each file is read when its peaks are first used.

    Parameters
    ----------
    path
        As `read_measured` takes it; None for no markers.
    files
        Reads the peaks, and counts the rows that it leaves out.

    Raises
    ------
    InputError
        As `regtrack.genome.measured.read_measured`.
    """

    def __init__(self, path: Path | None, files: BedFiles) -> None:
        listed = () if path is None else read_measured(path)
        self._files = {marker.name: Path(marker.file) for marker in listed}
        self._bed_files = files
        self._read: dict[str, Regions] = {}

    def __len__(self) -> int:
        """Number of markers."""
        return len(self._files)

    def of(self, marker: Marker) -> Regions:
        """Peaks of a marker per chromosome; none where the table does not have it.

        Raises
        ------
        InputError
            As `regtrack.genome.bed.read_rows`.
        """
        if marker.name not in self._files:
            return {}
        if marker.name not in self._read:
            self._read[marker.name] = self._bed_files.peaks(self._files[marker.name])
        return self._read[marker.name]


def middles(peaks: Regions, targets: Regions) -> Regions:
    """The middle base of each peak, where it is one of the targets."""
    bases = {}
    for chrom, intervals in targets.items():
        chrom_peaks = peaks.get(chrom, EMPTY)
        middle = (chrom_peaks.starts + chrom_peaks.ends) // 2
        bases[chrom] = IntervalSet.of(middle, middle + 1).intersect(intervals)
    return bases


def predicted_bases(
    network: Network,
    genome: Genome,
    targets: Regions,
    thresholds: npt.NDArray[np.float32],
    observer: Observer,
) -> list[Regions]:
    """For each marker of a network, the targets whose probability reaches its threshold.

    Parameters
    ----------
    network
        As `regtrack.prediction.forward.feed`.
    thresholds
        float32 (markers,).
    observer
        Receives the number of bases that were predicted.
    """
    bases: list[dict[str, IntervalSet]] = [{} for _ in thresholds]
    for chrom, intervals in targets.items():
        caller = ProbabilityPeakCaller(len(thresholds), BARE_RUNS, thresholds, own_only=True)
        feed(network, genome, chrom, intervals, [caller], observer=observer)
        for by_chrom, runs in zip(bases, caller.finish().by_marker(), strict=True):
            by_chrom[chrom] = IntervalSet.of(runs["start"], runs["end"])
    return list(bases)
