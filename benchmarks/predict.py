"""`regtrack predict` end to end, by stage, and beside what one would write without it.

    python benchmarks/predict.py MODEL GENOME [--markers N] [--length MB] [--workers N]
    python benchmarks/predict.py MODEL GENOME --stages [--isa avx2]
    python benchmarks/predict.py MODEL GENOME --scaling

Makes a chromosome of the given length from the known sequence of GENOME, over and over, and a
network of N markers from the outputs of MODEL, over and over: so the probabilities are those
of a trained network on real sequence, whatever the size. Measures, in one run:

    end to end   the command `regtrack predict`, FASTA to closed files, all processes
    (a)          PyTorch's forward pass of the plain float32 network alone, on as many cores,
                 on some of the same windows, scaled to all of them; whole windows, and the
                 output layer on cores only
    (b)          float32 forward pass, sigmoid, one value per base through pyBigWig: on a slice,
                 scaled

`--stages` prints the processor seconds of each stage instead, beside those of (a) in one thread
and of the whole command: they hold on a machine that others use, too, and take 2 minutes. Stages
are measured on some blocks and scaled; what a file and a process cost apart from that, by itself.
`--isa avx2` limits PyTorch, oneDNN and numba to AVX2, as on a processor that has no more (MKL on
AMD's never uses more; isal is not limited). `--scaling` prints time and memory over markers,
lengths and workers.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyBigWig
import torch
from processes import Clock, Cost, run_command, start_seconds

from regtrack.genome.fasta import BASES, Genome
from regtrack.genome.intervals import IntervalSet
from regtrack.models.checkpoint import load_network, read_checkpoint, save_checkpoint
from regtrack.models.inference import for_inference
from regtrack.models.network import Network
from regtrack.prediction.forward import feed
from regtrack.prediction.segmentation import Segmenter
from regtrack.prediction.settings import PredictionSettings
from regtrack.prediction.windows import suited_length, tile
from regtrack.tracks.blocks import BLOCK_LENGTH, Block, BlockStore
from regtrack.tracks.encoding import encode_block
from regtrack.tracks.folder import Track
from regtrack.tracks.peaks.block_peaks import BlockRules
from regtrack.tracks.write import TrackWork, group_size, write_tracks
from regtrack.workers import available_cores

CHROM = "chr1"
CPU = torch.device("cpu")
MEGABASE = 1_000_000
PLAIN_WINDOWS = 4
USUAL_WINDOW = 25_000  # what the networks were trained on
SLICE = 20_000
STAGE_BLOCKS, FEW_BLOCKS = 12, 2

# What limits the libraries that compute to the instructions of AVX2.
AVX2 = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "NUMBA_CPU_NAME": "haswell",
    "NUMBA_CPU_FEATURES": "+sse4.2,+avx,+avx2,+fma,+bmi,+bmi2,+f16c,+popcnt,+lzcnt,+movbe",
}

# What a worker process does before its first block, and before its first marker.
START_PREDICTING = """
import sys
from pathlib import Path
from regtrack.prediction import dispatch
from regtrack.prediction.blockwork import open_network
open_network(Path(sys.argv[1]), Path(sys.argv[2]), tuple(range(int(sys.argv[3]))), "cpu")
"""
START_WRITING = "import regtrack.tracks.write"


def widen(model: Path, markers: int, path: Path) -> Path:
    """Write a checkpoint whose outputs are those of `model`, repeated."""
    checkpoint = read_checkpoint(model)
    network = load_network(model, CPU)
    rows = [number % len(checkpoint.markers) for number in range(markers)]
    network.keep_markers(rows)
    repeated = tuple(
        replace(
            checkpoint.markers[row], index=number, name=f"{number}|{checkpoint.markers[row].name}"
        )
        for number, row in enumerate(rows)
    )
    wide = replace(
        checkpoint,
        markers=repeated,
        chrom_sizes={},
        seen=None,
        thresholds=tuple(checkpoint.thresholds[row] for row in rows),
        validated=tuple(checkpoint.validated[row] for row in rows) if checkpoint.validated else (),
    )
    save_checkpoint(path, wide, network)
    return path


def lengthen(genome: Path, bases: int, path: Path) -> Path:
    """Write a chromosome of the known sequence of a genome, over and over."""
    source = Genome(genome)
    whole = {chrom: IntervalSet.of([0], [size]) for chrom, size in source.chrom_sizes.items()}
    pieces = [
        source.codes(chrom, start, end)
        for chrom, known in source.known(whole).items()
        for start, end in known
    ]
    codes = np.resize(np.concatenate(pieces), bases)
    letters = np.frombuffer(BASES.encode(), np.uint8)[codes]
    with path.open("wb") as file:
        file.write(f">{CHROM}\n".encode() + letters.tobytes() + b"\n")
    return path


def run_predict(
    model: Path, genome: Path, out: Path, workers: int, *more: object, region: str = CHROM
) -> Cost:
    """The same of `regtrack predict`."""
    shutil.rmtree(out, ignore_errors=True)
    where = ("--model", model, "--genome", genome, "--out", out)
    return run_command("predict", region, *where, "--device", "cpu", "--workers", workers, *more)


class Timed(NamedTuple):
    """A sink whose time is told apart from the network's."""

    segmenter: Segmenter
    clock: Clock

    def add(self, start: int, probabilities: npt.NDArray[np.float32]) -> None:
        """Hand a stretch on."""
        with self.clock("segment"):
            self.segmenter.add(start, probabilities)

    def finish(self) -> object:
        """Of the segmenter."""
        return self.segmenter.finish()


class Stages(NamedTuple):
    """What predicting takes of one core's time.

    Parameters
    ----------
    per_base
        Seconds of each stage per base, whatever the number of files.
    per_file
        Seconds that a marker's files take apart from that.
    """

    per_base: dict[str, float]
    per_file: float


def time_stages(model: Path, genome: Path, scratch: Path) -> Stages:
    """Measure a worker's work on some blocks, and that of writing them, stage by stage."""
    torch.set_num_threads(1)
    network = for_inference(load_network(model, CPU))
    source, checkpoint = Genome(genome), read_checkpoint(model)
    settings = PredictionSettings()
    tracks = tuple(
        Track.of(marker, threshold)
        for marker, threshold in zip(checkpoint.markers, checkpoint.thresholds, strict=True)
    )
    marker_rules = [track.marker_rules(settings.peak_rules) for track in tracks]
    block_rules = BlockRules.of(marker_rules, network.context.stride)
    store = BlockStore(scratch)
    blocks = [Block(CHROM, index) for index in range(STAGE_BLOCKS + 1)]
    clock = Clock()
    for block in blocks:
        if block.index == 1:  # the first one compiled and loaded
            clock = Clock()
        targets = IntervalSet.of([block.start], [block.end])
        with clock("read"):
            source.codes(CHROM, block.start - 5_000, block.end + 5_000)
        segmenter = Segmenter(
            *(len(tracks), settings.max_error, settings.floor), keep_first=block.index == 1
        )
        with clock("forward"):
            feed(network, source, CHROM, targets, [Timed(segmenter, clock)])
        with clock("finish"):
            segments = segmenter.finish()
        with clock("pack"):
            encoded = encode_block(segments, 0, block_rules, (block.start, block.end))
        with clock("save"):
            store.save([block], [encoded])
    times = clock.seconds
    times["forward"] -= times["segment"] + times["read"]
    times["segment"] += times.pop("finish")
    bases = STAGE_BLOCKS * BLOCK_LENGTH
    per_base = {name: spent / bases for name, spent in times.items()}
    work = TrackWork(
        0,
        tracks,
        source.chrom_sizes,
        tuple((block,) for block in blocks[1:]),
        scratch,
        scratch,
        settings.peak_rules,
        bases,
    )
    few, many = (time_writing(work, count) for count in (FEW_BLOCKS, STAGE_BLOCKS))
    slope = (many - few) / (STAGE_BLOCKS - FEW_BLOCKS)
    per_base["write"] = slope / BLOCK_LENGTH
    return Stages(per_base, (few - FEW_BLOCKS * slope) / len(tracks))


def time_writing(work: TrackWork, blocks: int) -> float:
    """Seconds of writing all tracks, of the first so many blocks."""
    for name in "bigwig", "peaks":
        shutil.rmtree(work.folder / name, ignore_errors=True)
        (work.folder / name).mkdir()
    bases = blocks * BLOCK_LENGTH
    size = group_size(len(work.tracks), bases, blocks, 1)
    clock = Clock()
    for first in range(0, len(work.tracks), size):
        tracks = work.tracks[first : first + size]
        with clock("write"):
            write_tracks(
                replace(work, first=first, tracks=tracks, order=work.order[:blocks], bases=bases)
            )
    return clock.seconds["write"]


@torch.inference_mode()
def time_plain(
    network: Network,
    genome: Genome,
    threads: int,
    length: int,
    cores_only: bool,
    now: Callable[[], float] = time.monotonic,
) -> float:
    """Seconds per base of the plain forward pass, on so many cores."""
    torch.set_num_threads(threads)
    targets = IntervalSet.of([BLOCK_LENGTH], [BLOCK_LENGTH * 11])
    windows = list(islice(tile(targets, network.context, length), PLAIN_WINDOWS + 1))
    clock, bases = Clock(now), 0
    for number, one in enumerate(windows):
        codes = torch.from_numpy(genome.codes(CHROM, one.start, one.end).astype(np.int32))[None]
        core = (one.core_start - one.start, one.core_end - one.start) if cores_only else ()
        if number == 1:  # the first one warmed up
            clock, bases = Clock(now), 0
        with clock("forward"):
            network(codes, *core)
        bases += one.core_end - one.core_start
    return clock.seconds["forward"] / bases


@torch.inference_mode()
def time_value_per_base(network: Network, genome: Genome, threads: int, path: Path) -> float:
    """Seconds per base of the pipeline that one would write: a float32 value per base."""
    torch.set_num_threads(threads)
    context = network.context
    halo = -(-max(context.left, context.right) // context.stride) * context.stride
    began = time.monotonic()
    codes = genome.codes(CHROM, BLOCK_LENGTH - halo, BLOCK_LENGTH + SLICE + halo)
    probabilities = network(torch.from_numpy(codes.astype(np.int32))[None]).sigmoid()[0].numpy()
    for number, row in enumerate(probabilities[:, halo : halo + SLICE]):
        file = pyBigWig.open(str(path / f"{number}.bw"), "w")
        file.addHeader(list(genome.chrom_sizes.items()))
        file.addEntries(CHROM, BLOCK_LENGTH, values=row.astype(np.float64), span=1, step=1)
        file.close()
    return (time.monotonic() - began) / SLICE


def compare(model: Path, genome: Path, markers: int, length: int, workers: int) -> None:
    """Print what the command takes, beside what one would write without it."""
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        wide = widen(model, markers, scratch / "wide.safetensors")
        long = lengthen(genome, length * MEGABASE, scratch / "long.fa")
        bases = length * MEGABASE
        cost = run_predict(wide, long, scratch / "tracks", workers)
        size = sum(path.stat().st_size for path in (scratch / "tracks").rglob("*.bw"))
        network, source = load_network(wide, CPU), Genome(long)
        own = suited_length(network.context)
        plain = {
            (window, cores_only): bases * time_plain(network, source, workers, window, cores_only)
            for window in (own, USUAL_WINDOW)
            for cores_only in (False, True)
        }
        (scratch / "per-base").mkdir()
        naive = bases * time_value_per_base(network, source, workers, scratch / "per-base")
    values = bases * markers
    print(f"\n{length} Mb, {markers} markers, {workers} cores; {size / values:.4f} bytes per value")
    print(f"{'':44}{'seconds':>10}{'values/s':>12}{'ratio':>8}")
    rows = {"end to end (peak memory %.2f GB)" % (cost.memory / 1e9): cost.seconds}
    for (window, cores_only), spent in plain.items():
        part = "output on cores only" if cores_only else "whole windows"
        rows[f"(a) plain forward, {window:,}, {part}"] = spent
    rows["(b) a value per base through pyBigWig"] = naive
    for name, spent in rows.items():
        print(f"{name:44}{spent:>10.1f}{values / spent:>12.3g}{cost.seconds / spent:>8.3f}")


def compare_stages(model: Path, genome: Path, markers: int, length: int, workers: int) -> None:
    """Print the processor seconds of each stage, beside those of the plain forward pass."""
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        wide = widen(model, markers, scratch / "wide.safetensors")
        long = lengthen(genome, length * MEGABASE, scratch / "long.fa")
        bases = length * MEGABASE
        network, source = load_network(wide, CPU), Genome(long)
        own = suited_length(network.context)
        (scratch / "stages").mkdir()
        stages = time_stages(wide, long, scratch / "stages")
        plain = bases * time_plain(network, source, 1, own, False, time.process_time)
        start = run_predict(wide, long, scratch / "tracks", 1, region=f"{CHROM}:1-1000")
        starts = {
            "start of the command": start.cpu_seconds - markers * stages.per_file,
            "start of a worker that predicts": start_seconds(START_PREDICTING, wide, long, markers),
            "start of a worker that writes": start_seconds(START_WRITING),
        }
        cost = run_predict(wide, long, scratch / "tracks", workers)
    capability = torch.backends.cpu.get_cpu_capability()
    print(f"\n{length} Mb, {markers} markers, {workers} workers, {capability}")
    print(f"{'processor seconds':44}{'a Mb':>10}{'in all':>12}{'ratio':>8}")
    rows = {f"(a) plain forward, {own:,}, whole windows": plain}
    rows.update((name, bases * spent) for name, spent in stages.per_base.items())
    rows["opening and closing files"] = markers * stages.per_file
    rows |= starts
    rows["end to end, all processes"] = cost.cpu_seconds
    for name, spent in rows.items():
        print(f"{name:44}{spent / length:>10.3f}{spent:>12.1f}{spent / plain:>8.3f}")


def scale(model: Path, genome: Path) -> None:
    """Print time and memory over markers, lengths and workers."""
    cores = available_cores()
    print(f"{'markers':>8}{'Mb':>6}{'workers':>9}{'seconds':>10}{'values/s':>12}{'memory':>10}")
    sizes = [(markers, 10, cores) for markers in (1, 10, 100, 919)]
    sizes += [(919, length, cores) for length in (1, 25, 100, 250)]
    sizes += [(919, 10, workers) for workers in (1, 4)]
    for markers, length, workers in sizes:
        with tempfile.TemporaryDirectory() as folder:
            scratch = Path(folder)
            wide = widen(model, markers, scratch / "wide.safetensors")
            long = lengthen(genome, length * MEGABASE, scratch / "long.fa")
            took, _, memory = run_predict(wide, long, scratch / "tracks", workers)
        values = markers * length * MEGABASE
        print(
            f"{markers:>8}{length:>6}{workers:>9}{took:>10.1f}{values / took:>12.3g}"
            f"{memory / 1e9:>7.2f} GB",
            flush=True,
        )


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("genome", type=Path)
    parser.add_argument("--markers", type=int, default=919)
    parser.add_argument("--length", type=int, default=20)
    parser.add_argument("--workers", type=int, default=available_cores())
    parser.add_argument("--isa", choices=["avx2"])
    parser.add_argument("--stages", action="store_true")
    parser.add_argument("--scaling", action="store_true")
    given = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if given.isa and not AVX2.items() <= os.environ.items():  # read when a library is loaded
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | AVX2)
    if given.scaling:
        scale(given.model, given.genome)
    else:
        show = compare_stages if given.stages else compare
        show(given.model, given.genome, given.markers, given.length, given.workers)


if __name__ == "__main__":
    main()
