"""The page of `regtrack browse` without a server of its own: a folder for any web server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from regtrack.atomic import errors_naming
from regtrack.browsers.browse import BrowseOptions, site_of
from regtrack.browsers.copies import check_room, copy_file
from regtrack.browsers.igv_json import MANY
from regtrack.browsers.lookup import Lookup
from regtrack.browsers.runs import Runs
from regtrack.browsers.saved_answers import saved_answers
from regtrack.browsers.site import POLICY, Site
from regtrack.browsers.static_page import igv_licence, page_text, static_texts
from regtrack.errors import ArgumentError, InputError
from regtrack.folders import check_folder, replacing_folder, size_text
from regtrack.genome.gene_regions import GeneRegions
from regtrack.genome.intervals import Interval
from regtrack.listing import counted
from regtrack.observer import Observer, staged
from regtrack.paths import Labelled

PAGE = "index.html"
_LICENCE = "igv.LICENSE.md"
_RECORD = "site.json"  # a folder that has it is such a page
_HINT = "All markers at a glance: regtrack browse draws that heatmap, this copy has none."
_PICTURES = frozenset((".png", ".pdf", ".svg", ".jpg", ".jpeg", ".gif", ".tif", ".tiff", ".eps"))


class Exported(NamedTuple):
    """What was written: markers, files, and their bytes."""

    markers: int
    files: int
    size: int

    def describe(self, out: Path) -> str:
        """For people: what lies at `out` now, and what to do with it."""
        return (
            f"wrote {out}: {counted(self.markers, 'marker')}, {counted(self.files, 'file')}, "
            f"{size_text(self.size)}\n"
            "copy it to a web server that answers byte ranges, and open its index.html there"
        )


def export_site(
    folders: Sequence[Labelled],
    options: BrowseOptions,
    out: Path,
    force: bool,
    observer: Observer,
) -> Exported:
    """Write the page of some tracks folders, with copies of their tracks, complete or not at all.

    Addresses in it are relative: it works in any folder of a web server that answers byte ranges.

    Parameters
    ----------
    options
        Its markers are those that are taken along; none for all.
    out
        A folder that does not exist yet, or is empty.
    force
        Replace an earlier export.
    observer
        Is told of the bytes of tracks that are copied.

    Raises
    ------
    InputError, ArgumentError
        As `regtrack.browsers.browse.browsing`; when `out` may not be replaced, or the disk has no
        room for the copies.
    OSError
        When a file cannot be read or written; what was there is as it was.
    """
    if out.suffix.lower() in _PICTURES:
        raise ArgumentError(
            "out",
            f"{out} has a picture's name; for one, export {out.with_suffix('.html')}, open it, and "
            "click Save Image",
        )
    check_folder(out, force, _RECORD, "an exported page")
    for folder, _ in folders:
        if folder.resolve().is_relative_to(out.resolve()):
            raise InputError(out, f"the tracks lie in it ({folder}); expected another folder")
    runs = Runs.read(folders, options.reports, options.peaks)
    runs = runs.only(runs.matching(options.markers))
    tracks = runs.entries
    shown = tracks if options.markers and len(tracks) <= MANY else runs.best()
    genes = GeneRegions(options.genes, runs.chrom_sizes)
    site = site_of(runs, shown, genes, options)
    size = check_room(out, site.files.values())
    lookup = Lookup(runs, genes.genes, options.clip)
    with replacing_folder(out, _RECORD) as made:
        with staged(observer, "copying", "B", size):
            for address, path in site.files.items():
                copy_file(path, _place(made, address), observer)
        for address, text in _texts(site, lookup):
            with errors_naming(out):
                _place(made, address).write_text(text, encoding="utf-8")
        files = [path for path in made.rglob("*") if path.is_file()]
        return Exported(len(runs.by_name), len(files), sum(path.stat().st_size for path in files))


def _texts(site: Site, lookup: Lookup) -> Iterator[tuple[str, str]]:
    """Address and content of everything that is not a copied file."""
    yield PAGE, page_text(POLICY)
    yield _LICENCE, igv_licence()
    yield from static_texts(site, {"hint": _HINT, "where": site.where}).items()
    sizes = site.runs.chrom_sizes
    areas = [Interval(chrom, 0, size) for chrom, size in sizes.items() if size]
    yield from saved_answers(site, site.runs, lookup, areas, lookup.measured_peaks.read)


def _place(folder: Path, address: str) -> Path:
    """Where the file of an address lies, in a folder that is there."""
    path = folder / address.lstrip("/")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
