"""BigWig: other programs read what was written, and so does the reader, or it says why not."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pybigtools
import pyBigWig
import pytest
from encoded import Segments, read_segments, write_bigwig

from regtrack.errors import InputError
from regtrack.genome.intervals import Interval, IntervalSet
from regtrack.tracks.bigwig_sections import BigWigSections

SIZES = {"chr10": 100_000, "chr2": 5_000, "chr1": 700}  # not sorted, as genomes often are not
Pieces = list[tuple[str, Segments]]
Entries = dict[str, list[tuple[int, int, float]]]

# Prints, per file, how many of the true segments the reader gave, or that it refused it.
# In a process of its own, as a crash would take the tests with it.
READ_ALL = """
import sys
from pathlib import Path
from regtrack.errors import InputError
from regtrack.genome.intervals import Interval
from regtrack.tracks.bigwig_sections import BigWigSections
for name in sys.argv[1:]:
    try:
        with BigWigSections(Path(name)) as reader:
            found = reader.at_least(Interval("chr10", 0, 100_000), 0)
            print(name, len(found), found.bases, flush=True)
    except InputError:
        print(name, "refused", flush=True)
"""


def one(start: int, end: int, value: float = 0.5) -> Segments:
    return Segments(np.array([start]), np.array([end]), np.array([value], np.float32))


def random_segments(random: np.random.Generator, size: int, count: int) -> Segments:
    edges = np.sort(random.choice(size, 2 * count, replace=False)).astype(np.int64)
    return Segments(edges[0::2], edges[1::2], random.random(count, dtype=np.float32))


def random_pieces(random: np.random.Generator) -> Pieces:
    """Several pieces of the first chromosome, one of the second, none of the third."""
    whole = random_segments(random, SIZES["chr10"], 3_000)
    cuts = [0, 1, 1_300, 1_300, 3_000]
    pieces = [
        Segments(whole.starts[a:b], whole.ends[a:b], whole.values[a:b]) for a, b in pairwise(cuts)
    ]
    second = random_segments(random, SIZES["chr2"], 40)
    return [*(("chr10", piece) for piece in pieces), ("chr2", second)]


def entries(pieces: Pieces) -> Entries:
    found: Entries = {}
    for chrom, piece in pieces:
        rows = zip(piece.starts.tolist(), piece.ends.tolist(), piece.values.tolist(), strict=True)
        found.setdefault(chrom, []).extend(rows)
    return found


def read_all(paths: list[Path]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", READ_ALL, *paths]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_pybigwig_reads_what_was_written(tmp_path: Path, random: np.random.Generator) -> None:
    pieces = random_pieces(random)
    write_bigwig(tmp_path / "a.bw", SIZES, pieces)
    with pyBigWig.open(str(tmp_path / "a.bw")) as file:
        assert file.isBigWig()
        assert file.chroms() == SIZES
        assert {chrom: list(file.intervals(chrom)) for chrom in ("chr10", "chr2")} == entries(
            pieces
        )
        assert file.intervals("chr1") is None
        assert file.header()["nLevels"] > 0  # zoom levels: browsers need them


def test_pybigtools_reads_what_was_written(tmp_path: Path, random: np.random.Generator) -> None:
    pieces = random_pieces(random)
    write_bigwig(tmp_path / "a.bw", SIZES, pieces)
    file = pybigtools.open(str(tmp_path / "a.bw"))
    assert file.chroms() == SIZES
    assert {chrom: list(file.records(chrom)) for chrom in ("chr10", "chr2")} == entries(pieces)
    file.close()


def test_the_reader_reads_what_was_written(tmp_path: Path, random: np.random.Generator) -> None:
    pieces = random_pieces(random)
    write_bigwig(tmp_path / "a.bw", SIZES, pieces)
    found = [(chrom, read_segments(tmp_path / "a.bw", chrom, 0, SIZES[chrom])) for chrom in SIZES]
    assert entries(found) == {**entries(pieces), "chr1": []}
    assert all(piece.values.dtype == np.float32 for _, piece in found)


def test_a_segment_at_either_end_of_a_chromosome_comes_back(tmp_path: Path) -> None:
    write_bigwig(tmp_path / "a.bw", SIZES, [("chr1", one(0, 1)), ("chr1", one(699, 700))])
    found = read_segments(tmp_path / "a.bw", "chr1", 0, 700)
    assert found.starts.tolist() == [0, 699]
    assert found.ends.tolist() == [1, 700]


@pytest.mark.parametrize(
    ("start", "end", "starts"),
    [(0, 100, [10, 50]), (15, 16, [10]), (19, 51, [10, 50]), (20, 50, []), (60, 700, [])],
)
def test_a_region_gives_the_segments_that_overlap_it_whole(
    tmp_path: Path, start: int, end: int, starts: list[int]
) -> None:
    write_bigwig(tmp_path / "a.bw", SIZES, [("chr1", one(10, 20)), ("chr1", one(50, 60))])
    found = read_segments(tmp_path / "a.bw", "chr1", start, end)
    assert found.starts.tolist() == starts
    assert (found.ends - found.starts).tolist() == [10] * len(starts)


def test_the_same_segments_give_the_same_bytes_however_they_come(
    tmp_path: Path, random: np.random.Generator
) -> None:
    # A killed run that is gone on with must give the same file.
    pieces = random_pieces(random)
    for name in "ab":
        write_bigwig(tmp_path / name, SIZES, iter(pieces))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([("chr2", one(5, 9)), ("chr10", one(0, 5))], id="chromosomes"),
        pytest.param([("chr2", one(5, 9)), ("chr2", one(0, 5))], id="pieces"),
        pytest.param([("chr2", one(5, 9)), ("chr2", one(8, 12))], id="overlapping pieces"),
        pytest.param([("chr1", one(690, 701))], id="end past the chromosome"),
        pytest.param([("chr1", one(701, 702))], id="start past the chromosome"),
    ],
)
def test_segments_out_of_place_are_refused_and_nothing_is_left(
    tmp_path: Path, pieces: Pieces
) -> None:
    with pytest.raises(ValueError, match="out of order or past"):
        write_bigwig(tmp_path / "a.bw", SIZES, pieces)
    assert list(tmp_path.iterdir()) == []


def test_a_chromosome_that_the_genome_does_not_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="chrX"):
        write_bigwig(tmp_path / "a.bw", SIZES, [("chrX", one(1, 2))])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("pieces", [[], [("chr1", Segments(*np.zeros((3, 0))))]])
def test_a_track_without_a_segment_is_refused_and_nothing_is_left(
    tmp_path: Path, pieces: Pieces
) -> None:
    with pytest.raises(ValueError, match="at least one segment"):
        write_bigwig(tmp_path / "a.bw", SIZES, pieces)
    assert list(tmp_path.iterdir()) == []


def test_a_failure_on_the_way_keeps_the_file_that_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.bw"
    write_bigwig(path, SIZES, [("chr1", one(1, 2))])
    before = path.read_bytes()

    def fails() -> object:
        yield "chr1", one(5, 9)
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_bigwig(path, SIZES, fails())
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == before


def test_a_missing_folder_is_an_error_and_not_a_crash(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_bigwig(tmp_path / "missing" / "a.bw", SIZES, [("chr1", one(1, 2))])


def test_an_absent_chromosome_has_no_segments(tmp_path: Path) -> None:
    write_bigwig(tmp_path / "a.bw", SIZES, [("chr1", one(1, 2))])
    with BigWigSections(tmp_path / "a.bw") as reader:
        assert len(reader.at_least(Interval("chrX", 0, 10), 0)) == 0


@pytest.mark.parametrize(
    "content",
    [b"", b"x", b"chr1\t0\t10\t0.5\n" * 50, b"\x26\xfc\x8f\x88", b"\x26\xfc\x8f\x88" * 100],
)
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.bw"
    path.write_bytes(content)
    done = read_all([path])
    assert (done.returncode, done.stdout) == (0, f"{path} refused\n")


def test_the_message_names_the_file_that_is_not_a_bigwig(tmp_path: Path) -> None:
    path = tmp_path / "a.bw"
    path.write_text("chr1\t0\t10\t0.5\n" * 50)
    with pytest.raises(InputError, match=r"a\.bw: not a BigWig file, or a truncated one"):
        BigWigSections(path)


def test_a_missing_file_is_an_error_of_the_operating_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"a\.bw"):
        BigWigSections(tmp_path / "a.bw")


def test_a_folder_is_an_error_of_the_operating_system(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        BigWigSections(tmp_path)


def test_a_truncated_file_is_refused_or_read_rightly(
    tmp_path: Path, random: np.random.Generator
) -> None:
    whole = random_segments(random, SIZES["chr10"], 3_000)
    write_bigwig(tmp_path / "whole.bw", SIZES, [("chr10", whole)])
    data = (tmp_path / "whole.bw").read_bytes()
    # Densely in the headers, where every field is read at once, then all over the data.
    lengths = [*range(4, 480, 12), *range(480, len(data), len(data) // 40), len(data) - 1]
    paths = [tmp_path / f"{length}.bw" for length in lengths]
    for path, length in zip(paths, lengths, strict=True):
        path.write_bytes(data[:length])
    done = read_all(paths)
    outcomes = [line.split(maxsplit=1) for line in done.stdout.splitlines()]
    covered = IntervalSet.of(whole.starts, whole.ends)
    correct = f"{len(covered)} {covered.bases}"
    assert {path: what for path, what in outcomes if what not in ("refused", correct)} == {}
    assert done.returncode == 0, f"crashed on {paths[len(outcomes)].name}"
    assert len(outcomes) == len(paths)
