"""The training loop: examples, Adam, validation, and the best checkpoint."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from regtrack import __version__
from regtrack.atomic import write_text
from regtrack.datasets.dataset import Dataset
from regtrack.errors import ArgumentError, InputError, RegtrackError
from regtrack.folders import file_sha256
from regtrack.genome.seen import Seen
from regtrack.models.architecture import Architecture
from regtrack.models.checkpoint import Checkpoint, save_checkpoint
from regtrack.models.device import describe_arithmetic, has_bfloat16, memory_advice
from regtrack.models.network import ALL, Network
from regtrack.observer import Observer
from regtrack.training.batches import Loader, PackedBatch, Prefetch
from regtrack.training.device_counts import counts_there
from regtrack.training.events import StepDone, TrainingStarted, ValidationDone
from regtrack.training.examples import make_examples
from regtrack.training.processes import Processes
from regtrack.training.settings import FittedSettings
from regtrack.training.state import HistoryRow, TrainingState, history_table
from regtrack.training.step import Stepper, settle_norms
from regtrack.training.validation import Validation, count_split
from regtrack.work_folders import LOG, STATE

# Steps after which losses are read and told: a GPU would wait for the reader after each.
_TELL_EVERY = {"cpu": 1, "cuda": 16}


class Trainer:
    """A training.

    Parameters
    ----------
    dataset, architecture
        Of the same task.
    network_settings
        Those that differ from the network's own.
    settings
        Fitted to the dataset.
    work
        Folder of the state, the log and the best checkpoint. The training continues from a
        state that is there.

    Raises
    ------
    ArgumentError
        When the windows do not suit the network, or are fewer than a batch; for a network
        without weights.
    InputError
        When no marker has a peak to learn from, or to be scored by, or the machines of a
        training do not share `work`.
    """

    def __init__(
        self,
        dataset: Dataset,
        architecture: Architecture,
        network_settings: Mapping[str, Any],
        settings: FittedSettings,
        processes: Processes,
        work: Path,
        observer: Observer,
    ) -> None:
        self._dataset = dataset
        self._architecture = architecture
        self._network_settings = {**architecture.default_settings(), **network_settings}
        self._settings = settings
        self._processes = processes
        self._work = work
        self._observer = observer

        rates = dataset.base_rates("train")
        for split, of_split in ("training", rates), ("validation", dataset.base_rates("valid")):
            if not of_split.any():
                raise InputError(dataset.path, f"no marker has a peak in the {split} windows")
        torch.manual_seed(settings.seed)
        network = architecture.build(len(dataset.markers), network_settings)
        if not network.parameter_count():
            raise ArgumentError("model", f"{architecture.name} has no weight to train")
        if network.is_signal:
            raise ArgumentError(
                "model",
                f"{architecture.name} gives a signal, and peaks are 0 or 1: train it elsewhere, "
                "then `regtrack import network`",
            )
        start_from_base_rates(network, rates)
        self.network = network.to(processes.device)
        self._precision = choose_precision(settings.precision, processes.device)
        self._stepper = Stepper(
            self.network,
            processes,
            settings.positive_weight,
            self._precision,
        )
        stride = network.context.stride
        self._examples = make_examples(dataset, settings, stride, settings.seed)
        self._for_norms = make_examples(dataset, settings, stride, settings.seed + 1)
        self._seen = seen_by(dataset)
        self._loader = Loader(processes.device, counts_there(processes.device))
        self._prefetch = Prefetch.to(processes.device, self._packed)
        self._tell_every = _TELL_EVERY.get(processes.device.type, 1)
        self._untold: list[tuple[int, Tensor]] = []  # steps whose losses were not read
        self._saved = 0.0
        path = work / STATE
        self.state = TrainingState()
        if path.exists():
            self.state = TrainingState.load(path, self.network, self._stepper.optimizer)
        if processes.agreed(self.state.step) != self.state.step:
            raise InputError(work, "not seen by all machines; expected a folder that they share")

    def run(self, stop: Callable[[], bool]) -> bool:
        """Train until the end, or until `stop` is true; returns whether that stopped it.

        Raises
        ------
        RegtrackError
            When the loss is not a number any more.
        OSError
            When a file cannot be written; what was saved before stays.
        """
        windows, valid = (self._dataset.size(split) for split in ("train", "valid"))
        arithmetic = describe_arithmetic(self._precision, self._processes.device)
        self._observer.told(TrainingStarted(windows, valid, self.state.step, arithmetic))
        self.network.train()
        with self._prefetch, memory_advice(batch_size="a smaller {}"):
            stopped = self._loop(stop)
            if stopped:
                self._save()
            elif self.state.losses:
                self._validate()
        return stopped

    def _loop(self, stop: Callable[[], bool]) -> bool:
        """Do steps until the training is done; returns whether it was stopped before."""
        state, settings = self.state, self._settings
        began = time.monotonic() - state.seconds
        self._saved = state.seconds
        stopped = False
        while (done := self._done(state.step)) < 1:
            if stop():
                stopped = True
                break
            state.learning_rate = settings.rate_at(done)
            packed = self._prefetch.batch(state.step)
            # Dropout is a function of the step, too, so that the state need not hold it.
            torch.manual_seed(_mixed(settings.seed, state.step, self._processes.rank))
            loss = self._stepper.step(self._loader.load(packed), state.learning_rate)
            state.step += 1
            self._untold.append((state.step, loss))
            validates = state.step % self._validate_every == 0
            if validates or state.step % self._tell_every == 0:
                self._tell(began)
            if validates:
                self._validate()
            elif state.seconds - self._saved > 60 * settings.save_minutes:
                self._save()
        if self._untold:
            self._tell(began)
        return stopped

    def _tell(self, began: float) -> None:
        """Read the losses of the last steps, which waits for these, and tell of them."""
        state = self.state
        losses = torch.stack([loss for _, loss in self._untold]).tolist()
        steps = [step for step, _ in self._untold]
        self._untold = []
        state.seconds = self._processes.agreed(time.monotonic() - began)
        for step, loss in zip(steps, losses, strict=True):
            if not math.isfinite(loss):
                raise self._diverged(f"the loss is {loss} at step {step}")
            state.losses.append(loss)
            self._observer.told(StepDone(step, self._done(step), loss))

    @property
    def _validate_every(self) -> int:
        return self._settings.validate_every or math.ceil(
            len(self._examples) / self._settings.batch_size
        )

    def _numbers(self, step: int) -> npt.NDArray[np.int64]:
        """Numbers of the examples that this process has in a step."""
        size = self._settings.batch_size
        return self._processes.share(np.arange(step * size, (step + 1) * size))

    def _packed(self, step: int) -> PackedBatch:
        batch = self._examples.batch(self._numbers(step))
        return self._loader.pack(batch, positions_of(step, self._settings))

    def _epoch(self, step: int) -> float:
        return step * self._settings.batch_size / len(self._examples)

    def _done(self, step: int) -> float:
        """Share of the training that is done after a step; 1 is the end."""
        state, settings = self.state, self._settings
        if settings.patience is not None and state.since_best >= settings.patience:
            return 1.0
        return max(
            step / settings.steps,
            self._epoch(step) / settings.epochs,
            state.seconds / (60 * settings.minutes),
        )

    def _validate(self) -> None:
        """Score the network on the validation split; save it when it is the best."""
        self._check_weights()
        self.network.eval()
        if self._settings.norm_batches:
            steps = range(self._settings.norm_batches)
            settle_norms(
                self.network,
                (self._for_norms.codes(self._numbers(step)) for step in steps),
            )
        counts = count_split(self.network, self._dataset, "valid", self._processes)
        state = self.state
        validation = Validation.of(self._dataset, counts, state.step)
        old = state.best
        is_best = old is None or validation.average_precision > old.average_precision
        state.history.append(
            HistoryRow(
                step=state.step,
                epoch=self._epoch(state.step),
                seconds=state.seconds,
                learning_rate=state.learning_rate,
                loss=sum(state.losses) / len(state.losses),
                mean=validation.average_precision,
                best=is_best,
                average_precision={
                    mean.category: mean.average_precision for mean in validation.means
                },
                base_rate={mean.category: mean.base_rate for mean in validation.means},
                validation_loss=counts.histogram.mean_loss(self._settings.positive_weight),
            )
        )
        state.losses = []
        state.since_best = 0 if is_best else state.since_best + 1
        if is_best:
            state.best = validation
            if self._processes.is_first:
                path = best_path(self._work, validation)
                save_checkpoint(path, self._checkpoint(validation), self.network)
                state.best_sha256 = file_sha256(path)
        self._save()
        if is_best and old is not None and self._processes.is_first:
            # Only now: until the state was saved, the last one on disk named the old best.
            best_path(self._work, old).unlink(missing_ok=True)
        self._observer.told(ValidationDone(state.history[-1]))
        self.network.train()

    def _save(self) -> None:
        """Save the state and the log, complete or not at all."""
        self._check_weights()
        if self._processes.is_first:
            self.state.save(self._work / STATE, self.network, self._stepper.optimizer)
            write_text(self._work / LOG, history_table(self.state.history))
        self._saved = self.state.seconds

    def _check_weights(self) -> None:
        """Refuse weights that are not numbers, before they are scored or saved."""
        finite = [weights.isfinite().all() for weights in self.network.parameters()]
        if not bool(torch.stack(finite).all()):
            raise self._diverged(f"a weight is not a number after step {self.state.step}")

    def _diverged(self, what: str) -> RegtrackError:
        state = "no state was saved before it; start over"
        if (self._work / STATE).exists():
            state = (
                f"the last good state is kept in {self._work}; the same command continues from it"
            )
        return RegtrackError(
            f"{what}: {state}, with a --learning-rate under {self._settings.learning_rate:g}"
        )

    def _checkpoint(self, validation: Validation) -> Checkpoint:
        dataset = self._dataset
        return Checkpoint(
            task=dataset.task,
            architecture=self._architecture.name,
            settings=self._network_settings,
            markers=dataset.markers,
            assembly=dataset.assembly,
            chrom_sizes=dict(dataset.chrom_sizes),
            thresholds=validation.thresholds,
            validated=validation.validated,
            training={
                "regtrack": __version__,
                "settings": self._settings.recorded(),
                "dataset": dataset.digest,
                "windows": {split: dataset.size(split) for split in ("train", "valid", "test")},
                "step": validation.step,
                "seconds": round(self.state.seconds, 1),
                "average_precision": {
                    mean.category: mean.average_precision for mean in validation.means
                },
            },
            seen=self._seen,
            code=self._architecture.code_of(self.network),
        )


def best_path(work: Path, validation: Validation) -> Path:
    """Path of the checkpoint of a validation while it is the best."""
    return work / f"best-{validation.step}.safetensors"


def seen_by(dataset: Dataset) -> Seen | None:
    """The bases that a training on a dataset sees; None for the DeepSEA files."""
    train, valid = (dataset.regions(split) for split in ("train", "valid"))
    return None if train is None or valid is None else Seen(train, valid)


def positions_of(step: int, settings: FittedSettings) -> slice:
    """Positions of a window that the loss of a step is computed at: from a random one on."""
    if settings.loss_step == 1:
        return ALL
    first = _mixed(settings.seed, step, 2**31) % settings.loss_step
    return slice(first, None, settings.loss_step)


def start_from_base_rates(network: Network, rates: npt.NDArray[np.float64]) -> None:
    """Set the last layer's bias, if there is one, so that the network gives the base rates.

    Otherwise the first hundred steps are spent on learning how rare peaks are.
    """
    clipped = np.clip(rates, 1e-5, 0.5)
    with torch.no_grad():
        bias = network.output_bias
        if bias is not None:
            bias.copy_(torch.from_numpy(np.log(clipped / (1 - clipped))))


def choose_precision(name: str, device: torch.device) -> torch.dtype:
    """The type to compute in, of `auto`, `float32` or `bfloat16`."""
    if name == "auto":
        return torch.bfloat16 if has_bfloat16(device) else torch.float32
    return torch.bfloat16 if name == "bfloat16" else torch.float32


def _mixed(*numbers: int) -> int:
    """One seed out of several numbers."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0]) >> 1
