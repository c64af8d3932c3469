"""The job behind `regtrack browse`: a tracks folder in, a server of its page out."""

from __future__ import annotations

import os
import sys
import webbrowser
from dataclasses import dataclass
from pathlib import Path

from starlette.types import ASGIApp

from regtrack.browsers.igv_json import MANY
from regtrack.browsers.lookup import Lookup
from regtrack.browsers.reference import checked_fasta
from regtrack.browsers.server import make_app
from regtrack.browsers.site import Sequence, Site
from regtrack.browsers.viewable import Viewable, opening_locus
from regtrack.errors import ArgumentError
from regtrack.genome.faidx import make_index
from regtrack.genome.gene_regions import GeneRegions
from regtrack.genome.regions import advice_on
from regtrack.tracks.folder import Track


@dataclass(frozen=True)
class BrowseOptions:
    """The options of `regtrack browse`.

    Parameters
    ----------
    markers
        Patterns of those that are there at first, as `select_markers` takes them; none for a few.
    region
        Where the page opens, as typed (a gene, too); None for the strongest predicted peak.
    report, peaks
        As `Viewable.read`.
    genome
        FASTA, to show the sequence.
    genes
        As `regtrack.genome.gene_regions.GeneRegions` takes its table.
    clip
        As `regtrack.genome.bed.Rules`, for the peaks.
    """

    markers: tuple[str, ...] = ()
    region: str | None = None
    report: Path | None = None
    peaks: Path | None = None
    genome: Path | None = None
    genes: Path | None = None
    clip: bool = False


def browsing(folder: Path, options: BrowseOptions) -> ASGIApp:
    """The application that serves the page of a tracks folder.

    Tables, genes and the genome are read beforehand; tracks and peaks when they are looked at.

    Raises
    ------
    InputError, ArgumentError
        When something cannot be used, or more markers match than can be shown.
    OSError
        When a file cannot be read.
    """
    viewable = Viewable.read(folder, options.report, options.peaks)
    shown = few_enough(viewable.chosen(options.markers), "(on the page, all can be chosen from)")
    genes = GeneRegions(options.genes, viewable.trackset.chrom_sizes)
    site = site_of(viewable, shown, genes, options)
    lookup = Lookup(viewable, genes.genes, options.clip)
    return make_app(site, lookup, lambda text: advice_on(text, genes, one_of_several=True))


def few_enough(tracks: tuple[Track, ...], advice: str) -> tuple[Track, ...]:
    """Tracks that a page can show at once.

    Raises
    ------
    ArgumentError
        When there are too many of them; it ends with the advice.
    """
    if len(tracks) > MANY:
        raise ArgumentError(
            "markers",
            f"match {len(tracks)} markers; {MANY} at most can be shown at once {advice}",
        )
    return tracks


def site_of(
    viewable: Viewable, shown: tuple[Track, ...], genes: GeneRegions, options: BrowseOptions
) -> Site:
    """The page of some tracks; raises what `browsing` does."""
    opens = opening_locus(viewable, shown, options.region, genes)
    sequence = _sequence(options.genome, viewable) if options.genome else None
    return Site(viewable, shown, opens, sequence, has_genes=bool(genes.genes))


def _sequence(fasta: Path, viewable: Viewable) -> Sequence:
    """A FASTA file and its indexes, checked against the genome of the tracks."""
    path = checked_fasta(fasta, viewable.folder, viewable.trackset)
    index = make_index(path)
    return Sequence(path, index.fai, index.gzi)


def open_page(address: str) -> bool:
    """Open a page in the user's browser; False where there is none with a window.

    Browsers that run in the terminal would take it over.
    """
    has_screen = sys.platform == "darwin" or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    return has_screen and webbrowser.open(address)
