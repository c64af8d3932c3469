"""Which assembly a folder is about: by option, by the genome, by what was fetched."""

from __future__ import annotations

from pathlib import Path

from regtrack.errors import ArgumentError, InputError
from regtrack.fetching.sources import genome_file
from regtrack.genome.assemblies import checked_name, describe, recognise, ucsc_name
from regtrack.genome.cache import possible_cache_folder
from regtrack.genome.fasta import Genome


def fetched_genomes() -> dict[str, Path]:
    """The genomes that were fetched, by name of assembly.

    Raises
    ------
    InputError
        As `possible_cache_folder`.
    """
    folders = sorted(path for path in possible_cache_folder().glob("*") if path.is_dir())
    genomes = {folder.name: folder / genome_file(folder.name) for folder in folders}
    return {assembly: path for assembly, path in genomes.items() if path.is_file()}


def assembly_of(genome: Path) -> str | None:
    """The assembly of a genome, by the lengths of its chromosomes or as what it was fetched."""
    fetched = {path.absolute(): assembly for assembly, path in fetched_genomes().items()}
    return recognise(Genome(genome).chrom_sizes) or fetched.get(genome.absolute())


def choose(asked: str | None, own: Path | None) -> tuple[str | None, Path | None]:
    """The assembly, where it is known, and its genome, where there is one.

    Parameters
    ----------
    asked
        What a user says it is.
    own
        A user's genome; without it, one that was fetched.

    Raises
    ------
    ArgumentError
        When the user's genome is of another assembly than it is said to be.
    InputError
        When genomes of several assemblies were fetched, and nothing tells which is meant.
    """
    if own is not None:
        recognised = assembly_of(own)
        if asked:
            asked = checked_name(asked, own, Genome(own).chrom_sizes)
        if asked and recognised not in (None, asked):
            raise ArgumentError("assembly", f"{own} is {describe(Genome(own).chrom_sizes)}")
        return recognised or asked, own
    fetched = fetched_genomes()
    if asked is None and len(fetched) > 1:
        raise InputError(
            possible_cache_folder(),
            f"which of {', '.join(fetched)} is meant? --assembly says it, --genome names another",
        )
    assembly = ucsc_name(asked) if asked else next(iter(fetched), None)
    return assembly, fetched.get(assembly or "")
