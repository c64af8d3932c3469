"""Segments: stretches of one track on which one value stands for every base."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from regtrack.genome.intervals import Positions

Values = npt.NDArray[np.float32]
Records = npt.NDArray[np.void]

# One segment, byte for byte as the data sections of a BigWig file have it.
SEGMENT = np.dtype([("start", "<u4"), ("end", "<u4"), ("value", "<f4")])


@dataclass(frozen=True)
class Segments:
    """Sorted, disjoint segments of one marker on one chromosome.

    Parameters
    ----------
    starts, ends
        int64, 0-based, half-open; two segments may touch.
    values
        float32 probabilities.

    Raises
    ------
    ValueError
        When a segment is empty, out of order or overlapping, or a value is not between
        0 and 1: writers crash on such input rather than refuse it.
    """

    starts: Positions
    ends: Positions
    values: Values

    def __post_init__(self) -> None:
        if not len(self.starts) == len(self.ends) == len(self.values):
            raise ValueError("starts, ends and values must have one length")
        if len(self) == 0:
            return
        if self.starts[0] < 0 or np.any(self.ends <= self.starts):
            raise ValueError("a segment must not be negative or empty")
        if np.any(self.starts[1:] < self.ends[:-1]):
            raise ValueError("segments must be sorted and must not overlap")
        if not np.all((self.values >= 0) & (self.values <= 1)):
            raise ValueError("a segment's value must be a probability")

    def __len__(self) -> int:
        return len(self.starts)

    @classmethod
    def of(cls, records: Records) -> Segments:
        """From an array of SEGMENT."""
        return cls(
            records["start"].astype(np.int64),
            records["end"].astype(np.int64),
            np.ascontiguousarray(records["value"]),
        )


@dataclass(frozen=True)
class BlockSegments:
    """Sorted, disjoint segments of many markers on a stretch of one chromosome.

    Parameters
    ----------
    offsets
        int64 (markers + 1,): the segments of marker i are those from `offsets[i]` to
        `offsets[i + 1]`.
    records
        SEGMENT: start, end (0-based, half-open, on the chromosome) and value of each.
    """

    offsets: npt.NDArray[np.int64]
    records: Records


def ranges_of(ranges: Sequence[float | None]) -> npt.NDArray[np.float32] | None:
    """float32 (markers,): those of some markers; None where their values are probabilities."""
    found = [one for one in ranges if one is not None]
    return np.array(found, np.float32) if found else None
