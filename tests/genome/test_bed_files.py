"""What commands make of BED files that do not quite lie on the genome."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regtrack.errors import InputError
from regtrack.genome import bed, textfile
from regtrack.genome.bed_files import BedFiles, read_peaks
from regtrack.notes import heard

SIZES = {"chr1": 100_000, "chr2": 50_000, "MT": 16_569}

# What others have of these: hg38's chr17 is longer than hg19's.
HG19 = {"chr17": 81_195_210, "chr20": 63_025_520}


def told(files: BedFiles) -> list[str]:
    texts: list[str] = []
    with heard(texts.append):
        files.tell()
    return texts


def write(folder: Path, name: str, rows: Sequence[str]) -> Path:
    path = folder / name
    path.write_text("".join(f"{row}\n" for row in rows))
    return path


def spans(path: Path, clip: bool = False) -> dict[str, list[tuple[int, int]]]:
    return {name: list(one) for name, one in read_peaks(path, SIZES, clip).intervals.items()}


def test_what_is_left_out_of_all_files_is_told_once(tmp_path: Path) -> None:
    one = write(tmp_path, "a.bed", ["chr1 1 2", "chr9 1 2", "chr8 1 2", "chr1 5 5"])
    two = write(tmp_path, "b.bed", ["chr1 1 2", "chr8 1 2", "chr7 1 2", "chr6 1 9", "chrM 1 2"])
    three = write(tmp_path, "c.bed", ["# no row"])
    files = BedFiles(SIZES)
    for path in (two, one, three):
        files.peaks(path)
    assert told(files) == [
        "peaks: left out 6 rows of 2 files, on chromosomes that the genome lacks "
        "(chr9, chr8, chr7 ...) and on the mitochondrion; all is well, unless it should have these",
        f"peaks: skipped 1 row of {one}, of length 0 (start = end)",
        f"peaks: no rows in {three}",
    ]
    assert told(files) == []


def test_rows_on_the_mitochondrion_alone_are_told_without_what_the_genome_lacks(
    tmp_path: Path,
) -> None:
    path = write(tmp_path, "a.bed", ["chr1 1 2", "chrM 1 2"])
    files = BedFiles(SIZES)
    files.peaks(path)
    assert told(files) == [f"peaks: left out 1 row of {path}, on the mitochondrion"]
    for name in ("d.bed", "e.bed"):
        files.peaks(write(tmp_path, name, ["# no row"]))
    assert told(files) == ["peaks: no rows in 2 files: d.bed, e.bed"]


def test_what_a_worker_counted_is_told_with_the_rest(tmp_path: Path) -> None:
    files = BedFiles(SIZES)
    for name in ("a.bed", "b.bed"):
        path = write(tmp_path, name, ["chr1 1 2", "chr9 1 2"])
        files.count_peaks(read_peaks(path, SIZES, clip=False).counts)
    assert told(files) == [
        "peaks: left out 2 rows of 2 files, on chromosomes that the genome lacks (chr9); all is "
        "well, unless it should have these"
    ]


def test_regions_that_were_asked_for_and_are_left_out_are_no_matter_of_course(
    tmp_path: Path,
) -> None:
    files = BedFiles(SIZES)
    files.regions(write(tmp_path, "a.bed", ["chr1 1 2", "chr9 1 2"]))
    (said,) = told(files)
    assert said.endswith("on chromosomes that the genome lacks (chr9)")


def test_mitochondria_of_another_length_are_left_out(tmp_path: Path) -> None:
    path = write(tmp_path, "a.bed", ["chr1 1 2", "chrM 0 16571"])
    assert spans(path) == {"chr1": [(1, 2)]}
    assert list(BedFiles(SIZES).excluded(path)["MT"]) == [(0, 16_569)]
    with pytest.raises(InputError, match="past the end of MT"):
        BedFiles(SIZES).regions(path)


def test_clipped_rows_are_counted(tmp_path: Path) -> None:
    path = write(tmp_path, "a.bed", ["chr1 -20 180", "chr2 49999 50001", "chr2 50000 50003"])
    with pytest.raises(InputError, match=r"a\.bed:1: starts at -20, .* --clip clips such rows"):
        spans(path)
    assert spans(path, clip=True) == {"chr1": [(0, 180)], "chr2": [(49_999, 50_000)]}
    files = BedFiles(SIZES, clip=True)
    files.peaks(path)
    assert told(files) == [f"peaks: clipped 3 rows of {path}, past an end of their chromosome"]


def test_one_base_past_an_end_names_the_option(tmp_path: Path) -> None:
    path = write(tmp_path, "a.bed", ["chr1 1 2", "chr2 49999 50001"])
    with pytest.raises(InputError) as caught:
        spans(path)
    assert str(caught.value) == (
        f"{path}:2: ends at 50,001, past the end of chr2 (50,000 bases); "
        "--clip clips such rows at the ends of their chromosomes"
    )


@pytest.mark.parametrize("clip", [False, True])
@pytest.mark.parametrize(
    "rows",
    [
        ["chr17 1 2"] * 1_000 + ["chr17 83000000 83000200"],  # far past
        ["chr17 -10001 5"],
        ["chr17 1 2"] * 89 + ["chr17 81195000 81195300"] * 10,  # many
    ],
)
def test_a_file_of_another_assembly_is_not_clipped(
    tmp_path: Path, rows: list[str], clip: bool
) -> None:
    with pytest.raises(InputError, match=r"the file fits hg38|is it of another assembly"):
        read_peaks(write(tmp_path, "a.bed", rows), HG19, clip)


def test_few_rows_a_little_past_an_end_are_of_this_assembly(tmp_path: Path) -> None:
    rows = ["chr17 1 2"] * 91 + ["chr17 81195000 81205210"] * 10
    found = read_peaks(write(tmp_path, "a.bed", rows), HG19, clip=True)
    assert list(found.intervals["chr17"]) == [(1, 2), (81_195_000, 81_195_210)]
    assert found.counts.clipped == 10


def test_an_empty_gzip_file_is_no_file_without_peaks(tmp_path: Path) -> None:
    path = tmp_path / "a.bed.gz"
    path.write_bytes(b"")
    with pytest.raises(InputError, match=r"a\.bed\.gz: is empty; expected a gzip file"):
        spans(path)
    path.write_bytes(gzip.compress(b""))
    assert spans(path) == {}


def test_gzip_in_gzip_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.bed.gz"
    path.write_bytes(gzip.compress(gzip.compress(b"chr1\t1\t2\n")))
    with pytest.raises(InputError, match=r"a\.bed\.gz: is compressed with gzip twice"):
        spans(path)


def test_lines_and_parts_may_be_cut_anywhere(tmp_path: Path) -> None:
    # Over several units, with line ends of two bytes across their ends.
    lines = [f"chr1\t{at}\t{at + 1}\t{'x' * (at % 97)}\r\n" for at in range(0, 60_000, 2)]
    text = "".join(lines).encode()
    assert len(text) > 1_500_000
    path = tmp_path / "a.bed.gz"
    path.write_bytes(
        b"".join(gzip.compress(text[at : at + 9_999]) for at in range(0, len(text), 9_999))
    )
    found = read_peaks(path, SIZES, clip=False)
    assert found.intervals["chr1"].starts.tolist() == list(range(0, 60_000, 2))
    assert found.counts.rows == len(lines)


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["chr1", "1", "chr2", "chr9", "scaffold_17", "chrM"]),
        st.integers(-30, 130),
        st.integers(0, 60),
        st.sampled_from(["\t", " ", "  ", " \t", "\t ", " \t "]),
        st.sampled_from(["", "\tname", " name 5", "\t\t\t"]),
    ),
    max_size=40,
)


@given(ROWS, st.sampled_from(["\n", "\r\n", "\r"]))
def test_rows_say_what_was_written(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, int, int, str, str]],
    line_end: str,
) -> None:
    path = tmp_path_factory.mktemp("bed") / "a.bed"
    sizes = {"chr1": 150, "chr2": 120, "chrM": 5}
    rows = [("chr1", 1, 2, " ", ""), *rows]
    bases: dict[str, set[int]] = {}
    unknown = mitochondrial = no_length = clipped = 0
    lines = []
    for name, start, length, space, rest in rows:
        lines.append(f"{name}{space}{start}{space}{start + length}{rest}{line_end}")
        chrom = "chr1" if name == "1" else name
        if chrom == "chrM":
            mitochondrial += 1
        elif chrom not in sizes:
            unknown += 1
        elif not length:
            no_length += 1
        else:
            reached = set(range(start, start + length))
            inside = reached & set(range(sizes[chrom]))
            clipped += inside != reached
            if inside:
                bases.setdefault(chrom, set()).update(inside)
    path.write_bytes("".join(lines).encode())
    on_genome = len(rows) - unknown - mitochondrial - no_length
    if clipped >= 10 and clipped > 0.1 * on_genome:
        with pytest.raises(InputError, match="another assembly"):
            read_peaks(path, sizes, clip=True)
        return
    found = read_peaks(path, sizes, clip=True)
    assert {
        chrom: {base for start, end in one for base in range(start, end)}
        for chrom, one in found.intervals.items()
    } == bases
    counts = found.counts
    assert (counts.rows, counts.unknown, counts.mitochondrial) == (
        len(rows),
        unknown,
        mitochondrial,
    )
    assert (counts.no_length, counts.clipped) == (no_length, clipped)


def test_that_both_have_a_mitochondrion_does_not_make_one_genome_of_two(tmp_path: Path) -> None:
    yeast = write(tmp_path, "a.bed", ["chrI 0 10", "chrM 0 10", "chrII 5 9"])
    with pytest.raises(InputError, match=r"no chromosome in common .* it has chrI, chrII, the"):
        spans(yeast)
    assert spans(write(tmp_path, "b.bed", ["chrM 0 10"])) == {}


def test_many_rows_are_merged_now_and_then_and_not_at_every_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apart = [(chrom, 3 * number) for number in range(1_000) for chrom in ("chr2", "chr1")]
    path = write(tmp_path, "a.bed", [f"{chrom}\t{start}\t{start + 2}" for chrom, start in apart])
    merge, merged = bed._Reading._merged, []
    monkeypatch.setattr(bed, "_MOST_ROWS", 10)
    monkeypatch.setattr(textfile, "_UNIT", 100)
    monkeypatch.setattr(
        bed._Reading, "_merged", lambda reading: merged.append(reading) or merge(reading)
    )
    expected = [(3 * number, 3 * number + 2) for number in range(1_000)]
    assert spans(path) == {"chr1": expected, "chr2": expected}
    assert len(merged) <= 12  # of some 300 pieces: as often as what is held doubles


def test_of_many_rows_that_overlap_few_are_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, "a.bed", [f"chr1\t{start}\t{start + 2}" for start in range(1_000)])
    held = []
    keep = bed._Reading._keep

    def kept(reading: bed._Reading, *rest: Any) -> None:
        keep(reading, *rest)
        held.append(sum(len(one) for one, _, _ in reading._pieces))

    monkeypatch.setattr(bed, "_MOST_ROWS", 50)
    monkeypatch.setattr(textfile, "_UNIT", 100)
    monkeypatch.setattr(bed._Reading, "_keep", kept)
    assert spans(path) == {"chr1": [(0, 1_001)]}
    assert max(held) <= 50


def test_the_share_of_rows_past_an_end_is_of_those_on_the_genome(tmp_path: Path) -> None:
    # 12 of 60 are too many, however many rows lie elsewhere.
    past = [f"chr1 {99_900 + number} {100_001 + number}" for number in range(12)]
    inside = [f"chr1 {number} {number + 9}" for number in range(48)]
    elsewhere = [f"chr9 {number} {number + 9}" for number in range(500)]
    mitochondrial = [f"chrM {number} {number + 9}" for number in range(500)]
    path = write(tmp_path, "a.bed", [*past, *inside, *elsewhere, *mitochondrial])
    with pytest.raises(InputError, match="ends at 100,001, past the end of chr1"):
        spans(path, clip=True)
    few = write(tmp_path, "b.bed", [*past, *(inside * 3), *elsewhere])
    assert max(end for _, end in spans(few, clip=True)["chr1"]) == 100_000


@pytest.mark.parametrize("row", ["MT 16569 16571", "MT -1 5"])
def test_an_excluded_row_beside_the_mitochondrion_is_refused(row: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.bed:2: "):
        BedFiles(SIZES).excluded(write(tmp_path, "a.bed", ["chr1 1 2", row]))
