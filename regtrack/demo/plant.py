"""Motifs planted into random sequence, so that it is known where each of them lies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from regtrack.demo.grammar import Grammar, Rule
from regtrack.genome.intervals import IntervalSet, Positions

# A partner that is off by less than this is never planted: no network should have to tell.
_MARGIN = 100
_TRIES = 200
_TRIES_AT_ONCE = 8

Letters = npt.NDArray[np.str_]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Sites:
    """What was planted for one rule on one chromosome.

    Parameters
    ----------
    starts, partners
        int64, sorted: first bases of the sites, and of the second motifs.
    bound
        bool, one per site: whether its peak is there.
    stretches
        Where each site would have its peak, whether or not it has: what somebody calls
        who finds every site and sees no partner.
    peaks
        Those of the sites that are bound.
    """

    starts: Positions
    partners: Positions
    bound: Flags
    stretches: IntervalSet
    peaks: IntervalSet


def sites_of(
    rule: Rule,
    site_length: int,
    starts: Positions,
    bound: Flags | None = None,
    partners: Sequence[int] = (),
) -> Sites:
    """Sites of a rule, sorted, with their peaks; all are bound where nothing else is said."""
    if bound is None:
        bound = np.ones(len(starts), dtype=bool)
    left = starts - rule.lead(site_length)
    return Sites(
        starts,
        np.sort(np.array(partners, dtype=np.int64)),
        bound,
        IntervalSet.of(left, left + rule.width),
        IntervalSet.of(left[bound], left[bound] + rule.width),
    )


class Planter:
    """Writes the sites of some rules, and their partners, where nothing lies yet.

    Parameters
    ----------
    letters, taken
        Of the chromosome; both are written to.
    rules
        Those that share the sites.
    """

    def __init__(
        self,
        letters: Letters,
        taken: Flags,
        rules: Sequence[Rule],
        grammar: Grammar,
        random: np.random.Generator,
    ) -> None:
        self._letters = letters
        self._taken = taken
        self._rules = rules
        self._grammar = grammar
        self._random = random
        self._length = grammar.site_length
        self._reaches = [rule.reach(self._length) for rule in rules]
        places = sorted([0, *(reach for reach in self._reaches if reach)])
        if np.any(np.diff(places) < self._length):
            raise ValueError("motifs of one site would lie on each other")
        self._lead = max(0, *(rule.lead(self._length) for rule in rules))
        # Peaks do not touch: touching ones would be read as one.
        self._apart = max(rule.width for rule in rules) + 1
        # Where no further site, and no further partner of each rule, may start.
        self._no_site = np.zeros(len(letters), dtype=bool)
        self._no_partner = np.zeros((len(rules), len(letters)), dtype=bool)

    def plant(self, site: Letters, partners: Letters) -> list[Sites]:
        """Plant the motif of the sites and those of the partners; one answer per rule."""
        count = len(self._letters) // self._grammar.spacing
        bound = np.array([self._choose_bound(rule, count) for rule in self._rules])
        starts = np.zeros(count, dtype=np.int64)
        second: list[list[int]] = [[] for _ in self._rules]
        far = [number for number, rule in enumerate(self._rules) if rule.distance is not None]
        for number in range(count):
            together = [index for index in far if bound[index, number]]
            start = self._find_site(together)
            starts[number] = start
            self._write(start, site)
            for index in together:
                second[index].append(start - self._reaches[index])
                self._write(second[index][-1], partners[index])
            self._close_around(start, together)
            # A site without its partner there goes with a partner somewhere else.
            for index in far:
                if index not in together:
                    second[index].append(self._find_partner(index))
                    self._write(second[index][-1], partners[index])
                    _mark(self._no_site, second[index][-1] + self._reaches[index], _MARGIN)
        order = np.argsort(starts)
        return [
            sites_of(rule, self._length, starts[order], flags[order], places)
            for rule, flags, places in zip(self._rules, bound, second, strict=True)
        ]

    def _choose_bound(self, rule: Rule, count: int) -> Flags:
        """Which of the sites have a peak."""
        share = 1 if rule.distance is None else self._grammar.share
        return self._random.permutation(count) < round(count * share)

    def _find_site(self, together: Sequence[int]) -> int:
        """A place for a site where the partners of some of its rules have theirs, too."""
        reaches = [self._reaches[index] for index in together]
        low = self._lead + max(reaches, default=0)
        for start in self._draws(low, len(self._letters) - self._length - self._lead):
            if (
                not self._no_site[start]
                and self._is_free(start)
                and not any(
                    self._no_partner[index, start - self._reaches[index]] for index in together
                )
                and all(self._is_free(start - reach) for reach in reaches)
            ):
                return start
        raise self._full()

    def _find_partner(self, index: int) -> int:
        """A place for a partner of a rule, away from its sites."""
        for start in self._draws(self._lead, len(self._letters) - self._length - self._lead):
            if not self._no_partner[index, start] and self._is_free(start):
                return start
        raise self._full()

    def _draws(self, low: int, high: int) -> Iterator[int]:
        """Places to try."""
        for _ in range(_TRIES if low < high else 0):
            yield from self._random.integers(low, high, _TRIES_AT_ONCE).tolist()

    def _is_free(self, start: int) -> bool:
        return not self._taken[start : start + self._length].any()

    def _full(self) -> ValueError:
        return ValueError(f"{self._rules[0].name}: no room left for its motifs")

    def _write(self, start: int, motif: Letters) -> None:
        """Write a cluster of a motif's copies."""
        slack = self._grammar.room - self._grammar.motif_length
        for copy in range(self._grammar.copies):
            first = start + copy * self._grammar.room + int(self._random.integers(slack + 1))
            self._letters[first : first + self._grammar.motif_length] = motif
        self._taken[start : start + self._length] = True

    def _close_around(self, start: int, together: Sequence[int]) -> None:
        """Keep sites apart, and everything else away from where a pair would arise."""
        _mark(self._no_site, start, max(_MARGIN, self._apart) if together else self._apart)
        for index, reach in enumerate(self._reaches):
            _mark(self._no_partner[index], start - reach, _MARGIN)


def _mark(flags: Flags, middle: int, margin: int) -> None:
    """Set the flags that are less than `margin` away."""
    flags[max(middle - margin + 1, 0) : max(middle + margin, 0)] = True
