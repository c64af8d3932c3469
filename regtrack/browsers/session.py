"""The job of `regtrack session`: sessions of IGV and igv.js, and the measured peaks they show."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
from regtrack.browsers.rows import SCALES, Row
from regtrack.browsers.runs import Entry, Runs, opening_of
from regtrack.browsers.viewable import is_predicted, stretches_text
from regtrack.errors import ArgumentError, InputError
from regtrack.folders import check_file, replacing_folder
from regtrack.genome.bed_files import BedFiles
from regtrack.genome.gene_regions import GeneRegions
from regtrack.genome.markers import Marker
from regtrack.listing import counted
from regtrack.paths import Labelled
from regtrack.run_summary import RunSummary
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
    paths: Mapping[str, Path],
    markers: Sequence[Marker],
    sizes: Mapping[str, int],
    into: Path,
    clip: bool = False,
) -> dict[str, str]:
    """Write the measured peaks of some markers, merged, on the tracks' chromosomes.

    Files of an earlier choice of markers are gone afterwards.

    Parameters
    ----------
    paths
        Of files of peaks, by name of marker.
    sizes
        Of the tracks' chromosomes, in bases.
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
    files = BedFiles(sizes, clip)
    written = {}
    with replacing_folder(into / FOLDER) as made:
        for marker in markers:
            source = paths.get(marker.name)
            peaks = {} if source is None else files.peaks(source)
            if not peaks:
                continue
            lines = (
                f"{chrom}\t{start}\t{end}\n"
                for chrom in sizes
                if chrom in peaks
                for start, end in peaks[chrom]
            )
            name = f"{marker.slug}.bed.gz"
            write_peaks(made / name, lines, index_suffix(sizes))
            written[marker.name] = f"{FOLDER}/{name}"
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
        As `Runs.chosen`; none stands for a few.
    peaks, reports
        As `Runs.read`.
    reference
        As `find_reference`.
    region
        Where it opens, 1-based, both ends included; None as `opening_of`.
    url
        Where the folder of the sessions will be on the web; None where that is not known.
    clip
        As `regtrack.genome.bed.Rules`, for the peaks.
    genes
        As `regtrack.genome.gene_regions.GeneRegions` takes its table, for the region.
    scale
        Of the signals' axes: one of `SCALES`.
    out
        The folder of sessions of several tracks folders; None for those of one, which lie in it.
    """

    markers: Sequence[str] = ()
    peaks: Path | None = None
    reports: Sequence[Labelled] = ()
    reference: str | None = None
    region: str | None = None
    url: str | None = None
    clip: bool = False
    genes: Path | None = None
    scale: str = SCALES[0]
    out: Path | None = None


@dataclass(frozen=True)
class Sessions:
    """What was written.

    Parameters
    ----------
    text
        For the user: files, and how to open them.
    notes
        What may surprise; a line each.
    written
        The sessions.
    markers
        How many are shown.
    """

    text: str
    notes: tuple[str, ...]
    written: tuple[Path, ...] = ()
    markers: int = 0

    def summary(self) -> RunSummary:
        """The same for programs."""
        return RunSummary(self.text, self.written, {"markers": self.markers})


def write_sessions(folders: Sequence[Labelled], options: SessionOptions, force: bool) -> Sessions:
    """Write `igv.xml` and `igv.json` into a tracks folder, and what they need beside it.

    Of several tracks folders they are written into `options.out`; paths lead from there to these.

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
        When a pattern matches no marker, the URL is none, or several folders have no `out`.
    OSError
        When the folder cannot be written.
    """
    if options.out is None and len(folders) > 1:
        raise ArgumentError(
            "out", "is missing: sessions of several tracks folders have a folder of their own"
        )
    folder = folders[0].path if options.out is None else options.out
    address = _address(folder, options.url)
    runs = Runs.read(folders, options.reports, options.peaks)
    for name in (igv_xml.NAME, igv_json.NAME):
        check_file(folder / name, force, "a session")
    if options.peaks is not None:
        check_measured(folder, force)
    shown = runs.chosen(options.markers)
    genes = GeneRegions(options.genes, runs.chrom_sizes)
    locus = opening_of(runs, shown, options.region, genes)
    whole = replace(runs.first.trackset, chrom_sizes=runs.chrom_sizes)
    reference = find_reference(options.reference, folder, whole)
    check_sizes(reference, runs.chrom_sizes, force)
    igv_xml.check_genome(reference, folder)
    if options.out is not None:
        folder.mkdir(parents=True, exist_ok=True)
    measured = {}
    markers = {
        entry.track.marker.name: replace(entry.track.marker, index=entry.number)
        for entry in reversed(shown)
    }
    if options.peaks is not None:
        of_runs = [markers[name] for name in runs.by_name if name in markers]
        measured = write_measured(runs.measured, of_runs, runs.chrom_sizes, folder, options.clip)
    write_sizes(reference, runs.chrom_sizes)
    rows = _rows(runs, shown, measured, options, folder)
    write_texts(
        {
            folder / igv_xml.NAME: igv_xml.session_xml(rows, reference, locus, folder),
            folder / igv_json.NAME: igv_json.session_json(rows, reference, locus, address),
        }
    )
    notes = _notes(folder, options, len(rows), len(markers), len(measured), reference)
    if not is_predicted(runs.predicted, locus):
        notes.append(
            f"nothing was predicted at {locus}: empty rows mean that nothing is known; something "
            f"was in {stretches_text(runs.predicted)}"
        )
    what = counted(len(markers), "marker")
    if runs.several:
        what += f" of {counted(len(runs.runs), 'run')}"
    return Sessions(
        _text(folder, options, what, len(measured), reference, str(locus)),
        tuple(notes),
        (folder / igv_xml.NAME, folder / igv_json.NAME),
        len(markers),
    )


def _rows(
    runs: Runs,
    shown: Sequence[Entry],
    measured: Mapping[str, str],
    options: SessionOptions,
    folder: Path,
) -> tuple[Row, ...]:
    """Rows of some tracks, in their order; what was measured is below a marker's last one."""
    last = {entry.track.marker.name: entry.number for entry in shown}

    def path(entry: Entry, name: str) -> str:
        if options.out is None:
            return name
        return os.path.relpath(entry.run.viewable.folder.resolve() / name, folder.resolve())

    return tuple(
        Row(
            name=f"{entry.run.label}: {name}" if runs.several else name,
            score=entry.run.viewable.scores.get(name),
            colour=runs.looks[entry.track.marker.category].rgb,
            signal=path(entry, entry.track.bigwig),
            predicted=path(entry, entry.track.peaks),
            measured=measured.get(name) if entry.number == last[name] else None,
            threshold=entry.track.threshold,
            axis_end=runs.axis_end(entry, options.scale),
            scale=entry.track.scale,
            index_suffix=entry.track.index_suffix,
        )
        for entry in shown
        for name in [entry.track.marker.name]
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
    folder: Path,
    options: SessionOptions,
    what: str,
    measured: int,
    reference: Reference,
    locus: str,
) -> str:
    """What was written, and how to open it."""
    page = "from any page" if options.url else f"in a page that is served from {folder}"
    if options.out is not None and not options.url:
        page += ", by a server that has the tracks folders, too"
    files = [igv_xml.NAME, igv_json.NAME]
    if measured:
        files.insert(0, f"{FOLDER}/ ({measured} BED)")
    if reference.kind == "sizes" and reference.path is not None:
        files.insert(0, reference.path.name)
    return (
        f"{what} on {reference.name}, at {locus}\n"
        f"wrote in {folder}: {', '.join(files)}\n"
        f"IGV desktop: File > Open Session... > {folder / igv_xml.NAME}\n"
        f'igv.js: browser.loadSession({{url: "{igv_json.NAME}"}}), {page}'
    )


def _notes(
    folder: Path,
    options: SessionOptions,
    rows: int,
    markers: int,
    measured: int,
    reference: Reference,
) -> list[str]:
    """Notes for the user."""
    notes = []
    if rows > igv_json.MANY:
        what = "markers" if rows == markers else "tracks"
        notes.append(
            f"{igv_json.NAME}: {rows} {what}; igv.js is slow with more than {igv_json.MANY} "
            "(--markers chooses; IGV desktop takes hundreds)"
        )
    if options.peaks is not None and measured < markers:
        notes.append(f"{markers - measured} of {counted(markers, 'marker')} have no measured peaks")
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
