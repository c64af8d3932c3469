"""Predicted peaks: runs of high segments, as narrowPeak that genome browsers read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pysam
import pytest
from encoded import block_of, called_from

from regtrack.errors import InputError
from regtrack.genome.bed import read_bed
from regtrack.genome.intervals import IntervalSet
from regtrack.tracks.encoding import encode_block
from regtrack.tracks.peaks.block_peaks import PEAK
from regtrack.tracks.peaks.files import (
    PeakLine,
    index_suffix,
    narrow_peaks,
    read_peaks,
    strongest_first,
    write_peaks,
)
from regtrack.tracks.peaks.rules import BARE_RUNS, PeakRules

Rows = list[tuple[int, int, float]]


def parts(*pieces: tuple[str, Rows], threshold: float = 0.5) -> list[tuple[str, np.ndarray]]:
    """The peaks of segments, called apart for each piece."""
    block_rules = called_from(threshold)
    return [
        (chrom, encode_block(block_of([rows]), 0, block_rules).of(0).peaks)
        for chrom, rows in pieces
    ]


def peaks(*pieces: tuple[str, Rows], threshold: float = 0.5) -> list[list[str]]:
    lines = narrow_peaks(parts(*pieces, threshold=threshold), BARE_RUNS, "m")
    return [line.rstrip("\n").split("\t") for line in lines]


def spans(found: list[list[str]]) -> list[tuple[str, int, int]]:
    return [(chrom, int(start), int(end)) for chrom, start, end, *_ in found]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param([(5, 9, 0.4)], [], id="nothing high"),
        pytest.param([(5, 9, 0.5)], [(5, 9)], id="at the threshold"),
        pytest.param([(5, 9, 0.5), (9, 12, 0.8)], [(5, 12)], id="touching ones are one peak"),
        pytest.param([(5, 9, 0.5), (10, 12, 0.8)], [(5, 9), (10, 12)], id="a gap splits"),
        pytest.param(
            [(5, 9, 0.5), (9, 10, 0.49), (10, 12, 0.8)], [(5, 9), (10, 12)], id="a dip splits"
        ),
        pytest.param([(0, 5, 0.9), (5, 9, 0.1)], [(0, 5)], id="from the first base"),
    ],
)
def test_a_peak_is_a_run_of_touching_high_segments(
    rows: Rows, expected: list[tuple[int, int]]
) -> None:
    assert spans(peaks(("chr1", rows))) == [("chr1", *span) for span in expected]


def test_a_peak_is_joined_across_pieces() -> None:
    # Blocks cut segments, which no reader of peaks should see.
    found = peaks(
        ("chr1", [(190, 200, 0.7)]),
        ("chr1", [(200, 400, 0.9)]),
        ("chr1", [(400, 405, 0.6), (500, 510, 0.6)]),
    )
    assert spans(found) == [("chr1", 190, 405), ("chr1", 500, 510)]


def test_a_piece_without_segments_is_no_border() -> None:
    found = peaks(("chr1", [(5, 9, 0.7)]), ("chr1", []), ("chr1", [(9, 12, 0.7)]))
    assert spans(found) == [("chr1", 5, 12)]


def test_a_chromosome_without_a_peak_hides_none_of_the_next() -> None:
    found = peaks(("chr1", [(0, 9, 0.2)]), ("chr2", [(9, 12, 0.7)]))
    assert spans(found) == [("chr2", 9, 12)]


def test_chromosomes_are_never_joined() -> None:
    found = peaks(("chr1", [(0, 9, 0.7)]), ("chr2", [(9, 12, 0.7)]), ("chr3", []))
    assert spans(found) == [("chr1", 0, 9), ("chr2", 9, 12)]


def test_a_line_holds_the_ten_columns_of_narrowpeak() -> None:
    (line,) = peaks(("chr1", [(100, 120, 0.5), (120, 130, 0.75), (130, 200, 0.625)]))
    # The summit is counted from the peak's start: the middle of 120 to 130.
    assert line == ["chr1", "100", "200", "m_1", "750", ".", "0.75", "-1", "-1", "25"]


def test_parts_within_the_gap_are_one_peak_and_short_ones_are_dropped() -> None:
    rules = PeakRules(max_gap=30, min_length=200)
    rows = [
        (100, 190, 0.5, 150, 0.5),
        (220, 300, 0.75, 250, 0.6),  # 30 bases on
        (331, 500, 0.9, 400, 0.9),  # 31 bases on, and too short
        (531, 800, 0.9, 600, 0.9),
    ]
    found = [
        line.split("\t") for line in narrow_peaks([("chr1", np.array(rows, PEAK))], rules, "m")
    ]
    assert [(one[1], one[2], one[6], one[9].strip()) for one in found] == [
        ("100", "300", "0.75", "150"),
        ("531", "800", "0.9", "69"),
    ]


def test_the_summit_is_that_of_the_part_with_the_highest_mean_the_first_of_several() -> None:
    rows = [(0, 200, 0.9, 10, 0.5), (200, 400, 0.8, 210, 0.7), (400, 600, 0.8, 450, 0.7)]
    (line,) = narrow_peaks([("chr1", np.array(rows, PEAK))], PeakRules(), "m")
    assert line.split("\t")[6:] == ["0.9", "-1", "-1", "210\n"]


@pytest.mark.parametrize(("value", "score"), [(0.0125, 12), (0.0135, 14), (0.0045, 4)])
def test_the_score_is_that_of_the_number_that_is_written(value: float, score: int) -> None:
    # As a float32 0.0125 is a little more, and would be rounded up.
    (line,) = peaks(("chr1", [(10, 20, value)]), threshold=0.001)
    assert (line[6], line[4]) == (str(value), str(score))


def test_the_first_of_equally_high_segments_is_the_summit() -> None:
    (line,) = peaks(("chr1", [(10, 20, 0.9), (20, 30, 0.6), (30, 40, 0.9)]))
    assert line[9] == "5"


@pytest.mark.parametrize(("value", "score"), [(1.0, "1000"), (0.5, "500"), (0.9996, "1000")])
def test_the_score_lies_between_0_and_1000(value: float, score: str) -> None:
    (line,) = peaks(("chr1", [(10, 20, value)]))
    assert line[4] == score


def test_peaks_are_numbered_through_all_chromosomes() -> None:
    found = peaks(("chr1", [(0, 9, 0.7), (20, 30, 0.7)]), ("chr2", [(9, 12, 0.7)]))
    assert [line[3] for line in found] == ["m_1", "m_2", "m_3"]


def test_a_threshold_that_was_rounded_to_float32_calls_the_same_value() -> None:
    # 0.3 as float32 is above 0.3, and 0.7 under 0.7: both are "at the threshold".
    assert len(peaks(("chr1", [(0, 9, 0.3)]), threshold=0.3)) == 1
    assert len(peaks(("chr1", [(0, 9, 0.7)]), threshold=0.7)) == 1


LINES = [f"chr{1 + n // 50}\t{n * 10}\t{n * 10 + 5}\tm_{n}\n" for n in range(100)]


def test_the_file_is_read_by_position(tmp_path: Path) -> None:
    path = tmp_path / "a.narrowPeak.gz"
    write_peaks(path, LINES)
    with pysam.TabixFile(str(path)) as file:
        assert file.contigs == ["chr1", "chr2"]
        assert [*file.fetch("chr1"), *file.fetch("chr2")] == [line.rstrip() for line in LINES]
        assert list(file.fetch("chr1", 100, 111)) == [LINES[10].rstrip(), LINES[11].rstrip()]


def test_a_file_of_many_peaks_holds_all_of_them(tmp_path: Path) -> None:
    path = tmp_path / "a.narrowPeak.gz"
    lines = [f"chr1\t{n * 10}\t{n * 10 + 5}\tm_{n}\n" for n in range(2_500)]
    write_peaks(path, iter(lines))
    with pysam.TabixFile(str(path)) as file:
        assert list(file.fetch()) == [line.rstrip() for line in lines]


def test_the_file_is_read_as_measured_peaks_are(tmp_path: Path) -> None:
    path = tmp_path / "a.narrowPeak.gz"
    write_peaks(path, LINES[:2])
    assert read_bed(path, {"chr1": 100}) == {"chr1": IntervalSet.of([0, 10], [5, 15])}


def test_a_file_without_peaks_is_valid_and_indexed(tmp_path: Path) -> None:
    path = tmp_path / "a.narrowPeak.gz"
    write_peaks(path, [])
    with pysam.TabixFile(str(path)) as file:
        assert list(file.fetch()) == []
    assert read_bed(path, {"chr1": 100}) == {}


def test_the_same_peaks_give_the_same_bytes(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
        write_peaks(tmp_path / name / "m.narrowPeak.gz", LINES)
    for name in ("m.narrowPeak.gz", "m.narrowPeak.gz.tbi"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_failure_on_the_way_leaves_nothing(tmp_path: Path) -> None:
    def fails() -> object:
        yield LINES[0]
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_peaks(tmp_path / "a.narrowPeak.gz", fails())
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_an_error_of_the_operating_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_peaks(tmp_path / "missing" / "a.narrowPeak.gz", LINES)


def test_writing_again_replaces_file_and_index(tmp_path: Path) -> None:
    path = tmp_path / "a.narrowPeak.gz"
    write_peaks(path, LINES)
    write_peaks(path, LINES[:3])
    with pysam.TabixFile(str(path)) as file:
        assert list(file.fetch("chr1")) == [line.rstrip() for line in LINES[:3]]
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("suffix", ["", ".tbi"])
def test_a_file_that_a_full_disk_cut_short_is_an_error_and_not_a_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    # htslib ends without an error.
    index = pysam.tabix_index

    def cut(path: str, **options: object) -> None:
        index(path, **options)
        part = Path(path + suffix)
        part.write_bytes(part.read_bytes()[:-1])

    monkeypatch.setattr(pysam, "tabix_index", cut)
    with pytest.raises(OSError, match="not written whole") as caught:
        write_peaks(tmp_path / "a.narrowPeak.gz", ["chr1\t1\t2\n"])
    assert caught.value.filename == str(tmp_path / "a.narrowPeak.gz")
    assert list(tmp_path.iterdir()) == []


def test_an_error_of_words_alone_says_what_it_may_mean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise OSError("Error closing BGZFile object")

    monkeypatch.setattr(pysam, "tabix_index", fails)
    with pytest.raises(OSError, match="Error closing BGZFile object; is the disk full"):
        write_peaks(tmp_path / "a.narrowPeak.gz", ["chr1\t1\t2\n"])
    assert list(tmp_path.iterdir()) == []


def test_called_peaks_come_back_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "a.narrowPeak.gz"
    found = parts(("chr1", [(100, 120, 0.5), (120, 130, 0.75)]))
    write_peaks(path, narrow_peaks(found, BARE_RUNS, "m"))
    assert read_peaks(path) == [PeakLine("chr1", 100, 130, "m_1", 750, 0.75, 25)]


def test_a_file_without_peaks_holds_none(tmp_path: Path) -> None:
    path = tmp_path / "a.narrowPeak.gz"
    write_peaks(path, [])
    assert read_peaks(path) == []


@pytest.mark.parametrize("line", ["chr1\t1\t5", "chr1\t1\tx\tm\t1\t.\t1\t-1\t-1\t2"])
def test_a_line_that_is_not_narrowpeak_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "a.narrowPeak"
    path.write_text("chr1\t1\t9\tm_1\t500\t.\t0.5\t-1\t-1\t2\n" + line + "\n")
    with pytest.raises(InputError, match=r"a\.narrowPeak:2: not narrowPeak"):
        read_peaks(path)


def test_of_equally_high_peaks_the_widest_comes_first_then_the_first() -> None:
    peaks = [
        PeakLine("chr1", 0, 10, "low", 500, 0.5, 1),
        PeakLine("chr1", 20, 30, "narrow", 900, 0.9, 1),
        PeakLine("chr1", 40, 60, "wide", 900, 0.9, 1),
        PeakLine("chr2", 0, 20, "as wide", 900, 0.9, 1),
    ]
    names = [peak.name for peak in strongest_first(peaks)]
    assert names == ["wide", "as wide", "narrow", "low"]


@pytest.mark.parametrize(
    ("longest", "suffix"), [(2**29, ".tbi"), (2**29 + 1, ".csi"), (3_000_000_000, ".csi")]
)
def test_the_index_of_long_chromosomes_is_one_that_can_count_them(
    tmp_path: Path, longest: int, suffix: str
) -> None:
    assert index_suffix({"chr1": 9, "chr2": longest}) == suffix
    path = tmp_path / "a.narrowPeak.gz"
    lines = [f"chr2\t{start}\t{start + 100}\n" for start in (0, longest // 2, longest - 100)]
    write_peaks(path, lines, suffix)
    assert sorted(one.name for one in tmp_path.iterdir()) == [path.name, f"{path.name}{suffix}"]
    with pysam.TabixFile(str(path), index=f"{path}{suffix}") as file:
        assert list(file.fetch("chr2", longest - 60, longest)) == [lines[2].rstrip()]
        assert list(file.fetch("chr2", longest // 2, longest // 2 + 1)) == [lines[1].rstrip()]


def test_an_index_of_short_chromosomes_cannot_count_long_ones(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"a\.narrowPeak\.gz"):
        write_peaks(tmp_path / "a.narrowPeak.gz", [f"chr1\t{2**29}\t{2**29 + 1}\n"], ".tbi")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "line",
    [
        "chr1\t9\t5\tm_1\t500\t.\t0.5\t-1\t-1\t0",
        "chr1\t-9\t5\tm_1\t500\t.\t0.5\t-1\t-1\t0",
        "chr1\t0\t5000000000\tm_1\t500\t.\t0.5\t-1\t-1\t0",
        "chr1\t0\t5\tm_1\t500\t.\tnan\t-1\t-1\t0",
        "chr1\t0\t5\tm_1\t500\t.\tinf\t-1\t-1\t0",
        "chr1\t0\t5\tm_1\t5000\t.\t0.5\t-1\t-1\t0",
        "chr1\t0\t5\tm_1\t500\t.\t0.5\t-1\t-1\t5",
    ],
)
def test_a_peak_that_was_never_called_is_refused_with_its_line(tmp_path: Path, line: str) -> None:
    good = "chr1\t0\t5\tm_1\t500\t.\t0.5\t-1\t-1\t0"
    (tmp_path / "a.narrowPeak").write_text(f"{good}\n{line}\n")
    with pytest.raises(InputError, match=r"a\.narrowPeak:2: not narrowPeak"):
        read_peaks(tmp_path / "a.narrowPeak")
