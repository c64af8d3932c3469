"""What predictions are scored by: measured peaks of a table or a dataset, and where they count."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from regtrack.datasets.dense import DenseDataset
from regtrack.datasets.labels import IntervalLabels
from regtrack.datasets.unknown import read_unknown
from regtrack.errors import InputError
from regtrack.genome.bed_files import BedFiles
from regtrack.genome.intervals import total_bases
from regtrack.genome.markers import Marker
from regtrack.genome.seen import Seen
from regtrack.paths import named
from regtrack.scoring.counting import PeakLabels, ScoredMarkers, known_array
from regtrack.scoring.evaluation import Evaluation, ScoredRegions
from regtrack.scoring.marker_scores import MarkerScores
from regtrack.scoring.provenance import DatasetSplit, Predictions, Provenance, TableOfPeaks
from regtrack.scoring.request import ScoreRequest, match_measured
from regtrack.scoring.resampling import BootstrapBlocks
from regtrack.scoring.seen import seen_words

_SEEN = {
    "train": "yes: these are the windows that it was trained on",
    "valid": "no, but its best step and its thresholds were chosen here",
    "test": "no: the test windows of the dataset that it was trained on",
}


@dataclass(frozen=True)
class Truth:
    """Measured peaks of some predicted markers, and the bases on which they are compared.

    Parameters
    ----------
    labels
        The peaks.
    scope
        Which of their markers are scored, and where.
    markers
        The scored ones.
    without_peaks
        Names of those that were asked for and have no measured peaks.
    source
        Where it comes from.
    seen
        Which of the scored bases a training has seen, in words.
    """

    labels: IntervalLabels
    scope: ScoredMarkers
    markers: tuple[Marker, ...]
    without_peaks: tuple[str, ...]
    source: TableOfPeaks | DatasetSplit
    seen: str

    @classmethod
    def of_table(
        cls,
        request: ScoreRequest,
        model: Path,
        known: Sequence[Marker],
        markers: Sequence[Marker],
        chrom_sizes: Mapping[str, int],
        scored: ScoredRegions,
        seen: Seen | None,
    ) -> Truth:
        """From a table of peaks.

        Parameters
        ----------
        model
            For messages.
        known
            The markers of the model.
        markers
            Those that are predicted.
        scored
            Where they are.
        seen
            What the training has seen of the genome, where that is known.

        Raises
        ------
        InputError
            When the table has none of the markers, or a file cannot be used.
        """
        matched, without_peaks = match_measured(request, model, markers)
        by_index = read_unknown(request.unknown, known, chrom_sizes)
        unknown = tuple(by_index.get(marker.index, ()) for marker in matched)
        rows = {marker.name: row for row, marker in enumerate(markers)}
        files = BedFiles(chrom_sizes, request.clip)
        labels = IntervalLabels.of(
            (files.peaks(Path(marker.file)) for marker in matched),
            chrom_sizes,
            known_array(chrom_sizes, unknown),
        )
        files.tell()
        return cls(
            labels=labels,
            scope=ScoredMarkers(
                chrom_sizes=tuple(chrom_sizes.items()),
                unknown=unknown,
                columns=tuple(range(len(matched))),
                rows=tuple(rows[marker.name] for marker in matched),
                scored=scored,
                blocks=BootstrapBlocks.of(scored.where),
            ),
            markers=tuple(matched),
            without_peaks=without_peaks,
            source=request.table("all of the genome"),
            seen=seen_words(seen, scored.where),
        )

    @classmethod
    def of_dataset(
        cls,
        dataset: DenseDataset,
        split: str,
        model: Path,
        markers: Sequence[Marker],
        seen: Seen | None,
        *,
        trained_here: bool,
    ) -> Truth:
        """From a split of a dataset.

        Parameters
        ----------
        model
            For messages.
        markers
            Those that are predicted.
        seen
            What the training has seen of the genome, where that is known.
        trained_here
            The model was trained on this very dataset.

        Raises
        ------
        InputError
            When the split is empty, or the dataset has none of the markers.
        """
        if not dataset.size(split):
            raise InputError(dataset.path, f"its {split} split is empty")
        columns = {marker.name: column for column, marker in enumerate(dataset.markers)}
        rows = [row for row, marker in enumerate(markers) if marker.name in columns]
        if not rows:
            raise InputError(dataset.path, f"has none of the markers of {model}")
        known = {chrom: dataset.labels.known_markers(chrom) for chrom in dataset.chrom_sizes}
        where = dataset.known(split)
        scored = ScoredRegions(
            where, {"N": total_bases(dataset.regions(split)) - total_bases(where)}
        )
        return cls(
            labels=dataset.labels,
            scope=ScoredMarkers(
                chrom_sizes=tuple(dataset.chrom_sizes.items()),
                unknown=tuple(
                    tuple(chrom for chrom, of_chrom in known.items() if not of_chrom[column])
                    for column in range(len(dataset.markers))
                ),
                columns=tuple(columns[markers[row].name] for row in rows),
                rows=tuple(rows),
                scored=scored,
                blocks=BootstrapBlocks.of(scored.where),
            ),
            markers=tuple(markers[row] for row in rows),
            without_peaks=tuple(marker.name for marker in markers if marker.name not in columns),
            source=DatasetSplit(f"{named(dataset.path)} (sha256 {dataset.digest})", split),
            seen=_SEEN[split] if trained_here else seen_words(seen, where),
        )

    @property
    def digest(self) -> str:
        """What names all that decides the counts."""
        total = hashlib.sha256(self.labels.digest.encode())
        total.update(repr((self.scope.columns, self.scope.rows)).encode())
        for chrom, intervals in self.scope.scored.where.items():
            total.update(chrom.encode() + intervals.starts.tobytes() + intervals.ends.tobytes())
        return total.hexdigest()

    def save(self, folder: Path) -> None:
        """Write what processes open.

        Raises
        ------
        OSError
            When it cannot be written.
        """
        self.labels.save(folder)

    def peak_labels(self, folder: Path) -> PeakLabels:
        """What processes are given of what `save` wrote into a folder."""
        return PeakLabels.saved_in(folder, self.scope)

    def evaluation(
        self,
        scores: Sequence[MarkerScores],
        subject: Path,
        kind: str,
        published: Mapping[str, float],
        predictions: Predictions,
    ) -> Evaluation:
        """The evaluation that the markers' scores make.

        Parameters
        ----------
        subject, kind
            What was scored, as `Evaluation` has it.
        published
            PR AUC by category, as the paper has it of this network; may be empty.
        predictions
            What was scored, for the end of a report.
        """
        return Evaluation(
            subject=named(subject),
            kind=kind,
            markers=self.markers,
            scores=tuple(scores),
            without_peaks=self.without_peaks,
            unknown={
                marker.index: self.scope.unknown[column]
                for marker, column in zip(self.markers, self.scope.columns, strict=True)
                if self.scope.unknown[column]
            },
            scored=self.scope.scored,
            blocks=self.scope.blocks,
            provenance=Provenance(predictions, self.source, self.seen),
            published=published,
        )
