"""The dense networks: the paper's sizes, the context, the core."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from builders import TINY_SETTINGS

from regtrack.models.catalog import ARCHITECTURES, PAPER_MARKERS
from regtrack.models.context import Context
from regtrack.models.dense import DenseNetwork

DILATED = ARCHITECTURES["dilated"]
# Room for the whole context on both sides of the middle.
LENGTH, MIDDLE = 12_000, 6_000
LEFT, RIGHT = 5_449, 5_489


def a_network(markers: int = 4) -> DenseNetwork:
    torch.manual_seed(0)
    return DILATED.build(markers, TINY_SETTINGS).eval()


def a_network_that_only_adds() -> DenseNetwork:
    """N is 0 and G is 1, and every weight is positive: what is reached is above 0."""
    network = a_network(1).double()
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            parameter.fill_(0.0 if name.endswith("bias") else 1.0)
        network.embedding.weight[0] = 0
    return network


def random_codes(random: np.random.Generator, length: int, batch: int = 1) -> torch.Tensor:
    return torch.from_numpy(random.integers(0, 5, size=(batch, length)))


@torch.no_grad()
def changed_by(network: DenseNetwork, codes: torch.Tensor, at: int) -> np.ndarray:
    """Positions whose logits another base at `at` changes."""
    other = codes.clone()
    other[0, at] = (codes[0, at] + 4) % 5
    differs = (network(codes) != network(other)).any(dim=1)[0]
    return np.flatnonzero(differs.numpy())


def test_dilated_has_the_papers_number_of_parameters() -> None:
    assert DILATED.build(PAPER_MARKERS).parameter_count() == 631_213


def test_only_the_last_layer_grows_with_the_markers() -> None:
    counts = [DILATED.build(markers).parameter_count() for markers in (1, 11)]
    assert counts[1] - counts[0] == 10 * (125 + 1)


@pytest.mark.parametrize("settings", [{}, TINY_SETTINGS])
def test_the_context_is_derived_from_the_layers(settings: dict[str, float]) -> None:
    expected = Context(left=LEFT, right=RIGHT, scale=1, stride=10)
    assert DILATED.build(3, settings).context == expected


def test_another_stride_gives_another_context() -> None:
    context = DILATED.build(3, {**TINY_SETTINGS, "stride": 5}).context
    assert context.stride == 5
    # Halved but for the bases of a step itself: (5449 - 9) / 2 + 4 and (5489 - 9) / 2 + 4.
    assert (context.left, context.right) == (2_724, 2_744)


@pytest.mark.parametrize("at", [MIDDLE, MIDDLE + 4, MIDDLE + 9])
def test_a_base_changes_nothing_outside_the_context(random: np.random.Generator, at: int) -> None:
    changed = changed_by(a_network().double(), random_codes(random, LENGTH), at)
    assert len(changed)
    assert at - RIGHT <= changed[0]
    assert changed[-1] <= at + LEFT


@pytest.mark.parametrize(
    ("at", "first", "last"),
    [
        # The first base of a step reaches furthest to the right, its last one to the left.
        (MIDDLE, MIDDLE - RIGHT + 9, MIDDLE + LEFT),
        (MIDDLE + 9, MIDDLE + 9 - RIGHT, MIDDLE + LEFT),
    ],
)
def test_the_context_is_not_larger_than_needed(at: int, first: int, last: int) -> None:
    codes = torch.zeros((1, LENGTH), dtype=torch.int64)
    changed = changed_by(a_network_that_only_adds(), codes, at)
    assert (changed[0], changed[-1]) == (first, last)


@pytest.mark.parametrize("length", [1, 9, 11, 12_001])
def test_a_length_that_is_not_a_multiple_of_the_stride_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match=f"length {length} is not a multiple of the stride, 10"):
        a_network()(torch.zeros((1, length), dtype=torch.int64))


def test_logits_are_batch_by_markers_by_bases(random: np.random.Generator) -> None:
    logits = a_network(4)(random_codes(random, 200, batch=3))
    assert logits.shape == (3, 4, 200)
    assert logits.stride(1) == 1  # the markers of a base lie side by side


@torch.no_grad()
@pytest.mark.parametrize(("start", "end"), [(0, None), (0, 300), (7, 13), (100, None), (299, 300)])
def test_a_core_is_a_slice_of_the_whole(
    random: np.random.Generator, start: int, end: int | None
) -> None:
    network, codes = a_network(), random_codes(random, 300, batch=2)
    torch.testing.assert_close(
        network(codes, start, end), network(codes)[:, :, start:end], atol=1e-6, rtol=0
    )


@torch.no_grad()
@pytest.mark.parametrize("rows", [[2], [0, 3], [3, 1], [0, 1, 2, 3]])
def test_kept_markers_have_the_logits_they_had(
    random: np.random.Generator, rows: list[int]
) -> None:
    network, codes = a_network(), random_codes(random, 300)
    before = network(codes)[:, rows]
    network.keep_markers(rows)
    torch.testing.assert_close(network(codes), before, atol=1e-6, rtol=0)


@torch.no_grad()
@pytest.mark.parametrize("batch", [1, 3, 8])
def test_windows_of_a_batch_do_not_see_each_other(random: np.random.Generator, batch: int) -> None:
    network, codes = a_network(), random_codes(random, 100, batch=8)
    together = torch.cat([network(part) for part in codes.split(batch)])
    torch.testing.assert_close(together, network(codes), atol=1e-5, rtol=0)


def test_a_setting_that_the_network_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="dilated has no setting depth"):
        DILATED.build(3, {"f1": 6, "depth": 2})


def test_every_default_setting_can_be_given() -> None:
    settings = DILATED.default_settings()
    assert settings.keys() == {"f1", "f2", "f3", "hidden", "stride", "dropout", "norm_decay"}
    assert DILATED.build(PAPER_MARKERS, settings).parameter_count() == 631_213
