"""Chromosomes on which nothing was called for some markers: absent is not negative there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from regtrack.errors import ArgumentError
from regtrack.genome.markers import Marker, match_markers
from regtrack.genome.names import resolve_chrom
from regtrack.listing import first_names


def read_unknown(
    texts: Sequence[str], markers: Sequence[Marker], chrom_sizes: Mapping[str, int]
) -> dict[int, tuple[str, ...]]:
    """Read declarations such as `*DREAM=chr1,chr8,chr21`.

    Returns
    -------
    dict
        By `Marker.index`, in the order of the markers: chromosomes in the genome's order.

    Raises
    ------
    ArgumentError
        For another form, a pattern that matches no marker, or a chromosome that the
        genome does not have.
    """
    chroms_of: dict[int, set[str]] = {}
    for text in texts:
        pattern, equals, listed = text.rpartition("=")
        if not equals or not pattern or not listed:
            raise ArgumentError("unknown", f"expected PATTERN=CHROM,CHROM..., got {text!r}")
        matched = match_markers(markers, pattern)
        if not matched:
            raise ArgumentError(
                "unknown",
                f"{pattern!r} matches no name, cell, target or category of a marker "
                f"(the first marker is {markers[0].name!r})",
            )
        for name in listed.split(","):
            chrom = resolve_chrom(name.strip(), chrom_sizes)
            if chrom is None:
                raise ArgumentError(
                    "unknown",
                    f"no chromosome {name.strip()!r} in the genome, which has "
                    f"{first_names(chrom_sizes)}",
                )
            for marker in matched:
                chroms_of.setdefault(marker.index, set()).add(chrom)
    return {
        marker.index: tuple(chrom for chrom in chrom_sizes if chrom in chroms_of[marker.index])
        for marker in markers
        if marker.index in chroms_of
    }
