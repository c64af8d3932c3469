"""What test_gpu_work.py runs in Triton's interpreter."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from builders import TinyWorld, make_tiny_world

from regtrack.errors import DeviceMemoryError, RegtrackError
from regtrack.notes import heard
from regtrack.prediction import gpu_memory, gpu_probe, gpu_work, plan
from regtrack.prediction.blockwork import BlockWork, predict_blocks
from regtrack.prediction.dispatch import missing
from regtrack.prediction.gpu_team import predict_on_gpus, predict_share, predict_shared
from regtrack.prediction.gpu_work import block_segments
from regtrack.prediction.job import Job, make_job
from regtrack.prediction.run import block_works
from regtrack.prediction.score_job import score_job_on_regions
from regtrack.prediction.segmentation import Segmenter
from regtrack.prediction.settings import PredictionSettings
from regtrack.scoring.histogram import UNROUNDED, BinLayout, ScoreHistogram
from regtrack.scoring.request import ScoreRequest
from regtrack.signals import as_probability
from regtrack.tracks.peaks.callers import THRESHOLD_RANKS, THRESHOLDS
from regtrack.tracks.peaks.runs import RANK_BITS
from regtrack.tracks.segments import BlockSegments


def expected_segments(
    probabilities: np.ndarray,
    kinds: np.ndarray,
    origin: int,
    max_error: float,
    floor: float,
    ranges: Sequence[float] = (),
) -> BlockSegments:
    """By the segmenter for CPUs; `probabilities` is (bases, markers)."""
    keep_first = bool(kinds[kinds > 0][0] == 2)
    segmenter = Segmenter(probabilities.shape[1], max_error, floor, ranges, keep_first=keep_first)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], kinds > 0, [0])).astype(int)))
    for start, end in edges.reshape(-1, 2):
        part = probabilities[start:end].T
        segmenter.add(origin + start, part)
    return segmenter.finish()


def compare_segments() -> None:
    """Three blocks with gaps, a first base that is kept, and more markers than one program.

    Of probabilities, and of signals of many ranges, some of whose values lie far above these.
    """
    from regtrack.prediction.device_segmentation import LEFT_OUT, segment_on_device

    random = np.random.default_rng(0)
    for markers, max_error, floor in (130, 0.003, 0.003), (1, 0.2, 0.0), (5, 0.0002, 0.5):
        steps = random.normal(0, 0.01, (3, 90, markers))
        levels = np.clip(0.45 + steps.cumsum(axis=1), 0, 1).astype(np.float32)
        kinds = np.ones((3, 90), np.uint8)
        kinds[0, 30:40], kinds[1, :7], kinds[1, 61:] = 0, 0, 0
        kinds[2, -5:], kinds[2, 0] = 0, 2
        origins = [0, 1_000, 200_000]
        scales = (10.0 ** random.uniform(-6, 6, markers)).tolist()
        high = 10 ** random.uniform(-1, 4, markers)
        for values, ranges in (levels, []), ((levels * high * scales).astype(np.float32), scales):
            asked = np.where(kinds[:, :, None] > 0, values, LEFT_OUT).astype(np.float32)
            # The second block ends earlier.
            together = torch.from_numpy(np.concatenate((asked[0], asked[1, :61], asked[2])))
            made = segment_on_device(
                *(together, [0, 90, 151, 241], origins, [None, None, 0]), max_error, floor, ranges
            )
            segments = block_segments(made.counts, made.records.numpy())
            for one, value, kind, origin in zip(segments, values, kinds, origins, strict=True):
                expected = expected_segments(value, kind, origin, max_error, floor, ranges)
                assert len(expected.records)
                np.testing.assert_array_equal(one.offsets, expected.offsets)
                np.testing.assert_array_equal(one.records, expected.records)


def tiny_job(folder: Path) -> Job:
    """A gap of N inside, two chromosomes."""
    world = make_tiny_world(folder / "world")
    regions = ["chr1:19,900-20,250", "chr2:1-150"]
    return make_job(world.model, world.genome, regions, [], PredictionSettings(), "cpu")


def two_works(folder: Path, name: str) -> list[BlockWork]:
    """The blocks of the job, to be saved in a folder of that name."""
    (folder / name).mkdir()
    return block_works(tiny_job(folder / f"world for {name}"), folder / name, folder / "counts")


def compare_blocks(folder: str) -> None:
    """Saved files are equal, the first base of the job included."""
    root = Path(folder)
    for work in two_works(root, "cpu"):
        predict_blocks(work)
    works = two_works(root, "gpu")
    assert list(predict_on_gpus(works, 2)) == works
    one, other = two_works(root, "together")
    both = replace(
        one, tasks=one.tasks + other.tasks, chrom_indices=one.chrom_indices + other.chrom_indices
    )
    assert list(predict_on_gpus([both], 2)) == [both]
    names = sorted(path.name for path in (root / "cpu").iterdir())
    assert len(names) == 2
    assert names == sorted(path.name for path in (root / "gpu").iterdir())
    for name in names:
        assert (root / "cpu" / name).read_bytes() == (root / "gpu" / name).read_bytes()
    (together,) = (root / "together").iterdir()
    assert together.read_bytes() == b"".join(
        (root / "cpu" / f"{block.name}.blk").read_bytes() for block in both.blocks
    )


def scored_works(tiny: TinyWorld, folder: Path, together: bool) -> list[BlockWork]:
    """Those of `eval MODEL` of all chromosomes, in a file each or in one, as many scaffolds are."""
    folder.mkdir()
    # A gap of N, and peaks, on as few bases as show that: the interpreter takes its time.
    regions = ["chr1:19,970-20,230", "chr1:30,003-30,100", "chr2:50-150", "chrM:1-16"]
    request = ScoreRequest(tiny.markers, regions)
    works = score_job_on_regions(tiny.model, tiny.genome, request, "cpu").saved_works(folder)
    if not together:
        return works
    tasks = tuple(task for work in works for task in work.tasks)
    places = tuple(place for work in works for place in work.chrom_indices)
    return [replace(works[0], tasks=tasks, chrom_indices=places)]


def compare_counts(folder: str) -> None:
    """Files of counts are equal, of blocks with a file each, some or all of them at a time, and of
    several blocks in one.
    """
    root = Path(folder)
    tiny = make_tiny_world(root / "world")
    names = ["chr1.00000.cnt", "chr2.00000.cnt", "chrM.00000.cnt"]
    for number, (most, together) in enumerate([(1, False), (10_500, False), (10**6, True)]):
        gpu_memory._MOST_BASES = most
        for work in scored_works(tiny, root / f"cpu {number}", together):
            predict_blocks(work)
        works = scored_works(tiny, root / f"gpu {number}", together)
        assert all(work.recipe.blocks is None for work in works)
        assert list(predict_on_gpus(works, 1)) == works
        files = sorted((root / f"gpu {number}").glob("*.cnt"))
        assert [path.name for path in files] == names[:1] if together else names
        for path in files:
            expected = root / f"cpu {number}" / path.name
            assert path.read_bytes() == expected.read_bytes(), path


def compare_kernels() -> None:
    """Labels, histograms and ranks, of probabilities and of signals, of some outputs of many."""
    from regtrack.prediction import device_counting as kernels

    random = np.random.default_rng(0)
    bases, outputs, rows = 400, 45, range(44, 4, -1)
    levels = (1 / (1 + np.exp(-random.normal(0, 6, (bases, outputs))))).astype(np.float32)
    levels[5:40], levels[:3, 0] = levels[5], (0, 0.5, 1)  # runs in one bin; the ends of all bins
    peaks = np.array([[0, 3, 50], [7, 0, 400], [39, 100, 101]])
    known = np.ones((2, len(rows)), bool)
    known[1, 3] = False
    stretches = np.array([[0, 100, 0, 0], [120, 390, 1, 1]])
    pieces = np.array([[0, 3], [3, 8], [8, 16], [399, 400]])
    own = random.random(len(rows)).astype(np.float32)
    scales = 10.0 ** random.uniform(-3, 3, len(rows))
    inside = np.zeros((bases, len(rows)), np.uint8)
    for marker, start, end in peaks:
        inside[start:end, marker] = 1
    labels = kernels.paint_labels(bases, len(rows), torch.from_numpy(peaks))
    np.testing.assert_array_equal(labels.numpy(), inside)
    for values, ranges in (levels, []), (levels * np.float32(100), scales.tolist()):
        scored = kernels.ScoredValues(torch.from_numpy(values), rows, ranges)
        layout = BinLayout.of(UNROUNDED)
        counts = kernels.count_on_device(scored, labels, known, stretches, 2, layout).numpy()
        numbers = values[:, rows]
        if ranges:
            numbers = as_probability(numbers, np.array(ranges, np.float32))
        for start, end, number, row in stretches:
            expected = ScoreHistogram(len(rows))
            expected.add(numbers[start:end].T, inside[start:end].T, known[row][:, None])
            np.testing.assert_array_equal(counts[number], expected.counts)
        ranks = kernels.rank_on_device(scored, pieces, THRESHOLD_RANKS, RANK_BITS, own).numpy()
        for of_piece, (start, end) in zip(ranks, pieces, strict=True):
            highest = numbers[start:end].max(axis=0)
            reached = (highest[:, None] >= THRESHOLDS).sum(axis=1) + (highest >= own)
            np.testing.assert_array_equal(of_piece, reached)
    scored.values[130, 44] = np.nan
    with pytest.raises(ValueError, match="a probability is not a number"):
        kernels.count_on_device(scored, labels, known, stretches, 2, layout)


def three_works(folder: Path) -> list[BlockWork]:
    """Blocks of three chromosomes, with their counts, to be saved in a folder."""
    world = make_tiny_world(folder.with_name(f"world for {folder.name}"))
    regions = ["chr1:19,950-20,100", "chr2:80-150", "chrM:1-16"]
    settings = PredictionSettings()
    job = make_job(*(world.model, world.genome, regions, [], settings, "cpu"), peaks=world.markers)
    blocks, counts = folder / "blocks", folder / "counts"
    for part in blocks, counts:
        part.mkdir(parents=True)
    job.truth.save(counts)
    return block_works(job, blocks, counts)


def saved(works: Sequence[BlockWork]) -> dict[str, bytes]:
    """What files there are of some works."""
    paths = [path for work in works for path in work.files if path.exists()]
    return {path.name: path.read_bytes() for path in paths}


def compare_teams(folder: str) -> None:
    """A run on one device, or on two, is stopped in between and goes on with the other number."""

    def predict(works: Sequence[BlockWork], devices: int) -> Iterator[BlockWork]:
        left = missing(works)
        if devices == 1:
            return predict_on_gpus(left, 1)
        return predict_shared(left, ["cpu", "cpu"], 2, predict_share)

    root = Path(folder)
    on_cpu = three_works(root / "cpu")
    for work in on_cpu:
        predict_blocks(work)
    expected = saved(on_cpu)
    assert len(expected) == 6
    for devices in 1, 2:
        works = three_works(root / f"first {devices}")
        begun = predict(works, devices)
        done = [next(begun)]
        begun.close()  # as Ctrl-C does
        left = missing(works)
        assert done[0] not in left
        assert left
        again = list(predict(works, 3 - devices))
        assert {work.files[0].name for work in again} == {work.files[0].name for work in left}
        assert saved(works) == expected


def probe_a_device() -> None:
    """Kernels and arithmetic are tried, and nothing is found."""
    assert gpu_probe.gpu_problem(torch.device("cpu")) is None


def time_stages(folder: str) -> None:
    """What is timed is saved as usual, and takes time on either side; a plan says what of two GPUs.

    The memory that is free there is a figure of its own.
    """
    works = two_works(Path(folder), "gpu")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gpu_work, "free_memory", lambda _: 240_000)
        predicting, saving, memory = gpu_work.time_on_gpu(works)
        assert predicting > 0
        assert saving > 0
        assert all(path.exists() for work in works for path in work.files)
        assert (memory.free, memory.at_once) == (240_000, 240_000 // 2 // (3 * 4))
        assert 3 * 4 < memory.a_base < 3 * 4 + 3 * 12
        gpus = (torch.device("cpu"),) * 2
        patch.setattr(plan, "devices_of", lambda _: gpus)
        patch.setattr(plan, "describe_device", lambda name: name)
        job = replace(tiny_job(Path(folder) / "planned"), device="cuda:0,1")
        patch.setattr("regtrack.prediction.job.arithmetic_of", lambda name: name)
        told = plan.make_plan(job, Path(folder) / "tracks", 4).describe()
    assert "device   cuda:0,1, 4 processes" in told
    assert re.search(r"stages   on 2 GPUs .*, packing and saving .* \(side by side\), writ", told)
    assert told.endswith("of 240.0 kB that are free; 1 block of 200,000 bases at a time")


def run_out_of_memory(folder: str) -> None:
    """Where the device has no memory for all blocks at once, and then for none."""
    room = 0

    def predict_if_it_fits(self: gpu_work._Gpu, group: list[BlockWork]) -> object:
        if len(group) > room:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return predict(self, group)

    predict = gpu_work._Gpu._predict
    gpu_work._Gpu._predict = predict_if_it_fits  # type: ignore[assignment,method-assign]
    works = two_works(Path(folder), "gpu")
    told: list[str] = []
    with (
        pytest.raises(DeviceMemoryError),
        heard(told.append),
    ):
        list(predict_on_gpus(works, 1))
    room = 1
    with heard(told.append):
        assert list(predict_on_gpus(works, 1)) == works
    assert len(told) == 2
    assert "predicting 250 bases at a time from now on" in told[1]


def expect_advice(folder: str) -> None:
    """Where Triton is missing."""
    sys.modules["triton"] = None  # type: ignore[assignment]
    with pytest.raises(RegtrackError, match="cannot predict on cpu: predicting there needs Triton"):
        list(predict_on_gpus(two_works(Path(folder), "gpu"), 1))
