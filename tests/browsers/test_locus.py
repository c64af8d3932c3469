"""Where a browser opens."""

from __future__ import annotations

from pathlib import Path

import pytest
from browsers_builders import MARKERS, write_tracks_folder

from regtrack.browsers.runs import Runs, opening_of
from regtrack.browsers.viewable import AROUND, Viewable, opening_locus, strongest_locus
from regtrack.errors import InputError
from regtrack.genome.gene_regions import GeneRegions
from regtrack.genome.intervals import Interval, IntervalSet
from regtrack.tracks.folder import write_predicted
from regtrack.tracks.peaks.files import write_peaks

SIZES = {"chr1": 200_000, "chr2": 90_000}


def peak(chrom: str, start: int, value: float) -> str:
    return f"{chrom}\t{start}\t{start + 100}\tp\t500\t.\t{value}\t-1\t-1\t50\n"


def viewable_of(folder: Path, *peaks: list[str]) -> Viewable:
    """A folder whose first markers have these peaks, and whose others have none."""
    write_tracks_folder(folder, sizes=SIZES, peakless=range(len(MARKERS)))
    viewable = Viewable.read(folder)
    for track, lines in zip(viewable.trackset.tracks, peaks, strict=False):
        write_peaks(folder / track.peaks, lines)
    return viewable


def test_it_opens_around_the_highest_peak_of_the_first_marker_that_has_one(tmp_path: Path) -> None:
    lines = [peak("chr1", 60_000, 0.5), peak("chr1", 90_000, 0.9), peak("chr2", 40_000, 0.8)]
    viewable = viewable_of(tmp_path / "tracks", [], lines, [peak("chr1", 150_000, 1.0)])
    found = strongest_locus(viewable, viewable.trackset.tracks)
    assert found == Interval("chr1", 90_050 - AROUND, 90_050 + AROUND)
    found = strongest_locus(viewable, viewable.trackset.tracks[2:])
    assert found == Interval("chr1", 150_050 - AROUND, 150_050 + AROUND)


@pytest.mark.parametrize(
    ("start", "expected"), [(10, (0, 60 + AROUND)), (199_900, (199_950 - AROUND, 200_000))]
)
def test_it_stays_inside_the_chromosome(
    tmp_path: Path, start: int, expected: tuple[int, int]
) -> None:
    viewable = viewable_of(tmp_path / "tracks", [peak("chr1", start, 0.5)])
    assert strongest_locus(viewable, viewable.trackset.tracks) == Interval("chr1", *expected)


def test_without_a_peak_it_opens_where_prediction_begins(tmp_path: Path) -> None:
    folder = tmp_path / "tracks"
    viewable_of(folder)
    for last, end in ((20_000, 20_000), (90_000, 10_000 + 2 * AROUND)):
        write_predicted(folder, {"chr2": IntervalSet.of([10_000], [last])})
        viewable = Viewable.read(folder)
        found = strongest_locus(viewable, viewable.trackset.tracks)
        assert found == Interval("chr2", 10_000, end)
    write_predicted(folder, {})
    assert strongest_locus(Viewable.read(folder), []) == Interval("chr1", 0, 2 * AROUND)


def test_what_is_asked_for_goes_first(tmp_path: Path) -> None:
    viewable = viewable_of(tmp_path / "tracks", [peak("chr1", 60_000, 0.5)])
    runs = Runs.of([("tracks", viewable)])
    table = tmp_path / "genes.bed"
    table.write_text("chr1\t1000\t3000\tCRKL\t0\t+\nchr2\t80000\t85000\tCRK\t0\t-\n")
    genes = GeneRegions(table, SIZES)

    def opens(region: str | None) -> Interval:
        return opening_of(runs, runs.entries, region, genes)

    assert opens("2:1,001-2,000") == Interval("chr2", 1_000, 2_000)
    assert opens(None).chrom == "chr1"
    for gene, expected in {
        "CRK": Interval("chr2", 78_000, 87_000),
        "crk+-4kb": Interval("chr2", 76_000, 89_000),  # no more than is typed
        "crk+-9kb": Interval("chr2", 71_000, 90_000),  # where the chromosome ends
        "CRKL": Interval("chr1", 0, 5_000),
    }.items():
        assert opens(gene) == expected
    with pytest.raises(InputError, match=r"region 'chr7'"):
        opens("chr7")


def test_of_equally_high_peaks_it_opens_at_the_widest(tmp_path: Path) -> None:
    wide = peak("chr2", 40_000, 0.9).replace("40100", "40200")
    lines = [peak("chr1", 60_000, 0.9), wide, peak("chr2", 70_000, 0.8)]
    viewable = viewable_of(tmp_path / "tracks", lines)
    found = strongest_locus(viewable, viewable.trackset.tracks)
    assert found == Interval("chr2", 40_050 - AROUND, 40_050 + AROUND)


def test_what_was_predicted_is_shown_whole_where_it_is_short(tmp_path: Path) -> None:
    folder = tmp_path / "tracks"
    viewable_of(folder, [peak("chr1", 60_000, 0.5)])

    def opens(predicted: dict[str, IntervalSet]) -> Interval:
        write_predicted(folder, predicted)
        viewable = Viewable.read(folder)
        return opening_locus(viewable, viewable.trackset.tracks)

    one = IntervalSet.of([50_000], [72_000])
    assert opens({"chr1": one}) == Interval("chr1", 50_000, 72_000)
    two = IntervalSet.of([50_000, 90_000], [72_000, 91_000])
    assert opens({"chr1": two}) == Interval("chr1", 50_000, 91_000)
    # Two chromosomes are not seen at once: the stretch of the strongest peak, and no more.
    assert opens({"chr1": one, "chr2": one}) == Interval("chr1", 50_000, 72_000)
    long = {"chr1": IntervalSet.of([0], [200_000]), "chr2": one}
    assert opens(long) == Interval("chr1", 60_050 - AROUND, 60_050 + AROUND)


def test_where_something_was_predicted_is_said_by_its_first_stretches(tmp_path: Path) -> None:
    folder = tmp_path / "tracks"
    viewable_of(folder)
    assert Viewable.read(folder).predicted_stretches == "chr1:1-200,000 (200,000 bases)"
    starts = [0, 100, 200, 300]
    four = IntervalSet.of(starts, [start + 50 for start in starts])
    write_predicted(folder, {"chr1": four, "chr2": IntervalSet.of([0], [10])})
    assert Viewable.read(folder).predicted_stretches == (
        "chr1:1-50 (50 bases), chr1:101-150 (50 bases), chr1:201-250 (50 bases) and 2 more"
    )
