"""What the page of `regtrack browse` is made of: its files, and what it knows at first."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import quote

from regtrack.browsers.viewable import Viewable
from regtrack.errors import InputError
from regtrack.genome.intervals import Interval
from regtrack.genome.markers import CATEGORIES
from regtrack.genome.palette import COLOURS, css
from regtrack.tracks.folder import Track

# igv.js needs over a minute for 919 tracks, and nobody sees more than a screenful.
MOST_MARKERS = 30
FEW_MARKERS = 6

Record = dict[str, Any]


@dataclass(frozen=True)
class Site:
    """Every file and text that has an address; no other file can be asked for.

    Parameters
    ----------
    viewable
        The tracks and what is known of them.
    shown
        Tracks that are there when the page opens.
    opens
        Where it opens.
    genome
        FASTA, its `.fai`, and its `.gzi` where it is bgzip; empty for none.
    has_genes
        Whether genes can be shown and searched for.
    """

    viewable: Viewable
    shown: tuple[Track, ...]
    opens: Interval
    genome: tuple[Path, ...] = ()
    has_genes: bool = False

    @cached_property
    def files(self) -> Mapping[str, Path]:
        """Every file that is served, by its address.

        Raises
        ------
        InputError
            When `tracks.json` names a file outside of the folder, or igv.js is not installed.
        """
        folder = self.viewable.folder
        tracks = [name for track in self.viewable.trackset.tracks for name in track.files]
        for name in tracks:
            if not (folder / name).resolve().is_relative_to(folder.resolve()):
                raise InputError(folder / name, "lies outside of the tracks folder; not served")
        return {
            "/igv.js": _igv_js(),
            **{f"/tracks/{name}": folder / name for name in tracks},
            **{f"/genome/{path.name}": path for path in self.genome},
        }

    @cached_property
    def texts(self) -> Mapping[str, tuple[str, str]]:
        """Content and media type of what is made in memory, by its address."""
        sizes = self.viewable.trackset.chrom_sizes
        lines = (f"{chrom}\t{size}\n" for chrom, size in sizes.items())
        return {
            "/": (_part("page.html"), "text/html"),
            "/page.css": (css() + _part("page.css"), "text/css"),
            "/page.js": (_part("page.js"), "text/javascript"),
            "/chrom.sizes": ("".join(lines), "text/plain"),
            "/site.json": (json.dumps(self._record()), "application/json"),
        }

    def _record(self) -> Record:
        """What the page needs to know at first."""
        trackset, shown = self.viewable.trackset, {track.marker.index for track in self.shown}
        genome = {
            {".fai": "indexURL", ".gzi": "compressedIndexURL"}.get(path.suffix, "fastaURL"): (
                quote(f"/genome/{path.name}")
            )
            for path in self.genome
        }
        return {
            "folder": self.viewable.folder.name or str(self.viewable.folder),
            "model": dict(trackset.model),
            "opens": str(self.opens),
            "reference": {"id": trackset.model["assembly"], "name": trackset.model["assembly"]}
            | (genome or {"format": "chromsizes", "fastaURL": "/chrom.sizes"}),
            "genes": self.has_genes,
            "most": MOST_MARKERS,
            "colours": dict(COLOURS),
            "categories": list(CATEGORIES),
            "scored": bool(self.viewable.scores),
            "markers": [self._marker(track, shown) for track in trackset.tracks],
        }

    def _marker(self, track: Track, shown: set[int]) -> Record:
        marker, viewable = track.marker, self.viewable
        return {
            "index": marker.index,
            "name": marker.name,
            "category": marker.category,
            "cell": marker.cell,
            "target": marker.target,
            "treatment": marker.treatment,
            "score": viewable.scores.get(marker.name),
            "threshold": track.threshold,
            "bigwig": quote(f"/tracks/{track.bigwig}"),
            "peaks": quote(f"/tracks/{track.peaks}"),
            "measured": marker.name in viewable.measured,
            "shown": marker.index in shown,
        }


def _part(name: str) -> str:
    return resources.files("regtrack.browsers.page").joinpath(name).read_text(encoding="utf-8")


def _igv_js() -> Path:
    """Where the package igv-notebook keeps igv.js; found without importing it (and IPython).

    Raises
    ------
    InputError
        When it is not installed.
    """
    found = importlib.util.find_spec("igv_notebook")
    places = found.submodule_search_locations if found else None
    path = Path(next(iter(places or ()), "igv_notebook")) / "js" / "igv.min.js"
    if not path.is_file():
        raise InputError(path, "igv.js is missing: pip install igv-notebook")
    return path
