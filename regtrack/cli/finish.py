"""`regtrack finish`: from the shards of a planned job to tracks, or to a report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from regtrack.cli import machine_options, options, shard_options
from regtrack.cli.eval import show_report
from regtrack.cli.help_page import Argument, Command
from regtrack.cli.teller import Teller, as_json, log, not_around_log
from regtrack.run_summary import RunSummary
from regtrack.work_folders import made_by

if TYPE_CHECKING:
    from regtrack.prediction.planned_job import Here
    from regtrack.shares import Share


@click.command(
    cls=Command,
    short_help="Combine the shards of a job into its output.",
    examples=(
        "regtrack finish tracks/",
        "regtrack finish tracks/ --shard 1/8",
    ),
)
@click.argument(
    "out",
    metavar="OUT",
    type=options.FILE,
    callback=not_around_log,
    cls=Argument,
    says="Folder that the job was planned for.",
)
@shard_options.share_of_files
@shard_options.model_of_plan
@options.networks
@shard_options.genome_of_plan
@machine_options.workers
@shard_options.verify
@options.force
@log
@as_json
def finish(
    out: Path,
    shard: Share | None,
    model: Path | None,
    genome: Path | None,
    workers: int,
    verify: bool,
    force: bool,
) -> None:
    """Combine finished shards into the folder OUT.

    Says which shards are missing, if any are. Of tracks, --shard K/N writes the files of some
    markers, so that several processes share them; without it, this writes what is left, and
    gives the folder its name. OUT may also be typed as OUT.partial.
    """
    out = made_by(out)
    if shard_options.is_delivered(out):
        return
    from regtrack.prediction.planned_job import Here

    # No network is run; and what was predicted is as it is, whatever this processor is.
    here = Here("cpu", True, model, genome, verify)
    if shard is not None:
        _write_share(out, shard, here, workers)
    else:
        _finish(out, here, workers, force)


def _write_share(out: Path, share: Share, here: Here, workers: int) -> None:
    from regtrack.cli.progress import Progress
    from regtrack.prediction.shards import write_share

    with Progress() as progress:
        done = write_share(out, share, here, workers, progress)
    shard_options.tell_part(done, share, out)


def _finish(out: Path, here: Here, workers: int, force: bool) -> None:
    from regtrack.cli.progress import Progress
    from regtrack.prediction.shards import finish as finish_job
    from regtrack.report.scores_table import PAGE
    from regtrack.tracks.describe import summarise_written
    from regtrack.tracks.folder import TrackSet

    with Progress() as progress:
        made = finish_job(out, here, workers, progress, force)
    if isinstance(made, TrackSet):
        scored = (out / PAGE).exists()
        known = options.knows_peaks(click.get_current_context())
        Teller.current().show(
            summarise_written(made, out, genes=None, is_scored=scored, can_score=known)
        )
    elif made is not None:
        show_report(made, out)
    else:
        Teller.current().show(RunSummary(f"{out}: finished", (out,)))
