"""What the page of `regtrack browse` requests while it is open: peaks and genes."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable
from typing import Any

from regtrack.browsers.measured_peaks import MeasuredPeaks
from regtrack.browsers.viewable import Viewable
from regtrack.genome.gene_index import GeneIndex, split_around
from regtrack.genome.gene_regions import FLANK
from regtrack.genome.genes import Gene
from regtrack.genome.intervals import Interval, IntervalSet, Regions
from regtrack.genome.names import resolve_chrom
from regtrack.tracks.peaks.files import read_peaks, strongest_first

STRONGEST = 200  # peaks; nobody clicks through more
MOST_FOUND = 20  # genes; igv.js goes to the first

Record = dict[str, Any]


class Lookup:
    """Peaks of markers, read when they are needed, and places of genes.

    Answers are as igv.js takes features: 0-based, half-open but for search results. May be
    used by several threads.

    Parameters
    ----------
    viewable
        The tracks, and what was measured.
    genes
        All that are shown and searched.
    clip
        As `regtrack.genome.bed.Rules`, for the peaks.
    """

    def __init__(self, viewable: Viewable, genes: Iterable[Gene] = (), clip: bool = False) -> None:
        self.measured_peaks = MeasuredPeaks(viewable, clip)
        self._viewable = viewable
        self._tracks = {track.marker.index: track for track in viewable.trackset.tracks}
        self._by_chrom: dict[str, list[Gene]] = {}
        for gene in genes:
            self._by_chrom.setdefault(gene.chrom, []).append(gene)
        self._by_name = GeneIndex(itertools.chain.from_iterable(self._by_chrom.values()))

    @property
    def markers(self) -> Collection[int]:
        """Numbers of all markers."""
        return self._tracks.keys()

    @property
    def with_measured(self) -> Collection[int]:
        """Numbers of the markers of which something was measured."""
        names = self._viewable.measured
        return {index for index, track in self._tracks.items() if track.marker.name in names}

    def measured(self, index: int, region: Interval) -> list[Record]:
        """Measured peaks of a marker that overlap a region, merged, whole.

        Raises
        ------
        KeyError
            When there is no such marker, or nothing was measured of it.
        InputError
            When the file cannot be used.
        """
        return overlapping(self.measured_peaks.read_once(index), region)

    def predicted(self, region: Interval) -> list[Record]:
        """The predicted stretches that overlap a region: elsewhere, no value means nothing."""
        return overlapping(self._viewable.predicted, region)

    def trained(self, region: Interval) -> list[Record]:
        """The stretches that overlap a region and that the network was trained on."""
        return overlapping(self._viewable.trained, region)

    def strongest(self, index: int) -> list[Record]:
        """The predicted peaks of a marker with the highest values, the highest first.

        Raises
        ------
        KeyError
            When there is no such marker.
        InputError
            When the file cannot be used.
        """
        track = self._tracks[index]
        peaks = read_peaks(self._viewable.file(track.peaks), track.most)
        return [
            {"chr": peak.chrom, "start": peak.start, "end": peak.end, "value": peak.value}
            for peak in strongest_first(peaks)[:STRONGEST]
        ]

    def find_gene(self, text: str) -> list[Record]:
        """Genes of a name, whatever its case; else those whose name begins so, by name.

        What names a chromosome is no gene: igv.js asks here first.

        Parameters
        ----------
        text
            `COMT`, which has `FLANK` bases on each side, or what is typed: `COMT+-50kb`.

        Returns
        -------
        list of dict
            `start` and `end` are 1-based, both included, as igv.js wants search results.
        """
        name, typed = split_around(text)
        around = FLANK if typed is None else typed
        sizes = self._viewable.trackset.chrom_sizes
        if not name or resolve_chrom(name, sizes):
            return []
        genes = self._by_name.named(name) or self._by_name.beginning(name)
        return [
            {
                "gene": gene.name,
                "chromosome": gene.chrom,
                "start": max(gene.start - around, 0) + 1,
                "end": min(gene.end + around, sizes[gene.chrom]),
            }
            for gene in itertools.islice(genes, MOST_FOUND)
        ]

    def places(self) -> dict[str, Record]:
        """The place of every gene alone, as `find_gene` has it first, by name in capitals."""
        names = sorted(
            {gene.name for genes in self._by_chrom.values() for gene in genes}, key=str.upper
        )
        by_name = {name.upper(): self.find_gene(f"{name}+-0")[:1] for name in names}
        return {name: places[0] for name, places in by_name.items() if places}

    def genes(self, region: Interval) -> list[Record]:
        """Genes that overlap a region."""
        return [
            _feature(gene)
            for gene in self._by_chrom.get(region.chrom, ())
            if gene.start < region.end and gene.end > region.start
        ]


def overlapping(regions: Regions, region: Interval) -> list[Record]:
    """Those intervals that overlap a region, whole."""
    intervals = regions.get(region.chrom)
    if intervals is None:
        return []
    here = intervals.overlapping(IntervalSet.of([region.start], [region.end]))
    return [{"chr": region.chrom, "start": start, "end": end} for start, end in here]


def _feature(gene: Gene) -> Record:
    return {
        "chr": gene.chrom,
        "start": gene.start,
        "end": gene.end,
        "name": gene.name,
        "strand": gene.strand,
        "exons": [{"start": start, "end": end} for start, end in gene.exons],
    }
