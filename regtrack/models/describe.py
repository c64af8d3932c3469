"""What a network or a checkpoint is, as text for people."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean

import torch

from regtrack.genome.intervals import Regions, total_bases
from regtrack.genome.markers import describe_markers
from regtrack.genome.seen import NOT_STORED
from regtrack.listing import counted, first_names, names_and_rest
from regtrack.models.architecture import Architecture
from regtrack.models.catalog import ARCHITECTURES, PAPER_MARKERS
from regtrack.models.checkpoint import CREDITS, Checkpoint, ThresholdsFrom, read_identified
from regtrack.paths import shell_word
from regtrack.text_columns import named_lines, wrapped

# Of the narrowest terminal that is usual.
_COLUMNS = 80

# In words, what thresholds are chosen by.
_ORIGINS: dict[ThresholdsFrom, str] = {
    "peaks": "by the best F1 of peaks",
    "bases": "by the best F1 of bases",
    "scores": "by published scores",
    "given": "as given",
}


def models_table() -> str:
    """Every network that can be trained, in 80 columns; `docs/models.py` writes it to a file."""
    row = "{:<10}{:<7}{:>11}{:>12}{:>19}{:>8}".format
    lines = [row("name", "task", "parameters", "paper", "context", "stride")]
    for architecture in _architectures():
        with torch.device("meta"):  # no weights are needed
            network = architecture.build(PAPER_MARKERS)
        context, paper = network.context, architecture.paper_parameters
        lines.append(
            row(
                architecture.name,
                architecture.task,
                f"{network.parameter_count():,}",
                f"{paper:,}" if paper else "not known" if architecture.in_paper else "none",
                f"-{context.left:,} +{context.right:,}" if context.exact else "the whole window",
                context.stride,
            )
        )
    row = "{:<10}{:<7}{}".format
    lines += ["", row("name", "task", "layers")]
    for architecture in _architectures():
        lines.append(row(architecture.name, architecture.task, architecture.layers))
    lines += ["", row("name", "task", "settings, with their defaults")]
    for architecture in _architectures():
        settings = [f"{name} {value}" for name, value in architecture.default_settings().items()]
        lines.append(row(architecture.name, architecture.task, ", ".join(settings) or "none"))
    lines.append("")
    lines.append(
        f"Parameters for {counted(PAPER_MARKERS, 'marker')}. Context: bases to the left and "
        f"right that a "
        "prediction depends on. Stride: windows start at multiples of it. conv 20/10: a "
        "convolution 20 wide, in steps of 10; (3, 9): layers dilated by 3 and 9."
    )
    return wrapped("\n".join(lines), _COLUMNS)


def _architectures() -> list[Architecture]:
    """All networks, task by task."""
    return [network for task in ARCHITECTURES.values() for network in task.values()]


def describe_checkpoint(path: Path) -> str:
    """A checkpoint in a screenful.

    Raises
    ------
    InputError
        As `regtrack.models.checkpoint.read_identified`.
    """
    checkpoint, sha256 = read_identified(path, unnamed=True)
    training = checkpoint.training
    scores = training.get("average_precision", {})
    own = f" --networks {shell_word(Path(checkpoint.code.file))}" if checkpoint.code else ""
    lines = {
        "checkpoint": path,
        "sha256": sha256,
        **_network(checkpoint),
        "settings": ", ".join(f"{key} {value}" for key, value in checkpoint.settings.items()),
        "markers": describe_markers(checkpoint.markers),
        **({"values": _signal(checkpoint)} if checkpoint.is_signal else {}),
        **{name: training[name] for name in CREDITS if name in training},
        "assembly": checkpoint.assembly + _chromosomes(checkpoint),
        "dataset": _windows(checkpoint),
        **_places(checkpoint),
        "best step": training.get("step", ""),
        "average precision": ", ".join(f"{key} {value:.4f}" for key, value in scores.items()),
        "thresholds": _thresholds(checkpoint),
        "peaks": _peaks(checkpoint),
        "next": f"regtrack predict REGION --model {shell_word(path)}{own} --out tracks/",
    }
    return named_lines({key: value for key, value in lines.items() if value != ""})


def _network(checkpoint: Checkpoint) -> dict[str, str]:
    """What the network is, and its context; less of one whose code nobody has named."""
    name = f"{_name(checkpoint)} ({checkpoint.task} task)"
    if checkpoint.code is not None and not checkpoint.is_named:
        code = checkpoint.code
        return {
            "network": f"{name}, SHA-256 {code.sha256}; its code only runs when you name it",
            "context": _context(code.left, code.right, code.exact),
        }
    network = checkpoint.sketch()
    context = network.context
    return {
        "network": f"{name}, {network.parameter_count():,} parameters",
        "context": f"{_context(context.left, context.right, context.exact)}; "
        f"windows start at multiples of {context.stride}",
    }


def _context(left: int, right: int, exact: bool) -> str:
    overlapping = "" if exact else " (windows overlap by this much)"
    return f"{left:,} bases left, {right:,} right{overlapping}"


def _name(checkpoint: Checkpoint) -> str:
    """`dilated`, or `MyNet of my_networks.py`."""
    of = f" of {checkpoint.code.file}" if checkpoint.code else ""
    return f"{checkpoint.architecture}{of}"


def _signal(checkpoint: Checkpoint) -> str:
    """`a signal; ranges of the markers from 0.5 to 12`."""
    lowest, highest = min(checkpoint.ranges), max(checkpoint.ranges)
    return f"a signal; ranges of the markers from {lowest:.3g} to {highest:.3g}"


def _chromosomes(checkpoint: Checkpoint) -> str:
    """`: 4 chromosomes (chr6, chr17, chr20 ...)`, or nothing where none are known."""
    if not checkpoint.chrom_sizes:
        return ""
    count = len(checkpoint.chrom_sizes)
    return f": {counted(count, 'chromosome')} ({first_names(checkpoint.chrom_sizes)})"


def _windows(checkpoint: Checkpoint) -> str:
    """`281 windows (train), 51 windows (valid)`, or inputs in the short task."""
    unit = "windows" if checkpoint.task == "dense" else "inputs"
    counts = checkpoint.training.get("windows", {})
    return ", ".join(f"{count:,} {unit} ({split})" for split, count in counts.items())


def _places(checkpoint: Checkpoint) -> dict[str, str]:
    """Where it was trained, a line per split."""
    if checkpoint.seen is None:
        return {"trained on": NOT_STORED}
    return {f"  {split}": _bases(regions) for split, regions in vars(checkpoint.seen).items()}


def _bases(regions: Regions) -> str:
    """`7,025,000 bases in 41 stretches on chr6, chr17, chr20 ...`."""
    if not regions:
        return "none"
    stretches = counted(sum(map(len, regions.values())), "stretch", "stretches")
    return f"{counted(total_bases(regions), 'base')} in {stretches} on {first_names(regions)}"


def _thresholds(checkpoint: Checkpoint) -> str:
    """`0.12 to 0.61, by the best F1 of peaks`."""
    lowest, highest = min(checkpoint.thresholds), max(checkpoint.thresholds)
    values = f"{lowest:.3g}" if lowest == highest else f"{lowest:.3g} to {highest:.3g}"
    origins = {checkpoint.threshold_from(row) for row in range(len(checkpoint.markers))}
    return (
        f"{values}, {' or '.join(words for origin, words in _ORIGINS.items() if origin in origins)}"
    )


def _peaks(checkpoint: Checkpoint) -> str:
    """Mean precision and recall of peaks in validation, and the markers that get none."""
    with_peaks = [
        marker
        for marker in checkpoint.validated
        if marker and marker.is_skilled and marker.peak_precision is not None
    ]
    sentences = []
    if with_peaks:
        precision = fmean(marker.peak_precision or 0.0 for marker in with_peaks)
        recall = fmean(marker.peak_recall or 0.0 for marker in with_peaks)
        sentences.append(f"precision {precision:.3f}, recall {recall:.3f} (validation)")
    names = [marker.name for marker in checkpoint.unskilled]
    if names:
        sentences.append(
            f"{len(names):,} of {counted(len(checkpoint.markers), 'marker')} get none, being "
            f"not clearly better than chance in validation: {names_and_rest(names)}"
        )
    return "; ".join(sentences)
