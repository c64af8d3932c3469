"""Chromosome names: `chr1` and `1` are one chromosome, whoever wrote the file."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cached_property
from pathlib import Path

from regtrack.errors import InputError
from regtrack.listing import first_names

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


def typed_chrom(name: str, known: Collection[str]) -> str | None:
    """As `resolve_chrom`, for what people type: `Chr22`, `CHR22` and `chrx`, too."""
    return resolve_chrom(name, known) or (Spellings(known).meant(name) if name else None)


def nothing_in_common(path: Path, names: Iterable[str], known: Iterable[str]) -> InputError:
    """The error for a file none of whose chromosomes is in the genome."""
    return InputError(
        path,
        f"has no chromosome in common with the genome: it has {first_names(names)}, "
        f"the genome has {first_names(known)}",
    )


class Spellings:
    """How others may have written the names of a genome's chromosomes, and not meant others."""

    def __init__(self, known: Iterable[str]) -> None:
        self._known = known

    @cached_property
    def _by_core(self) -> dict[str, str]:
        return {_core(name): name for name in self._known}

    def meant(self, name: str) -> str | None:
        """The known name that differs in case, blanks, quotes or leading zeros only, if any.

        Not for names that `resolve_chrom` knows.
        """
        return self._by_core.get(_core(name))


def _core(name: str) -> str:
    """What tells a name from others: `1` of `chr1`, `Chr1`, `chr01`, `"chr1"`."""
    plain = "".join(name.split()).strip("\"'").lower()
    core = plain.removeprefix("chr").lstrip("0")
    return "m" if core == "mt" else core or plain
