"""Chromosome names: `chr1` and `1` are one chromosome, whoever wrote the file."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from regtrack.errors import InputError

MITOCHONDRION = ("chrM", "M", "chrMT", "MT")


def resolve_chrom(name: str, known: Collection[str]) -> str | None:
    """Find `name` among the `known` names, with or without the `chr` prefix.

    Returns the known spelling, or None. An exact match always wins.
    """
    if name in known:
        return name
    if name in MITOCHONDRION:
        candidates: tuple[str, ...] = MITOCHONDRION
    else:
        candidates = (name[3:],) if name.startswith("chr") else (f"chr{name}",)
    return next((candidate for candidate in candidates if candidate in known), None)


def first_names(names: Iterable[str], most: int = 3) -> str:
    """`chr1, chr2, chr3 ...`, for error messages."""
    listed = list(names)
    return ", ".join(listed[:most]) + (" ..." if len(listed) > most else "")


def nothing_in_common(path: Path, found: Iterable[str], known: Iterable[str]) -> InputError:
    """The error for a file none of whose chromosomes is in the genome."""
    return InputError(
        path,
        f"has no chromosome in common with the genome: it has {first_names(found)}, "
        f"the genome has {first_names(known)}",
    )
