"""`regtrack hub`: tracks folders in, a UCSC track hub out; or a hub in, its mistakes out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from regtrack.cli import machine_options, options
from regtrack.cli.help_page import Command
from regtrack.cli.teller import Teller, as_json, log
from regtrack.errors import ArgumentError
from regtrack.run_summary import RunSummary

if TYPE_CHECKING:
    from regtrack.paths import Labelled


@click.command(
    cls=Command,
    short_help="Make a track hub of tracks, for the UCSC browser.",
    examples=(
        "regtrack hub tracks/ --url https://example.org/t --email me@example.org",
        "regtrack hub a/ b/ --out h/ --url https://example.org/h --email me@example.org",
        "regtrack hub tracks/ --check",
    ),
)
@options.tracks_folders()
@options.out(
    "Folder of a hub of several TRACKS. It then has links to their BigWig files (copies on "
    "another disk).",
    required=False,
)
@options.url("Where the folder of the hub, TRACKS or --out, will be on the web.")
@click.option("--email", metavar="ADDRESS", help="Address for questions of the hub's users.")
@click.option(
    "--style",
    type=click.Choice(["faceted", "composite"]),
    default="faceted",
    show_default=True,
    help="How markers are listed: in one table to search, or in a matrix for each category. The "
    "matrices, of cells and targets, are known to older browsers, too.",
)
@options.assembly("The genome's name at UCSC, such as hg19.", "that of the model")
@options.scale
@options.markers
@options.reports
@machine_options.workers
@options.force
@log
@as_json
@click.option("--check", is_flag=True, help="Check a hub that is there; write nothing.")
@click.pass_context
def hub(
    context: click.Context,
    tracks: tuple[Labelled, ...],
    out: Path | None,
    url: str | None,
    email: str | None,
    style: str,
    assembly: str | None,
    scale: str,
    markers: tuple[str, ...],
    report: tuple[Labelled, ...],
    workers: int,
    force: bool,
    check: bool,
) -> None:
    """Make a UCSC track hub of the folder TRACKS, in it: hub.txt and hub/.

    Of several folders, such as those of several models or people, one hub is made in the folder
    --out: the same marker of all runs side by side, and the run as one more column to filter by.
    A run is called by the name of its folder or, written as LABEL=TRACKS, by its label.

    Copy the whole folder to BASE, on a web server that answers byte ranges (nearly all do), and
    open the address that is printed. A few markers are shown at first: the best scored ones of
    each category. Markers without called peaks have no track of peaks. A line across each signal is
    the threshold from which its peaks were called.

    With --check, TRACKS is the folder of a hub, or the path of a hub.txt. This checks the rules of
    UCSC's format, also those that UCSC's own hubCheck skips: labels, parents, the table of the
    tracks, and every file. It prints a line for each broken rule; the exit status is then 1.
    """
    _check_options(context, check)
    if check:
        _check_hubs(tracks)
        return
    from regtrack.browsers.hub import summarise_hub, write_hub
    from regtrack.browsers.hub_plan import HubOptions
    from regtrack.cli.progress import Progress

    settings = HubOptions(url or "", email or "", style, scale, assembly, markers, report, out)
    with Progress() as progress:
        written = write_hub(tracks, settings, workers, force, progress)
    Teller.current().show(summarise_hub(written))


def _check_hubs(folders: tuple[Labelled, ...]) -> None:
    from regtrack.browsers.hub_check import check_hub

    for folder in folders:
        checked = check_hub(folder.path)
        Teller.current().show(RunSummary(checked.text))
        checked.check()


def _check_options(context: click.Context, check: bool) -> None:
    """Refuse an option that would do nothing, and to go without one that is needed."""
    if check:
        options.refuse(context, options.typed(context) - {"check"}, "does nothing with --check")
        return
    for name in ("url", "email"):
        if not context.params[name]:
            raise ArgumentError(name, "is missing; --check alone does without")
