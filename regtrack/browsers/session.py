"""The job of `regtrack session`: sessions of IGV and igv.js, and the measured peaks they show."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urljoin

from regtrack.atomic import write_texts
from regtrack.browsers import igv_json, igv_xml
from regtrack.browsers.reference import (
    Reference,
    check_sizes,
    find_reference,
    folder_address,
    is_hosted,
    write_sizes,
)
from regtrack.browsers.rows import SCALES, rows_of
from regtrack.browsers.viewable import Viewable, is_predicted, opening_locus
from regtrack.errors import InputError
from regtrack.folders import check_file, replacing_folder
from regtrack.genome.bed_files import BedFiles
from regtrack.genome.gene_regions import GeneRegions
from regtrack.tracks.folder import Track
from regtrack.tracks.peaks.files import index_suffix, write_peaks
from regtrack.work_folders import refuse_foreign

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


@dataclass(frozen=True)
class SessionOptions:
    """The options of a session.

    Parameters
    ----------
    markers
        As `Viewable.chosen`; none stands for a few.
    peaks, report
        As `Viewable.read`.
    reference
        As `find_reference`.
    region
        Where it opens, 1-based, both ends included; None as `opening_locus`.
    url
        Where the tracks folder will be on the web; None where that is not known.
    clip
        As `regtrack.genome.bed.Rules`, for the peaks.
    genes
        As `regtrack.genome.gene_regions.GeneRegions` takes its table, for the region.
    scale
        Of the signals' axes: one of `SCALES`.
    """

    markers: Sequence[str] = ()
    peaks: Path | None = None
    report: Path | None = None
    reference: str | None = None
    region: str | None = None
    url: str | None = None
    clip: bool = False
    genes: Path | None = None
    scale: str = SCALES[0]


@dataclass(frozen=True)
class Sessions:
    """What was written.

    Parameters
    ----------
    text
        For the user: files, and how to open them.
    notes
        What may surprise; a line each.
    """

    text: str
    notes: tuple[str, ...]


def write_sessions(folder: Path, options: SessionOptions, force: bool) -> Sessions:
    """Write `igv.xml` and `igv.json` into a tracks folder, and what they need beside it.

    That is `measured/` where there are measured peaks, and `<assembly>.chrom.sizes` where the
    genome is known by its lengths alone. All but the measured peaks is checked before anything is
    written. These come first, as a whole folder or not at all, the sessions last, each complete or
    not at all.

    Raises
    ------
    InputError
        When the folder, the table, the report, the reference or the region cannot be used, or
        there is a file of these names already and `force` is not given.
    ArgumentError
        When a pattern matches no marker, or the URL is none.
    OSError
        When the folder cannot be written.
    """
    address = _address(folder, options.url)
    viewable = Viewable.read(folder, options.report, options.peaks)
    for name in (igv_xml.NAME, igv_json.NAME):
        check_file(folder / name, force, "a session")
    if options.peaks is not None:
        check_measured(folder, force)
    tracks = viewable.chosen(options.markers)
    genes = GeneRegions(options.genes, viewable.trackset.chrom_sizes)
    locus = opening_locus(viewable, tracks, options.region, genes)
    reference = find_reference(options.reference, folder, viewable.trackset)
    check_sizes(reference, viewable.trackset.chrom_sizes, force)
    igv_xml.check_genome(reference, folder)
    measured = {}
    if options.peaks is not None:
        measured = write_measured(viewable, tracks, folder, options.clip)
    write_sizes(reference, viewable.trackset.chrom_sizes)
    rows = rows_of(viewable, tracks, measured, options.scale)
    write_texts(
        {
            folder / igv_xml.NAME: igv_xml.session_xml(rows, reference, locus, folder),
            folder / igv_json.NAME: igv_json.session_json(rows, reference, locus, address),
        }
    )
    notes = _notes(folder, options, len(rows), len(measured), reference)
    if not is_predicted(viewable.predicted, locus):
        notes.append(
            f"nothing was predicted at {locus}: empty rows mean that nothing is known; something "
            f"was in {viewable.predicted_stretches}"
        )
    return Sessions(
        _text(folder, options.url, len(rows), len(measured), reference, str(locus)), tuple(notes)
    )


def _address(folder: Path, url: str | None) -> igv_json.Address:
    """What makes URLs of paths: relative to the tracks folder, or where that is on the web.

    Raises
    ------
    ArgumentError
        Unless `url` is the address of a folder.
    """
    base = None if url is None else folder_address(url)

    def address(path: str | Path) -> str:
        # A path relative to the folder stays what it is.
        relative = os.path.relpath(folder.resolve() / path, folder.resolve())
        quoted = quote(os.fsencode(relative))
        return quoted if base is None else urljoin(f"{base}/", quoted)

    return address


def _text(
    folder: Path, url: str | None, markers: int, measured: int, reference: Reference, locus: str
) -> str:
    """What was written, and how to open it."""
    page = "from any page" if url else f"in a page that is served from {folder}"
    files = [igv_xml.NAME, igv_json.NAME]
    if measured:
        files.insert(0, f"{FOLDER}/ ({measured} BED)")
    if reference.kind == "sizes" and reference.path is not None:
        files.insert(0, reference.path.name)
    return (
        f"{markers} {'marker' if markers == 1 else 'markers'} on {reference.name}, at {locus}\n"
        f"wrote in {folder}: {', '.join(files)}\n"
        f"IGV desktop: File > Open Session... > {folder / igv_xml.NAME}\n"
        f'igv.js: browser.loadSession({{url: "{igv_json.NAME}"}}), {page}'
    )


def _notes(
    folder: Path, options: SessionOptions, markers: int, measured: int, reference: Reference
) -> list[str]:
    """Notes for the user."""
    notes = []
    if markers > igv_json.MANY:
        notes.append(
            f"{igv_json.NAME}: {markers} markers; igv.js is slow with more than {igv_json.MANY} "
            "(--markers chooses; IGV desktop takes hundreds)"
        )
    if options.peaks is not None and measured < markers:
        notes.append(f"{markers - measured} of {markers} markers have no measured peaks")
    if reference.kind == "hosted" and not is_hosted(reference.name):
        notes.append(
            f"--reference {reference.name}: no such file, so it is taken for the id of a genome; "
            "whether IGV hosts that is not checked"
        )
    path = reference.path
    if path is not None and not path.is_relative_to(folder.resolve()):
        notes.append(
            f"{path} lies outside of {folder}: the sessions find it only while both stay where "
            "they are to each other, igv.js only where a server has both"
        )
    return notes
