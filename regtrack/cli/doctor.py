"""`regtrack doctor`: what this machine has, what is configured, what is missing."""

from __future__ import annotations

from pathlib import Path

import click

from regtrack.cli import options
from regtrack.cli.config import PROBLEM, find_config
from regtrack.cli.help_page import Command
from regtrack.cli.screen import page


@click.command(
    cls=Command,
    short_help="Say what is configured here, what is missing, and how to get it.",
    examples=(
        "regtrack doctor",
        "regtrack doctor --genome hg38.fa --peaks peaks/",
    ),
)
@options.genome_looked_at
@options.peaks_looked_at
@options.genes_looked_at
@options.exclude
@options.clip
@options.model_looked_at
@options.networks
@click.pass_context
def doctor(
    context: click.Context,
    genome: Path | None,
    peaks: Path | None,
    genes: Path | None,
    exclude: tuple[Path, ...],
    clip: bool,
    model: Path | None,
) -> None:
    """Say what this machine has, what is configured here, and what is missing.

    Every configured file is opened as a command would open it (a genome without an index gets
    one), of the peaks the first. What is missing or wrong comes
    last, with the command that mends it; the exit status is then 1. Options stand for what is
    configured.
    """
    from regtrack.prediction.gpu_probe import usual_device
    from regtrack.workspace.doctor import Configured, examine, report

    config, broken = find_config(Path.cwd()), context.meta.get(PROBLEM, "")
    configured = Configured(config, broken, genome, peaks, genes, model, exclude, clip)
    findings = examine(configured, *usual_device())
    page(report(findings))
    if any(finding.problem for finding in findings):
        context.exit(1)
