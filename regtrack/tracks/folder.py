"""The tracks folder: `tracks.json`, which says what lies in it, and where."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from regtrack.atomic import write_text
from regtrack.errors import InputError
from regtrack.genome.bed import read_bed
from regtrack.genome.intervals import IntervalSet
from regtrack.genome.markers import Marker

FORMAT_VERSION = 1
CONTENTS = "tracks.json"
PREDICTED = "predicted.bed"


@dataclass(frozen=True)
class Track:
    """One marker and the files of its track.

    Parameters
    ----------
    threshold
        Probability from which its peaks were called.
    bigwig, peaks
        Paths relative to the tracks folder: the signal, and the called peaks, whose
        index has the same name and `.tbi`.
    """

    marker: Marker
    threshold: float
    bigwig: str
    peaks: str

    @property
    def files(self) -> tuple[str, str, str]:
        """All files of the track."""
        return self.bigwig, self.peaks, f"{self.peaks}.tbi"

    @classmethod
    def of(cls, marker: Marker, threshold: float) -> Track:
        """A track with the usual names of files."""
        slug = marker.slug
        return cls(marker, threshold, f"bigwig/{slug}.bw", f"peaks/{slug}.narrowPeak.gz")


@dataclass(frozen=True)
class TrackSet:
    """What `tracks.json` says.

    Parameters
    ----------
    model
        `sha256`, `architecture` and `assembly` of the checkpoint.
    fingerprint, chrom_sizes
        Of the genome that was predicted; sizes in its order.
    settings
        Those that shaped the values: `max_error`, `floor`, `peak_threshold`, ...
    tracks
        In the order of the markers table.
    assembly
        Name of the predicted genome's assembly, which need not be the model's.
    """

    model: Mapping[str, str]
    fingerprint: str
    chrom_sizes: Mapping[str, int]
    settings: Mapping[str, Any]
    tracks: tuple[Track, ...]
    assembly: str

    def write(self, folder: Path) -> None:
        """Write `tracks.json`, complete or not at all."""
        record = {
            "format": FORMAT_VERSION,
            "model": dict(self.model),
            "genome": {
                "assembly": self.assembly,
                "fingerprint": self.fingerprint,
                "chrom_sizes": dict(self.chrom_sizes),
            },
            "settings": dict(self.settings),
            "tracks": [
                {
                    "marker": track.marker.to_json(),
                    "threshold": track.threshold,
                    "bigwig": track.bigwig,
                    "peaks": track.peaks,
                }
                for track in self.tracks
            ],
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
        if folder.is_file():
            raise InputError(folder, "is a file; expected a tracks folder")
        if not path.is_file():
            raise InputError(
                folder, f"not a tracks folder (no {CONTENTS}); regtrack predict makes one"
            )
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            version = record["format"]
            if version > FORMAT_VERSION:
                raise InputError(
                    path,
                    f"written in format {version}; this regtrack reads up to {FORMAT_VERSION}: "
                    "please update it",
                )
            found = cls(
                model=record["model"],
                fingerprint=record["genome"]["fingerprint"],
                chrom_sizes=record["genome"]["chrom_sizes"],
                settings=record["settings"],
                tracks=tuple(
                    Track(
                        Marker.from_json(track["marker"]),
                        track["threshold"],
                        track["bigwig"],
                        track["peaks"],
                    )
                    for track in record["tracks"]
                ),
                # Folders of before this was kept were of the model's genome.
                assembly=record["genome"].get("assembly", record["model"]["assembly"]),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(path, f"damaged ({error!r})") from error
        for track in found.tracks:
            for name in (track.bigwig, track.peaks):
                if not (folder / name).is_file():
                    raise InputError(folder / name, f"missing, though {CONTENTS} names it")
        return found

    def predicted(self, folder: Path) -> dict[str, IntervalSet]:
        """The bases that were predicted: elsewhere, absent means nothing."""
        return read_bed(folder / PREDICTED, self.chrom_sizes)


def write_predicted(folder: Path, predicted: Mapping[str, IntervalSet]) -> None:
    """Write `predicted.bed`: every base that was predicted, that is, asked for and not N."""
    lines = (
        f"{chrom}\t{start}\t{end}\n"
        for chrom, intervals in predicted.items()
        for start, end in intervals
    )
    write_text(folder / PREDICTED, "".join(lines))
