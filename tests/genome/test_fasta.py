"""Sequence read by position, and the files that cannot be."""

from __future__ import annotations

import gzip
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pyfaidx
import pysam
import pytest
from builders import random_sequence, write_fasta

from regtrack.errors import InputError
from regtrack.genome.bed import read_bed
from regtrack.genome.fasta import Genome, sizes_fingerprint
from regtrack.genome.intervals import IntervalSet

CODE = {"N": 0, "A": 1, "C": 2, "T": 3, "G": 4}


@pytest.fixture
def fasta(tmp_path: Path) -> Path:
    """Where a FASTA file goes: a folder of its own, apart from the cache."""
    folder = tmp_path / "genomes"
    folder.mkdir()
    return folder / "genome.fa"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of indices that cannot lie beside their file."""
    monkeypatch.delenv("REGTRACK_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "regtrack" / "faidx"


def bgzip(path: Path) -> Path:
    target = path.with_name(f"{path.name}.gz")
    pysam.tabix_compress(str(path), str(target), force=True)
    return target


def read(path: Path, chrom: str = "chr1") -> list[int]:
    genome = Genome(path)
    return genome.codes(chrom, 0, genome.chrom_sizes[chrom]).tolist()


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


def test_a_fingerprint_of_lengths_knows_no_order() -> None:
    one = sizes_fingerprint({"chr1": 10, "chr2": 20})
    assert one == sizes_fingerprint({"chr2": 20, "chr1": 10})
    assert one != sizes_fingerprint({"chr1": 20, "chr2": 10})
    assert one != sizes_fingerprint({"chr1": 10})


def test_an_index_is_made_beside_the_file(fasta: Path, cache: Path) -> None:
    Genome(write_fasta(fasta, {"chr1": "ACGT"}))
    Genome(bgzip(fasta))
    assert sorted(one.name for one in fasta.parent.iterdir()) == [
        "genome.fa",
        "genome.fa.fai",
        "genome.fa.gz",
        "genome.fa.gz.fai",
        "genome.fa.gz.gzi",
    ]
    assert not cache.exists()


def test_an_index_that_stands_is_used_as_it_is(fasta: Path) -> None:
    Genome(write_fasta(fasta, {"chr1": "ACGT"}))
    index = fasta.with_name("genome.fa.fai")
    before = index.stat()
    Genome(fasta)
    after = index.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def make_older(path: Path, than: Path) -> None:
    moment = than.stat().st_mtime - 10
    os.utime(path, (moment, moment))


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "bgzip"])
def test_an_outdated_index_is_made_anew(fasta: Path, compressed: bool) -> None:
    path = write_fasta(fasta, {"chr1": "ACGT"})
    Genome(bgzip(path) if compressed else path)
    write_fasta(fasta, {"other": "TTTTTTTT", "chr1": "GG"})
    path = bgzip(fasta) if compressed else fasta
    make_older(path.with_name(f"{path.name}.fai"), than=path)
    assert dict(Genome(path).chrom_sizes) == {"other": 8, "chr1": 2}
    assert read(path) == [4, 4]


def test_a_bgzip_file_without_its_second_index_gets_it(fasta: Path) -> None:
    path = bgzip(write_fasta(fasta, {"chr1": "ACGT"}))
    Genome(path)
    path.with_name("genome.fa.gz.gzi").unlink()
    assert read(path) == [1, 2, 4, 3]


@pytest.fixture
def read_only(fasta: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of `fasta`, refusing new files as a mounted genome library does.

    Permissions would not do: tests may run as root.
    """
    make = tempfile.TemporaryDirectory

    def refusing(*args: object, dir: Path, **kwargs: object) -> object:
        if Path(dir) == fasta.parent:
            raise PermissionError(13, "Permission denied", str(dir))
        return make(*args, dir=dir, **kwargs)  # type: ignore[call-overload]

    monkeypatch.setattr(tempfile, "TemporaryDirectory", refusing)
    return fasta.parent


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "bgzip"])
@pytest.mark.usefixtures("read_only")
def test_where_the_folder_cannot_be_written_the_index_goes_to_the_cache(
    fasta: Path, cache: Path, compressed: bool
) -> None:
    write_fasta(fasta, {"chr1": "ACGT"})
    path = bgzip(fasta) if compressed else fasta
    assert read(path) == [1, 2, 4, 3]
    assert not path.with_name(f"{path.name}.fai").exists()
    expected = {".fai", ".gzi"} if compressed else {".fai"}
    assert {one.suffix for one in cache.iterdir()} == expected
    assert read(path) == [1, 2, 4, 3]  # and from there it is read


@pytest.mark.usefixtures("read_only")
def test_files_of_one_name_do_not_share_an_index_in_the_cache(fasta: Path, cache: Path) -> None:
    write_fasta(fasta, {"chr1": "ACGT"})
    Genome(fasta)
    other = fasta.parent / "sub" / fasta.name
    other.parent.mkdir()
    shutil.copy(fasta, other)
    Genome(other)
    Genome(fasta)
    assert len(list(cache.iterdir())) == 1
    assert other.with_name(f"{other.name}.fai").exists()


@pytest.mark.usefixtures("read_only")
def test_with_no_folder_for_an_index_the_error_says_so(
    fasta: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "a-file"
    blocked.touch()
    monkeypatch.setenv("REGTRACK_CACHE", str(blocked))
    write_fasta(fasta, {"chr1": "ACGT"})
    with pytest.raises(InputError, match=r"genome\.fa: no index, and no folder to make it in"):
        Genome(fasta)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", r"genome\.fa: empty file; expected FASTA"),
        ("chr1\t0\t10\n", r"genome\.fa:1: not a FASTA file; expected '>'"),
        ("ACGT\n>chr1\nACGT\n", r"genome\.fa:1: not a FASTA file; expected '>'"),
        ("@read\nACGT\n+\nIIII\n", r"genome\.fa:1: not a FASTA file; expected '>'"),
        (">chr1\nACGT\n>chr1\nACGT\n", r"genome\.fa:.*chr1"),
    ],
)
def test_a_plain_file_that_cannot_be_used_says_why(fasta: Path, content: str, problem: str) -> None:
    fasta.write_text(content)
    with pytest.raises(InputError, match=problem):
        Genome(fasta)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (">chr1\nACGT\nAC\nACGT\n", 3),
        (">chr1\nACGT\n\nACGT\n", 3),
        (">chr1\nAC\n>chr2\nACGT\nA\nACGT\n", 5),
        (">chr1\nACGT\n>\nACGT\n", 3),
    ],
    ids=["a short line inside", "an empty line inside", "in another record", "no name"],
)
def test_the_line_that_is_wrong_is_named(fasta: Path, content: str, line: int) -> None:
    fasta.write_text(content)
    with pytest.raises(InputError, match=rf"genome\.fa:({line}: |.* at line {line}\b)"):
        Genome(fasta)


@pytest.mark.parametrize(
    "content",
    [">chr1\nAC\nACGT\n", ">chr1\nACGT\nACGT\nACGTACGT\n>chr2\nTTTT\n"],
    ids=["the only record", "before another record"],
)
@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "bgzip"])
def test_a_last_line_longer_than_the_others_is_refused(
    fasta: Path, content: str, compressed: bool
) -> None:
    # Read by position, its bases would be shifted by the newline before them: silently wrong.
    fasta.write_text(content)
    with pytest.raises(InputError, match=r"genome\.fa"):
        Genome(bgzip(fasta) if compressed else fasta)


def test_a_refused_file_leaves_no_index(fasta: Path, cache: Path) -> None:
    fasta.write_text(">chr1\nACGT\nAC\nACGT\n")
    with pytest.raises(InputError):
        Genome(fasta)
    assert list(fasta.parent.iterdir()) == [fasta]
    assert not cache.exists()


def test_gzip_is_refused_with_the_command_that_mends_it(fasta: Path) -> None:
    path = fasta.with_name("hg19.fa.gz")
    path.write_bytes(gzip.compress(b">chr1\nACGT\n"))
    with pytest.raises(InputError, match=r"gzip.*expected bgzip: gunzip -c hg19\.fa\.gz \| bgzip"):
        Genome(path)


def test_a_truncated_bgzip_file_is_refused(fasta: Path, random: np.random.Generator) -> None:
    path = bgzip(write_fasta(fasta, {"chr1": random_sequence(random, 150_000)}))
    path.write_bytes(path.read_bytes()[:-1_000])
    with pytest.raises(InputError, match=r"genome\.fa\.gz: truncated bgzip file"):
        Genome(path)


def test_bgzip_of_something_else_is_refused(fasta: Path) -> None:
    fasta.write_text("chr1\t0\t10\n")
    with pytest.raises(InputError, match=r"genome\.fa\.gz:.*expected"):
        Genome(bgzip(fasta))


@pytest.mark.parametrize(
    "content",
    [
        ">chr1\nACGT\nAC\nACGT\n",
        ">chr1\nACGT\n>chr1\nACGT\n",
        ">chr1\nACGT\n\nACGT\n",
        ">chr1\nACGT\n>\nACGT\n",
    ],
    ids=["uneven lines", "duplicate names", "an empty line", "no name"],
)
def test_bgzip_is_held_to_the_rules_of_plain_files(fasta: Path, content: str) -> None:
    fasta.write_text(content)
    with pytest.raises(InputError, match=r"genome\.fa\.gz:"):
        Genome(bgzip(fasta))


def test_an_empty_bgzip_file_is_refused(fasta: Path) -> None:
    fasta.write_text("")
    with pytest.raises(InputError, match=r"genome\.fa\.gz:"):
        Genome(bgzip(fasta))


def test_less_sequence_than_the_index_says_is_found_when_it_is_read(fasta: Path) -> None:
    write_fasta(fasta, {"chr1": "ACGT" * 100})
    Genome(fasta)
    index = fasta.with_name("genome.fa.fai")
    fasta.write_bytes(fasta.read_bytes()[:200])
    make_older(fasta, than=index)
    genome = Genome(fasta)
    assert genome.codes("chr1", 0, 4).tolist() == [1, 2, 4, 3]
    with pytest.raises(InputError, match=r"genome\.fa: less sequence of chr1 than its index says"):
        genome.codes("chr1", 0, 400)


def test_an_index_that_is_none_is_named(fasta: Path) -> None:
    write_fasta(fasta, {"chr1": "ACGT"})
    fasta.with_name("genome.fa.fai").write_text("no index at all\n")
    with pytest.raises(InputError, match=r"genome\.fa: cannot be opened with its index .*\.fai"):
        Genome(fasta)


def test_a_missing_file_is_an_operating_system_error(fasta: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Genome(fasta)


def test_a_folder_is_an_operating_system_error(fasta: Path) -> None:
    with pytest.raises(IsADirectoryError):
        Genome(fasta.parent)


def test_known_bases_of_real_sequence_are_the_published_ones(real_data: Path) -> None:
    genome = Genome(real_data / "genome.fa.gz")
    listed = read_bed(real_data / "genome.known.bed", genome.chrom_sizes)
    found = genome.known(whole(genome))
    assert set(found) == set(listed)
    for chrom, intervals in found.items():
        # The list leaves out what is shorter than 1 kb.
        kept = [(start, end) for start, end in intervals if end - start >= 1_000]
        assert kept == list(listed[chrom]), chrom
