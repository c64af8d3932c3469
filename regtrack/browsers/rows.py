"""What is shown of one marker: a signal, the peaks predicted from it, the measured ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from regtrack.browsers.scales import scale_of
from regtrack.browsers.viewable import Viewable
from regtrack.tracks.folder import Track

SCALES = ("marker", "probability", "auto")

# Where a marker is nowhere more likely than that, its track should look low, not full.
_LEAST = 0.05


def axis_end(viewable: Viewable, track: Track, scale: str) -> float | None:
    """As `common_axis_end`, of one track."""
    return common_axis_end([(viewable, track)], scale)


def common_axis_end(alike: Sequence[tuple[Viewable, Track]], scale: str) -> float | None:
    """The value at which the axis of a marker's signal ends; it begins at 0.

    Parameters
    ----------
    alike
        The marker's tracks, of one run or of several, which are to be compared by eye.
    scale
        One of `SCALES`. `marker`: a value that nearly all of the marker's are below, rounded up to
        two digits, and 0.05 at least. `probability`: 1. Of a signal, these are shares of the
        marker's range. `auto`: None, as the browser chooses it from what is in view.

    Raises
    ------
    InputError
        When the BigWig file is none, or is truncated.
    OSError
        When it cannot be read.
    """
    if scale == "auto":
        return None
    range_ = max(track.scale for _, track in alike)
    found = [scale_of(*each).high for each in alike] if scale == "marker" else []
    highs = [high for high in found if high is not None]
    if not highs:
        return _rounded_up(range_)
    end = _rounded_up(max(*highs, _LEAST * range_))
    return end if any(track.range is not None for _, track in alike) else min(end, 1.0)


def _rounded_up(value: float) -> float:
    """The next number of two digits."""
    unit = 10.0 ** (math.floor(math.log10(value)) - 1)
    # A float32 of a decimal of two digits is that decimal.
    return float(f"{math.ceil(value / unit - 1e-5) * unit:.2g}")


# Grey: what was measured is told apart from what was predicted.
_MEASURED = "68,68,68"


class Peaks(NamedTuple):
    """One track of peaks: `predicted` or `measured`, its path, its index's, and its colour."""

    kind: str
    path: str
    index_path: str
    colour: str


@dataclass(frozen=True)
class Row:
    """One marker's tracks, from above.

    Parameters
    ----------
    name
        Of the marker and, of several runs, its run.
    score
        Its average precision, where that is known.
    colour
        Of its category: `0,68,136`.
    signal, predicted, measured
        Paths relative to the sessions' folder: BigWig, narrowPeak and BED; None where nothing was
        measured.
    threshold, axis_end
        Value from which peaks were called; as `regtrack.browsers.rows.axis_end`.
    scale
        Value whose peaks have the highest score.
    index_suffix
        How the names of the peaks' indices go on, which lie beside them: `.tbi` or `.csi`.
    """

    name: str
    score: float | None
    colour: str
    signal: str
    predicted: str
    measured: str | None
    threshold: float
    axis_end: float | None
    scale: float
    index_suffix: str

    @property
    def title(self) -> str:
        """The name, with the average precision where it is known: `K562|CTCF|None (AP 0.312)`."""
        return self.name if self.score is None else f"{self.name} (AP {self.score:.3f})"

    @property
    def peaks(self) -> tuple[Peaks, ...]:
        """The tracks of peaks below the signal."""
        predicted = self._peaks("predicted", self.predicted, self.colour)
        if self.measured is None:
            return (predicted,)
        return (predicted, self._peaks("measured", self.measured, _MEASURED))

    def _peaks(self, kind: str, path: str, colour: str) -> Peaks:
        return Peaks(kind, path, f"{path}{self.index_suffix}", colour)
