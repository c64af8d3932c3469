"""`regtrack train`: a genome and measured peaks in, one checkpoint out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from regtrack.cli import options
from regtrack.cli.config import Region
from regtrack.training.settings import SCHEDULES, TrainingSettings


@click.command(short_help="Train a network on measured peaks.")
@options.genome
@options.peaks
@click.option(
    "--train",
    "train_regions",
    type=Region(),
    multiple=True,
    required=True,
    help="Region or BED file to train on. Repeatable.",
)
@click.option(
    "--valid",
    "valid_regions",
    type=Region(),
    multiple=True,
    required=True,
    help="Region or BED file to choose the best checkpoint by. Repeatable.",
)
@click.option("--out", type=options.FILE, required=True, help="Checkpoint (.safetensors) to write.")
@click.option(
    "--model",
    "architecture",
    default="dilated",
    show_default=True,
    help="Network; regtrack models lists them.",
)
@options.markers
@click.option(
    "--assembly",
    show_default="name of the FASTA file",
    help="Name of the genome, such as hg19, kept in the checkpoint.",
)
@click.option(
    "--steps",
    type=click.IntRange(min=1),
    default=TrainingSettings.steps,
    show_default=True,
    help="Stop after so many steps.",
)
@click.option(
    "--minutes",
    type=click.FloatRange(min=0, min_open=True),
    default=TrainingSettings.minutes,
    show_default="no limit",
    help="Stop after so many minutes, should that come first.",
)
@click.option(
    "--batch-size",
    type=click.IntRange(min=1),
    default=TrainingSettings.batch_size,
    show_default=True,
    help="Windows per step.",
)
@click.option(
    "--window",
    type=click.IntRange(min=1),
    default=TrainingSettings.window,
    show_default=True,
    help="Bases per window.",
)
@click.option(
    "--learning-rate",
    type=click.FloatRange(min=0, min_open=True),
    default=TrainingSettings.learning_rate,
    show_default=True,
    help="Of Adam.",
)
@click.option(
    "--schedule",
    type=click.Choice(SCHEDULES),
    default=TrainingSettings.schedule,
    show_default=True,
    help="Let the learning rate fall to 0 towards the end, or leave it.",
)
@click.option(
    "--reverse-complement/--forward-only",
    default=TrainingSettings.reverse_complement,
    show_default=True,
    help="Read half of the windows on the other strand, or none.",
)
@click.option(
    "--dropout",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.1,
    show_default=True,
    help="Share of activations dropped.",
)
@click.option(
    "--norm-decay",
    type=click.FloatRange(0, 1),
    default=0.9,
    show_default=True,
    help="Share of the batch-norm statistics that a step keeps.",
)
@click.option(
    "--validate-every",
    type=click.IntRange(min=1),
    default=TrainingSettings.validate_every,
    show_default=True,
    help="Steps between two validations.",
)
@click.option(
    "--seed",
    type=int,
    default=TrainingSettings.seed,
    show_default=True,
    help="Same seed, same steps, same network (on one device).",
)
@options.device
@options.force
def train(
    genome: Path,
    peaks: Path,
    train_regions: tuple[str, ...],
    valid_regions: tuple[str, ...],
    out: Path,
    architecture: str,
    markers: tuple[str, ...],
    assembly: str | None,
    dropout: float,
    norm_decay: float,
    device: str,
    force: bool,
    **settings: Any,
) -> None:
    """Train a network on measured peaks and keep the checkpoint that validates best.

    Ctrl-C ends the training and keeps what was reached; a second one drops it.
    """
    from regtrack.cli.progress import TrainingProgress
    from regtrack.models.device import choose_device, describe_device
    from regtrack.training.trainer import check_out, read_data
    from regtrack.training.trainer import train as run

    chosen = choose_device(device)
    click.echo(f"device: {describe_device(chosen)}", err=True)
    check_out(out, force)
    data = read_data(genome, peaks, train_regions, valid_regions, markers, assembly)
    network_settings = {"dropout": dropout, "norm_decay": norm_decay}
    with TrainingProgress(settings["steps"], settings["minutes"]) as progress:
        result = run(
            data,
            architecture,
            network_settings,
            TrainingSettings(**settings),
            chosen,
            out,
            progress,
        )
    click.echo(f"{out}: best of {result.steps} steps, reached at step {result.best.step}")
    if result.interrupted:
        raise KeyboardInterrupt
