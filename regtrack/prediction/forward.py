"""The forward pass over any stretch of a chromosome, stitched without seams."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from regtrack.genome.fasta import Genome
from regtrack.genome.intervals import IntervalSet
from regtrack.models.device import exact_arithmetic, memory_advice
from regtrack.models.network import Network
from regtrack.prediction.windows import Window, suited_length, tile


@dataclass(frozen=True)
class Stretch:
    """Probabilities of consecutive bases, all of them asked for.

    Parameters
    ----------
    start
        Position of the first base, 0-based.
    probabilities
        float32 (markers, bases); in memory the markers of a base lie side by side.
    """

    start: int
    probabilities: npt.NDArray[np.float32]


def predict_stretches(
    network: Network,
    genome: Genome,
    chrom: str,
    targets: IntervalSet,
    *,
    window: int | None = None,
    batch_size: int | None = None,
) -> Iterator[Stretch]:
    """Predict the targets of one chromosome, in order, window by window.

    Parameters
    ----------
    network
        In evaluation mode, on the device that is to compute.
    targets
        The bases to predict, usually those that are not N. A stretch never leaves a
        target.
    window
        Bases that the network reads at once, halo included; None suits its context.
    batch_size
        Windows that it reads together; None suits the device: one keeps a CPU's caches
        warm, many keep a GPU busy.

    Raises
    ------
    OptionError
        When the window has no room for a core.
    """
    device = network.output.weight.device
    together = batch_size or (1 if device.type == "cpu" else 16)
    length = window or suited_length(network.context)
    for batch in _batches(tile(targets, network.context, length), together):
        codes = np.stack([genome.codes(chrom, one.start, one.end) for one in batch])
        first = batch[0]
        with exact_arithmetic(), memory_advice("a smaller --batch-size or --window needs less"):
            logits = network(
                torch.from_numpy(codes).to(device, torch.int32),
                first.core_start - first.start,
                first.core_end - first.start,
            )
            probabilities = logits.sigmoid().cpu().numpy()
        for one, core in zip(batch, probabilities, strict=True):
            for start, end in targets.clip(one.core_start, one.core_end):
                yield Stretch(start, core[:, start - one.core_start : end - one.core_start])


def _batches(windows: Iterable[Window], size: int) -> Iterator[list[Window]]:
    """Consecutive windows of one length, at most `size` together."""
    batch: list[Window] = []
    for window in windows:
        if batch and (len(batch) == size or len(window) != len(batch[0])):
            yield batch
            batch = []
        batch.append(window)
    if batch:
        yield batch
