"""The models to explain, and the choice of a marker that all of them have."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from regtrack.errors import ArgumentError, InputError
from regtrack.genome.markers import Marker, match_markers, nearest_words
from regtrack.listing import first_names
from regtrack.models.checkpoint import Checkpoint, read_checkpoint
from regtrack.models.network import Context
from regtrack.models.trained_genome import check_assembly
from regtrack.paths import shown


@dataclass(frozen=True)
class ExplainedModel:
    """A checkpoint whose network is explained.

    Parameters
    ----------
    name
        The file's name without its ending; numbered where another model has the same.
    """

    path: Path
    name: str
    checkpoint: Checkpoint

    @property
    def context(self) -> Context:
        """What a prediction depends on."""
        return self.checkpoint.sketch().context

    @property
    def note(self) -> str:
        """A remark on a network whose context has no bound; otherwise empty."""
        if self.context.exact:
            return ""
        return (
            f"{self.name}: no bound is known for how far it reads; its gradient was followed "
            f"for {self.context.left:,} bases, and depends a little on where windows lie"
        )


def read_models(
    paths: Sequence[Path], genome: Path, chrom_sizes: Mapping[str, int], *, any_genome: bool
) -> tuple[ExplainedModel, ...]:
    """Read the metadata of some checkpoints, in order.

    Parameters
    ----------
    any_genome
        Accept a genome that a network was not trained on.

    Raises
    ------
    InputError
        For what is not a checkpoint, or does not fit the genome.
    OSError
        When a file cannot be read.
    """
    models: dict[str, ExplainedModel] = {}
    for path in paths:
        if path.is_dir():
            raise InputError(path, "is a folder; expected a checkpoint (.safetensors)")
        checkpoint = read_checkpoint(path)
        if checkpoint.is_signal:
            raise InputError(path, "gives a signal; only probabilities can be explained")
        check_assembly(path, checkpoint, genome, chrom_sizes, any_genome)
        stem = shown(path.stem)
        name, number = stem, 1
        while name.lower() in models:  # file systems may not tell upper case from lower
            number += 1
            name = f"{stem}_{number}"
        models[name.lower()] = ExplainedModel(path, name, checkpoint)
    return tuple(models.values())


def choose_marker(models: Sequence[ExplainedModel], text: str) -> Marker:
    """The marker that a name or pattern means; all networks must have it.

    Raises
    ------
    ArgumentError
        When the first network has no such marker, or several.
    InputError
        When another network does not have it.
    """
    markers = models[0].checkpoint.markers
    exact_hits = [marker for marker in markers if marker.name == text]
    hits = exact_hits or match_markers(markers, text)
    if len(hits) > 1:
        raise ArgumentError(
            "marker",
            f"{text!r} fits {len(hits)} markers ({first_names(hit.name for hit in hits)}); "
            "expected one",
        )
    if not hits:
        raise ArgumentError(
            "marker", f"no marker {text!r} in {models[0].path}; {_hint(models[0], text)}"
        )
    for model in models[1:]:
        if row_of(model, hits[0]) is None:
            raise InputError(
                model.path,
                f"has no marker {hits[0].name!r}, which {models[0].path} has; "
                f"{_hint(model, hits[0].name)}",
            )
    return hits[0]


def row_of(model: ExplainedModel, marker: Marker) -> int | None:
    """The row of a marker in the output of a network, by name; None where it has none."""
    names = [each.name for each in model.checkpoint.markers]
    return names.index(marker.name) if marker.name in names else None


def _hint(model: ExplainedModel, text: str) -> str:
    """`the nearest is <marker>`, or the nearest of their words, or the first where none is near."""
    names = [marker.name for marker in model.checkpoint.markers]
    lowered = {name.lower(): name for name in names}
    near = difflib.get_close_matches(text.lower().replace("*", ""), lowered, n=1)
    if near:
        return f"the nearest is {lowered[near[0]]!r}"
    words = nearest_words(model.checkpoint.markers, text)
    if words:
        return f"the nearest word is {words[0]!r}"
    return f"the first is {names[0]!r}"
