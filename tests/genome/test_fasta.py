"""Sequence read by position."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyfaidx
import pytest
from builders import random_sequence, write_fasta
from fasta_helpers import CODE, bgzip, read

from regtrack.genome.bed import read_bed
from regtrack.genome.fasta import Genome, reverse_complement, sizes_fingerprint
from regtrack.genome.intervals import IntervalSet


def whole(genome: Genome) -> dict[str, IntervalSet]:
    return {chrom: IntervalSet.of([0], [size]) for chrom, size in genome.chrom_sizes.items()}


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("NACTG", [0, 1, 2, 3, 4]),
        ("nactg", [0, 1, 2, 3, 4]),  # soft-masked
        ("ARYKMSWBDHVA", [1] + [0] * 10 + [1]),  # IUPAC
        ("A-*.UXA", [1, 0, 0, 0, 0, 0, 1]),
    ],
)
def test_acgt_have_codes_and_any_other_letter_is_n(
    fasta: Path, text: str, codes: list[int]
) -> None:
    assert read(write_fasta(fasta, {"chr1": text})) == codes


@pytest.mark.parametrize(
    "content",
    [
        ">chr1\nACG\nTAC\nG\n",
        ">chr1\nACG\nTAC\nG",  # no newline at the end
        ">chr1 a description\nACG\nTAC\nG\n",
        ">chr1\r\nACG\r\nTAC\r\nG\r\n",
        ">chr1\nACGTACG\n>chr2\nTT\n",
        ">chr2\nTTT\n>chr1\nACGTA\nCG\n",
        ">chr1\nACG\nTAC\nG\n\n>chr2\nTT\n\n",
        ">chr1\nACG \nTAC \nG \n",  # blanks are no bases
    ],
)
def test_the_layout_of_the_lines_does_not_matter(fasta: Path, content: str) -> None:
    fasta.write_bytes(content.encode())
    assert read(fasta) == [CODE[letter] for letter in "ACGTACG"]


@pytest.mark.parametrize("packed", [False, True])
def test_threads_may_read_one_genome(
    fasta: Path, random: np.random.Generator, packed: bool
) -> None:
    write_fasta(fasta, {"chr1": random_sequence(random, 400_000)})
    genome = Genome(bgzip(fasta) if packed else fasta)
    whole = genome.codes("chr1", 0, 400_000)
    starts = random.integers(0, 399_000, (4, 200)).tolist()  # of each thread

    def differing(mine: list[int]) -> list[int]:
        return [
            start
            for start in mine
            if not np.array_equal(
                genome.codes("chr1", start, start + 1_000), whole[start : start + 1_000]
            )
        ]

    with ThreadPoolExecutor(4) as threads:
        assert [*threads.map(differing, starts)] == [[]] * 4


def test_bgzip_reads_as_plain_text(fasta: Path, random: np.random.Generator) -> None:
    # Longer than one block of bgzip (64 kB).
    write_fasta(fasta, {"chr1": random_sequence(random, 150_000), "chr2": "ACGT"})
    plain, packed = Genome(fasta), Genome(bgzip(fasta))
    assert plain.chrom_sizes == packed.chrom_sizes
    for start, end in [(0, 10), (65_000, 66_000), (149_990, 150_010)]:
        np.testing.assert_array_equal(
            plain.codes("chr1", start, end), packed.codes("chr1", start, end)
        )


def test_chromosomes_keep_their_order_and_have_their_lengths(fasta: Path) -> None:
    write_fasta(fasta, {"chr10": "A" * 130, "chr2": "C", "chrM": "GT"})
    assert list(Genome(fasta).chrom_sizes.items()) == [("chr10", 130), ("chr2", 1), ("chrM", 2)]


def test_lengths_cannot_be_changed(fasta: Path) -> None:
    genome = Genome(write_fasta(fasta, {"chr1": "ACGT"}))
    with pytest.raises(TypeError):
        genome.chrom_sizes["chr1"] = 3  # type: ignore[index]


@pytest.mark.parametrize(
    ("start", "end", "codes"),
    [
        (-3, 2, [0, 0, 0, 1, 2]),
        (2, 7, [4, 3, 0, 0, 0]),
        (-1, 5, [0, 1, 2, 4, 3, 0]),
        (-5, -2, [0, 0, 0]),
        (4, 6, [0, 0]),
        (100, 102, [0, 0]),
        (2, 2, []),
    ],
)
def test_positions_outside_the_chromosome_are_n(
    fasta: Path, start: int, end: int, codes: list[int]
) -> None:
    # The second chromosome must not leak into the first.
    genome = Genome(write_fasta(fasta, {"chr1": "ACGT", "chr2": "AAAA"}))
    assert genome.codes("chr1", start, end).tolist() == codes


def test_codes_are_small_integers(fasta: Path) -> None:
    assert Genome(write_fasta(fasta, {"chr1": "ACGT"})).codes("chr1", -1, 5).dtype == np.uint8


def test_codes_agree_with_an_independent_reader(fasta: Path, random: np.random.Generator) -> None:
    letters = random.choice(list("ACGTacgtNnRY"), size=5_003)
    write_fasta(fasta, {"chr1": "".join(letters), "chr2": "ACGT" * 99}, width=61)
    genome = Genome(fasta)
    with pyfaidx.Fasta(str(fasta), indexname=str(fasta.with_name("independent.fai"))) as reader:
        for chrom, size in genome.chrom_sizes.items():
            starts = random.integers(0, size, 30)
            for start, end in zip(starts, starts + random.integers(1, 200, 30), strict=True):
                text = reader[chrom][int(start) : int(min(end, size))].seq.upper()
                expected = [CODE.get(letter, 0) for letter in text.ljust(end - start, "N")]
                assert genome.codes(chrom, int(start), int(end)).tolist() == expected


def test_known_bases_are_those_that_are_not_n(fasta: Path) -> None:
    genome = Genome(write_fasta(fasta, {"chr1": "NNACGTNRAN", "chr2": "NNNN", "chr3": "acg"}))
    found = genome.known(whole(genome))
    assert {chrom: list(intervals) for chrom, intervals in found.items()} == {
        "chr1": [(2, 6), (8, 9)],
        "chr3": [(0, 3)],
    }


def test_known_bases_are_looked_for_in_the_regions_only(fasta: Path) -> None:
    genome = Genome(write_fasta(fasta, {"chr1": "ACGTNNACGT", "chr2": "ACGT"}))
    found = genome.known({"chr1": IntervalSet.of([1, 5], [3, 8])})
    assert {chrom: list(intervals) for chrom, intervals in found.items()} == {
        "chr1": [(1, 3), (6, 8)]
    }


def test_known_bases_are_whole_over_the_pieces_of_a_scan(
    fasta: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    genome = Genome(write_fasta(fasta, {"chr1": "NACGTACGTNNACG"}))
    in_one_piece = genome.known(whole(genome)), genome.digest(whole(genome))
    monkeypatch.setattr("regtrack.genome.fasta._SCAN_LENGTH", 3)
    assert (genome.known(whole(genome)), genome.digest(whole(genome))) == in_one_piece
    assert list(in_one_piece[0]["chr1"]) == [(1, 9), (11, 14)]


def digest(path: Path, sequence: str, start: int = 0, end: int = 6) -> str:
    genome = Genome(write_fasta(path, {"chr1": sequence, "chr2": sequence}))
    return genome.digest({"chr1": IntervalSet.of([start], [end])})


def test_one_base_tells_two_genomes_apart(fasta: Path) -> None:
    assert digest(fasta, "ACGTAC") != digest(fasta.with_name("b.fa"), "ACGTAA")


def test_a_digest_looks_at_the_bases_and_not_at_masking_or_layout(fasta: Path) -> None:
    other = fasta.with_name("b.fa")
    write_fasta(other, {"chr1": "acgtRC"}, width=2)
    masked = Genome(other).digest({"chr1": IntervalSet.of([0], [6])})
    assert digest(fasta, "ACGTNC") == masked


def test_a_digest_depends_on_where_the_bases_stand(fasta: Path) -> None:
    sequence = "AAAAAA"
    assert digest(fasta, sequence, 0, 3) != digest(fasta, sequence, 1, 4)
    genome = Genome(fasta)
    region = IntervalSet.of([0], [3])
    assert genome.digest({"chr1": region}) != genome.digest({"chr2": region})


def test_a_digest_does_not_see_what_lies_outside_its_regions(fasta: Path) -> None:
    assert digest(fasta, "ACGTAC", 0, 3) == digest(fasta.with_name("b.fa"), "ACGAAA", 0, 3)


def test_the_other_strand_pairs_a_with_t_and_c_with_g_and_runs_backwards() -> None:
    strand = np.array([CODE[base] for base in "AACCTGGNC"], np.uint8)
    other = [CODE[base] for base in "GNCCAGGTT"]
    assert reverse_complement(strand).tolist() == other
    assert reverse_complement(np.stack([strand, strand])).tolist() == [other, other]


def test_a_fingerprint_of_lengths_knows_no_order() -> None:
    one = sizes_fingerprint({"chr1": 10, "chr2": 20})
    assert one == sizes_fingerprint({"chr2": 20, "chr1": 10})
    assert one != sizes_fingerprint({"chr1": 20, "chr2": 10})
    assert one != sizes_fingerprint({"chr1": 10})


def test_known_bases_of_real_sequence_are_the_published_ones(real_data: Path) -> None:
    genome = Genome(real_data / "genome.fa.gz")
    listed = read_bed(real_data / "genome.known.bed", genome.chrom_sizes)
    found = genome.known(whole(genome))
    assert set(found) == set(listed)
    for chrom, intervals in found.items():
        # The list leaves out what is shorter than 1 kb.
        kept = [(start, end) for start, end in intervals if end - start >= 1_000]
        assert kept == list(listed[chrom]), chrom
