"""The tracks folder: `tracks.json`, which says what lies in it, and where."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from regtrack.atomic import write_text
from regtrack.documents import read_json
from regtrack.errors import InputError
from regtrack.genome.bed import read_bed
from regtrack.genome.intervals import IntervalSet, Regions
from regtrack.genome.markers import Marker
from regtrack.genome.seen import Seen
from regtrack.signals import MOST, check_range
from regtrack.tracks.peaks.rules import MarkerRules, PeakRules
from regtrack.tracks.repeats import RepeatCounts
from regtrack.tracks.summary import Summary
from regtrack.tracks.trackless import CONTENTS, refuse_trackless

FORMAT_VERSION = 2
# Of tracks of probabilities: the first format knows no others.
_FORMAT_OF_PROBABILITIES = 1
PREDICTED = "predicted.bed"
# By split, the files of what a training has seen of the predicted bases.
SEEN_FILES = {"train": "trained.bed", "valid": "validated.bed"}

# Where a threshold is from: the best F1 of peaks, or that of bases, on the validation windows, or
# who made the tracks.
BY_PEAKS, BY_BASES, BY_OPTION = "peaks in validation", "bases in validation", "option"
BY_SCORES = "published scores"
GIVEN = "given with the weights"

# Why a track has no peaks. A threshold of the best F1 of bases is half of that F1, and the F1 of
# calling everything twice the base rate: so where such a threshold is hardly above what is usual,
# the network could tell hardly anything. Usual is the median: a promoter raises a region's mean.
CHANCE = "not clearly better than chance on the validation windows"
# As folders of before said the same.
_CHANCE_BEFORE = "no better than chance on the validation windows"
_LEAST_LIFT = 1.5
FLAT = f"its threshold is less than {_LEAST_LIFT} times its median"
# Of fewer bases the median, too, may be that of a promoter, and says nothing of the marker.
_LEAST_BASES = 20_000


@dataclass(frozen=True)
class Track:
    """One marker and the files of its track.

    Parameters
    ----------
    threshold
        Probability, or signal, from which its peaks were called.
    bigwig, peaks
        Paths relative to the tracks folder: the signal, and the called peaks.
    index
        Path of the index of the peaks, relative to the tracks folder: their name with `.tbi` or
        `.csi`; the former where nothing is said, as in older folders.
    threshold_from
        `BY_PEAKS`, `BY_BASES`, `BY_SCORES`, `GIVEN` or `BY_OPTION`; older folders do not say.
    no_peaks
        Why no peaks were called, where that is so: `CHANCE` or `FLAT`.
    base_rate
        Share of the training's validation bases inside of measured peaks, where that is known.
    summary
        What its values come to; older folders have none.
    range
        Where its values are a signal, what `max_error` and `floor` are shares of; None where they
        are probabilities.

    Raises
    ------
    ValueError
        When a path leads out of the folder, the index is no index of the peaks, or the threshold
        or the summary is not of such values.
    """

    marker: Marker
    threshold: float
    bigwig: str
    peaks: str
    index: str = ""
    threshold_from: str | None = None
    no_peaks: str | None = None
    base_rate: float | None = None
    summary: Summary | None = None
    range: float | None = None

    def __post_init__(self) -> None:
        if not self.index:
            object.__setattr__(self, "index", f"{self.peaks}.tbi")
        if self.range is not None:
            check_range(self.range)
        if not 0 <= self.threshold <= self.most:
            raise ValueError(f"expected a threshold from 0 to {self.most:g}, got {self.threshold}")
        if self.summary and max(self.summary.values) > self.most:
            raise ValueError(f"expected values from 0 to {self.most:g}")
        for name in self.bigwig, self.peaks:
            path = PurePosixPath(name)
            if path.is_absolute() or ".." in path.parts or not path.name:
                raise ValueError(f"expected a file of this folder, got {name!r}")
        if self.index_suffix not in {".tbi", ".csi"}:
            raise ValueError(f"expected {self.peaks}.tbi or .csi, got {self.index!r}")
        if self.base_rate is not None and not 0 <= self.base_rate <= 1:
            raise ValueError(f"expected a base rate from 0 to 1, got {self.base_rate}")

    def marker_rules(self, peak_rules: PeakRules) -> MarkerRules:
        """How its peaks are called."""
        return MarkerRules(self.threshold, peak_rules, not self.no_peaks, self.range)

    @property
    def most(self) -> float:
        """The highest that a value can be."""
        return 1 if self.range is None else MOST

    @property
    def scale(self) -> float:
        """What its values are told by: 1 for probabilities, the range of a signal."""
        return self.range or 1

    @property
    def top(self) -> float:
        """The scale or, where values go beyond it, the highest."""
        return max(self.scale, self.summary.highest) if self.summary else self.scale

    @property
    def files(self) -> tuple[str, str, str]:
        """All files of the track."""
        return self.bigwig, self.peaks, self.index

    @property
    def index_suffix(self) -> str:
        """What the name of the index has beyond that of the peaks."""
        return self.index.removeprefix(self.peaks)

    @classmethod
    def of(cls, marker: Marker, threshold: float, suffix: str = ".tbi", **more: Any) -> Track:
        """A track with the usual names of files.

        Parameters
        ----------
        suffix
            Of the index of the peaks, as `regtrack.tracks.peaks.files.index_suffix` has it.
        more
            Further fields.
        """
        slug = marker.slug
        peaks = f"peaks/{slug}.narrowPeak.gz"
        return cls(marker, threshold, f"bigwig/{slug}.bw", peaks, f"{peaks}{suffix}", **more)

    def summarised(self, summary: Summary, bases: int) -> Track:
        """The same, with what values it has; of so many predicted bases, it may be found flat."""
        usual = summary.quantiles.get("0.5", 0.0)
        is_low = bases >= _LEAST_BASES and self.threshold < _LEAST_LIFT * usual
        flat = FLAT if is_low and self.threshold_from == BY_BASES else None
        return replace(self, summary=summary, no_peaks=self.no_peaks or flat)

    def to_json(self) -> dict[str, Any]:
        """As `tracks.json` has it."""
        record = asdict(self) | {"marker": self.marker.to_json()}
        return {key: value for key, value in record.items() if value is not None}


@dataclass(frozen=True)
class _Genome:
    """What `tracks.json` says of the genome."""

    fingerprint: str
    chrom_sizes: dict[str, int]
    assembly: str | None = None

    def __post_init__(self) -> None:
        if not self.chrom_sizes or not all(0 <= size < 2**32 for size in self.chrom_sizes.values()):
            raise ValueError("expected chromosomes, each of at most 4,294,967,295 bases")


@dataclass(frozen=True)
class _Model:
    """What it says of the checkpoint."""

    sha256: str
    architecture: str
    assembly: str
    source: str | None = None
    licence: str | None = None
    citation: str | None = None

    def said(self) -> dict[str, str]:
        """All of it that is known."""
        return {name: value for name, value in vars(self).items() if value is not None}


@dataclass(frozen=True)
class _SeenBases:
    """How many bases are in `SEEN_FILES`."""

    train: int
    valid: int


@dataclass(frozen=True)
class _Contents:
    """All of it, as it stands in the file."""

    model: _Model
    genome: _Genome
    settings: dict[str, Any]
    tracks: tuple[Track, ...]
    seen: _SeenBases | None = None
    repeats: RepeatCounts | None = None

    def __post_init__(self) -> None:
        if not self.tracks:
            raise ValueError("expected one track at least")
        PeakRules.of_settings(self.settings)
        for name in "floor", "max_error":
            if type(self.settings.get(name, 0)) not in {int, float}:
                raise ValueError(f"expected the setting {name} as a number")
        for name in "index", "name":
            if len({getattr(track.marker, name) for track in self.tracks}) < len(self.tracks):
                raise ValueError(f"two markers of one {name}")
        if len({track.range is None for track in self.tracks}) > 1:
            raise ValueError("expected a range of every track, or of none")


@dataclass(frozen=True)
class TrackSet:
    """What `tracks.json` says.

    Parameters
    ----------
    model
        `sha256`, `architecture` and `assembly` of the checkpoint; of weights that were published
        elsewhere also `source`, `licence` and `citation`.
    fingerprint, chrom_sizes
        Of the genome that was predicted; sizes in its order.
    settings
        Those that shaped the values: `max_error`, `floor`, `peak_threshold`, ...
    tracks
        In the order of the markers table.
    assembly
        Name of the predicted genome's assembly, which need not be the model's.
    seen_bases
        By split, how many of the predicted bases the training has seen; None where that is not
        known.
    repeats
        What is in `repeats.bed`; None where nobody looked: too few markers, or an older folder.
    """

    model: Mapping[str, str]
    fingerprint: str
    chrom_sizes: Mapping[str, int]
    settings: Mapping[str, Any]
    tracks: tuple[Track, ...]
    assembly: str
    seen_bases: Mapping[str, int] | None = None
    repeats: RepeatCounts | None = None

    @property
    def credits(self) -> dict[str, str]:
        """Source, licence and citation of a network that was published elsewhere."""
        names = ("source", "licence", "citation")
        return {name: self.model[name] for name in names if name in self.model}

    @property
    def peak_rules(self) -> PeakRules:
        """By which the peaks were made of runs."""
        return PeakRules.of_settings(self.settings)

    @property
    def is_signal(self) -> bool:
        """Whether values are signals from 0 upward, and no probabilities."""
        return any(track.range is not None for track in self.tracks)

    @property
    def word(self) -> str:
        """What one value is: `probability` or `signal`."""
        return "signal" if self.is_signal else "probability"

    def least_meaning(self, track: Track) -> float:
        """Value under which one in a track may stand for one that needs none."""
        settings = self.settings
        return track.scale * float(settings.get("floor", 0) + settings.get("max_error", 0))

    def summarised(self, summaries: Sequence[Summary], bases: int) -> TrackSet:
        """The same, with what values the tracks have; a summary each, in their order.

        Parameters
        ----------
        bases
            Number of predicted bases.
        """
        pairs = zip(self.tracks, summaries, strict=True)
        return replace(
            self, tracks=tuple(track.summarised(summary, bases) for track, summary in pairs)
        )

    def write(self, folder: Path) -> None:
        """Write `tracks.json`, complete or not at all."""
        record = {
            "format": FORMAT_VERSION if self.is_signal else _FORMAT_OF_PROBABILITIES,
            "model": dict(self.model),
            "genome": {
                "assembly": self.assembly,
                "fingerprint": self.fingerprint,
                "chrom_sizes": dict(self.chrom_sizes),
            },
            "settings": dict(self.settings),
            "seen": self.seen_bases and dict(self.seen_bases),
            **({"repeats": asdict(self.repeats)} if self.repeats else {}),
            "tracks": [track.to_json() for track in self.tracks],
        }
        write_text(folder / CONTENTS, json.dumps(record, indent=1, allow_nan=False) + "\n")

    @classmethod
    def read(cls, folder: Path) -> TrackSet:
        """Read `tracks.json` and check that the files it names are there.

        Raises
        ------
        InputError
            When the folder is not a tracks folder, is of a newer format, or lacks a file.
        """
        path = folder / CONTENTS
        refuse_trackless(folder)
        contents = read_json(path, _Contents, FORMAT_VERSION)
        trackset = cls(
            model=contents.model.said(),
            fingerprint=contents.genome.fingerprint,
            chrom_sizes=contents.genome.chrom_sizes,
            settings=contents.settings,
            tracks=tuple(
                replace(track, no_peaks=CHANCE) if track.no_peaks == _CHANCE_BEFORE else track
                for track in contents.tracks
            ),
            # Folders of before this was kept were of the model's genome.
            assembly=contents.genome.assembly or contents.model.assembly,
            seen_bases=None if contents.seen is None else vars(contents.seen),
            repeats=contents.repeats,
        )
        for track in trackset.tracks:
            for name in (track.bigwig, track.peaks):
                if not (folder / name).is_file():
                    raise InputError(folder / name, f"missing, though {CONTENTS} names it")
        return trackset

    def predicted(self, folder: Path) -> dict[str, IntervalSet]:
        """The bases that were predicted: elsewhere, absent means nothing."""
        return read_bed(folder / PREDICTED, self.chrom_sizes)

    def seen(self, folder: Path) -> Seen | None:
        """The predicted bases that the training has seen; None where that is not known.

        Raises
        ------
        InputError
            When a file that says so is not the one that was written.
        OSError
            When it cannot be read.
        """
        if self.seen_bases is None:
            return None
        seen = Seen(
            **{
                split: read_bed(folder / name, self.chrom_sizes)
                for split, name in SEEN_FILES.items()
            }
        )
        for split, bases in seen.bases.items():
            if bases != self.seen_bases[split]:
                raise InputError(
                    folder / SEEN_FILES[split],
                    f"has {bases:,} bases, but {CONTENTS} names {self.seen_bases[split]:,}",
                )
        return seen


def write_predicted(folder: Path, predicted: Regions) -> None:
    """Write `predicted.bed`: every base that was predicted, that is, asked for and not N."""
    write_bed(folder / PREDICTED, predicted)


def write_seen(folder: Path, seen: Seen) -> None:
    """Write `trained.bed` and `validated.bed`, of the predicted bases."""
    for split, regions in vars(seen).items():
        write_bed(folder / SEEN_FILES[split], regions)


def write_bed(path: Path, regions: Regions) -> None:
    """Write regions as BED, in their order."""
    lines = (
        f"{chrom}\t{start}\t{end}\n"
        for chrom, intervals in regions.items()
        for start, end in intervals
    )
    write_text(path, "".join(lines))
