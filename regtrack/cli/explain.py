"""`regtrack explain`: checkpoints and a region in, what the networks looked at out."""

from __future__ import annotations

from pathlib import Path

import click

from regtrack.cli import machine_options, options, suggestions
from regtrack.cli.help_page import Argument, Command
from regtrack.cli.kinds import Count, Model, Region
from regtrack.cli.screen import screen_width
from regtrack.cli.teller import Teller, as_json, log
from regtrack.errors import ArgumentError
from regtrack.run_summary import RunSummary
from regtrack.workspace.network_names import is_network_name


@click.command(
    cls=Command,
    short_help="Show which bases a prediction depends on, near and far.",
    examples=(
        "regtrack explain COMT --marker 'K562|CTCF|None' --out looked/",
        "regtrack explain demo chr22 --all --out contexts/",
    ),
)
@click.argument(
    "models",
    metavar="[MODEL]...",
    type=Model(),
    nargs=-1,
    cls=Argument,
    says="Checkpoints, or networks by their names: demo, deepsea. Without one, that of --model.",
)
@click.argument(
    "region",
    type=Region(),
    cls=Argument,
    says="chr22:1,000-2,000 or a gene; with --all or --markers also chr22, all, or a BED file.",
)
@click.option(
    "--marker",
    metavar="NAME",
    shell_complete=suggestions.markers,
    help="One marker, by its name or a pattern that fits it: which bases of REGION it looked at.",
)
@click.option(
    "--all",
    "every",
    is_flag=True,
    help="The effective context of every marker; --markers, instead of it, of some.",
)
@options.model
@options.networks
@options.markers
@options.out("Folder to write.")
@options.genome
@options.peaks_explained
@click.option(
    "--from",
    "begin",
    type=click.Choice(["measured", "predicted"]),
    show_default="measured, where there are any",
    help="Begin with measured peaks (of --peaks), or with what is predicted.",
)
@click.option(
    "--samples",
    type=Count(),
    show_default="16",
    help="Positive bases per marker, at most. With --all or --markers.",
)
@machine_options.device
@options.genes
@options.clip
@options.any_genome
@options.force
@log
@as_json
@click.pass_context
def explain(
    context: click.Context,
    /,
    models: tuple[Path, ...],
    model: Path,
    region: str,
    marker: str | None,
    every: bool,
    markers: tuple[str, ...],
    out: Path,
    genome: Path,
    peaks: Path | None,
    begin: str | None,
    samples: int | None,
    device: str,
    genes: Path | None,
    clip: bool,
    any_genome: bool,
    force: bool,
) -> None:
    """Show what networks looked at: gradients of a marker's logits, back to the bases.

    With --marker, an error of 1 starts from every positive base of REGION. The folder gets the
    norm of its gradient at every base, as a picture with a row per MODEL and as BigWig files, and
    the stretches of sequence that the prediction owes most to, as a table and BED files.

    With --all or --markers, it starts from one positive base at a time: a table and a picture
    say how far away the bases lie that each marker depends on.

    REGION is chr22:1,000-2,000 (1-based, both ends included), or a gene (COMT, with 2 kb on
    each side, or COMT+-50kb); with --all or --markers also chr22, all, or the path of a BED file.
    """
    _check_choice(marker, every, markers, samples)
    models = _networks(context, models, model, region)
    from regtrack.cli.progress import Progress
    from regtrack.explain.run import ExplainRequest, explain_contexts, explain_marker
    from regtrack.workspace.networks import tell_of_bundled

    tell_of_bundled(*models)
    request = ExplainRequest(models, region, genome, peaks, device, any_genome, clip, genes, begin)
    width = screen_width()
    with Progress() as progress:
        if marker is not None:
            table = explain_marker(request, marker, out, force, progress, width)
        else:
            table = explain_contexts(request, markers, samples or 16, out, force, progress, width)
    Teller.current().show(RunSummary(f"{table}\nwrote {out}", (out,), {"networks": len(models)}))


def _networks(
    context: click.Context, models: tuple[Path, ...], model: Path, region: str
) -> tuple[Path, ...]:
    """Networks are named in one way, and a region after them; without names, that of --model."""
    if is_network_name(region):
        raise ArgumentError("region", f"{region} is a network; the region comes last")
    if models:
        options.refuse(context, {"model"}, "does not go with MODEL before the region")
    return models or (model,)


def _check_choice(
    marker: str | None, every: bool, markers: tuple[str, ...], samples: int | None
) -> None:
    """Exactly one of three; what is for two of them only is not given with the third."""
    if (marker is not None) + every + bool(markers) != 1:
        raise ArgumentError(
            "marker",
            "expected exactly one of --marker NAME (which bases of a region one marker looked at), "
            "--all, and --markers PATTERN (how far away all or some markers look)",
        )
    if marker is not None and samples is not None:
        raise ArgumentError("samples", "is for --all and --markers; --marker takes every base")
