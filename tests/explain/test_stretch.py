"""One marker on one stretch: no seams, and every base that has a norm has the right one."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from builders import TINY_SIZES, TINY_THRESHOLD, Unwatched
from explain_helpers import Explainable

from regtrack.errors import InputError
from regtrack.explain.explained_models import ExplainedModel
from regtrack.explain.gradient import input_gradients, open_network
from regtrack.explain.positives import MEASURED, PREDICTED
from regtrack.explain.stretch import Explanation, explain_stretch
from regtrack.genome.intervals import EMPTY, Interval, IntervalSet

CPU = torch.device("cpu")
REGION = Interval("chr1", 17_000, 36_500)
PEAKS = IntervalSet.of([16_000, 20_100, 26_003, 36_000], [17_450, 20_900, 32_500, 37_000])


def explained(
    tiny: Explainable,
    model: ExplainedModel,
    region: Interval = REGION,
    peaks: IntervalSet = PEAKS,
    window: int | None = None,
) -> Explanation:
    marker = tiny.markers[1]
    here = peaks.clip(region.start, region.end)
    return explain_stretch(
        model, tiny.genome, marker, region, here, CPU, Unwatched(), window=window
    )


def whole_norm(tiny: Explainable, model: ExplainedModel, found: Explanation) -> np.ndarray:
    """Of the whole chromosome, in one window with N all around."""
    halo = 12_000
    size = TINY_SIZES[found.region.chrom]
    network = open_network(model.path, [1], CPU)
    end = -(-(size + halo) // 200) * 200
    codes = tiny.genome.codes(found.region.chrom, -halo, end)
    errors = torch.zeros(1, len(codes), 1)
    for first, last in found.positives:
        errors[:, first + halo : last + halo] = 1
    gradient = input_gradients(network, torch.from_numpy(codes.astype(np.int32))[None], 0, errors)
    norm = gradient[0].norm(dim=1).numpy()[halo : halo + size]
    return np.where(codes[halo : halo + size] > 0, norm, np.nan)


@pytest.mark.parametrize(
    ("task", "name", "window"),
    [
        ("dense", "cnn1", 700),
        ("dense", "cnn7", 1_500),
        ("dense", "id-cnn", 25_000),
        ("dense", "dilated", 14_000),
        ("short", "dilated6", 3_000),
    ],
)
def test_the_norm_does_not_depend_on_the_window_length(
    tiny_one: Explainable, task: str, name: str, window: int
) -> None:
    model = tiny_one.model(name, task)
    usual, short = (explained(tiny_one, model, window=one) for one in (None, window))
    expected = whole_norm(tiny_one, model, usual)[usual.start : usual.end]
    tolerance = 1e-4 * np.nanmax(expected)
    assert tolerance > 0
    for found in (usual, short):
        np.testing.assert_allclose(found.norm, expected, rtol=1e-3, atol=tolerance)


def test_it_covers_the_region_and_its_context_but_not_n(tiny_one: Explainable) -> None:
    found = explained(tiny_one, tiny_one.model())
    context = found.model.context
    assert (found.start, found.end) == (17_000 - context.left, 36_500 + context.right)
    known = tiny_one.genome.codes("chr1", found.start, found.end) > 0
    np.testing.assert_array_equal(np.isnan(found.norm), ~known)
    np.testing.assert_array_equal(np.isnan(found.probability), ~known[context.left :][:19_500])


def test_at_a_chromosomes_ends_it_is_cut(tiny_one: Explainable) -> None:
    region = Interval("chr2", 0, 7_003)
    found = explained(tiny_one, tiny_one.model(), region, IntervalSet.of([0, 7_000], [5, 7_003]))
    assert (found.start, found.end) == (0, 7_003)
    assert found.positives.bases == 8


def test_nothing_is_seen_beyond_a_networks_context(tiny_one: Explainable) -> None:
    peak = IntervalSet.of([26_003], [26_503])
    found = explained(tiny_one, tiny_one.model("cnn7"), peaks=peak)
    context = found.model.context
    seen = np.flatnonzero(np.nan_to_num(found.norm)) + found.start
    assert seen.min() >= 26_003 - context.left
    assert seen.max() < 26_503 + context.right
    assert (found.widths[2] or 0) <= 2 * max(context.left, context.right) + 1


def test_measured_peaks_are_positive_where_they_are_known_and_in_the_region(
    tiny_one: Explainable,
) -> None:
    found = explained(tiny_one, tiny_one.model("cnn1"))
    assert found.source == MEASURED
    assert list(found.positives) == [
        (17_000, 17_450),
        (20_137, 20_900),
        (26_003, 30_001),
        (30_002, 32_500),
        (36_000, 36_500),
    ]


def test_without_a_peak_positive_is_what_reaches_the_threshold(tiny_one: Explainable) -> None:
    found = explained(tiny_one, tiny_one.model("cnn3"), peaks=EMPTY)
    assert (found.source, found.threshold) == (PREDICTED, TINY_THRESHOLD)
    inside = np.zeros(len(REGION), bool)
    for first, last in found.positives:
        inside[first - REGION.start : last - REGION.start] = True
    np.testing.assert_array_equal(inside, np.nan_to_num(found.probability) >= TINY_THRESHOLD)
    assert 0 < inside.sum() < len(inside)


def test_a_region_without_a_positive_base_is_refused_with_advice(tiny_one: Explainable) -> None:
    model = tiny_one.model("cnn3")
    probability = explained(tiny_one, model).probability
    lowest = REGION.start + int(np.nanargmin(probability))
    with pytest.raises(InputError, match=re.escape("choose a region with a peak of it (--peaks)")):
        explained(tiny_one, model, Interval("chr1", lowest, lowest + 1), EMPTY)


def test_a_recurrent_network_says_what_its_context_is_worth(tiny_one: Explainable) -> None:
    found = explained(tiny_one, tiny_one.model("bi-lstm"))
    assert "followed for 5,019 bases" in found.model.note
    assert not tiny_one.model("dilated").note
    assert np.nanmax(found.relative) == 1
