"""How many bases of a block's segments have which value: enough for quantiles, in few numbers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from regtrack.compiled import compiled
from regtrack.tracks.segments import Records

# How many bases have values of one code: of those within 3% of each other, or under 2**-16. Signals
# are counted by their shares of the range.
COUNT = np.dtype([("code", "<u2"), ("bases", "<u4")])
# The code is what is left of a float32 without its last bits, counted from that of 2**-16 on.
_DROPPED = 18
_LOWEST = (127 - 16) << (23 - _DROPPED)
_PROBABILITY_CODES = (127 << (23 - _DROPPED)) - _LOWEST + 1
CODES = (255 << (23 - _DROPPED)) - _LOWEST


def count_values(
    records: Records, offsets: npt.NDArray[np.int64], ranges: npt.NDArray[np.float32] | None
) -> tuple[Records, npt.NDArray[np.int64]]:
    """COUNT of each marker's segments, marker by marker, and each one's number.

    Parameters
    ----------
    records, offsets
        As `BlockSegments` has them.
    ranges
        float32 (markers,): of signals; None for probabilities.
    """
    codes = _PROBABILITY_CODES if ranges is None else CODES
    counts = np.zeros(len(offsets) - 1, np.int64)
    room = np.minimum(np.diff(offsets), codes).sum()  # a segment has one code
    of_codes = np.empty(room, COUNT)
    filled = _count_values(records, offsets, ranges, np.zeros(codes, np.uint32), of_codes, counts)
    return of_codes[:filled].copy(), counts


def lowest_values(codes: npt.NDArray[np.integer]) -> npt.NDArray[np.float32]:
    """The lowest value that has each of some codes of COUNT."""
    bits = (codes.astype(np.int32) + _LOWEST) << _DROPPED
    return np.where(codes == 0, np.float32(0), bits.view(np.float32))


@compiled
def _count_values(
    records: Records,
    offsets: npt.NDArray[np.int64],
    ranges: npt.NDArray[np.float32] | None,
    histogram: npt.NDArray[np.uint32],
    of_codes: Records,
    counts: npt.NDArray[np.int64],
) -> int:
    """Count the bases of each marker's segments by code; returns how many codes they have.

    The histogram, of 0 for each code, serves one marker after another.
    """
    filled = 0
    for marker in range(len(offsets) - 1):
        begin = filled
        for index in range(offsets[marker], offsets[marker + 1]):
            value = records[index]["value"]
            share = value if ranges is None else value / ranges[marker]
            bits = np.float32(share).view(np.int32)
            code = int(max((bits >> _DROPPED) - _LOWEST, np.int32(0)))
            histogram[code] += records[index]["end"] - records[index]["start"]
        for code in range(len(histogram)):
            if histogram[code]:
                of_codes[filled]["code"], of_codes[filled]["bases"] = code, histogram[code]
                histogram[code] = 0
                filled += 1
        counts[marker] = filled - begin
    return filled
