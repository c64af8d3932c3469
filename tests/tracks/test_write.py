"""Several markers' files, written together: each is complete or absent, on its own."""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyBigWig
import pysam
import pytest
from encoded import Row, block_of, called_from

from regtrack.genome.markers import Marker
from regtrack.tracks.blocks import BLOCK_LENGTH, Block, BlockStore
from regtrack.tracks.encoding import EncodedBlock, encode_block
from regtrack.tracks.folder import BY_BASES, BY_PEAKS, FLAT, Track
from regtrack.tracks.peaks.rules import PeakRules
from regtrack.tracks.write import TrackWork, group_size, write_tracks

SIZES = {"chr2": 450_000, "chr1": 1_000}
ORDER = (Block("chr2", 0), Block("chr2", 1), Block("chr2", 2), Block("chr1", 0))
APART = tuple((block,) for block in ORDER)
MARKERS = 4
RULES = PeakRules()
MANY = 1  # the marker with by far the most segments


def rows(marker: int, block: Block) -> list[Row]:
    """Segments up to the block's very ends, so that peaks go on in the next."""
    end = min(block.end, SIZES[block.chrom])
    count = 60 if marker != MANY else 900
    edges = np.linspace(block.start, end, count).astype(int).tolist()
    values = np.random.default_rng([marker, block.index, end]).random(count, np.float32).tolist()
    return list(zip(edges[:-1], edges[1:], values, strict=False))


def encoded(block: Block) -> EncodedBlock:
    segments = block_of([rows(marker, block) for marker in range(MARKERS)])
    number = list(SIZES).index(block.chrom)
    return encode_block(
        segments, number, called_from(*[0.8] * MARKERS, rules=RULES), (block.start, block.end)
    )


@pytest.fixture
def work(tmp_path: Path) -> TrackWork:
    """The last three of four markers, on four blocks of two chromosomes."""
    for name in "blocks", "bigwig", "peaks":
        (tmp_path / name).mkdir()
    for block in ORDER:
        BlockStore(tmp_path / "blocks").save([block], [encoded(block)])
    tracks = tuple(
        Track.of(Marker(number, f"K562|T{number}|None", "TFBS", "K562", f"T{number}", "None"), 0.8)
        for number in range(1, MARKERS)
    )
    return TrackWork(
        1, tracks, SIZES, APART, tmp_path / "blocks", tmp_path, RULES, sum(SIZES.values())
    )


@pytest.fixture
def full_disk() -> Iterator[object]:
    """Call it with the bytes that a file can have."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


def written(work: TrackWork) -> dict[str, bytes]:
    """All finished files."""
    folders = ("bigwig", "peaks")
    paths = [path for name in folders for path in sorted((work.folder / name).iterdir())]
    return {path.name: path.read_bytes() for path in paths}


def test_every_marker_gets_its_own_segments(work: TrackWork) -> None:
    write_tracks(work)
    for number, track in enumerate(work.tracks, start=work.first):
        with pyBigWig.open(str(work.folder / track.bigwig)) as file:
            for chrom in SIZES:
                blocks = [block for block in ORDER if block.chrom == chrom]
                expected = [row for block in blocks for row in rows(number, block)]
                assert list(file.intervals(chrom)) == expected


def test_a_peak_goes_on_in_the_next_block(work: TrackWork) -> None:
    write_tracks(work)
    for number, track in enumerate(work.tracks, start=work.first):
        with pysam.TabixFile(str(work.folder / track.peaks)) as file:
            spans = [tuple(map(int, line.split("\t")[1:3])) for line in file.fetch("chr2")]
        last, first = rows(number, ORDER[0])[-1], rows(number, ORDER[1])[0]
        # Of segments far longer than the gap and the shortest peak.
        joined = last[2] >= np.float32(0.8) and first[2] >= np.float32(0.8)
        assert joined == any(start < BLOCK_LENGTH < end for start, end in spans)


@pytest.mark.parametrize("lost", ["bigwig", "peaks"])
def test_a_killed_run_goes_on_with_what_is_missing(work: TrackWork, lost: str) -> None:
    write_tracks(work)
    whole = written(work)
    (work.folder / getattr(work.tracks[1], lost)).unlink()
    kept = work.folder / work.tracks[0].bigwig
    before = kept.stat().st_mtime_ns
    write_tracks(work)
    assert written(work) == whole
    assert kept.stat().st_mtime_ns == before


def test_a_run_that_finds_everything_sums_it_up_the_same(work: TrackWork) -> None:
    first = write_tracks(work)
    whole = written(work)
    assert write_tracks(work) == first
    assert written(work) == whole


def test_a_summary_is_of_the_values_of_all_predicted_bases(work: TrackWork) -> None:
    # 500 further bases were predicted, and lie under the floor.
    bases = sum(SIZES.values()) + 500
    for marker, found in enumerate(write_tracks(replace(work, bases=bases)), start=1):
        values = np.zeros(bases)
        at = 0
        for block in ORDER:
            for start, end, value in rows(marker, block):
                values[at : at + end - start] = value
                at += end - start
        assert found.covered == at
        assert found.mean == pytest.approx(values.mean(), rel=1e-3)
        assert found.highest == pytest.approx(values.max(), rel=1e-3)
        for share, value in found.quantiles.items():
            assert value == pytest.approx(np.quantile(values, float(share)), rel=0.04)


def test_a_track_whose_threshold_is_near_its_median_has_no_peaks(work: TrackWork) -> None:
    # Values are even from 0 to 1, so that half of the bases are at 0.5 or above.
    low, high = (
        replace(
            work,
            tracks=tuple(
                replace(one, threshold=of, threshold_from=BY_BASES) for one in work.tracks
            ),
        )
        for of in (0.6, 0.9)
    )
    (first, *_) = write_tracks(low)
    peaks = work.folder / work.tracks[0].peaks
    assert low.tracks[0].summarised(first, 20_000).no_peaks == FLAT
    # Of fewer bases the median may be that of a promoter.
    assert low.tracks[0].summarised(first, 19_999).no_peaks is None
    trusted = replace(low.tracks[0], threshold_from=BY_PEAKS)
    assert trusted.summarised(first, 20_000).no_peaks is None
    with pysam.BGZFile(str(peaks)) as file:
        assert file.read() == b""
    for path in peaks.parent.iterdir():
        path.unlink()
    assert high.tracks[0].summarised(first, 20_000).no_peaks is None
    write_tracks(high)
    with pysam.BGZFile(str(peaks)) as file:
        assert file.read() != b""


def test_the_same_bytes_however_markers_are_grouped(work: TrackWork) -> None:
    write_tracks(work)
    together = written(work)
    for name in "bigwig", "peaks":
        for path in (work.folder / name).iterdir():
            path.unlink()
    for number, track in enumerate(work.tracks):
        one = (track,)
        write_tracks(replace(work, first=work.first + number, tracks=one))
    assert written(work) == together


def test_the_same_bytes_however_blocks_share_files(work: TrackWork) -> None:
    write_tracks(work)
    apart = written(work)
    for name in "bigwig", "peaks", "blocks":
        for path in (work.folder / name).iterdir():
            path.unlink()
    order = (ORDER[:1], ORDER[1:])
    for blocks in order:
        BlockStore(work.blocks).save(blocks, [encoded(block) for block in blocks])
    write_tracks(replace(work, order=order))
    assert written(work) == apart


def test_a_full_disk_names_the_file_that_met_it_and_leaves_no_part(
    work: TrackWork, full_disk: object
) -> None:
    full_disk(9_000)
    with pytest.raises(OSError, match="too large") as caught:
        write_tracks(work)
    # The first of the group, though the others were opened later.
    assert caught.value.filename == str(work.folder / work.tracks[0].bigwig)
    assert written(work) == {}


def test_few_open_files_are_enough(work: TrackWork) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = len(list(Path("/dev/fd").iterdir()))
    most = group_size(919, 10 * BLOCK_LENGTH, 10, 1)
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + most + 8, before[1]))
    try:
        write_tracks(work)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert most < 100  # of the 256 that some systems allow


@pytest.mark.parametrize(
    ("markers", "bases", "blocks", "workers", "size"),
    [
        (919, 160_000_000, 800, 4, 16),  # chr7
        (919, 250_000_000, 1_250, 4, 12),  # chr1
        (919, 3_100_000_000, 15_500, 4, 1),  # a whole genome: each marker's bins are large
        (171, 6_000_000, 100_000, 2, 16),  # scaffolds of 60 bases
        (10, 1_000_000, 5, 4, 3),  # something for every worker
        (3, 1_000_000, 5, 4, 1),
        (1, 60, 1, 1, 1),
    ],
)
def test_groups_keep_workers_busy_and_memory_small(
    markers: int, bases: int, blocks: int, workers: int, size: int
) -> None:
    assert group_size(markers, bases, blocks, workers) == size
