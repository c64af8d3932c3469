"""Which assembly a genome is: told by the lengths of its chromosomes, in the words of users.

A wrong assembly has no symptom but numbers that mean nothing; so errors say which is which.
"""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from regtrack.errors import ArgumentError
from regtrack.genome.names import resolve_chrom
from regtrack.listing import counted
from regtrack.notes import note

UNKNOWN = "an unknown assembly"
_TABLE = "assemblies.tsv"
_PATCH = re.compile(r"\.p\d+$")  # which leaves whole chromosomes as they are
# Other names of assemblies, in small letters: of their consortia, and of 1000 Genomes.
_ALSO = {
    "ncbi36": "hg18",
    **dict.fromkeys(("grch37", "b37", "hs37d5"), "hg19"),
    "grch38": "hg38",
    "t2t-chm13v2.0": "hs1",
    "grcm38": "mm10",
    "grcm39": "mm39",
}


@functools.cache
def _known() -> dict[str, tuple[str, dict[str, int]]]:
    """By name of assembly, its species and the lengths of its whole chromosomes, in bases.

    Mitochondria are not among them: one assembly's files hold different ones.
    """
    table = resources.files("regtrack.genome") / "data" / _TABLE
    lengths: dict[str, tuple[str, dict[str, int]]] = {}
    for line in table.read_text(encoding="utf-8").splitlines()[1:]:
        species, assembly, chrom, length = line.split("\t")
        lengths.setdefault(assembly, (species, {}))[1][chrom] = int(length)
    return lengths


def recognise(chrom_sizes: Mapping[str, int]) -> str | None:
    """Name of the assembly whose chromosomes these are, as UCSC calls it, or None.

    `hg19` also stands for GRCh37 and b37, with or without `chr`: they have the same lengths.

    Parameters
    ----------
    chrom_sizes
        Lengths in bases; some chromosomes of the assembly will do, and others (scaffolds,
        decoys, mitochondria) are not looked at. All that the assembly has must agree.
    """
    fitting = [
        assembly
        for assembly, (_, lengths) in _known().items()
        if (pairs := _pairs(chrom_sizes, lengths)) and all(size == known for size, known in pairs)
    ]
    return fitting[0] if len(fitting) == 1 else None


def lengths_of(assembly: str) -> Mapping[str, int]:
    """Lengths of an assembly's whole chromosomes, in bases, but of mitochondria.

    Parameters
    ----------
    assembly
        As `recognise` names it.
    """
    return _known()[assembly][1]


def ucsc_name(name: str) -> str:
    """`hg38` of `GRCh38` or `GRCh38.p14`, `hg19` of `HG19`; what is not known stays as it is."""
    small = _PATCH.sub("", name.lower())
    return _ALSO.get(small, small if small in _known() else name)


def checked_name(spelling: str, genome: Path, chrom_sizes: Mapping[str, int]) -> str:
    """The name of a genome's assembly as a user gives it, in UCSC's words.

    One that is not known, but nearly is, is noted.

    Parameters
    ----------
    genome
        FASTA.
    chrom_sizes
        Lengths of its chromosomes, in bases.

    Raises
    ------
    ArgumentError
        When the lengths tell that it is another assembly.
    """
    if other := contradiction(chrom_sizes, spelling):
        raise ArgumentError("assembly", f"{genome} is of {other}")
    name = ucsc_name(spelling)
    near = difflib.get_close_matches(name.lower(), (*_known(), *_ALSO), n=1)
    if near and name.partition("_")[0] not in _known():
        note(
            f"{name} is not known here, and is taken as it stands; is {ucsc_name(near[0])} meant? "
            f"Known by their lengths are {', '.join(_known())}"
        )
    return name


def contradiction(chrom_sizes: Mapping[str, int], assembly: str) -> str:
    """What tells that a genome is not the assembly that is named for it.

    Parameters
    ----------
    chrom_sizes
        Lengths in bases.
    assembly
        As UCSC or IGV names it: `hg38_1kg` is hg38 with other scaffolds. Or as `GRCh38`.

    Returns
    -------
    str
        `hg19 (chr22 has 51,304,566 bases), not hg38 (50,818,468)`; empty where nothing tells, or
        the lengths of that assembly are not known.
    """
    name = ucsc_name(assembly.partition("_")[0])
    if name not in _known():
        return ""
    lengths = lengths_of(name)
    for chrom, size in chrom_sizes.items():
        spelling = resolve_chrom(chrom, lengths)
        if spelling is not None and lengths[spelling] != size:
            return f"{describe(chrom_sizes, chrom)}, not {assembly} ({lengths[spelling]:,})"
    actual = recognise(chrom_sizes)
    return "" if actual in (None, name) else f"{describe(chrom_sizes)}, not {assembly}"


def assemblies_that_hold(ends: Mapping[str, int], assembly: str) -> tuple[str, ...]:
    """Other assemblies of the same species on which some intervals would lie, by their ends.

    Parameters
    ----------
    ends
        The last end on each chromosome, in bases; of whole chromosomes only, others say nothing.
    assembly
        As `recognise` names it; where that holds them all, there is no reason for another.
    """
    species, own_lengths = _known()[assembly]
    telling = [
        (spelling, end)
        for chrom, end in ends.items()
        if (spelling := resolve_chrom(chrom, own_lengths))
    ]

    def holds(lengths: Mapping[str, int]) -> bool:
        return all(end <= lengths.get(chrom, 0) for chrom, end in telling)

    return tuple(
        other
        for other, (of_species, lengths) in _known().items()
        if of_species == species and holds(lengths) and not holds(own_lengths)
    )


def describe(chrom_sizes: Mapping[str, int], chrom: str | None = None) -> str:
    """`hg38 (chr1 has 248,956,422 bases)`, or `an unknown assembly (...)`.

    Parameters
    ----------
    chrom
        The chromosome that tells; the first one where none is given.
    """
    name = recognise(chrom_sizes) or UNKNOWN
    chrom = next(iter(chrom_sizes), None) if chrom is None else chrom
    if chrom is None:
        return f"{name} (it has no chromosome)"
    return f"{name} ({chrom} has {counted(chrom_sizes[chrom], 'base')})"


def describe_other(
    chrom_sizes: Mapping[str, int], chrom: str, than: Mapping[str, int], name: str = ""
) -> str:
    """What follows `describe` of another genome in an error: `hg19 (249,250,621)`.

    Parameters
    ----------
    chrom
        The chromosome that tells, as this genome spells it.
    than
        The genome that was described first: where both go by one name, this is `another` one.
    name
        What this genome is called where its lengths are not known.
    """
    assembly = name_of(chrom_sizes, name)
    if assembly == (recognise(than) or UNKNOWN):
        assembly = f"another {assembly.removeprefix('an ')}"
    return f"{assembly} ({chrom_sizes[chrom]:,})"


def name_of(chrom_sizes: Mapping[str, int], name: str = "") -> str:
    """The assembly's name: by its lengths or, where they are not known, what it is called."""
    return recognise(chrom_sizes) or name or UNKNOWN


def _pairs(chrom_sizes: Mapping[str, int], lengths: Mapping[str, int]) -> list[tuple[int, int]]:
    """Length here and there of each chromosome that both have, whatever its spelling."""
    return [
        (size, lengths[spelling])
        for chrom, size in chrom_sizes.items()
        if (spelling := resolve_chrom(chrom, lengths)) is not None
    ]
