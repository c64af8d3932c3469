"""The genome that a checkpoint was trained on, held against the one that it is used on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from regtrack.errors import InputError
from regtrack.genome.assemblies import describe, describe_other, name_of, recognise
from regtrack.genome.names import MITOCHONDRION, resolve_chrom
from regtrack.genome.seen import Seen
from regtrack.listing import first_names
from regtrack.notes import note
from regtrack.paths import named

if TYPE_CHECKING:
    from regtrack.models.checkpoint import Checkpoint
    from regtrack.models.header import CheckpointTable


def check_assembly(
    path: Path,
    checkpoint: Checkpoint | CheckpointTable,
    genome: Path,
    sizes: Mapping[str, int],
    any_genome: bool = False,
) -> None:
    """Refuse a genome that is not the one that the checkpoint was trained on; a note may do.

    Chromosomes of one name must have one length; at least one must be in both, or both must be
    parts of one known assembly. A checkpoint that was trained on sequence without a genome knows
    none, and fits any.

    Parameters
    ----------
    any_genome
        Only note it.

    Raises
    ------
    InputError
        Naming both assemblies and the first chromosome that differs.
    """
    misfit = _misfit(checkpoint, sizes)
    if misfit is not None:
        actual, expected = misfit
        if any_genome:  # by their names, which are alike in a plan and its shards
            note(f"{named(genome)} is {actual}, but {named(path)} was trained on {expected}")
            return
        raise InputError(
            genome,
            f"is {actual}, but {path} was trained on {expected}; "
            "--any-genome predicts all the same",
        )


def seen_on(checkpoint: Checkpoint, sizes: Mapping[str, int]) -> Seen | None:
    """Where a checkpoint was trained, on a genome and as that spells it.

    Returns
    -------
    Seen or None
        None where it is not known, or where the genome is not the one of the training, in which
        the same bases lie elsewhere.
    """
    if checkpoint.seen is None or _misfit(checkpoint, sizes) is not None:
        return None
    return checkpoint.seen.on(checkpoint.chrom_sizes, sizes)


def _misfit(
    checkpoint: Checkpoint | CheckpointTable, sizes: Mapping[str, int]
) -> tuple[str, str] | None:
    """What a genome is, and what the checkpoint was trained on, where these are two things."""
    known = checkpoint.chrom_sizes
    if not known:
        return None
    # The mitochondrion says nothing: one assembly's files hold different ones.
    shared = {
        chrom: spelling
        for chrom in sizes
        if (spelling := resolve_chrom(chrom, known)) is not None and spelling not in MITOCHONDRION
    }
    for chrom, spelling in shared.items():
        if known[spelling] != sizes[chrom]:
            expected = describe_other(known, spelling, sizes, checkpoint.assembly)
            return describe(sizes, chrom), expected
    names = {recognise(sizes), recognise(known)}
    if not shared and (len(names) > 1 or None in names):
        expected = f"{name_of(known, checkpoint.assembly)}, whose chromosomes are others"
        return describe(sizes), f"{expected} ({first_names(known)})"
    return None
