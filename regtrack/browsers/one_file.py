"""The page of one region as one file of HTML, which any browser opens from anywhere."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from regtrack.atomic import write_text
from regtrack.browsers.browse import BrowseOptions, few_enough
from regtrack.browsers.cutting import cut_tracks
from regtrack.browsers.glance import Glance
from regtrack.browsers.igv_json import MANY
from regtrack.browsers.lookup import Lookup
from regtrack.browsers.reference import checked_fasta
from regtrack.browsers.runs import Entry, Runs, opening_of
from regtrack.browsers.saved_answers import saved_answers
from regtrack.browsers.site import Site
from regtrack.browsers.static_page import igv_licence, page_text, static_texts
from regtrack.browsers.viewable import FEW, is_predicted, stretches_text
from regtrack.errors import ArgumentError
from regtrack.folders import check_file, size_text
from regtrack.genome.fasta import BASES, Genome
from regtrack.genome.gene_regions import GeneRegions
from regtrack.genome.genes import Gene
from regtrack.genome.intervals import Interval
from regtrack.listing import counted
from regtrack.paths import Labelled

MOST_BASES = 5_000_000
_SEQUENCE = "genome/region.fa"
# The page loads nothing from anywhere; its scripts are in it.
_POLICY = (
    "default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; img-src data: blob:; "
    "font-src data:; base-uri 'none'; form-action 'none'"
)
_STYLE = re.compile(r'<link rel="stylesheet" href="([^"]+)">')
_SCRIPT = re.compile(r'<script src="([^"]+)"></script>')
_FIRST_OF_BODY = '<script src="igv.js">'
_LETTERS = bytes.maketrans(bytes(range(len(BASES))), BASES.encode())


class ExportedPage(NamedTuple):
    """What was written: number of markers, of others that nobody asked to leave out; and bytes."""

    markers: int
    left_out: int
    region: Interval
    size: int

    def describe(self, out: Path) -> str:
        """For people: what `out` holds, and how many markers it does not."""
        size = size_text(self.size)
        lines = [f"wrote {out}: {counted(self.markers, 'marker')}, {self.region}, {size}; open it"]
        if self.left_out:
            others = counted(self.left_out, "marker")
            lines.append(f"left out: {others}; --markers chooses, a folder holds all")
        return "\n".join(lines)


def export_page(
    folders: Sequence[Labelled], options: BrowseOptions, out: Path, force: bool
) -> ExportedPage:
    """Write the page of one region, with all that it shows in it, complete or not at all.

    Parameters
    ----------
    options
        As for `regtrack.browsers.browse.browsing`; the page holds where it would open, the markers
        that are asked for, and of the genome the sequence there. Without a pattern these are the
        markers that are predicted most clearly there or, without any, those that it would show at
        first.
    force
        Replace a file that is there.

    Raises
    ------
    InputError, ArgumentError
        As `browsing`; when a file is there already, the region is longer than `MOST_BASES`, or
        nothing was predicted in it.
    OSError
        When a file cannot be read or written; what was there is as it was.
    """
    check_file(out, force, "a page")
    whole = Runs.read(folders, options.reports, options.peaks)
    shown = few_enough(whole.chosen(options.markers), "in one file; a folder holds all")
    genes = GeneRegions(options.genes, whole.chrom_sizes)
    region = opening_of(whole, shown, options.region, genes)
    _check_region(whole, region)
    glance = Glance.of(whole, region, options.clip)
    if not options.markers:
        shown = _with_other_runs(whole, glance.predicted(FEW)) or shown
    runs = whole.only(shown)
    site = Site(runs, shown, region, has_genes=bool(genes.genes))
    with tempfile.TemporaryDirectory(prefix="regtrack-page.") as scratch:
        cut = _cut(runs, region, Path(scratch))
        here = [gene for gene in genes.genes if _is_in(gene, region)]
        contents = {
            address[1:]: path.read_bytes()
            for address, path in replace(site, runs=cut).files.items()
            if address.startswith("/tracks/")
        }
        answers = saved_answers(site, cut, Lookup(cut, here), [region], glance.measured.__getitem__)
        contents |= glance.answers
        contents |= {address: text.encode() for address, text in answers}
    changes: dict[str, Any] = {
        "hint": "",  # whoever opens it has no command to type
        "where": f"This page holds {region} only: elsewhere, empty means not known.",
        "predicted": {region.chrom: _ends(cut)},
        "heatmap": glance.record,
        "runs": replace(site, runs=whole).record["runs"],
    }
    if options.genome is not None:
        contents[_SEQUENCE] = _sequence(options.genome, runs, region)
        name = runs.first.trackset.assembly
        changes["reference"] = {"id": name, "name": name, "fastaURL": _SEQUENCE}
    text = _packed(site, contents, static_texts(site, changes))
    write_text(out, text)
    left_out = 0 if options.markers else len(whole.by_name) - len(runs.by_name)
    return ExportedPage(len(runs.by_name), left_out, region, out.stat().st_size)


def _with_other_runs(runs: Runs, entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Those of the same markers in all runs, so many as one file takes; first ones first."""
    names = dict.fromkeys(entry.track.marker.name for entry in entries)
    found = [entry for name in names for entry in runs.by_name[name]][:MANY]
    return tuple(found)


def _cut(runs: Runs, region: Interval, into: Path) -> Runs:
    """The runs with nothing but a region, in folders of their own."""
    cut = []
    for run in runs.runs:
        folder = into / str(run.place)
        folder.mkdir()
        cut.append(replace(run, viewable=cut_tracks(run.viewable, region, folder)))
    return replace(runs, runs=tuple(cut))


def _check_region(runs: Runs, region: Interval) -> None:
    if len(region) > MOST_BASES:
        raise ArgumentError(
            "region",
            f"{region} has {counted(len(region), 'base')}; expected {MOST_BASES:,} at most in "
            f"one file "
            "(a folder holds all)",
        )
    if not is_predicted(runs.predicted, region):
        raise ArgumentError(
            "region",
            f"nothing was predicted in {region}; something was in {stretches_text(runs.predicted)}",
        )


def _is_in(gene: Gene, region: Interval) -> bool:
    return gene.chrom == region.chrom and gene.start < region.end and gene.end > region.start


def _ends(cut: Runs) -> list[int]:
    """First and last, as the page takes them."""
    (bases,) = cut.predicted.values()
    return [int(bases.starts[0]), int(bases.ends[-1])]


def _sequence(fasta: Path, runs: Runs, region: Interval) -> bytes:
    """FASTA of a region, as igv.js takes a part of a chromosome: 1-based, both ends included."""
    genome = Genome(checked_fasta(fasta, runs.first.folder, runs.first.trackset))
    codes = genome.codes(region.chrom, region.start, region.end)
    size = runs.chrom_sizes[region.chrom]
    name = f">{region.chrom}:{region.start + 1}-{region.end} @len={size}\n"
    return name.encode() + codes.tobytes().translate(_LETTERS) + b"\n"


def _packed(site: Site, contents: Mapping[str, bytes], texts: Mapping[str, str]) -> str:
    """The page with its scripts and styles in it, and all that it needs later as base64."""
    scripts: list[str] = []

    def script(match: re.Match[str]) -> str:
        name = match[1]
        text = site.files["/igv.js"].read_text("utf-8") if name == "igv.js" else texts[name]
        # In a string or an expression of JavaScript these are the same; elsewhere they are not.
        text = text.replace("</script", "<\\/script").replace("<!--", "<\\!--")
        scripts.append(base64.b64encode(hashlib.sha256(text.encode()).digest()).decode())
        return f"<script>{text}</script>"

    page = _STYLE.sub(lambda match: f"<style>\n{texts[match[1]]}</style>", page_text(_POLICY))
    later = {name: text.encode() for name, text in texts.items() if not name.endswith(".js")}
    packed = {
        address: base64.b64encode(content).decode()
        for address, content in (later | dict(contents)).items()
    }
    text = json.dumps(packed).replace("<", "\\u003c")  # names of files may be anything
    licence = f"<!-- igv.js:\n{igv_licence().replace('--', '- -')}-->\n"
    data = f'<script type="application/json" id="packed">{text}</script>\n'
    at = page.index(_FIRST_OF_BODY)
    page = _SCRIPT.sub(script, page[:at] + data + licence + page[at:])
    return page.replace("{scripts}", " ".join(f"'sha256-{digest}'" for digest in scripts), 1)
