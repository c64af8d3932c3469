"""Scores on request by scikit-learn, from one value and one label for every base."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from encoded import Segments, write_bigwig

from regtrack.errors import InputError
from regtrack.genome.intervals import IntervalSet
from regtrack.observer import Unwatched
from regtrack.scoring.reference import processes_that_fit, reference_score, reference_scores
from regtrack.scoring.resampling import BootstrapBlocks
from regtrack.scoring.track_scores import TrackTask, score_track
from regtrack.tracks.peaks.rules import BARE_RUNS, MarkerRules

SIZES = {"chr1": 900, "chr2": 300}


def on_chr1(*spans: tuple[int, int]) -> dict[str, IntervalSet]:
    return {"chr1": IntervalSet.of(*zip(*spans, strict=True))}


def task_of(folder: Path, where: dict[str, IntervalSet], peaks: str, name: str = "a") -> TrackTask:
    """A track of 0.9 from 100 to 200 and 0.2 from 300 to 400 of chr1."""
    values = Segments(np.array([100, 300]), np.array([200, 400]), np.array([0.9, 0.2], np.float32))
    write_bigwig(folder / f"{name}.bw", SIZES, [("chr1", values)])
    (folder / f"{name}.bed").write_text(peaks)
    rules = MarkerRules(0.25, BARE_RUNS)
    return TrackTask(
        folder / f"{name}.bw",
        folder / f"{name}.bed",
        SIZES,
        where,
        BootstrapBlocks.of(where),
        rules,
        0,
    )


def test_scores_are_those_of_the_values_at_every_base_where_absent_is_0(tmp_path: Path) -> None:
    task = task_of(tmp_path, on_chr1((0, 900)), "chr1\t150\t160\nchr1\t500\t510\n")
    scores = reference_score(task)
    assert (scores.bases, scores.positives) == (900, 20)
    # 100 bases with 10 of the positives come first, then 100 without any, then 700 with 10.
    assert scores.average_precision == pytest.approx(0.5 * 10 / 100 + 0.5 * 20 / 900)
    points = [(0, 1), (0.5, 10 / 100), (0.5, 10 / 200), (1, 20 / 900)]
    area = sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in pairwise(points))
    assert scores.pr_auc_trapezoid == pytest.approx(area)
    assert scores.auroc == pytest.approx((10 * (790 + 90 / 2) + 10 * 690 / 2) / (20 * 880))


def test_they_are_the_scores_that_are_counted_from_segments(tmp_path: Path) -> None:
    where = on_chr1((50, 180), (320, 700)) | {"chr2": IntervalSet.of([10], [40])}
    task = task_of(tmp_path, where, "chr1\t90\t110\nchr1\t390\t410\nchr2\t30\t60\n")
    counted, reference = score_track(task)[0].overall, reference_score(task)
    assert (reference.bases, reference.positives) == (540, 50)
    for name in ("bases", "positives", "average_precision", "pr_auc_trapezoid", "auroc"):
        assert getattr(counted, name) == pytest.approx(getattr(reference, name)), name


def test_without_a_positive_nothing_is_scored_and_without_a_negative_no_auroc(
    tmp_path: Path,
) -> None:
    none = reference_score(task_of(tmp_path, on_chr1((0, 100)), "chr1\t500\t510\n"))
    assert (none.bases, none.scored) == (100, False)
    every = reference_score(task_of(tmp_path, on_chr1((150, 160)), "chr1\t100\t200\n"))
    assert every.average_precision == 1
    assert math.isnan(every.auroc)


def test_scores_of_several_tracks_come_in_their_order(tmp_path: Path) -> None:
    tasks = [
        task_of(tmp_path, on_chr1((0, 900)), f"chr1\t0\t{size}\n", f"of {size}")
        for size in (30, 10, 20)
    ]
    scores = reference_scores(tasks, 1, Unwatched())
    assert [one.positives for one in scores] == [30, 10, 20]


def test_more_bases_than_memory_holds_are_refused_with_what_they_would_need(
    tmp_path: Path,
) -> None:
    few = task_of(tmp_path, on_chr1((0, 900)), "")
    assert processes_that_fit(tmp_path, [few], 3) == 3
    many = replace(few, where=on_chr1((0, 10**14)))
    with pytest.raises(
        InputError,
        match=r"reference scores of 100,000,000,000,000 bases need 6,000,000.0 GB of memory, and "
        r"this machine has .*; --region scores fewer bases",
    ):
        processes_that_fit(tmp_path, [few, many], 3)
