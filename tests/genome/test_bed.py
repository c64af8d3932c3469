"""BED files as they are found in the wild."""

from __future__ import annotations

import gzip
from pathlib import Path

import pysam
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regtrack.errors import InputError
from regtrack.genome.bed import read_bed
from regtrack.genome.bed_files import BedFiles
from regtrack.genome.intervals import IntervalSet
from regtrack.genome.textfile import read_text
from regtrack.notes import heard

SIZES = {"chr1": 1_000, "chr2": 500, "chrM": 16}

NARROW_PEAK = "chr1\t10\t20\t.\t0\t.\t5.2\t-1\t3.1\t4\n"
BROAD_PEAK = "chr1\t10\t20\tRank_1\t100\t.\t5.2\t-1\t3.1\n"
BED12 = "chr1\t10\t20\tgene\t0\t+\t12\t18\t0,0,0\t2\t3,4\t0,6\n"


def spans(path: Path) -> dict[str, list[tuple[int, int]]]:
    return {chrom: list(intervals) for chrom, intervals in read_bed(path, SIZES).items()}


@pytest.fixture
def bed(tmp_path: Path) -> Path:
    return tmp_path / "peaks.bed"


@pytest.mark.parametrize(
    "content",
    [
        NARROW_PEAK,
        BROAD_PEAK,
        BED12,
        "chr1\t10\t20\n",
        "chr1\t10\t20\tname with spaces\n",
        "chr1\t10\t20",  # no newline at the end
        "chr1\t10\t20\r\n",
        "chr1\t10\t20\tname\r\n",
        "chr1 10 20\n",
        "chr1   10  20 name 5\n",
        "chr1 10\t20\n",
        "chr1    10\t20 name 9\n",
        "chr1 \t 10 \t20\n",
        "  chr1\t10\t20\n",
        "chr1\t0010\t0000000000000000020\n",
        "chr1\t10\t20\rchr1\t12\t15\r",
        "chr1\t10\t20\nchr1\t25\t25\nchr1 0 0\n",
        "track1\t1\t5\nchr1\t10\t20\n",
        "\n\nchr1\t10\t20\n\n  \n",
        "# comment\nchr1\t10\t20\n",
        "#chrom\tstart\tend\nchr1\t10\t20\n",
        'track name="my peaks" description="a b"\nchr1\t10\t20\n',
        "track\ttype=narrowPeak\tname=x\nchr1\t10\t20\n",
        "browser position chr1:1-100\nbrowser hide all\nchr1\t10\t20\n",
        "chr1\t10\t20\n# in between\ntrack name=second\nchr1\t10\t20\n",
        "1\t10\t20\n",
        "1\t10\t15\nchr1\t15\t20\n",
        "chr1\t10\t20\nchrUn_gl000220\t5\t9\n",
    ],
)
def test_every_dialect_of_bed_says_the_same_interval(bed: Path, content: str) -> None:
    bed.write_bytes(content.encode())
    assert spans(bed) == {"chr1": [(10, 20)]}


@pytest.mark.parametrize("content", ["chr1\t10\t20\n", "chr1 10 20\n", "# first\nchr1\t10\t20\n"])
def test_a_byte_order_mark_is_no_part_of_the_first_line(bed: Path, content: str) -> None:
    # A second line keeps the file usable if the first were lost: it must not be.
    bed.write_bytes(b"\xef\xbb\xbf" + content.encode() + b"chr1\t30\t40\n")
    assert spans(bed) == {"chr1": [(10, 20), (30, 40)]}


def test_gzip_and_bgzip_read_as_plain_text(bed: Path) -> None:
    bed.write_text(NARROW_PEAK + "chr2\t1\t3\n")
    gzipped, bgzipped = bed.with_name("a.bed.gz"), bed.with_name("b.bed.gz")
    gzipped.write_bytes(gzip.compress(bed.read_bytes()))
    pysam.tabix_compress(str(bed), str(bgzipped))
    assert spans(gzipped) == spans(bgzipped) == spans(bed)


def test_compression_is_told_by_content_and_not_by_name(bed: Path) -> None:
    bed.write_bytes(gzip.compress(NARROW_PEAK.encode()))
    assert spans(bed) == {"chr1": [(10, 20)]}


def test_intervals_in_any_order_are_sorted_and_merged(bed: Path) -> None:
    bed.write_text("chr1\t50\t60\nchr2\t7\t9\nchr1\t10\t20\nchr1\t15\t30\nchr1\t30\t31\n")
    assert spans(bed) == {"chr1": [(10, 31), (50, 60)], "chr2": [(7, 9)]}


def test_both_spellings_of_a_chromosome_are_merged(bed: Path) -> None:
    bed.write_text("1\t10\t20\nchr1\t15\t30\nMT\t0\t4\n")
    assert spans(bed) == {"chr1": [(10, 30)], "chrM": [(0, 4)]}


def test_chromosomes_that_the_genome_does_not_have_are_left_out(bed: Path) -> None:
    # Past the end of every chromosome we know: lengths of others are not checked.
    bed.write_text("chr9\t10\t99999999\nchr2\t1\t2\n")
    assert spans(bed) == {"chr2": [(1, 2)]}


def test_a_peak_may_end_where_its_chromosome_ends(bed: Path) -> None:
    bed.write_text("chr1\t999\t1000\n")
    assert spans(bed) == {"chr1": [(999, 1_000)]}


@pytest.mark.parametrize("content", ["", "\n\n", "track name=nothing\n# none\n"])
def test_a_file_without_peaks_is_no_error(bed: Path, content: str) -> None:
    bed.write_text(content)
    assert spans(bed) == {}


GOOD = "# header\nchr1\t10\t20\n"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("chr1\tx\t20", r"expected whole numbers as start and end, got 'chr1\\tx\\t20'"),
        ("chr1\t10\t2O", r"expected whole numbers as start and end, got 'chr1\\t10\\t2O'"),
        ("chr1\t1.5\t20", r"expected whole numbers as start and end"),
        ("chr1\t\t20", r"expected whole numbers as start and end"),
        ("chr1\t20\t10", r"expected start <= end, got 20 10"),
        ("chr1\t1e1\t20", r"expected whole numbers as start and end"),
        ("chr1\t1_0\t20", r"expected whole numbers as start and end"),
        ("chr1\t+10\t20", r"expected whole numbers as start and end"),
        ("chr1\t\t20\t30", r"expected whole numbers as start and end"),
        ("chr1\t20\t-30", r"expected start <= end, got 20 -30"),
        ("chr1\t-1\t20", r"starts at -1, before the beginning of chr1"),
        ("\t10\t20\t30", r"expected a chromosome first"),
        ("chr1\t1\t99999999999999999999", r"expected positions up to 4,294,967,295"),
        ("chr1\t10\t20\tna\0me", r"holds a NUL byte"),
        ("chr1\t10\t20\t" + "x" * 1_000_000, r"a line of more than 1,000,000 bytes"),
        ("CHR1\t10\t20", r"chromosome 'CHR1' is spelt differently from the genome's 'chr1'"),
        ("chr01\t10\t20", r"chromosome 'chr01' is spelt differently"),
        ('"chr1"\t10\t20', r"is spelt differently"),
        ("chr1\u00a0\t10\t20", r"is spelt differently"),
        ("chrm\t1\t2", r"chromosome 'chrm' is spelt differently from the genome's 'chrM'"),
        ("chr1\t10", r"expected at least chrom, start and end, got 'chr1\\t10'"),
        ("chr1", r"expected at least chrom, start and end, got 'chr1'"),
        ("chr1\t990\t1001", r"ends at 1,001, past the end of chr1 \(1,000 bases\)"),
        ("1\t990\t1001", r"ends at 1,001, past the end of chr1 \(1,000 bases\)"),
        ("chr1 990 1001", r"past the end of chr1 .*; is it of another assembly\?"),
    ],
)
def test_a_wrong_line_is_named_by_its_number(bed: Path, line: str, problem: str) -> None:
    bed.write_text(f"{GOOD}{line}\nchr1\t30\t40\n")
    with pytest.raises(InputError, match=problem) as caught:
        read_bed(bed, SIZES)
    assert str(caught.value).startswith(f"{bed}:3: ")


def test_line_numbers_are_right_in_a_gzip_file_with_crlf(bed: Path) -> None:
    bed.write_bytes(gzip.compress(b"# one\r\n\r\nchr1\t1\t2\r\nchr1\t5\t3\r\n"))
    with pytest.raises(InputError, match=r"peaks\.bed:4: expected start <= end, got 5 3"):
        read_bed(bed, SIZES)


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ("Chr\tStart\tEnd\tPeak_1", "Chr Start End"),
        ("chrom chromStart chromEnd", "chrom chromStart chromEnd"),
        ('# by us\n"chr"\t"start"\t"end"', '"chr" "start" "end"'),
    ],
)
def test_a_first_line_of_column_names_is_passed_over_and_that_is_said(
    bed: Path, header: str, names: str
) -> None:
    bed.write_text(f"{header}\nchr1\t10\t20\n")
    assert read_bed(bed, SIZES) == {"chr1": IntervalSet.of([10], [20])}
    told: list[str] = []
    with heard(told.append):
        files = BedFiles(SIZES)
        files.peaks(bed)
        files.tell()
    assert told == [f"peaks: passed over 1 row of {bed}, a header without # ({names})"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("chr1\tV2\tV3\nchr1\t10\t20\n", r"1: expected whole .*; a header begins with #$"),
        ("chr1\t10\t20\nChr\tStart\tEnd\n", r"2: expected whole numbers .*'Chr.tStart.tEnd'$"),
        ("Chr\tStart\tEnd\nChr\tStart\tEnd\nchr1\t1\t2\n", r"2: expected whole numbers"),
        ("chr1\tstart\tend\n", r"1: expected whole numbers"),
    ],
)
def test_what_is_no_header_for_certain_is_an_error(bed: Path, text: str, problem: str) -> None:
    bed.write_text(text)
    with pytest.raises(InputError, match=rf"peaks\.bed:{problem}"):
        read_bed(bed, SIZES)


def test_the_table_of_macs_whose_first_base_is_1_is_not_read_as_bed(bed: Path) -> None:
    header = "chr\tstart\tend\tlength\tpileup\tfold_enrichment"
    bed.write_text(f"# MACS version 2\n\n{header}\nchr1\t1\t300\t300\t9\t4.5\n")
    with pytest.raises(InputError, match=r"peaks\.bed:3: a table of MACS, whose first base is 1"):
        read_bed(bed, SIZES)


def test_a_long_wrong_line_is_shown_by_its_beginning(bed: Path) -> None:
    bed.write_text("chr1\tx\t20\t" + "A" * 5_000)
    with pytest.raises(InputError) as caught:
        read_bed(bed, SIZES)
    assert len(str(caught.value)) < len(str(bed)) + 150


def test_a_file_of_another_genome_names_both_files_chromosomes(bed: Path) -> None:
    bed.write_text("NC_000001.10\t10\t20\nNC_000002.11\t10\t20\n")
    with pytest.raises(InputError) as caught:
        read_bed(bed, SIZES)
    assert str(caught.value) == (
        f"{bed}: has no chromosome in common with the genome: it has NC_000001.10, "
        "NC_000002.11, the genome has chr1, chr2, chrM"
    )


def test_a_truncated_gzip_file_is_refused(bed: Path) -> None:
    whole = gzip.compress(NARROW_PEAK.encode() * 500)
    bed.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"peaks\.bed: truncated or damaged gzip file"):
        read_bed(bed, SIZES)


def test_a_damaged_gzip_file_is_refused(bed: Path) -> None:
    damaged = bytearray(gzip.compress(NARROW_PEAK.encode() * 50))
    damaged[-6] ^= 0xFF  # in the checksum
    bed.write_bytes(damaged)
    with pytest.raises(InputError, match=r"peaks\.bed: truncated or damaged gzip file"):
        read_bed(bed, SIZES)


def test_another_kind_of_file_is_an_error_of_its_first_line(bed: Path) -> None:
    bed.write_bytes(b"\x26\xfc\x8f\x88" + bytes(range(14, 250)))  # the magic of BigWig
    with pytest.raises(InputError, match=r"peaks\.bed:1: "):
        read_bed(bed, SIZES)


def test_a_folder_is_an_operating_system_error(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError) as caught:
        read_bed(tmp_path, SIZES)
    assert caught.value.filename == str(tmp_path)


def test_a_missing_file_is_an_operating_system_error(bed: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        read_bed(bed, SIZES)
    assert caught.value.filename == str(bed)


def test_text_is_read_without_its_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbfna\xc3\xafve"))
    assert read_text(path) == "naïve\n"


def test_what_is_not_utf8_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "latin1"
    path.write_bytes("naïve".encode("latin-1"))
    with pytest.raises(InputError, match=r"latin1:1: not a text file \(UTF-8 expected\)"):
        read_text(path)


LINES = st.lists(
    st.tuples(
        st.sampled_from(["chr1", "chr2", "1"]),
        st.integers(0, 80),
        st.integers(1, 19),
        st.sampled_from(["\t", " ", "\t "]),
        st.sampled_from(["", "name", "name other"]),
    ),
    max_size=12,
)


@given(
    LINES,
    st.sampled_from(["", "\n", "\r\n"]),
    st.sampled_from(["", "# note\n", "track name=x\n\n"]),
)
def test_plain_and_unusual_lines_may_be_mixed(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, int, int, str, str]],
    line_end: str,
    header: str,
) -> None:
    path = tmp_path_factory.mktemp("bed") / "peaks.bed"
    text = "\n".join(
        space.join([chrom, str(start), str(start + length), *rest.split()])
        for chrom, start, length, space, rest in rows
    )
    path.write_bytes((header + text + line_end).encode())
    expected: dict[str, set[int]] = {}
    for chrom, start, length, *_ in rows:
        name = f"chr{chrom.removeprefix('chr')}"
        expected.setdefault(name, set()).update(range(start, start + length))
    found = read_bed(path, {"chr1": 100, "chr2": 100})
    assert {
        chrom: {base for start, end in one for base in range(start, end)}
        for chrom, one in found.items()
    } == expected


@pytest.mark.parametrize("first", ["chr1\t50\t40\n", "chr1 50 40\n", "chr1\tx\t40\n"])
@pytest.mark.parametrize("second", ["chr1\t60\t40\n", "chr1 60 40\n", "chr1\t60\n"])
def test_of_two_wrong_lines_the_first_one_is_named(bed: Path, first: str, second: str) -> None:
    bed.write_text(f"chr1\t1\t2\n{first}{second}")
    with pytest.raises(InputError, match=r"peaks\.bed:2: "):
        read_bed(bed, {"chr1": 100})


def test_a_number_of_too_many_digits_is_past_every_end(bed: Path) -> None:
    bed.write_text(f"chr1\t1\t{9 * 10**30}\n")
    with pytest.raises(InputError, match=r"peaks\.bed:1: expected positions up to"):
        read_bed(bed, {"chr1": 100})


def test_lines_may_end_as_on_old_macs(bed: Path) -> None:
    bed.write_bytes(b"#a\rchr1\t0\t10\tname\rchr1\t20\t30\r\rchr1\t40\t50")
    assert spans(bed) == {"chr1": [(0, 10), (20, 30), (40, 50)]}
    bed.write_bytes(b"#a\rchr1\t0\t10\r\nchr1\t20\t1\r")
    with pytest.raises(InputError, match=r"peaks\.bed:3: "):
        read_bed(bed, SIZES)


@pytest.mark.parametrize(
    ("content", "chrom_sizes", "says"),
    [
        (
            "chr1\t5\t9\nchr17\t82999000\t83000000\n",
            {"chr1": 249_250_621, "chr17": 81_195_210},
            ":2: ends at 83,000,000, past the end of chr17 (81,195,210 bases); the genome is hg19, "
            "the file fits hg38 or hs1",
        ),
        (
            # chr1 is not in the genome, but speaks against hs1.
            "17\t82999000\t83000000\n1\t248900000\t248900001\n",
            {"chr17": 81_195_210},
            ":1: ends at 83,000,000, past the end of chr17 (81,195,210 bases); the genome is hg19, "
            "the file fits hg38",
        ),
        (
            "chr17\t1\t90000000\n",
            {"chr17": 81_195_210},
            ":1: ends at 90,000,000, past the end of chr17 (81,195,210 bases); is it of another "
            "assembly? The genome is hg19",
        ),
        (
            "chrUn_7\t1\t90000000\n",
            {"chr17": 81_195_210, "chrUn_7": 100},
            ":1: ends at 90,000,000, past the end of chrUn_7 (100 bases); is it of another "
            "assembly? The genome is hg19",
        ),
        (
            "chr1\t1\t2000\n",
            SIZES,
            ":1: ends at 2,000, past the end of chr1 (1,000 bases); is it of another assembly?",
        ),
    ],
)
def test_peaks_past_an_end_say_which_assembly_they_fit(
    bed: Path, content: str, chrom_sizes: dict[str, int], says: str
) -> None:
    bed.write_text(content)
    with pytest.raises(InputError) as caught:
        read_bed(bed, chrom_sizes)
    assert str(caught.value) == f"{bed}{says}"
