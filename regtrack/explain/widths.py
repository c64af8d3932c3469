"""How wide the stretch is that holds most of a gradient: the effective context."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from regtrack.genome.intervals import IntervalSet, Positions

SHARES = (0.5, 0.9, 0.99)
WIDTH_NAMES = tuple(f"width_{round(100 * share)}" for share in SHARES)

Norms = npt.NDArray[np.floating]


def distances(start: int, end: int, positives: IntervalSet) -> Positions:
    """Distance in bases of each base of [start, end) from the nearest positive one.

    Parameters
    ----------
    positives
        Not empty; 0-based, half-open.

    Returns
    -------
    int64 (end - start,)
        0 inside, 1 at the bases that touch a positive one.
    """
    at = np.arange(start, end)
    after = np.searchsorted(positives.starts, at, side="right")
    far = 1 << 62
    left = np.concatenate(([-far], positives.ends - 1))[after]
    right = np.concatenate((positives.starts, [far]))[after]
    # Before the first and behind the last one, `far` less a position is still far.
    from_left = np.where(after > 0, np.maximum(at - left, 0), far)
    from_right = np.where(after < len(positives), right - at, far)
    nearest: npt.NDArray[np.int64] = np.minimum(from_left, from_right)
    return nearest


def by_distance(norm: Norms, distance: Positions) -> npt.NDArray[np.float64]:
    """Sum of the norm at each distance; bases without a value (NaN) add nothing.

    Returns
    -------
    float64 (largest distance + 1,)
    """
    return np.bincount(distance, weights=np.nan_to_num(norm)).astype(np.float64)


def widths(profile: npt.NDArray[np.float64]) -> tuple[int | None, ...]:
    """For each of `SHARES`, the bases around a positive one that hold so much of the norm.

    Parameters
    ----------
    profile
        The norm summed up at each distance from 0 on, as `by_distance` gives it.

    Returns
    -------
    tuple
        2 d + 1, d being the smallest distance within which the share lies; None where the
        norm is 0 everywhere.
    """
    within = np.cumsum(profile)
    if not len(within) or not within[-1] > 0:
        return (None,) * len(SHARES)
    reached = np.searchsorted(within, np.array(SHARES) * within[-1])
    return tuple(2 * int(distance) + 1 for distance in reached)


def share_beyond(profile: npt.NDArray[np.float64], distance: int) -> float | None:
    """Share of the norm that lies farther away than `distance`; None where there is no norm."""
    total = profile.sum()
    return float(profile[distance + 1 :].sum() / total) if total > 0 else None
