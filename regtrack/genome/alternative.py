"""Sequences of a genome that are no chromosomes: copies of parts of them, and what has no place.

A copy holds what a chromosome holds, too: predicting it repeats, and training on it tells what was
to be tested. Measured peaks lie on neither, so that every base there would count as one without.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatch

from regtrack.genome.assemblies import recognise
from regtrack.genome.intervals import Regions
from regtrack.listing import counted, first_names
from regtrack.notes import note

# Alternative loci, haplotypes and patches: of UCSC (chr6_GL000250v2_alt, chr6_apd_hap1,
# chr9_KN196479v1_fix), of Ensembl (HSCHR6_MHC_APD, HG1292_PATCH), of bwakit (HLA-A*01:01:01:01).
_COPY = re.compile(
    r"chr\w+_(?:alt|fix|hap\d+)|CHR_.+|HSCHR.+|H[GM]\w*_(?:HG.*|PATCH)|HLA-\w+\*[\d:]+\w*"
)
_UNPLACED = re.compile(r"chr\w+_random|chr\w*_?random|chrUn.*|N[TW]_\d.*|hs3\w+d\d|chrEBV")
# GenBank's and RefSeq's numbers, as of Ensembl and GENCODE, say nothing of the place.
_ACCESSION = re.compile(r"[A-Z]{2}\d{6}(?:\.\d+)?")
# Those of unplaced sequences of man and mouse; their other ones are loci and patches.
_UNPLACED_ACCESSION = re.compile(
    r"(?:GL000(?:[01]\d\d|2[0-4]\d)|KI270(?:[1-6]\d\d|7[0-4]\d|75[0-7])|GL456\d{3}|JH584\d{3}"
    r"|MU069\d{3})(?:\.\d+)?"
)
_NUMBERED = ("hg", "mm")


def is_alternative(chrom: str) -> bool:
    """Whether a name is not that of a chromosome, but of a copy or an unplaced sequence."""
    return any(names.fullmatch(chrom) for names in (_COPY, _UNPLACED, _ACCESSION))


def copies(chrom_sizes: Mapping[str, int]) -> list[str]:
    """Alternative loci, haplotypes and patches, which chromosomes of the genome hold as well.

    Told by their names, of UCSC, Ensembl, GENCODE or bwakit.

    Parameters
    ----------
    chrom_sizes
        Lengths in bases.

    Returns
    -------
    list of str
        In the genome's order; none where there is nothing else.
    """
    numbered = (recognise(chrom_sizes) or "").startswith(_NUMBERED)
    found = [
        chrom
        for chrom in chrom_sizes
        if _COPY.fullmatch(chrom)
        or (numbered and _ACCESSION.fullmatch(chrom) and not _UNPLACED_ACCESSION.fullmatch(chrom))
    ]
    return found if len(found) < len(chrom_sizes) else []


def without_peaks(chrom_sizes: Mapping[str, int]) -> list[str]:
    """`copies`, and unplaced sequences: where no peaks are measured.

    Unplaced sequences that are most of a genome, as in a draft, are the genome.

    Parameters
    ----------
    chrom_sizes
        Lengths in bases.

    Returns
    -------
    list of str
        In the genome's order.
    """
    repeated = set(copies(chrom_sizes))
    single = {chrom: size for chrom, size in chrom_sizes.items() if chrom not in repeated}
    others = set(filter(is_alternative, single))
    if 2 * sum(single[chrom] for chrom in others) > sum(single.values()):
        others = set()
    return [chrom for chrom in chrom_sizes if chrom in repeated or chrom in others]


def where_peaks_are(
    regions: Regions, chrom_sizes: Mapping[str, int], named: Sequence[str] = ("all",)
) -> Regions:
    """Some regions but those of `without_peaks`, if others are left; a note says which.

    Parameters
    ----------
    named
        What was typed to mean the regions: what names a sequence in it, and is not `all`, keeps
        it, and without `all` everything was named.
    """
    words = [word.strip() for text in named for word in text.split(",")]
    if "all" not in words:
        return regions
    aside = [
        chrom
        for chrom in without_peaks(chrom_sizes)
        if chrom in regions and not any(fnmatch(chrom, word.split(":")[0]) for word in words)
    ]
    if len(aside) == len(regions):
        return regions
    tell_left_out(aside, chrom_sizes)
    return {chrom: there for chrom, there in regions.items() if chrom not in set(aside)}


def tell_left_out(left_out: Iterable[str], chrom_sizes: Mapping[str, int]) -> None:
    """Note which sequences of a genome are left out, and how much that is.

    Parameters
    ----------
    left_out
        Of `copies` or `without_peaks`; for none there is no note.
    """
    names = list(left_out)
    if not names:
        return
    repeated = set(copies(chrom_sizes))
    kinds = {
        "alternative sequence": [name for name in names if name in repeated],
        "unplaced sequence": [name for name in names if name not in repeated],
    }
    parts = [
        f"{counted(len(those), kind)} ({first_names(those)})"
        for kind, those in kinds.items()
        if those
    ]
    bases = sum(chrom_sizes[name] for name in names)
    note(f"left out, {bases:,} bases: {', '.join(parts)}; a region that names them takes them")
