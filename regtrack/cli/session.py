"""`regtrack session`: tracks folders in; sessions of IGV desktop and igv.js beside them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from regtrack.cli import options
from regtrack.cli.help_page import Command
from regtrack.cli.kinds import Named
from regtrack.cli.teller import Teller, as_json
from regtrack.notes import note

if TYPE_CHECKING:
    from regtrack.paths import Labelled


@click.command(
    cls=Command,
    short_help="Write sessions for IGV desktop and igv.js.",
    examples=(
        "regtrack session tracks/",
        "regtrack session tracks/ --markers CTCF --region COMT --report report/",
        "regtrack session small=A/ large=B/ --out igv/",
    ),
)
@options.tracks_folders()
@options.out("Folder of sessions of several TRACKS, such as one beside them.", required=False)
@options.markers
@options.peaks_shown
@options.reports
@click.option(
    "--reference",
    type=Named(),
    metavar="ID|FASTA",
    show_default="the model's assembly where IGV hosts it, else the chromosomes' lengths",
    help="Genome to show: the id of one that IGV hosts (hg19, mm10), or a FASTA file. It is plain "
    "or bgzip, and of the assembly that was predicted.",
)
@options.region_shown
@options.url(
    "Where the folder will be on the web (https://...): igv.json then works from any page."
)
@options.genes
@options.scale
@options.clip
@options.force
@as_json
def session(
    tracks: tuple[Labelled, ...],
    out: Path | None,
    markers: tuple[str, ...],
    peaks: Path | None,
    report: tuple[Labelled, ...],
    reference: str | None,
    region: str | None,
    url: str | None,
    genes: Path | None,
    scale: str,
    clip: bool,
    force: bool,
) -> None:
    """Write sessions of the tracks folder TRACKS into it: igv.xml and igv.json.

    Both show each marker's probability, with a line at the threshold from which its peaks were
    called, its predicted peaks and, with --peaks, its measured ones (written to TRACKS/measured).
    Without --markers, a few of each category, the best ones where a report is known.

    Sessions of several folders, such as those of several models or people, are written into --out:
    the same marker of all runs side by side, measured peaks once. A run is called by the name of
    its folder or, written as LABEL=TRACKS, by its label.

    igv.xml is for IGV desktop: File > Open Session. Its paths are relative to it, so the folder
    can be moved or copied as a whole.

    igv.json is for igv.js: browser.loadSession({url: "igv.json"}). Without --url, its URLs are
    relative to the page that igv.js runs in, not to the file: the page must be served from
    TRACKS. With --url, it works from any page, and in the web app of IGV; the server must answer
    range requests and, to pages of other sites, allow them (CORS).
    """
    from regtrack.browsers.session import SessionOptions, write_sessions

    asked = SessionOptions(markers, peaks, report, reference, region, url, clip, genes, scale, out)
    written = write_sessions(tracks, asked, force)
    for text in written.notes:
        note(text)
    Teller.current().show(written.summary())
