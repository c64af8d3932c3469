"""Genes of an annotation file: GTF, GFF3, UCSC's gene tables or BED."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from regtrack.errors import InputError
from regtrack.genome.assemblies import lengths_of, recognise
from regtrack.genome.names import nothing_in_common, resolve_chrom
from regtrack.genome.textfile import read_lines

_HEADERS = ("#", "track", "browser")
_STRANDS = {"+", "-"}


@dataclass(frozen=True)
class Gene:
    """One gene, all its transcripts taken together.

    Parameters
    ----------
    name
        As people know it (`CRKL`) or, where the file has no such name, its accession.
    chrom, start, end
        0-based, half-open.
    strand
        `+`, `-`, or `.` where it is not known.
    exons
        Stretches, 0-based, half-open, sorted and apart, that are exon in any transcript; where
        the file has no exons, the whole gene.
    """

    name: str
    chrom: str
    start: int
    end: int
    strand: str
    exons: tuple[tuple[int, int], ...]


class _Part(NamedTuple):
    """What one line says of a gene, 0-based, half-open; a gene's lines may be many."""

    start: int
    end: int
    strand: str
    exons: tuple[tuple[int, int], ...]


@dataclass
class _Collected:
    """What has been read. In annotations, most exons stand there several times: once is kept.

    GFF3 may name genes only: then an exon has a transcript as its parent, and that a gene.
    """

    parts: dict[tuple[str, str], set[_Part]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    orphans: set[tuple[str, str, _Part]] = field(default_factory=set)

    def add(self, chrom: str, name: str, part: _Part) -> None:
        """Keep what a line says of a gene that it names."""
        self.parts.setdefault((chrom, name), set()).add(part)

    def adopt(self) -> None:
        """Give exons that name a parent to its gene; those of none are dropped."""
        for chrom, parent, part in self.orphans:
            ancestor, seen = parent, {parent}
            while ancestor not in self.names and self.parents.get(ancestor, ancestor) not in seen:
                ancestor = self.parents[ancestor]
                seen.add(ancestor)
            if ancestor in self.names:
                self.add(chrom, self.names[ancestor], part)


class _Layout(NamedTuple):
    """How a file's lines are read: the column of the chromosome, and what keeps the line."""

    chrom: int
    keep: Callable[[_Collected, str, list[str]], _Part | None]


def read_genes(path: Path, chrom_sizes: Mapping[str, int]) -> tuple[Gene, ...]:
    """Read the genes of some chromosomes, sorted by position; plain or gzip.

    What kind of file it is, its first line tells. Lines of one name that overlap are one gene.
    Where the genome's assembly is known, genes of its other chromosomes must fit it, too: a table
    of another assembly is often told by a few chromosomes only.

    Parameters
    ----------
    chrom_sizes
        Length of each chromosome that is wanted, in bases; others are passed over.

    Raises
    ------
    InputError
        When the file is not one of the formats, holds no gene, is damaged, a gene ends past
        its chromosome's end, or no chromosome is known.
    OSError
        When the file cannot be read.
    """
    known: dict[str, str | None] = {}
    collected = _Collected()
    assembly = recognise(chrom_sizes)
    whole = lengths_of(assembly) if assembly else {}

    def take(number: int, raw: str, fields: list[str], layout: _Layout) -> None:
        if raw not in known:
            known[raw] = resolve_chrom(raw, chrom_sizes)
        chrom, sizes, into = known[raw], chrom_sizes, collected
        if chrom is None:
            chrom, sizes, into = resolve_chrom(raw, whole), whole, _Collected()
        part = None if chrom is None else layout.keep(into, chrom, fields)
        if chrom and part:
            _check(path, number, chrom, sizes[chrom], part, assembly)

    _each_line(path, take)
    if known and not any(known.values()):
        raise nothing_in_common(path, known, chrom_sizes)
    genes = _sorted_genes(collected)
    if not genes:
        raise InputError(path, "holds no gene of the genome's chromosomes")
    return genes


def genes_elsewhere(path: Path, chrom_sizes: Mapping[str, int]) -> tuple[Gene, ...]:
    """The genes that `read_genes` passes over, on chromosomes as the file names them.

    Parameters
    ----------
    chrom_sizes
        Length of each chromosome that is not wanted, in bases.

    Raises
    ------
    InputError, OSError
        When the file is not one of the formats, or cannot be read.
    """
    collected = _Collected()

    def take(_: int, raw: str, fields: list[str], layout: _Layout) -> None:
        if resolve_chrom(raw, chrom_sizes) is None:
            layout.keep(collected, raw, fields)

    _each_line(path, take)
    return _sorted_genes(collected)


def _each_line(path: Path, take: Callable[[int, str, list[str], _Layout], None]) -> None:
    """Have every line taken: its number, its chromosome, its fields, and how they are read.

    Raises
    ------
    InputError
        When one of them is no gene's.
    """
    layout: _Layout | None = None
    for number, line in _lines(path):
        fields = line.split("\t") if "\t" in line else line.split()
        try:
            layout = layout or _layout_of(fields)
            take(number, fields[layout.chrom], fields, layout)
        except (ValueError, IndexError) as error:
            raise InputError(
                path, "not a gene: expected GTF, GFF3, BED, or a gene table of UCSC", number
            ) from error


def _sorted_genes(collected: _Collected) -> tuple[Gene, ...]:
    """All that was read, by position."""
    collected.adopt()
    return tuple(
        sorted(
            (gene for key, some in collected.parts.items() for gene in _merged(*key, some)),
            key=lambda gene: (gene.chrom, gene.start, gene.end, gene.name),
        )
    )


def _check(
    path: Path, number: int, chrom: str, size: int, part: _Part, assembly: str | None
) -> None:
    """Refuse a gene or an exon that does not lie on its chromosome."""
    if not 0 <= part.start < part.end <= size:
        genome = f" The genome is {assembly}" if assembly else ""
        raise InputError(
            path,
            f"a gene from {_shown(part.start)} to {_shown(part.end)}, but {chrom} has {size:,} "
            f"bases; is it of another assembly?{genome}",
            number,
        )
    for start, end in part.exons:
        if not 0 <= start < end <= size:
            raise InputError(
                path,
                f"an exon from {_shown(start)} to {_shown(end)}, but {chrom} has {size:,} bases",
                number,
            )


def _shown(position: int) -> str:
    """A position with its thousands set apart; one that no genome has, by its digits' number."""
    digits = f"{position:,}"
    return digits if len(digits) < 30 else f"a number of {len(str(abs(position)))} digits"


def _merged(chrom: str, name: str, parts: set[_Part]) -> Iterator[Gene]:
    """The genes of one name: lines that overlap are one gene, others lie elsewhere."""
    group: list[_Part] = []
    end = 0
    for part in sorted(parts):
        if group and part.start >= end:
            yield _gene(chrom, name, group, end)
            group = []
        group.append(part)
        end = max(end, part.end)
    yield _gene(chrom, name, group, end)


def _gene(chrom: str, name: str, group: list[_Part], end: int) -> Gene:
    start = group[0].start
    strand = next((part.strand for part in group if part.strand in _STRANDS), ".")
    listed = {exon for part in group for exon in part.exons} or {(start, end)}
    return Gene(name, chrom, start, end, strand, tuple(_joined(listed, start, end)))


def _joined(exons: Iterable[tuple[int, int]], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Exons that overlap or touch as one, those of a gene cut at its ends.

    Plain numbers: arrays take longer to make than this, for the few that a gene has.
    """
    first, last = start, start
    for begin, stop in sorted(exons):
        if begin > last:
            if first < last:
                yield first, last
            first = begin
        last = max(last, min(stop, end))
    if first < last:
        yield first, last


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Numbered lines that are no header, one at a time: annotations are large."""
    for number, line in read_lines(path):
        if line.startswith("##FASTA"):  # GFF3 may end with the sequence
            return
        if line.strip() and not line.startswith(_HEADERS):
            yield number, line


def _layout_of(fields: list[str]) -> _Layout:
    """The format of a file whose first line has these fields.

    Raises
    ------
    ValueError, IndexError
        When no format has such a line.
    """
    numbers = len(fields) == 9 and fields[3].isdecimal() and fields[4].isdecimal()
    if numbers and fields[6] in {*_STRANDS, ".", "?"}:
        return _Layout(0, _keep_gff)
    for chrom in (1, 2):  # something goes before genePred in refFlat, and in UCSC's databases
        if len(fields) >= chrom + 9 and fields[chrom + 1] in _STRANDS:
            return _Layout(chrom, partial(_keep_gene_table, before=chrom - 1))
    _whole(fields[1]), _whole(fields[2])
    return _Layout(0, _keep_bed)


def _keep_gff(collected: _Collected, chrom: str, fields: list[str]) -> _Part | None:
    """A line of GTF or GFF3 (1-based, both ends included)."""
    _, _, kind, first, last, _, strand, _, text = fields
    is_gene, is_exon = kind.lower().endswith("gene"), kind == "exon"  # also ncRNA_gene
    is_gff3 = re.match(r'\s*[^\s="]+=', text) is not None
    if not is_gene and not is_exon:
        if is_gff3 and (parent := _attribute(text, "Parent")):
            collected.parents[_attribute(text, "ID")] = parent
        return None
    keys = ["gene_name", "gene"]
    if is_gene:
        keys += ["Name", "gene_id", "ID"]
    elif not is_gff3:
        keys += ["gene_id"]  # GTF need not have lines for genes
    name = unquote(next(filter(None, (_attribute(text, key) for key in keys)), ""))
    start, end = _whole(first) - 1, _whole(last)
    part = _Part(start, end, strand, ((start, end),) if is_exon else ())
    if name:
        collected.add(chrom, name, part)
        collected.names[_attribute(text, "ID")] = name
    elif parent := _attribute(text, "Parent"):
        collected.orphans.add((chrom, parent, part))
    return part


def _attribute(text: str, key: str) -> str:
    """The value of `key "value"` (GTF) or `key=value` (GFF3); empty where there is none."""
    match = re.search(rf'(?:^|;)\s*{key}(?:=|\s+"?)([^";]*)', text)
    return match[1].strip() if match else ""


def _keep_gene_table(collected: _Collected, chrom: str, row: list[str], before: int) -> _Part:
    """A line of UCSC's genePred (0-based, half-open), extended or not.

    What goes before it is a gene's name (refFlat), or a number for databases (refGene).
    """
    fields = row[before:]
    name = fields[11] if len(fields) >= 15 and fields[11] else fields[0]
    if before and not row[0].isdecimal():
        name = row[0]
    exons = _exons(_numbers(fields[8]), _numbers(fields[9]))
    part = _Part(_whole(fields[3]), _whole(fields[4]), fields[2], exons)
    collected.add(chrom, name, part)
    return part


def _keep_bed(collected: _Collected, chrom: str, fields: list[str]) -> _Part:
    """A line of BED with four columns or more; with twelve, blocks are exons."""
    start, end, name = _whole(fields[1]), _whole(fields[2]), fields[3]
    exons: tuple[tuple[int, int], ...] = ()
    if len(fields) >= 12:
        starts = [start + at for at in _numbers(fields[11])]
        lengths = _numbers(fields[10])
        exons = _exons(starts, [at + n for at, n in zip(starts, lengths, strict=True)])
    part = _Part(start, end, fields[5] if len(fields) > 5 else ".", exons)
    collected.add(chrom, name, part)
    return part


def _exons(starts: list[int], ends: list[int]) -> tuple[tuple[int, int], ...]:
    """Exons from UCSC's two lists; empty ones, which some converters leave, have no base."""
    return tuple(pair for pair in zip(starts, ends, strict=True) if pair[0] != pair[1])


def _numbers(text: str) -> list[int]:
    """`1,2,3,` as UCSC writes lists."""
    text = text.rstrip(",")
    _check_digits(text.replace(",", ""))  # once for all: annotations have millions
    return [int(field) for field in text.split(",")]


def _whole(text: str) -> int:
    """A whole number of plain digits: `int` would also take `1_000` and other scripts' digits.

    Raises
    ------
    ValueError
        For anything else.
    """
    _check_digits(text)
    return int(text)


def _check_digits(text: str) -> None:
    if not (text.isascii() and text.isdecimal()):
        raise ValueError(f"not a whole number: {text!r}")
