"""Plain BED lines, read by a compiled loop: a genome-wide peak file in milliseconds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from regtrack.compiled import compiled
from regtrack.genome.intervals import Positions

_TAB, _NEWLINE, _RETURN, _BLANK, _ZERO, _NINE = b"\t\n\r 09"
_HASH = ord("#")
_TRACK, _BROWSER = b"track", b"browser"  # their lines are headers
# More digits than any position has might not fit into 64 bits.
_MOST_DIGITS = 12
_SHORTEST = len("c 0 1\n")
_FNV_BASIS, _FNV_PRIME = 14695981039346656037, 1099511628211

Text = npt.NDArray[np.uint8]


class Scanned(NamedTuple):
    """What stands in some lines.

    Parameters
    ----------
    at, chrom, starts, ends
        int64 (n,): of each line that is chrom, start and end, whatever follows: where it begins,
        which of `chroms` it names, and its numbers, unchecked but that they are not negative.
    chroms, rows
        The k chromosomes, in the order in which they appear first, and how many lines each has.
    first
        int64 (k,): where the first line of each begins.
    odd
        int64 (m,): where every other line begins that is not empty.
    """

    at: Positions
    chrom: Positions
    starts: Positions
    ends: Positions
    chroms: list[bytes]
    rows: Positions
    first: Positions
    odd: Positions


def scan(text: bytes) -> Scanned:
    r"""Read whole lines of BED, which end with `\n`, `\r\n` or `\r`.

    Columns are divided by one tab, with or without blanks around it, or by blanks.
    """
    data = np.frombuffer(text, np.uint8)
    most = len(text) // _SHORTEST + 1
    at, chrom, starts, ends = (np.empty(most, np.int64) for _ in range(4))
    odd = np.empty(len(text) // 2 + 1, np.int64)
    names = np.empty((most, 4), np.int64)
    slots = np.full(1 << (2 * most).bit_length(), -1, np.int32)
    plain, others, known = _scan(data, at, chrom, starts, ends, odd, names, slots)
    met = names[:known]
    return Scanned(
        at[:plain],
        chrom[:plain],
        starts[:plain],
        ends[:plain],
        [text[begin:end] for begin, end in met[:, :2].tolist()],
        met[:, 2],
        met[:, 3],
        odd[:others],
    )


@compiled
def _scan(
    data: Text,
    at: Positions,
    chrom: Positions,
    starts: Positions,
    ends: Positions,
    odd: Positions,
    names: Positions,
    slots: npt.NDArray[np.int32],
) -> tuple[int, int, int]:
    plain = others = known = 0
    size = len(data)
    place = 0
    while place < size:
        line = place
        while place < size and data[place] == _BLANK:
            place += 1
        begin = place
        code = np.uint64(_FNV_BASIS)
        while place < size and data[place] > _BLANK:
            code = (code ^ np.uint64(data[place])) * np.uint64(_FNV_PRIME)
            place += 1
        end = place
        start, place, has_start = _number(data, place)
        stop, place, has_stop = _number(data, place)
        good = has_start and has_stop and end > begin and data[begin] != _HASH
        good &= place == size or data[place] in (_TAB, _BLANK, _NEWLINE, _RETURN)
        good &= not _is(data, begin, end, _TRACK) and not _is(data, begin, end, _BROWSER)
        while place < size and data[place] != _NEWLINE and data[place] != _RETURN:
            place += 1
        if good:
            which = _find(data, begin, end, code, names, slots, known)
            if which == known:
                names[known] = begin, end, 0, line
                known += 1
            names[which, 2] += 1
            at[plain], chrom[plain] = line, which
            starts[plain], ends[plain] = start, stop
            plain += 1
        elif place > line:
            odd[others] = line
            others += 1
        place += 1
    return plain, others, known


@compiled
def _number(data: Text, place: int) -> tuple[int, int, bool]:
    """A divider and digits: their number, the place behind them, and whether they are there."""
    size = len(data)
    begin = place
    while place < size and data[place] == _BLANK:
        place += 1
    if place < size and data[place] == _TAB:
        place += 1
        while place < size and data[place] == _BLANK:
            place += 1
    if place == begin:
        return 0, place, False
    begin = place
    number = 0
    while place < size and _ZERO <= data[place] <= _NINE and place - begin < _MOST_DIGITS:
        number = 10 * number + (int(data[place]) - _ZERO)
        place += 1
    return number, place, place > begin


@compiled
def _is(data: Text, begin: int, end: int, word: bytes) -> bool:
    if end - begin != len(word):
        return False
    for index in range(len(word)):  # noqa: SIM110 - numba knows no all() of a generator
        if data[begin + index] != word[index]:
            return False
    return True


@compiled
def _find(
    data: Text,
    begin: int,
    end: int,
    code: np.uint64,
    names: Positions,
    slots: npt.NDArray[np.int32],
    known: int,
) -> int:
    """The number of a name; `known`, the next one, where it is new. There is a free slot always."""
    mask = np.uint64(len(slots) - 1)
    slot = code & mask
    while slots[slot] >= 0:
        which = slots[slot]
        first = names[which, 0]
        same = names[which, 1] - first == end - begin
        index = 0
        while same and index < end - begin:
            same = data[first + index] == data[begin + index]
            index += 1
        if same:
            return int(which)
        slot = (slot + np.uint64(1)) & mask
    slots[slot] = known
    return known
