"""`regtrack demo`: the whole job on a small simulated genome."""

from __future__ import annotations

from pathlib import Path

import click

from regtrack.cli import options


@click.command(short_help="Do the whole job on a small simulated genome.")
@click.argument("folder", type=options.FILE, default="regtrack-demo")
@options.device
@options.force
def demo(folder: Path, device: str, force: bool) -> None:
    """Simulate a genome with known regulation in FOLDER, train, predict chr1, evaluate.

    Takes a few minutes. FOLDER then holds a regtrack.toml, so that in it
    `regtrack predict chr1 --out tracks/` works as it stands.
    """
    from regtrack.cli.progress import TrainingProgress
    from regtrack.demo.run import run_demo
    from regtrack.models.device import choose_device, describe_device

    chosen = choose_device(device)
    click.echo(f"device: {describe_device(chosen)}", err=True)
    with TrainingProgress() as progress:
        text = run_demo(folder, chosen, force, progress)
    click.echo(text)
