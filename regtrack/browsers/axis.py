"""How high the axis of a signal goes."""

from __future__ import annotations

import math

from regtrack.browsers.scales import scale_of
from regtrack.browsers.viewable import Viewable
from regtrack.tracks.folder import Track

SCALES = ("marker", "probability", "auto")

_PROBABILITY = 1.0
# Where a marker is nowhere likelier than that, its track is to look low, not full.
_LEAST = 0.05


def axis_end(viewable: Viewable, track: Track, scale: str) -> float | None:
    """The value at which the axis of a track's signal ends; it begins at 0.

    Parameters
    ----------
    scale
        One of `SCALES`. `marker`: a value that nearly all of the marker's are below, rounded up to
        two digits, and 0.05 at least. `probability`: 1. `auto`: None, as the browser chooses it
        from what is in view.

    Raises
    ------
    InputError
        When the BigWig file is none, or is truncated.
    OSError
        When it cannot be read.
    """
    if scale == "auto":
        return None
    high = scale_of(viewable, track).high if scale == "marker" else None
    if high is None:
        return _PROBABILITY
    return min(_rounded_up(max(high, _LEAST)), _PROBABILITY)


def _rounded_up(value: float) -> float:
    """The next number of two digits."""
    unit = 10.0 ** (math.floor(math.log10(value)) - 1)
    # A float32 of a decimal of two digits is that decimal.
    return float(f"{math.ceil(value / unit - 1e-5) * unit:.2g}")
