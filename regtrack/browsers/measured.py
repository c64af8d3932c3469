"""Measured peaks in a form that every browser reads by position: sorted BED, bgzip, tabix."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from regtrack.browsers.viewable import Viewable
from regtrack.errors import InputError
from regtrack.folders import replacing_folder
from regtrack.genome.bed_files import BedFiles
from regtrack.tracks.folder import Track
from regtrack.tracks.peaks import index_suffix, write_peaks
from regtrack.workplace import refuse_foreign

FOLDER = "measured"
_FILES = ("*.bed.gz", "*.bed.gz.tbi", "*.bed.gz.csi")


def check_measured(into: Path, force: bool) -> None:
    """Refuse what `write_measured` would replace, unless it may.

    Raises
    ------
    InputError
        When `measured` is a file, holds anything but what `write_measured` puts there, or is
        there and `force` is not set.
    """
    folder = into / FOLDER
    if folder.exists() and not folder.is_dir():
        raise InputError(folder, "is a file; expected a folder of measured peaks, or nothing yet")
    if folder.exists() and not force:
        raise InputError(folder, "exists already; --force replaces it")
    refuse_foreign(folder, _FILES)


def write_measured(
    viewable: Viewable, tracks: Sequence[Track], into: Path, clip: bool = False
) -> dict[str, str]:
    """Write the measured peaks of some tracks' markers, merged, on the tracks' chromosomes.

    Files of an earlier choice of tracks are gone afterwards.

    Parameters
    ----------
    into
        The folder in which the folder `measured` is put, with `<slug>.bed.gz` and its index
        (`.tbi`, or `.csi` for long chromosomes) for each marker; without any measured peak it is
        not there.
    clip
        As `regtrack.genome.bed.Rules`.

    Returns
    -------
    dict
        Path relative to `into`, by name of marker; markers without a measured peak on these
        chromosomes have no file, for browsers take an empty one for a broken one.

    Raises
    ------
    InputError
        When a file of peaks is not BED, or is of another genome; what was there is as it was.
    OSError
        When it cannot be read, or the folder cannot be written.
    """
    sizes = viewable.trackset.chrom_sizes
    files = BedFiles(sizes, clip)
    written = {}
    with replacing_folder(into / FOLDER) as made:
        for track in tracks:
            source = viewable.measured.get(track.marker.name)
            peaks = {} if source is None else files.peaks(source)
            if not peaks:
                continue
            lines = (
                f"{chrom}\t{start}\t{end}\n"
                for chrom in sizes
                if chrom in peaks
                for start, end in peaks[chrom]
            )
            name = f"{track.marker.slug}.bed.gz"
            write_peaks(made / name, lines, index_suffix(sizes))
            written[track.marker.name] = f"{FOLDER}/{name}"
    files.tell()
    if not written:
        (into / FOLDER).resolve().rmdir()
    return written
