"""Tandem repeats: stretches of sequence that are alike to themselves some bases earlier."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from regtrack.compiled import compiled
from regtrack.genome.fasta import Codes

LONGEST_UNIT = 100

# A repeat has so many copies of its unit or, of a short unit, so many bases behind the first copy;
# of these, so many in five are those of the copy before: of copies in which one base in ten differs
# from the first one, four in five are.
_COPIES = 5
_FEWEST_BASES = 100
_ALIKE_IN_FIVE = 4

# No base farther away than this decides whether a base lies in a repeat.
REACH = _COPIES * LONGEST_UNIT


def repeat_units(codes: Codes) -> npt.NDArray[np.uint8]:
    """In which tandem repeat each base lies: the length of the shortest unit, 0 for none.

    A repeat has at least five copies of a unit of up to 100 bases, and at least 100 bases behind
    the first copy; four in five bases are those of the copy before. At its ends up to about a
    hundred bases beside it are taken for a part of it.

    Parameters
    ----------
    codes
        uint8 (bases,), as `regtrack.genome.fasta.Genome.codes` has them. N is like no base.

    Returns
    -------
    uint8 (bases,)
    """
    units = np.zeros(len(codes), np.uint8)
    for unit in range(1, LONGEST_UNIT + 1):
        _mark(codes, unit, max((_COPIES - 1) * unit, _FEWEST_BASES), _ALIKE_IN_FIVE, units)
    return units


@compiled
def _mark(
    codes: Codes, unit: int, compared: int, alike_in_five: int, units: npt.NDArray[np.uint8]
) -> None:
    """Mark the bases of repeats of one unit that are not marked; `compared` bases are a repeat."""
    alike = marked = 0
    for at in range(unit, len(codes)):
        alike += codes[at] > 0 and codes[at] == codes[at - unit]
        before = at - compared
        if before >= unit:
            alike -= codes[before] > 0 and codes[before] == codes[before - unit]
        if before >= unit - 1 and 5 * alike >= alike_in_five * compared:
            for base in range(max(before + 1 - unit, marked), at + 1):
                if not units[base]:
                    units[base] = unit
            marked = at + 1
