"""What a network or a checkpoint is, as text for people."""

from __future__ import annotations

from pathlib import Path

from regtrack.genome.markers import describe_markers
from regtrack.genome.names import first_names
from regtrack.models.catalog import ARCHITECTURES, PAPER_MARKERS
from regtrack.models.checkpoint import file_sha256, read_checkpoint


def models_table() -> str:
    """Every network that can be trained, one line each."""
    row = "{:<10}{:<7}{:>11}{:>10}{:>17}{:>8}  {}".format
    lines = [row("name", "task", "parameters", "paper", "context", "stride", "layers")]
    for architecture in ARCHITECTURES.values():
        network = architecture.build(PAPER_MARKERS)
        context = network.context
        lines.append(
            row(
                architecture.name,
                architecture.task,
                f"{network.parameter_count():,}",
                f"{architecture.paper_parameters:,}",
                f"-{context.left:,} +{context.right:,}",
                context.stride,
                architecture.layers,
            )
        )
    lines.append(f"parameters for {PAPER_MARKERS} markers; context in bases left and right")
    return "\n".join(lines)


def describe_checkpoint(path: Path) -> str:
    """A checkpoint in a screenful.

    Raises
    ------
    InputError
        As `regtrack.models.checkpoint.read_checkpoint`.
    """
    checkpoint = read_checkpoint(path)
    network = checkpoint.build()
    training = checkpoint.training
    scores = training.get("average_precision", {})
    lines = {
        "checkpoint": path,
        "sha256": file_sha256(path),
        "network": f"{checkpoint.architecture}, {network.parameter_count():,} parameters",
        "context": f"{network.context.left:,} bases left, {network.context.right:,} right; "
        f"windows start at multiples of {network.context.stride}",
        "settings": ", ".join(f"{key} {value}" for key, value in checkpoint.settings.items()),
        "markers": describe_markers(checkpoint.markers),
        "assembly": f"{checkpoint.assembly}: {len(checkpoint.chrom_sizes)} chromosomes "
        f"({first_names(checkpoint.chrom_sizes)})",
        "trained on": first_names(training.get("train", ()), most=6),
        "validated on": first_names(training.get("valid", ()), most=6),
        "best step": training.get("step", ""),
        "average precision": ", ".join(f"{key} {value:.4f}" for key, value in scores.items()),
    }
    return "\n".join(f"{key:<18}{value}" for key, value in lines.items())
