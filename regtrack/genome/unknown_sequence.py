"""Regions that are nothing but N: which of those asked for, and where the nearest sequence is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from regtrack.errors import printable
from regtrack.genome.fasta import Genome
from regtrack.genome.intervals import Interval, IntervalSet, Regions, intersect
from regtrack.listing import first_names, names_and_rest
from regtrack.notes import note
from regtrack.paths import named


def note_unknown(asked: Mapping[str, Regions], known: Regions, genome: Genome) -> None:
    """Name those regions, by what was typed, in which no base is known.

    Parameters
    ----------
    asked
        By what was typed.
    known
        Their bases that are not N.
    """
    unknown = {text: where for text, where in asked.items() if not intersect(known, where)}
    if len(unknown) == 1:
        ((text, where),) = unknown.items()
        note(f"{printable(text)}: {nothing_but_n(where, genome)}: left out")
    elif unknown:
        names = names_and_rest(list(map(printable, unknown)), 10)
        note(f"{names}: nothing but N in {named(genome.path)}: left out")


def nothing_but_n(where: Regions, genome: Genome) -> str:
    """That some regions are nothing but N, and the sequence that is nearest to the first one.

    Returns
    -------
    str
        `nothing but N in genome.fa; the nearest sequence is chr22:16,050,001-16,697,850`.
    """
    words = f"nothing but N in {named(genome.path)}"
    chrom, intervals = next(iter(where.items()))
    size = genome.chrom_sizes[chrom]
    known = genome.known({chrom: IntervalSet.of([0], [size])}).get(chrom)
    if known is None:
        return f"{words}, as is all of {chrom}"
    start, end = int(intervals.starts[0]), int(intervals.ends[0])
    away = np.maximum(np.maximum(known.starts - end, start - known.ends), 0)
    nearest = int(away.argmin())
    stretch = Interval(chrom, int(known.starts[nearest]), int(known.ends[nearest]))
    return f"{words}; the nearest sequence is {stretch}"


def longest_sequence(chroms: Iterable[str], genome: Genome, least: int) -> str:
    """Where some chromosomes have sequence, the longest stretches first.

    Parameters
    ----------
    least
        Bases of a stretch that is of use.

    Returns
    -------
    str
        `sequence lies at chr17:396,627-1,000,000, chr17:1-296,626`.
    """
    whole = {chrom: IntervalSet.of([0], [genome.chrom_sizes[chrom]]) for chrom in chroms}
    stretches = [
        Interval(chrom, start, end)
        for chrom, intervals in genome.known(whole).items()
        for start, end in intervals
        if end - start >= least
    ]
    if not stretches:
        return f"{first_names(whole)} {'has' if len(whole) == 1 else 'have'} no such sequence"
    stretches.sort(key=len, reverse=True)
    return f"sequence lies at {first_names(map(str, stretches))}"
