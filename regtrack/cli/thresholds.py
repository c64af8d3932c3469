"""`regtrack thresholds`: a checkpoint's thresholds, chosen by measured peaks."""

from __future__ import annotations

from pathlib import Path

import click

from regtrack.cli import options
from regtrack.cli.help_page import Argument, Command
from regtrack.cli.kinds import Model
from regtrack.cli.teller import Teller, as_json, log


@click.command(
    cls=Command,
    short_help="Choose a checkpoint's thresholds by measured peaks.",
    examples=(
        "regtrack thresholds mine.safetensors --dataset set/ --out chosen.safetensors",
        "regtrack thresholds deepsea --region chr7 --step 96 --out chosen.safetensors",
    ),
)
@click.argument(
    "model", type=Model(), cls=Argument, says="Checkpoint, or a network by its name: demo, deepsea."
)
@options.out("Copy of the checkpoint to write.")
@options.peaks_or_dataset
@options.scored_regions("the whole genome")
@options.scored_dataset("Score")
@options.scored_split("valid")
@options.scoring
@options.force
@log
@as_json
@click.pass_context
def thresholds(
    context: click.Context,
    model: Path,
    out: Path,
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
    workers: int,
    device: str,
    any_genome: bool,
    force: bool,
) -> None:
    """Write a copy of MODEL that calls each marker's peaks from the threshold of their best F1.

    Use it if the thresholds of MODEL were not chosen by peaks, as those of deepsea (half of its
    published average precisions) and of imported networks, or if you want others. Scores are those
    of regtrack eval MODEL; peaks that were trained on do not count. Do not choose on regions that
    you want to score afterwards, and use the --step of your tracks.
    """
    from regtrack.cli.progress import Progress
    from regtrack.folders import check_file
    from regtrack.prediction.score_job import make_score_job
    from regtrack.prediction.score_model import run_scores
    from regtrack.prediction.thresholds import save_with_thresholds
    from regtrack.report.files import summarise_evaluation
    from regtrack.scoring.request import ScoreRequest
    from regtrack.workspace.networks import tell_of_bundled

    tell_of_bundled(model)
    options.refuse_beside_dataset(context, dataset)
    check_file(out, force, "a checkpoint")
    request = ScoreRequest(
        peaks=peaks,
        regions=regions,
        exclude=exclude,
        markers=markers,
        unknown=unknown,
        clip=clip,
        genes=genes,
        include_training=include_training,
    )
    job = make_score_job(
        *(model, request, dataset, split or "valid"),
        genome=genome,
        step=step,
        device=device,
        any_genome=any_genome,
    )
    with Progress() as progress:
        evaluation = run_scores(job, workers, progress)
    said = save_with_thresholds(model, evaluation, out)
    Teller.current().show(summarise_evaluation(evaluation, f"{said}\nwrote {out}", (out,)))
