"""A tracks folder of one region, cut out of a larger one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from regtrack.browsers.viewable import Viewable
from regtrack.genome.intervals import Interval, IntervalSet, intersect, total_bases
from regtrack.genome.seen import Seen
from regtrack.genome.textfile import read_text
from regtrack.tracks.bigwig_sections import BigWigSections
from regtrack.tracks.bigwig_writer import writing_bigwig
from regtrack.tracks.encoding import encode_block
from regtrack.tracks.folder import Track, write_bed, write_predicted, write_seen
from regtrack.tracks.peaks.files import write_peaks
from regtrack.tracks.repeats import REPEATS, RepeatCounts
from regtrack.tracks.segments import SEGMENT, BlockSegments, Records, ranges_of


def cut_tracks(viewable: Viewable, region: Interval, into: Path) -> Viewable:
    """Write the tracks of a region, under the names and for the genome that they have.

    Segments are cut at the ends of the region; predicted peaks that overlap it are whole.

    Parameters
    ----------
    region
        0-based, half-open; short enough that the segments of a track fit in memory.
    into
        An empty folder.

    Returns
    -------
    Viewable
        Of the new folder, with all else as it was.

    Raises
    ------
    InputError
        When a track is damaged.
    OSError
        When a file cannot be read or written.
    """
    trackset = viewable.trackset
    for track in trackset.tracks:
        for name in track.files:
            (into / name).parent.mkdir(parents=True, exist_ok=True)
        segments = _segments(viewable.file(track.bigwig), region)
        chrom, segments = (region.chrom, segments) if len(segments) else _nothing(viewable)
        block = BlockSegments(np.array([0, len(segments)], np.int64), segments)
        number = list(trackset.chrom_sizes).index(chrom)
        with writing_bigwig(into / track.bigwig, trackset.chrom_sizes) as writer:
            writer.add(
                [(chrom, encode_block(block, number, ranges=ranges_of([track.range])).of(0))]
            )
        write_peaks(into / track.peaks, _peaks(viewable, track, region), track.index_suffix)
    here = {region.chrom: IntervalSet.of([region.start], [region.end])}
    write_predicted(into, intersect(viewable.predicted, here))
    seen = trackset.seen(viewable.folder)
    if seen is not None:
        seen = Seen(intersect(seen.train, here), intersect(seen.valid, here))
        write_seen(into, seen)
        trackset = replace(trackset, seen_bases=seen.bases)
    if trackset.repeats:
        repeats = intersect(viewable.repeats, here)
        write_bed(into / REPEATS, repeats)
        counts = RepeatCounts(sum(map(len, repeats.values())), total_bases(repeats))
        trackset = replace(trackset, repeats=counts)
    return replace(viewable, folder=into, trackset=trackset)


def _segments(bigwig: Path, region: Interval) -> Records:
    """SEGMENT of a region, cut at its ends."""
    where = IntervalSet.of([region.start], [region.end])
    with BigWigSections(bigwig) as sections:
        parts = [np.empty(0, SEGMENT), *sections.records(region.chrom, where)]
    segments = np.concatenate(parts)
    segments = segments[(segments["start"] < region.end) & (segments["end"] > region.start)]
    segments["start"] = np.maximum(segments["start"], region.start)
    segments["end"] = np.minimum(segments["end"], region.end)
    return segments


def _nothing(viewable: Viewable) -> tuple[str, Records]:
    """What stands in a track without a value, for igv.js fails on an empty file: a 0, at base 1."""
    chrom = next(chrom for chrom, size in viewable.trackset.chrom_sizes.items() if size)
    return chrom, np.array([(0, 1, 0)], SEGMENT)


def _peaks(viewable: Viewable, track: Track, region: Interval) -> Iterator[str]:
    """Lines of the predicted peaks that overlap a region."""
    for line in read_text(viewable.file(track.peaks)).splitlines(keepends=True):
        chrom, start, end, _ = line.split("\t", 3)
        if chrom == region.chrom and int(start) < region.end and int(end) > region.start:
            yield line
