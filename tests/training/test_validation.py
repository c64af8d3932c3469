"""Scores on a split: those of scikit-learn on every known base, or input."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from builders import TINY_SIZES, TinyDatasets, a_marker, a_network
from interpreting import interpret, needs_triton
from training_helpers import ALONE

from regtrack.datasets.dense import DenseDataset
from regtrack.datasets.folder import open_dataset
from regtrack.documents import parse_json
from regtrack.genome.bed import read_bed
from regtrack.models.network import Network
from regtrack.scoring.histogram import ScoreHistogram
from regtrack.scoring.metrics import RankingScores
from regtrack.tracks.peaks.callers import THRESHOLDS
from regtrack.training.validation import SplitCounts, Validation, count_split, score

# More than the context of the networks here, and a multiple of their strides.
HALO = 12_000
# The networks here compute in float64: no rounding moves a value to the next bin.
# A probability may lie in another bin when it is computed in another order.
CLOSE = {"abs": 1e-4}


def painted(datasets: TinyDatasets, marker: int, chrom: str) -> np.ndarray:
    labels = np.zeros(TINY_SIZES[chrom], dtype=bool)
    peaks = read_bed(datasets.world.folder / "peaks" / f"{marker}.narrowPeak", TINY_SIZES)
    for start, end in peaks[chrom]:
        labels[start:end] = True
    return labels


def in_one_pass(dataset: DenseDataset, network: Network, chrom: str) -> np.ndarray:
    """Probabilities of a whole chromosome; (markers, length)."""
    size = TINY_SIZES[chrom]
    stride = network.context.stride
    length = -(-(size + 2 * HALO) // stride) * stride
    codes = dataset.genome.codes(chrom, -HALO, length - HALO)
    with torch.no_grad():
        logits = network(torch.from_numpy(codes)[None].int())[0]
    return logits.sigmoid().numpy()[:, HALO : HALO + size]


def assert_scores(found: RankingScores, labels: np.ndarray, values: np.ndarray) -> None:
    """Scores as of each base by itself, whatever the order in which bases were counted."""
    alone = ScoreHistogram(1)
    alone.add(values[None].astype(np.float32), labels[None])
    (expected,) = alone.scores()
    assert (found.bases, found.positives) == (len(labels), labels.sum())
    assert found.average_precision == pytest.approx(expected.average_precision, **CLOSE)
    assert found.auroc == pytest.approx(expected.auroc, **CLOSE)


@pytest.mark.parametrize("name", ["cnn3", "dilated", "id-cnn"])
@pytest.mark.parametrize("split", ["train", "valid"])
def test_dense_scores_are_of_every_known_base(
    datasets: TinyDatasets, dense: DenseDataset, name: str, split: str
) -> None:
    network = a_network("dense", name, 3).double()
    found = score(network, dense, split, ALONE).scores()
    # In validation chr1:2,001-16,000 and chr2:1-4,000; of DNase nothing is known on chr2.
    windows = dense.windows(split)
    values: list[list[np.ndarray]] = [[], [], []]
    labels: list[list[np.ndarray]] = [[], [], []]
    for chrom in ("chr1", "chr2"):
        inside = dense.genome.codes(chrom, 0, TINY_SIZES[chrom]) > 0
        chosen = np.zeros_like(inside)
        for number in range(len(windows)):
            one = windows[number]
            chosen[one.start : one.end] |= one.chrom == chrom
        probabilities = in_one_pass(dense, network, chrom)
        for marker in range(3):
            if (chrom, marker) != ("chr2", 1):
                values[marker].append(probabilities[marker, chosen & inside])
                labels[marker].append(painted(datasets, marker, chrom)[chosen & inside])
    for marker in range(3):
        assert_scores(found[marker], np.concatenate(labels[marker]), np.concatenate(values[marker]))
    assert found[1].bases < found[0].bases


@pytest.mark.parametrize("task", ["short", "deepsea"])
@pytest.mark.parametrize("name", ["cnn3", "lr", "bi-lstm"])
def test_short_scores_are_of_every_known_input(
    datasets: TinyDatasets, task: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("regtrack.training.validation._INPUTS_AT_ONCE", 3)
    dataset = open_dataset(getattr(datasets, task))
    network = a_network("short", name, 3).double()
    every = np.arange(dataset.size("valid"))
    with torch.no_grad():
        hidden = network.hidden(torch.from_numpy(dataset.codes("valid", every)))[-1]
        values = network.output(hidden[:, 0]).sigmoid().numpy()
    known = dataset.known_markers("valid", every)
    assert known.all() == (task == "deepsea")
    labels = dataset.labels("valid", every)
    found = score(network, dataset, "valid", ALONE).scores()
    for marker in range(3):
        here = known[:, marker]
        if 0 < labels[here, marker].sum() < here.sum():
            assert_scores(found[marker], labels[here, marker], values[here, marker])
        else:
            assert (found[marker].bases, found[marker].positives) == (
                here.sum(),
                labels[here, marker].sum(),
            )


def a_validation(datasets: TinyDatasets, positives: tuple[int, int, int, int]) -> Validation:
    """Two factors, one DNase, one histone mark, with so many positives among 12 bases.

    The positives lie above all others, but for the second factor's, which are every second base,
    and the histone mark's, which has three above its first.
    """
    markers = [
        a_marker(0, "A|x", "TFBS"),
        a_marker(1, "A|y", "TFBS"),
        a_marker(2, "A|z", "DNase"),
        a_marker(3, "A|h", "Histone"),
    ]
    histogram = ScoreHistogram(4)
    # Of each marker, a value per base: falling, from one edge of a bin to another.
    values = np.repeat(2.0 ** -np.arange(1, 13, dtype=np.float32)[None], 4, axis=0)
    labels = np.zeros((4, 12), dtype=np.uint8)
    for marker, several in enumerate(positives):
        first, step = ((0, 1), (1, 2), (0, 1), (3, 1))[marker]
        labels[marker, first : first + step * several : step] = 1
    histogram.add(values, labels)
    dataset = open_dataset(datasets.dense)
    object.__setattr__(dataset, "markers", tuple(markers))
    return Validation.of(dataset, SplitCounts(histogram), 5)


def test_the_best_goes_by_the_mean_of_the_categories_and_not_of_the_markers(
    datasets: TinyDatasets,
) -> None:
    found = a_validation(datasets, (4, 2, 4, 1))
    assert [mean.category for mean in found.means] == ["TFBS", "DNase", "Histone"]
    # Of the markers it would be 0.6875.
    assert found.average_precision == pytest.approx(((1 + 0.5) / 2 + 1 + 0.25) / 3, abs=0.005)


def test_a_category_without_a_peak_does_not_count(datasets: TinyDatasets) -> None:
    found = a_validation(datasets, (4, 0, 0, 1))
    assert found.average_precision == pytest.approx((1 + 0.25) / 2, abs=0.02)
    # The best F1 calls all down to the last positive; without a peak there is none.
    assert found.thresholds[1:3] == (0.5, 0.5)
    assert all(2**-5 < found.thresholds[marker] <= 2**-4 for marker in (0, 3))


def test_without_any_peak_the_mean_is_zero(datasets: TinyDatasets) -> None:
    assert a_validation(datasets, (0, 0, 0, 0)).average_precision == 0


@pytest.mark.parametrize("split", ["train", "valid"])
def test_thresholds_of_the_dense_task_are_those_of_the_best_peaks(
    dense: DenseDataset, split: str
) -> None:
    network = a_network("dense", "cnn3", 3).double()
    counts = count_split(network, dense, split, ALONE)
    np.testing.assert_array_equal(
        counts.histogram.counts, score(network, dense, split, ALONE).counts
    )
    assert counts.dense is not None
    found = Validation.of(dense, counts, 5)
    for threshold, number in zip(
        found.thresholds, counts.dense.peaks.best_thresholds(), strict=True
    ):
        assert threshold == (0.5 if number is None else THRESHOLDS[number])
    scores = counts.histogram.scores()
    assert [one and one.average_precision for one in found.validated] == [
        one.average_precision if one.scored else None for one in scores
    ]


@needs_triton
def test_a_device_counts_what_a_cpu_counts(datasets: TinyDatasets) -> None:
    interpret("count_a_split", str(datasets.dense), module="training_device_tasks")


def test_it_comes_back_from_json(datasets: TinyDatasets) -> None:
    found = a_validation(datasets, (4, 2, 4, 1))
    assert parse_json(json.dumps(found.to_json()), Validation, "state") == found
