"""Called peaks: runs of bases whose probability reaches the threshold, of many markers at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from regtrack.compiled import compiled
from regtrack.evaluation.blockcounts import RUN
from regtrack.tracks.segments import Records

_Whole = npt.NDArray[np.int64]

# Markers whose flags are looked at together, as one 64-bit word.
_WORD = 8


class PeakCaller:
    """Finds runs in unrounded probabilities, fed from left to right.

    Parameters
    ----------
    thresholds
        float32 (markers,): probability from which a base of each is called.
    """

    def __init__(self, thresholds: npt.NDArray[np.float32]) -> None:
        self._thresholds = thresholds
        markers = len(thresholds)
        self._starts = np.full(markers, -1, np.int64)
        # Flags of open runs, and of what changes: looked at in words of eight.
        padded = -(-markers // _WORD) * _WORD
        self._open = np.zeros(padded, np.uint8)
        self._changed = np.zeros(padded, np.uint8)
        self._position = -1
        self._found: list[tuple[_Whole, _Whole, _Whole]] = []

    def add(self, start: int, probabilities: npt.NDArray[np.float32]) -> None:
        """Take the next bases; where they do not touch the last ones, runs end.

        Parameters
        ----------
        start
            Position of the first base, 0-based.
        probabilities
            float32 (markers, bases), fastest when the markers of a base lie side by side.
        """
        if start != self._position:
            self._close()
        by_base = np.ascontiguousarray(probabilities.T)
        room = by_base.size // 2 + by_base.shape[1]
        out = tuple(np.empty(room, np.int64) for _ in range(3))
        count = _call(
            by_base,
            start,
            self._thresholds,
            self._starts,
            self._open,
            self._changed,
            self._changed.view(np.uint64),
            *out,
        )
        if count:
            self._found.append(tuple(part[:count].copy() for part in out))  # type: ignore[arg-type]
        self._position = start + len(by_base)

    def finish(self) -> list[Records]:
        """RUN of each marker. The caller is then spent."""
        self._close()
        nothing = (np.zeros(0, np.int64),) * 3
        marker, start, end = (
            np.concatenate(part) for part in zip(nothing, *self._found, strict=True)
        )
        order = np.argsort(marker, kind="stable")
        runs = np.empty(len(marker), RUN)
        runs["start"], runs["end"] = start[order], end[order]
        counts = np.bincount(marker, minlength=len(self._thresholds))
        return np.split(runs, np.cumsum(counts)[:-1])

    def _close(self) -> None:
        """End the open runs."""
        markers = np.flatnonzero(self._starts >= 0)
        if len(markers):
            ends = np.full(len(markers), self._position)
            self._found.append((markers, self._starts[markers], ends))
            self._starts[:] = -1
            self._open[:] = 0


@compiled
def _call(
    probabilities: npt.NDArray[np.float32],
    position: int,
    thresholds: npt.NDArray[np.float32],
    starts: _Whole,
    is_open: npt.NDArray[np.uint8],
    changed: npt.NDArray[np.uint8],
    words: npt.NDArray[np.uint64],
    out_marker: _Whole,
    out_start: _Whole,
    out_end: _Whole,
) -> int:
    """Follow every marker's run base by base; returns how many ended."""
    bases, markers = probabilities.shape
    count = 0
    for base in range(bases):
        for marker in range(markers):
            called = probabilities[base, marker] >= thresholds[marker]
            changed[marker] = called != (is_open[marker] != 0)
        for word in range(len(words)):
            if words[word] == 0:
                continue
            for marker in range(_WORD * word, min(_WORD * (word + 1), markers)):
                if not changed[marker]:
                    continue
                if is_open[marker]:
                    out_marker[count] = marker
                    out_start[count], out_end[count] = starts[marker], position + base
                    count += 1
                    starts[marker] = -1
                    is_open[marker] = 0
                else:
                    starts[marker] = position + base
                    is_open[marker] = 1
    return count
