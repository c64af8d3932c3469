"""Exact scores of a checkpoint on a dataset, per marker; saved, so that they are computed once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from regtrack.atomic import write_text
from regtrack.datasets.dataset import Dataset
from regtrack.documents import read_json
from regtrack.errors import InputError
from regtrack.folders import file_sha256
from regtrack.models.checkpoint import load_network, read_checkpoint
from regtrack.report.numbers import only_defined, tsv_field
from regtrack.scoring.metrics import RankingScores
from regtrack.training.processes import Processes
from regtrack.training.validation import score

FORMAT_VERSION = 2
_OF_MARKER = ("index", "name", "category", "cell", "target", "treatment")
_OF_SPLIT = ("bases", "positives", "base_rate", "average_precision", "pr_auc_trapezoid", "auroc")

SplitScores = dict[str, list[RankingScores]]


def score_checkpoint(
    path: Path,
    dataset: Dataset,
    splits: Sequence[str],
    processes: Processes,
    file: Path,
    scoring: Callable[[str], None],
) -> SplitScores:
    """Scores of each marker on some splits, computed now or read from an earlier call's file.

    Every process calls this, and gets all scores; the first one writes.

    Parameters
    ----------
    path
        A checkpoint of the dataset's task and markers.
    file
        `<name>.scores.json`, in which the scores are saved, split by split. They are used
        again only for the same checkpoint and dataset, by their SHA-256. Beside it
        `<name>.scores.tsv` has a row per marker.
    scoring
        Called with each split that is computed now, before that.

    Raises
    ------
    InputError
        When the checkpoint cannot be loaded.
    OSError
        When a file cannot be read or written.
    """
    checkpoint, of_dataset = file_sha256(path), dataset.digest
    code = read_checkpoint(path).network.sha256
    if code is not None:  # of a user's own network, which may have changed
        checkpoint = f"{checkpoint} {code}"
    saved = _read(file, checkpoint, of_dataset, len(dataset.markers))
    missing = [split for split in splits if split not in saved]
    if missing:
        network = load_network(path, processes.device)
        for split in missing:
            scoring(split)
            saved[split] = score(network, dataset, split, processes).scores()
            if processes.is_first:
                _write(file, checkpoint, of_dataset, saved)
    scores = {split: saved[split] for split in splits}
    if processes.is_first:
        write_text(file.with_suffix(".tsv"), _table(dataset, scores))
    return scores


@dataclass(frozen=True)
class _Saved:
    """The shape of `<name>.scores.json`: of what, the scores of each split, their checksums."""

    format: int
    checkpoint: str
    dataset: str
    scores: dict[str, list[RankingScores]]
    sha256: dict[str, str]


def _read(path: Path, checkpoint: str, dataset: str, markers: int) -> SplitScores:
    """The scores of an earlier call; none of another checkpoint or dataset, or damaged ones."""
    try:
        saved = read_json(path, _Saved, FORMAT_VERSION)
    except (FileNotFoundError, InputError):
        return {}
    own = saved.format == FORMAT_VERSION and (saved.checkpoint, saved.dataset) == (
        checkpoint,
        dataset,
    )
    return {
        split: scores
        for split, scores in saved.scores.items()
        if own and len(scores) == markers and _digest(scores) == saved.sha256.get(split)
    }


def _write(path: Path, checkpoint: str, dataset: str, scores: SplitScores) -> None:
    record = {
        "format": FORMAT_VERSION,
        "checkpoint": checkpoint,
        "dataset": dataset,
        "scores": {split: _plain(of_split) for split, of_split in scores.items()},
        "sha256": {split: _digest(of_split) for split, of_split in scores.items()},
    }
    write_text(path, json.dumps(record, allow_nan=False) + "\n")


def _plain(scores: Sequence[RankingScores]) -> list[dict[str, Any]]:
    """Scores as JSON; what is not defined is left out."""
    return [only_defined(asdict(of_marker)) for of_marker in scores]


def _digest(scores: Sequence[RankingScores]) -> str:
    """SHA-256 of scores, which reveals damage to the file."""
    return hashlib.sha256(json.dumps(_plain(scores), sort_keys=True).encode()).hexdigest()


def _table(dataset: Dataset, scores: SplitScores) -> str:
    """Tab-separated, a row per marker; empty where a score is not defined."""
    lines = [[*_OF_MARKER, *(f"{split}_{name}" for split in scores for name in _OF_SPLIT)]]
    for row, marker in enumerate(dataset.markers):
        values = [getattr(marker, name) for name in _OF_MARKER]
        values += [
            getattr(of_split[row], name) for of_split in scores.values() for name in _OF_SPLIT
        ]
        lines.append([tsv_field(value) for value in values])
    return "\n".join("\t".join(line) for line in lines) + "\n"
