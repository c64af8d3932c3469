"""The note that a training of a cross-validation is done and tested."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from regtrack.atomic import write_text
from regtrack.crossval.plan import Training
from regtrack.documents import read_json
from regtrack.scoring.cross_scores import Trained

FORMAT_VERSION = 1
TESTED = "tested.json"
COUNTS = "counts"


@dataclass(frozen=True)
class Tested:
    """What `tested.json` says; it is written when all is counted.

    Parameters
    ----------
    dataset, checkpoint
        SHA-256 of the fold's dataset and of the checkpoint.
    blocks
        Number of files of counts.
    """

    format: int
    dataset: str
    checkpoint: str
    blocks: int
    steps: int | None
    best_step: int
    seconds: float | None

    def write(self, folder: Path) -> None:
        """Note that a training is done, complete or not at all."""
        write_text(folder / TESTED, json.dumps(asdict(self), indent=1) + "\n")

    def trained(self, training: Training) -> Trained:
        """The part that is told."""
        return Trained(training.seed, training.fold, self.steps, self.best_step, self.seconds)


def read_tested(folder: Path) -> Tested | None:
    """What is known of a training that is done; None before."""
    try:
        tested = read_json(folder / TESTED, Tested, FORMAT_VERSION)
    except FileNotFoundError:
        return None
    there = all(counts_path(folder, block).is_file() for block in range(tested.blocks))
    return tested if there else None


def counts_path(folder: Path, block: int) -> Path:
    """File of the counts of a block."""
    return folder / COUNTS / f"{block}.counts"
