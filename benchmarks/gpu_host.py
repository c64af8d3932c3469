"""What stands behind a GPU, measured without one: how fast segments are packed and saved.

    python benchmarks/gpu_host.py MODEL GENOME [--markers N] [--blocks N] [--processes N ...]

A stand-in takes the GPU's place: it hands over the segments of a few blocks of GENOME, predicted
beforehand, again and again, as fast as they are taken. So everything that the host does is
measured: shared memory, processes, packing, peaks, saving. Prints, for each number of processes,
segments per second and core, the share of the time that the main thread computes, and peak memory.
"""

from __future__ import annotations

import argparse
import itertools
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from predict import CPU, lengthen, widen
from processes import memory_of

from regtrack.genome.fasta import Genome
from regtrack.genome.intervals import IntervalSet
from regtrack.models.checkpoint import load_network, read_checkpoint
from regtrack.models.inference import for_inference
from regtrack.prediction.blockwork import BlockRecipe, BlockWork
from regtrack.prediction.forward import feed
from regtrack.prediction.gpu_supply import Supply, WorkList
from regtrack.prediction.gpu_work import DeviceResult, predict_on
from regtrack.prediction.job import BlockTask
from regtrack.prediction.segmentation import Segmenter
from regtrack.prediction.settings import PredictionSettings
from regtrack.prediction.shared_buffers import Shape, SharedBuffer
from regtrack.tracks.blocks import BLOCK_LENGTH, Block
from regtrack.tracks.folder import Track
from regtrack.workers import available_cores

CHROM = "chr1"
SETTINGS = PredictionSettings()
RECORDED = 4  # blocks


class StandIn:
    """A device that has predicted all already: `predict_on` drives it as it drives a GPU."""

    def __init__(self, recorded: Sequence[tuple[SharedBuffer, dict[str, Shape]]]) -> None:
        self._recorded = recorded

    def results(self, supply: Supply) -> Iterator[DeviceResult]:
        """Of each work, the segments of the recorded block that it stands for."""
        works = itertools.chain.from_iterable(iter(lambda: supply.take(BLOCK_LENGTH), []))
        for work, (buffer, shapes) in zip(works, itertools.cycle(self._recorded)):
            yield DeviceResult(work, (), buffer.shared(shapes))

    def release(self, result: DeviceResult) -> None:
        """Nothing is filled again."""

    def close(self) -> None:
        """The next measurement needs it, too."""


def record(model: Path, genome: Path) -> list[tuple[SharedBuffer, dict[str, Shape]]]:
    """The segments of some blocks, as a GPU hands them over."""
    network, source, settings = for_inference(load_network(model, CPU)), Genome(genome), SETTINGS
    recorded = []
    for index in range(RECORDED):
        block = Block(CHROM, index)
        segmenter = Segmenter(network.outputs, settings.max_error, settings.floor)
        targets = IntervalSet.of([block.start], [block.end])
        feed(network, source, CHROM, targets, [segmenter])
        segments = segmenter.finish()
        made = {
            "counts": np.diff(segments.offsets)[None],
            "records": segments.records.view("<i4").reshape(-1, 3),
        }
        shapes = {name: Shape(array.dtype.str, array.shape) for name, array in made.items()}
        buffer = SharedBuffer()
        buffer.reserve(shapes)
        for name, array in buffer.arrays(shapes).items():
            array[:] = made[name]
        recorded.append((buffer, shapes))
    return recorded


def works_of(model: Path, genome: Path, scratch: Path, blocks: int) -> list[BlockWork]:
    """The recorded blocks over and over, each time in a folder of their own."""
    checkpoint = read_checkpoint(model)
    tracks = [
        Track.of(marker, threshold)
        for marker, threshold in zip(checkpoint.markers, checkpoint.thresholds, strict=True)
    ]
    recipe = BlockRecipe(
        model=model,
        genome=genome,
        rows=tuple(range(len(tracks))),
        marker_rules=tuple(track.marker_rules(SETTINGS.peak_rules) for track in tracks),
        stride=load_network(model, CPU).context.stride,
        settings=SETTINGS,
        device="cpu",
        blocks=scratch,
    )
    works = []
    for number in range(blocks):
        turn, index = divmod(number, RECORDED)
        folder = scratch / str(turn)
        folder.mkdir(exist_ok=True)
        block = Block(CHROM, index)
        task = BlockTask(block, IntervalSet.of([block.start], [block.end]))
        works.append(BlockWork(replace(recipe, blocks=folder), (task,), (0,), keep_first=False))
    return works


def measure(
    works: Sequence[BlockWork],
    recorded: Sequence[tuple[SharedBuffer, dict[str, Shape]]],
    processes: int,
) -> str:
    """A line of the table; the first works only start the processes."""
    segments = {index: shapes["records"].shape[0] for index, (_, shapes) in enumerate(recorded)}
    warm = 2 * processes + 1
    done = predict_on(StandIn(recorded), WorkList(works), processes)
    for _ in range(warm):
        next(done)
    wall, busy, cpu = time.monotonic(), time.thread_time(), time.process_time()
    peak = memory_of(os.getpid())
    count = sum(segments[work.tasks[0].block.index] for work in done)
    took = time.monotonic() - wall
    share = (time.thread_time() - busy) / took
    own = (time.process_time() - cpu) / took
    return (
        f"{processes:>10}{count / took / 1e6:>14.1f}{count / took / processes / 1e6:>14.1f}"
        f"{share:>14.1%}{own:>14.1%}{peak / 1e9:>10.2f} GB"
    )


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("genome", type=Path)
    parser.add_argument("--markers", type=int, default=919)
    parser.add_argument("--blocks", type=int, default=48)
    parser.add_argument("--processes", type=int, nargs="+", default=[2, available_cores()])
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        wide = widen(given.model, given.markers, scratch / "wide.safetensors")
        long = lengthen(given.genome, RECORDED * BLOCK_LENGTH, scratch / "long.fa")
        recorded = record(wide, long)
        total = sum(shapes["records"].shape[0] for _, shapes in recorded)
        print(
            f"{total / RECORDED / 1e6:.2f} million segments a block of {BLOCK_LENGTH:,} bases x "
            f"{given.markers} markers"
        )
        print(
            f"{'processes':>10}{'M segments/s':>14}{'a process':>14}{'main thread':>14}"
            f"{'this process':>14}{'memory':>13}"
        )
        for processes in given.processes:
            out = scratch / f"with {processes}"
            out.mkdir()
            works = works_of(wide, long, out, given.blocks)
            print(measure(works, recorded, processes), flush=True)
            shutil.rmtree(out)


if __name__ == "__main__":
    main()
