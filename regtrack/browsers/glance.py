"""All markers over one region, for a page without a server: its heatmap, and what ranks there."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from regtrack.browsers.heatmap import LEAST, MOST, Bits, Heatmap, Levels
from regtrack.browsers.measured_peaks import MeasuredPeaks
from regtrack.browsers.runs import Entry, Runs
from regtrack.browsers.saved_answers import FOLDER
from regtrack.browsers.site import marker_record
from regtrack.genome.intervals import Interval, Regions

SKILL = 10  # times its base rate is the average precision of a marker that a report speaks for
COLUMNS = 3_000  # at most: finer than the page draws, for it may be zoomed in


@dataclass(frozen=True)
class Glance:
    """The data of the heatmap over a region.

    Parameters
    ----------
    runs
        All tracks.
    region
        0-based, half-open.
    levels, bits
        As `Heatmap.levels` and `Heatmap.measured_bits` of all markers.
    measured
        Measured peaks on the region's chromosome, by the name of the marker.
    """

    runs: Runs
    region: Interval
    levels: Levels
    bits: Bits
    measured: Mapping[str, Regions]

    @classmethod
    def of(cls, runs: Runs, region: Interval, clip: bool) -> Glance:
        """Read the data of a region.

        Parameters
        ----------
        clip
            As `regtrack.genome.bed.Rules`, for the peaks.

        Raises
        ------
        InputError
            When a track is damaged, or a file of peaks cannot be used.
        OSError
            When one cannot be read.
        """
        peaks = MeasuredPeaks(runs.measured, runs.chrom_sizes, clip)
        measured = {name: _on(peaks.read(name), region.chrom) for name in runs.measured}
        heatmap = Heatmap(runs, measured.__getitem__)
        columns = min(COLUMNS, len(region))
        levels = heatmap.levels(region, columns)
        bits = [heatmap.measured_bits(region, columns)]
        while (done := sum(map(len, bits))) < len(levels):
            bits.append(heatmap.measured_bits(region, columns, done))
        return cls(runs, region, levels, np.concatenate(bits), measured)

    def predicted(self, most: int) -> tuple[Entry, ...]:
        """Tracks that reach their threshold in the region, those of the highest lift first.

        As the page's list has them: none without peaks, nor what is below its base rate. Where a
        report knows the markers, those of which it shows less than `SKILL` come last.

        Parameters
        ----------
        most
            How many.
        """
        ranked = []
        for entry, highest in zip(self.runs.entries, self.levels.max(1), strict=True):
            track = entry.track
            if highest < LEAST or track.no_peaks:
                continue
            value = (int(highest) - LEAST) / (MOST - LEAST) * track.top
            base_rate = self.runs.base_rate(entry).rate
            if base_rate and value >= max(track.threshold, base_rate):
                score = entry.run.viewable.scores.get(track.marker.name)
                is_poor = score is not None and score < SKILL * base_rate
                ranked.append((not is_poor, value / base_rate, value, entry))
        ranked.sort(key=lambda ranking: ranking[:3], reverse=True)
        return tuple(entry for *_, entry in ranked[:most])

    @property
    def record(self) -> Mapping[str, Any]:
        """What the page needs to know of it: where it is, and all markers."""
        return {
            "chrom": self.region.chrom,
            "start": self.region.start,
            "end": self.region.end,
            "columns": self.levels.shape[1],
            "markers": [marker_record(self.runs, entry) for entry in self.runs.entries],
        }

    @property
    def answers(self) -> Mapping[str, bytes]:
        """The arrays by their address, little-endian, gzip: neighbours are often alike."""
        return {
            f"{FOLDER}/heatmap/{name}": gzip.compress(array.tobytes(), mtime=0)
            for name, array in (("cells", self.levels.astype("<u2")), ("measured", self.bits))
        }


def _on(peaks: Regions, chrom: str) -> Regions:
    """The peaks of one chromosome: those of all chromosomes would fill the memory."""
    return {chrom: peaks[chrom]} if chrom in peaks else {}
