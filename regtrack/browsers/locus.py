"""Where a browser opens: at what was asked for, or where there is something to see."""

from __future__ import annotations

from collections.abc import Sequence

from regtrack.browsers.viewable import Viewable
from regtrack.genome.gene_regions import GeneRegions
from regtrack.genome.intervals import Interval
from regtrack.genome.regions import parse_region
from regtrack.tracks.folder import Track
from regtrack.tracks.peaks import read_peaks, strongest_first

FLANK = 2_000  # bases shown on each side of a gene or peak that is gone to, at least
AROUND = 25_000  # bases on each side of a peak: what the published networks read at once, twice


def opening_locus(
    viewable: Viewable,
    tracks: Sequence[Track],
    region: str | None,
    genes: GeneRegions | None = None,
) -> Interval:
    """The region that was asked for; without one, `strongest_locus`.

    Around a gene `FLANK` bases are shown, as where the page's own search goes to one.

    Parameters
    ----------
    region
        As `regtrack.genome.regions.parse_region`: 1-based, both ends included.
    genes
        Of the tracks' genome: the region may be one.

    Returns
    -------
    Interval
        0-based, half-open.

    Raises
    ------
    InputError
        When the region is not of the tracks' genome, or a file of the folder is damaged.
    """
    if region is not None:
        return parse_region(region, viewable.trackset.chrom_sizes, genes, FLANK)
    return strongest_locus(viewable, tracks)


def strongest_locus(viewable: Viewable, tracks: Sequence[Track]) -> Interval:
    """The strongest predicted peak of the first track that has one, and what lies around it.

    The strongest is the first of `strongest_first`.

    Without any peak, the beginning of what was predicted; without that, of the genome.

    Parameters
    ----------
    tracks
        Those that are shown, in their order.

    Returns
    -------
    Interval
        0-based, half-open; `AROUND` bases on each side of the summit, fewer at the ends of a
        chromosome.

    Raises
    ------
    InputError
        When a file of the folder is damaged.
    """
    sizes = viewable.trackset.chrom_sizes
    for track in tracks:
        peaks = strongest_first(read_peaks(viewable.folder / track.peaks))
        if peaks:
            highest = peaks[0]
            summit = highest.start + highest.summit
            last = min(summit + AROUND, sizes[highest.chrom])
            return Interval(highest.chrom, max(summit - AROUND, 0), last)
    for chrom, predicted in viewable.predicted.items():
        start, end = next(iter(predicted))
        return Interval(chrom, start, min(end, start + 2 * AROUND))
    chrom, size = next(iter(sizes.items()))
    return Interval(chrom, 0, min(size, 2 * AROUND))


def is_predicted(viewable: Viewable, region: Interval) -> bool:
    """Whether any base of a region was predicted."""
    intervals = viewable.predicted.get(region.chrom)
    return intervals is not None and len(intervals.clip(region.start, region.end)) > 0
