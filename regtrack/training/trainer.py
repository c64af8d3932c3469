"""The training loop: random windows, Adam, the best checkpoint kept."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from regtrack import __version__
from regtrack.errors import InputError, OptionError, RegtrackError
from regtrack.genome.fasta import Codes, Genome
from regtrack.genome.intervals import Interval, IntervalSet
from regtrack.genome.markers import Marker, read_markers, select_markers
from regtrack.genome.regions import read_regions
from regtrack.models.catalog import find_architecture
from regtrack.models.checkpoint import Checkpoint, save_checkpoint
from regtrack.models.dense import DenseNetwork
from regtrack.training.examples import Examples
from regtrack.training.labels import Labels, PeakLabels
from regtrack.training.norms import settle_norms
from regtrack.training.settings import TrainingSettings
from regtrack.training.validation import Validation, validate
from regtrack.training.windows import RandomWindows


@dataclass(frozen=True)
class TrainingData:
    """What to train on: a genome, markers with measured peaks, and two sets of regions."""

    genome: Genome
    assembly: str
    markers: tuple[Marker, ...]
    train: Mapping[str, IntervalSet]
    valid: Mapping[str, IntervalSet]


@dataclass(frozen=True)
class TrainingResult:
    """How a training ended: the validation whose weights were kept, and whether Ctrl-C came."""

    best: Validation
    steps: int
    interrupted: bool


class TrainingObserver(Protocol):
    """Is told of the progress; what it does with it is its own affair."""

    def started(self, windows: int, train_bases: int, valid_bases: int) -> None:
        """Before the first step."""

    def stepped(self, step: int, loss: float) -> None:
        """After each step."""

    def validated(self, validation: Validation, is_best: bool) -> None:
        """After each validation."""


def check_out(out: Path, force: bool) -> None:
    """Refuse a checkpoint path that cannot be written, before hours are spent on it.

    Raises
    ------
    InputError
        When `out` exists and `force` is not set, or is a folder.
    OSError
        When its folder cannot be made or written.
    """
    if out.is_dir():
        raise InputError(out, "is a folder; expected a file name such as model.safetensors")
    if out.exists() and not force:
        raise InputError(out, "exists already; --force replaces it")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=out.parent):
        pass


def read_data(
    genome: Path,
    peaks_table: Path,
    train_regions: Sequence[str],
    valid_regions: Sequence[str],
    marker_patterns: Sequence[str],
    assembly: str | None,
) -> TrainingData:
    """Open a genome and a markers table, and read the regions.

    Parameters
    ----------
    train_regions, valid_regions
        As typed, or BED files.
    marker_patterns
        As `regtrack.genome.markers.select_markers`.
    assembly
        Name of the genome; None takes the name of its file.

    Raises
    ------
    InputError, OptionError
        For anything that cannot be used.
    """
    source = Genome(genome)
    return TrainingData(
        genome=source,
        assembly=assembly or genome.name.split(".")[0],
        markers=select_markers(read_markers(peaks_table), marker_patterns),
        train=read_regions(train_regions, source.chrom_sizes),
        valid=read_regions(valid_regions, source.chrom_sizes),
    )


def train(
    data: TrainingData,
    architecture: str,
    network_settings: Mapping[str, Any],
    settings: TrainingSettings,
    device: torch.device,
    out: Path,
    observer: TrainingObserver,
) -> TrainingResult:
    """Train a network and write the checkpoint of its best validation to `out`.

    While it trains, the best checkpoint so far lies in `<out>.partial`; it becomes
    `out` at the end, or at Ctrl-C.

    Raises
    ------
    OptionError
        When there is no such network, or the window does not fit it.
    RegtrackError
        When the loss is not a number any more.
    InputError
        When no window fits, training and validation regions overlap, or no marker has
        a peak in one of them.
    OSError
        When the checkpoint cannot be written.
    """
    chosen = find_architecture(architecture)
    torch.manual_seed(settings.seed)
    labels = PeakLabels.read(data.markers, data.genome.chrom_sizes)
    known = {name: data.genome.known(regions) for name, regions in _splits(data).items()}
    rates = labels.base_rates(known["--train"])
    _check_peaks(labels, known)

    network = chosen.build(len(data.markers), network_settings).to(device)
    _check_window(settings.window, network.context.stride)
    start_from_base_rates(network, rates)
    windows = RandomWindows(data.train, known["--train"], settings.window, network.context.stride)
    both_strands = settings.reverse_complement
    examples, norm_examples = (
        Examples(data.genome, labels, windows, both_strands=both_strands, seed=seed)
        for seed in (settings.seed, settings.seed + 1)
    )
    optimizer = torch.optim.Adam(network.parameters(), lr=settings.learning_rate)
    observer.started(
        len(windows), *(sum(part.bases for part in split.values()) for split in known.values())
    )

    partial = _partial(out)
    best: Validation | None = None

    def keep_if_best(step: int) -> Validation:
        settle_norms(
            network,
            (norm_examples.batch(settings.batch_size)[0] for _ in range(settings.norm_batches)),
        )
        validation = validate(network, data.genome, known["--valid"], data.markers, labels, step)
        is_best = best is None or validation.average_precision > best.average_precision
        if is_best:
            checkpoint = Checkpoint(
                architecture=architecture,
                settings={**chosen.default_settings(), **network_settings},
                markers=data.markers,
                assembly=data.assembly,
                chrom_sizes=dict(data.genome.chrom_sizes),
                thresholds=validation.thresholds,
                training=_summary(data, settings, validation),
            )
            save_checkpoint(partial, checkpoint, network)
        observer.validated(validation, is_best)
        return validation if is_best or best is None else best

    step = 0
    interrupted = False
    began = time.monotonic()
    network.train()
    try:
        while (done := _share_done(settings, step, time.monotonic() - began)) < 1:
            optimizer.param_groups[0]["lr"] = settings.rate_at(done)
            loss = _step(network, optimizer, examples.batch(settings.batch_size))
            step += 1
            if not math.isfinite(loss):
                raise RegtrackError(
                    f"the loss is {loss} at step {step}; try a lower --learning-rate. The best "
                    f"checkpoint before that, if there was one, is {partial}"
                )
            observer.stepped(step, loss)
            if step % settings.validate_every == 0:
                best = keep_if_best(step)
    except KeyboardInterrupt:
        if not step:
            raise
        interrupted = True
    if best is None or step % settings.validate_every:
        best = keep_if_best(step)
    partial.replace(out)
    return TrainingResult(best, step, interrupted)


def start_from_base_rates(network: DenseNetwork, rates: npt.NDArray[np.float64]) -> None:
    """Let the last layer's bias say what is known before any training: how rare peaks are.

    Otherwise the first hundred steps are spent on learning just that.
    """
    clipped = np.clip(rates, 1e-5, 0.5)
    with torch.no_grad():
        network.output.bias.copy_(torch.from_numpy(np.log(clipped / (1 - clipped))))


def masked_loss(logits: Tensor, labels: Tensor, known: Tensor) -> Tensor:
    """Binary cross-entropy, mean over the known bases and all markers.

    Parameters
    ----------
    logits, labels
        (batch, markers, length).
    known
        (batch, length), 1 where the base is not N.
    """
    weight = known[:, None, :]
    total = F.binary_cross_entropy_with_logits(logits, labels, weight=weight, reduction="sum")
    return total / (known.sum() * logits.shape[1])


def _step(
    network: DenseNetwork, optimizer: torch.optim.Optimizer, batch: tuple[Codes, Labels]
) -> float:
    """One step of Adam; returns the loss."""
    device = network.output.weight.device
    codes, labels = (torch.from_numpy(part).to(device) for part in batch)
    loss = masked_loss(
        network(codes.to(torch.int32)), labels.to(torch.float32), (codes > 0).to(torch.float32)
    )
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return loss.item()


def _share_done(settings: TrainingSettings, steps: int, seconds: float) -> float:
    """Share of the training that is done, by steps or by time, whichever is more."""
    return max(steps / settings.steps, seconds / (60 * settings.minutes))


def _splits(data: TrainingData) -> dict[str, Mapping[str, IntervalSet]]:
    """The regions by the option that names them, refused where they overlap."""
    for chrom, region in data.train.items():
        shared = region.intersect(data.valid[chrom]) if chrom in data.valid else ()
        for start, end in shared:
            raise InputError(
                "--valid", f"overlaps --train at {Interval(chrom, start, end)}; keep them apart"
            )
    return {"--train": data.train, "--valid": data.valid}


def _check_window(window: int, stride: int) -> None:
    if window % stride or window < 2 * stride:
        raise OptionError(
            "--window", f"expected a multiple of {stride}, at least {2 * stride}, got {window}"
        )


def _check_peaks(labels: PeakLabels, known: Mapping[str, Mapping[str, IntervalSet]]) -> None:
    """Without a single peak there is nothing to learn, or nothing to validate on."""
    for option, regions in known.items():
        if not labels.base_rates(regions).any():
            raise InputError(option, "no marker has a peak in these regions (outside of N)")


def _summary(
    data: TrainingData, settings: TrainingSettings, validation: Validation
) -> dict[str, Any]:
    """What `regtrack info` tells of a training."""
    limits = asdict(settings)
    if math.isinf(settings.minutes):
        del limits["minutes"]
    return {
        "regtrack": __version__,
        "settings": limits,
        "train": [str(one) for one in _listed(data.train)],
        "valid": [str(one) for one in _listed(data.valid)],
        "step": validation.step,
        "average_precision": {mean.category: mean.average_precision for mean in validation.means},
    }


def _partial(out: Path) -> Path:
    """Where the best checkpoint lies while the training goes on."""
    return out.with_name(f"{out.name}.partial")


def _listed(regions: Mapping[str, IntervalSet]) -> list[Interval]:
    return [Interval(chrom, *span) for chrom, spans in regions.items() for span in spans]
