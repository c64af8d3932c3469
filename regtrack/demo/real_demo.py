"""Real human DNA in the first minute, and the network that comes with regtrack."""

from __future__ import annotations

import gzip
from collections import defaultdict
from importlib import resources
from pathlib import Path

from regtrack.atomic import write_text
from regtrack.demo.folder import prepare_folder
from regtrack.genome.markers import read_markers
from regtrack.observer import Observer
from regtrack.paths import shell_word
from regtrack.prediction.job import make_job
from regtrack.prediction.run import run
from regtrack.prediction.settings import PredictionSettings
from regtrack.report.files import write_report
from regtrack.report.text import text_table
from regtrack.scoring.request import ScoreRequest
from regtrack.scoring.score_tracks import evaluate
from regtrack.workers import available_cores

# All known sequence of the bundled genome, but for what the network reads beside it.
REGION = "chr22:20,609,432-22,000,000"
_GENE = "chr22:21,330,001-21,361,000"

_GENOME = ("genome.fa.gz", "genome.fa.gz.fai", "genome.fa.gz.gzi")
_CONFIG = """\
[defaults]
genome = "genome.fa.gz"
model = "model.safetensors"
peaks = "markers.tsv"
"""


def run_real(
    folder: Path,
    device: str,
    force: bool,
    observer: Observer,
    width: int | None = None,
    region: str = REGION,
) -> str:
    """Lay out the real data in a folder, predict and score them; returns what to tell the user.

    Parameters
    ----------
    width
        Columns of the screen that the text is for; None for no screen.
    region
        What to predict of it, for tests.

    Raises
    ------
    InputError
        When the folder exists and is not a demo's, or `force` is not set.
    OSError
        When it cannot be written.
    """
    prepare_folder(folder, _CONFIG, force)
    lay_out(folder)
    tracks, report = folder / "tracks", folder / "report"
    job = make_job(
        *(folder / "model.safetensors", folder / "genome.fa.gz", [region], []),
        *(PredictionSettings(), device),
    )
    workers = available_cores()
    run(job, tracks, workers, False, observer)
    evaluation = evaluate(tracks, ScoreRequest(folder / "markers.tsv"), workers, observer)
    write_report(evaluation, report)
    return f"""
{text_table(evaluation, width=width, each=False)}

Real human DNA (hg19, {region}), which the network never saw in training,
and the peaks that ENCODE measured there. The network is small: it was trained for four minutes on
7.0 million bases, and is not clearly better than chance at many markers. Better ones:
regtrack fetch model deepsea, or regtrack train.

Made in {folder}/:
  genome.fa.gz         the sequence; the rest of chr22 is N
  markers.tsv, peaks/  171 markers and their measured peaks
  model.safetensors    the network that comes with regtrack; --model demo names it anywhere
  tracks/              its predictions: a BigWig and peaks per marker
  report/              scores: open report.html
Now type:
  cd {shell_word(folder)}
  regtrack browse tracks/ --report report/
  regtrack predict {_GENE} --out one/
  regtrack eval one/
  regtrack info tracks/"""


def lay_out(folder: Path) -> None:
    """Write genome, network, markers and measured peaks into a folder.

    Raises
    ------
    OSError
        When it cannot be written.
    """
    data = resources.files("regtrack.demo") / "data"
    for name in (*_GENOME, "model.safetensors", "markers.tsv"):
        (folder / name).write_bytes((data / name).read_bytes())
    by_marker = defaultdict(list)
    for line in gzip.decompress((data / "peaks.tsv.gz").read_bytes()).decode().splitlines():
        index, start, end = line.split("\t")
        by_marker[int(index)].append(f"chr22\t{start}\t{end}\n")
    (folder / "peaks").mkdir()
    for marker in read_markers(folder / "markers.tsv", need_files=False):
        write_text(folder / "peaks" / f"{marker.slug}.bed", "".join(by_marker[marker.index]))
