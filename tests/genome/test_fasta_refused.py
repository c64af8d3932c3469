"""FASTA files that cannot be read by position, and damaged ones: one line says why."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from builders import random_sequence, write_fasta
from fasta_helpers import bgzip, index_of, read_all, written

from regtrack.errors import InputError
from regtrack.genome.fasta import Genome


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


def test_a_gzip_file_is_to_be_unpacked_or_is_no_sequence_at_all(tmp_path: Path) -> None:
    path = tmp_path / "hg19.fa.gz"
    path.write_bytes(gzip.compress(b">chr1\nACGT\n"))
    with pytest.raises(InputError, match=r"gunzip hg19\.fa\.gz, then --genome hg19\.fa \(or bgzip"):
        Genome(path)
    path.write_bytes(gzip.compress(b"585\tNR_1\tchr1\t+\t1\t9\n"))
    with pytest.raises(InputError, match=r"hg19\.fa\.gz: not a FASTA file, though compressed"):
        Genome(path)


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


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "bgzip"])
@pytest.mark.parametrize(
    ("content", "line", "problem"),
    [
        (">chr1\nACGT ACGTA\nACGTAACGTA\n", 2, "a blank inside"),
        (">chr1\nACGTA\nAC\tTA\n", 3, "a blank inside"),
        (">chr1\n ACGT\n ACGT\n", 2, "a blank inside"),
        (">chr1\nACGTA\nACGTA\n\n>chr2\nAC AC\n", 6, "a blank inside"),
        (">chr1\nACGT 10\nACGT 20\n", 2, "'1' in a line of sequence"),
        (">chr1\nACG1T\n", 2, "'1' in a line of sequence"),
        (">chr1\nACG\0T\n", 2, r"'\\x00' in a line of sequence"),
        (">chr1\nACG>T\n", 2, "'>' in a line of sequence"),
        (">chr1\nACGT >chr2\nACG\n", 2, "'>' in a line of sequence"),
        (">chr1\nACGT\n;a comment\nACGT\n", 3, "';' in a line of sequence"),
        (">prot\nMEEPQSDPSV\n", 2, "'E' in a line of sequence"),
        (">chr1\nACG\u00e9T\n", 2, r"'\\xc3' in a line of sequence"),
        (">chr1\rACGT\rACGT\r>chr2\rACG\r", 1, "a carriage return without a line feed"),
        (">chr1\nACGT\rACGT\rAC\n", 2, "a carriage return without a line feed"),
        (">chr1\nACGT\r\nACGT\nACGT\n", 3, "a line of a different length"),
        (">chr1\n\nACGT\n", 2, "a line of a different length"),
        (">chr1\nACGT\n\n\nACGT\n", 3, "a line of a different length"),
        (">chr1\nACGT\n>\nACGT\n", 3, "a sequence without a name"),
        (">chr1\nACGT\n> chr2\nACGT\n", 3, "a sequence without a name"),
        (">chr1\nACGT\n>chr2\nAC\n>chr1 b\nACGT\n", 5, "a second sequence named chr1"),
        (">chr1\nACGT\n>chr2\n", 3, "no sequence after the last name, chr2"),
        (">chr1\nACGT\n>c\x01hr\nA\n", 3, "a name with a control character"),
    ],
)
def test_what_would_be_read_as_other_bases_is_refused_by_its_line(
    fasta: Path, content: str, line: int, problem: str, compressed: bool
) -> None:
    path = written(fasta, content.encode(), compressed)
    with pytest.raises(InputError, match=rf"{path.name}:{line}: {problem}") as caught:
        Genome(path)
    assert "\n" not in str(caught.value)
    assert not index_of(path).exists()


@pytest.mark.parametrize("name", ["c\x1b[2Jhr", "c\x85hr", "c\u2028hr"])
def test_a_name_that_moves_the_cursor_is_refused_also_with_others_index(
    fasta: Path, name: str
) -> None:
    path = written(fasta, f">chr1\nACGT\n>{name}\nA\n".encode(), False)
    index_of(path).write_text(f"chr1\t4\t6\t4\t5\n{name}\t1\t{13 + len(name.encode())}\t1\t2\n")
    with pytest.raises(InputError, match=rf"{path.name}:3: a name with a control character"):
        Genome(path)


def test_a_name_that_is_not_utf8_is_refused_by_its_line(fasta: Path) -> None:
    fasta.write_bytes(b">chr1\nACGT\n>caf\xe9\nACGT\n")
    with pytest.raises(InputError, match=r"genome\.fa:3: a name that is not UTF-8"):
        Genome(fasta)


@pytest.mark.parametrize("compressed", [False, True], ids=["plain", "bgzip"])
@pytest.mark.parametrize(
    ("edited", "line"),
    [
        ("ACGT CGTAC", 7),  # a blank for a base
        ("ACGT7CGTAC", 7),
        ("ACGTAC\nGTA", 7),  # a line's end too early
    ],
)
@pytest.mark.parametrize("width", [10, 70_000], ids=["short lines", "long lines"])
def test_what_is_wrong_behind_an_index_that_fits_is_found_where_it_is_read(
    fasta: Path, edited: str, line: int, compressed: bool, width: int
) -> None:
    letters = ("ACGTACGTAC" * (width // 10) + "\n") * 9
    path = written(fasta, f">chr1\n{letters}".encode(), compressed)
    Genome(path)
    lines = letters.splitlines(keepends=True)
    lines[5] = lines[5][: width - 10] + edited + "\n"
    written(fasta, f">chr1\n{''.join(lines)}".encode(), compressed)
    genome = Genome(path)
    assert genome.codes("chr1", 2, 5).tolist() == [4, 3, 1]
    with pytest.raises(InputError, match=rf"{path.name}:{line}: "):
        genome.codes("chr1", 6 * width - 10, 6 * width)


def test_bases_that_were_moved_show_at_the_end_of_their_line(fasta: Path) -> None:
    lines = ["ACGTACGTAC"] * 9
    write_fasta(fasta, {"chr1": "".join(lines)}, width=10)
    Genome(fasta)
    lines[2], lines[6] = "ACGTACGTACA", "ACGTACGTA"  # in between, all is one base too late
    fasta.write_text(">chr1 a comment\n" + "".join(f"{line}\n" for line in lines))
    genome = Genome(fasta)
    with pytest.raises(InputError, match=r"genome\.fa:4: a line of a different length"):
        genome.codes("chr1", 42, 45)


def test_a_file_that_changed_since_it_was_opened_is_refused(fasta: Path) -> None:
    write_fasta(fasta, {"chr1": "ACGT" * 100})
    genome = Genome(fasta)
    with fasta.open("r+") as handle:
        handle.truncate(200)
    assert genome.codes("chr1", 0, 4).tolist() == [1, 2, 4, 3]
    with pytest.raises(InputError, match=r"genome\.fa: the lines of chr1 are not as .*\.fai says"):
        genome.codes("chr1", 0, 400)


def original_or_refused(path: Path, expected: dict[str, list[int]]) -> bool:
    """Read a damaged file: what is read must be right. Whether it is refused."""
    try:
        assert read_all(path) == expected
    except InputError as error:
        message = str(error)
        assert message.startswith(str(path))
        assert "\n" not in message
        return True
    return False


@pytest.mark.parametrize("indexed", [False, True], ids=["without index", "with index"])
def test_every_flipped_bit_in_bgzip_is_refused_or_changes_nothing(
    fasta: Path, random: np.random.Generator, indexed: bool
) -> None:
    path = bgzip(write_fasta(fasta, {"chr1": random_sequence(random, 120), "chr2": "ACGT"}))
    expected = read_all(path)
    sound = path.read_bytes()
    refused = 0
    for place in range(2, len(sound) - 28):  # behind, there is the marker of the end
        damaged = bytearray(sound)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        if not indexed:
            index_of(path).unlink(missing_ok=True)
            index_of(path, ".gzi").unlink(missing_ok=True)
        refused += original_or_refused(path, expected)
        path.write_bytes(sound)
        Genome(path)
    assert refused > 60


@pytest.mark.parametrize("size", [1, 3, 19])
def test_a_bgzip_block_too_short_to_be_one_is_refused(fasta: Path, size: int) -> None:
    path = bgzip(write_fasta(fasta, {"chr1": "ACGT"}))
    content = bytearray(path.read_bytes())
    content[16:18] = (size - 1).to_bytes(2, "little")
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"damaged bgzip file: no valid block at byte 0"):
        Genome(path)


@pytest.mark.parametrize("indexed", [False, True], ids=["without index", "with index"])
def test_a_bgzip_file_cut_anywhere_or_with_a_hole_is_refused(
    fasta: Path, random: np.random.Generator, indexed: bool
) -> None:
    path = bgzip(write_fasta(fasta, {"chr1": random_sequence(random, 200_000)}))
    expected = read_all(path)
    sound = path.read_bytes()
    end = sound[-28:]
    for size in (18, 19, 1_000, 20_000, len(sound) // 2, len(sound) - 29, len(sound) - 30):
        for damaged in (sound[:size], sound[:size] + end, sound[:size] + sound[size + 1 :]):
            path.write_bytes(damaged)
            if not indexed:
                index_of(path).unlink(missing_ok=True)
                index_of(path, ".gzi").unlink(missing_ok=True)
            assert original_or_refused(path, expected), size


def test_a_damaged_block_is_named(fasta: Path, random: np.random.Generator) -> None:
    path = bgzip(write_fasta(fasta, {"chr1": random_sequence(random, 200_000)}))
    Genome(path)
    content = bytearray(path.read_bytes())
    content[len(content) - 5_000] ^= 8
    path.write_bytes(content)
    genome = Genome(path)
    assert len(genome.codes("chr1", 0, 1_000)) == 1_000  # lies in a sound one
    with pytest.raises(
        InputError, match=r"genome\.fa\.gz: damaged bgzip file: no valid block at byte [1-9]"
    ):
        genome.codes("chr1", 0, 200_000)


def test_a_pipe_is_refused(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.fa"
    os.mkfifo(pipe)
    with pytest.raises(InputError, match=r"pipe\.fa: is a pipe, .* expected a file"):
        Genome(pipe)


def test_a_missing_file_is_answered_with_how_to_come_by_a_genome(fasta: Path) -> None:
    with pytest.raises(
        InputError, match=r"no such file; expected FASTA \(regtrack fetch genome hg19 brings one\)$"
    ):
        Genome(fasta)


def test_a_folder_is_an_operating_system_error(fasta: Path) -> None:
    with pytest.raises(IsADirectoryError):
        Genome(fasta.parent)
