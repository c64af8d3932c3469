"""What a user asked for, as the plan of a job keeps it for other processes and machines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from regtrack.paths import as_text, from_text
from regtrack.prediction.scope import Scope
from regtrack.prediction.settings import PredictionSettings
from regtrack.scoring.request import ScoreRequest


@dataclass(frozen=True)
class PredictRequest:
    """What `regtrack predict` was asked for; paths are absolute, as text that a file can hold.

    Parameters
    ----------
    model, regions, markers, any_genome, clip
        As `regtrack.prediction.scope.find_scope`.
    settings, peaks, include_training
        As `regtrack.prediction.job.job_from_scope`.
    """

    model: str
    regions: tuple[str, ...]
    markers: tuple[str, ...]
    any_genome: bool
    clip: bool
    settings: PredictionSettings
    peaks: str | None
    include_training: bool

    @classmethod
    def of(
        cls,
        scope: Scope,
        marker_patterns: Sequence[str],
        settings: PredictionSettings,
        peaks: Path | None,
        include_training: bool,
    ) -> PredictRequest:
        """What was asked for, of what was found of it."""
        return cls(
            model=_absolute(scope.model),
            regions=tuple(map(as_text, scope.regions)),
            markers=tuple(marker_patterns),
            any_genome=scope.any_genome,
            clip=scope.clip,
            settings=settings,
            peaks=None if peaks is None else _absolute(peaks),
            include_training=include_training,
        )


@dataclass(frozen=True)
class EvalRequest:
    """What `regtrack eval MODEL` was asked for, as `PredictRequest`.

    Parameters
    ----------
    peaks, regions, exclude, markers, unknown, clip, include_training
        As `regtrack.scoring.request.ScoreRequest`.
    dataset, split
        As `regtrack.prediction.score_job.make_score_job`.
    """

    model: str
    peaks: str | None
    regions: tuple[str, ...]
    exclude: tuple[str, ...]
    markers: tuple[str, ...]
    unknown: tuple[str, ...]
    clip: bool
    include_training: bool
    dataset: str | None
    split: str
    step: int | None
    any_genome: bool

    @classmethod
    def of(
        cls,
        model: Path,
        request: ScoreRequest,
        dataset: Path | None,
        split: str,
        *,
        step: int | None,
        any_genome: bool,
    ) -> EvalRequest:
        """What was asked for; the parameters are those of `make_score_job`."""
        return cls(
            model=_absolute(model),
            peaks=None if request.peaks is None else _absolute(request.peaks),
            regions=tuple(map(as_text, request.regions)),
            exclude=tuple(map(_absolute, request.exclude)),
            markers=tuple(request.markers),
            unknown=tuple(request.unknown),
            clip=request.clip,
            include_training=request.include_training,
            dataset=None if dataset is None else _absolute(dataset),
            split=split,
            step=step,
            any_genome=any_genome,
        )

    def score_request(self) -> ScoreRequest:
        """What of it says which markers are scored, where, and by what."""
        return ScoreRequest(
            peaks=None if self.peaks is None else from_text(self.peaks),
            regions=self.regions,
            exclude=tuple(map(from_text, self.exclude)),
            markers=self.markers,
            unknown=self.unknown,
            clip=self.clip,
            include_training=self.include_training,
        )


def _absolute(path: Path) -> str:
    return as_text(path.absolute())
