"""What a FASTA file or a markers table is, as text for people."""

from __future__ import annotations

from pathlib import Path

from regtrack.genome.assemblies import name_of
from regtrack.genome.bed import first_rows
from regtrack.genome.fasta import Genome
from regtrack.genome.markers import count_categories, read_markers
from regtrack.genome.measured import read_measured
from regtrack.genome.textfile import read_pieces
from regtrack.listing import counted
from regtrack.paths import shell_word
from regtrack.text_columns import named_lines

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
        "sequences": f"{len(sizes):,} of {counted(sum(sizes.values()), 'base')}",
        **{f"  {chrom}": f"{size:,}" for chrom, size in listed},
        **({"  ...": f"{len(sizes) - len(listed):,} more"} if len(sizes) > len(listed) else {}),
        "next": f"regtrack predict {next(iter(sizes))} --genome {shell_word(path)} --out tracks/",
    }
    return named_lines(lines)


def describe_peaks(folder: Path) -> str:
    """A folder of peak files.

    Raises
    ------
    InputError
        As `read_measured`.
    """
    markers = read_measured(folder)
    return named_lines(
        {
            "peaks": f"{folder}, {counted(len(markers), 'peak file')}",
            "markers": count_categories(markers),
            "next": f"--peaks {shell_word(folder)}, or regtrack init --peaks {shell_word(folder)}",
        }
    )


def describe_regions(path: Path) -> str:
    """A BED file, of peaks or other regions, plain or packed.

    Raises
    ------
    InputError
        When it is no BED file.
    """
    width, _ = first_rows(path)
    rows = sum(text.count(b"\n") for _, text in read_pieces(path))
    return named_lines(
        {
            "regions": f"{path}, BED, {counted(rows, 'line')}",
            "width": "no rows" if width is None else f"a median of {width:,.0f} bases",
            "next": f"--peaks {shell_word(path)}, or --exclude, or a region: {shell_word(path)}",
        }
    )


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
        "next": f"regtrack prepare --peaks {shell_word(path)}, or eval",
    }
    return named_lines(lines)
