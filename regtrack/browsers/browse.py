"""The job behind `regtrack browse`: tracks folders in, a server of their page out."""

from __future__ import annotations

import os
import sys
import webbrowser
from collections.abc import Sequence as Seq
from dataclasses import dataclass
from pathlib import Path

from starlette.types import ASGIApp

from regtrack.browsers.igv_json import MANY
from regtrack.browsers.lookup import Lookup
from regtrack.browsers.reference import checked_fasta
from regtrack.browsers.runs import Entry, Runs, opening_of
from regtrack.browsers.server import make_app
from regtrack.browsers.site import Sequence, Site
from regtrack.errors import ArgumentError
from regtrack.genome.faidx import make_index
from regtrack.genome.gene_regions import GeneRegions
from regtrack.genome.regions import advice_on
from regtrack.paths import Labelled


@dataclass(frozen=True)
class BrowseOptions:
    """The options of `regtrack browse`.

    Parameters
    ----------
    markers
        Patterns of those that are there at first, as `select_markers` takes them; none for a few.
    region
        Where the page opens, as typed (a gene, too); None for the strongest predicted peak.
    reports, peaks
        As `Runs.read`.
    genome
        FASTA, to show the sequence.
    genes
        As `regtrack.genome.gene_regions.GeneRegions` takes its table.
    clip
        As `regtrack.genome.bed.Rules`, for the peaks.
    """

    markers: tuple[str, ...] = ()
    region: str | None = None
    reports: Seq[Labelled] = ()
    peaks: Path | None = None
    genome: Path | None = None
    genes: Path | None = None
    clip: bool = False


def browsing(folders: Seq[Labelled], options: BrowseOptions) -> ASGIApp:
    """The application that serves the page of a tracks folder, or of several side by side.

    Tables, genes and the genome are read beforehand; tracks and peaks when they are looked at.

    Raises
    ------
    InputError, ArgumentError
        When something cannot be used, or more markers match than can be shown.
    OSError
        When a file cannot be read.
    """
    runs = Runs.read(folders, options.reports, options.peaks)
    shown = few_enough(runs.chosen(options.markers), "(on the page, all can be chosen from)")
    genes = GeneRegions(options.genes, runs.chrom_sizes)
    site = site_of(runs, shown, genes, options)
    lookup = Lookup(runs, genes.genes, options.clip)
    return make_app(site, lookup, lambda text: advice_on(text, genes, one_of_several=True))


def few_enough(entries: tuple[Entry, ...], advice: str) -> tuple[Entry, ...]:
    """Tracks that a page can show at once.

    Raises
    ------
    ArgumentError
        When there are too many of them; it ends with the advice.
    """
    if len(entries) > MANY:
        places = {entry.run.place for entry in entries}
        of_runs = f" of {len(places)} runs" if len(places) > 1 else ""
        raise ArgumentError(
            "markers",
            f"match {len(entries)} markers{of_runs}; {MANY} at most can be shown at once {advice}",
        )
    return entries


def site_of(
    runs: Runs, shown: tuple[Entry, ...], genes: GeneRegions, options: BrowseOptions
) -> Site:
    """The page of some tracks; raises what `browsing` does."""
    opens = opening_of(runs, shown, options.region, genes)
    sequence = _sequence(options.genome, runs) if options.genome else None
    return Site(runs, shown, opens, sequence, has_genes=bool(genes.genes))


def _sequence(fasta: Path, runs: Runs) -> Sequence:
    """A FASTA file and its indexes, checked against the genome of the tracks."""
    path = fasta
    for run in runs.runs:
        path = checked_fasta(fasta, run.viewable.folder, run.viewable.trackset)
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
