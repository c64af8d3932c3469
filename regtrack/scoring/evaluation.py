"""What an evaluation comes to: scores of many markers, and what was left out."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from regtrack.genome.intervals import IntervalSet, total_bases
from regtrack.genome.markers import Marker
from regtrack.scoring.marker_scores import MarkerScores
from regtrack.scoring.metrics import CategoryMeans, RankingScores, category_means
from regtrack.scoring.provenance import Provenance
from regtrack.scoring.resampling import BootstrapBlocks, interval
from regtrack.scoring.trust import BETTER, CHANCE, NOT_SHOWN, enough_bases, shown_of

# Why a marker has no scores.
NO_PEAK_HERE = "no measured peak in these bases"
NOTHING_KNOWN = "unknown on all of these chromosomes"
NOT_IN_TABLE = "not in the table of peaks"


@dataclass(frozen=True)
class ScoredRegions:
    """The bases to score.

    Parameters
    ----------
    where
        Per chromosome that has any, in the genome's order.
    left_out
        Reason and number of bases that were asked for and are not in it.
    """

    where: Mapping[str, IntervalSet]
    left_out: Mapping[str, int]

    @property
    def bases(self) -> int:
        """Number of bases."""
        return total_bases(self.where)

    def without(self, unknown: Sequence[str]) -> dict[str, IntervalSet]:
        """The bases of a marker of which nothing is known on some chromosomes."""
        return {chrom: bases for chrom, bases in self.where.items() if chrom not in unknown}


@dataclass(frozen=True)
class CategorySummary:
    """Average precision over the scored markers of one category, and other means.

    Parameters
    ----------
    means
        Mean of each of the markers' scores.
    interval
        95% interval of the mean average precision.
    median, median_interval
        Median average precision, and its 95% interval.
    lift
        Median of the markers' lifts over their base rates.
    calibration_error
        Mean of the markers' calibration errors.
    published
        PR AUC that the paper reports for this network and category, or None.
    deepsea, deepsea_markers
        Mean of DeepSEA's published PR AUC over those markers that have one, and their number.
    """

    means: CategoryMeans
    interval: tuple[float, float]
    median: float
    median_interval: tuple[float, float]
    lift: float
    calibration_error: float
    published: float | None
    deepsea: float | None
    deepsea_markers: int


@dataclass(frozen=True)
class Evaluation:
    """Scores of tracks, or of a model, on some bases.

    Parameters
    ----------
    subject
        Path of the tracks folder or of the checkpoint.
    kind
        `tracks` or `model`.
    markers, scores
        One each per marker that is in the table of peaks, in the order of the subject.
    without_peaks
        Names of the markers that are not: not scored.
    unknown
        By `Marker.index`: chromosomes on which nothing is known of a marker, so that it was
        not scored there.
    scored
        The bases that were scored.
    blocks
        Of the bootstrap.
    provenance
        What a reader must know to make the same again.
    published
        PR AUC per category that the paper reports for this network.
    reference
        Of tracks: each marker's scores by scikit-learn, where they were asked for; else empty.
    """

    subject: str
    kind: str
    markers: tuple[Marker, ...]
    scores: tuple[MarkerScores, ...]
    without_peaks: tuple[str, ...]
    unknown: Mapping[int, tuple[str, ...]]
    scored: ScoredRegions
    blocks: BootstrapBlocks
    provenance: Provenance
    published: Mapping[str, float] = field(default_factory=dict)
    reference: tuple[RankingScores, ...] = ()

    @property
    def overall(self) -> list[RankingScores]:
        """Each marker's scores over all its bases."""
        return [scores.overall for scores in self.scores]

    @property
    def unskilled(self) -> list[Marker]:
        """Markers that were not predicted better than by chance, as far as their scores tell."""
        pairs = zip(self.markers, self.scores, strict=True)
        return [marker for marker, scores in pairs if not scores.is_skilled]

    def shown(self) -> dict[str, list[str]]:
        """By what the scores show of markers, the names of these: see `shown_of`."""
        names: dict[str, list[str]] = {BETTER: [], CHANCE: [], NOT_SHOWN: []}
        for marker, scores in zip(self.markers, self.scores, strict=True):
            what = shown_of(scores)
            if what is not None:
                names[what].append(marker.name)
        return names

    @property
    def enough_bases(self) -> int | None:
        """Bases that would do to judge most markers; None where the scored ones did."""
        return enough_bases(self.scores, self.scored.bases)

    def unscored(self) -> dict[str, list[str]]:
        """By reason, the names of the markers that have no scores."""
        unscored = [
            pair for pair in zip(self.markers, self.overall, strict=True) if not pair[1].scored
        ]
        return {
            NO_PEAK_HERE: [marker.name for marker, score in unscored if score.bases],
            NOTHING_KNOWN: [marker.name for marker, score in unscored if not score.bases],
            NOT_IN_TABLE: list(self.without_peaks),
        }

    @functools.cached_property
    def categories(self) -> list[CategorySummary]:
        """One per category that has a scored marker, in order."""
        return [self._summary(means) for means in category_means(self.markers, self.overall)]

    def _summary(self, means: CategoryMeans) -> CategorySummary:
        pairs = [
            (marker, scores)
            for marker, scores in zip(self.markers, self.scores, strict=True)
            if marker.category == means.category and scores.overall.scored
        ]
        values = np.array([scores.overall.average_precision for _, scores in pairs])
        median = float(np.median(values))
        # The same blocks were drawn for every marker, so that resamples go together.
        drawn = np.array([scores.replicates for _, scores in pairs])
        blocks = max(scores.blocks for _, scores in pairs)
        medians = np.median(values[:, None] + drawn, axis=0) - median
        deepsea = [figure for marker, _ in pairs if (figure := deepsea_figure(marker, "auprc"))]
        return CategorySummary(
            means=means,
            interval=interval(float(values.mean()), drawn.mean(axis=0), blocks),
            median=median,
            median_interval=interval(median, medians, blocks),
            lift=float(np.median([scores.overall.lift for _, scores in pairs])),
            calibration_error=float(np.mean([scores.calibration.error for _, scores in pairs])),
            published=self.published.get(means.category),
            deepsea=float(np.mean(deepsea)) if deepsea else None,
            deepsea_markers=len(deepsea),
        )


def deepsea_figure(marker: Marker, name: str) -> float | None:
    """`auprc`, `auroc` or `base_rate` that DeepSEA published for a marker, of 200-bp bins.

    From the column `deepsea_<name>` of the markers table; None where there is none.
    """
    try:
        value = float(marker.extra[f"deepsea_{name}"])
    except (KeyError, ValueError):
        return None
    return value if 0 < value <= 1 else None
