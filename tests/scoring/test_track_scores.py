"""Scores from segments equal those from the values of every single base."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyBigWig
import pytest
from encoded import Segments, write_bigwig
from sklearn.metrics import auc, average_precision_score, precision_recall_curve, roc_auc_score

from regtrack.errors import InputError
from regtrack.genome.intervals import EMPTY, IntervalSet
from regtrack.scoring.marker_scores import MarkerScores
from regtrack.scoring.metrics import RankingScores
from regtrack.scoring.resampling import BootstrapBlocks
from regtrack.scoring.track_scores import TrackTask, score_track
from regtrack.tracks.bigwig_sections import BigWigSections
from regtrack.tracks.peaks.rules import BARE_RUNS, MarkerRules, PeakRules

SIZES = {"chr1": 900, "chr2": 300, "chr3": 100}
Sets = dict[str, IntervalSet]


def random_set(random: np.random.Generator, size: int, most: int) -> IntervalSet:
    count = random.integers(1, most)
    starts = random.integers(0, size - 1, size=count)
    ends = np.minimum(starts + random.integers(1, size // 3, size=count), size)
    return IntervalSet.of(starts, ends)


def random_track(random: np.random.Generator, path: Path) -> None:
    """A track with gaps, touching segments and values that come more than once."""
    pieces = []
    for chrom in ("chr1", "chr2"):
        edges = np.unique(random.integers(0, SIZES[chrom] + 1, size=60)).astype(np.int64)
        kept = random.random(len(edges) - 1) < 0.7
        values = random.choice([0.0, 0.005, 0.1, 0.25, 0.5, 1.0], size=kept.sum())
        piece = Segments(edges[:-1][kept], edges[1:][kept], values.astype(np.float32))
        pieces.append((chrom, piece))
    write_bigwig(path, SIZES, pieces)


def write_bed(path: Path, peaks: Sets) -> Path:
    rows = (f"{chrom}\t{start}\t{end}\n" for chrom, one in peaks.items() for start, end in one)
    path.write_text("".join(rows))
    return path


def scored(bigwig: Path, where: Sets, peaks: Sets, threshold: float = 0.25) -> MarkerScores:
    bed = write_bed(bigwig.with_suffix(".bed"), peaks)
    marker_rules = MarkerRules(threshold, BARE_RUNS)
    return score_track(
        TrackTask(bigwig, bed, SIZES, where, BootstrapBlocks.of(where), marker_rules, 0)
    )[0]


def base_by_base(path: Path, where: Sets, peaks: Sets) -> RankingScores:
    """The same with one value and one label per base; absent is 0."""
    values, labels = [], []
    with pyBigWig.open(str(path)) as file:
        for chrom, asked in where.items():
            inside = np.zeros(SIZES[chrom], dtype=int)
            for start, end in peaks.get(chrom, ()):
                inside[start:end] = 1
            for start, end in asked:
                values.append(np.nan_to_num(file.values(chrom, start, end, numpy=True)))
                labels.append(inside[start:end])
    score, label = np.concatenate(values), np.concatenate(labels)
    precision, recall, _ = precision_recall_curve(label, score)
    return RankingScores(
        bases=len(label),
        positives=int(label.sum()),
        average_precision=pytest.approx(average_precision_score(label, score)),
        pr_auc_trapezoid=pytest.approx(auc(recall, precision)),
        auroc=pytest.approx(roc_auc_score(label, score)),
    )


@pytest.mark.parametrize("seed", range(25))
def test_a_track_scores_as_its_values_do_base_by_base(tmp_path: Path, seed: int) -> None:
    random = np.random.default_rng(seed)
    random_track(random, tmp_path / "a.bw")
    # The track knows nothing of chr3, the peaks nothing of chr2 half of the time.
    where = {chrom: random_set(random, size, 5) for chrom, size in SIZES.items()}
    peaks = {"chr1": random_set(random, 900, 8), "chr3": random_set(random, 100, 4)}
    if seed % 2:
        peaks["chr2"] = random_set(random, 300, 4)
    found = scored(tmp_path / "a.bw", where, peaks)
    assert found.overall == base_by_base(tmp_path / "a.bw", where, peaks)
    for chrom, score in found.chroms.items():
        assert score.bases == where[chrom].bases
        assert score.positives == where[chrom].intersect(peaks.get(chrom, EMPTY)).bases
    assert found.overall.positives == sum(one.positives for one in found.chroms.values())


@pytest.fixture
def track(tmp_path: Path) -> Path:
    """0.9 from 100 to 200, 0.2 from 300 to 400 of chr1."""
    values = Segments(np.array([100, 300]), np.array([200, 400]), np.array([0.9, 0.2], np.float32))
    write_bigwig(tmp_path / "a.bw", SIZES, [("chr1", values)])
    return tmp_path / "a.bw"


def on_chr1(*spans: tuple[int, int]) -> Sets:
    return {"chr1": IntervalSet.of(*zip(*spans, strict=True))}


def test_a_value_at_the_threshold_is_called(tmp_path: Path) -> None:
    under = np.nextafter(np.float32(0.25), np.float32(0))
    values = Segments(
        np.array([100, 300, 500]), np.array([200, 400, 600]), np.array([0.25, under, 0.3], "f4")
    )
    write_bigwig(tmp_path / "a.bw", SIZES, [("chr1", values)])
    found = scored(tmp_path / "a.bw", on_chr1((0, 900)), on_chr1((150, 160)), threshold=0.25)
    peaks = found.peaks
    assert (peaks.called, peaks.called_hit, peaks.measured, peaks.measured_hit) == (2, 1, 1, 1)


def test_only_the_bases_asked_for_count(track: Path) -> None:
    found = scored(track, on_chr1((150, 160), (390, 410)), on_chr1((155, 395))).overall
    assert (found.bases, found.positives) == (30, 10)


def test_a_peak_where_the_track_is_absent_is_ranked_last(track: Path) -> None:
    found = scored(track, on_chr1((0, 900)), on_chr1((500, 600))).overall
    # Behind the 200 bases with a value, among 700 without one.
    assert found.average_precision == pytest.approx(100 / 900)
    assert found.auroc < 0.5


def test_a_track_that_is_the_peaks_scores_1(track: Path) -> None:
    found = scored(track, on_chr1((0, 900)), on_chr1((100, 200))).overall
    assert (found.average_precision, found.auroc) == (1, 1)


def test_without_a_peak_in_the_bases_asked_for_nothing_is_scored(track: Path) -> None:
    found = scored(track, on_chr1((0, 100)), on_chr1((100, 200)))
    assert not found.overall.scored
    assert found.overall.bases == 100
    assert found.at_threshold is None
    assert found.best is None
    assert found.curve == ()


def test_precision_and_recall_are_those_from_the_threshold_on(track: Path) -> None:
    found = scored(track, on_chr1((0, 900)), on_chr1((150, 250)), threshold=0.2)
    assert found.at_threshold is not None
    assert (found.at_threshold.precision, found.at_threshold.recall) == (0.25, 0.5)
    found = scored(track, on_chr1((0, 900)), on_chr1((150, 250)), threshold=0.25)
    assert found.at_threshold is not None
    assert (found.at_threshold.precision, found.at_threshold.recall) == (0.5, 0.5)


@pytest.mark.parametrize(
    ("peaks", "counts"),
    [
        ([(150, 250)], (1, 1, 1, 1)),  # called 100-200
        ([(200, 250)], (1, 0, 1, 0)),  # it only touches
        ([(120, 130), (140, 150), (700, 701)], (1, 1, 3, 2)),
        ([(850, 900)], (1, 0, 0, 0)),  # not among the bases asked for
    ],
)
def test_called_and_measured_peaks_are_counted_against_each_other(
    track: Path, peaks: list[tuple[int, int]], counts: tuple[int, ...]
) -> None:
    found = scored(track, on_chr1((0, 800)), on_chr1(*peaks)).peaks
    assert (found.called, found.called_hit, found.measured, found.measured_hit) == counts


def test_touching_segments_from_the_threshold_on_are_one_peak(tmp_path: Path) -> None:
    values = Segments(
        np.array([10, 20, 30]), np.array([20, 30, 40]), np.array([0.5, 0.3, 0.2], np.float32)
    )
    write_bigwig(tmp_path / "a.bw", SIZES, [("chr1", values)])
    assert scored(tmp_path / "a.bw", on_chr1((0, 900)), on_chr1((25, 26))).peaks.called == 1


def test_peaks_are_those_of_the_folders_rules(tmp_path: Path) -> None:
    values = Segments(
        np.array([100, 180, 500]), np.array([150, 300, 550]), np.array([0.5, 0.5, 0.9], np.float32)
    )
    write_bigwig(tmp_path / "a.bw", SIZES, [("chr1", values)])
    where, bed = on_chr1((0, 900)), write_bed(tmp_path / "a.bed", on_chr1((160, 170)))
    for rules, has_peaks, called in (
        (BARE_RUNS, True, 3),
        (PeakRules(30, 200), True, 1),  # 100 to 300, whose gap holds all that was measured
        (PeakRules(30, 201), True, 0),
        (PeakRules(30, 200), False, 0),
    ):
        marker_rules = MarkerRules(0.25, rules, has_peaks)
        task = TrackTask(
            tmp_path / "a.bw", bed, SIZES, where, BootstrapBlocks.of(where), marker_rules, 0
        )
        peaks = score_track(task)[0].peaks
        assert (peaks.called, peaks.called_hit) == (
            called,
            int(rules == PeakRules(30, 200)) * called,
        )


@pytest.mark.parametrize("edge", [200_000, 200_100, 199_950])
def test_a_peak_across_the_edge_of_the_scored_bases_is_whole_though_sections_end_there(
    tmp_path: Path, edge: int
) -> None:
    sizes = {"chr1": 400_000}
    # As of blocks, which end at 200,000.
    pieces = [
        Segments(*(np.array([one]) for one in part))
        for part in ((199_900, 200_000, np.float32(0.9)), (200_000, 200_400, np.float32(0.9)))
    ]
    write_bigwig(tmp_path / "a.bw", sizes, [("chr1", one) for one in pieces])
    bed = write_bed(tmp_path / "a.bed", on_chr1((199_940, 200_300)))
    for where in on_chr1((0, edge)), on_chr1((edge, 400_000)), on_chr1((0, 400_000)):
        marker_rules = MarkerRules(0.25, PeakRules())
        task = TrackTask(
            tmp_path / "a.bw", bed, sizes, where, BootstrapBlocks.of(where), marker_rules, 0
        )
        peaks = score_track(task)[0].peaks
        assert (peaks.called, peaks.called_hit, peaks.called_width) == (1, 1, 500)


def test_a_file_whose_values_are_no_probabilities_is_refused(tmp_path: Path) -> None:
    with pyBigWig.open(str(tmp_path / "a.bw"), "w") as file:
        file.addHeader(list(SIZES.items()))
        file.addEntries(["chr1"], [10], ends=[20], values=[3.5])
    with pytest.raises(InputError, match=r"a.bw: expected sorted probabilities on chr1"):
        scored(tmp_path / "a.bw", on_chr1((0, 900)), on_chr1((5, 15)))


def test_a_file_of_other_chromosomes_than_the_tracks_is_refused(tmp_path: Path) -> None:
    with pyBigWig.open(str(tmp_path / "a.bw"), "w") as file:
        file.addHeader([("chr1", 901), ("chr2", 300), ("chr3", 100)])
        file.addEntries(["chr1"], [10], ends=[20], values=[0.5])
    with pytest.raises(InputError, match=r"a\.bw: has other chromosomes than"):
        scored(tmp_path / "a.bw", on_chr1((0, 900)), on_chr1((5, 15)))


def test_sections_that_overlap_are_refused(track: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    once = BigWigSections.together
    monkeypatch.setattr(
        BigWigSections,
        "together",
        lambda *asked, **more: [one for _ in range(9) for one in once(*asked, **more)],
    )
    with pytest.raises(InputError, match="expected sorted probabilities on chr1"):
        scored(track, on_chr1((0, 900)), on_chr1((5, 15)))


def test_segments_past_the_end_of_their_chromosome_are_refused(tmp_path: Path) -> None:
    # The file's own tree of chromosomes says 900; its section reaches into chr2's bases.
    values = Segments(np.array([890]), np.array([950]), np.array([0.5], np.float32))
    write_bigwig(tmp_path / "a.bw", {**SIZES, "chr1": 1_000}, [("chr1", values)])
    data = bytearray((tmp_path / "a.bw").read_bytes())
    at = data.index(b"chr1") + 8
    data[at : at + 4] = (900).to_bytes(4, "little")
    (tmp_path / "a.bw").write_bytes(data)
    with pytest.raises(InputError, match="expected sorted probabilities on chr1"):
        scored(tmp_path / "a.bw", on_chr1((0, 900)), on_chr1((5, 15)))


def test_of_many_scaffolds_the_hundred_with_most_bases_have_scores_of_their_own(
    tmp_path: Path,
) -> None:
    sizes = {f"scaffold{number}": 50 + number for number in range(150)}
    one = Segments(np.array([10]), np.array([30]), np.array([0.5], np.float32))
    write_bigwig(tmp_path / "a.bw", sizes, [(chrom, one) for chrom in sizes])
    where = {chrom: IntervalSet.of([0], [size]) for chrom, size in sizes.items()}
    peaks = {chrom: IntervalSet.of([20], [40]) for chrom in sizes}
    bed = write_bed(tmp_path / "a.bed", peaks)
    marker_rules = MarkerRules(0.25, BARE_RUNS)
    found, _ = score_track(
        TrackTask(tmp_path / "a.bw", bed, sizes, where, BootstrapBlocks.of(where), marker_rules, 0)
    )
    assert list(found.chroms) == list(sizes)[50:]
    assert all(score.positives == 20 for score in found.chroms.values())
    assert (found.overall.bases, found.overall.positives) == (sum(sizes.values()), 150 * 20)
    assert found.at_threshold is not None
    assert (found.at_threshold.precision, found.at_threshold.recall) == (0.5, 0.5)
    counts = found.peaks
    assert (counts.called, counts.called_hit, counts.measured, counts.measured_hit) == (150,) * 4
