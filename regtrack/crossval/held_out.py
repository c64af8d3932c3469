"""A training while a fold is left out, and what is counted on that fold: done once, and kept."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from regtrack.crossval.tested import COUNTS, FORMAT_VERSION, TESTED, Tested, counts_path
from regtrack.datasets.dense import DenseDataset
from regtrack.datasets.folds import Folds, split_by_fold
from regtrack.errors import InputError
from regtrack.folders import clear, file_sha256
from regtrack.models.checkpoint import load_network, read_checkpoint
from regtrack.scoring.block_counts import add_counts, save_counts
from regtrack.scoring.cross_scores import FoldCounts
from regtrack.scoring.histogram import COARSE, UNROUNDED, Counts, bin_count, coarser
from regtrack.scoring.resampling import BootstrapBlocks
from regtrack.tracks.peaks.called import CALLED_PEAK
from regtrack.training.compare import spent_on
from regtrack.training.counts import CountsByBlock
from regtrack.training.processes import Processes
from regtrack.training.validation import count_blocks

CHECKPOINT = "model.safetensors"

# Blocks of the bootstrap in a fold: those of all folds are drawn together.
_MOST_BLOCKS = 32


def dataset_of(dataset: DenseDataset, folds: Folds, number: int, reach: int) -> DenseDataset:
    """The dataset as one fold's trainings see it: that fold is its test split.

    Raises
    ------
    ArgumentError
        As `split_by_fold`.
    """
    splits = split_by_fold(dataset, folds, number, reach).splits
    content = hashlib.sha256(dataset.digest.encode())
    for split, windows in splits.items():
        content.update(f"{split} {len(windows)}".encode())
        content.update(windows.chrom.tobytes() + windows.start.tobytes())
    return replace(dataset, splits=splits, digest=content.hexdigest())


def count_fold(dataset: DenseDataset, folder: Path, processes: Processes) -> None:
    """Count a trained network's probabilities on the fold, by block, and note that it is done.

    Parameters
    ----------
    dataset
        The fold's: what it calls test is counted.
    folder
        Of the training.
    """
    checkpoint = folder / CHECKPOINT
    blocks = BootstrapBlocks.of(dataset.known("test"), _MOST_BLOCKS)
    (folder / COUNTS).mkdir(exist_ok=True)
    clear((folder / COUNTS).iterdir())
    counts = _SavedCounts(folder, len(dataset.markers), blocks)
    count_blocks(load_network(checkpoint, processes.device), dataset, "test", counts)
    counts.finish()
    best_step = read_checkpoint(checkpoint).training["step"]
    steps, seconds = spent_on(checkpoint.with_suffix(".log.tsv"), best_step)
    tested = Tested(
        FORMAT_VERSION,
        dataset.digest,
        file_sha256(checkpoint),
        len(blocks),
        steps,
        best_step,
        seconds,
    )
    tested.write(folder)


class _SavedCounts(CountsByBlock):
    """Writes the counts of each block into a file, so that those of one are in memory."""

    def __init__(self, folder: Path, markers: int, blocks: BootstrapBlocks) -> None:
        super().__init__(markers, blocks)
        self._folder = folder
        self._at = 0
        self._counts = np.zeros((markers, 2, bin_count(UNROUNDED)), np.uint32)

    def add_counts(self, number: int, counts: npt.NDArray[np.uint32]) -> None:
        """Add what was counted in a block; those before are complete when another begins."""
        if counts.any():
            self._save_until(number)
            self._counts += counts

    def finish(self) -> None:
        """Write the last ones."""
        self._save_until(len(self._blocks))

    def _save_until(self, number: int) -> None:
        """Write the block that was counted, and those up to another that have no known marker."""
        runs = [np.zeros(0, CALLED_PEAK)] * len(self._counts)
        while self._at < number:
            path = counts_path(self._folder, self._at)
            save_counts(path, [self._at], [self._counts], runs)
            self._counts[:] = 0
            self._at += 1


def read_counts(folder: Path, blocks: int, first: int, last: int) -> tuple[Counts, Counts]:
    """Counts of the markers [first, last) on a fold, as `FoldCounts` has them.

    Raises
    ------
    InputError
        When a file is damaged; the next run counts again.
    """
    totals = np.zeros((last - first, 2, bin_count(UNROUNDED)), np.int64)
    by_block = np.zeros((blocks, last - first, 2, bin_count(COARSE)), np.int64)
    try:
        for block in range(blocks):
            path = counts_path(folder, block)
            add_counts(path, first, last, totals, by_block, coarser(UNROUNDED, COARSE))
    except InputError:
        (folder / TESTED).unlink()
        raise
    return totals, by_block


def read_folds_counts(folders: Mapping[Path, int], first: int, last: int) -> FoldCounts:
    """The same of one network on all folds, by folder and its number of blocks."""
    return [read_counts(folder, blocks, first, last) for folder, blocks in folders.items()]
