"""What the page of `regtrack browse` asks for while it is looked at: peaks and genes."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from regtrack.browsers.viewable import Viewable
from regtrack.genome.bed import read_bed
from regtrack.genome.genes import Gene
from regtrack.genome.intervals import Interval, IntervalSet
from regtrack.tracks.peaks import CalledPeak, read_peaks

# More are not clicked through.
STRONGEST = 200

Record = dict[str, Any]


class Lookup:
    """Peaks of markers and places of genes, read when they are asked for and then kept.

    Answers are as igv.js takes features: 0-based, half-open but for search results. May be
    asked by several threads.

    Parameters
    ----------
    viewable
        The tracks, and what was measured.
    genes
        All that are shown and searched.
    """

    def __init__(self, viewable: Viewable, genes: Iterable[Gene] = ()) -> None:
        self._viewable = viewable
        self._tracks = {track.marker.index: track for track in viewable.trackset.tracks}
        self._by_name: dict[str, list[Gene]] = {}
        self._by_chrom: dict[str, list[Gene]] = {}
        for gene in genes:
            self._by_name.setdefault(gene.name.upper(), []).append(gene)
            self._by_chrom.setdefault(gene.chrom, []).append(gene)
        self._names = sorted(self._by_name)
        self._measured_of = cache(self._read_measured)
        self._strongest_of = cache(self._read_strongest)

    def measured(self, index: int, region: Interval) -> list[Record]:
        """Measured peaks of a marker that overlap a region, merged, whole.

        Raises
        ------
        KeyError
            When there is no such marker, or nothing was measured of it.
        InputError
            When the file cannot be used.
        """
        intervals = self._measured_of(index).get(region.chrom)
        if intervals is None:
            return []
        here = intervals.overlapping(IntervalSet.of([region.start], [region.end]))
        return [{"chr": region.chrom, "start": start, "end": end} for start, end in here]

    def _read_measured(self, index: int) -> Mapping[str, IntervalSet]:
        path = self._viewable.measured[self._tracks[index].marker.name]
        return read_bed(path, self._viewable.trackset.chrom_sizes)

    def strongest(self, index: int) -> list[Record]:
        """The predicted peaks of a marker with the highest values, the highest first.

        Raises
        ------
        KeyError
            When there is no such marker.
        InputError
            When the file cannot be used.
        """
        return [
            {"chr": one.chrom, "start": one.start, "end": one.end, "value": one.value}
            for one in self._strongest_of(index)
        ]

    def _read_strongest(self, index: int) -> list[CalledPeak]:
        peaks = read_peaks(self._viewable.folder / self._tracks[index].peaks)
        # Of equally high ones the widest: a plateau, not a spike.
        peaks.sort(key=lambda peak: (-peak.value, peak.start - peak.end))
        return peaks[:STRONGEST]

    def find_gene(self, text: str) -> list[Record]:
        """Genes of a name, whatever its case; else those whose name begins so, by name.

        `start` and `end` are 1-based, both included, as igv.js wants search results.
        """
        wanted = text.strip().upper()
        if not wanted:
            return []
        first = bisect.bisect_left(self._names, wanted)
        names = itertools.takewhile(lambda name: name.startswith(wanted), self._names[first:])
        some = [wanted] if wanted in self._by_name else names
        return [
            {"gene": gene.name, "chromosome": gene.chrom, "start": gene.start + 1, "end": gene.end}
            for name in some
            for gene in self._by_name[name]
        ]

    def genes(self, region: Interval) -> list[Record]:
        """Genes that overlap a region."""
        return [
            _feature(gene)
            for gene in self._by_chrom.get(region.chrom, ())
            if gene.start < region.end and gene.end > region.start
        ]


def _feature(gene: Gene) -> Record:
    return {
        "chr": gene.chrom,
        "start": gene.start,
        "end": gene.end,
        "name": gene.name,
        "strand": gene.strand,
        "exons": [{"start": start, "end": end} for start, end in gene.exons],
    }
