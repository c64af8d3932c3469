"""What the page of `regtrack browse` is made of: its files, and what it knows at first."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import quote

from regtrack.browsers.igv_json import MANY, genome_of
from regtrack.browsers.reference import Reference
from regtrack.browsers.rows import axis_end
from regtrack.browsers.scales import scale_of
from regtrack.browsers.viewable import Viewable
from regtrack.errors import InputError
from regtrack.genome.assemblies import recognise
from regtrack.genome.gene_regions import FLANK, how_to_get_genes
from regtrack.genome.intervals import Interval
from regtrack.genome.markers import OPEN_CHROMATIN
from regtrack.genome.synonyms import synonyms
from regtrack.paths import named
from regtrack.report.palette import css
from regtrack.report.scores_table import PAGE
from regtrack.tracks.folder import Track, TrackSet

_SIZES = "chrom.sizes"
# The page may load things from its own server only. igv.js styles its elements in place
# and draws its icons as data.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; connect-src 'self' data:; font-src 'self' data:; "
    "base-uri 'none'; form-action 'none'"
)
# Of the page; `igv.css` is for inside of igv.js, which keeps its elements apart from the page's.
_PARTS = {
    "page.css": "text/css",
    "igv.css": "text/css",
    "theme.js": "text/javascript",
    "answers.js": "text/javascript",
    "rows.js": "text/javascript",
    "history.js": "text/javascript",
    "readout.js": "text/javascript",
    "keys.js": "text/javascript",
    "heatmap.css": "text/css",
    "ranking.js": "text/javascript",
    "heatmap.js": "text/javascript",
    "page.js": "text/javascript",
}


@dataclass(frozen=True)
class Sequence:
    """A FASTA file and its indexes; `gzi` is None where it is not compressed."""

    fasta: Path
    fai: Path
    gzi: Path | None


@dataclass(frozen=True)
class Site:
    """Every file and text that has an address; no other file is served.

    Parameters
    ----------
    viewable
        The tracks and what is known of them.
    shown
        Tracks that are there when the page opens.
    opens
        Where it opens.
    sequence
        Of the genome; None where only the lengths of its chromosomes are known.
    has_genes
        Whether genes can be shown and searched for.
    """

    viewable: Viewable
    shown: tuple[Track, ...]
    opens: Interval
    sequence: Sequence | None = None
    has_genes: bool = False

    @cached_property
    def files(self) -> Mapping[str, Path]:
        """Every file that is served, by its address, as it lay when this was first read.

        Raises
        ------
        InputError
            When `tracks.json` names a file outside of the folder, or igv.js is not installed.
        """
        tracks = [name for track in self.viewable.trackset.tracks for name in track.files]
        files = {f"/tracks/{name}": self.viewable.file(name) for name in tracks}
        files["/igv.js"] = _igv_js().resolve()
        if self.sequence is not None:
            address = f"/genome/{named(self.sequence.fasta)}"
            files |= {
                address: self.sequence.fasta.resolve(),
                f"{address}.fai": self.sequence.fai.resolve(),
            }
            if self.sequence.gzi is not None:
                files[f"{address}.gzi"] = self.sequence.gzi.resolve()
        return files

    @cached_property
    def texts(self) -> Mapping[str, tuple[str, str]]:
        """Content and media type of what is made in memory, by its address."""
        sizes = self.viewable.trackset.chrom_sizes
        lines = (f"{chrom}\t{size}\n" for chrom, size in sizes.items() if size)
        parts = {f"/{name}": (part(name), kind) for name, kind in _PARTS.items()}
        return parts | {
            "/": (part("page.html"), "text/html"),
            "/colours.css": (css(self.viewable.looks), "text/css"),
            f"/genome/{_SIZES}": ("".join(lines), "text/plain"),
            "/site.json": (json.dumps(self.record), "application/json"),
        }

    @cached_property
    def record(self) -> Mapping[str, Any]:
        """What the page needs to know at first."""
        trackset = self.viewable.trackset
        return {
            "folder": named(self.viewable.folder.resolve()),
            "about": _about(trackset),
            "opens": str(self.opens),
            "flank": FLANK,
            **genome_of(self._reference, lambda path: quote(f"genome/{named(path)}")),
            "predicted": {
                chrom: [int(bases.starts[0]), int(bases.ends[-1])]
                for chrom, bases in self.viewable.predicted.items()
            },
            "trained": bool(self.viewable.trained),
            "where": f"{self.where} More: regtrack predict TBX1 --out FOLDER",
            "genes": self.has_genes,
            "hint": "" if self.has_genes else self._hint,
            "most": MANY,
            "heatmap": True,
            "report": PAGE if self.viewable.report_page else None,
            # Of each, in order, the word that style sheets know it by.
            "categories": {name: look.word for name, look in self.viewable.looks.items()},
            "scored": bool(self.viewable.scores),
            "shown": [track.marker.index for track in self.shown],
            "floor": trackset.settings.get("floor"),
            "signal": trackset.is_signal,
            "markers": [
                marker_record(self.viewable, track) | _addresses(track) for track in trackset.tracks
            ],
        }

    @property
    def where(self) -> str:
        """The text shown at a place without predictions."""
        return (
            "Nothing was predicted here: empty means not known. There are predictions in "
            f"{self.viewable.predicted_stretches}."
        )

    @property
    def _hint(self) -> str:
        command = how_to_get_genes(recognise(self.viewable.trackset.chrom_sizes))
        return f"Type a region, chr1:1,000-2,000. For genes, first: {command}"

    @property
    def _reference(self) -> Reference:
        name = self.viewable.trackset.assembly
        if self.sequence is None:
            return Reference("sizes", name, Path(_SIZES))
        return Reference("fasta", name, self.sequence.fasta, self.sequence.gzi is not None)


def _about(trackset: TrackSet) -> str:
    """The network and the genome: `dilated 8ec64fe4, hg19`."""
    model = trackset.model
    network = f"{model['architecture']} {model['sha256'][:8]}"
    if model["assembly"] == trackset.assembly:
        return f"{network}, {trackset.assembly}"
    return f"{network} of {model['assembly']}, on {trackset.assembly}"


def marker_record(viewable: Viewable, track: Track) -> dict[str, Any]:
    """What the page knows of a marker, whether or not it has its track."""
    marker = track.marker
    scale = scale_of(viewable, track)
    return {
        "index": marker.index,
        "name": marker.name,
        "category": marker.category,
        "cell": marker.cell,
        "target": marker.target,
        "synonyms": (*synonyms(marker.target), *_assays(marker.category, viewable.looks)),
        "treatment": marker.treatment,
        "score": viewable.scores.get(marker.name),
        "threshold": track.threshold,
        "range": track.scale,
        "top": track.top,
        "noPeaks": track.no_peaks,
        "baseRate": scale.base_rate,
        "baseRateOf": scale.base_rate_of,
        "high": axis_end(viewable, track, "marker"),
        "measured": marker.name in viewable.measured,
    }


def _assays(category: str, categories: Collection[str]) -> tuple[str, ...]:
    """Other words that find DNase, where no category is named so: `open chromatin`, `ATAC`."""
    others = {name.casefold() for name in categories}
    return tuple(word for word in OPEN_CHROMATIN if category == "DNase" and word not in others)


def _addresses(track: Track) -> dict[str, str]:
    """Where a marker's files are."""
    return {
        "signal": quote(f"tracks/{track.bigwig}"),
        "peaks": quote(f"tracks/{track.peaks}"),
        "peaksIndex": quote(f"tracks/{track.index}"),
    }


def part(name: str) -> str:
    """Text of a part of the page."""
    return resources.files("regtrack.browsers.page").joinpath(name).read_text(encoding="utf-8")


def _igv_js() -> Path:
    """Where the package igv-notebook keeps igv.js; found without importing it (and IPython).

    Raises
    ------
    InputError
        When it is not installed.
    """
    package = importlib.util.find_spec("igv_notebook")
    places = package.submodule_search_locations if package else None
    path = Path(next(iter(places or ()), "igv_notebook")) / "js" / "igv.min.js"
    if not path.is_file():
        raise InputError(path, "igv.js is missing: pip install 'regtrack[browse]'")
    return path
