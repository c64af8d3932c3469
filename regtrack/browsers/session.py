"""The job behind `regtrack session`: a tracks folder in, sessions of IGV and igv.js in it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urljoin, urlsplit

from regtrack.atomic import write_text
from regtrack.browsers import igv_json, igv_xml
from regtrack.browsers.locus import opening_locus
from regtrack.browsers.measured import FOLDER, write_measured
from regtrack.browsers.reference import Reference, find_reference, write_sizes
from regtrack.browsers.rows import rows_of
from regtrack.browsers.viewable import Viewable
from regtrack.errors import InputError, OptionError

FEW = 8  # markers that are shown unless patterns say which


@dataclass(frozen=True)
class Wanted:
    """What a session is to show, as users say it.

    Parameters
    ----------
    markers
        As `Viewable.chosen`; none stands for a few.
    peaks, report
        As `Viewable.read`.
    reference
        As `find_reference`.
    region
        Where it opens, 1-based, both ends included; None as `strongest_locus`.
    url
        Where the tracks folder will be on the web; None where that is not known.
    """

    markers: Sequence[str] = ()
    peaks: Path | None = None
    report: Path | None = None
    reference: str | None = None
    region: str | None = None
    url: str | None = None


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


def write_sessions(folder: Path, wanted: Wanted, force: bool) -> Sessions:
    """Write `igv.xml` and `igv.json` into a tracks folder, and what they need beside it.

    That is `measured/` where there are measured peaks, and `<assembly>.chrom.sizes` where the
    genome is known by its lengths alone. All but the measured peaks is checked before anything is
    written; the sessions come last, each complete or not at all.

    Raises
    ------
    InputError
        When the folder, the table, the report, the reference or the region cannot be used, or
        there is a session already and `force` is not given.
    OptionError
        When a pattern matches no marker, or the URL is none.
    OSError
        When the folder cannot be written.
    """
    address = _address(folder, wanted.url)
    viewable = Viewable.read(folder, wanted.report, wanted.peaks)
    for name in (igv_xml.NAME, igv_json.NAME):
        _check_free(folder / name, force)
    tracks = viewable.chosen(wanted.markers, FEW)
    locus = opening_locus(viewable, tracks, wanted.region)
    reference = find_reference(wanted.reference, folder, viewable.trackset)
    measured = write_measured(viewable, tracks, folder)
    write_sizes(reference, viewable.trackset.chrom_sizes)
    rows = rows_of(viewable, tracks, measured)
    xml = igv_xml.session_xml(rows, reference, locus, folder)
    write_text(folder / igv_xml.NAME, xml)
    write_text(folder / igv_json.NAME, igv_json.session_json(rows, reference, locus, address))
    return Sessions(
        _text(folder, wanted.url, len(rows), len(measured), reference, str(locus)),
        tuple(_notes(folder, wanted, len(rows), len(measured), reference)),
    )


def _check_free(path: Path, force: bool) -> None:
    """Refuse a session that is there already."""
    if path.is_dir():
        raise InputError(path, "is a folder; expected a session, or nothing")
    if os.path.lexists(path) and not force:
        raise InputError(path, "exists already; --force replaces it")


def _address(folder: Path, url: str | None) -> igv_json.Address:
    """What makes URLs of paths: relative to the tracks folder, or where that is on the web.

    Raises
    ------
    OptionError
        Unless `url` is the address of a folder.
    """
    base = None if url is None else urlsplit(url)
    if base and (base.scheme not in ("http", "https") or not base.netloc):
        raise OptionError("--url", f"expected http://... or https://..., got {url!r}")
    if base and (base.query or base.fragment):
        raise OptionError("--url", f"expected the address of a folder, got {url!r}")

    def address(path: str | Path) -> str:
        # A path relative to the folder stays what it is.
        relative = os.path.relpath(folder.resolve() / path, folder.resolve())
        quoted = quote(os.fsencode(relative))
        return quoted if url is None else urljoin(f"{url.rstrip('/')}/", quoted)

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
    folder: Path, wanted: Wanted, markers: int, measured: int, reference: Reference
) -> list[str]:
    """What may surprise a user."""
    notes = []
    if markers > igv_json.MANY:
        notes.append(
            f"{igv_json.NAME}: {markers} markers; igv.js is slow with more than {igv_json.MANY} "
            "(--markers chooses; IGV desktop takes hundreds)"
        )
    if wanted.peaks is not None and measured < markers:
        notes.append(f"{markers - measured} of {markers} markers have no measured peaks")
    path = reference.path
    if path is not None and not path.is_relative_to(folder.resolve()):
        notes.append(
            f"{path} lies outside of {folder}: the sessions find it only while both stay where "
            "they are to each other, igv.js only where a server has both"
        )
    return notes
