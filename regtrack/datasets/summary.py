"""What became of a genome and its peaks, in numbers that `dataset.json` keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from regtrack.datasets.contents import Summary
from regtrack.datasets.plan import REASONS, Plan
from regtrack.datasets.settings import SPLITS
from regtrack.genome.markers import Marker, categories_of

Rates = npt.NDArray[np.float64]


def summarize_plan(plan: Plan) -> Summary:
    """Windows and bases kept per split, and dropped per reason."""
    return {
        "windows": {split: len(plan.kept[split]) for split in SPLITS},
        "bases": {split: len(plan.kept[split]) * plan.kept[split].length for split in SPLITS},
        "known": {
            split: sum(one.bases for one in plan.known_in(split).values()) for split in SPLITS
        },
        "dropped": {
            reason: {
                "windows": sum(why == reason for _, why in plan.dropped),
                "bases": sum(len(one) for one, why in plan.dropped if why == reason),
            }
            for reason in REASONS
        },
    }


def summarize_rates(
    markers: Sequence[Marker],
    rates: Mapping[str, Rates],
    known: Mapping[str, npt.NDArray[np.bool_]],
) -> Summary:
    """Mean base rate of each category in each split, and markers that training sees no peak of.

    Parameters
    ----------
    rates
        Per split that has anything, float64 (markers,).
    known
        Per split, the markers that are known in some of it; the others do not count.
    """
    of_category = {
        category: np.array([marker.category == category for marker in markers])
        for category in categories_of(markers)
    }
    return {
        "base_rates": {
            category: {
                split: float(rates[split][chosen & known[split]].mean())
                for split in rates
                if np.any(chosen & known[split])
            }
            for category, chosen in of_category.items()
            if np.any(chosen)
        },
        "without_peak_in_train": [
            marker.name for marker, rate in zip(markers, rates["train"], strict=True) if not rate
        ],
    }
