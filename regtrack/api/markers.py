"""The catalogue of the paper's markers."""

from __future__ import annotations

from regtrack.api.arguments import naming_arguments
from regtrack.genome.catalogue import find_markers
from regtrack.genome.markers import Marker


def markers(*patterns: str) -> tuple[Marker, ...]:
    """The 919 markers of the paper, or those that match any of some patterns.

    What `regtrack markers` lists. `pandas.DataFrame(regtrack.markers())` makes a table of them.

    Parameters
    ----------
    patterns
        Names, cells, targets or categories, upper and lower case alike; `*` stands for any
        letters. A target also goes by its other names: `POLR2A` is Pol2.

    Returns
    -------
    tuple of Marker
        By index, in their published order.

    Raises
    ------
    ArgumentError
        When a pattern matches no marker.
    """
    with naming_arguments():
        return find_markers(patterns)
