"""`regtrack predict`, `info` and `models` with every kind of network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyBigWig
import pytest
import torch
from builders import (
    NETWORKS,
    TINY_GAPS,
    TINY_SIZES,
    TinyWorld,
    make_tiny_world,
    write_checkpoint,
)
from stretches import predicted_stretches

from regtrack.cli.main import run
from regtrack.genome.fasta import Genome
from regtrack.genome.intervals import IntervalSet
from regtrack.genome.markers import read_markers
from regtrack.genome.short_input import BIN
from regtrack.models.checkpoint import load_network
from regtrack.models.describe import models_table
from regtrack.prediction import run as prediction
from regtrack.prediction.settings import PredictionSettings

T = TypeVar("T")
R = TypeVar("R")

# The first base of a prediction stands in every track, be it under the floor: no track is empty.
KEPT = (1_000, 1_001)

MAX_ERROR, FLOOR = PredictionSettings.max_error, PredictionSettings.floor
NAMES = ("0_K562_CTCF_None", "1_HepG2_DNase_None", "2_K562_H3K4me3_None")
# One of each kind: exact with and without a stride, with repeats, recurrent; and the short
# ones, of which lr has neither trunk nor settings.
PREDICTED = [
    ("dense", "cnn1"),
    ("dense", "id-cnn"),
    ("dense", "bi-lstm"),
    ("short", "lr"),
    ("short", "dilated6"),
    ("short", "bi-lstm"),
]
SHORT = [network for network in PREDICTED if network[0] == "short"]


def in_this_process(work: Callable[[T], R], tasks: Sequence[T], _: int) -> Iterator[tuple[T, R]]:
    """What `in_processes` does, without its seconds of start."""
    return ((task, work(task)) for task in tasks)


@dataclass(frozen=True)
class Predicted:
    """A world whose model is of some network, and its finished tracks."""

    world: TinyWorld
    tracks: Path

    def values(self, name: str, chrom: str) -> np.ndarray:
        """Per base; NaN where the track says nothing."""
        with pyBigWig.open(str(self.tracks / "bigwig" / f"{name}.bw")) as file:
            return file.values(chrom, 0, TINY_SIZES[chrom], numpy=True)

    def probabilities(self, chrom: str) -> np.ndarray:
        """(markers, length), NaN on N; in the windows that a prediction takes."""
        genome = Genome(self.world.genome)
        known = genome.known({chrom: IntervalSet.of([0], [TINY_SIZES[chrom]])})[chrom]
        network = load_network(self.world.model, torch.device("cpu"))
        found = np.full((len(NAMES), TINY_SIZES[chrom]), np.nan, dtype=np.float32)
        for one in predicted_stretches(network, genome, chrom, known):
            found[:, one.start : one.start + one.probabilities.shape[1]] = one.probabilities
        return found


@pytest.fixture(scope="module")
def tiny_world(tmp_path_factory: pytest.TempPathFactory) -> TinyWorld:
    return make_tiny_world(tmp_path_factory.mktemp("networks") / "world")


@pytest.fixture(scope="module", params=PREDICTED, ids="-".join)
def predicted_by(
    request: pytest.FixtureRequest, tiny_world: TinyWorld, tmp_path_factory: pytest.TempPathFactory
) -> Predicted:
    """Tracks of the whole tiny world, with no --window: each network takes its own."""
    task, name = request.param
    folder = tmp_path_factory.mktemp(name)
    model = write_checkpoint(
        folder / "model.safetensors",
        read_markers(tiny_world.markers),
        TINY_SIZES,
        task=task,
        architecture=name,
    )
    options = ["--model", model, "--genome", tiny_world.genome, "--out", folder / "tracks"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prediction, "in_processes", in_this_process)
        command = ["predict", *TINY_SIZES, *options, "--device", "cpu"]
        assert run([str(one) for one in command]) == 0
    return Predicted(replace(tiny_world, model=model), folder / "tracks")


@pytest.mark.parametrize("chrom", TINY_SIZES)
def test_every_base_keeps_the_promise(predicted_by: Predicted, chrom: str) -> None:
    for name, expected in zip(NAMES, predicted_by.probabilities(chrom), strict=True):
        written, known = predicted_by.values(name, chrom), ~np.isnan(expected)
        present = ~np.isnan(written)
        assert not present[~known].any(), "a value on N"
        assert np.abs(written - expected)[present].max(initial=0) <= MAX_ERROR
        assert np.all(expected[~present & known] < FLOOR)


def test_the_tracks_are_not_empty_nor_all_the_same(predicted_by: Predicted) -> None:
    for name in NAMES:  # the promise above would also hold for empty tracks
        written = predicted_by.values(name, "chr1")
        assert np.mean(~np.isnan(written)) > 0.5
        assert np.nanstd(written) > 0.05


def test_every_base_but_n_is_predicted(predicted_by: Predicted) -> None:
    assert (predicted_by.tracks / "predicted.bed").read_text().splitlines() == [
        "chr1\t1000\t20000",
        "chr1\t20137\t30001",
        "chr1\t30002\t45000",
        "chr2\t0\t7003",
        "chrM\t0\t16",
    ]


@pytest.mark.parametrize("predicted_by", SHORT, ids="-".join, indirect=True)
@pytest.mark.parametrize("name", NAMES)
def test_segments_of_the_short_task_begin_where_bins_or_gaps_do(
    predicted_by: Predicted, name: str
) -> None:
    edges = {edge for gap in TINY_GAPS["chr1"] for edge in gap} | {TINY_SIZES["chr1"]}
    with pyBigWig.open(str(predicted_by.tracks / "bigwig" / f"{name}.bw")) as file:
        entries = [entry[:2] for entry in file.intervals("chr1") if entry[:2] != KEPT]
    assert len(entries) > 20
    for edge in np.unique(entries):
        assert edge % BIN == 0 or edge in edges


@pytest.mark.parametrize("predicted_by", SHORT, ids="-".join, indirect=True)
@pytest.mark.parametrize("name", NAMES)
def test_every_bin_of_the_short_task_has_one_value(predicted_by: Predicted, name: str) -> None:
    for chrom, size in TINY_SIZES.items():
        written = predicted_by.values(name, chrom)
        known = Genome(predicted_by.world.genome).codes(chrom, 0, size) > 0
        if chrom == "chr1":
            written[KEPT[0]] = written[KEPT[1]]
        for start in range(0, size, BIN):
            here = written[start : start + BIN][known[start : start + BIN]]
            assert len(np.unique(here)) <= 1  # absent, too, is a bin as a whole


@pytest.mark.parametrize(("task", "name"), NETWORKS)
def test_info_knows_every_network(
    tiny_world: TinyWorld, tmp_path: Path, regtrack, task: str, name: str
) -> None:
    markers = read_markers(tiny_world.markers)
    path = tmp_path / "m.safetensors"
    write_checkpoint(path, markers, TINY_SIZES, task=task, architecture=name)
    status, out, _ = regtrack("info", path)
    assert status == 0
    network = load_network(path, torch.device("cpu"))
    assert f"{name} ({task} task), {network.parameter_count():,} parameters" in out
    assert f"{network.context.left:,} bases left, {network.context.right:,} right" in out
    assert ("windows overlap by this much" in out) == (not network.context.exact)


def test_models_prints_what_the_networks_say_of_themselves(regtrack) -> None:
    status, out, _ = regtrack("models")
    assert status == 0
    assert out == f"{models_table()}\n", "run docs/models.py"


@pytest.mark.parametrize(
    ("task", "name", "shortest"), [("dense", "id-cnn", 21_240), ("short", "ff", 1_400)]
)
def test_a_window_too_short_for_the_network_names_the_shortest(
    tiny_world: TinyWorld, tmp_path: Path, regtrack, task: str, name: str, shortest: int
) -> None:
    model = tmp_path / "m.safetensors"
    markers = read_markers(tiny_world.markers)
    write_checkpoint(model, markers, TINY_SIZES, task=task, architecture=name)
    options = ["--model", model, "--genome", tiny_world.genome, "--out", tmp_path / "tracks"]
    status, _, err = regtrack("predict", "chrM", *options, "--window", shortest - 1)
    assert status == 2
    assert f"--window: {shortest - 1} bases have no room for a core" in err
    assert f"needs at least {shortest}" in err
    assert not (tmp_path / "tracks").exists()


@pytest.mark.parametrize(("name", "said"), [("bi-lstm", True), ("cnn1", False)])
def test_a_prediction_says_that_a_recurrent_network_has_seams(
    tiny_world: TinyWorld,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    name: str,
    said: bool,
) -> None:
    monkeypatch.setattr(prediction, "in_processes", in_this_process)
    model = write_checkpoint(
        tmp_path / "model.safetensors",
        read_markers(tiny_world.markers),
        TINY_SIZES,
        task="dense",
        architecture=name,
    )
    options = ["--model", model, "--genome", tiny_world.genome, "--out", tmp_path / "tracks"]
    assert run([str(one) for one in ["predict", "chr2", *options, "--device", "cpu"]]) == 0
    assert (
        "context has no bound, as a recurrent network's: windows overlap by"
        in capfd.readouterr().err
    ) is said
