"""`regtrack eval`: a tracks folder and measured peaks in, PR AUC out."""

from __future__ import annotations

from pathlib import Path

import click

from regtrack.cli import options
from regtrack.cli.config import Region


@click.command("eval", short_help="Score tracks against measured peaks: PR AUC.")
@click.argument("tracks", type=options.FILE)
@options.peaks
@click.option(
    "--region",
    "regions",
    type=Region(),
    multiple=True,
    show_default="all that was predicted",
    help="Score only here: a region or a BED file. Repeatable.",
)
@options.markers
@click.option("--out", type=options.FILE, help="Folder for report.tsv and report.json.")
@options.force
def eval_(
    tracks: Path,
    peaks: Path,
    regions: tuple[str, ...],
    markers: tuple[str, ...],
    out: Path | None,
    force: bool,
) -> None:
    """Score TRACKS against measured peaks: PR AUC per marker, means per category.

    Only predicted bases count; a base that a track leaves out counts as 0. Markers
    without a measured peak there are listed, not scored.
    """
    from regtrack.cli.progress import Progress
    from regtrack.evaluation.evaluate import evaluate
    from regtrack.evaluation.report import check_out, text_table, write_report

    if out is not None:
        check_out(out, force)
    with Progress() as progress:
        evaluation = evaluate(tracks, peaks, regions, markers, progress)
    click.echo(text_table(evaluation))
    if out is not None:
        click.echo("wrote " + ", ".join(map(str, write_report(evaluation, out))))
