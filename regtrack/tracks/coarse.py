"""Tracks whose values hardly differ by more than their promised error: scores of them are rough."""

from __future__ import annotations

from collections.abc import Collection

from regtrack.listing import counted, names_and_rest
from regtrack.notes import note
from regtrack.tracks.folder import Track, TrackSet

# A marker's highest value is to be so many times the error that values may have: docs/report.md
# has what scores of tracks lost under and above it.
ENOUGH = 20


def coarse_tracks(trackset: TrackSet) -> list[Track]:
    """Tracks whose highest value is less than `ENOUGH` times the error that it may have.

    None of folders of before values were summarised.
    """
    error = float(trackset.settings.get("max_error", 0))
    return [
        track
        for track in trackset.tracks
        if track.summary is not None and track.summary.highest < ENOUGH * error * track.scale
    ]


def tell_of_coarse(trackset: TrackSet, names: Collection[str]) -> None:
    """Note which markers have values that are not well above the error they may have.

    Parameters
    ----------
    names
        Of the markers that are looked at.
    """
    coarse = [track for track in coarse_tracks(trackset) if track.marker.name in names]
    if not coarse:
        return
    error = float(trackset.settings["max_error"])
    highest = max(track.summary.highest / track.scale for track in coarse if track.summary)
    finer = _rounded_down(highest / ENOUGH or error / ENOUGH)
    note(
        f"scores of {len(coarse):,} of {counted(len(names), 'marker')} are rough, and may be too "
        f"high: no value of their tracks is above {highest:.2g}, and each may be off by "
        f"{error:g} (--max-error); exact ones: regtrack eval MODEL, or predict with --max-error "
        f"and --floor {finer:g}: {names_and_rest([track.marker.name for track in coarse])}"
    )


def _rounded_down(value: float) -> float:
    """To one digit; so what is less than an error stays less."""
    digits = f"{value:.6e}"
    return float(digits[0] + digits[digits.index("e") :])
