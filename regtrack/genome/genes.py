"""Genes of an annotation file: GTF, GFF3, UCSC's gene tables (genePred) or BED."""

from __future__ import annotations

import gzip
import itertools
import re
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from regtrack.errors import InputError
from regtrack.genome.intervals import IntervalSet
from regtrack.genome.names import nothing_in_common, resolve_chrom

_HEADERS = ("#", "track", "browser")


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
        Bases that are exon in any transcript.
    """

    name: str
    chrom: str
    start: int
    end: int
    strand: str
    exons: IntervalSet


class _Part(NamedTuple):
    """What one line says of a gene; a gene's lines may be many."""

    name: str
    start: int
    end: int
    strand: str
    exons: tuple[tuple[int, int], ...]


class _Layout(NamedTuple):
    """How a file's lines are read: the column of the chromosome, and what the line says."""

    chrom: int
    parse: Callable[[list[str]], _Part | None]


def read_genes(path: Path, chrom_sizes: Mapping[str, int]) -> tuple[Gene, ...]:
    """Read the genes of some chromosomes, sorted by position; plain or gzip.

    What kind of file it is, its first line tells. Transcripts of one name that overlap are
    one gene.

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
    parts: dict[tuple[str, str], list[_Part]] = {}
    layout: _Layout | None = None
    for number, line in _lines(path):
        fields = line.rstrip("\r\n").split("\t")
        try:
            layout = layout or _layout_of(fields)
            raw = fields[layout.chrom]
            if raw not in known:
                known[raw] = resolve_chrom(raw, chrom_sizes)
            chrom = known[raw]
            part = None if chrom is None else layout.parse(fields)
        except (ValueError, IndexError) as error:
            raise InputError(
                path, "not a gene: expected GTF, GFF3, BED, or a gene table of UCSC", number
            ) from error
        if chrom is None or part is None:
            continue
        if not 0 <= part.start < part.end <= chrom_sizes[chrom]:
            raise InputError(
                path,
                f"{part.name} lies at {part.start}-{part.end}, but {chrom} has "
                f"{chrom_sizes[chrom]:,} bases; is it of another assembly?",
                number,
            )
        parts.setdefault((chrom, part.name), []).append(part)
    if known and not any(known.values()):
        raise nothing_in_common(path, known, chrom_sizes)
    if not parts:
        raise InputError(path, "holds no gene of the genome's chromosomes")
    return tuple(
        sorted(
            (gene for (chrom, _), some in parts.items() for gene in _merged(chrom, some)),
            key=lambda gene: (gene.chrom, gene.start, gene.end, gene.name),
        )
    )


def _merged(chrom: str, parts: Collection[_Part]) -> Iterator[Gene]:
    """The genes of one name: lines that overlap are one gene, others lie elsewhere."""
    group: list[_Part] = []
    for part in sorted(parts, key=lambda one: one.start):
        if group and part.start >= max(one.end for one in group):
            yield _gene(chrom, group)
            group = []
        group.append(part)
    yield _gene(chrom, group)


def _gene(chrom: str, group: list[_Part]) -> Gene:
    start, end = group[0].start, max(part.end for part in group)
    exons = list(itertools.chain.from_iterable(part.exons for part in group)) or [(start, end)]
    strand = group[0].strand if group[0].strand in {"+", "-"} else "."
    return Gene(group[0].name, chrom, start, end, strand, IntervalSet.of(*zip(*exons, strict=True)))


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Numbered lines that are no header. Annotations are large: never held whole."""
    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
    opened = gzip.open if packed else open
    try:
        with opened(path, "rt", encoding="utf-8-sig") as file:
            for number, line in enumerate(file, start=1):
                if line.strip() and not line.startswith(_HEADERS):
                    yield number, line
    except UnicodeDecodeError as error:
        raise InputError(path, "not a text file (UTF-8 expected)") from error
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(path, f"truncated or damaged gzip file ({error})") from error


def _layout_of(fields: list[str]) -> _Layout:
    """The format of a file whose first line has these fields.

    Raises
    ------
    ValueError, IndexError
        When no format has such a line.
    """
    if len(fields) == 9 and fields[3].isdecimal() and fields[4].isdecimal():
        return _Layout(0, _from_gff)
    for chrom in (1, 2):  # with `bin`, as UCSC's databases have it, everything is one later
        if len(fields) >= chrom + 9 and fields[chrom + 1] in {"+", "-"}:
            return _Layout(chrom, partial(_from_gene_table, first=chrom - 1))
    int(fields[1]), int(fields[2])
    return _Layout(0, _from_bed)


def _from_gff(fields: list[str]) -> _Part | None:
    """A line of GTF or GFF3 (1-based, both ends included); None for what is of no gene."""
    _, _, kind, start, end, _, strand, _, text = fields
    is_gene = kind.lower().endswith("gene")  # also ncRNA_gene, pseudogene
    if not is_gene and kind != "exon":
        return None
    keys = ["gene_name", "gene"]
    if is_gene:
        keys += ["Name", "gene_id", "ID"]
    elif "=" not in text:
        keys += ["gene_id"]  # of GTF, which need not have lines for genes
    name = next(filter(None, (_attribute(text, key) for key in keys)), "")
    if not name:
        return None
    first, last = int(start) - 1, int(end)
    exons = ((first, last),) if kind == "exon" else ()
    return _Part(unquote(name), first, last, strand, exons)


def _attribute(text: str, key: str) -> str:
    """The value of `key "value"` (GTF) or `key=value` (GFF3); empty where there is none."""
    found = re.search(rf'(?:^|;)\s*{key}(?:=|\s+"?)([^";]*)', text)
    return found[1].strip() if found else ""


def _from_gene_table(row: list[str], first: int) -> _Part:
    """A line of UCSC's genePred, extended or not (0-based, half-open), from a column on."""
    fields = row[first:]
    accession, _, strand, start, end = fields[:5]
    name = fields[11] if len(fields) >= 15 and fields[11] else accession
    exons = zip(_numbers(fields[8]), _numbers(fields[9]), strict=True)
    return _Part(name, int(start), int(end), strand, tuple(exons))


def _from_bed(fields: list[str]) -> _Part:
    """A line of BED with four columns or more; with twelve, blocks are exons."""
    start, end, name = int(fields[1]), int(fields[2]), fields[3]
    exons: tuple[tuple[int, int], ...] = ()
    if len(fields) >= 12:
        blocks = zip(_numbers(fields[11]), _numbers(fields[10]), strict=True)
        exons = tuple((start + at, start + at + length) for at, length in blocks)
    return _Part(name, start, end, fields[5] if len(fields) > 5 else ".", exons)


def _numbers(text: str) -> list[int]:
    """`1,2,3,` as UCSC writes lists."""
    return [int(one) for one in text.rstrip(",").split(",")]
