"""Training examples: the sequence and the labels of random windows."""

from __future__ import annotations

import numpy as np

from regtrack.genome.fasta import Codes, Genome, reverse_complement
from regtrack.training.labels import Labels, PeakLabels
from regtrack.training.windows import RandomWindows


class Examples:
    """Draws batches of windows; the same seed draws the same ones.

    Parameters
    ----------
    windows
        Where they may lie, and how long they are.
    both_strands
        Read half of them, drawn at random, on the other strand.
    """

    def __init__(
        self,
        genome: Genome,
        labels: PeakLabels,
        windows: RandomWindows,
        *,
        both_strands: bool,
        seed: int,
    ) -> None:
        self._genome = genome
        self._labels = labels
        self._windows = windows
        self._both_strands = both_strands
        self._random = np.random.default_rng(seed)

    def batch(self, size: int) -> tuple[Codes, Labels]:
        """Draw `size` windows.

        Returns
        -------
        codes
            uint8 (size, length).
        labels
            uint8 (size, markers, length); in memory the markers of a base lie side by
            side, as in the logits.
        """
        codes, labels = zip(*(self._draw() for _ in range(size)), strict=True)
        return np.stack(codes), np.stack(labels).transpose(0, 2, 1)

    def _draw(self) -> tuple[Codes, Labels]:
        """Codes (length,) and labels (length, markers) of one window."""
        chrom, start, end = self._windows.draw(self._random)
        codes = self._genome.codes(chrom, start, end)
        labels = self._labels.spread(chrom, start, end).T
        if self._both_strands and self._random.random() < 0.5:
            return reverse_complement(codes), labels[::-1]
        return codes, labels
