"""What a user asks to have scored: measured peaks, and where they count."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from regtrack.errors import ArgumentError, InputError
from regtrack.genome.bed_files import BedFiles
from regtrack.genome.intervals import IntervalSet, Regions, subtract, total_bases
from regtrack.genome.markers import Marker
from regtrack.genome.measured import is_table, read_measured
from regtrack.genome.seen import Seen
from regtrack.listing import names_and_rest
from regtrack.notes import note
from regtrack.paths import named, region_named
from regtrack.scoring.evaluation import ScoredRegions
from regtrack.scoring.provenance import TableOfPeaks
from regtrack.scoring.seen import without_training

# Those of `ScoreRequest` that do nothing where a dataset is scored by, which says them itself.
NOT_WITH_A_DATASET = (
    "peaks",
    "regions",
    "exclude",
    "unknown",
    "genes",
    "clip",
    "include_training",
)


@dataclass(frozen=True)
class ScoreRequest:
    """What to score, as users say it.

    Parameters
    ----------
    peaks
        Markers table or peak files, as `regtrack.genome.measured.read_measured`; matched to the
        predicted markers by name. None only where the peaks are those of a dataset.
    regions
        As typed (also genes) or BED files; none stands for all that was predicted, or the whole
        genome.
    exclude
        BED files: bases that are not scored.
    markers
        As `regtrack.genome.markers.select_markers`.
    unknown
        As `regtrack.datasets.unknown.read_unknown`.
    clip
        As `regtrack.genome.bed.Rules`, for all BED files.
    genes
        As `regtrack.genome.gene_regions.GeneRegions` takes its table, for the regions.
    include_training
        Score bases that were trained on, too.
    """

    peaks: Path | None
    regions: Sequence[str] = ()
    exclude: Sequence[Path] = ()
    markers: Sequence[str] = ()
    unknown: Sequence[str] = ()
    clip: bool = False
    genes: Path | None = None
    include_training: bool = False

    def scored(self, regions: ScoredRegions, seen: Seen | None, subject: Path) -> ScoredRegions:
        """The bases to score of some regions; `subject`, for messages, has `seen` some of them.

        Raises
        ------
        InputError
            When nothing is left.
        """
        return regions if self.include_training else without_training(regions, seen, subject)

    def table(self, everywhere: str) -> TableOfPeaks:
        """What a report says of it, where no region stands for `everywhere`.

        Raises
        ------
        ArgumentError
            When there is no table.
        """
        return TableOfPeaks(
            peaks=named(self.peaks_given()),
            regions=", ".join(map(region_named, self.regions)) or everywhere,
            excluded=", ".join(map(named, self.exclude)) or "nothing",
        )

    def peaks_given(self) -> Path:
        """The table of peaks.

        Raises
        ------
        ArgumentError
            When there is none.
        """
        if self.peaks is None:
            raise ArgumentError(
                "peaks",
                "is missing: a markers table or peak files; regtrack fetch peaks has those of hg19",
            )
        return self.peaks


def match_measured(
    request: ScoreRequest, subject: Path, markers: Sequence[Marker]
) -> tuple[list[Marker], tuple[str, ...]]:
    """The measured peaks of some markers, in the markers' order; files of no marker are told.

    Returns
    -------
    list of Marker, tuple of str
        With the markers' own numbers, and the files and further columns of both; and the names
        of those markers that are not in the table.

    Raises
    ------
    ArgumentError
        When there is no table.
    InputError
        When none of the markers is in it.
    """
    table = request.peaks_given()
    measured = {marker.name: marker for marker in read_measured(table)}
    matched = [
        Marker.from_json(
            marker.to_json()
            | {
                "file": measured[marker.name].file,
                "extra": {**marker.extra, **measured[marker.name].extra},
            }
        )
        for marker in markers
        if marker.name in measured
    ]
    if not matched:
        raise InputError(
            table,
            f"has none of the markers of {subject}: it has {next(iter(measured))!r} ..., "
            f"that has {markers[0].name!r} ...",
        )
    if not is_table(table):
        _tell_of_others(table, measured.keys() - {marker.name for marker in matched}, subject)
    return matched, tuple(marker.name for marker in markers if marker.name not in measured)


def _tell_of_others(peaks: Path, names: Collection[str], subject: Path) -> None:
    """A table may well be of more markers; files were named for this."""
    if names:
        note(
            f"{peaks}: no marker of {subject} matches these files: {names_and_rest(sorted(names))}"
        )


def without_excluded(
    where: Mapping[str, IntervalSet], exclude: Iterable[Path], files: BedFiles
) -> dict[str, IntervalSet]:
    """What remains of some bases when those of BED files are taken out."""
    left = dict(where)
    for path in exclude:
        left = subtract(left, files.excluded(path))
    return left


def scored_regions(
    regions: Regions,
    there: Regions,
    missing: str,
    exclude: Sequence[Path],
    subject: Path,
    files: BedFiles,
) -> ScoredRegions:
    """The bases of some regions that can be scored, without the excluded ones.

    Parameters
    ----------
    there
        Those of the regions for which there is a prediction.
    missing
        What the others are called.
    subject
        For messages.
    files
        Reads the excluded ones, and tells of them.

    Raises
    ------
    InputError
        When nothing is left, or a file of excluded regions holds none.
    """
    kept = without_excluded(there, exclude, files)
    files.tell()
    if not kept:
        raise InputError(subject, f"all that was asked for is {missing} or excluded")
    left_out = {missing: total_bases(regions) - total_bases(there)}
    if exclude:
        left_out["excluded"] = total_bases(there) - total_bases(kept)
    return ScoredRegions(kept, left_out)
