"""What the page of `regtrack browse` is made of: its files, and what it knows at first."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import quote

from regtrack.browsers.igv_json import MANY, genome_of
from regtrack.browsers.reference import Reference
from regtrack.browsers.runs import Entry, Runs, Stretches
from regtrack.browsers.viewable import Viewable, stretches_text
from regtrack.errors import InputError
from regtrack.genome.assemblies import recognise
from regtrack.genome.gene_regions import FLANK, how_to_get_genes
from regtrack.genome.intervals import Interval, Regions
from regtrack.genome.markers import OPEN_CHROMATIN
from regtrack.genome.synonyms import synonyms
from regtrack.paths import named
from regtrack.report.palette import css
from regtrack.report.scores_table import PAGE

_SIZES = "chrom.sizes"
# What the page says of stretches of the genome, run by run.
_STRETCHES: Mapping[str, Callable[[Viewable], Regions]] = {
    "predicted": lambda viewable: viewable.predicted,
    "trained": lambda viewable: viewable.trained,
    "repeats": lambda viewable: viewable.repeats,
}
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
    "runs.js": "text/javascript",
    "history.js": "text/javascript",
    "readout.js": "text/javascript",
    "keys.js": "text/javascript",
    "heatmap.css": "text/css",
    "ranking.js": "text/javascript",
    "comparison.js": "text/javascript",
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
    runs
        The tracks and what is known of them.
    shown
        Those that are there when the page opens.
    opens
        Where it opens.
    sequence
        Of the genome; None where only the lengths of its chromosomes are known.
    has_genes
        Whether genes can be shown and searched for.
    """

    runs: Runs
    shown: tuple[Entry, ...]
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
        files = {
            f"/{self._folder(entry)}/{name}": entry.run.viewable.file(name)
            for entry in self.runs.entries
            for name in entry.track.files
        }
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
        sizes = self.runs.chrom_sizes
        lines = (f"{chrom}\t{size}\n" for chrom, size in sizes.items() if size)
        parts = {f"/{name}": (part(name), kind) for name, kind in _PARTS.items()}
        return parts | {
            "/": (part("page.html"), "text/html"),
            "/colours.css": (css(self.runs.looks), "text/css"),
            f"/genome/{_SIZES}": ("".join(lines), "text/plain"),
            "/site.json": (json.dumps(self.record), "application/json"),
        }

    @property
    def reports(self) -> Mapping[str, Path | None]:
        """Pages of reports by their address; None where a run has none."""
        pages = {run.place: run.viewable.report_page for run in self.runs.runs}
        if not self.runs.several:
            return {f"/{PAGE}": page for page in pages.values()}
        return {f"/{place}/{PAGE}": page for place, page in pages.items()}

    def stretches(self, kind: str) -> Mapping[str, Stretches]:
        """By their address, what is of a kind of `_STRETCHES`, where runs differ in it."""
        told = self.runs.telling(_STRETCHES[kind])
        return {f"{kind}/{one.place}" if self.runs.several else kind: one for one in told}

    @cached_property
    def record(self) -> Mapping[str, Any]:
        """What the page needs to know at first."""
        runs = self.runs
        return {
            "folder": ", ".join(run.label for run in runs.runs),
            "about": _about(runs),
            "trained": _trained(runs),
            "runs": {
                run.place: {
                    "label": run.label,
                    "network": run.network,
                    "floor": run.viewable.trackset.settings.get("floor"),
                }
                for run in runs.runs
            },
            "opens": str(self.opens),
            "flank": FLANK,
            **genome_of(self._reference, lambda path: quote(f"genome/{named(path)}")),
            "predicted": {
                chrom: [int(bases.starts[0]), int(bases.ends[-1])]
                for chrom, bases in runs.predicted.items()
            },
            "stretches": {
                kind: [
                    {"address": address, "runs": found.labels}
                    for address, found in self.stretches(kind).items()
                ]
                for kind in _STRETCHES
            },
            "where": f"{self.where} More: regtrack predict TBX1 --out FOLDER",
            "genes": self.has_genes,
            "hint": "" if self.has_genes else self._hint,
            "most": MANY,
            "heatmap": True,
            "reports": [
                {"address": address[1:], "run": run.place}
                for run, (address, page) in zip(runs.runs, self.reports.items(), strict=True)
                if page
            ],
            # Of each, in order, the word that style sheets know it by.
            "categories": {name: look.word for name, look in runs.looks.items()},
            "scored": any(run.viewable.scores for run in runs.runs),
            "shown": [entry.number for entry in self.shown],
            "signal": runs.first.trackset.is_signal,
            "markers": [
                marker_record(runs, entry) | self._addresses(entry) for entry in runs.entries
            ],
        }

    def _folder(self, entry: Entry) -> str:
        """Where the files of a track are."""
        return f"tracks/{entry.run.place}" if self.runs.several else "tracks"

    def _addresses(self, entry: Entry) -> dict[str, str]:
        """Where a marker's files are."""
        folder, track = self._folder(entry), entry.track
        return {
            "signal": quote(f"{folder}/{track.bigwig}"),
            "peaks": quote(f"{folder}/{track.peaks}"),
            "peaksIndex": quote(f"{folder}/{track.index}"),
        }

    @property
    def where(self) -> str:
        """The text shown at a place without predictions."""
        return (
            "Nothing was predicted here: empty means not known. There are predictions in "
            f"{stretches_text(self.runs.predicted)}."
        )

    @property
    def _hint(self) -> str:
        command = how_to_get_genes(recognise(self.runs.chrom_sizes))
        return f"Type a region, chr1:1,000-2,000. For genes, first: {command}"

    @property
    def _reference(self) -> Reference:
        name = self.runs.first.trackset.assembly
        if self.sequence is None:
            return Reference("sizes", name, Path(_SIZES))
        return Reference("fasta", name, self.sequence.fasta, self.sequence.gzi is not None)


def _about(runs: Runs) -> str:
    """The networks and the genome: `dilated 8ec64fe4, hg19`."""
    assembly = runs.first.trackset.assembly
    foreign = {
        run.network: run.viewable.trackset.model["assembly"]
        for run in runs.runs
        if run.viewable.trackset.model["assembly"] != assembly
    }
    if not foreign:
        return ", ".join([*dict.fromkeys(run.network for run in runs.runs), assembly])
    networks = dict.fromkeys(
        f"{run.network} of {foreign[run.network]}" if run.network in foreign else run.network
        for run in runs.runs
    )
    return f"{', '.join(networks)}, on {assembly}"


def _trained(runs: Runs) -> str:
    """Whether the networks were trained on what is shown, and of several which."""
    words = {run.label: run.viewable.trained_words for run in runs.runs}
    if len(set(words.values())) == 1:
        return next(iter(words.values()))
    return "; ".join(f"{label}: {said}" for label, said in words.items())


def marker_record(runs: Runs, entry: Entry) -> dict[str, Any]:
    """What the page knows of a marker, whether or not it has its track."""
    viewable, track, marker = entry.run.viewable, entry.track, entry.track.marker
    base_rate = runs.base_rate(entry)
    return {
        "index": entry.number,
        "run": entry.run.place,
        "name": marker.name,
        "category": marker.category,
        "cell": marker.cell,
        "target": marker.target,
        "synonyms": (*synonyms(marker.target), *_assays(marker.category, runs.looks)),
        "treatment": marker.treatment,
        "score": viewable.scores.get(marker.name),
        "threshold": track.threshold,
        "range": track.scale,
        "top": track.top,
        "noPeaks": track.no_peaks,
        "baseRate": base_rate.rate,
        "baseRateOf": base_rate.of,
        "high": runs.axis_end(entry, "marker"),
        "measured": marker.name in runs.measured,
    }


def _assays(category: str, categories: Collection[str]) -> tuple[str, ...]:
    """Other words that find DNase, where no category is named so: `open chromatin`, `ATAC`."""
    others = {name.casefold() for name in categories}
    return tuple(word for word in OPEN_CHROMATIN if category == "DNase" and word not in others)


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
