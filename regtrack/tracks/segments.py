"""Segments: stretches of one track on which one value stands for every base."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Records = npt.NDArray[np.void]

# One segment, byte for byte as the data sections of a BigWig file have it.
SEGMENT = np.dtype([("start", "<u4"), ("end", "<u4"), ("value", "<f4")])


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


def concatenated(parts: Sequence[Records]) -> Records:
    """Arrays of one type, one behind the other; one record at least.

    numpy looks for a type that holds those of all parts, field by field in Python: of the few
    records of a block that takes ten times as long.
    """
    return np.frombuffer(bytearray().join(part.tobytes() for part in parts), parts[0].dtype)


def ranges_of(ranges: Sequence[float | None]) -> npt.NDArray[np.float32] | None:
    """float32 (markers,): those of some markers; None where their values are probabilities."""
    of_signals = [of_marker for of_marker in ranges if of_marker is not None]
    return np.array(of_signals, np.float32) if of_signals else None
