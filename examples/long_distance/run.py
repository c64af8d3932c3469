"""Which network finds a motif that needs another one far away? On a genome of known truth.

    python examples/long_distance/run.py [--out FOLDER] [--models NAME ...] [--steps N]

Simulates a genome, prepares a dataset of it, trains each network for as many steps (or
minutes) on the same windows, and scores it on chromosomes that no training saw. The same
command goes on where it was stopped, and trains only what is missing.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from regtrack.atomic import write_text
from regtrack.cli.progress import Progress
from regtrack.datasets.dense import DenseDataset
from regtrack.datasets.folder import open_dataset
from regtrack.datasets.prepare import prepare
from regtrack.datasets.settings import PrepareSettings
from regtrack.demo.grammar import Grammar, Rule
from regtrack.demo.simulate import Simulation, simulate, write_simulation
from regtrack.errors import InputError, RegtrackError
from regtrack.genome.intervals import EMPTY
from regtrack.models.checkpoint import load_network, read_checkpoint
from regtrack.models.device import choose_device
from regtrack.report.plots import plot_bars
from regtrack.training.processes import joined
from regtrack.training.run import TrainingRequest, run_training
from regtrack.training.settings import TrainingSettings
from regtrack.training.validation import score

MODELS = ("cnn7", "dilated", "bi-lstm", "u-net")
DISTANCES = (50, 200, 2_000, 5_000)
WIDTH = 150
GRAMMAR = Grammar(motif_length=24, copies=1, room=24, spacing=800, share=0.3)
# One motif marks the sites of all markers; each marker with a distance wants a partner motif
# of its own. Every motif is a marker, too: who misses a pair has not missed the motifs.
RULES = (
    Rule("site", "TFBS", WIDTH, site="site"),
    *(Rule(f"partner{at}", "TFBS", WIDTH, site=f"partner{at}") for at in DISTANCES),
    *(Rule(f"site+{at}", "Histone", WIDTH, at, "site", f"partner{at}") for at in DISTANCES),
)
# chr1 is only looked at in the end, chr2 trains, chr3 chooses the best checkpoint.
TEST, TRAIN, VALID = "chr1", "chr2", "chr3"
SIZES = {TEST: 1_000_000, TRAIN: 12_000_000, VALID: 400_000}
WINDOW = 20_000
# The same for all networks, also those that have a recipe of their own. The motifs lie on one
# strand only, so the other is not read.
SETTINGS = TrainingSettings(
    steps=6_000,
    batch_size=1,
    learning_rate=0.005,
    warmup=0.0,
    loss_step=1,
    repeats=0.0,
    reverse_complement=False,
    validate_every=500,
    norm_batches=20,
    save_minutes=60,
)
NETWORK = {"dropout": 0.0}


@dataclass(frozen=True)
class Row:
    """A marker of the result.

    Parameters
    ----------
    distance
        Bases between its partner and its peak; None for the motif that does it alone.
    base_rate
        Share of the bases that lie in its peaks: average precision of chance.
    site_rate
        Average precision of calling every site, partner or not.
    average_precision
        Of each network.
    """

    marker: str
    distance: int | None
    base_rate: float
    site_rate: float
    average_precision: Mapping[str, float]


def site_rates(simulation: Simulation, dataset: DenseDataset, split: str) -> list[float]:
    """Average precision, per marker, of somebody who finds every site and sees no partner.

    All stretches around sites come first, in a tie, and hold every peak: the average
    precision is the share of their bases that lies in peaks. N does not count.
    """
    known = dataset.known(split)
    rates = []
    for by_chrom in simulation.sites:
        called = right = 0
        for chrom, where in known.items():
            called += by_chrom[chrom].stretches.intersect(where).bases
            right += by_chrom[chrom].peaks.intersect(where).bases
        rates.append(right / called)
    return rates


def train_missing(request: TrainingRequest, out: Path, force: bool) -> None:
    """Train a network, unless it is there, of the same dataset and settings."""
    if not out.exists() or force:
        with Progress() as progress:
            if run_training(request, out, force, progress).interrupted:
                raise KeyboardInterrupt
        return
    dataset = open_dataset(request.dataset)
    training = read_checkpoint(out).training
    settings = asdict(request.settings.fitted(dataset.task, dataset.window))
    # As a checkpoint keeps them: without what was left open.
    settings = {name: one for name, one in settings.items() if one not in (None, math.inf)}
    if training["dataset"] != dataset.digest or training["settings"] != settings:
        raise InputError(out, "was trained with other settings; --force trains it again")


def compare(
    simulation: Simulation,
    rules: Sequence[Rule],
    dataset: DenseDataset,
    models: Mapping[str, Path],
    device: torch.device,
) -> list[Row]:
    """Score trained networks on the test split, base by base, and say what chance would do."""
    found = {}
    with joined(device, dataset.path) as processes:
        for name, path in models.items():
            found[name] = score(load_network(path, device), dataset, "test", processes).scores()
    rates = site_rates(simulation, dataset, "test")
    known = dataset.known("test")
    bases = sum(where.bases for where in known.values())
    rows = []
    for index, (rule, rate) in enumerate(zip(rules, rates, strict=True)):
        positives = sum(
            simulation.peaks[index].get(chrom, EMPTY).intersect(where).bases
            for chrom, where in known.items()
        )
        scores = {name: some[index].average_precision for name, some in found.items()}
        rows.append(Row(rule.name, rule.distance, positives / bases, rate, scores))
    return rows


def result_table(rows: Sequence[Row]) -> str:
    """The result as TSV."""
    models = list(rows[0].average_precision)
    lines = ["\t".join(("marker", "distance", "base_rate", "site_rate", *models))]
    for row in rows:
        numbers = (row.base_rate, row.site_rate, *row.average_precision.values())
        distance = "" if row.distance is None else str(row.distance)
        lines.append("\t".join((row.marker, distance, *(f"{number:.4f}" for number in numbers))))
    return "\n".join(lines) + "\n"


def plot_result(rows: Sequence[Row], path: Path) -> None:
    """The result as bars: single motifs in the mean, then each distance."""
    far = [row for row in rows if row.distance is not None]
    alone = [row for row in rows if row.distance is None]
    bars = {
        name: [
            sum(row.average_precision[name] for row in alone) / len(alone),
            *(row.average_precision[name] for row in far),
        ]
        for name in rows[0].average_precision
    }
    plot_bars(
        ["motif alone", *(f"partner\n{row.distance:,} bases off" for row in far)],
        bars,
        [1, *(row.site_rate for row in far)],
        "all sites found, partners unseen",
        path,
    )


def run(
    out: Path,
    models: Sequence[str],
    settings: TrainingSettings,
    *,
    sizes: Mapping[str, int] = SIZES,
    window: int = WINDOW,
    seed: int = 1,
    device: str = "auto",
    force: bool = False,
) -> list[Row]:
    """The whole comparison, in a folder."""
    out.mkdir(parents=True, exist_ok=True)
    simulation = simulate(sizes, RULES, GRAMMAR, seed)
    write_simulation(simulation, RULES, out)
    folder = out / "dataset"
    asked = PrepareSettings(
        out / "markers.tsv",
        out / "genome.fa",
        window=window,
        train=[TRAIN],
        valid=[VALID],
        test=[TEST],
        assembly="simulated",
    )
    with Progress() as progress:
        prepare(asked, folder, True, progress)
    paths = {name: out / f"{name}.safetensors" for name in models}
    for name, path in paths.items():
        print(f"{name}:", file=sys.stderr)
        train_missing(TrainingRequest(folder, None, name, NETWORK, settings, device), path, force)
    dataset = open_dataset(folder)
    assert isinstance(dataset, DenseDataset)
    rows = compare(simulation, RULES, dataset, paths, choose_device(device))
    write_text(out / "result.tsv", result_table(rows))
    plot_result(rows, out / "result.png")
    return rows


def main(argv: Sequence[str] | None = None) -> int:
    """Read the command line, run, print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("long-distance"), metavar="FOLDER")
    parser.add_argument("--models", nargs="+", default=MODELS, metavar="NAME")
    parser.add_argument("--steps", type=int, default=SETTINGS.steps, help="per network")
    parser.add_argument("--minutes", type=float, help="per network, in place of steps")
    parser.add_argument("--seed", type=int, default=1, help="of genome and weights")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--force", action="store_true", help="train anew what is there")
    asked = parser.parse_args(argv)
    length = {"steps": asked.steps}
    if asked.minutes is not None:
        length = {"steps": math.inf, "minutes": asked.minutes}
    settings = replace(SETTINGS, seed=asked.seed, **length)
    try:
        rows = run(
            asked.out,
            asked.models,
            settings,
            seed=asked.seed,
            device=asked.device,
            force=asked.force,
        )
    except (RegtrackError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; run the same command again to continue", file=sys.stderr)
        return 130
    print(result_table(rows).expandtabs(14), end="")
    print(f"Made {asked.out}/result.tsv and {asked.out}/result.png", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
