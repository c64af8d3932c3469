"""How a simulated genome is written: what a motif looks like, and when a marker has a peak."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Grammar:
    """How motifs are written into a genome.

    Parameters
    ----------
    motif_length
        Bases of a motif.
    copies, room
        A site is a cluster of copies, as in real regulatory elements: each copy lies
        anywhere in its own room of so many bases.
    spacing
        Mean bases between two sites of one marker.
    share
        Of the sites of a marker with a distance, the part that has its partner there.

    Raises
    ------
    ValueError
        When a motif is longer than its room, or the share is not above 0 and at most 1.
    """

    motif_length: int = 12
    copies: int = 5
    room: int = 30
    spacing: int = 4_000
    share: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.motif_length <= self.room:
            raise ValueError(f"a motif of {self.motif_length} bases in a room of {self.room}")
        if not 0 < self.share <= 1:
            raise ValueError(f"a share of {self.share}")

    @property
    def site_length(self) -> int:
        """Bases of a site."""
        return self.copies * self.room


@dataclass(frozen=True)
class Rule:
    """When a marker has a peak.

    Parameters
    ----------
    name, category
        Of the marker.
    width
        Bases of a peak, centred on the site.
    distance
        Bases between the partner's end and the start of the peak, left of which it lies:
        every base of the peak is at least so far away from it. None for a site that does
        it alone.
    site, partner
        Names of the motifs. Rules that name the same site share its motif and its places;
        each has partners of its own. One whose site is another's partner, and that has no
        distance, has its peaks at those partners. None is a motif of the rule's own.
    """

    name: str
    category: str
    width: int
    distance: int | None = None
    site: str | None = None
    partner: str | None = None

    def lead(self, site_length: int) -> int:
        """Bases from a peak's start to its site's."""
        return self.width // 2 - site_length // 2

    def reach(self, site_length: int) -> int:
        """Bases from the partner's start to the site's; 0 for a rule without a partner."""
        if self.distance is None:
            return 0
        return site_length + self.distance + self.lead(site_length)
