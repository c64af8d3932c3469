"""What a FASTA file or a markers table is, as text for people."""

from __future__ import annotations

from pathlib import Path

from regtrack.genome.assemblies import name_of
from regtrack.genome.fasta import Genome
from regtrack.genome.markers import count_categories, read_markers
from regtrack.listing import counted

_LISTED = 30


def describe_genome(path: Path) -> str:
    """A FASTA file in a screenful: which assembly it is, and its chromosomes.

    Raises
    ------
    InputError
        As `Genome`.
    """
    sizes = Genome(path).chrom_sizes
    listed = list(sizes.items())[:_LISTED]
    lines = {
        "genome": f"{path}, FASTA",
        "assembly": name_of(sizes),
        "sequences": f"{len(sizes):,} of {sum(sizes.values()):,} bases",
        **{f"  {chrom}": f"{size:,}" for chrom, size in listed},
        **({"  ...": f"{len(sizes) - len(listed):,} more"} if len(sizes) > len(listed) else {}),
    }
    width = max(map(len, lines)) + 2
    return "\n".join(f"{name:<{width}}{text}" for name, text in lines.items())


def describe_table(path: Path) -> str:
    """A markers table in two lines.

    Raises
    ------
    InputError
        As `read_markers`.
    """
    markers = read_markers(path, need_files=False)
    lines = {
        "table": f"{path}, of {counted(len(markers), 'marker')}",
        "markers": count_categories(markers),
    }
    return "\n".join(f"{name:<9}{text}" for name, text in lines.items())
