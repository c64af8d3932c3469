"""`regtrack eval`: tracks or a model, and measured peaks in; scores and a report out."""

from __future__ import annotations

from pathlib import Path

import click

from regtrack.cli import options
from regtrack.cli.kinds import Model
from regtrack.errors import InputError


@click.command("eval", short_help="Score tracks or a model against measured peaks.")
@click.argument("subject", metavar="TRACKS|MODEL", type=Model())
@options.peaks_or_dataset
@options.scored_regions("all that was predicted, or the whole genome")
@options.scored_dataset("Of a model: score")
@options.scored_split("test")
@options.scoring
@click.option("--out", type=options.FILE, help="Folder for report.html, report.tsv, report.json.")
@options.force
@click.pass_context
def eval_(
    context: click.Context,
    subject: Path,
    peaks: Path | None,
    regions: tuple[str, ...],
    dataset: Path | None,
    split: str | None,
    markers: tuple[str, ...],
    exclude: tuple[Path, ...],
    include_training: bool,
    unknown: tuple[str, ...],
    genes: Path | None,
    clip: bool,
    genome: Path | None,
    step: int | None,
    workers: int | None,
    device: str,
    any_genome: bool,
    out: Path | None,
    force: bool,
) -> None:
    """Score a tracks folder, or a model, against measured peaks.

    Per marker: average precision with its 95% interval, lift over the base rate, trapezoid PR
    AUC, AUROC; more in the report (--out). Means and medians per category.

    TRACKS are scored as they are written, where they were predicted; a base that a track leaves
    out counts as 0. A MODEL is scored by its unrounded predictions, on any regions or on a split
    of a dataset; nothing is written but the report. At a --step of its own, as predict takes it.

    Bases that the model was trained on are left out, where that is known; --include-training scores
    them. A split of a dataset is scored whole, also the one that was trained on.

    What was left out (also N, excluded or unknown bases, markers without peaks) is said. Scoring a
    model keeps counts in the folder for temporary files (TMPDIR): some 30 MB per million bases and
    919 markers, 2 GB at most.
    """
    from regtrack.api.progress import Progress
    from regtrack.report.files import check_out, text_table, write_report
    from regtrack.scoring.evaluate import Asked, evaluate
    from regtrack.workers import available_cores

    _check_options(context, subject, dataset)
    if out is not None:
        check_out(out, force)
    cores = workers or available_cores()
    asked = Asked(peaks, regions, exclude, markers, unknown, clip, genes, include_training)
    with Progress() as progress:
        if subject.is_file():
            from regtrack.prediction.scored import evaluate_model
            from regtrack.workspace.networks import tell_of_bundled

            tell_of_bundled(subject)
            evaluation = evaluate_model(
                subject,
                asked,
                dataset,
                split or "test",
                cores,
                progress,
                genome=genome,
                step=step,
                device=device,
                any_genome=any_genome,
            )
        else:
            evaluation = evaluate(subject, asked, cores, progress)
    click.echo(text_table(evaluation))
    if out is not None:
        click.echo("wrote " + ", ".join(map(str, write_report(evaluation, out))))


# What tracks do not need.
_NOT_WITH_TRACKS = frozenset(("dataset", "split", "step", "device", "any_genome"))


def _check_options(context: click.Context, subject: Path, dataset: Path | None) -> None:
    """Refuse an option that would do nothing; those of regtrack.toml may be for another use."""
    if not subject.exists():
        raise InputError(subject, "no such file or folder; expected tracks or a checkpoint")
    if subject.is_dir():
        options.refuse(context, _NOT_WITH_TRACKS, "is for a model; this is a folder")
    else:
        options.refuse_beside_dataset(context, dataset)
