"""Genes as regions: what a user means by `COMT` or `COMT+-50kb` on a genome."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from regtrack.errors import InputError, printable
from regtrack.genome.assemblies import recognise
from regtrack.genome.gene_index import GeneIndex, split_around
from regtrack.genome.gene_tables import fetched_genes
from regtrack.genome.genes import Gene, genes_elsewhere, read_genes
from regtrack.genome.intervals import Interval
from regtrack.listing import first_names
from regtrack.notes import note
from regtrack.paths import named

FLANK = 2_000  # bases on each side that belong to a gene's region where no others are typed
_NEAR = 1_000_000  # bases: copies of a gene within it are looked at together
_NAME = re.compile(r"(?=.*[A-Za-z])\w[\w.\-@()':]*")
# What names a chromosome that is not there, or a file: no gene is called so.
_NO_NAME = re.compile(
    r"(?:chr)?\d+[LR]?|chr(?:[XYWZM]|MT|Un.*|\d.*)|.*\.(?:bed|gz|txt|tsv|csv|narrowPeak|fa)",
    re.IGNORECASE,
)
_VARIANT = re.compile(r"rs\d{2,}", re.IGNORECASE)  # RS1 is a gene


class GeneRegions:
    """Finds regions by genes; their table is read when the first name asks for it.

    Parameters
    ----------
    table
        As `regtrack.genome.genes.read_genes` takes it; None for the one that was fetched for the
        genome's assembly, if there is one.
    chrom_sizes
        Length of every chromosome of the genome, in bases.
    """

    def __init__(self, table: Path | None, chrom_sizes: Mapping[str, int]) -> None:
        self._chosen = table
        self._chrom_sizes = chrom_sizes

    @cached_property
    def table(self) -> Path | None:
        """The table; None where there is none."""
        return self._chosen or fetched_genes(self._assembly)

    @cached_property
    def genes(self) -> tuple[Gene, ...]:
        """All genes, by position; none without a table.

        Raises
        ------
        InputError, OSError
            As `regtrack.genome.genes.read_genes`.
        """
        return () if self.table is None else read_genes(self.table, self._chrom_sizes)

    @cached_property
    def index(self) -> GeneIndex:
        """All genes, by name."""
        return GeneIndex(self.genes)

    @cached_property
    def _elsewhere(self) -> GeneIndex:
        """Genes of chromosomes that the genome does not have, by name."""
        passed_over = () if self.table is None else genes_elsewhere(self.table, self._chrom_sizes)
        return GeneIndex(passed_over)

    def find(self, text: str) -> Interval | None:
        """The region of a gene: with the bases around it that are asked for, or with `FLANK`.

        Copies within a million bases are one region, from the first to the last.

        Parameters
        ----------
        text
            `COMT` or `COMT+-50kb`, as `regtrack.genome.gene_index.split_around` takes it apart.

        Returns
        -------
        Interval or None
            0-based, half-open; it ends where its chromosome does. None where no gene of this
            name is known.

        Raises
        ------
        InputError
            When genes of this name lie far from each other; and as `genes`.
        """
        name, around = split_around(text)
        places = self.index.named(name) if self._is_name(name) else []
        if not places:
            return None
        region = Interval(places[0].chrom, places[0].start, max(gene.end for gene in places))
        if len({gene.chrom for gene in places}) > 1 or len(region) > max(
            _NEAR, *(gene.end - gene.start for gene in places)
        ):
            listed = [str(Interval(gene.chrom, gene.start, gene.end)) for gene in places]
            raise InputError(
                f"region {text!r}",
                f"{places[0].name} lies at {len(places)} places, {first_names(listed)}; expected "
                "one of them",
            )
        flank = FLANK if around is None else around
        end = min(region.end + flank, self._chrom_sizes[region.chrom])
        region = Interval(region.chrom, max(region.start - flank, 0), end)
        assert self.table is not None
        with_flank = f", with {FLANK:,} bases on each side" if around is None else ""
        note(f"{printable(text)}: {region}, by {named(self.table)}{with_flank}")
        return region

    def advice(self, text: str) -> str:
        """What follows in the error about a text for which `find` finds nothing; may be empty."""
        name, _ = split_around(text)
        if _VARIANT.fullmatch(name):
            return "; numbers of variants (rs) are not known: type a region or a gene"
        if not self._is_name(name):
            return "; around a gene: GENE+-50kb" if re.search(r"\+/?-|±", name) else ""
        if self.table is None:
            return (
                f"; for a gene, first: {how_to_get_genes(self._assembly)}; its place, such as "
                "chr22:21,330,001-21,361,000, needs no table"
            )
        return f"; {self.not_found(text)}"

    def not_found(self, text: str) -> str:
        """Why the table does not place a text for which `find` finds nothing.

        Empty where no table was looked through: for what is no name, or without one.
        """
        name, _ = split_around(text)
        if self.table is None or not self._is_name(name):
            return ""
        if places := self._elsewhere.named(name):
            gene = places[0]
            where = Interval(gene.chrom, gene.start, gene.end)
            return f"{gene.name} is at {where}, and the genome has no {gene.chrom}"
        near = self.index.nearest(name)
        verb = "is" if len(near) == 1 else "are"
        nearest = f", the nearest {verb} {', '.join(near)}" if near else ""
        return f"no gene of {named(self.table)} is called so{nearest}"

    @cached_property
    def _assembly(self) -> str | None:
        return recognise(self._chrom_sizes)

    def _is_name(self, text: str) -> bool:
        """Whether a gene may be called so: for others no table need be read."""
        return _NAME.fullmatch(text) is not None and not (
            _NO_NAME.fullmatch(text) or _VARIANT.fullmatch(text)
        )


def how_to_get_genes(assembly: str | None) -> str:
    """The command that gets the genes of an assembly, if one does, and the option for others."""
    fetched = f"regtrack fetch genes {assembly}, or " if assembly else ""
    return f"{fetched}--genes FILE (GTF, GFF3, BED or UCSC table)"
