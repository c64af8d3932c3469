"""Genes by name: `COMT`, `comt`, `COMT+-50kb`, and the names nearest to one that is none."""

from __future__ import annotations

import bisect
import difflib
import itertools
import re
from collections.abc import Iterable, Iterator
from functools import cached_property

from regtrack.genome.alternative import is_alternative
from regtrack.genome.genes import Gene

_AROUND = re.compile(
    r"(?P<name>.+?)\s*(?:\+/?-|±)\s*(?P<number>[\d,]{1,15}(?:\.\d{1,6})?)\s*(?P<unit>bp?|kb?|mb?|)",
    re.IGNORECASE,
)
_UNITS = {"": 1, "b": 1, "k": 1_000, "m": 1_000_000}


def split_around(text: str) -> tuple[str, int | None]:
    """A name and the bases around it: `("COMT", 50_000)` of `COMT+-50kb`; None of `COMT`.

    `±`, `+-` and `+/-`; `50,000`, `50kb` and `0.05Mb` are the same number.
    """
    match = _AROUND.fullmatch(text.strip())
    digits = match["number"].replace(",", "") if match else ""
    if match is None or not digits.strip("."):
        return text.strip(), None
    return match["name"], round(float(digits) * _UNITS[match["unit"][:1].lower()])


class GeneIndex:
    """Genes of one genome, found by name.

    Parameters
    ----------
    genes
        As `regtrack.genome.genes.read_genes` gives them.
    """

    def __init__(self, genes: Iterable[Gene]) -> None:
        self._by_name: dict[str, list[Gene]] = {}
        for gene in genes:
            self._by_name.setdefault(gene.name.upper(), []).append(gene)

    def named(self, name: str) -> list[Gene]:
        """All places of a name, by position; upper and lower case count only where both occur.

        Those on alternative chromosomes are left out where there is one on another.
        """
        genes = self._by_name.get(name.upper(), [])
        genes = [gene for gene in genes if gene.name == name] or genes
        main = [gene for gene in genes if not is_alternative(gene.chrom)]
        return main or genes

    def beginning(self, text: str) -> Iterator[Gene]:
        """Genes whose names begin so, by name, whatever their case."""
        text = text.upper()
        first = bisect.bisect_left(self._names, text)
        names = itertools.takewhile(lambda name: name.startswith(text), self._names[first:])
        return (gene for name in names for gene in self.named(name))

    def nearest(self, name: str, most: int = 3) -> list[str]:
        """Names that somebody may have meant, the nearest first; perhaps none."""
        near = difflib.get_close_matches(name.upper(), self._names, most)
        return [self._by_name[key][0].name for key in near]

    @cached_property
    def _names(self) -> list[str]:
        return sorted(self._by_name)
