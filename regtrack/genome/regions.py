"""Regions as users type them (`chr22:1,000-2,000`, `COMT+-50kb`, `all`), or as a BED file."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from regtrack.errors import InputError
from regtrack.genome.alternative import copies, tell_left_out
from regtrack.genome.bed_files import BedFiles
from regtrack.genome.gene_index import split_around
from regtrack.genome.gene_regions import GeneRegions
from regtrack.genome.intervals import Interval, IntervalSet, Regions
from regtrack.genome.names import resolve_chrom, typed_chrom
from regtrack.listing import counted, few_names
from regtrack.paths import is_there

ALL = "all"
_GET_DNA = re.compile(r"(?P<assembly>[a-z]+[A-Z]?[a-z]*\d+)_dna$")
_THREE_DIGITS = re.compile(r"[0-9]{3}(?![0-9])")
_FILE = re.compile(r"[/\\]|\.[A-Za-z]\w*$")
# What is often typed in place of a region.
_BLANKS = re.compile(r"(?P<chrom>[^\s:]+)\s+(?P<start>[\d,]{1,99})[\s-]+(?P<end>[\d,]{1,99})")
_UNITS = re.compile(
    r"(?P<chrom>.+):(?P<start>\d[\d,]{0,9}(?:\.\d{1,6})?)(?P<start_unit>[km]b?|)\s*(?:-|\.\.)\s*"
    r"(?P<end>\d[\d,]{0,9}(?:\.\d{1,6})?)(?P<end_unit>[km]b?|)",
    re.IGNORECASE,
)
_THOUSANDS = {"k": 1_000, "m": 1_000_000}
_LIST = re.compile(r"[A-Za-z][^,\s]*(?:,[A-Za-z][^,\s]*)+")
_PLUS = re.compile(
    r"(?P<name>[^+\s]+)\s*\+\s*(?P<around>\d[\d,.]*\s*(?:[km]b?|bp?)?)", re.IGNORECASE
)
# What a shell made of `COMT +- 50 kb`, behind the name.
_PIECE_OF_AROUND = re.compile(r"(?:\+/?-|±)?[\d,]*(?:\.\d+)?(?:bp?|[km]b?)?", re.IGNORECASE)
_RANGE = re.compile(r"(?P<chrom>.+):(?P<start>[\d,]{1,99})(-|\.\.)(?P<end>[\d,]{1,99})")


def parse_region(
    text: str,
    chrom_sizes: Mapping[str, int],
    genes: GeneRegions | None = None,
    one_of_several: bool = False,
) -> Interval:
    """Read one region as browsers print it: `chr22`, `chr22:1,000-2,000`, or a gene.

    What names a chromosome is no gene.

    Parameters
    ----------
    text
        1-based, both ends included; thousands separators are passed over, `22` and `Chr22` are
        taken for `chr22`.
    chrom_sizes
        Length of every chromosome of the genome, in bases.
    genes
        Of the genome; None where they are no regions.
    one_of_several
        Whether others may be given beside it, for the advice on a text that is a list.

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
    chrom = typed_chrom(text, chrom_sizes)
    if chrom is not None:
        if not chrom_sizes[chrom]:
            raise InputError(f"region {text!r}", f"{chrom} has no sequence")
        return Interval(chrom, 0, chrom_sizes[chrom])
    match = _RANGE.fullmatch(text)
    name = match["chrom"] if match else text.partition(":")[0]
    chrom = typed_chrom(name, chrom_sizes)
    if chrom is None:
        gene = genes.find(text) if genes and not match else None
        if gene is not None:
            return gene
        raise InputError(f"region {text!r}", _not_found(text, chrom_sizes, genes, one_of_several))
    if match is None:
        raise InputError(
            f"region {text!r}",
            f"expected CHROM or CHROM:START-END{advice_on(text, None, one_of_several)}",
        )
    start = int(match["start"].replace(",", "") or 0)
    end = int(match["end"].replace(",", "") or 0)
    size = chrom_sizes[chrom]
    if not 1 <= start <= end:
        first, last = sorted((max(start, 1), max(end, 1)))
        near = f"; use {_nearest(chrom, first, last, size)}" if size else ""
        wrong = "positions count from 1" if start < 1 else "it ends before it starts"
        raise InputError(f"region {text!r}", f"{wrong}{near}")
    if end > size:
        near = f"; use {_nearest(chrom, start, end, size)}" if size else ""
        raise InputError(
            f"region {text!r}",
            f"outside the chromosome: {chrom} has {counted(size, 'base')}{near}",
        )
    return Interval(chrom, start - 1, end)


def _not_found(
    text: str, chrom_sizes: Mapping[str, int], genes: GeneRegions | None, one_of_several: bool
) -> str:
    """Why nothing of the genome is called so; first of genes, where it may be one's name."""
    could_be = "neither a file nor a" if _FILE.search(text) else "no"
    words = f"{could_be} chromosome of the genome, which has {few_names(chrom_sizes)}"
    piece = _piece(chrom_sizes)
    if not piece and genes and (no_gene := genes.not_found(text)):
        return f"{no_gene}; it is {words}"
    return f"{words}{piece or advice_on(text, genes, one_of_several)}"


def _nearest(chrom: str, start: int, end: int, size: int) -> str:
    """The part of a region that is in the chromosome; where none is, the last bases of it.

    1-based, both ends included, as it is typed.
    """
    if start > size:
        start = max(1, size - (end - start))
    return f"{chrom}:{start:,}-{min(end, size):,}"


def _piece(chrom_sizes: Mapping[str, int]) -> str:
    """What UCSC's "Get DNA" gives is said to be a piece; empty for another genome."""
    match = _GET_DNA.match(next(iter(chrom_sizes), ""))
    if match is None:
        return ""
    return (
        ", a piece as UCSC's Get DNA cuts it; expected whole chromosomes: regtrack fetch genome "
        f"{match['assembly']}"
    )


def advice_on(text: str, genes: GeneRegions | None, one_of_several: bool) -> str:
    """What follows in the error about a text that is no region; empty where nothing helps.

    Parameters
    ----------
    text, genes, one_of_several
        As `parse_region`.
    """
    text = text.strip()
    if match := _BLANKS.fullmatch(text):
        return f"; type {match['chrom']}:{match['start']}-{match['end']}"
    match = _UNITS.fullmatch(text)
    if match and (match["start_unit"] or match["end_unit"]):
        return f"; in bases: {match['chrom']}:{_bases(match, 'start')}-{_bases(match, 'end')}"
    if _LIST.fullmatch(text):
        if one_of_several:
            return f"; several are typed with blanks between them: {' '.join(text.split(','))}"
        return "; expected one region, not several"
    if match := _PLUS.fullmatch(text):
        return f"; around a gene: {match['name']}+-{match['around']}"
    return genes.advice(text) if genes and ":" not in text else ""


def _bases(match: re.Match[str], name: str) -> str:
    """`19.9mb` in bases; a number without a unit has that of the other one."""
    unit = match[f"{name}_unit"] or match["end_unit"] or match["start_unit"]
    return f"{round(float(match[name].replace(',', '')) * _THOUSANDS[unit[0].lower()]):,}"


def read_regions(
    texts: Iterable[str],
    chrom_sizes: Mapping[str, int],
    clip: bool = False,
    genes: GeneRegions | None = None,
    left_out: Callable[[Mapping[str, int]], list[str]] = copies,
) -> dict[str, IntervalSet]:
    """Read several regions, each typed or the path of a BED file, and merge them.

    Parameters
    ----------
    clip, genes, left_out
        As `regions_by_text`.

    Returns
    -------
    dict
        Intervals of each chromosome that has any, in the genome's order.

    Raises
    ------
    InputError
        As `regions_by_text`.
    """
    by_text = regions_by_text(texts, chrom_sizes, clip, genes, left_out)
    return merged(by_text.values(), chrom_sizes)


def merged(several: Iterable[Regions], chrom_sizes: Mapping[str, int]) -> dict[str, IntervalSet]:
    """Bases of any of some regions, per chromosome that has any, in the genome's order."""
    parts: dict[str, list[IntervalSet]] = {}
    for regions in several:
        for chrom, intervals in regions.items():
            parts.setdefault(chrom, []).append(intervals)
    return {chrom: IntervalSet.union(parts[chrom]) for chrom in chrom_sizes if chrom in parts}


def regions_by_text(
    texts: Iterable[str],
    chrom_sizes: Mapping[str, int],
    clip: bool = False,
    genes: GeneRegions | None = None,
    left_out: Callable[[Mapping[str, int]], list[str]] = copies,
) -> dict[str, Regions]:
    """Read several regions, each typed or the path of a BED file.

    `chr8,chr9` are two; `*_alt` is every chromosome whose name ends so; `COMT+-50` and `kb`
    are one.

    A text that names a chromosome is a region even where a file of that name exists; what names
    a file is no gene, but a folder does not stand in a gene's way. `all` is the whole genome
    but for what is left out, which is noted.

    Parameters
    ----------
    clip
        As `regtrack.genome.bed.Rules`, for BED files.
    genes
        As `parse_region`.
    left_out
        Which sequences `all` does not mean, unless they are named beside it.

    Returns
    -------
    dict
        By what was typed, intervals of each chromosome that has any.

    Raises
    ------
    InputError
        As `parse_region` and `read_rows`; also when a BED file holds no interval.
    """
    files = BedFiles(chrom_sizes, clip)
    regions: dict[str, Regions] = {}
    unnamed: list[str] = []
    for text in _split(_joined(list(texts), chrom_sizes), chrom_sizes):
        names_chrom = resolve_chrom(text.strip(), chrom_sizes) is not None
        whole: list[str] = []
        if not names_chrom and text.strip() == ALL:
            unnamed = left_out(chrom_sizes)
            whole = [chrom for chrom in chrom_sizes if chrom not in set(unnamed)]
        elif not names_chrom and "*" in text and not is_there(text):
            whole = fnmatch.filter(chrom_sizes, text.strip())
        if whole:
            regions[text] = {
                chrom: IntervalSet.of([0], [chrom_sizes[chrom]])
                for chrom in whole
                if chrom_sizes[chrom]
            }
        elif not names_chrom and is_there(text) and not _is_gene(text, genes):
            regions[text] = files.regions(Path(text))
        else:
            region = parse_region(text, chrom_sizes, genes, one_of_several=True)
            regions[text] = {region.chrom: IntervalSet.of([region.start], [region.end])}
    files.tell()
    named = {chrom for where in regions.values() for chrom in where}
    tell_left_out((chrom for chrom in unnamed if chrom not in named), chrom_sizes)
    return regions


def _joined(texts: Sequence[str], chrom_sizes: Mapping[str, int]) -> Iterator[str]:
    """Regions as typed, with genes put together that blanks took apart: `COMT +- 50 kb`."""
    first = 0
    while first < len(texts):
        end = first + 1
        for last in range(first + 2, min(first + 4, len(texts)) + 1):
            text = texts[last - 1]
            is_piece = text and _PIECE_OF_AROUND.fullmatch(text) and not is_there(text)
            if not is_piece or typed_chrom(text, chrom_sizes):
                break
            if split_around(" ".join(texts[first:last]))[1] is not None:
                end = last
        yield " ".join(texts[first:end])
        first = end


def _split(texts: Iterable[str], chrom_sizes: Mapping[str, int]) -> Iterator[str]:
    """Regions as typed, with lists of chromosomes or genes (`chr8,chr9`) taken apart.

    A comma may also separate thousands (`chr8:1,000-2,000`, `COMT+-1,000`): a text is a list
    when every part names a chromosome, or when there is no `:`, no part that could be thousands,
    and no file of that name.
    """
    for text in texts:
        parts = text.split(",")
        is_list = all(resolve_chrom(part.strip(), chrom_sizes) for part in parts)
        may_be_list = ":" not in text and not any(map(_THREE_DIGITS.match, parts[1:]))
        if is_list or (len(parts) > 1 and may_be_list and not is_there(text)):
            yield from parts
        else:
            yield text


def _is_gene(text: str, genes: GeneRegions | None) -> bool:
    """Whether a folder has the name of a gene: `predict COMT --out COMT` may run twice."""
    return genes is not None and Path(text).is_dir() and genes.find(text) is not None
