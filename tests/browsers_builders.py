"""Tracks folders for tests of what genome browsers read, with true BigWig and peak files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from builders import a_marker
from encoded import Segments, called_from, encode_segments, write_bigwig

from regtrack.genome.intervals import IntervalSet
from regtrack.genome.markers import Marker
from regtrack.genome.seen import Seen
from regtrack.tracks.folder import Track, TrackSet, write_predicted, write_seen
from regtrack.tracks.peaks.files import narrow_peaks, write_peaks
from regtrack.tracks.repeats import Repeat, RepeatCounts, write_repeats

SIZES = {"chr1": 20_000, "chr2": 5_000}
MARKERS = (
    a_marker(0),
    a_marker(1, "HepG2|DNase|None", "DNase"),
    a_marker(2, "Monocytes-CD14+RO01746|H3K4me2|None", "Histone"),
    a_marker(3, "A549|GR|DEX_(500pM)", "TFBS"),
)


def segments_of(index: int) -> Segments:
    """Three stretches, of which two, touching, are high: each marker has its own."""
    starts = np.array([100, 400, 450]) + 10 * index
    return Segments(starts, starts + 50, np.array([0.25, 0.75, 0.5 + index / 1000], np.float32))


def write_tracks_folder(
    folder: Path,
    markers: Sequence[Marker] = MARKERS,
    sizes: Mapping[str, int] = SIZES,
    assembly: str = "hg19",
    peakless: Sequence[int] = (),
    seen: Seen | None = None,
    repeats: Sequence[Repeat] | None = None,
) -> Path:
    """A finished tracks folder of chr1; markers of the numbers `peakless` have no called peak."""
    (folder / "bigwig").mkdir(parents=True)
    (folder / "peaks").mkdir()
    tracks = tuple(Track.of(marker, 1.0 if marker.index in peakless else 0.5) for marker in markers)
    for track in tracks:
        pieces = [("chr1", segments_of(track.marker.index % 100))]
        write_bigwig(folder / track.bigwig, sizes, pieces)
        block_rules = called_from(track.threshold)
        called = [(chrom, encode_segments(one, 0, block_rules).peaks) for chrom, one in pieces]
        lines = narrow_peaks(called, block_rules.peak_rules, track.marker.slug)
        write_peaks(folder / track.peaks, lines)
    if seen is not None:
        write_seen(folder, seen)
    if repeats is not None:
        write_repeats(folder, repeats)
    write_predicted(folder, {"chr1": IntervalSet.of([0], [sizes["chr1"]])})
    TrackSet(
        model={"sha256": "12" * 32, "architecture": "dilated", "assembly": assembly},
        fingerprint="ab" * 32,
        chrom_sizes=sizes,
        settings={"max_error": 0.003, "floor": 0.003},
        tracks=tracks,
        assembly=assembly,
        seen_bases=None if seen is None else seen.bases,
        repeats=None if repeats is None else RepeatCounts.of(repeats),
    ).write(folder)
    return folder


def write_report_table(folder: Path, scores: Mapping[str, float | None]) -> Path:
    """The table of a report, as far as browsers read it; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [f"{name}\t{'' if score is None else score}\t0.01" for name, score in scores.items()]
    header = "name\taverage_precision\tbase_rate"
    (folder / "report.tsv").write_text("\n".join([header, *rows]) + "\n")
    return folder
