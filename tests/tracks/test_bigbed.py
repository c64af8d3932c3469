"""bigBed files of peaks: what is written is read back, by two readers, or nothing is there."""

from __future__ import annotations

import errno
import os
import struct
from pathlib import Path

import pybigtools
import pyBigWig
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regtrack.errors import InputError
from regtrack.tracks import bigbed
from regtrack.tracks.bigbed import BigBedReader, read_header, write_narrow_peaks
from regtrack.tracks.peaks.files import PeakLine

SIZES = {"chr10": 3_000, "chr2": 900, "chr1": 700}  # not in the order of their names
GOOD = [
    PeakLine("chr10", 5, 3_000, "a_1", 750, 0.75, 20),
    PeakLine("chr2", 0, 10, "a_2", 1_000, 1.0, 0),
    PeakLine("chr2", 0, 12, "a_3", 0, 0.0001, 11),
]


def columns(peak: PeakLine) -> str:
    return f"{peak.name}\t{peak.score}\t.\t{peak.value:.6g}\t-1\t-1\t{peak.summit}"


@st.composite
def peak_lists(draw: st.DrawFn) -> list[PeakLine]:
    """Peaks of several chromosomes, sorted on each; they may overlap and stand twice."""
    names = st.from_regex(r"[!-~\u00c0-\u00ff]+", fullmatch=True)
    found = []
    for chrom in draw(st.permutations(list(SIZES))):
        spans = draw(st.lists(st.tuples(*[st.integers(0, SIZES[chrom])] * 2), max_size=30))
        for start, end in sorted((min(span), max(span)) for span in spans):
            if start < end:
                summit = draw(st.integers(0, end - start - 1))
                value = draw(st.floats(0, 1, width=32))
                score = round(1_000 * value)
                found.append(PeakLine(chrom, start, end, draw(names), score, value, summit))
    return found


@settings(max_examples=40)
@given(peaks=peak_lists().filter(bool))
def test_two_readers_find_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, peaks: list[PeakLine]
) -> None:
    path = tmp_path_factory.mktemp("bed") / "a.bb"
    write_narrow_peaks(path, peaks, SIZES)
    expected: dict[str, list] = {}
    for peak in peaks:
        expected.setdefault(peak.chrom, []).append((peak.start, peak.end, columns(peak)))
    theirs = pybigtools.open(str(path))
    assert {
        chrom: [(start, end, "\t".join(rest)) for start, end, *rest in theirs.records(chrom)]
        for chrom in theirs.chroms()
    } == expected
    with pyBigWig.open(str(path)) as others:
        sizes = {chrom: SIZES[chrom] for chrom in expected}
        assert others.isBigBed()
        assert others.chroms() == theirs.chroms() == sizes
        found = {chrom: others.entries(chrom, 0, size) for chrom, size in sizes.items()}
    assert found == expected


def test_the_columns_are_those_of_bed6_and_four_more(tmp_path: Path) -> None:
    write_narrow_peaks(tmp_path / "a.bb", GOOD, SIZES)
    with BigBedReader(tmp_path / "a.bb") as reader:
        assert (reader.header.fields, reader.header.bed_fields) == (10, 6)
        assert reader.header.chrom_sizes == {"chr10": 3_000, "chr2": 900}
        assert reader.entries("chr10") == [(5, 3_000, columns(GOOD[0]))]
    with pyBigWig.open(str(tmp_path / "a.bb")) as file:
        lines = [line.split() for line in file.SQL().decode().splitlines()]
    assert [(kind, name.rstrip(";")) for kind, name, *_ in lines[3:-1]] == [
        ("string", "chrom"),
        ("uint", "chromStart"),
        ("uint", "chromEnd"),
        ("string", "name"),
        ("uint", "score"),
        ("char[1]", "strand"),
        ("float", "signalValue"),
        ("float", "pValue"),
        ("float", "qValue"),
        ("int", "peak"),
    ]


ONE = GOOD[1]
BAD = [
    ([], "at least one peak"),
    ([ONE._replace(chrom="chrX")], "a peak on chrX, which the genome does not have"),
    ([ONE._replace(end=901)], r"outside of the chromosome of 900 bases"),
    ([ONE._replace(start=-1)], r"outside of the chromosome"),
    ([ONE._replace(start=10)], r"or empty"),
    ([ONE._replace(score=1_001)], r"score 1001"),
    ([ONE._replace(summit=10)], r"summit 10 out of bounds"),
    ([ONE._replace(name="a\tb")], r"a name must not"),
    ([ONE._replace(name="a b")], r"a name must not"),
    ([ONE._replace(name="")], r"a name must not"),
    ([ONE._replace(start=5), ONE], r"peaks of chr2 are out of order"),
]


@pytest.mark.parametrize(("peaks", "message"), BAD)
def test_bad_peaks_are_refused_before_any_file_is_made(
    tmp_path: Path, peaks: list[PeakLine], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        write_narrow_peaks(tmp_path / "a.bb", peaks, SIZES)
    assert list(tmp_path.iterdir()) == []


def test_a_writer_that_fails_in_silence_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    write = bigbed._write

    def unsorted(path: Path, sizes: dict, wanted: dict) -> None:
        # pybigtools prints an error, returns, and leaves a file.
        write(path, sizes, {chrom: entries[::-1] for chrom, entries in wanted.items()})

    (tmp_path / "a.bb").write_text("an older one")
    monkeypatch.setattr(bigbed, "_write", unsorted)
    peaks = [ONE, ONE._replace(start=5, summit=0)]
    with pytest.raises(OSError, match="not written whole; is the disk full") as caught:
        write_narrow_peaks(tmp_path / "a.bb", peaks, SIZES)
    assert (caught.value.errno, caught.value.filename) == (errno.EIO, str(tmp_path / "a.bb"))
    assert [path.read_text() for path in tmp_path.iterdir()] == ["an older one"]
    assert capfd.readouterr().err == ""


def test_one_entry_that_differs_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = bigbed._write

    def other(path: Path, sizes: dict, wanted: dict) -> None:
        write(path, sizes, {**wanted, "chr2": wanted["chr2"][:1]})

    monkeypatch.setattr(bigbed, "_write", other)
    with pytest.raises(OSError, match="not written whole"):
        write_narrow_peaks(tmp_path / "a.bb", GOOD, SIZES)
    assert list(tmp_path.iterdir()) == []


def test_a_panic_of_the_writer_is_an_error_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PanicException(BaseException):
        """As Rust's libraries raise it."""

    def panic(*_: object) -> None:
        raise PanicException

    monkeypatch.setattr(bigbed.pybigtools, "open", panic)
    with pytest.raises(OSError, match="not written whole"):
        write_narrow_peaks(tmp_path / "a.bb", GOOD, SIZES)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_narrow_peaks(tmp_path / "no" / "a.bb", GOOD, SIZES)


def test_a_folder_may_have_a_name_that_is_not_utf8(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    for path in (folder / "a.bb", tmp_path / "b.bb"):
        write_narrow_peaks(path, GOOD, SIZES)
    assert (folder / "a.bb").read_bytes() == (tmp_path / "b.bb").read_bytes()


@pytest.mark.parametrize("kept", [0, 10, 100, 300, -1])
def test_a_truncated_file_is_refused(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "a.bb"
    write_narrow_peaks(path, GOOD, SIZES)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(InputError, match="not a bigBed file, or a truncated one"):
        BigBedReader(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        BigBedReader(tmp_path / "a.bb")


def test_a_file_of_the_other_byte_order_is_known_by_its_end(tmp_path: Path) -> None:
    path = tmp_path / "a.bb"
    write_narrow_peaks(path, GOOD, SIZES)
    content = path.read_bytes()
    path.write_bytes(content[:-4] + content[:-5:-1])
    assert read_header(path).chrom_sizes == {"chr10": 3_000, "chr2": 900}


# Places in the tree of chromosomes, which begins with a mark, the width of its keys at 8, and
# the root at 32: whether that is a leaf, and how many items it has.
LIES = {
    "a tree that leads to itself": [(32, b"\0\0\1\0"), (36 + 5, "root")],
    "more items than the file has bytes": [(32, b"\1\0\xff\xff")],
    "keys as wide as the format lets them be": [(8, b"\xff\xff\xff\xff")],
    "keys of no width": [(8, b"\0\0\0\0")],
    "no tree": [(0, b"\0\0\0\0")],
    "a tree that begins in the last byte": [(None, -1)],
}


@pytest.mark.parametrize("lie", LIES)
def test_a_file_that_lies_ends_no_process(tmp_path: Path, lie: str) -> None:
    path = tmp_path / "a.bb"
    write_narrow_peaks(path, GOOD, SIZES)
    content = bytearray(path.read_bytes())
    (tree,) = struct.unpack_from("<Q", content, 8)
    for at, what in LIES[lie]:
        if at is None:
            struct.pack_into("<Q", content, 8, len(content) + what)
        elif what == "root":
            struct.pack_into("<Q", content, tree + at, tree + 32)
        else:
            content[tree + at : tree + at + len(what)] = what
    path.write_bytes(content)
    with pytest.raises(InputError, match="not a bigBed file, or a truncated one"):
        read_header(path)


def test_the_reader_of_what_was_written_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.bb"
    write_narrow_peaks(path, GOOD, SIZES)
    before = path.read_bytes()
    assert not bigbed._holds(path, {})
    assert path.read_bytes() == before
