"""The stretches that a prediction owes most to: where they lie, their letters, what they do."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from explain_helpers import Explainable

from regtrack.explain.gradient import input_gradients, open_network
from regtrack.explain.strongest import LENGTH, MOST, Stretch, contributions, strongest

CODES = np.arange(200, dtype=np.uint8) % 5
LETTERS = "".join("NACTG"[code] for code in CODES)


def test_the_strongest_stretch_is_first_with_its_place_letters_and_sum() -> None:
    values = np.zeros(200, np.float32)
    values[50:65] = 2
    values[120:135] = -3
    found = strongest(values, CODES, 1_000)
    assert found[:2] == (
        Stretch(1_120, 1_135, LETTERS[120:135], -45.0),
        Stretch(1_050, 1_065, LETTERS[50:65], 30.0),
    )
    assert len(found) == 2


def test_stretches_do_not_overlap_and_are_not_many() -> None:
    values = np.random.default_rng(1).normal(size=5_000).astype(np.float32)
    found = strongest(values, np.resize(CODES, 5_000), 0)
    assert len(found) == MOST
    ends = sorted((one.start, one.end) for one in found)
    assert all(end - start == LENGTH for start, end in ends)
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(ends))
    amounts = [abs(one.contribution) for one in found]
    assert amounts == sorted(amounts, reverse=True)


def test_sequence_that_changes_nothing_has_none() -> None:
    assert strongest(np.zeros(200, np.float32), CODES, 0) == ()


def test_sequence_shorter_than_a_stretch_is_one() -> None:
    (found,) = strongest(np.ones(4, np.float32), CODES[:4], 7)
    assert found == Stretch(7, 11, "NACT", 4.0)


@pytest.mark.parametrize(("task", "name"), [("dense", "dilated"), ("short", "cnn3")])
def test_a_contribution_is_what_the_letter_adds_to_the_mean_of_all_four(
    tiny_one: Explainable, task: str, name: str
) -> None:
    network = open_network(tiny_one.model(name, task).path, [1], torch.device("cpu"))
    codes = tiny_one.genome.codes("chr1", 20_000, 32_000)
    errors = torch.zeros(1, len(codes), 1)
    errors[:, 6_000:6_200] = 1
    batch = torch.from_numpy(codes.astype(np.int32))[None]
    gradient = input_gradients(network, batch, 0, errors)[0].numpy()
    found = contributions(network, gradient, codes)
    assert np.all(found[codes == 0] == 0)
    assert np.abs(found).max() > 0
    # To first order, the four letters that a base could have add up to nothing.
    every = [
        contributions(network, gradient, np.where(codes > 0, np.uint8(letter), np.uint8(0)))
        for letter in (1, 2, 3, 4)
    ]
    np.testing.assert_allclose(np.sum(every, axis=0), 0, atol=1e-5 * np.abs(every).max())
    letter = np.stack(every)[np.maximum(codes, 1) - 1, np.arange(len(codes))]
    np.testing.assert_array_equal(letter, found)
