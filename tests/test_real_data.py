"""The main job on real hg19 sequence and real ENCODE peaks (skipped where they are missing)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyBigWig
import pytest
import torch
from builders import TINY_THRESHOLD, Unwatched, write_checkpoint
from sklearn.metrics import average_precision_score

from regtrack.cli.main import run
from regtrack.genome.bed import read_bed
from regtrack.genome.fasta import Genome
from regtrack.genome.markers import read_markers
from regtrack.models.checkpoint import load_network
from regtrack.prediction.settings import PredictionSettings
from regtrack.scoring.request import ScoreRequest
from regtrack.scoring.score_tracks import evaluate

# Known sequence with five gaps of N in it, three of them of a single base.
REGION = "chr22:19,150,001-19,230,000"
START, END = 19_150_000, 19_230_000
CATEGORIES = ("TFBS", "DNase", "Histone")


@pytest.fixture(scope="module")
def tracks(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A model of three real markers, untrained, and its tracks of the region."""
    folder = tmp_path_factory.mktemp("real")
    markers = read_markers(real_data / "markers.tsv")
    chosen = [next(one for one in markers if one.category == name) for name in CATEGORIES]
    genome = real_data / "genome.fa.gz"
    model = write_checkpoint(
        folder / "model.safetensors", chosen, Genome(genome).chrom_sizes, seed=5
    )
    out = folder / "tracks"
    options = ["--model", model, "--genome", genome, "--out", out, "--device", "cpu"]
    assert run(["predict", REGION.removeprefix("chr"), *map(str, options)]) == 0
    return model, out


def test_real_tracks_keep_the_promise(real_data: Path, tracks: tuple[Path, Path]) -> None:
    model, out = tracks
    halo = 6_000
    codes = Genome(real_data / "genome.fa.gz").codes("chr22", START - halo, END + halo)
    network = load_network(model, torch.device("cpu"))
    with torch.inference_mode():
        exact = network(torch.from_numpy(codes.astype(np.int32))[None])[0].sigmoid().numpy()
    known = codes[halo:-halo] > 0
    assert not known.all()
    for expected, path in zip(
        exact[:, halo:-halo], sorted((out / "bigwig").iterdir(), key=index_of), strict=True
    ):
        with pyBigWig.open(str(path)) as file:
            written = file.values("chr22", START, END, numpy=True)
        present = ~np.isnan(written)
        assert not present[~known].any()
        assert np.abs(written - expected)[present].max() <= PredictionSettings.max_error
        assert np.all(expected[known & ~present] < PredictionSettings.floor)
        assert np.nanmax(written) >= TINY_THRESHOLD


def test_scores_of_real_tracks_equal_scikit_learn(
    real_data: Path, tracks: tuple[Path, Path]
) -> None:
    _, out = tracks
    evaluation = evaluate(out, ScoreRequest(real_data / "markers.tsv"), 1, Unwatched())
    measured = {marker.name: marker for marker in read_markers(real_data / "markers.tsv")}
    where = read_bed(out / "predicted.bed", {"chr22": 51_304_566})["chr22"]
    for marker, found in zip(evaluation.markers, evaluation.overall, strict=True):
        truth = np.zeros(END - START, dtype=bool)
        peaks = read_bed(Path(measured[marker.name].file), {"chr22": 51_304_566})
        for start, end in peaks["chr22"].clip(START, END):
            truth[start - START : end - START] = True
        keep = np.zeros(END - START, dtype=bool)
        for start, end in where:
            keep[start - START : end - START] = True
        assert found.positives == truth[keep].sum()
        if not found.scored:
            continue
        path = next((out / "bigwig").glob(f"{marker.index}_*"))
        with pyBigWig.open(str(path)) as file:
            values = np.nan_to_num(file.values("chr22", START, END, numpy=True))
        assert found.average_precision == pytest.approx(
            average_precision_score(truth[keep], values[keep]), abs=1e-6
        )


def index_of(path: Path) -> int:
    return int(path.name.partition("_")[0])
