"""Measured peaks in a form that every browser reads by position: sorted BED, bgzip, tabix."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from regtrack.browsers.viewable import Viewable
from regtrack.genome.bed import read_bed
from regtrack.tracks.folder import Track
from regtrack.tracks.peaks import write_peaks

FOLDER = "measured"


def write_measured(viewable: Viewable, tracks: Sequence[Track], into: Path) -> dict[str, str]:
    """Write the measured peaks of some tracks' markers, merged, on the tracks' chromosomes.

    Parameters
    ----------
    into
        The folder in which `measured/<slug>.bed.gz` and its index (`.tbi`) are put.

    Returns
    -------
    dict
        Path relative to `into`, by name of marker; markers without a measured peak on these
        chromosomes have no file, for browsers take an empty one for a broken one.

    Raises
    ------
    InputError
        When a file of peaks is not BED, or is of another genome.
    OSError
        When it cannot be read, or the folder cannot be written.
    """
    sizes = viewable.trackset.chrom_sizes
    written = {}
    for track in tracks:
        source = viewable.measured.get(track.marker.name)
        peaks = {} if source is None else read_bed(source, sizes)
        if not peaks:
            continue
        lines = (
            f"{chrom}\t{start}\t{end}\n"
            for chrom in sizes
            if chrom in peaks
            for start, end in peaks[chrom]
        )
        name = f"{FOLDER}/{track.marker.slug}.bed.gz"
        (into / FOLDER).mkdir(exist_ok=True)
        write_peaks(into / name, lines)
        written[track.marker.name] = name
    return written
