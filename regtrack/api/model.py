"""A network to predict with: any stretch of a genome, as an array."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from regtrack.api.arguments import (
    PathLike,
    Patterns,
    Region,
    check_counts,
    genome_path,
    naming_arguments,
    optional_path,
    path_of,
    paths_of,
    patterns_of,
    typed,
)
from regtrack.api.prediction import Prediction
from regtrack.api.progress import observed
from regtrack.errors import ArgumentError, InputError
from regtrack.folders import size_text
from regtrack.genome.fasta import Genome
from regtrack.genome.gene_regions import GeneRegions
from regtrack.genome.intervals import EMPTY, Interval, IntervalSet
from regtrack.genome.markers import Marker, select_markers
from regtrack.genome.regions import parse_region
from regtrack.models.named_code import allowing_code
from regtrack.observer import Observer, staged
from regtrack.paths import file_state
from regtrack.workspace.networks import find_model, tell_of_bundled

if TYPE_CHECKING:
    from regtrack.models.checkpoint import Checkpoint


@dataclass(frozen=True, eq=False, repr=False)
class Model:
    """A trained network, as `load_model` finds it.

    Its weights are read when it first predicts.

    Parameters
    ----------
    path
        The checkpoint.
    checkpoint
        What it says of itself.
    state
        Tells the file from another one that takes its place.
    networks
        Python files whose code may be run for it.
    """

    path: Path
    checkpoint: Checkpoint
    state: tuple[int, int, int]
    networks: tuple[Path, ...] = ()

    @property
    def markers(self) -> tuple[Marker, ...]:
        """What it predicts, in the order of its outputs."""
        return self.checkpoint.markers

    @property
    def architecture(self) -> str:
        """The network's name, as `regtrack models` lists it."""
        return self.checkpoint.architecture

    @property
    def assembly(self) -> str:
        """Name of the genome that it was trained on."""
        return self.checkpoint.assembly

    def predict(
        self,
        genome: PathLike,
        region: Region,
        markers: Patterns | None = None,
        *,
        step: int | None = None,
        window: int | None = None,
        batch_size: int | None = None,
        device: str = "auto",
        genes: PathLike | None = None,
        any_genome: bool = False,
        progress: bool | Observer = False,
    ) -> Prediction:
        """Predict one region, at every base; all of it is held in memory.

        These are the probabilities that tracks are made of: those of `predict_tracks` lie within
        their `max_error` of them. Of a network that gives signals, they are these, and
        `max_error` is a share of each marker's range.

        Parameters
        ----------
        genome
            FASTA, plain or bgzip.
        region
            As typed: `chr22`, `chr22:1,001-2,000` (1-based, both ends included), `COMT+-50kb`; or
            `(chrom, start, end)`, 0-based, half-open.
        markers
            Names, cells, targets or categories, as `regtrack.markers` takes patterns: one, or
            several. None for all. Fewer take less time.
        step
            Of a network of the short task: bases that one value stands for. None for the bins of
            200 bases that it was trained on.
        window
            Bases that the network reads at once, halo included; None suits it.
        batch_size
            Windows that it reads together; None suits the device.
        device
            `auto`, `cpu`, `cuda` or `cuda:1`.
        genes
            Gene table for regions that are genes; None for what `regtrack fetch genes` fetched.
        any_genome
            Accept a genome that the network was not trained on.
        progress
            True for a bar on stderr, or an observer.

        Returns
        -------
        Prediction
            `values` is float32 (markers, bases); NaN at N. `start` is 0-based.

        Raises
        ------
        ArgumentError
            For an argument that cannot be used; the message begins with its name.
        InputError
            For a genome, region or checkpoint that cannot be used.
        OSError
            When a file cannot be read.
        """
        from regtrack.models.device import choose_device
        from regtrack.models.trained_genome import check_assembly
        from regtrack.prediction.blockwork import open_network
        from regtrack.prediction.forward import predict_interval
        from regtrack.prediction.job import context_at_step

        check_counts(step=step, window=window, batch_size=batch_size)
        with naming_arguments(), allowing_code(self.networks), observed(progress) as observer:
            self.check_unchanged()
            chosen = str(choose_device(device))
            context_at_step(self.checkpoint, step)
            fasta = genome_path(genome)
            source = Genome(fasta)
            sizes = source.chrom_sizes
            check_assembly(self.path, self.checkpoint, fasta, sizes, any_genome)
            text = typed(region, "region")
            where = parse_region(text, sizes, GeneRegions(optional_path(genes), sizes))
            kept = select_markers(self.markers, patterns_of(markers))
            _check_memory(where, len(kept))
            rows = tuple(self.markers.index(marker) for marker in kept)
            whole = {where.chrom: IntervalSet.of([where.start], [where.end])}
            known = source.known(whole).get(where.chrom, EMPTY)
            network, opened = open_network(self.path, fasta, rows, chosen, step)
            with staged(observer, "predicting", "bp", known.bases):
                values = predict_interval(
                    network,
                    opened,
                    where,
                    known,
                    observer,
                    window=window,
                    batch_size=batch_size,
                )
        return Prediction(where.chrom, where.start, kept, values)

    def check_unchanged(self) -> None:
        """Refuse to go on with another network than the one that was loaded.

        Raises
        ------
        InputError
            When another file has taken the checkpoint's place.
        """
        if file_state(self.path) != self.state:
            raise InputError(self.path, "has changed since it was loaded; load_model reads it anew")

    def __repr__(self) -> str:
        return (
            f"<Model {self.path.name}: {self.architecture}, {len(self.markers):,} markers, "
            f"{self.assembly}>"
        )


def load_model(model: PathLike, *, networks: PathLike | Iterable[PathLike] = ()) -> Model:
    """A network by its name, or by the path of its checkpoint.

    Parameters
    ----------
    model
        A checkpoint (.safetensors), as `regtrack train` writes it; or the name of one that was
        fetched, as `deepsea`. A file of that name goes before the network.
    networks
        Of a network of one's own (docs/own-network.md): the Python file that it is in, or several.
        Their code is run; without, no code is run that a checkpoint asks for.

    Raises
    ------
    ArgumentError
        When there is no such file or network, or the network is not fetched yet, or cannot be.
    InputError
        For a file that is no checkpoint, or one of a network whose code is not named.
    OSError
        When it cannot be read.
    """
    from regtrack.models.checkpoint import read_checkpoint

    files = paths_of(networks)
    with naming_arguments(), allowing_code(files):
        path = path_of(find_model(os.fspath(model)))
        tell_of_bundled(path)
        if path.is_dir():
            raise ArgumentError(
                "model", f"{path} is a folder; expected a checkpoint (.safetensors)"
            )
        if not path.exists():
            raise ArgumentError("model", f"no file {path}, and no network that is called so")
        state = file_state(path)
        return Model(path, read_checkpoint(path), state, files)


def _check_memory(region: Interval, markers: int) -> None:
    """Refuse an array that no memory of this machine could hold."""
    size = 4 * len(region) * markers
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if size > memory:
        raise ArgumentError(
            "region",
            f"{len(region):,} bases x {markers:,} markers are {size_text(size)}, and this machine "
            f"has {size_text(memory)} of memory; predict_tracks takes any length",
        )
