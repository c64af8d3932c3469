"""`regtrack train`: a dataset in, one checkpoint out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from regtrack.cli import machine_options, options, training_options
from regtrack.cli.help_page import Argument, Command
from regtrack.cli.network_options import network_settings, split_settings
from regtrack.cli.teller import Teller, as_json, log
from regtrack.cli.training_options import read_settings, training_settings
from regtrack.paths import shell_word
from regtrack.run_summary import RunSummary


@click.command(
    cls=Command,
    short_help="Train a network on a dataset.",
    examples=(
        "regtrack train dataset/ --out mine.safetensors",
        "regtrack train dataset/ --out mine.safetensors --model cnn3 --minutes 30",
        "torchrun --nproc-per-node 4 -m regtrack train dataset/ --out mine.safetensors",
    ),
)
@click.argument(
    "dataset", type=options.FILE, cls=Argument, says="Folder that regtrack prepare made."
)
@training_options.architecture
@options.networks
@options.out("Checkpoint (.safetensors) to write.")
@options.genome_of_dataset
@training_settings()
@network_settings
@click.option(
    "--tensorboard", type=options.FILE, help="Folder for a log that TensorBoard shows, too."
)
@machine_options.device
@options.force_over_unfinished
@log
@as_json
def train(
    dataset: Path,
    architecture: str | None,
    out: Path,
    genome: Path | None,
    tensorboard: Path | None,
    device: str,
    force: bool,
    **values: Any,
) -> None:
    """Train a network on DATASET and keep the checkpoint that validates best.

    A log is written beside it, as a table and a plot. If a training was killed, or ended by Ctrl-C
    or SIGTERM, give the same command again, and it continues; --steps, --epochs, --minutes,
    --patience, --learning-rate and --schedule may then be changed.

    Several GPUs or machines, with torchrun or Slurm's srun:
    torchrun --nproc-per-node 4 -m regtrack train DATASET --out FILE --batch-size 8
    """
    from regtrack.cli.progress import Progress
    from regtrack.training.run import TrainingRequest, run_training

    network, rest = split_settings(values)
    request = TrainingRequest(
        dataset, genome, architecture, network, read_settings(rest), device, tensorboard
    )
    with Progress() as progress:
        result = run_training(request, out, force, progress)
    said = result.describe()
    if result.stopped_by:
        Teller.current().show(RunSummary(said))
        raise result.stopped_by(result.reached)
    if said:
        Teller.current().show(result.summary([_following(out, architecture)]))


def _following(out: Path, architecture: str | None) -> str:
    from regtrack.models.named_code import files_in

    own = "".join(f" --networks {shell_word(file)}" for file in files_in([architecture or ""]))
    return f"predict with it: regtrack predict REGION --model {shell_word(out)}{own} --out tracks/"
