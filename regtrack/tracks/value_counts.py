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
    markers = len(offsets) - 1
    scales = np.ones(markers, np.float32) if ranges is None else ranges
    codes = _PROBABILITY_CODES if ranges is None else CODES
    histogram = np.zeros((markers, codes), np.uint32)
    _count_values(records, offsets, scales, histogram)
    used = np.nonzero(histogram)
    counts = np.empty(len(used[0]), COUNT)
    counts["code"], counts["bases"] = used[1], histogram[used]
    return counts, (histogram > 0).sum(axis=1)


def lowest_values(codes: npt.NDArray[np.integer]) -> npt.NDArray[np.float32]:
    """The lowest value that has each of some codes of COUNT."""
    bits = (codes.astype(np.int32) + _LOWEST) << _DROPPED
    return np.where(codes == 0, np.float32(0), bits.view(np.float32))


@compiled
def _count_values(
    records: Records,
    offsets: npt.NDArray[np.int64],
    scales: npt.NDArray[np.float32],
    histogram: npt.NDArray[np.uint32],
) -> None:
    """Add the bases of each marker's segments to the count of their value's code."""
    for marker in range(len(offsets) - 1):
        for index in range(offsets[marker], offsets[marker + 1]):
            bits = np.float32(records[index]["value"] / scales[marker]).view(np.int32)
            code = int(max((bits >> _DROPPED) - _LOWEST, np.int32(0)))
            histogram[marker, code] += records[index]["end"] - records[index]["start"]
