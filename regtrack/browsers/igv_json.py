"""A session of igv.js: JSON, whose URLs are relative to the page that shows it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from regtrack.browsers.reference import Reference
from regtrack.browsers.rows import Peaks, Row
from regtrack.genome.intervals import Interval

NAME = "igv.json"
MANY = 30  # markers: with more of them, igv.js takes long (a minute and more for 919)
_LINE = "rgb(119,119,119)"
_HIGHEST_SCORE = 1_000  # of a peak whose highest value is that of the scale
_SIGNAL_HEIGHT, _PEAKS_HEIGHT = 46, 27  # pixels; in less, a label of peaks is cut off

# The URL of a path: one relative to the tracks folder, or an absolute one outside of it.
Address = Callable[[str | Path], str]


def session_json(
    rows: Sequence[Row], reference: Reference, locus: Interval, address: Address
) -> str:
    """Text of a session.

    Parameters
    ----------
    address
        Makes a URL of a path.
    """
    tracks = [track for row in rows for track in _tracks(row, address)]
    for order, track in enumerate(tracks, start=1):
        track["order"] = order
    session = {**genome_of(reference, address), "locus": str(locus), "tracks": tracks}
    return json.dumps(session, indent=1) + "\n"


def genome_of(reference: Reference, address: Address) -> dict[str, Any]:
    """`{"genome": id}` of a hosted genome, `{"reference": {...}}` of any other."""
    path = reference.path
    if path is None:
        return {"genome": reference.name}
    about: dict[str, Any] = {"id": reference.name, "name": reference.name}
    if reference.kind == "sizes":
        about |= {"format": "chromsizes", "fastaURL": address(path)}
    else:
        about["fastaURL"] = address(path)
        about["indexURL"] = address(path.with_name(f"{path.name}.fai"))
        if reference.bgzipped:
            about["compressedIndexURL"] = address(path.with_name(f"{path.name}.gzi"))
    return {"reference": about}


def _tracks(row: Row, address: Address) -> list[dict[str, Any]]:
    """The tracks of one marker, from above: its signal, and its peaks by their index."""
    return [_signal(row, address), *(_peaks(row, peaks, address) for peaks in row.peaks)]


def _signal(row: Row, address: Address) -> dict[str, Any]:
    return {
        "type": "wig",
        "format": "bigwig",
        "name": row.title,
        "url": address(row.signal),
        "color": f"rgb({row.colour})",
        **(
            {"autoscale": True}
            if row.axis_end is None
            else {"min": 0, "max": row.axis_end, "autoscale": False}
        ),
        "guideLines": [{"y": row.threshold, "color": _LINE, "dotted": True}],
        # A peak is narrower than a pixel when zoomed out; a mean would flatten it.
        "windowFunction": "max",
        "height": _SIGNAL_HEIGHT,
    }


def _peaks(row: Row, peaks: Peaks, address: Address) -> dict[str, Any]:
    is_called = ".narrowPeak" in peaks.path
    return {
        "type": "annotation",
        # A label lies on top of its track: a long one would hide the peaks. A click on it shows
        # the metadata.
        "name": peaks.kind,
        "metadata": {"marker": row.name},
        "format": "narrowPeak" if is_called else "bed",
        "url": address(peaks.path),
        "indexURL": address(peaks.index_path),
        "color": f"rgb({peaks.colour})",
        # Shaded by score: 1000 times the highest value. Measured peaks have none here.
        "useScore": is_called,
        "max": _HIGHEST_SCORE * min((row.axis_end or row.scale) / row.scale, 1),
        "displayMode": "COLLAPSED",
        "height": _PEAKS_HEIGHT,
    }
