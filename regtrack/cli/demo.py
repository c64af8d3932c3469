"""`regtrack demo`: the whole job, on real data that come with regtrack or on a simulated genome."""

from __future__ import annotations

import time
from pathlib import Path

import click

from regtrack.cli import machine_options, options
from regtrack.cli.help_page import Argument, Command
from regtrack.cli.screen import screen_width
from regtrack.cli.teller import Teller, log, not_around_log
from regtrack.run_summary import RunSummary


@click.command(
    cls=Command,
    short_help="Predict and score real human DNA that comes with regtrack.",
    examples=(
        "regtrack demo",
        "regtrack demo trained/ --train",
    ),
)
@click.argument(
    "folder",
    type=options.FILE,
    default="demo",
    callback=not_around_log,
    cls=Argument,
    says="Folder to write; demo, if none is given.",
)
@click.option(
    "--train",
    is_flag=True,
    help="Instead, simulate a genome with known regulation, train a network on it, predict its "
    "chr1, and score that. Takes minutes.",
)
@machine_options.device
@options.force
@log
def demo(folder: Path, train: bool, device: str, force: bool) -> None:
    """Predict 171 markers on 1.4 million bases of hg19 in FOLDER, and score them against ENCODE.

    Takes about a minute. Sequence, measured peaks and a network, which was trained on other
    stretches, come with regtrack. FOLDER then holds a regtrack.toml, so that in it
    `regtrack predict chr22:20,700,001-20,900,000 --out t` works as it stands.
    """
    from regtrack.cli.progress import Progress
    from regtrack.demo.real_demo import run_real
    from regtrack.demo.simulated_demo import run_simulated

    began = time.monotonic()
    width = screen_width()
    chosen = machine_options.chosen_device(device)
    with Progress() as progress:
        text = (run_simulated if train else run_real)(folder, chosen, force, progress, width)
    said = f"{text}\nThis took {time.monotonic() - began:.0f} s."
    Teller.current().show(RunSummary(said))
