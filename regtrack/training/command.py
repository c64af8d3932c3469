"""A training as it is asked for: from paths and names to a finished checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from regtrack.datasets.folder import open_dataset
from regtrack.models.catalog import find_architecture
from regtrack.models.device import choose_device
from regtrack.training.observer import Silent, TrainingObserver
from regtrack.training.processes import first_on_machine, joined
from regtrack.training.run import TrainingResult, train
from regtrack.training.settings import TrainingSettings
from regtrack.training.tensorboard import TensorBoardLog


@dataclass(frozen=True)
class TrainingRequest:
    """What to train, on what.

    Parameters
    ----------
    dataset, genome
        As `regtrack.datasets.folder.open_dataset`.
    architecture, network_settings
        Name of the network (None is the usual one), and its settings that differ from its own.
    device
        As `regtrack.models.device.choose_device`.
    tensorboard
        Folder for TensorBoard's log, or None.
    """

    dataset: Path
    genome: Path | None
    architecture: str | None
    network_settings: Mapping[str, Any]
    settings: TrainingSettings
    device: str = "auto"
    tensorboard: Path | None = None


def run_training(
    request: TrainingRequest, out: Path, force: bool, observer: TrainingObserver
) -> TrainingResult:
    """Train as asked; every process that torchrun started calls this.

    Raises
    ------
    RegtrackError, OSError
        As `regtrack.training.run.train` and what it is given by.
    """
    # None reads labels before all have joined, and so before the first one has checked them.
    dataset = open_dataset(request.dataset, request.genome, checked=not first_on_machine())
    architecture = find_architecture(dataset.task, request.architecture)
    with joined(choose_device(request.device)) as processes, ExitStack() as stack:
        told: TrainingObserver = Silent()
        if processes.is_first:
            told = observer
            if request.tensorboard is not None:
                told = stack.enter_context(TensorBoardLog(request.tensorboard, observer))
        return train(
            dataset,
            architecture,
            request.network_settings,
            request.settings,
            processes,
            out,
            force,
            told,
        )
