"""Scores of tracks by other programs: pyBigWig reads every base, scikit-learn ranks them.

They check the scores that are counted from segments, and take many times as long.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyBigWig

from regtrack.errors import InputError
from regtrack.folders import size_text
from regtrack.genome.bed_files import read_peaks
from regtrack.genome.intervals import total_bases
from regtrack.observer import Observer
from regtrack.scoring.metrics import RankingScores
from regtrack.scoring.track_scores import TrackTask
from regtrack.tracks.bbi import BIGWIG_MAGIC, check_header
from regtrack.workers import in_processes

# What a process takes at most for each base, values and labels included: measured, 55.
BYTES_PER_BASE = 60


def processes_that_fit(subject: Path, tasks: Sequence[TrackTask], workers: int) -> int:
    """Number of processes, `workers` at most, whose bases fit into half of the memory; or one.

    Raises
    ------
    InputError
        When the bases of one track need more than this machine has.
    """
    bases = max((total_bases(task.where) for task in tasks), default=0)
    size = max(1, bases * BYTES_PER_BASE)
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if size > memory:
        raise InputError(
            subject,
            f"reference scores of {bases:,} bases need {size_text(size)} of memory, and this "
            f"machine has {size_text(memory)}; --region scores fewer bases",
        )
    return min(workers, max(1, memory // 2 // size))


def reference_scores(
    tasks: Sequence[TrackTask], processes: int, observer: Observer
) -> tuple[RankingScores, ...]:
    """Scores of some tracks, in their order.

    Raises
    ------
    InputError
        As `reference_score`.
    """
    observer.stage("scoring with scikit-learn", "markers", len(tasks), 0)
    scores = {}
    for task, reference in in_processes(reference_score, tasks, processes):
        scores[task.bigwig] = reference
        observer.advanced(1)
    observer.finished()
    return tuple(scores[task.bigwig] for task in tasks)


def reference_score(task: TrackTask) -> RankingScores:
    """Scores of one track by scikit-learn, from one value and one label for every base.

    Values are those that are written, also of a signal; a base without one counts as 0.

    Raises
    ------
    InputError
        When the track or the peaks cannot be read.
    """
    # It takes seconds to load, and is seldom asked for.
    from sklearn.metrics import (  # noqa: PLC0415
        auc,
        average_precision_score,
        precision_recall_curve,
        roc_auc_score,
    )

    values, labels = _every_base(task)
    positives = int(np.count_nonzero(labels))
    if not positives:
        return RankingScores(len(labels), 0)
    precision, recall, _ = precision_recall_curve(labels, values)
    return RankingScores(
        len(labels),
        positives,
        float(average_precision_score(labels, values)),
        float(auc(recall, precision)),
        float(roc_auc_score(labels, values)) if positives < len(labels) else math.nan,
    )


def _every_base(task: TrackTask) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Value and label of every scored base, (bases,) each."""
    peaks = read_peaks(task.peaks, task.chrom_sizes, task.clip).intervals
    check_header(task.bigwig, BIGWIG_MAGIC)
    bases = total_bases(task.where)
    values, labels = np.empty(bases, np.float32), np.zeros(bases, np.bool_)
    offset = 0
    with pyBigWig.open(str(task.bigwig)) as track:
        for chrom, intervals in task.where.items():
            for start, end in intervals:
                read = track.values(chrom, start, end, numpy=True)
                values[offset : offset + end - start] = np.nan_to_num(read)
                if chrom in peaks:
                    for first, last in peaks[chrom].clip(start, end):
                        labels[offset + first - start : offset + last - start] = True
                offset += end - start
    return values, labels
