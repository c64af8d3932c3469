"""`regtrack fetch`: genome, genes, measured peaks and regions to exclude, from the web."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from regtrack.cli import options
from regtrack.cli.help_page import Argument, Group
from regtrack.cli.teller import Teller, as_json, log
from regtrack.fetching.settings import FetchSettings
from regtrack.run_summary import RunSummary

if TYPE_CHECKING:
    from pathlib import Path

    from regtrack.fetching.report import Report

F = TypeVar("F", bound=Callable[..., Any])

_assembly = click.argument(
    "assembly", default="hg19", cls=Argument, says="hg19, hg38, mm10, ...; hg19, if none is given."
)


def _shared(command: F) -> F:
    """Options of every `fetch`, in the order in which help lists them."""
    for option in (
        as_json,
        log,
        click.option(
            "--jobs",
            type=click.IntRange(1, 32),
            default=FetchSettings.jobs,
            show_default=True,
            help="Number of downloads at the same time.",
        ),
        click.option(
            "--dry-run",
            is_flag=True,
            help="Only list what would be fetched, how large it is, and where to.",
        ),
        click.option(
            "--offline",
            is_flag=True,
            help="Use no network; check that all files are there and intact.",
        ),
        click.option(
            "--mirror",
            metavar="URL",
            help="Fetch https://host/path from URL/host/path instead.",
        ),
    ):
        command = option(command)
    return command


@click.group(
    cls=Group,
    short_help="Fetch a genome, genes, measured peaks, regions to exclude.",
    examples=(
        "regtrack fetch all",
        "regtrack fetch genome hg38",
        "regtrack fetch peaks --markers CTCF --dry-run",
    ),
)
def fetch() -> None:
    """Fetch a genome, genes, regions to exclude, peaks of the 919 markers, a published network.

    They are kept in the user's cache folder, or in $REGTRACK_CACHE. An interrupted
    download continues. Files that are there are checked, and fetched again only if changed.
    """


@fetch.command(short_help="The sequence, and the chromosomes' lengths.")
@_assembly
@_shared
def genome(assembly: str, **settings: Any) -> None:
    """Fetch the sequence of hg19, hg38, mm10, mm39, or another assembly of UCSC's.

    It is saved as bgzip, with an index; a mammal's takes 0.9 GB.
    """
    _fetch(["genome"], settings, assembly=assembly)


@fetch.command(short_help="The genes of an assembly.")
@_assembly
@click.option(
    "--table",
    type=click.Choice(["refGene", "ncbiRefSeq"]),
    default="refGene",
    show_default=True,
    help="UCSC's alignments of NCBI's curated transcripts, or NCBI's own annotation, which also "
    "has predicted ones. Not every assembly has both.",
)
@_shared
def genes(assembly: str, table: str, **settings: Any) -> None:
    """Fetch the gene table of an assembly (some 8 MB): hg19, hg38, mm10, or another of UCSC's.

    With it, genes are regions: regtrack predict COMT+-50kb; and regtrack browse shows them.
    """
    _fetch(["genes"], settings, assembly=assembly, table=table)


@fetch.command(short_help="The measured peaks of markers.")
@options.markers
@_shared
def peaks(markers: tuple[str, ...], **settings: Any) -> None:
    """Fetch the measured peaks of all 919 markers, or of some.

    Their table, markers.tsv, lists all that were fetched so far.
    """
    _fetch(["peaks"], settings, markers=markers)


@fetch.command(short_help="Regions to leave out of scores and training.")
@_assembly
@_shared
def exclude(assembly: str, **settings: Any) -> None:
    """Fetch ENCODE's excluded regions (blacklist) of hg19, hg38 or mm10.

    There, reads pile up in any cell. Of hg19, unmappable regions are fetched, too.
    """
    _fetch(["exclude"], settings, assembly=assembly)


@fetch.command(short_help="A published network.")
@click.argument(
    "name", required=False, cls=Argument, says="deepsea; without it, what there is is listed."
)
@_shared
def model(name: str | None, **settings: Any) -> None:
    """Fetch a published network and make a checkpoint of it; without NAME, list what there is.

    deepsea predicts the 919 markers for 1,000 bases at a time (Zhou & Troyanskaya 2015; 211 MB,
    CC BY 3.0). From then on, --model deepsea names it.
    """
    from regtrack.workspace.networks import list_models

    if name is None:
        Teller.current().show(RunSummary(list_models()))
        return
    asked = FetchSettings(**settings)

    from regtrack.cli.progress import Progress
    from regtrack.workspace.fetched_network import fetch_model

    with Progress() as progress:
        report, path = fetch_model(name, asked, progress)
    said = f"{path}: predict with --model {name}"
    _tell(report, asked, *(() if asked.dry_run else (said,)), made=(path,))


@fetch.command("all", short_help="Genome, genes, peaks and regions to exclude.")
@_assembly
@_shared
def all_(assembly: str, **settings: Any) -> None:
    """Fetch genome, genes, regions to exclude and, of hg19, the peaks of all 919 markers."""
    from regtrack.fetching.sources import absent, kinds_of

    _fetch(kinds_of(assembly), settings, assembly=assembly)
    if lines := absent(assembly):
        Teller.current().say(lines)


def _fetch(kinds: Sequence[str], settings: dict[str, Any], **choice: Any) -> None:
    asked = FetchSettings(**settings)

    from regtrack.cli.progress import Progress
    from regtrack.fetching.run import fetch as run

    with Progress() as progress:
        report = run(kinds, asked, progress, **choice)
    _tell(report, asked)


def _tell(report: Report, asked: FetchSettings, *more: str, made: Sequence[Path] = ()) -> None:
    """Say what is where, and fail where something is not."""
    from regtrack.fetching.report import (
        describe_failures,
        describe_plan,
        describe_report,
        summarise_report,
    )

    text = describe_plan(report) if asked.dry_run else describe_report(report)
    if said := "\n".join(filter(None, (text, *more))):
        following = () if asked.dry_run or made or report.failed else ("next: regtrack init",)
        Teller.current().show(summarise_report(report, said, made, following))
    if report.failed:
        Teller.current().say(describe_failures(report))
    report.check()
