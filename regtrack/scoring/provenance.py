"""Where scores come from: what predicted, what it was compared with, what training has seen."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from regtrack import __version__

# What the bases that were trained on are called.
SEEN = "seen in training"


@dataclass(frozen=True)
class Predictions:
    """What was scored, and how it was made.

    Parameters
    ----------
    model
        As `Checkpoint.identified` names it: checksum, architecture, assembly, credits.
    genome
        Its file; of tracks, its fingerprint.
    device
        What predicted, where it was done for these scores.
    step
        Bases that one value stands for, where that was set.
    tracks
        Settings of the tracks, where there are any.
    """

    model: Mapping[str, str]
    genome: str
    device: str | None = None
    step: int | None = None
    tracks: Mapping[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """Only what applies."""
        every = {
            "model": dict(self.model),
            "genome": self.genome,
            "device": self.device,
            "step": self.step,
            "tracks": None if self.tracks is None else dict(self.tracks),
        }
        return {name: value for name, value in every.items() if value is not None}


@dataclass(frozen=True)
class TableOfPeaks:
    """Measured peaks of files, and the bases that were asked for, in words.

    Parameters
    ----------
    peaks, regions, excluded
        Files, and what was typed.
    """

    peaks: str
    regions: str
    excluded: str


@dataclass(frozen=True)
class DatasetSplit:
    """The labels of a dataset.

    Parameters
    ----------
    dataset
        Folder and checksum of the dataset.
    split
        One of `regtrack.datasets.settings.SPLITS`.
    """

    dataset: str
    split: str


@dataclass(frozen=True)
class Provenance:
    """What a reader must know to make the same scores again.

    Parameters
    ----------
    predictions
        What was scored.
    truth
        What it was compared with.
    seen
        Whether a training has seen the scored bases, `yes`, `no` or `not known`, and more after a
        colon or comma.
    version
        Of regtrack.
    """

    predictions: Predictions
    truth: TableOfPeaks | DatasetSplit
    seen: str
    version: str = __version__

    @property
    def was_seen(self) -> str:
        """Whether a training has seen the scored bases: `yes`, `no` or `not known`."""
        return re.split("[:,]", self.seen, maxsplit=1)[0]

    def to_json(self) -> dict[str, Any]:
        """`about` of `report.json`, and the settings at the end of the page."""
        return {
            **self.predictions.to_json(),
            **asdict(self.truth),
            SEEN: self.seen,
            "regtrack": self.version,
        }
