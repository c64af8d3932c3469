"""Gene tables of UCSC, and where those lie that were fetched."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

from regtrack.genome.cache import cache_folder

GeneTable = Literal["refGene", "ncbiRefSeq"]
GENE_TABLES: tuple[GeneTable, ...] = get_args(GeneTable)


def file_of(table: GeneTable) -> str:
    """The name of a table's file, at UCSC and in the cache folder of its assembly."""
    return f"{table}.txt.gz"


def fetched_genes(assembly: str | None) -> Path | None:
    """The genes that were fetched of an assembly; None where there are none.

    Where there are both tables, it is the one that is fetched only when asked for by name.

    Raises
    ------
    InputError
        As `cache_folder`.
    """
    if assembly is None:
        return None
    paths = [cache_folder() / assembly / file_of(table) for table in reversed(GENE_TABLES)]
    return next((path for path in paths if path.is_file()), None)
