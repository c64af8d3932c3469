"""Tandem repeats in which most markers have peaks, from peaks of blocks to `repeats.bed`."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from builders import random_sequence, write_fasta
from encoded import Row, block_of, called_from
from hypothesis import given, settings
from hypothesis import strategies as st

from regtrack.errors import InputError
from regtrack.genome.fasta import Genome
from regtrack.tracks.blocks import Block, BlockStore
from regtrack.tracks.encoding import encode_block
from regtrack.tracks.repeats import (
    CROWDED,
    FEWEST_MARKERS,
    Repeat,
    RepeatCounts,
    crowded_stretches,
    find_repeats,
    read_repeats,
    write_repeats,
)


@st.composite
def peaks_of_markers(draw: st.DrawFn) -> list[list[tuple[int, int]]]:
    """Disjoint peaks of some markers on 60 bases; some touch."""
    found = []
    for _ in range(draw(st.integers(FEWEST_MARKERS, 14))):
        edges = sorted(draw(st.sets(st.integers(0, 60), max_size=8)))
        found.append(list(zip(edges[:-1:2], edges[1::2], strict=True)))
    return found


@settings(max_examples=200)
@given(peaks_of_markers())
def test_crowded_is_every_base_at_which_more_than_half_of_the_markers_have_a_peak(
    peaks: list[list[tuple[int, int]]],
) -> None:
    depth = np.zeros(60, int)
    for of_marker in peaks:
        for start, end in of_marker:
            depth[start:end] += 1
    records = np.array([one for of_marker in peaks for one in of_marker], CROWDED)
    found = crowded_stretches(records, len(peaks)).tolist()
    is_crowded = np.zeros(60, bool)
    for start, end in found:
        assert start < end
        is_crowded[start:end] = True
    assert is_crowded.tolist() == (2 * depth > len(peaks)).tolist()
    assert all(one[1] < other[0] for one, other in itertools.pairwise(found))


def test_of_few_markers_nothing_is_crowded() -> None:
    peaks = np.array([(0, 50)] * 20, CROWDED)
    assert len(crowded_stretches(peaks, FEWEST_MARKERS)) == 1
    assert len(crowded_stretches(peaks, FEWEST_MARKERS - 1)) == 0


def encoded_with(found: list[list[Row]], thresholds: list[float]) -> np.ndarray:
    return encode_block(block_of(found), 0, called_from(*thresholds)).crowded


def test_a_block_knows_where_markers_are_high_at_their_own_thresholds() -> None:
    found: list[list[Row]] = [[(10, 40, 0.3)]] * 6 + [[(20, 60, 0.3)]] * 6
    assert encoded_with(found, [0.3] * 12).tolist() == [(20, 40)]
    assert encoded_with(found, [0.3] * 6 + [0.4] * 6).tolist() == []  # half is not more than half


def test_markers_that_get_no_peaks_do_not_count() -> None:
    found: list[list[Row]] = [[(10, 40, 0.3)]] * 6 + [[]] * 10
    assert encoded_with(found, [0.3] * 6 + [0.4] * 10).tolist() == []
    assert encoded_with(found, [0.3] * 6 + [0.4] * 4 + [np.inf] * 6).tolist() == [(10, 40)]


def test_what_is_crowded_comes_back_from_the_files_of_blocks(tmp_path: Path) -> None:
    store = BlockStore(tmp_path)
    blocks = [Block("a", 0), Block("b", 0)]
    found: list[list[list[Row]]] = [[[(1, 9, 0.5), (30, 44, 0.5)]] * 12, [[]] * 12]
    encoded = [encode_block(block_of(of_block), 0, called_from(*[0.5] * 12)) for of_block in found]
    store.save(blocks, encoded)
    assert [part.tolist() for part in store.crowded(blocks)] == [[(1, 9), (30, 44)], []]
    path = store.path(blocks[0])
    good = path.read_bytes()
    at = good.index(np.array([(30, 44)], CROWDED).tobytes())
    path.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
    assert not store.is_sound(blocks)
    with pytest.raises(InputError, match="damaged"):
        store.crowded(blocks)


REPEAT = slice(2_000, 3_000)  # of chr1: a unit of 27 bases


@pytest.fixture
def genome(tmp_path: Path) -> Genome:
    """5,000 bases with a tandem repeat in the middle, and 1,000 without."""
    random = np.random.default_rng(4)
    sequence = random_sequence(random, 5_000)
    repeat = (random_sequence(random, 27) * 40)[: REPEAT.stop - REPEAT.start]
    sequence = sequence[: REPEAT.start] + repeat + sequence[REPEAT.stop :]
    sizes = {"chr1": sequence, "chr2": random_sequence(random, 1_000)}
    return Genome(write_fasta(tmp_path / "genome.fa", sizes))


def found_in(genome: Genome, *crowded: tuple[str, list[tuple[int, int]]]) -> list[Repeat]:
    return find_repeats(genome, [(chrom, np.array(rows, CROWDED)) for chrom, rows in crowded])


def test_a_crowded_stretch_is_named_where_it_is_a_tandem_repeat(genome: Genome) -> None:
    crowded = [(500, 900), (2_100, 2_700)]
    assert found_in(genome, ("chr1", crowded), ("chr2", [(0, 900)])) == [
        Repeat("chr1", 2_100, 2_700, 27)
    ]


def test_a_promoter_with_a_repeat_in_it_is_none(genome: Genome) -> None:
    assert found_in(genome, ("chr1", [(2_500, 3_300)])) == [Repeat("chr1", 2_500, 3_300, 27)]
    assert found_in(genome, ("chr1", [(2_800, 3_700)])) == []


def test_parts_beside_each_other_are_one_also_across_the_end_of_a_block(genome: Genome) -> None:
    parts = ("chr1", [(2_100, 2_300), (2_340, 2_400)]), ("chr1", [(2_400, 2_500)])
    assert found_in(genome, *parts) == [Repeat("chr1", 2_100, 2_500, 27)]


def test_what_is_far_apart_or_on_another_chromosome_is_not_joined(genome: Genome) -> None:
    apart = found_in(genome, ("chr1", [(2_100, 2_300), (2_401, 2_600)]), ("chr2", [(0, 200)]))
    assert [(one.start, one.end) for one in apart] == [(2_100, 2_300), (2_401, 2_600)]


def test_short_ones_are_none(genome: Genome) -> None:
    assert found_in(genome, ("chr1", [(2_100, 2_199), (2_400, 2_500)])) == [
        Repeat("chr1", 2_400, 2_500, 27)
    ]


def test_a_long_stretch_is_read_piece_by_piece_with_the_same_end(
    genome: Genome, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = found_in(genome, ("chr1", [(1_900, 3_100)]))
    monkeypatch.setattr("regtrack.tracks.repeats._READ_BASES", 77)
    assert found_in(genome, ("chr1", [(1_900, 3_100)])) == whole != []


def test_the_file_comes_back_and_must_be_what_was_written(tmp_path: Path) -> None:
    write_repeats(tmp_path, [Repeat("chr1", 20, 220, 27), Repeat("chr2", 5, 105, 1)])
    assert (tmp_path / "repeats.bed").read_text() == "chr1\t20\t220\t27bp\nchr2\t5\t105\t1bp\n"
    sizes = {"chr1": 1_000, "chr2": 200}
    read = read_repeats(tmp_path, RepeatCounts(2, 300), sizes)
    assert {chrom: list(stretches) for chrom, stretches in read.items()} == {
        "chr1": [(20, 220)],
        "chr2": [(5, 105)],
    }
    with pytest.raises(InputError, match=r"has 300 bases, but tracks\.json names 299"):
        read_repeats(tmp_path, RepeatCounts(2, 299), sizes)
