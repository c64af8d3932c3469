"""Regions as users type them (`chr22:1,000-2,000`, `COMT+-50kb`, `all`), or as a BED file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from regtrack.errors import InputError
from regtrack.genome.bed_files import BedFiles
from regtrack.genome.gene_regions import GeneRegions
from regtrack.genome.intervals import Interval, IntervalSet
from regtrack.genome.names import resolve_chrom
from regtrack.listing import first_names
from regtrack.paths import is_there

ALL = "all"
_RANGE = re.compile(r"(?P<chrom>.+):(?P<start>[\d,]{1,99})(-|\.\.)(?P<end>[\d,]{1,99})")


def parse_region(
    text: str,
    chrom_sizes: Mapping[str, int],
    genes: GeneRegions | None = None,
    flank: int = 0,
) -> Interval:
    """Read one region as browsers print it: `chr22`, `chr22:1,000-2,000`, or a gene.

    What names a chromosome is no gene.

    Parameters
    ----------
    text
        1-based, both ends included; thousands separators are passed over, `22` is
        taken for `chr22` and the reverse.
    chrom_sizes
        Length of every chromosome of the genome, in bases.
    genes
        Of the genome; None where they are no regions.
    flank
        Bases on each side of a gene that belong to its region, beside those that are typed.

    Returns
    -------
    Interval
        0-based, half-open; a gene's ends where its chromosome does.

    Raises
    ------
    InputError
        When the chromosome is unknown, or the region is reversed or reaches past the
        chromosome's end; as `GeneRegions.find`.
    """
    text = text.strip()
    chrom = resolve_chrom(text, chrom_sizes)
    if chrom is not None:
        if not chrom_sizes[chrom]:
            raise InputError(f"region {text!r}", f"{chrom} has no sequence")
        return Interval(chrom, 0, chrom_sizes[chrom])
    match = _RANGE.fullmatch(text)
    name = match["chrom"] if match else text.partition(":")[0]
    chrom = resolve_chrom(name, chrom_sizes)
    if chrom is None:
        gene = genes.find(text) if genes and not match else None
        if gene is not None:
            end = min(gene.end + flank, chrom_sizes[gene.chrom])
            return Interval(gene.chrom, max(gene.start - flank, 0), end)
        advice = genes.advice(text) if genes and not match else ""
        raise InputError(
            f"region {text!r}",
            "neither a file nor a chromosome of the genome, which has "
            f"{first_names(chrom_sizes)}{advice}",
        )
    if match is None:
        raise InputError(f"region {text!r}", "expected CHROM or CHROM:START-END")
    start = int(match["start"].replace(",", "") or 0)
    end = int(match["end"].replace(",", "") or 0)
    if not 1 <= start <= end:
        raise InputError(f"region {text!r}", "expected 1 <= START <= END")
    if end > chrom_sizes[chrom]:
        raise InputError(
            f"region {text!r}", f"outside the chromosome: {chrom} has {chrom_sizes[chrom]:,} bases"
        )
    return Interval(chrom, start - 1, end)


def read_regions(
    texts: Iterable[str],
    chrom_sizes: Mapping[str, int],
    clip: bool = False,
    genes: GeneRegions | None = None,
) -> dict[str, IntervalSet]:
    """Read several regions, each typed or the path of a BED file, and merge them.

    A text that names a chromosome is a region even where a file of that name exists; what names
    a file is no gene, but a folder does not stand in a gene's way. `all` is the whole genome.

    Parameters
    ----------
    clip
        As `regtrack.genome.bed.Rules`, for BED files.
    genes
        As `parse_region`.

    Returns
    -------
    dict
        Intervals of each chromosome that has any, in the genome's order.

    Raises
    ------
    InputError
        As `parse_region` and `read_rows`; also when a BED file holds no interval.
    """
    files = BedFiles(chrom_sizes, clip)
    pieces: dict[str, list[tuple[int, int]]] = {}
    for text in texts:
        names_chrom = resolve_chrom(text.strip(), chrom_sizes) is not None
        if not names_chrom and text.strip() == ALL:
            for chrom in (chrom for chrom, size in chrom_sizes.items() if size):
                pieces.setdefault(chrom, []).append((0, chrom_sizes[chrom]))
        elif not names_chrom and is_there(text) and not _is_gene(text, genes):
            for chrom, intervals in files.regions(Path(text)).items():
                pieces.setdefault(chrom, []).extend(intervals)
        else:
            region = parse_region(text, chrom_sizes, genes)
            pieces.setdefault(region.chrom, []).append((region.start, region.end))
    files.tell()
    return {
        chrom: IntervalSet.of(*zip(*pieces[chrom], strict=True))
        for chrom in chrom_sizes
        if chrom in pieces
    }


def _is_gene(text: str, genes: GeneRegions | None) -> bool:
    """Whether a folder has the name of a gene: `predict COMT --out COMT` may run twice."""
    return genes is not None and Path(text).is_dir() and genes.find(text) is not None
