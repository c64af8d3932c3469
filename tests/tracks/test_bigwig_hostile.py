"""BigWig files that lie: refused in one line, in little time and memory."""

from __future__ import annotations

import resource
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from encoded import Segments, write_bigwig
from hypothesis import given, settings
from hypothesis import strategies as st

from regtrack.errors import InputError
from regtrack.genome.intervals import Interval, IntervalSet
from regtrack.tracks.bigwig_sections import BigWigSections
from regtrack.tracks.bigwig_view import highest_values

SIZES = {"chr1": 900, "chr2": 300}
# Places in the header of those of the trees, and in these of what they say.
CHROMS_AT, INDEX_AT = 8, 24
HEAP = 400_000_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A sound file: one section on each chromosome."""
    pieces = [
        (chrom, Segments(np.array([5, 20]), np.array([9, 40]), np.array([0.5, 0.25], np.float32)))
        for chrom in SIZES
    ]
    write_bigwig(tmp_path / "a.bw", SIZES, pieces)
    return tmp_path / "a.bw"


@pytest.fixture
def little_memory() -> Iterator[None]:
    """No more than 400 MB beyond what is in use."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    in_use = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (in_use + HEAP, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


def read(path: Path) -> list[tuple[int, int, float]]:
    with BigWigSections(path) as file:
        return [
            row
            for chrom, size in file.chrom_sizes.items()
            for records in file.records(chrom, IntervalSet.of([0], [size]))
            for row in records.tolist()
        ]


def view(path: Path) -> None:
    """Read it in columns, once from its values and once from a zoom level."""
    for size in (900, 2_000_000):
        highest_values(path, Interval("chr1", 0, size), 100)


def place(data: bytes, at: int) -> int:
    (found,) = struct.unpack_from("<Q", data, at)
    return int(found)


def an_inner_node(data: bytearray, root: int, fields: bytes) -> None:
    """The root as a node of one item that leads to itself."""
    struct.pack_into("<BBH", data, root, 0, 0, 1)
    data[root + 4 : root + 4 + len(fields)] = fields


def index_leads_to_itself(data: bytearray) -> None:
    root = place(data, INDEX_AT) + 48
    an_inner_node(data, root, struct.pack("<4IQ", 0, 0, 1, 300, root))


def index_leads_to_itself_many_times(data: bytearray) -> None:
    # 255 items in a node of their own at the end of the file, each of which leads back to it.
    root = len(data)
    data += struct.pack("<BBH", 0, 0, 255) + 255 * struct.pack("<4IQ", 0, 0, 1, 300, root)
    an_inner_node(data, place(data, INDEX_AT) + 48, struct.pack("<4IQ", 0, 0, 1, 300, root))


def chromosomes_lead_to_themselves(data: bytearray) -> None:
    root = place(data, CHROMS_AT) + 32
    an_inner_node(data, root, b"chr1" + struct.pack("<Q", root))


def key_of_4_gigabytes(data: bytearray) -> None:
    struct.pack_into("<I", data, place(data, CHROMS_AT) + 8, 2**32 - 1)


def key_of_nothing(data: bytearray) -> None:
    struct.pack_into("<I", data, place(data, CHROMS_AT) + 8, 0)


def chromosomes_of_one_number(data: bytearray) -> None:
    struct.pack_into("<I", data, place(data, CHROMS_AT) + 32 + 4 + 12 + 4, 0)


def more_items_than_there_are(data: bytearray) -> None:
    struct.pack_into("<H", data, place(data, INDEX_AT) + 48 + 2, 65_535)


def sections_of_a_chromosome_that_is_not_there(data: bytearray) -> None:
    struct.pack_into("<I", data, place(data, INDEX_AT) + 48 + 4, 2**32 - 1)


def index_past_the_end(data: bytearray) -> None:
    struct.pack_into("<Q", data, INDEX_AT, 2**64 - 1)


def section_past_the_end(data: bytearray) -> None:
    struct.pack_into("<QQ", data, place(data, INDEX_AT) + 48 + 4 + 16, 2**63, 2**63)


def replaced_section(data: bytearray, section: bytes, zeros: int = 0) -> None:
    """Another section in place of chr1's, with many megabytes of zeros behind it."""
    packing = zlib.compressobj(9)
    packed = packing.compress(section)
    packed += b"".join(packing.compress(bytes(1_000_000)) for _ in range(zeros))
    packed += packing.flush()
    struct.pack_into("<QQ", data, place(data, INDEX_AT) + 48 + 4 + 16, len(data), len(packed))
    data += packed


def section_that_inflates_to_512_megabytes(data: bytearray) -> None:
    replaced_section(data, b"", zeros=512)


def items_past_the_sections_end(data: bytearray) -> None:
    replaced_section(data, struct.pack("<5IBBH", 0, 5, 40, 0, 0, 1, 0, 65_535) + bytes(24))


def section_of_another_chromosome(data: bytearray) -> None:
    replaced_section(data, struct.pack("<5IBBH2If", 1, 5, 40, 0, 0, 1, 0, 1, 5, 40, 0.5))


def section_of_no_kind(data: bytearray) -> None:
    replaced_section(data, struct.pack("<5IBBH2If", 0, 5, 40, 0, 0, 7, 0, 1, 5, 40, 0.5))


def steps_past_the_longest_chromosome(data: bytearray) -> None:
    head = struct.pack("<5IBBH", 0, 2**32 - 1, 40, 2**32 - 1, 2**32 - 1, 3, 0, 2)
    replaced_section(data, head + struct.pack("<2f", 0.5, 0.5))


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize(
    "spoil",
    [
        index_leads_to_itself,
        index_leads_to_itself_many_times,
        chromosomes_lead_to_themselves,
        key_of_4_gigabytes,
        key_of_nothing,
        chromosomes_of_one_number,
        more_items_than_there_are,
        sections_of_a_chromosome_that_is_not_there,
        index_past_the_end,
        section_past_the_end,
        section_that_inflates_to_512_megabytes,
        items_past_the_sections_end,
        section_of_another_chromosome,
        section_of_no_kind,
        steps_past_the_longest_chromosome,
    ],
)
def test_a_file_that_lies_is_refused(path: Path, spoil: Callable[[bytearray], None]) -> None:
    assert len(read(path)) == 4
    data = bytearray(path.read_bytes())
    spoil(data)
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"a\.bw: (not a BigWig file|damaged)"):
        read(path)
    with suppress(InputError):  # it need not come across the lie
        view(path)


def test_a_segment_without_a_base_holds_none_that_is_high(path: Path) -> None:
    data = bytearray(path.read_bytes())
    replaced_section(data, struct.pack("<5IBBH2If", 0, 5, 40, 0, 0, 1, 0, 1, 40, 5, 0.5))
    path.write_bytes(data)
    with BigWigSections(path) as file, pytest.raises(InputError, match="a segment of length 0"):
        file.at_least(Interval("chr1", 0, 900), 0.1)


@settings(max_examples=300)
@given(
    changes=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=8),
    kept=st.floats(0.3, 1),
)
def test_any_damage_is_refused_or_read(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]], kept: float
) -> None:
    path = tmp_path_factory.mktemp("damaged") / "a.bw"
    one = Segments(np.array([5]), np.array([9]), np.array([0.5], np.float32))
    write_bigwig(path, SIZES, [("chr1", one)])
    data = bytearray(path.read_bytes())
    for at, byte in changes:
        data[at % len(data)] = byte
    path.write_bytes(data[: max(64, int(kept * len(data)))])
    with suppress(InputError):
        view(path)
    try:
        found = read(path)
    except InputError as error:
        assert str(path) in str(error)  # noqa: PT017
    else:
        assert len(found) <= 65_535 * 2
