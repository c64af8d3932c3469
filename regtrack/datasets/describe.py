"""What a dataset folder is, as text for people."""

from __future__ import annotations

from collections import Counter
from itertools import compress
from pathlib import Path

from regtrack.datasets.bins import deciding
from regtrack.datasets.contents import Contents, Summary
from regtrack.datasets.settings import DEFAULT_SPLIT, SPLITS
from regtrack.genome.markers import categories_of, describe_markers
from regtrack.listing import counted, first_names
from regtrack.paths import shell_word
from regtrack.run_summary import LeftOut, RunSummary
from regtrack.text_columns import named_lines

_REASONS = {
    "outside": "not wholly in the regions of a split",
    "N": "too much N",
    "excluded": "too much excluded",
    "partial": "ends of chromosomes, shorter than a window",
}


def describe_dataset(folder: Path) -> str:
    """A dataset in some 20 lines: what was kept, why the rest was not, and what comes next.

    Raises
    ------
    InputError
        As `Contents.read`.
    """
    lines = _described(folder, Contents.read(folder))
    return named_lines({**lines, "next": _training(folder)})


def _described(folder: Path, contents: Contents) -> dict[str, str]:
    summary = contents.summary
    return {
        "dataset": f"{folder}, {_size(contents):,.1f} MB, sha256 {contents.digest[:16]}...",
        "task": f"{contents.task}, {counted(contents.window, 'base')} per input",
        "genome": f"{contents.assembly}, {contents.genome or 'no FASTA: inputs as published'}",
        "markers": describe_markers(contents.markers),
        **_bins(contents),
        **({"peaks": f"{summary['peaks']:,}"} if "peaks" in summary else {}),
        **_splits(contents),
        **_dropped(summary),
        "no peak in train": _named(summary.get("without_peak_in_train", [])),
        **_unknown(contents),
        "base rates": "".join(f"{split:>10}" for split in SPLITS),
        **{
            f"  {category}": "".join(
                f"{rates[split]:>10.5f}" if split in rates else f"{'-':>10}" for split in SPLITS
            )
            for category, rates in summary.get("base_rates", {}).items()
        },
    }


def _training(folder: Path) -> str:
    return f"regtrack train {shell_word(folder)} --out model.safetensors"


def summarise_dataset(folder: Path) -> RunSummary:
    """A dataset that was just made, with what `describe_dataset` says of it.

    Raises
    ------
    InputError
        As `Contents.read`.
    """
    contents = Contents.read(folder)
    summary = contents.summary
    by_split = {name: summary.get(name) for name in ("windows", "bases", "known", "samples")}
    return RunSummary(
        named_lines(_described(folder, contents)),
        written=(folder,),
        counts={
            "markers": len(contents.markers),
            **({"peaks": summary["peaks"]} if "peaks" in summary else {}),
            **{name: numbers for name, numbers in by_split.items() if numbers is not None},
            "bytes": sum(size for size, _ in contents.files.values()),
        },
        left_out=[
            *(
                LeftOut("windows", _REASONS.get(reason, reason), dropped["windows"])
                for reason, dropped in summary.get("dropped", {}).items()
            ),
            LeftOut.named(
                "peaks of markers in train",
                "there are none",
                summary.get("without_peak_in_train", []),
            ),
        ],
        following=[f"next: {_training(folder)}"],
    )


def _bins(contents: Contents) -> dict[str, str]:
    """Which bins are samples, in the short task; the DeepSEA files come with their own."""
    if contents.task == "dense" or not contents.genome:
        return {}
    kinds = categories_of(compress(contents.markers, deciding(contents.markers)))
    why = "" if "TFBS" in kinds else "; there is no TFBS marker"
    return {"bins": f"those more than half in a peak of {', '.join(kinds)}{why}"}


def _size(contents: Contents) -> float:
    """Megabytes of its files."""
    return sum(size for size, _ in contents.files.values()) / 1e6


def _splits(contents: Contents) -> dict[str, str]:
    """How the windows were split, and what each split has."""
    settings, summary = contents.settings, contents.summary
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
        parts.append(counted(summary["samples"][split], "sample"))
    if "windows" in summary:
        if not summary["windows"][split]:
            return "left out"
        parts.append(
            f"{counted(summary['windows'][split], 'window')}, "
            f"{counted(summary['bases'][split], 'base')}, "
            f"{summary['known'][split]:,} of them known"
        )
    return " in ".join(parts)


def _dropped(summary: Summary) -> dict[str, str]:
    """Windows and bases dropped, by reason."""
    if "dropped" not in summary:
        return {}
    total = sum(dropped["windows"] for dropped in summary["dropped"].values())
    return {
        "dropped": f"{counted(total, 'window')}",
        **{
            f"  {reason}": f"{counted(dropped['windows'], 'window')}, "
            f"{counted(dropped['bases'], 'base')}: "
            f"{_REASONS.get(reason, reason)}"
            for reason, dropped in summary["dropped"].items()
            if dropped["windows"]
        },
    }


def _named(names: list[str]) -> str:
    """`3 markers: A, B, C ...`."""
    return f"{counted(len(names), 'marker')}: {first_names(names)}" if names else "none"


def _unknown(contents: Contents) -> dict[str, str]:
    """Markers that are unknown on some chromosomes, grouped by chromosomes."""
    counts = Counter(contents.unknown.values())
    texts = [
        f"{counted(count, 'marker')} on {', '.join(chroms)}" for chroms, count in counts.items()
    ]
    return {"unknown": "; ".join(texts)} if texts else {}
