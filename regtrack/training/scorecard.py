"""Exact scores of a checkpoint on a dataset, per marker; kept, so that they cost once."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from regtrack.atomic import write_text
from regtrack.datasets.folder import DenseDataset, ShortDataset
from regtrack.evaluation.cells import cell, defined
from regtrack.evaluation.metrics import Scores
from regtrack.models.checkpoint import file_sha256, load_network
from regtrack.training.processes import Processes
from regtrack.training.validation import score

FORMAT_VERSION = 1
_OF_MARKER = ("index", "name", "category", "cell", "target", "treatment")
_OF_SPLIT = ("bases", "positives", "base_rate", "average_precision", "pr_auc_trapezoid", "auroc")

SplitScores = dict[str, list[Scores]]


def score_checkpoint(
    path: Path,
    dataset: DenseDataset | ShortDataset,
    splits: Sequence[str],
    processes: Processes,
    kept: Path,
    told: Callable[[str], None],
) -> SplitScores:
    """Scores of each marker on some splits, or those of an earlier call.

    Every process calls this, and gets all scores; the first one writes.

    Parameters
    ----------
    path
        A checkpoint of the dataset's task and markers.
    kept
        Where the scores are kept (`<name>.scores.json`), split by split. They are taken
        again only for the same checkpoint and dataset, by their SHA-256. Beside it
        `<name>.scores.tsv` has a row per marker.
    told
        Is called with each split that is to be scored now.

    Raises
    ------
    InputError
        When the checkpoint cannot be loaded.
    OSError
        When a file cannot be read or written.
    """
    identity = {
        "format": FORMAT_VERSION,
        "checkpoint": file_sha256(path),
        "dataset": dataset.digest,
    }
    found = _read(kept, identity, len(dataset.markers))
    missing = [split for split in splits if split not in found]
    if missing:
        network = load_network(path, processes.device)
        for split in missing:
            told(split)
            found[split] = score(network, dataset, split, processes).scores()
            if processes.is_first:
                _write(kept, identity, found)
    scores = {split: found[split] for split in splits}
    if processes.is_first:
        write_text(kept.with_suffix(".tsv"), _table(dataset, scores))
    return scores


def _read(path: Path, identity: Mapping[str, Any], markers: int) -> SplitScores:
    """The scores of an earlier call; none where they are of another one, or damaged."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        found = {
            split: [Scores(**_undefined_as_nan(one)) for one in scores]
            for split, scores in record.pop("scores").items()
        }
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return {}
    whole = all(len(scores) == markers for scores in found.values())
    return found if record == identity and whole else {}


def _write(path: Path, identity: Mapping[str, Any], found: SplitScores) -> None:
    scores = {
        split: [{key: defined(value) for key, value in asdict(one).items()} for one in scores]
        for split, scores in found.items()
    }
    write_text(path, json.dumps({**identity, "scores": scores}, allow_nan=False) + "\n")


def _undefined_as_nan(record: Mapping[str, Any]) -> dict[str, Any]:
    return {key: math.nan if value is None else value for key, value in record.items()}


def _table(dataset: DenseDataset | ShortDataset, scores: SplitScores) -> str:
    """Tab-separated, a row per marker; empty where a score is not defined."""
    lines = [[*_OF_MARKER, *(f"{split}_{name}" for split in scores for name in _OF_SPLIT)]]
    for row, marker in enumerate(dataset.markers):
        values = [getattr(marker, name) for name in _OF_MARKER]
        values += [
            getattr(of_split[row], name) for of_split in scores.values() for name in _OF_SPLIT
        ]
        lines.append([cell(value) for value in values])
    return "\n".join("\t".join(line) for line in lines) + "\n"
