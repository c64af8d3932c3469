"""`regtrack browse`: tracks folders, in a web browser on this machine."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from regtrack.cli import options
from regtrack.cli.help_page import Command
from regtrack.cli.kinds import Count
from regtrack.errors import ArgumentError

if TYPE_CHECKING:
    from regtrack.browsers.browse import BrowseOptions
    from regtrack.paths import Labelled


def _need_tracks(
    _: click.Context, __: click.Parameter, tracks: tuple[Labelled, ...]
) -> tuple[Labelled, ...]:
    """The folders, or how to come by one."""
    if not tracks:
        raise ArgumentError(
            "tracks",
            "is missing; first: regtrack predict chr1 --out tracks/, then: regtrack browse tracks/",
        )
    return tracks


@click.command(
    cls=Command,
    short_help="Look at tracks in your web browser.",
    examples=(
        "regtrack browse tracks/",
        "regtrack browse mine=a/ other=b/ --region COMT --markers CTCF",
        "regtrack browse tracks/ --region COMT --export comt.html",
    ),
)
@options.tracks_folders(_need_tracks)
@options.markers_shown
@options.region_shown
@options.peaks_shown
@options.clip
@options.reports
@options.genome_shown
@options.genes_shown
@click.option(
    "--export",
    "out",
    type=options.FILE,
    metavar="FOLDER|PAGE.html",
    help="Write the page to a folder, or to one .html file, instead of serving it. A folder has "
    "copies of the tracks, for any web server that answers byte ranges (--markers: only those; "
    "--genome: the whole sequence, too). An .html file has one region (--region) and 30 markers at "
    "most (without --markers, those predicted most clearly there), and opens without a server.",
)
@options.force
@click.option(
    "--port",
    type=Count(1, 65535),
    show_default="8919, or one of those that follow",
    help="Port of this machine (127.0.0.1) to serve the page on.",
)
@click.option(
    "--open/--no-open",
    "opens",
    default=True,
    show_default=True,
    help="Open the page in the browser, where there is a screen.",
)
@click.pass_context
def browse(
    context: click.Context,
    tracks: tuple[Labelled, ...],
    markers: tuple[str, ...],
    region: str | None,
    peaks: Path | None,
    clip: bool,
    report: tuple[Labelled, ...],
    genome: Path | None,
    genes: Path | None,
    out: Path | None,
    force: bool,
    port: int | None,
    opens: bool,
) -> None:
    """Look at tracks folders in your web browser: igv.js and a chooser of markers.

    Several folders, such as those of several models or people, are shown together: the same
    marker of all runs side by side, measured peaks once. A run is called by the name of its folder
    or, written as LABEL=TRACKS, by its label.

    The page finds markers by words, category, cell and target, shows PR AUC beside them, scales
    them from 0 to 1, to each one's high values or by lift, reads out what lies under the
    pointer, goes from peak to peak, and keeps what it shows in its address, so that a link
    restores it. It needs no internet. It is served to this machine only, until Ctrl-C.

    With --genome the sequence is shown, too.

    With --export the page is written, not served: to share it, or to keep it.
    """
    from regtrack.browsers.browse import BrowseOptions

    typed = options.typed(context)
    _check_options(typed, out)
    if out is not None and "genome" not in typed:
        genome = None  # regtrack.toml's is a large file, and need not be the user's to publish
    shown = BrowseOptions(markers, region, report, peaks, genome, genes, clip)
    if out is not None:
        _export(tracks, shown, out, force)
    else:
        _serve(tracks, shown, port, opens)


def _check_options(typed: Collection[str], out: Path | None) -> None:
    """Refuse an option that would do nothing."""
    for name in ("port", "opens") if out is not None else ("force",):
        if name in typed:
            with_or_without = "with" if out is not None else "without"
            raise ArgumentError(name, f"does nothing {with_or_without} --export")


def _serve(
    tracks: tuple[Labelled, ...], shown: BrowseOptions, port: int | None, opens: bool
) -> None:
    from regtrack.browsers.browse import browsing, open_page
    from regtrack.browsers.server import address_of, listening, serve, tunnel_to

    app = browsing(tracks, shown)
    with listening(port) as listener:
        address = address_of(listener)
        paths = ", ".join(str(folder.path) for folder in tracks)
        click.echo(f"{paths}: {address} (Ctrl-C ends it)")
        if not (opens and open_page(address)):
            click.echo(
                f"open that address; for one on another machine, first: {tunnel_to(listener)}"
            )
        with suppress(KeyboardInterrupt):
            serve(app, listener)


def _export(tracks: tuple[Labelled, ...], shown: BrowseOptions, out: Path, force: bool) -> None:
    from regtrack.browsers.export import export_site
    from regtrack.browsers.one_file import export_page
    from regtrack.cli.progress import Progress

    if out.suffix.lower() == ".html":
        click.echo(export_page(tracks, shown, out, force).describe(out))
        return
    with Progress() as progress:
        site = export_site(tracks, shown, out, force, progress)
    click.echo(site.describe(out))
