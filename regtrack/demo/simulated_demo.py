"""The whole job on the simulated genome: train, predict chr1, evaluate."""

from __future__ import annotations

from pathlib import Path

from regtrack.datasets.prepare import prepare
from regtrack.datasets.settings import PrepareSettings
from regtrack.demo.folder import prepare_folder
from regtrack.demo.grammar import Grammar
from regtrack.demo.simulate import RULES, simulate, write_simulation
from regtrack.models.device import devices_of
from regtrack.observer import Observer
from regtrack.paths import shell_word
from regtrack.prediction.job import make_job
from regtrack.prediction.run import run
from regtrack.prediction.settings import PredictionSettings
from regtrack.report.files import write_report
from regtrack.report.text import text_table
from regtrack.scoring.request import ScoreRequest
from regtrack.scoring.score_tracks import evaluate
from regtrack.training.run import TrainingRequest, run_training
from regtrack.training.settings import TrainingSettings
from regtrack.workers import available_cores

# chr1 is only looked at in the end, chr2 trains, chr3 chooses the best checkpoint.
CHROM_SIZES = {"chr1": 500_000, "chr2": 3_000_000, "chr3": 300_000}
GRAMMAR = Grammar()
# The simulated motifs lie on one strand only, so the other is not read.
DEMO_TRAINING = TrainingSettings(
    steps=650,
    batch_size=4,
    learning_rate=0.003,
    reverse_complement=False,
    validate_every=130,
)

_CONFIG = """\
[defaults]
genome = "genome.fa"
model = "model.safetensors"
peaks = "markers.tsv"

[prepare]
train = ["chr2"]
valid = ["chr3"]

[train]
dataset = "dataset"
"""


def run_simulated(
    folder: Path,
    device: str,
    force: bool,
    observer: Observer,
    width: int | None = None,
) -> str:
    """Run the demo in a folder and return what to tell the user.

    Parameters
    ----------
    width
        Columns of the screen that the text is for; None for no screen.

    Raises
    ------
    InputError
        When the folder exists and is not a demo's, or `force` is not set.
    KeyboardInterrupt
        When Ctrl-C or SIGTERM ended the training.
    OSError
        When it cannot be written.
    """
    prepare_folder(folder, _CONFIG, force)
    write_simulation(simulate(CHROM_SIZES, RULES, GRAMMAR, seed=1), RULES, folder)
    genome, peaks, dataset, model = (
        folder / name for name in ("genome.fa", "markers.tsv", "dataset", "model.safetensors")
    )
    settings = PrepareSettings(
        peaks, genome, window=10_000, train=["chr2"], valid=["chr3"], assembly="simulated"
    )
    prepare(settings, dataset, False, observer)
    first, *_ = devices_of(device)  # one process trains on one
    request = TrainingRequest(dataset, None, "dilated", {}, DEMO_TRAINING, str(first))
    result = run_training(request, model, False, observer)
    if result.stopped_by:
        raise result.stopped_by
    tracks, report = folder / "chr1-tracks", folder / "chr1-report"
    job = make_job(model, genome, ["chr1"], [], PredictionSettings(), device)
    run(job, tracks, available_cores(), False, observer)
    evaluation = evaluate(tracks, ScoreRequest(peaks), 1, observer)
    write_report(evaluation, report)
    return f"""
{text_table(evaluation, width=width)}

TF3+200, TF4+2000, TF5+5000 need a second motif 200, 2,000, 5,000 bases away.

Made in {folder}/:
  genome.fa, markers.tsv, peaks/   the simulated genome and its measured peaks
  dataset/                         windows of it, to train on
  model.safetensors                the trained network, with its log
  chr1-tracks/                     its predictions: a BigWig and peaks per marker
  chr1-report/                     scores: open report.html
Now type:
  cd {shell_word(folder)}
  regtrack browse chr1-tracks/ --report chr1-report/
  regtrack predict chr1 --out tracks/
  regtrack eval tracks/
  regtrack info tracks/"""
