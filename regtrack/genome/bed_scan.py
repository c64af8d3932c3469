"""Plain BED lines, read by a compiled loop: a genome-wide peak file in milliseconds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from regtrack.compiled import compiled
from regtrack.genome.intervals import Positions

_TAB, _NEWLINE, _RETURN, _ZERO, _NINE = b"\t\n\r09"
# A line that begins like this may be a header: `#`, `track`, `browser`.
_HASH, _T, _B = b"#tb"
# More digits than any position has might not fit into 64 bits.
_MOST_DIGITS = 12

Text = npt.NDArray[np.uint8]
_Hashes = npt.NDArray[np.uint64]


def scan(text: bytes) -> tuple[Positions, _Hashes, Positions, Positions, Positions]:
    """Find the lines that are chrom, start and end, divided by tabs, whatever follows.

    Returns
    -------
    int64 (n,)
        Where each such line begins.
    uint64 (n,)
        A hash of its chromosome's name.
    int64 (n,), int64 (n,)
        Its start and end, unchecked.
    int64 (m,)
        Where every other line begins that is not empty.
    """
    data = np.frombuffer(text, np.uint8)
    most = text.count(b"\n") + 1
    at, odd = np.empty(most, np.int64), np.empty(most, np.int64)
    hashes = np.empty(most, np.uint64)
    starts, ends = np.empty(most, np.int64), np.empty(most, np.int64)
    plain, others = _scan(data, at, hashes, starts, ends, odd)
    return at[:plain], hashes[:plain], starts[:plain], ends[:plain], odd[:others]


@compiled
def _scan(
    data: Text, at: Positions, hashes: _Hashes, starts: Positions, ends: Positions, odd: Positions
) -> tuple[int, int]:
    plain = others = 0
    size = len(data)
    place = 0
    while place < size:
        line = place
        first = data[place]
        good = first not in (_HASH, _T, _B, _TAB)
        code = np.uint64(14695981039346656037)  # FNV-1a
        while place < size and data[place] != _TAB and data[place] != _NEWLINE:
            code = (code ^ np.uint64(data[place])) * np.uint64(1099511628211)
            good &= data[place] != 32
            place += 1
        start, place, found = _number(data, place)
        end, place, found_end = _number(data, place)
        good &= found and found_end
        if place < size and data[place] == _RETURN:
            place += 1
            good &= place == size or data[place] == _NEWLINE
        else:
            good &= place == size or data[place] in (_TAB, _NEWLINE)
        while place < size and data[place] != _NEWLINE:
            place += 1
        if good:
            at[plain], hashes[plain] = line, code
            starts[plain], ends[plain] = start, end
            plain += 1
        elif place > line:
            odd[others] = line
            others += 1
        place += 1
    return plain, others


@compiled
def _number(data: Text, place: int) -> tuple[int, int, bool]:
    """A tab and digits: their number, the place behind them, and whether they are there."""
    if place >= len(data) or data[place] != _TAB:
        return 0, place, False
    place += 1
    begin = place
    number = 0
    while place < len(data) and _ZERO <= data[place] <= _NINE and place - begin < _MOST_DIGITS:
        number = 10 * number + (int(data[place]) - _ZERO)
        place += 1
    return number, place, place > begin
