"""Whole chromosomes as tracks on a disk, as `regtrack predict` writes them."""

from __future__ import annotations

from regtrack.api.arguments import (
    PathLike,
    Patterns,
    Regions,
    check_counts,
    genome_path,
    naming_arguments,
    optional_path,
    path_of,
    patterns_of,
    typed_regions,
)
from regtrack.api.model import Model, load_model
from regtrack.api.progress import observed
from regtrack.api.tracks import Tracks
from regtrack.models.named_code import allowing_code
from regtrack.observer import Observer
from regtrack.prediction.settings import PredictionSettings
from regtrack.tracks.peaks.rules import PeakRules
from regtrack.workers import available_cores


def predict_tracks(
    model: Model | PathLike,
    genome: PathLike,
    regions: Regions,
    out: PathLike,
    markers: Patterns | None = None,
    *,
    max_error: float = PredictionSettings.max_error,
    floor: float = PredictionSettings.floor,
    peak_threshold: float | None = None,
    max_gap: int = PeakRules.max_gap,
    min_length: int = PeakRules.min_length,
    step: int | None = None,
    window: int | None = None,
    batch_size: int | None = None,
    workers: int | None = None,
    device: str = "auto",
    peaks: PathLike | None = None,
    include_training: bool = False,
    genes: PathLike | None = None,
    clip: bool = False,
    any_genome: bool = False,
    force: bool = False,
    progress: bool | Observer = False,
) -> Tracks:
    """Write one BigWig and one peak file per marker, for whole chromosomes or regions.

    The same files as `regtrack predict` writes with the same settings, byte for byte. Memory does
    not grow with the length of the regions. A run that was stopped goes on where it stopped when it
    is called again.

    Parameters
    ----------
    model
        As `load_model` gives or takes it.
    genome
        FASTA, plain or bgzip.
    regions
        One or several: `chr22`, `chr22:1,001-2,000` (1-based, both ends included), `COMT+-50kb`,
        the path of a BED file, `all`; or `(chrom, start, end)`, 0-based, half-open.
    out
        Tracks folder to write.
    markers
        Names, cells, targets or categories, as `regtrack.markers` takes patterns; None for all.
    max_error
        Largest distance of a written value from its probability. Of a network that gives signals,
        this, `floor` and `peak_threshold` are shares of each marker's range.
    floor
        Bases with a probability under this may be left out.
    peak_threshold
        Probability from which peaks are called; None for each marker's own, from the checkpoint.
    max_gap, min_length
        In bases: stretches at or above the threshold that are at most so far apart are one peak,
        and shorter peaks are dropped.
    step, window, batch_size
        As `Model.predict`.
    device
        `auto`, `cpu`, `cuda` for all GPUs of one model, `cuda:1`, or `cuda:0,2`: several share
        the work.
    workers
        Processes; None for one per core. Changes the time, not a byte.
    peaks
        Measured peaks, as `evaluate` takes them: the unrounded predictions are scored in the same
        pass, and the report lies in `out`.
    include_training
        With `peaks`: score bases that the network was trained on, too.
    genes, any_genome
        As `Model.predict`.
    clip
        Clip rows of BED files that reach a little past an end of their chromosome.
    force
        Replace a tracks folder at `out`, or an unfinished run of other settings.
    progress
        True for a bar on stderr, or an observer.

    Returns
    -------
    Tracks
        What lies in `out`, opened.

    Raises
    ------
    ArgumentError
        For an argument that cannot be used; the message begins with its name.
    InputError
        For a file or region that cannot be used, an `out` that exists, or a disk that is too small
        for a long run.
    OSError
        When a file cannot be read or written.
    """
    from regtrack.prediction.gpu_probe import prediction_device
    from regtrack.prediction.job import make_job
    from regtrack.prediction.plan import is_long, make_plan
    from regtrack.prediction.run import run
    from regtrack.tracks.write import check_tracks_folder

    loaded = model if isinstance(model, Model) else load_model(model)
    check_counts(step=step, window=window, batch_size=batch_size, workers=workers)
    folder, processes = path_of(out), workers or available_cores()
    with naming_arguments(), allowing_code(loaded.networks), observed(progress) as observer:
        loaded.check_unchanged()
        settings = PredictionSettings(
            max_error=max_error,
            floor=floor,
            peak_threshold=peak_threshold,
            peak_rules=PeakRules(max_gap, min_length),
            step=step,
            window=window,
            batch_size=batch_size,
        )
        chosen = prediction_device(device)
        check_tracks_folder(folder, force)
        job = make_job(
            loaded.path,
            genome_path(genome),
            typed_regions(regions),
            patterns_of(markers),
            settings,
            chosen,
            any_genome=any_genome,
            peaks=optional_path(peaks),
            genes=optional_path(genes),
            clip=clip,
            include_training=include_training,
        )
        if is_long(job, folder):
            make_plan(job, folder, processes).check(folder)
        return Tracks(folder, run(job, folder, processes, force, observer))
