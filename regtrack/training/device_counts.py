"""Validation's counts, made where the probabilities lie on a GPU; on a CPU, sinks count."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from regtrack.datasets.dense import DenseDataset
from regtrack.genome.intervals import IntervalSet
from regtrack.models.network import Network
from regtrack.notes import note
from regtrack.prediction.forward import feed
from regtrack.prediction.gpu_probe import gpu_problem
from regtrack.scoring.histogram import UNROUNDED, BinLayout
from regtrack.tracks.peaks.callers import PEAK_BIN, THRESHOLD_RANKS, rank_bins
from regtrack.tracks.peaks.runs import RANK_BITS
from regtrack.training.counts import PeakCounts

Ranks = npt.NDArray[np.uint8]

# Bases at most whose probabilities lie on the device together, should they fit into this share of
# its free memory; at least what is predicted at one time, and a bin.
_MOST_BASES = 1 << 20
_SHARE_OF_MEMORY = 0.5
_LEAST_BASES = 1 << 15

# Pieces whose peaks are still to be called.
_MOST_PENDING = 2


@functools.cache
def counts_there(device: torch.device) -> bool:
    """Whether kernels paint labels and count probabilities on a device; else the CPU does.

    Where a GPU lacks something for that, a note says what.
    """
    if device.type == "cpu":
        return False
    problem = gpu_problem(device)
    if problem is not None:
        note(f"painting labels and counting on the CPU, not on {device}: {problem}")
    return problem is None


class Counts(Protocol):
    """What gets the counts of bases: `BaseCounts`, or of a histogram alone."""

    def spans(self, chrom: str, start: int, end: int, /) -> Iterator[tuple[int, int, int]]:
        """Number, start and end of the parts of some bases that are counted apart."""

    def add_counts(self, number: int, counts: npt.NDArray[np.uint32], /) -> None:
        """Take what was counted in one of them, or in a part of it."""


class _Stretch(NamedTuple):
    """Consecutive bases of the chromosome, and where on the device the first of them lies."""

    start: int
    end: int
    edge: int


class DeviceCounter:
    """Predicts the bases of chromosomes and counts them, on a device; a context manager.

    Parameters
    ----------
    network
        In evaluation mode, on the device, made fast.
    counts
        Gets what was counted, by rising number; all of it at the end of the context.
    peaks
        Gets how many thresholds are reached, to call peaks; None calls none. It does so in another
        thread, behind the device.
    """

    def __init__(
        self, network: Network, dataset: DenseDataset, counts: Counts, peaks: PeakCounts | None
    ) -> None:
        from regtrack.prediction import device_counting  # noqa: PLC0415 - needs Triton

        self._kernels = device_counting
        self._network, self._dataset = network, dataset
        self._counts, self._peaks = counts, peaks
        markers, device = len(dataset.markers), network.device
        bases = _bases_at_once(markers, device)
        self._values = torch.empty(bases, markers, dtype=torch.float32, device=device)
        self._layout = BinLayout.of(UNROUNDED)
        # What was counted so far of the part that is being read.
        self._number = 0
        shape = (markers, 2, self._layout.total)
        self._part = torch.zeros(shape, dtype=torch.int32, device=device)
        self._begin("")
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._pending: deque[Future[None]] = deque()

    def __enter__(self) -> DeviceCounter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._settle()
                self._wait(0)
        finally:
            self._thread.shutdown(cancel_futures=True)

    def count(self, chrom: str, targets: IntervalSet) -> None:
        """Predict and count some bases of a chromosome."""
        self._begin(chrom)
        feed(self._network, self._dataset.genome, chrom, targets, (), self._place)
        self._flush(0)
        if self._peaks:
            self._call(self._peaks.end, chrom, targets)

    def _begin(self, chrom: str) -> None:
        self._chrom = chrom
        self._used = 0
        self._stretches: list[_Stretch] = []

    def _place(self, start: int, bases: int) -> Tensor:
        """Where the probabilities of the next bases are written to."""
        if self._used + bases > len(self._values):
            last = self._stretches[-1]
            # A bin that goes on is counted when all of it is there.
            self._flush(min(start % PEAK_BIN, start - last.start) if last.end == start else 0)
        first, self._used = self._used, self._used + bases
        if self._stretches and self._stretches[-1].end == start:
            last = self._stretches[-1]
            self._stretches[-1] = last._replace(end=start + bases)
        else:
            self._stretches.append(_Stretch(start, start + bases, first))
        return self._values[first : self._used]

    def _flush(self, kept: int) -> None:
        """Count all bases that were placed but the last ones, which are kept."""
        if not self._stretches:
            return
        values = self._values[: self._used - kept]
        *before, last = self._stretches
        ended = last._replace(end=last.end - kept)
        stretches = [*before, ended] if ended.end > ended.start else before
        if stretches:
            self._count(values, stretches)
        if kept:
            self._values[:kept] = self._values[len(values) : self._used].clone()
        self._used = kept
        self._stretches = [_Stretch(ended.end, last.end, 0)] if kept else []

    def _count(self, values: Tensor, stretches: list[_Stretch]) -> None:
        kernels, labels = self._kernels, self._dataset.labels
        scored = kernels.ScoredValues(values, range(values.shape[1]))
        parts = [
            (first - start + edge, last - start + edge, number)
            for start, end, edge in stretches
            for number, first, last in self._counts.spans(self._chrom, start, end)
        ]
        numbers = sorted({number for *_, number in parts})
        peaks = []
        for start, end, edge in stretches:
            marker, starts, ends = labels.rows_within(self._chrom, start, end)
            peaks.append(np.column_stack((marker, starts - start + edge, ends - start + edge)))
        painted = torch.from_numpy(np.concatenate(peaks)).to(values.device)
        counted = kernels.count_on_device(
            scored,
            kernels.paint_labels(*values.shape, painted),
            labels.known_markers(self._chrom)[None],
            np.array([(first, last, numbers.index(number), 0) for first, last, number in parts]),
            len(numbers),
            self._layout,
        )
        for number, of_part in zip(numbers, counted, strict=True):
            if number != self._number:
                self._settle()
                self._number = number
            self._part += of_part
        if self._peaks:
            self._rank(self._peaks, scored, stretches)

    def _rank(self, peaks: PeakCounts, scored: object, stretches: list[_Stretch]) -> None:
        """Have the peaks of some bases called."""
        bins = [rank_bins(start, end) - start + edge for start, end, edge in stretches]
        markers = self._values.shape[1]
        ranks = self._kernels.rank_on_device(
            scored,  # type: ignore[arg-type]
            np.concatenate(bins),
            THRESHOLD_RANKS,
            RANK_BITS,
            np.full(markers, np.inf, np.float32),  # markers have no thresholds of their own yet
        )
        arrived = _copied(ranks)

        def call() -> None:
            done, of_all = 0, arrived()
            for (start, end, _), of_stretch in zip(stretches, bins, strict=True):
                behind = done + len(of_stretch)
                peaks.add_ranks(start, end, of_all[done:behind])
                done = behind

        self._call(call)

    def _settle(self) -> None:
        """Hand over what was counted of a part."""
        counts: npt.NDArray[np.int32] = self._part.cpu().numpy()
        self._counts.add_counts(self._number, counts.view(np.uint32))
        self._part.zero_()

    def _call(self, function: Callable[..., None], *arguments: object) -> None:
        """Have something done behind what was asked for before, and do not wait for it."""
        self._wait(_MOST_PENDING)
        self._pending.append(self._thread.submit(function, *arguments))

    def _wait(self, most: int) -> None:
        """Wait until so many calls are left; raise what they raised."""
        while len(self._pending) > most:
            self._pending.popleft().result()


def _copied(tensor: Tensor) -> Callable[[], Ranks]:
    """Begin to copy a tensor to this machine; the array, once it is there."""
    if not tensor.is_cuda:
        return tensor.numpy
    with torch.cuda.device(tensor.device):
        here = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
        here.copy_(tensor, non_blocking=True)
        arrival = torch.cuda.Event()  # type: ignore[no-untyped-call]
        arrival.record()

    def arrived() -> Ranks:
        arrival.synchronize()
        return here.numpy()

    return arrived


def _bases_at_once(markers: int, device: torch.device) -> int:
    """How many bases' probabilities, and labels, the device can hold."""
    if device.type == "cpu":  # the kernels are tested on one, in Triton's interpreter
        return _MOST_BASES
    torch.cuda.empty_cache()  # what training had is needed again only afterwards
    free, _ = torch.cuda.mem_get_info(device)
    fitting = int(free * _SHARE_OF_MEMORY) // (markers * (torch.float32.itemsize + 1))
    return max(_LEAST_BASES, min(_MOST_BASES, fitting))
