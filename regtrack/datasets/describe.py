"""What a dataset folder is, as text for people."""

from __future__ import annotations

from collections import Counter
from itertools import compress
from pathlib import Path

from regtrack.datasets.bins import deciding
from regtrack.datasets.contents import Contents, Summary
from regtrack.datasets.settings import DEFAULT_SPLIT, SPLITS
from regtrack.genome.markers import categories_of, describe_markers
from regtrack.listing import first_names

_REASONS = {
    "outside": "not wholly in the regions of a split",
    "N": "too much N",
    "excluded": "too much excluded",
    "partial": "ends of chromosomes, shorter than a window",
}


def describe_dataset(folder: Path) -> str:
    """A dataset in a screenful: what was kept, and why the rest was not.

    Raises
    ------
    InputError
        As `Contents.read`.
    """
    found = Contents.read(folder)
    summary = found.summary
    lines = {
        "dataset": f"{folder}, {_size(found):,.1f} MB, sha256 {found.digest[:16]}...",
        "task": f"{found.task}, {found.window:,} bases per input",
        "genome": f"{found.assembly}, {found.genome or 'no FASTA: inputs as published'}",
        "markers": describe_markers(found.markers),
        **_bins(found),
        **({"peaks": f"{summary['peaks']:,}"} if "peaks" in summary else {}),
        **_splits(found),
        **_dropped(summary),
        "no peak in train": _named(summary.get("without_peak_in_train", [])),
        **_unknown(found),
        "base rates": "".join(f"{split:>10}" for split in SPLITS),
        **{
            f"  {category}": "".join(
                f"{rates[split]:>10.5f}" if split in rates else f"{'-':>10}" for split in SPLITS
            )
            for category, rates in summary.get("base_rates", {}).items()
        },
    }
    width = max(map(len, lines)) + 2
    return "\n".join(f"{key:<{width}}{value}" for key, value in lines.items())


def _bins(found: Contents) -> dict[str, str]:
    """Of the short task, which bins are samples; DeepSEA's files come with theirs."""
    if found.task == "dense" or not found.genome:
        return {}
    kinds = categories_of(compress(found.markers, deciding(found.markers)))
    why = "" if "TFBS" in kinds else "; there is no TFBS marker"
    return {"bins": f"those more than half in a peak of {', '.join(kinds)}{why}"}


def _size(found: Contents) -> float:
    """Megabytes of its files."""
    return sum(size for size, _ in found.files.values()) / 1e6


def _splits(found: Contents) -> dict[str, str]:
    """How the windows were split, and what each split has."""
    settings, summary = found.settings, found.summary
    if "windows" not in summary:
        how = "as published"
    elif any(split in settings for split in SPLITS):
        how = "by region"
    else:
        shares = settings.get("split", DEFAULT_SPLIT)
        how = f"windows at random, {shares}, seed {settings.get('seed', 0)}"
    return {"split": how, **{f"  {split}": _one_split(summary, split) for split in SPLITS}}


def _one_split(summary: Summary, split: str) -> str:
    """`304 windows, 7,600,000 bases, 7,555,111 of them known`."""
    parts = []
    if "samples" in summary:
        parts.append(f"{summary['samples'][split]:,} samples")
    if "windows" in summary:
        if not summary["windows"][split]:
            return "left out"
        parts.append(
            f"{summary['windows'][split]:,} windows, {summary['bases'][split]:,} bases, "
            f"{summary['known'][split]:,} of them known"
        )
    return " in ".join(parts)


def _dropped(summary: Summary) -> dict[str, str]:
    """Windows and bases dropped, by reason."""
    if "dropped" not in summary:
        return {}
    total = sum(one["windows"] for one in summary["dropped"].values())
    return {
        "dropped": f"{total:,} windows",
        **{
            f"  {reason}": f"{one['windows']:,} windows, {one['bases']:,} bases: "
            f"{_REASONS.get(reason, reason)}"
            for reason, one in summary["dropped"].items()
            if one["windows"]
        },
    }


def _named(names: list[str]) -> str:
    """`3 markers: A, B, C ...`."""
    return f"{len(names)} markers: {first_names(names)}" if names else "none"


def _unknown(found: Contents) -> dict[str, str]:
    """Markers that are unknown on some chromosomes, those of the same ones together."""
    counts = Counter(found.unknown.values())
    texts = [f"{count} markers on {', '.join(chroms)}" for chroms, count in counts.items()]
    return {"unknown": "; ".join(texts)} if texts else {}
