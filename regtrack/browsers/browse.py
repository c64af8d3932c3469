"""The job behind `regtrack browse`: a tracks folder in, a server of its page out."""

from __future__ import annotations

import os
import sys
import webbrowser
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette

from regtrack.browsers.locus import opening_locus
from regtrack.browsers.lookup import Lookup
from regtrack.browsers.reference import checked_fasta
from regtrack.browsers.server import make_app
from regtrack.browsers.site import FEW_MARKERS, MOST_MARKERS, Site
from regtrack.browsers.viewable import Viewable
from regtrack.errors import OptionError
from regtrack.genome.faidx import check_format, make_index
from regtrack.genome.genes import read_genes


@dataclass(frozen=True)
class Sight:
    """What a user wants to look at.

    Parameters
    ----------
    folder
        The tracks folder.
    markers
        Patterns of those that are there at first, as `select_markers` takes them; none for a few.
    region
        Where the page opens, as typed; None for the strongest predicted peak.
    report, peaks
        As `Viewable.read`.
    genome
        FASTA, to show the sequence.
    genes
        Annotation, as `read_genes` takes it.
    """

    folder: Path
    markers: Sequence[str] = ()
    region: str | None = None
    report: Path | None = None
    peaks: Path | None = None
    genome: Path | None = None
    genes: Path | None = None


def browsing(sight: Sight) -> Starlette:
    """The server's application for a tracks folder; every file is looked at beforehand.

    Raises
    ------
    InputError, OptionError
        When something cannot be used, or more markers are asked for than can be shown.
    OSError
        When a file cannot be read.
    """
    viewable = Viewable.read(sight.folder, sight.report, sight.peaks)
    sizes = viewable.trackset.chrom_sizes
    shown = viewable.chosen(sight.markers, FEW_MARKERS)
    if len(shown) > MOST_MARKERS:
        raise OptionError(
            "--markers",
            f"match {len(shown)} markers; {MOST_MARKERS} at most can be shown at once "
            "(on the page, all can be chosen from)",
        )
    opens = opening_locus(viewable, shown, sight.region)
    genes = read_genes(sight.genes, sizes) if sight.genes else ()
    genome = _sequence(sight.genome, viewable)
    site = Site(viewable, shown, opens, genome, has_genes=bool(genes))
    return make_app(site, Lookup(viewable, genes))


def _sequence(fasta: Path | None, viewable: Viewable) -> tuple[Path, ...]:
    """A FASTA file and its indexes, checked against the genome of the tracks."""
    if fasta is None:
        return ()
    path = checked_fasta(fasta, viewable.folder, viewable.trackset)
    fai, gzi = make_index(path, check_format(path))
    return (path, fai) if gzi is None else (path, fai, gzi)


def open_page(address: str) -> bool:
    """Open a page in the user's browser; False where there is none with a window.

    Browsers that run in the terminal would take it over.
    """
    has_screen = sys.platform == "darwin" or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    return has_screen and webbrowser.open(address)
