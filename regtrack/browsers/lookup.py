"""What the page of `regtrack browse` requests while it is open: peaks and genes."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable
from typing import Any

from regtrack.browsers.measured_peaks import MeasuredPeaks
from regtrack.browsers.runs import Runs
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
    runs
        The tracks, and what was measured.
    genes
        All that are shown and searched.
    clip
        As `regtrack.genome.bed.Rules`, for the peaks.
    """

    def __init__(self, runs: Runs, genes: Iterable[Gene] = (), clip: bool = False) -> None:
        self.measured_peaks = MeasuredPeaks(runs.measured, runs.chrom_sizes, clip)
        self._runs = runs
        self._viewables = {run.place: run.viewable for run in runs.runs}
        self._entries = {entry.number: entry for entry in runs.entries}
        self._by_chrom: dict[str, list[Gene]] = {}
        for gene in genes:
            self._by_chrom.setdefault(gene.chrom, []).append(gene)
        self._by_name = GeneIndex(itertools.chain.from_iterable(self._by_chrom.values()))

    @property
    def markers(self) -> Collection[int]:
        """Numbers of all markers, of each run."""
        return self._entries.keys()

    @property
    def run_places(self) -> Collection[int]:
        """Places of all runs."""
        return self._viewables.keys()

    @property
    def with_measured(self) -> Collection[int]:
        """Numbers of the markers of which something was measured."""
        names = self._runs.measured
        return {
            number for number, entry in self._entries.items() if entry.track.marker.name in names
        }

    def measured(self, number: int, region: Interval) -> list[Record]:
        """Measured peaks of a marker that overlap a region, merged, whole.

        Raises
        ------
        KeyError
            When there is no such marker, or nothing was measured of it.
        InputError
            When the file cannot be used.
        """
        return overlapping(self.measured_peaks.read_once(self._name(number)), region)

    def _name(self, number: int) -> str:
        return self._entries[number].track.marker.name

    def predicted(self, place: int, region: Interval) -> list[Record]:
        """The predicted stretches of a run that overlap a region: elsewhere, nothing is known.

        Raises
        ------
        KeyError
            When there is no such run.
        """
        return overlapping(self._viewables[place].predicted, region)

    def trained(self, place: int, region: Interval) -> list[Record]:
        """The stretches that overlap a region and that the network of a run was trained on.

        Raises
        ------
        KeyError
            When there is no such run.
        """
        return overlapping(self._viewables[place].trained, region)

    def repeats(self, place: int, region: Interval) -> list[Record]:
        """The tandem repeats that overlap a region and in which most markers of a run have peaks.

        Raises
        ------
        KeyError
            When there is no such run.
        """
        return overlapping(self._viewables[place].repeats, region)

    def strongest(self, number: int) -> list[Record]:
        """The predicted peaks of a marker with the highest values, the highest first.

        Raises
        ------
        KeyError
            When there is no such marker.
        InputError
            When the file cannot be used.
        """
        _, run, track = self._entries[number]
        peaks = read_peaks(run.viewable.file(track.peaks), track.most)
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
        sizes = self._runs.chrom_sizes
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
