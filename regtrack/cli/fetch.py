"""`regtrack fetch`: the genome, the measured peaks and the regions to exclude, from the web."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from regtrack.cli import options
from regtrack.errors import OptionError
from regtrack.fetching.settings import FetchSettings

F = TypeVar("F", bound=Callable[..., Any])


def _shared(command: F) -> F:
    """Options of every `fetch`, in the order in which help lists them."""
    for option in (
        click.option(
            "--jobs",
            type=click.IntRange(1, 32),
            default=FetchSettings.jobs,
            show_default=True,
            help="Downloads at a time.",
        ),
        click.option("--dry-run", is_flag=True, help="Only say what, how much, and where to."),
        click.option(
            "--offline", is_flag=True, help="Ask for nothing; check that all is there and intact."
        ),
        click.option(
            "--mirror",
            metavar="URL",
            help="Ask for https://host/path at URL/host/path instead.",
        ),
    ):
        command = option(command)
    return command


@click.group(short_help="Fetch a genome, measured peaks, regions to exclude.")
def fetch() -> None:
    """Fetch the genome, the measured peaks of the 919 markers, and regions to exclude.

    They are kept in the user's cache folder, or in $REGTRACK_CACHE. What was interrupted goes
    on where it stopped; what is there already is checked, and fetched only if it was changed.
    """


@fetch.command(short_help="The sequence, and the chromosomes' lengths.")
@click.argument("assembly", default="hg19")
@_shared
def genome(assembly: str, **settings: Any) -> None:
    """Fetch the sequence (0.9 GB), make it bgzip, and index it."""
    from regtrack.fetching.sources import ASSEMBLY

    if assembly != ASSEMBLY:
        raise OptionError(
            "ASSEMBLY", f"only {ASSEMBLY} so far, as the peaks are of {ASSEMBLY}; got {assembly}"
        )
    _fetch(["genome"], settings)


@fetch.command(short_help="The measured peaks of markers.")
@options.markers
@_shared
def peaks(markers: tuple[str, ...], **settings: Any) -> None:
    """Fetch the measured peaks of all 919 markers, or of some.

    Their table, markers.tsv, lists all that were fetched so far.
    """
    _fetch(["peaks"], settings, markers)


@fetch.command(short_help="Regions where reads mislead.")
@_shared
def exclude(**settings: Any) -> None:
    """Fetch ENCODE's signal artifacts and unmappable regions."""
    _fetch(["exclude"], settings)


@fetch.command("all", short_help="All of it.")
@_shared
def all_(**settings: Any) -> None:
    """Fetch genome, regions to exclude, and the peaks of all 919 markers."""
    _fetch(["genome", "exclude", "peaks"], settings)


def _fetch(kinds: Sequence[str], settings: dict[str, Any], markers: Sequence[str] = ()) -> None:
    asked = FetchSettings(**settings)

    from regtrack.cli.progress import Progress
    from regtrack.fetching.report import describe_failures, describe_plan, describe_report
    from regtrack.fetching.run import fetch as run

    with Progress() as progress:
        report = run(kinds, asked, progress, markers)
    click.echo(describe_plan(report) if asked.dry_run else describe_report(report))
    if report.failed:
        click.echo(describe_failures(report), err=True)
    report.check()
