"""What test_device_segmentation.py runs in Triton's interpreter."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from builders import make_tiny_world

from regtrack.errors import RegtrackError
from regtrack.prediction.blockwork import BlockWork, predict_blocks
from regtrack.prediction.gpuwork import predict_on_gpu
from regtrack.prediction.job import Job, plan_job
from regtrack.prediction.run import block_works
from regtrack.prediction.segmentation import Segmenter
from regtrack.prediction.settings import PredictionSettings
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
    from regtrack.prediction.device_segmentation import segment_on_device

    random = np.random.default_rng(0)
    for markers, max_error, floor in (130, 0.003, 0.003), (1, 0.2, 0.0), (5, 0.0002, 0.5):
        steps = random.normal(0, 0.01, (3, 90, markers))
        levels = np.clip(0.45 + steps.cumsum(axis=1), 0, 1).astype(np.float32)
        kinds = np.ones((3, 90), np.uint8)
        kinds[0, 30:40], kinds[1, :7], kinds[2, -5:], kinds[2, 0] = 0, 0, 0, 2
        origins = [0, 1_000, 200_000]
        scales = (10.0 ** random.uniform(-6, 6, markers)).tolist()
        high = 10 ** random.uniform(-1, 4, markers)
        for values, ranges in (levels, []), ((levels * high * scales).astype(np.float32), scales):
            found = segment_on_device(
                torch.from_numpy(values), torch.from_numpy(kinds), origins, max_error, floor, ranges
            )
            for one, value, kind, origin in zip(found, values, kinds, origins, strict=True):
                expected = expected_segments(value, kind, origin, max_error, floor, ranges)
                assert len(expected.records)
                np.testing.assert_array_equal(one.offsets, expected.offsets)
                np.testing.assert_array_equal(one.records, expected.records)


def tiny_job(folder: Path) -> Job:
    """A gap of N inside, two chromosomes."""
    world = make_tiny_world(folder / "world")
    regions = ["chr1:19,900-20,250", "chr2:1-150"]
    return plan_job(world.model, world.genome, regions, [], PredictionSettings(), "cpu")


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
    assert list(predict_on_gpu(works, 2)) == works
    one, other = two_works(root, "together")
    both = replace(
        one, tasks=one.tasks + other.tasks, chrom_indices=one.chrom_indices + other.chrom_indices
    )
    assert list(predict_on_gpu([both], 2)) == [both]
    names = sorted(path.name for path in (root / "cpu").iterdir())
    assert len(names) == 2
    assert names == sorted(path.name for path in (root / "gpu").iterdir())
    for name in names:
        assert (root / "cpu" / name).read_bytes() == (root / "gpu" / name).read_bytes()
    (together,) = (root / "together").iterdir()
    assert together.read_bytes() == b"".join(
        (root / "cpu" / f"{block.name}.blk").read_bytes() for block in both.blocks
    )


def expect_advice(folder: str) -> None:
    """Where Triton is missing."""
    sys.modules["triton"] = None  # type: ignore[assignment]
    with pytest.raises(RegtrackError, match="needs Triton"):
        list(predict_on_gpu(two_works(Path(folder), "gpu"), 1))
